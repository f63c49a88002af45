#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes malformed.pcap: frames that contradict themselves or end inside a header, by hand.

Every frame has a name, and says whether a parser should take it for malformed. Those that should not
are the neighbours of those that should: the last length, version or offset that is still right. What
counts as malformed is said in bpf/parse.bpf.h.

    tests/data/make/malformed.py OUTPUT.pcap [LIST.tsv]
"""
import socket
import struct
import sys

MACS = bytes.fromhex("020000000002" "020000000001")
V4, V6, ARP, VLAN, QINQ = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8
TCP, UDP, ICMP, ICMP6, HOP, FRAGMENT, NONE, ESP = 6, 17, 1, 58, 0, 44, 59, 50


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(kind, payload, tags=()):
    return MACS + b"".join(struct.pack("!HH", *tag) for tag in tags) + struct.pack("!H", kind) + payload


def ipv4(protocol, payload, version=4, words=None, total=None, fragment=0, options=b""):
    words = 5 + len(options) // 4 if words is None else words
    total = 20 + len(options) + len(payload) if total is None else total
    source, destination = socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.2")

    def header(check):
        return struct.pack("!BBHHHBBH4s4s", version << 4 | words, 0, total, 1, fragment, 64,
                           protocol, check, source, destination) + options

    return header(checksum(header(0))) + payload


def ipv6(protocol, payload, version=6, length=None):
    length = len(payload) if length is None else length
    source = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    destination = socket.inet_pton(socket.AF_INET6, "2001:db8::2")
    return struct.pack("!IHBB16s16s", version << 28, length, protocol, 64, source, destination) + payload


def tcp(words=5, flags=2, options=b""):
    return struct.pack("!HHIIBBHHH", 1000, 80, 1, 0, words << 4, flags, 1024, 0, 0) + options


def udp(payload=b"", port=9, length=None):
    length = 8 + len(payload) if length is None else length
    return struct.pack("!HHHH", 1000, port, length, 0) + payload


def query(name, flags=0x0100, questions=1):
    return struct.pack("!HHHHHH", 7, flags, questions, 0, 0, 0) + name


def labels(*parts, end=b"\0\0\x01\0\x01"):
    return b"".join(bytes([len(part)]) + part for part in parts) + end


def dns(message):
    return ethernet(V4, ipv4(UDP, udp(message, 53)))


def frames():
    """(name, malformed, frame)"""
    tcp4 = ethernet(V4, ipv4(TCP, tcp()))
    tcp6 = ethernet(V6, ipv6(TCP, tcp()))
    nop = b"\1" * 4
    echo = struct.pack("!BBHHH", 8, 0, 0, 1, 1)

    yield "one byte", True, tcp4[:1]
    yield "ethernet header cut", True, tcp4[:13]
    yield "ethernet header and nothing else, ipv4", True, tcp4[:14]
    yield "ethernet header and nothing else, unknown type", False, ethernet(0x88B5, b"")
    yield "arp", False, ethernet(ARP, b"\0" * 28)
    yield "802.3 length instead of a type", False, ethernet(46, b"\0" * 46)
    yield "vlan tag cut", True, ethernet(V4, b"", [(VLAN, 5)])[:17]
    yield "vlan tag, then ipv4 cut", True, ethernet(V4, ipv4(TCP, tcp())[:19], [(VLAN, 5)])
    yield "vlan tag, then tcp", False, ethernet(V4, ipv4(TCP, tcp()), [(VLAN, 5)])
    yield "two vlan tags, then tcp", False, ethernet(V4, ipv4(TCP, tcp()), [(QINQ, 5), (VLAN, 6)])
    yield "three vlan tags are not followed", False, ethernet(V4, ipv4(TCP, tcp()), [(VLAN, 5)] * 3)

    yield "ipv4 header cut", True, tcp4[:33]
    yield "ipv4 says version 5", True, ethernet(V4, ipv4(TCP, tcp(), version=5))
    yield "ipv4 header of 4 words", True, ethernet(V4, ipv4(TCP, tcp(), words=4))
    yield "ipv4 header of 0 words", True, ethernet(V4, ipv4(TCP, tcp(), words=0))
    yield "ipv4 options cut", True, ethernet(V4, ipv4(TCP, tcp(), words=15))
    yield "ipv4 with options", False, ethernet(V4, ipv4(TCP, tcp(), options=nop))
    yield "ipv4 total below its header", True, ethernet(V4, ipv4(TCP, tcp(), total=19))
    yield "ipv4 total ends in the tcp header", True, ethernet(V4, ipv4(TCP, tcp(), total=39))
    yield "ipv4 total beyond the frame", False, ethernet(V4, ipv4(TCP, tcp(), total=1500))
    yield "ipv4 total below the frame (padding)", False, tcp4 + b"\0" * 6
    yield "ipv4 later fragment, few bytes", False, ethernet(V4, ipv4(TCP, b"\0" * 4, fragment=100))
    yield "ipv4 first fragment", False, ethernet(V4, ipv4(TCP, tcp(), fragment=0x2000))
    yield "ipv4 esp, no bytes", False, ethernet(V4, ipv4(ESP, b""))

    yield "tcp header cut", True, tcp4[:53]
    yield "tcp header of 4 words", True, ethernet(V4, ipv4(TCP, tcp(words=4)))
    yield "tcp options cut", True, ethernet(V4, ipv4(TCP, tcp(words=6)))
    yield "tcp options beyond the packet, in the padding", True, ethernet(V4, ipv4(TCP, tcp(words=6))) + b"\0" * 6
    yield "tcp with options", False, ethernet(V4, ipv4(TCP, tcp(words=6, options=nop)))
    yield "tcp syn and fin", False, ethernet(V4, ipv4(TCP, tcp(flags=3)))
    yield "udp header cut", True, ethernet(V4, ipv4(UDP, udp()[:7]))
    yield "udp length 7", True, ethernet(V4, ipv4(UDP, udp(length=7)))
    yield "udp without payload", False, ethernet(V4, ipv4(UDP, udp()))
    yield "icmp cut", True, ethernet(V4, ipv4(ICMP, echo[:7]))
    yield "icmp echo", False, ethernet(V4, ipv4(ICMP, echo))

    yield "ipv6 header cut", True, tcp6[:53]
    yield "ipv6 says version 4", True, ethernet(V6, ipv6(TCP, tcp(), version=4))
    yield "ipv6 tcp", False, tcp6
    yield "ipv6 tcp cut", True, ethernet(V6, ipv6(TCP, tcp()[:19]))
    yield "ipv6 length ends in the tcp header", True, ethernet(V6, ipv6(TCP, tcp(), length=19))
    yield "ipv6 no next header", False, ethernet(V6, ipv6(NONE, b""))
    yield "ipv6 extension cut", True, ethernet(V6, ipv6(HOP, bytes([TCP, 0, 1, 4, 0, 0])))
    yield "ipv6 extension longer than the packet", True, ethernet(V6, ipv6(HOP, bytes([TCP, 9]) + b"\0" * 6 + tcp()))
    yield "ipv6 one extension", False, ethernet(V6, ipv6(HOP, bytes([TCP, 0, 1, 4, 0, 0, 0, 0]) + tcp()))
    yield "ipv6 four extensions", False, ethernet(V6, ipv6(HOP, bytes([60, 0, 1, 4, 0, 0, 0, 0]) * 3 + bytes([TCP, 0, 1, 4, 0, 0, 0, 0]) + tcp()))
    yield "ipv6 later fragment", False, ethernet(V6, ipv6(FRAGMENT, struct.pack("!BBHI", TCP, 0, 8 << 3, 1) + b"\0" * 4))
    yield "ipv6 first fragment, tcp cut", True, ethernet(V6, ipv6(FRAGMENT, struct.pack("!BBHI", TCP, 0, 1, 1) + tcp()[:8]))
    yield "icmpv6 cut", True, ethernet(V6, ipv6(ICMP6, b"\x80\0\0\0")[:57])

    yield "dns query", False, dns(query(labels(b"www", b"example", b"org")))
    yield "dns query for the root", False, dns(query(labels()))
    yield "dns header cut", False, dns(query(b"")[:11])
    yield "dns name cut", False, dns(query(b"\3www\7exam"))
    yield "dns name that is a pointer", False, dns(query(b"\xc0\x0c\0\1\0\1"))
    yield "dns name with a pointer", False, dns(query(b"\3www\xc0\x0c\0\1\0\1"))
    yield "dns label of 63 bytes", False, dns(query(labels(b"x" * 63)))
    yield "dns name of 62 bytes", False, dns(query(labels(b"x" * 30, b"y" * 31)))
    yield "dns name of 200 bytes", False, dns(query(labels(*[b"x" * 49] * 4)))
    yield "dns name with a zero in a label", False, dns(query(labels(b"a\0b", b"org")))
    yield "dns without a question", False, dns(query(b"", questions=0))
    yield "dns answer to port 53", False, dns(query(labels(b"org"), flags=0x8180))


def main():
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, (_, _, frame) in enumerate(frames()):
            out.write(struct.pack("<IIII", 1700000000, number * 1000, len(frame), len(frame)) + frame)
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as out:
            for name, malformed, frame in frames():
                out.write(f"{'malformed' if malformed else 'ok'}\t{len(frame)}\t{name}\n")


main()
