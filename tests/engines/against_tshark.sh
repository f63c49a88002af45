#!/bin/sh
# What skep finds in a capture beside what tshark finds: prints the difference, so nothing when they agree.
#
# usage: against_tshark.sh flow_table|sizes|tcp_open|dns_query|handshakes|dns_only CAPTURE
# $bpf is the folder of the compiled programs. How tshark is asked is explained in tests/data/README.md.
set -eu
what=$1
capture=$2
ours=$(mktemp) theirs=$(mktemp) written=$(mktemp -d)
trap 'rm -rf "$ours" "$theirs" "$written"' EXIT

# Its exit code would be lost in a pipe.
skep_json() {
  skep run -q "$bpf/$1.bpf.o" --pcap "$capture" -j >"$written/json"
  cat "$written/json"
}

# It warns about being run by root, so what it says is shown only when it fails.
ask_tshark() {
  tshark -n -r "$capture" "$@" >"$written/answer" 2>"$written/complaint" || cat "$written/complaint" >&2
  cat "$written/answer"
}

flow_table_ours() {
  skep_json flows | jq -r 'select(.map == "flow_table") | .entries[] |
    "\(.key.source) \(.key.source_port) \(.key.destination) \(.key.destination_port) \(.key.protocol) \(.value.packets) \(.value.bytes)"' |
    sed 's/ tcp / 6 /; s/ udp / 17 /; s/ ipv6-icmp / 58 /; s/ icmp / 1 /' | sort
}
flow_table_theirs() {
  ask_tshark -o ip.defragment:FALSE -o ipv6.defragment:FALSE -Y 'ip || ipv6' -T fields -E occurrence=f \
    -e frame.cap_len -e frame.protocols -e ip.src -e ipv6.src -e ip.dst -e ipv6.dst \
    -e tcp.srcport -e udp.srcport -e tcp.dstport -e udp.dstport \
    -e ip.proto -e ipv6.nxt -e ipv6.hopopts.nxt -e ipv6.dstopts.nxt -e ipv6.fraghdr.nxt |
    awk -F'\t' -v raw="$framing" '{
        for (i = 11; i <= 15; i++) if ($i != "") protocol = $i
        from = ($7 $8) + 0; to = ($9 $10) + 0
        if ($2 ~ /:icmp(v6)?(:|$)/) { protocol = $2 ~ /:icmpv6/ ? 58 : 1; from = to = 0 }
        flow = $3 $4 " " from " " $5 $6 " " to " " protocol
        packets[flow]++; bytes[flow] += $1 + raw }
      END { for (flow in packets) print flow, packets[flow], bytes[flow] }' | sort
}

sizes_ours() {
  skep_json flows | jq -r 'select(.map == "sizes") | .buckets[] | select(.count > 0) |
    "\(.min) \(.count)"' | sort -n
}
sizes_theirs() {
  ask_tshark -T fields -e frame.cap_len | awk -v raw="$framing" '
    { slot = 1; for (size = $1 + raw; size >= 2; size /= 2) slot *= 2; packets[slot == 1 ? 0 : slot]++ }
    END { for (slot in packets) print slot, packets[slot] }' | sort -n
}

tcp_open_ours() {
  skep_json flows | jq -r 'select(.ring == "events") | .record | select(.kind == "tcp_open") |
    "\(.source) \(.source_port) \(.destination) \(.destination_port)"'
}
tcp_open_theirs() {
  ask_tshark -Y 'tcp.flags.syn == 1 && tcp.flags.ack == 0 && !icmp && !icmpv6' -T fields \
    -e ip.src -e ipv6.src -e tcp.srcport -e ip.dst -e ipv6.dst -e tcp.dstport | tr -s '\t' ' ' | sed 's/^ //'
}

dns_query_ours() {
  skep_json flows | jq -r 'select(.ring == "events") | .record | select(.kind == "dns_query") |
    "\(.name) \(.query_type)"'
}
# Types are numbers there and names here.
dns_query_theirs() {
  ask_tshark -Y 'udp.dstport == 53 && dns.flags.response == 0 && !icmp && !icmpv6' -T fields \
    -e dns.qry.name -e dns.qry.type |
    awk -F'\t' 'BEGIN { split("0 unknown 1 A 2 NS 5 CNAME 6 SOA 12 PTR 15 MX 16 TXT 28 AAAA 33 SRV 255 ANY 65 HTTPS", t, " ")
                        for (i = 1; i in t; i += 2) name[t[i]] = t[i + 1] }
                { if (length($1) > 62) { $1 = substr($1, 1, 63); $2 = 0 }
                  print $1, ($2 in name ? name[$2] : $2) }'
}

handshakes_ours() {
  skep_json latency | jq -r 'select(.ring == "handshakes") | .record |
    "\(.client) \(.client_port) \(.server) \(.server_port) \(.elapsed_ns)"'
}
handshakes_theirs() {
  ask_tshark -Y 'tcp.flags.syn == 1 && tcp.flags.ack == 1 && !icmp && !icmpv6' -T fields \
    -e ip.dst -e ipv6.dst -e tcp.dstport -e ip.src -e ipv6.src -e tcp.srcport -e tcp.analysis.ack_rtt |
    tr -s '\t' ' ' | sed 's/^ //' |
    awk '{ sub(/^0\./, "", $5); sub(/\./, "", $5); sub(/^0*/, "", $5); print }'
}

# Packets are told apart by their times.
dns_only_ours() {
  skep run -q "$bpf/dns_only.bpf.o" --pcap "$capture" --write "$written/out.pcap" >/dev/null
  tshark -n -r "$written/out.pcap" 2>/dev/null -T fields -e frame.time_epoch -e frame.cap_len
}
dns_only_theirs() {
  ask_tshark -Y '(udp.port == 53 || tcp.port == 53) && !icmp && !icmpv6' -T fields -e frame.time_epoch \
    -e frame.cap_len | awk -F'\t' -v raw="$framing" '{ print $1 "\t" $2 + raw }'
}

# Raw IP packets get an Ethernet header of 14 bytes.
framing=0
if capinfos -E "$capture" | grep -q 'Raw IP'; then framing=14; fi
"${what}_ours" >"$ours"
"${what}_theirs" >"$theirs"
diff -u --label skep --label tshark "$ours" "$theirs"
