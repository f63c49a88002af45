#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the captures of real programs: web.pcap, ipv6.pcap, vlan.pcap, nanoseconds.pcap and
# raw-ip.pcap.
#
# A client (curl, dig, ping) and a server (nginx, dnsmasq) live in network namespaces of their own,
# joined by switch.py, whose mirror port tcpdump listens to. Nothing outside of these namespaces is
# touched. Needs root, and the packages curl dnsmasq-base ethtool iproute2 iputils-ping nginx-light
# bind9-dnsutils python3 tcpdump. Not run by the tests: each run gives other times and ports.
#
#   tests/data/make/captures.sh OUTPUT_FOLDER
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
client=skep-client-$$ server=skep-server-$$ middle=skep-middle-$$
children=()

clean_up() {
  for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  for space in $client $server $middle; do ip netns delete $space 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

on() {  # on NAMESPACE COMMAND…
  local space=$1
  shift
  ip netns exec "$space" "$@"
}

# background NAMESPACE WORD COMMAND…: starts a command and waits until it has printed WORD. The pid is
# the command's own, as `ip netns exec` does not fork.
background() {
  local space=$1 word=$2 log=$work/log.${#children[@]}
  shift 2
  ip netns exec "$space" "$@" >"$log" 2>&1 &
  children+=($!)
  for _ in $(seq 100); do
    grep -q "$word" "$log" && return
    sleep 0.05
  done
  cat "$log" >&2
  return 1
}

namespaces() {
  for space in $client $server $middle; do
    ip netns add $space
    on $space sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
      net.ipv6.conf.default.router_solicitations=0
    ip -n $space link set lo up
  done
  on $middle sysctl -qw net.ipv6.conf.default.disable_ipv6=1
}

link() {  # link NAMESPACE NAME: an interface there, and its port on the switch
  ip -n $middle link add "p$2" type veth peer name "$2" netns "$1"
  on "$1" ethtool -K "$2" tx off gso off tso off gro off >/dev/null 2>&1
  ip -n $middle link set "p$2" up promisc on
  ip -n "$1" link set "$2" up
}

addresses() {
  for n in 0 1 2; do
    link $client c$n
    link $server s$n
    ip -n $client address add 10.0.$n.1/24 dev c$n
    ip -n $client address add 2001:db8:$n::1/64 dev c$n nodad
    for host in 2 3 4 5 9; do
      ip -n $server address add 10.0.$n.$host/24 dev s$n
      ip -n $server address add 2001:db8:$n::$host/64 dev s$n nodad
    done
  done
  ip -n $middle link add mirror type veth peer name watch
  ip -n $middle link set mirror up
  ip -n $middle link set watch up promisc on
}

servers() {
  mkdir "$work/www"
  for size in 20 200 600 5000; do head -c $size /dev/zero | tr '\0' 'x' >"$work/www/$size"; done
  cat >"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
error_log stderr notice;
pid $work/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  server_tokens off;
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f;
  uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 80; listen [::]:80; root $work/www; }
}
END
  cat >"$work/dnsmasq.conf" <<END
no-resolv
no-hosts
no-daemon
bind-dynamic
conf-dir=
local=/example.org/
host-record=www.example.org,10.0.0.2,2001:db8:0::2
host-record=near.example.org,10.0.0.3
host-record=far.example.org,10.0.0.4
mx-host=example.org,mail.example.org,10
txt-record=example.org,"a text"
END
  background $server "start worker process" nginx -c "$work/nginx.conf"
  background $server "started" dnsmasq --conf-file="$work/dnsmasq.conf" --pid-file= --user=root
}

capture() {  # capture FILE SCENARIO [TCPDUMP-OPTION…]
  background $middle "listening on" tcpdump -i watch --immediate-mode -U -w "$work/$1" "${@:3}"
  local pid=${children[-1]}
  "$2"
  sleep 0.3
  kill -INT "$pid"
  wait "$pid" || true
  cp "$work/$1" "$out/$1"
}

get() { on $client curl -sS --globoff --output /dev/null "$@" || true; }
ask() { on $client dig +tries=1 +time=1 "$@" >/dev/null || true; }
echo_() { on $client ping -q "$@" >/dev/null || true; }

# A request for each of some pages on one connection.
get_pages() { get "http://$1/20" -o /dev/null "http://$1/200" -o /dev/null "http://$1/600"; }

web() {
  for name in www near far; do ask @10.0.0.2 $name.example.org; done
  ask @10.0.0.2 www.example.org AAAA
  ask @10.0.0.2 example.org MX
  ask @10.0.0.2 example.org TXT
  ask @10.0.0.2 -x 10.0.0.3
  ask @10.0.0.2 nowhere.example.org
  ask @10.0.0.2 +tcp www.example.org
  ask @2001:db8:0::2 www.example.org AAAA
  ask @2001:db8:0::2 far.example.org
  ask @10.0.0.2 "a-label-of-thirty-letters-or-so.and-another-that-is-as-long-as-it.example.org"
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    get http://10.0.0.2/20
    get http://10.0.0.3/20
    get http://10.0.0.4/200
    get "http://[2001:db8:0::2]/20"
    get "http://[2001:db8:0::3]/20"
    get http://10.0.1.2/20
  done
  for host in 10.0.0.2 10.0.0.3 "[2001:db8:0::2]" "[2001:db8:0::4]" 10.0.1.3 10.0.2.2; do
    get_pages "$host"
    get_pages "$host"
  done
  get http://10.0.0.2/5000
  get "http://[2001:db8:0::3]/5000"
  get http://10.0.0.5/20               # the first SYN is lost
  get --max-time 1.5 http://10.0.0.9/  # nobody answers
  get http://10.0.0.2:81/              # refused
  ask -p 54 @10.0.0.2 closed.example.org
  echo_ -c 20 -i 0.02 10.0.0.2
  echo_ -c 10 -i 0.02 10.0.0.3
  echo_ -c 3 -i 0.02 -s 1000 10.0.1.2
  echo_ -c 2 -i 0.02 -s 2000 10.0.0.2  # two fragments each
  echo_ -6 -c 20 -i 0.02 2001:db8:0::2
  echo_ -6 -c 5 -i 0.02 2001:db8:1::2
}

ipv6() {
  ask @2001:db8:0::2 www.example.org AAAA
  ask @2001:db8:0::3 example.org MX
  for host in 2 3 4; do get_pages "[2001:db8:0::$host]"; done
  get "http://[2001:db8:0::2]/5000"
  echo_ -6 -c 5 -i 0.02 2001:db8:0::4
  echo_ -6 -c 2 -i 0.02 -s 3000 2001:db8:0::2  # three fragments each
  # Datagrams with hop-by-hop and destination options, which a socket option asks for, to a closed
  # port; and the MLD report of a multicast group that is joined.
  on $client python3 - <<END
import socket, struct, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
pad = bytes([0, 0, 1, 4, 0, 0, 0, 0])
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, pad)
s.sendto(b"one extension header", ("2001:db8:0::2", 9))
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, pad)
s.sendto(b"two extension headers", ("2001:db8:0::2", 9))
index = socket.if_nametoindex("c0")
group = socket.inet_pton(socket.AF_INET6, "ff02::db8:1") + struct.pack("@I", index)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
time.sleep(0.3)
END
}

vlan() {
  ask @10.0.1.2 www.example.org
  ask @10.0.2.2 far.example.org
  ask @2001:db8:2::3 www.example.org AAAA
  for n in 1 2; do
    get_pages 10.0.$n.2
    get_pages "[2001:db8:$n::3]"
    get http://10.0.$n.4/600
    echo_ -c 5 -i 0.02 10.0.$n.2
    echo_ -6 -c 5 -i 0.02 2001:db8:$n::2
  done
  get http://10.0.0.2/20  # and one without a tag
}

few() {
  ask @10.0.0.2 www.example.org
  get http://10.0.0.3/20
  get "http://[2001:db8:1::4]/20"
  echo_ -c 3 -i 0.02 10.0.0.2
}

raw_ip() {
  background $middle ready python3 "$here/switch.py" --tun $client $server
  for n in 0 1; do
    local space=$client
    [ $n = 0 ] || space=$server
    ip -n $space link set t$n up
    ip -n $space address add 10.1.0.$((n + 1))/24 dev t$n
    ip -n $space address add 2001:db8:ff::$((n + 1))/64 dev t$n nodad
  done
  background $client "listening on" tcpdump -i t0 --immediate-mode -U -w "$work/raw-ip.pcap"
  local pid=${children[-1]}
  ask @10.1.0.2 www.example.org
  get_pages 10.1.0.2
  get_pages "[2001:db8:ff::2]"
  echo_ -c 5 -i 0.02 10.1.0.2
  echo_ -6 -c 5 -i 0.02 2001:db8:ff::2
  sleep 0.3
  kill -INT "$pid"
  wait "$pid" || true
  cp "$work/raw-ip.pcap" "$out/raw-ip.pcap"
}

namespaces
addresses
background $middle ready python3 "$here/switch.py"
sleep 1
servers
capture web.pcap web
capture ipv6.pcap ipv6
capture vlan.pcap vlan
capture nanoseconds.pcap few --time-stamp-precision=nano
raw_ip
