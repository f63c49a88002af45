// A dynptr of a ring record is given back even where there was no room for the record.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int send(struct xdp_md* context) {
  struct bpf_dynptr record;
  if (bpf_ringbuf_reserve_dynptr(&events, 8, 0, &record)) return XDP_PASS;
  bpf_ringbuf_submit_dynptr(&record, 0);
  return XDP_PASS;
}
