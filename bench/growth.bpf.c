// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Programs that differ in one size each: how the time of a proof grows (growth.cpp). Written in
// assembly, so that every compiler makes the same of them. The last part of a name is the size.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// Straight line: two instructions a step.
#define LENGTH(steps)                               \
  SEC("xdp") int length_##steps(struct xdp_md* c) { \
    __u64 x = c->data_end - c->data;                \
    asm volatile(".rept " #steps                    \
                 "\n"                               \
                 "%0 ^= 5\n"                        \
                 "%0 += 7\n"                        \
                 ".endr"                            \
                 : "+r"(x));                        \
    return x & 3;                                   \
  }
LENGTH(64) LENGTH(128) LENGTH(256) LENGTH(512) LENGTH(1024) LENGTH(2048) LENGTH(4096)

// One loop, with so many rounds.
#define ROUNDS(rounds)                               \
  SEC("xdp") int rounds_##rounds(struct xdp_md* c) { \
    __u64 x = c->data_end - c->data;                 \
    asm volatile(                                    \
        "r1 = 0\n"                                   \
        "l0_%=:\n"                                   \
        "%0 ^= r1\n"                                 \
        "r1 += 1\n"                                  \
        "if r1 < " #rounds " goto l0_%="             \
        : "+r"(x)::"r1");                            \
    return x & 3;                                    \
  }
ROUNDS(64) ROUNDS(128) ROUNDS(256) ROUNDS(512) ROUNDS(1024) ROUNDS(2048) ROUNDS(4096)

// A callback, called so often at most; what it counts is in memory.
static int count(__u32 index, void* context) {
  __u64* sum = context;
  *sum += index;
  return *sum > 1u << 30;
}
#define CALLS(calls)                               \
  SEC("xdp") int calls_##calls(struct xdp_md* c) { \
    __u64 sum = 0;                                 \
    bpf_loop(calls, count, &sum, 0);               \
    return sum & 3;                                \
  }
CALLS(64) CALLS(128) CALLS(256) CALLS(512) CALLS(1024) CALLS(2048) CALLS(4096)

// Branches that nobody foresees, each of which leaves another number in r6.
#define BRANCHES(branches)                                    \
  SEC("xdp") int branches_##branches(struct xdp_md* c) {      \
    __u64 x = 0;                                              \
    asm volatile(                                             \
        "r6 = 0\n"                                            \
        ".rept " #branches                                    \
        "\n"                                                  \
        "call 7\n"                                            \
        "if r0 & 1 goto +1\n"                                 \
        "r6 += 3\n"                                           \
        ".endr\n"                                             \
        "%0 = r6"                                             \
        : "=r"(x)::"r0", "r1", "r2", "r3", "r4", "r5", "r6"); \
    return x & 3;                                             \
  }
BRANCHES(16) BRANCHES(32) BRANCHES(64) BRANCHES(128) BRANCHES(256) BRANCHES(512) BRANCHES(1024)

// The same, where the number decides at the end: it is compared with the packet's length.
#define DECIDING(branches)                                          \
  SEC("xdp") int deciding_##branches(struct xdp_md* c) {            \
    __u64 x = c->data_end - c->data;                                \
    asm volatile(                                                   \
        "r7 = %0\n"                                                 \
        "r6 = 0\n"                                                  \
        ".rept " #branches                                          \
        "\n"                                                        \
        "r6 <<= 1\n"                                                \
        "call 7\n"                                                  \
        "if r0 & 1 goto +1\n"                                       \
        "r6 += 1\n"                                                 \
        ".endr\n"                                                   \
        "%0 = 1\n"                                                  \
        "if r6 < 70000 goto +1\n"                                   \
        "%0 = r7"                                                   \
        : "+r"(x)::"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"); \
    return x & 3;                                                   \
  }
DECIDING(2) DECIDING(4) DECIDING(6) DECIDING(8) DECIDING(10)

char growth_license[] SEC("license") = "GPL";
