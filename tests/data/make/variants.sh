#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the captures that are another capture in another form, or deliberately broken. Needs editcap
# (of wireshark-common) and python3, but no root. Not run by the tests.
#
#   tests/data/make/variants.sh FOLDER-WITH-THE-CAPTURES
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"

python3 "$here/malformed.py" malformed.pcap malformed.tsv
editcap -F pcapng web.pcap web.pcapng
editcap -F pcap -r -s 48 web.pcap truncated.pcap 1-150  # inside the TCP header: too short for all but UDP and ICMP
head -c 24 web.pcap >empty.pcap                         # the file header and no packet
head -c 1000 web.pcap >cut.pcap                         # ends inside a packet

python3 - <<'END'
import struct

def packets(data):
    at = 24
    while at < len(data):
        head = struct.unpack_from("<IIII", data, at)
        yield head, data[at + 16:at + 16 + head[2]]
        at += 16 + head[2]

source = open("ipv6.pcap", "rb").read()
with open("big-endian.pcap", "wb") as out:  # as a big-endian machine would have written ipv6.pcap
    out.write(struct.pack(">IHHiIII", *struct.unpack_from("<IHHiIII", source)))
    for head, packet in packets(source):
        out.write(struct.pack(">IIII", *head) + packet)

with open("linktype-usb.pcap", "wb") as out:  # 220, USB with a Linux header: nothing we could parse
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 220))
    out.write(struct.pack("<IIII", 1700000000, 0, 64, 64) + bytes(64))
END
