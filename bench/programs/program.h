// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the programs of this folder are written with. Each is compiled twice from the same C: for
// BPF, and by clang -O2 for this machine, where the context has whole pointers and a map is an
// array. DPDK's librte_bpf gets a third form (FRAME_ARGUMENT), whose argument is the frame.
//
// A program works ROUNDS times on a frame of FRAME bytes and returns a digest of all that it found;
// every round needs what the one before it left, so that no compiler takes a round out of the loop.
// clang-format off
#pragma once
#ifdef __bpf__
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#ifdef FRAME_ARGUMENT
#define PROGRAM(name) SEC("xdp") int name(const __u8 *context)
#define BEGIN context
#define END (context + FRAME)
#else
#define PROGRAM(name)                        \
  char LICENSE[] SEC("license") = "Dual BSD/GPL"; \
  SEC("xdp") int name(struct xdp_md *context)
#define BEGIN ((const __u8 *)(long)context->data)
#define END ((const __u8 *)(long)context->data_end)
#endif
#else
#include <linux/types.h>
struct frame {
  const __u8 *begin, *end;
};
#define PROGRAM(name) int native_##name(struct frame *context)
#define BEGIN (context->begin)
#define END (context->end)
#endif
// clang-format on

#define FRAME 256
#define NOINLINE static __attribute__((noinline))
#define ROTATE(x, bits) ((x) << (bits) | (x) >> (sizeof(x) * 8 - (bits)))

static inline __u32 folded(__u64 x) { return (__u32)(x ^ x >> 32); }

// The frame, or 0 when it is shorter than FRAME.
#define FRAME_OR_NULL (BEGIN + FRAME <= END ? BEGIN : 0)
