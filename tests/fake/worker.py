#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A worker that misbehaves: stands in for sallyport-check or -verify.

The first line of MODE (a file beside this one) says how. The parent must end
with the right word, in time, with nothing left and nothing published.
"""
import os
import signal
import struct
import sys
import time

REPORT = 912
KIND = {"unpack": 1, "check": 2, "verify": 3}
JAILED, PROGRESS, MANIFEST, PACKAGE, VERDICT, FAULT, DONE = 1, 2, 3, 5, 6, 8, 9


def report(kind, body=b"", index=0, reason="", message=""):
    head = struct.pack("<IHHQ32siI256s", 0x53505231, kind, WORKER, index,
                       reason.encode(), 0, 0, message.encode())
    return (head + body).ljust(REPORT, b"\0")


def send(data):
    view = memoryview(data)
    while view:
        view = view[os.write(3, view):]


def begin():
    send(report(JAILED, struct.pack("<II", 7, 1)))
    os.read(3, 1)


def drain():
    while os.read(0, 1 << 16):
        pass


def forked():
    """A child that ignores its parent's death, in the same group."""
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)


def package(name=b"evil", verdict=1, index=1):
    nevra = (name.ljust(129, b"\0") + b"1".ljust(129, b"\0") +
             b"1".ljust(129, b"\0") + b"noarch".ljust(33, b"\0"))
    nevra = nevra.ljust(428, b"\0") + struct.pack("<I", 0)
    body = struct.pack("<II", verdict, 1) + nevra + b"\1" * 32 + b"\2" * 8
    body += struct.pack("<QQQQQ", 100, 50, 0, 1, 1)
    body += struct.pack("<IIII", 0, 0, 8, 1)
    return report(PACKAGE, body, index)


def verdict(index=1, header=b"\1"):
    body = struct.pack("<II", 1, 0) + header * 32
    body += b"A" * 40 + b"\0" + b"A" * 40 + b"\0" + b"\2" * 8 + b"\0" * 6
    return report(VERDICT, body, index)


def main():
    MODES[MODE_NAME]()
    os._exit(0)


def silent_exit():
    os._exit(0)


def exit_three():
    os._exit(3)


def killed():
    begin()
    os.kill(os.getpid(), signal.SIGKILL)


def sigsys():
    begin()
    os.kill(os.getpid(), signal.SIGSYS)


def garbage():
    send(b"x" * REPORT)
    time.sleep(600)


def half_record():
    begin()
    send(report(DONE)[:100])


def other_worker():
    global WORKER
    WORKER = 1 if WORKER != 1 else 2
    begin()
    time.sleep(600)


def early():
    send(report(DONE))
    time.sleep(600)


def no_done():
    begin()
    drain()


def done_nothing():
    begin()
    drain()
    send(report(DONE))


def done_twice():
    begin()
    drain()
    send(report(DONE))
    send(report(DONE))


def hang():
    begin()
    time.sleep(600)


def spin():
    begin()
    while True:
        pass


def fork_bomb():
    """Each one forks; what is there is limited, so that a test that fails
    leaves a machine to look at."""
    begin()
    for _ in range(5):
        os.fork()
    while True:
        time.sleep(1)


def never_jailed():
    time.sleep(600)


def children():
    begin()
    forked()
    drain()
    send(report(FAULT, reason="no-key", message="a child is left behind"))
    os._exit(14)


def unknown_reason():
    begin()
    send(report(FAULT, reason="fine-really", message="x"))


def escape_text():
    begin()
    send(report(FAULT, reason="no-key", message="\x1b]0;owned\x07"))


def invented_package():
    """check publishes what nobody sent; verify does not know it."""
    begin()
    send(package())
    drain()
    send(report(DONE, index=1))


def invented_verdict():
    """verify says yes to a header that nobody checked."""
    begin()
    drain()
    send(verdict())
    send(report(DONE, index=1))


def other_framing():
    """unpack says that a file is a qfile stream, which nobody asked for."""
    begin()
    send(report(PROGRESS, struct.pack("<QQII", 1, 0, 2, 0)))
    time.sleep(600)


def changes_framing():
    begin()
    send(report(PROGRESS, struct.pack("<QQII", 1, 0, 2, 0)))
    send(report(PROGRESS, struct.pack("<QQII", 2, 0, 1, 0)))
    time.sleep(600)


def qfile_alone():
    """unpack reports one framing and hands on another."""
    begin()
    send(report(PROGRESS, struct.pack("<QQII", 1, 0, 1, 0)))
    entry = struct.Struct("<4I2Q256s")
    os.write(1, entry.pack(0x53504531, 1, 2, 0, 0, 0, b""))
    os.write(1, entry.pack(0x53504531, 3, 2, 0, 0, 0, b""))
    send(report(DONE))


def flood():
    begin()
    for i in range(1, 100000):
        send(package(index=i))


def progress_flood():
    """Never stops reporting that nothing has come."""
    begin()
    some = report(PROGRESS, struct.pack("<QQ", 0, 0)) * 4  # kept in one piece
    for _ in range(7):  # the parent must never find the channel empty
        if os.fork() == 0:
            break
    while True:
        os.write(3, some)


MODES = {k: v for k, v in globals().items() if callable(v)}
WORKER = KIND[os.path.basename(sys.argv[0]).removeprefix("sallyport-")]
with open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])),
                       "MODE"), encoding="ascii") as f:
    MODE_NAME = f.read().strip()
try:
    main()
except (BrokenPipeError, ConnectionResetError):
    os._exit(1)
