// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A part (FIRST), and what does not fit to it: each WRONG_... is wrong in one way.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#ifdef FIRST
int number = 1;
int name(int x) { return x; }
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} table SEC(".maps");
struct pair {
  int left, right;
} pair;
#endif

#ifdef WRONG_TWICE
int number = 2;
#endif
#ifdef WRONG_FUNCTION_TWICE
int name(int x) { return x + 1; }
#endif
#ifdef WRONG_TYPE
extern long number;
SEC("xdp") int second(struct xdp_md* packet) { return number; }
#endif
#ifdef WRONG_PARAMETER
extern int name(long x);
SEC("xdp") int second(struct xdp_md* packet) { return name(1); }
#endif
#ifdef WRONG_MEMBER
extern struct pair { int left, other; } pair;
SEC("xdp") int second(struct xdp_md* packet) { return pair.other; }
#endif
#ifdef WRONG_MAP
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 32);
  __type(key, __u32);
  __type(value, __u64);
} table SEC(".maps");
#endif
#ifdef WRONG_MAP_TWICE
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} table SEC(".maps");
#endif
#ifdef WRONG_SECTION
extern int number __ksym;
SEC("xdp") int second(struct xdp_md* packet) { return number; }
#endif
#ifdef WRONG_UNDEFINED
extern int nowhere(int x);
SEC("xdp") int second(struct xdp_md* packet) { return nowhere(1); }
#endif

#ifdef OTHER_LICENSE
char licence[] SEC("license") = "GPL";
SEC("xdp") int second(struct xdp_md* packet) { return licence[0]; }
#elif defined WRONG_LICENSE
char LICENSE[] SEC("license") = "MIT";
#else
char LICENSE[] SEC("license") = "GPL";
#endif
