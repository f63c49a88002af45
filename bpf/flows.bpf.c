// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Who talks to whom: packets and bytes of each flow, and what opens them.
//
// Counts every IP packet by its five-tuple (one direction a flow), the sizes of all frames as a
// histogram, and reports each TCP connection that is opened (SYN without ACK) and each DNS query
// (UDP to port 53) as it happens. Bytes are those of the frame as it is seen here, Ethernet header
// included. Frames that are no IP are passed and counted in `not_ip`; malformed ones are dropped
// and counted in `malformed`.
//
// What it does not do: join the two directions, put fragments together (only the first has ports),
// follow DNS over TCP, or count a flow that found the table full: `map_full` says how many packets
// that cost, `events_lost` how many events found the ring buffer full.
#include "parse.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define DNS_HEADER_BYTES 12
#define DNS_LABELS_MAX 32

struct flow_key {
  struct in6_addr source;
  struct in6_addr destination;
  __be16 source_port;
  __be16 destination_port;
  __u8 protocol;
  __u8 pad[3];
};

struct flow_count {
  __u64 packets;
  __u64 bytes;
};

enum event_kind { tcp_open, dns_query };

enum dns_type {
  unknown,  // the name is longer than the event has room for, or malformed
  A = 1,
  NS = 2,
  CNAME = 5,
  SOA = 6,
  PTR = 12,
  MX = 15,
  TXT = 16,
  AAAA = 28,
  SRV = 33,
  DS = 43,
  DNSKEY = 48,
  SVCB = 64,
  HTTPS = 65,
  ANY = 255,
};

struct flow_event {
  __u64 time_ns;
  enum event_kind kind;
  enum dns_type query_type;
  struct in6_addr source;
  struct in6_addr destination;
  __be16 source_port;
  __be16 destination_port;
  __u8 protocol;
  __u8 pad[3];
  char name[64];  // of the DNS query, in dotted text, cut after 63 bytes
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 10240);
  __type(key, struct flow_key);
  __type(value, struct flow_count);
} flow_table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, SKEP_LOG2_SLOTS);
  __type(key, __u32);
  __type(value, skep_log2);
} sizes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 * 1024);
} events SEC(".maps");
SKEP_RECORD(events, struct flow_event);

__u64 malformed;
__u64 not_ip;
__u64 map_full;
__u64 events_lost;

// The key of a packet's flow. The last word, ports and protocol, is made in a register (see
// mapped()).
static __always_inline struct flow_key key_of(const struct packet* packet) {
  struct flow_key key;
  __u64 last =
      (__u64)packet->protocol << 32 | (__u32)packet->destination_port << 16 | packet->source_port;
  _Static_assert(offsetof(struct flow_key, protocol) == offsetof(struct flow_key, source_port) + 4,
                 "one word, and little-endian");
  key.source = packet->source;
  key.destination = packet->destination;
  __builtin_memcpy(&key.source_port, &last, sizeof last);
  return key;
}

static __always_inline void count_flow(const struct packet* packet, __u64 bytes) {
  struct flow_key key = key_of(packet);
  struct flow_count* count = bpf_map_lookup_elem(&flow_table, &key);
  if (!count) {
    // Another CPU may be first: its entry is as good as ours.
    struct flow_count none = {};
    bpf_map_update_elem(&flow_table, &key, &none, BPF_NOEXIST);
    count = bpf_map_lookup_elem(&flow_table, &key);
  }
  if (!count) {
    __sync_fetch_and_add(&map_full, 1);
    return;
  }
  __sync_fetch_and_add(&count->packets, 1);
  __sync_fetch_and_add(&count->bytes, bytes);
}

// The name that starts at `question` (RFC 1035, 4.1.2: labels, each after its length), as it is
// there but for the first length. The room for it is zeroed before.
static __always_inline void copy_name(struct flow_event* event, const __u8* question,
                                      const __u8* end) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < sizeof event->name - 1; i++) {
    const __u8* byte = question + 1 + i;
    if (byte + 1 > end || *byte == 0) break;
    event->name[i] = *byte;
  }
}

// Turns the lengths between the labels into dots, and returns where the name ends. A query has no
// reason to compress its name, so a length beyond 63 ends it here, with 0 for an answer.
static __always_inline __u64 dot_name(struct flow_event* event, __u8 first_label) {
  __u64 at = first_label;
#pragma clang loop unroll(disable)
  for (int label = 0; label < DNS_LABELS_MAX && at < sizeof event->name; label++) {
    __u8 length = event->name[at];
    if (length == 0) return at;
    event->name[at] = length < 64 ? '.' : 0;
    if (length >= 64) return 0;
    at += 1 + length;
  }
  return 0;
}

static __always_inline void read_query(struct flow_event* event, struct xdp_md* context,
                                       __u32 offset) {
  const __u8* question = bytes_at(context, offset, 1);
  if (!question || *question == 0 || *question > 63) return;
  copy_name(event, question, (void*)(long)context->data_end);
  __u64 length = dot_name(event, *question);
  const __u8* type = bytes_at(context, offset + 1 + length, 3);
  if (length && type && type[0] == 0) event->query_type = type[1] << 8 | type[2];
}

static __always_inline struct flow_event* new_event(const struct packet* packet,
                                                    enum event_kind kind) {
  struct flow_event* event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  if (!event) {
    __sync_fetch_and_add(&events_lost, 1);
    return 0;
  }
  __builtin_memset(event, 0, sizeof *event);
  event->time_ns = bpf_ktime_get_ns();
  event->kind = kind;
  event->source = packet->source;
  event->destination = packet->destination;
  event->source_port = packet->source_port;
  event->destination_port = packet->destination_port;
  event->protocol = packet->protocol;
  return event;
}

static __always_inline void report_open(const struct packet* packet) {
  struct flow_event* event = new_event(packet, tcp_open);
  if (event) bpf_ringbuf_submit(event, 0);
}

static __always_inline void report_query(struct xdp_md* context, const struct packet* packet) {
  __u32 at = packet->transport + sizeof(struct udphdr);
  const __u8* header = bytes_at(context, at, DNS_HEADER_BYTES);
  if (!header) return;
  if (header[2] & 0x80) return;                  // an answer
  if (header[4] == 0 && header[5] == 0) return;  // no question
  struct flow_event* event = new_event(packet, dns_query);
  if (!event) return;
  read_query(event, context, at + DNS_HEADER_BYTES);
  bpf_ringbuf_submit(event, 0);
}

SEC("xdp")
int flows(struct xdp_md* context) {
  __u64 bytes = context->data_end - context->data;
  skep_log2_count(&sizes, bytes);

  struct packet packet = {};
  int parsed = parse(context, &packet);
  if (parsed == parsed_malformed) {
    __sync_fetch_and_add(&malformed, 1);
    return XDP_DROP;
  }
  if (parsed != parsed_ip) {
    __sync_fetch_and_add(&not_ip, 1);
    return XDP_PASS;
  }
  count_flow(&packet, bytes);
  if (!packet.has_transport) return XDP_PASS;
  if (packet.protocol == IPPROTO_TCP && (packet.tcp_flags & (tcp_syn | tcp_ack)) == tcp_syn)
    report_open(&packet);
  if (packet.protocol == IPPROTO_UDP && packet.destination_port == bpf_htons(53))
    report_query(context, &packet);
  return XDP_PASS;
}
