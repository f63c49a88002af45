// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Refused at line 8: a socket filter has no packet pointers, it copies with bpf_skb_load_bytes.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("socket")
int wrong(struct __sk_buff* context) { return *(volatile __u8*)(long)context->data; }
