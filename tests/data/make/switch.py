#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A switch between two hosts, with delay, loss, VLAN tags and a port that mirrors everything.

Takes the place of netem and of VLAN interfaces, which not every kernel has. Each link joins one
interface of the client's to one of the server's. What comes in is mirrored at once, with the link's
tags, and goes out at the other end after a delay that depends on the server's address. With --tun it
makes two point-to-point devices instead and shuttles raw IP packets between them.

Run by captures.sh inside a network namespace of its own; ends when it is killed.
"""
import fcntl
import heapq
import os
import select
import socket
import struct
import subprocess
import sys
import time

# Milliseconds to the server by the last byte of its address; the default is 0.3.
DELAY_MS = {3: 4, 4: 19}
LOSES_FIRST_SYN = 5  # the address whose connections lose their first SYN
BLACK_HOLE = 9       # the address that nothing arrives at

# Client's port, server's port, tags on the mirror.
LINKS = [
    ("c0", "s0", b""),
    ("c1", "s1", struct.pack("!HH", 0x8100, 100)),
    ("c2", "s2", struct.pack("!HHHH", 0x88A8, 200, 0x8100, 10)),
]


class Frame:
    """The few fields that decide how a frame travels."""

    def __init__(self, frame, from_client):
        self.host, self.protocol, self.transport = None, None, b""
        kind = struct.unpack_from("!H", frame, 12)[0]
        if kind == 0x0800:
            self.protocol = frame[23]
            self.host = frame[33] if from_client else frame[29]
            self.transport = frame[14 + (frame[14] & 15) * 4:]
        elif kind == 0x86DD:
            self.protocol = frame[20]
            self.host = frame[53] if from_client else frame[37]
            self.transport = frame[54:]

    def is_syn(self):
        return self.protocol == 6 and self.transport[13] & 0x12 == 2


def switch():
    ports, tags_of = {}, {}
    mirror = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    mirror.bind(("mirror", 0))
    for client, server, tags in LINKS:
        ends = []
        for name in (client, server):
            port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            port.bind(("p" + name, 0))
            ends.append(port)
        ports[ends[0]] = (ends[1], True)
        ports[ends[1]] = (ends[0], False)
        tags_of[ends[0]] = tags_of[ends[1]] = tags
    seen, queue, count = set(), [], 0
    print("ready", flush=True)
    while True:
        wait = max(0, queue[0][0] - time.monotonic()) if queue else None
        for port in select.select(list(ports), [], [], wait)[0]:
            data, address = port.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            other, from_client = ports[port]
            mirror.send(data[:12] + tags_of[port] + data[12:])
            frame = Frame(data, from_client)
            if frame.host == BLACK_HOLE:
                continue
            if frame.host == LOSES_FIRST_SYN and frame.is_syn() and frame.transport[:4] not in seen:
                seen.add(frame.transport[:4])
                continue
            due = time.monotonic() + DELAY_MS.get(frame.host, 0.3) / 1000
            heapq.heappush(queue, (due, count, other, data))
            count += 1
        while queue and queue[0][0] <= time.monotonic():
            _, _, other, data = heapq.heappop(queue)
            other.send(data)


def tun():
    fds = []
    for name in ("t0", "t1"):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))  # IFF_TUN, NO_PI
        fds.append(fd)
    subprocess.run(["ip", "link", "set", "t0", "netns", sys.argv[2]], check=True)
    subprocess.run(["ip", "link", "set", "t1", "netns", sys.argv[3]], check=True)
    print("ready", flush=True)
    while True:
        for fd in select.select(fds, [], [])[0]:
            os.write(fds[1 - fds.index(fd)], os.read(fd, 65536))


if __name__ == "__main__":
    tun() if sys.argv[1:2] == ["--tun"] else switch()
