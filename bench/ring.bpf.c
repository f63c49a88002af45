// Fills a ring with records of 64 bytes, for whoever reads it to be measured: a small one, which
// stays in a CPU's cache, and a large one, which does not.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 << 10);
} small SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 << 20);
} large SEC(".maps");

#define FILL(ring, records)                               \
  static long produce_##ring(__u32 index, void *unused) { \
    __u64 *record = bpf_ringbuf_reserve(&ring, 64, 0);    \
    if (!record) return 1;                                \
    for (int i = 0; i < 8; ++i) record[i] = index;        \
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);         \
    return 0;                                             \
  }                                                       \
  SEC("syscall") int fill_##ring(void *ctx) { return bpf_loop(records, produce_##ring, 0, 0); }

FILL(small, 3000)
FILL(large, 200000)
