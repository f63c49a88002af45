// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// How long a TCP connection takes to be accepted: from the client's SYN to the server's SYN-ACK.
//
// Remembers the time of each SYN under the connection's addresses and ports and the number that the
// answer has to acknowledge, so that neither an old answer nor a reused port is taken for the right
// one. A SYN sent again does not start anew: what is measured is what the client waited, and
// `attempts` says how often it had to ask. The answers' times go to the histogram `handshake_us`
// and, one record each, to `handshakes`. Time is bpf_ktime_get_ns(), which is each packet's own
// where a capture is read.
//
// What it does not see: connections without an answer (they stay in `waiting`, which drops the
// newest when full and counts it in `map_full`), and the way between here and the client.
#include "parse.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct connection {
  struct in6_addr client;
  struct in6_addr server;
  __be16 client_port;
  __be16 server_port;
  __be32 acknowledged;  // by the answer: the SYN's number plus one
};

struct opening {
  __u64 time_ns;
  __u64 attempts;
};

struct handshake {
  __u64 time_ns;  // of the answer
  __u64 elapsed_ns;
  __u64 attempts;
  struct in6_addr client;
  struct in6_addr server;
  __be16 client_port;
  __be16 server_port;
  __u8 pad[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 10240);
  __type(key, struct connection);
  __type(value, struct opening);
} waiting SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, SKEP_LOG2_SLOTS);
  __type(key, __u32);
  __type(value, skep_log2);
} handshake_us SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 256 * 1024);
} handshakes SEC(".maps");
SKEP_RECORD(handshakes, struct handshake);

__u64 malformed;
__u64 map_full;
__u64 events_lost;

static __always_inline void open(const struct packet* packet, const struct tcphdr* tcp) {
  struct connection connection = {
      .client = packet->source,
      .server = packet->destination,
      .client_port = packet->source_port,
      .server_port = packet->destination_port,
      .acknowledged = bpf_htonl(bpf_ntohl(tcp->seq) + 1),
  };
  struct opening* before = bpf_map_lookup_elem(&waiting, &connection);
  if (before) {
    __sync_fetch_and_add(&before->attempts, 1);
    return;
  }
  struct opening opening = {.time_ns = bpf_ktime_get_ns(), .attempts = 1};
  if (bpf_map_update_elem(&waiting, &connection, &opening, BPF_ANY))
    __sync_fetch_and_add(&map_full, 1);
}

static __always_inline void answer(const struct packet* packet, const struct tcphdr* tcp) {
  struct connection connection = {
      .client = packet->destination,
      .server = packet->source,
      .client_port = packet->destination_port,
      .server_port = packet->source_port,
      .acknowledged = tcp->ack_seq,
  };
  struct opening* found = bpf_map_lookup_elem(&waiting, &connection);
  if (!found) return;  // opened before we looked, or answered already
  struct opening opening = *found;
  if (bpf_map_delete_elem(&waiting, &connection)) return;  // another CPU took this answer

  __u64 now = bpf_ktime_get_ns();
  __u64 elapsed = now > opening.time_ns ? now - opening.time_ns : 0;
  skep_log2_count(&handshake_us, elapsed / 1000);
  struct handshake* handshake = bpf_ringbuf_reserve(&handshakes, sizeof *handshake, 0);
  if (!handshake) {
    __sync_fetch_and_add(&events_lost, 1);
    return;
  }
  *handshake = (struct handshake){
      .time_ns = now,
      .elapsed_ns = elapsed,
      .attempts = opening.attempts,
      .client = connection.client,
      .server = connection.server,
      .client_port = connection.client_port,
      .server_port = connection.server_port,
  };
  bpf_ringbuf_submit(handshake, 0);
}

SEC("xdp")
int latency(struct xdp_md* context) {
  struct packet packet = {};
  int parsed = parse(context, &packet);
  if (parsed == parsed_malformed) __sync_fetch_and_add(&malformed, 1);
  if (parsed != parsed_ip || !packet.has_transport || packet.protocol != IPPROTO_TCP)
    return XDP_PASS;
  struct tcphdr* tcp = bytes_at(context, packet.transport, sizeof *tcp);
  if (!tcp) return XDP_PASS;
  __u8 flags = packet.tcp_flags & (tcp_syn | tcp_ack);
  if (flags == tcp_syn) open(&packet, tcp);
  if (flags == (tcp_syn | tcp_ack)) answer(&packet, tcp);
  return XDP_PASS;
}
