// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The smallest congestion control that the kernel takes. It is registered by a link or, before
// Linux 6.4, by being written: the section and the name say which (-DSECTION=... -DNAME=...).
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct sock;
struct tcp_congestion_ops {
  __u32 (*ssthresh)(struct sock* sk);
  void (*cong_avoid)(struct sock* sk, __u32 acknowledged, __u32 acked);
  __u32 (*undo_cwnd)(struct sock* sk);
  char name[16];
};

SEC("struct_ops/ssthresh") __u32 ssthresh(__u64* arguments) { return 2; }
SEC("struct_ops/cong_avoid") void cong_avoid(__u64* arguments) {}
SEC("struct_ops/undo_cwnd") __u32 undo_cwnd(__u64* arguments) { return 2; }

SEC(SECTION)
struct tcp_congestion_ops control = {
    .ssthresh = (void*)ssthresh,
    .cong_avoid = (void*)cong_avoid,
    .undo_cwnd = (void*)undo_cwnd,
    .name = NAME,
};

char LICENSE[] SEC("license") = "GPL";
