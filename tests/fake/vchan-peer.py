#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer on a vchan that does as it likes:

    vchan-peer.py HYPERVISOR OWN-DOMID PEER-DOMID NAME ACT [FILE]

It attaches as the client and holds the shared pages itself; what it may write
there is all that a hostile domain may write. Prints the answer line, if one
comes, and otherwise how it ended.
"""
import mmap
import os
import struct
import sys
import time

from hypervisor import ask, connect

LEFT, RIGHT = 0, 8  # struct ring_shared: cons, prod
LEFT_ORDER, CLI_LIVE, SRV_LIVE, CLI_NOTIFY, SRV_NOTIFY = 16, 20, 21, 22, 23
FRAME = 65536
END = bytes(4)
PATIENCE = 20  # seconds, for everything


class Vchan:
    def __init__(self, hypervisor, own, peer, name):
        self.line = connect(hypervisor)
        ask(self.line, "hello", own)
        path = f"/local/domain/{peer}/data/vchan/{own}/{name}"
        _, (self.pages, self.events) = ask(self.line, "client", peer, path)
        self.ring = mmap.mmap(self.pages, os.fstat(self.pages).st_size)
        # Whole words: an index that is written byte by byte can be misread.
        self.words = memoryview(self.ring).cast("I")
        self.left_size = 1 << struct.unpack_from("<H", self.ring, LEFT_ORDER)[0]
        self.mute = self.rewrite = False
        self.ring[CLI_LIVE] = 1
        self.ring[SRV_NOTIFY] = 1
        os.set_blocking(self.events, False)
        self.notify()

    def get(self, offset):
        return self.words[offset // 4]

    def put(self, offset, value):
        self.words[offset // 4] = value & 0xFFFFFFFF

    def notify(self):
        try:
            if not self.mute:
                os.write(self.events, b"!")
        except BlockingIOError:
            pass

    def write(self, data):
        """All of it; whoever closes or stalls us ends this program."""
        deadline = time.monotonic() + PATIENCE
        while data:
            if not self.ring[SRV_LIVE]:
                raise SystemExit("closed")
            prod, cons = self.get(LEFT + 4), self.get(LEFT)
            space = self.left_size - (prod - cons & 0xFFFFFFFF)
            at = prod % self.left_size
            n = min(len(data), space, self.left_size - at)
            if n:
                start = 4096 + at
                self.ring[start:start + n] = data[:n]
                self.put(LEFT + 4, prod + n)
                self.notify()
                data = data[n:]
                continue
            if time.monotonic() > deadline:
                raise SystemExit("full")
            if self.rewrite:  # what was read says something else now
                self.ring[4096:4096 + self.left_size] = b"\xff" * self.left_size
            time.sleep(0.001)

    def send(self, data):
        for at in range(0, len(data), FRAME):
            piece = data[at:at + FRAME]
            self.write(struct.pack("<I", len(piece)) + piece)

    def answer(self):
        deadline, line = time.monotonic() + PATIENCE, b""
        while not line.endswith(b"\n"):
            prod, cons = self.get(RIGHT + 4), self.get(RIGHT)
            for i in range(cons, prod):
                line += self.ring[1024 + i % 1024:1025 + i % 1024]
            self.put(RIGHT, prod)
            self.notify()
            if prod == cons and not self.ring[SRV_LIVE]:
                return "closed"
            if time.monotonic() > deadline:
                return "silence"
            time.sleep(0.002)
        return line.decode().rstrip("\n")

    def close(self):
        self.ring[CLI_LIVE] = 0
        self.notify()
        self.line.close()


def attach(*who):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return Vchan(*who)
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit("nobody offers a vchan")
            time.sleep(0.01)


def wait_closed(v):
    deadline = time.monotonic() + PATIENCE
    while v.ring[SRV_LIVE] and time.monotonic() < deadline:
        time.sleep(0.005)
    return "closed"


# ---- acts: (vchan, bundle, who) -> text ----

def send(v, data, _):
    v.send(data)
    v.write(END)
    return v.answer()


def half(v, data):
    v.send(data[:len(data) // 2])
    while v.get(LEFT) != v.get(LEFT + 4):
        time.sleep(0.001)


def index_jumps(v, data, _):
    half(v, data)
    v.put(LEFT + 4, v.get(LEFT) + 0xFFFFFFF0)
    v.notify()
    return wait_closed(v)


def index_goes_back(v, data, _):
    half(v, data)
    v.put(LEFT + 4, v.get(LEFT) - 1)
    v.notify()
    return wait_closed(v)


def index_of_the_server(v, data, _):
    half(v, data)
    v.put(LEFT, v.get(LEFT + 4) + 1)
    v.put(RIGHT + 4, v.get(RIGHT) + 0x7FFFFFFF)
    v.notify()
    return wait_closed(v)


def orders_change(v, data, who):
    struct.pack_into("<HH", v.ring, LEFT_ORDER, 31, 31)
    for grant in range(24, 1024, 4):
        v.put(grant, 0)
    return send(v, data, who)


def lies_about_life(v, data, who):
    v.ring[CLI_LIVE] = 77
    return send(v, data, who)


def zero_first(v, _, __):
    v.write(END)
    return v.answer()


def zero_in_the_middle(v, data, _):
    half(v, data)
    v.write(END)
    v.send(data[len(data) // 2:])
    return v.answer()


def huge_frame(v, data, _):
    half(v, data)
    v.write(b"\xff\xff\xff\xff" + data[:100])
    return wait_closed(v)


def one_too_many(v, data, _):
    half(v, data)
    v.write(struct.pack("<I", 1024 * 1024 + 1))
    return wait_closed(v)


def closes_in_a_frame(v, data, _):
    v.write(struct.pack("<I", len(data)) + data[:5000])
    v.close()
    return "closed"


def closes_in_a_head(v, data, _):
    half(v, data)
    v.write(b"\x01\x00")
    v.close()
    return "closed"


def closes_at_once(v, _, __):
    v.close()
    return "closed"


def no_end(v, data, _):
    v.send(data)
    v.close()
    return "closed"


def reconnects(v, data, who):
    half(v, data)
    v.close()
    wait_closed(v)
    try:
        Vchan(*who)
        return "let in again"
    except OSError:
        return "closed"


def rewrites(v, data, who):
    v.rewrite = True
    return send(v, data, who)


def storm(v, data, _):
    half(v, data)
    deadline = time.monotonic() + PATIENCE
    while v.ring[SRV_LIVE] and time.monotonic() < deadline:
        v.notify()
    return "closed"


def no_events(v, data, who):
    v.mute = True
    return send(v, data, who)


def second_client(v, data, who):
    half(v, data)
    try:
        Vchan(*who)
        return "a second client was let in"
    except OSError:
        pass
    v.send(data[len(data) // 2:])
    v.write(END)
    return v.answer()


def takes_pages_away(v, data, who):
    try:
        os.ftruncate(v.pages, 4096)
        return "the pages are gone"
    except OSError:
        return send(v, data, who)


def goes_on_behind_the_end(v, data, _):
    v.send(data)
    v.write(END + struct.pack("<I", 512) + b"x" * 512 + b"\xff" * 4)
    return v.answer()


def blocks_the_answer(v, data, _):
    v.put(RIGHT, v.get(RIGHT + 4) - 1024)
    v.send(data)
    v.write(END)
    return wait_closed(v)


def silence(v, data, _):
    half(v, data)
    return wait_closed(v)


def trickle(v, data, _):
    half(v, data)
    for byte in data[len(data) // 2:]:
        v.send(bytes([byte]))
        time.sleep(0.01)
    return "not stopped"


def flood(v, data, _):
    v.send(data)
    while True:
        v.send(bytes(FRAME))


def dies(v, data, _):
    half(v, data)
    os.kill(os.getpid(), 9)


def waits(v, data, _):
    half(v, data)
    print("half", flush=True)
    time.sleep(PATIENCE)


def main():
    hypervisor, own, peer, name, act = sys.argv[1:6]
    data = open(sys.argv[6], "rb").read() if len(sys.argv) > 6 else b""
    who = hypervisor, own, peer, name
    print(globals()[act.replace("-", "_")](attach(*who), data, who), flush=True)


main()
