#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk with faults: one file, served over FUSE, for a loop device to stand on.

    disk.py MOUNTPOINT BACKING [FAULT...]        (as root; ends by a signal)

The file is MOUNTPOINT/disk and has the size of BACKING. Faults:

    wrap=N      only N bytes of memory: an address is taken modulo N
    forget=N    only N bytes of memory: what is written behind them is lost
    eio=N       reading byte N and what follows fails
    weio=N      writing byte N and what follows fails
    stall=N     reading byte N and what follows never ends
    slow=N      the same, but it fails after 4 seconds
    drip=N      reading byte N and what follows takes a second for each 8 KiB
    changes=1   what is read again is something else; SIGUSR1 begins anew
    log=FILE    each read as a line "OFFSET SIZE"
    trace=FILE  each write and flush, before it is answered, as TRACE says

It speaks the protocol of the kernel (linux/fuse.h) by itself, since Python
has no library for it.
"""

import ctypes
import errno
import os
import signal
import struct
import sys
import time

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE = 1, 2, 3, 4, 14, 15, 16
STATFS, RELEASE, FSYNC, FLUSH, INIT, OPENDIR, RELEASEDIR = (
    17, 18, 20, 25, 26, 27, 29)
ACCESS, INTERRUPT, BATCH_FORGET = 34, 36, 42
ROOT, FILE = 1, 2
DIRECT_IO = 1  # FOPEN_DIRECT_IO: nothing is cached above us
MAX_WRITE = 1 << 20
MAX_PAGES = 1 << 22  # FUSE_MAX_PAGES
TRACE = "<cQI"  # b"w" or b"f", offset, size; then the bytes


class Fault(Exception):
    pass


class Disk:
    def __init__(self, backing, faults):
        self.fd = os.open(backing, os.O_RDWR)
        self.size = os.fstat(self.fd).st_size
        self.log = faults.pop("log", None)
        trace = faults.pop("trace", None)
        self.trace = trace and open(trace, "wb", buffering=0)
        self.faults = {k: int(v) for k, v in faults.items()}
        self.seen = set()

    def limit(self, word, offset, size):
        """How many of the bytes come before the fault."""
        at = self.faults.get(word)
        return size if at is None else max(0, min(size, at - offset))

    def pieces(self, offset, size):
        """Where the bytes are kept."""
        wrap = self.faults.get("wrap", self.size)
        while size > 0:
            here = offset % wrap
            n = min(size, wrap - here)
            yield here, n
            offset, size = offset + n, size - n

    def read(self, offset, size):
        if self.log:
            with open(self.log, "a", encoding="ascii") as log:
                log.write(f"{offset} {size}\n")
        size = max(0, min(size, self.size - offset))
        if self.limit("stall", offset, size) < size:
            return None
        if self.limit("slow", offset, size) < size:
            time.sleep(4)
            raise Fault(errno.EIO)
        if self.limit("drip", offset, size) < size:
            time.sleep(size / 8192)
        good = self.limit("eio", offset, size)
        if good == 0 < size:
            raise Fault(errno.EIO)
        data = b"".join(os.pread(self.fd, n, at)
                        for at, n in self.pieces(offset, good))
        kept = self.limit("forget", offset, good)
        data = data[:kept] + bytes(good - kept)
        if "changes" in self.faults:
            again = offset in self.seen
            self.seen.add(offset)
            if again:
                data = bytes(b ^ 1 for b in data)
        return data

    def write(self, offset, data):
        good = self.limit("weio", offset, len(data))
        if good == 0 < len(data):
            raise Fault(errno.EIO)
        done = 0
        for at, n in self.pieces(offset, self.limit("forget", offset, good)):
            os.pwrite(self.fd, data[done:done + n], at)
            done += n
        self.note(b"w", offset, data[:good])
        return good

    def note(self, what, offset=0, data=b""):
        if self.trace:
            self.trace.write(struct.pack(TRACE, what, offset, len(data)) + data)


def attributes(node, disk):
    size = disk.size if node == FILE else 0
    mode = 0o100600 if node == FILE else 0o40700
    return struct.pack("<6Q10I", node, size, size // 512, 0, 0, 0,
                       0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(disk, opcode, node, body):
    """The answer's bytes, or None when there is none."""
    if opcode == INIT:
        major, minor, readahead = struct.unpack_from("<3I", body)
        return struct.pack("<4I2H2I2HI7I", major, min(minor, 31), readahead,
                           MAX_PAGES, 16, 12, MAX_WRITE, 1, 256, 0, 0,
                           *[0] * 7)
    if opcode == LOOKUP:
        if body.rstrip(b"\0") != b"disk":
            raise Fault(errno.ENOENT)
        return struct.pack("<4Q2I", FILE, 1, 3600, 3600, 0, 0) + attributes(
            FILE, disk)
    if opcode in (GETATTR, SETATTR):
        return struct.pack("<QII", 3600, 0, 0) + attributes(node, disk)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("<QII", 1, DIRECT_IO if opcode == OPEN else 0, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return disk.read(offset, size)
    if opcode == WRITE:
        _, offset, size = struct.unpack_from("<QQI", body)
        return struct.pack("<II", disk.write(offset, body[40:40 + size]), 0)
    if opcode == STATFS:
        return struct.pack("<5Q4I6I", *[0] * 5, 4096, 255, 4096, 0, *[0] * 6)
    if opcode in (RELEASE, RELEASEDIR, FSYNC, FLUSH, ACCESS):
        if opcode == FSYNC:
            disk.note(b"f")
        return b""
    if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
        return None
    raise Fault(errno.ENOSYS)


def serve(device, disk):
    while True:
        try:
            request = os.read(device, MAX_WRITE + 8192)
        except OSError as fault:
            if fault.errno in (errno.EINTR, errno.ENOENT):
                continue
            return  # unmounted
        opcode, unique, node = struct.unpack_from("<4xIQQ", request)
        try:
            reply, status = answer(disk, opcode, node, request[40:]), 0
        except Fault as fault:
            reply, status = b"", -fault.args[0]
        if reply is None:
            continue
        head = struct.pack("<IiQ", 16 + len(reply), status, unique)
        try:
            os.write(device, head + reply)
        except OSError:
            pass  # whoever asked is gone


def main():
    where, backing, *faults = sys.argv[1:]
    disk = Disk(backing, dict(word.split("=", 1) for word in faults))
    signal.signal(signal.SIGUSR1, lambda *_: disk.seen.clear())
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"disk", where.encode(), b"fuse", 6, options.encode()):
        sys.exit("cannot mount: " + os.strerror(ctypes.get_errno()))
    serve(device, disk)


main()
