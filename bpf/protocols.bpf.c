// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What is on the wire, by transport protocol, and for the common ones what it is about.
//
// The entry program counts each IP packet under its protocol and tail-calls the program that knows
// more: `tcp` tells connections opened, closed and reset, `udp` the well-known ports, `icmp` and
// `icmp6` echo from errors. A protocol without a program ends at the entry, which is what a tail
// call to an empty slot does. All verdicts are XDP_PASS, malformed packets too.
//
// It is also the example of what an object may hold: tail calls through a program array that is
// filled when it is loaded, a function verified on its own (`count_protocol`), one verified with
// its caller (`service_of`), and globals of all three kinds.
#include "parse.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct protocol {
  __u8 protocol;
};

struct total {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, struct protocol);
  __type(value, struct total);
} totals SEC(".maps");

// UDP packets by service, the lower of the two ports where that is below 1024.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be16);
  __type(value, __u64);
} services SEC(".maps");

int tcp(struct xdp_md* context);
int udp(struct xdp_md* context);
int icmp(struct xdp_md* context);
int icmp6(struct xdp_md* context);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 64);
  __uint(key_size, sizeof(__u32));
  __array(values, int(struct xdp_md*));
} by_protocol SEC(".maps") = {
    .values =
        {
            [IPPROTO_ICMP] = &icmp,
            [IPPROTO_TCP] = &tcp,
            [IPPROTO_UDP] = &udp,
            [IPPROTO_ICMPV6] = &icmp6,
        },
};

const volatile __u16 service_ports = 1024;  // what counts as a service: ports below
__u32 shortest = ~0u;                       // frame, in bytes
__u32 longest;

struct tcp_counts {
  __u64 opened;    // SYN
  __u64 accepted;  // SYN and ACK
  __u64 closed;    // FIN
  __u64 reset;
  __u64 other;
} tcp_packets;

struct icmp_counts {
  __u64 echo_requests;
  __u64 echo_replies;
  __u64 errors;
  __u64 other;
} icmp_packets;

__u64 not_ip;
__u64 malformed;
__u64 map_full;

// Global, so the verifier proves it for any arguments, once, whoever calls it.
__noinline int count_protocol(__u32 protocol, __u32 bytes) {
  struct protocol key = {.protocol = protocol};
  struct total* total = bpf_map_lookup_elem(&totals, &key);
  if (!total) {
    struct total none = {};
    bpf_map_update_elem(&totals, &key, &none, BPF_NOEXIST);
    total = bpf_map_lookup_elem(&totals, &key);
  }
  if (!total) {
    __sync_fetch_and_add(&map_full, 1);
    return 0;
  }
  __sync_fetch_and_add(&total->packets, 1);
  __sync_fetch_and_add(&total->bytes, bytes);
  return 1;
}

// Static, so the verifier follows each call with the caller's arguments. 0 for no service.
static __noinline __u32 service_of(const struct packet* packet) {
  __u32 source = bpf_ntohs(packet->source_port);
  __u32 destination = bpf_ntohs(packet->destination_port);
  __u32 lower = source < destination ? source : destination;
  return lower < service_ports ? lower : 0;
}

SEC("xdp")
int protocols(struct xdp_md* context) {
  __u32 bytes = context->data_end - context->data;
  if (bytes < shortest) shortest = bytes;
  if (bytes > longest) longest = bytes;

  struct packet packet = {};
  int parsed = parse(context, &packet);
  if (parsed == parsed_malformed) __sync_fetch_and_add(&malformed, 1);
  if (parsed == parsed_other) __sync_fetch_and_add(&not_ip, 1);
  if (parsed != parsed_ip) return XDP_PASS;
  count_protocol(packet.protocol, bytes);
  if (packet.has_transport) bpf_tail_call(context, &by_protocol, packet.protocol);
  return XDP_PASS;
}

SEC("xdp")
int tcp(struct xdp_md* context) {
  struct packet packet = {};
  if (parse(context, &packet) != parsed_ip) return XDP_PASS;
  __u64* count = &tcp_packets.other;
  if (packet.tcp_flags & tcp_rst)
    count = &tcp_packets.reset;
  else if (packet.tcp_flags & tcp_syn)
    count = packet.tcp_flags & tcp_ack ? &tcp_packets.accepted : &tcp_packets.opened;
  else if (packet.tcp_flags & tcp_fin)
    count = &tcp_packets.closed;
  __sync_fetch_and_add(count, 1);
  return XDP_PASS;
}

SEC("xdp")
int udp(struct xdp_md* context) {
  struct packet packet = {};
  if (parse(context, &packet) != parsed_ip) return XDP_PASS;
  __be16 service = bpf_htons(service_of(&packet));
  if (service == 0) return XDP_PASS;
  __u64 zero = 0;
  bpf_map_update_elem(&services, &service, &zero, BPF_NOEXIST);
  __u64* count = bpf_map_lookup_elem(&services, &service);
  if (count)
    __sync_fetch_and_add(count, 1);
  else
    __sync_fetch_and_add(&map_full, 1);
  return XDP_PASS;
}

static __always_inline void count_icmp(struct xdp_md* context, __u8 request, __u8 reply,
                                       __u8 errors_from, __u8 errors_to) {
  struct packet packet = {};
  if (parse(context, &packet) != parsed_ip) return;
  __u8* type = bytes_at(context, packet.transport, 1);
  if (!type) return;
  __u64* count = &icmp_packets.other;
  if (*type == request)
    count = &icmp_packets.echo_requests;
  else if (*type == reply)
    count = &icmp_packets.echo_replies;
  else if (*type >= errors_from && *type <= errors_to)
    count = &icmp_packets.errors;
  __sync_fetch_and_add(count, 1);
}

// Unreachable, quench, and past redirect (5) and echo (8): time exceeded and parameter problem.
SEC("xdp")
int icmp(struct xdp_md* context) {
  count_icmp(context, 8, 0, 3, 12);
  return XDP_PASS;
}

// Every ICMPv6 type below 128 is an error (RFC 4443, 2.1).
SEC("xdp")
int icmp6(struct xdp_md* context) {
  count_icmp(context, 128, 129, 0, 127);
  return XDP_PASS;
}
