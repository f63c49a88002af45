// What the map says is returned as it is; cgroup programs return 0 or 1.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

int verdict = 1;

SEC("cgroup/sock_create")
int decide(struct bpf_sock* socket) { return *(volatile int*)&verdict; }
