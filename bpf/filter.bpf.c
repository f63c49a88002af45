// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Drops packets by where they come from and what they come for; the rules are the maps' contents:
//
//   skep run filter.bpf.o --pcap in.pcap --set prefixes 10.0.0.0/8=drop --set ports 22=drop
//
// The longest prefix that holds the source address decides. Where none does, the rule for the
// destination port (TCP and UDP alike) decides, and else `otherwise`. Frames that are no IP pass,
// malformed ones are dropped. `counts` has each decision by its reason.
//
// Every prefix length there could be is looked up, longest first: up to 33 for IPv4, 129 for IPv6.
// So any rule may be added while it runs, and no list of lengths can be forgotten. An LPM trie
// would take one look-up, at the price of a map kind that fewer engines have.
#include "parse.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum action { pass, drop };

const volatile enum action otherwise = pass;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct prefix);
  __type(value, enum action);
} prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be16);
  __type(value, enum action);
} ports SEC(".maps");

// One entry of named fields, rather than an entry a reason: it prints as what it means.
struct decisions {
  __u64 passed_by_prefix;
  __u64 passed_by_port;
  __u64 passed_otherwise;
  __u64 passed_as_not_ip;
  __u64 dropped_by_prefix;
  __u64 dropped_by_port;
  __u64 dropped_otherwise;
  __u64 dropped_as_malformed;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct decisions);
} counts SEC(".maps");

// The rule of the longest prefix that holds `address`, or null. Each bit that the prefix loses is
// cleared as the loop goes, so that the next key is ready.
static __always_inline enum action* rule_for(const struct in6_addr* address, __u32 shortest) {
  struct prefix prefix = {.address = *address, .length = 128};
#pragma clang loop unroll(disable)
  for (__u32 length = 128; length <= 128; length--) {
    prefix.length = length;
    enum action* rule = bpf_map_lookup_elem(&prefixes, &prefix);
    if (rule) return rule;
    if (length == shortest || length == 0) break;
    __u32 bit = length - 1;
    prefix.address.in6_u.u6_addr8[bit >> 3 & 15] &= 0xff7f >> (bit & 7);
  }
  return 0;
}

static __always_inline int decide(enum action action, __u64* passed, __u64* dropped) {
  if (action == drop) {
    ++*dropped;
    return XDP_DROP;
  }
  ++*passed;
  return XDP_PASS;
}

SEC("xdp")
int filter(struct xdp_md* context) {
  __u32 zero = 0;
  struct decisions* count = bpf_map_lookup_elem(&counts, &zero);
  if (!count) return XDP_ABORTED;

  struct packet packet = {};
  int parsed = parse(context, &packet);
  if (parsed == parsed_malformed)
    return decide(drop, &count->passed_otherwise, &count->dropped_as_malformed);
  if (parsed != parsed_ip) return decide(pass, &count->passed_as_not_ip, &count->dropped_otherwise);

  enum action* rule = rule_for(&packet.source, packet.version == 4 ? 96 : 0);
  if (rule) return decide(*rule, &count->passed_by_prefix, &count->dropped_by_prefix);

  int has_ports = packet.protocol == IPPROTO_TCP || packet.protocol == IPPROTO_UDP;
  if (has_ports && packet.has_transport) {
    rule = bpf_map_lookup_elem(&ports, &packet.destination_port);
    if (rule) return decide(*rule, &count->passed_by_port, &count->dropped_by_port);
  }
  return decide(otherwise, &count->passed_otherwise, &count->dropped_otherwise);
}
