// Attached to two functions of the kernel of kernel-old.bpf.c, of which the next release has one,
// with another parameter.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("fentry/wake")
int on_wake(void* context) { return 0; }

SEC("kprobe/removed")
int on_removed(void* context) { return 0; }
