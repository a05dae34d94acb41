#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A parent for sallyport-index: starts it as the real one does, tells it of
the packages in STAGE/rpm, prints its reports as lines.

  index.py PROGRAM STAGE OUTPUT SCENE [KEY=VALUE...]

KEY=VALUE are arguments of the program (number, revision, comps). A SCENE
changes the list of records, see below. Lines: jailed, fault WORD, done N,
exit N (or killed N).
"""
import hashlib
import os
import socket
import struct
import sys

ENTRY = struct.Struct("<IIQQ32s256s")
REPORT = struct.Struct("<IHHQ32siI256s600s")


def entry(path):
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).digest()
    st = os.stat(path)
    return [0x53504931, 0, st.st_size, int(st.st_mtime), digest,
            os.path.basename(path).encode()]


def changed(field, value):
    def change(entries):
        entries[0][field] = value
        return entries
    return change


# What becomes of the records; the program is always told of all packages.
SCENES = {
    "good": lambda entries: entries,
    "less": lambda entries: entries[:-1],
    "more": lambda entries: entries + [changed(5, b"zz.rpm")([
        list(entries[-1])])[0]],
    "twice": lambda entries: entries[:1] + entries[:1] + entries[2:],
    "unordered": lambda entries: entries[::-1],
    "magic": changed(0, 0x53504531),
    "reserved": changed(1, 1),
    "slash": changed(5, b"../outside.rpm"),
    "hidden": changed(5, b".hidden.rpm"),
    "endless": changed(5, b"a" * 256),
    "missing": changed(5, b"0-not-there.rpm"),
}


def start(program, arguments, records):
    ours, theirs = socket.socketpair()
    told = os.memfd_create("records")
    os.write(told, records)
    os.lseek(told, 0, os.SEEK_SET)
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        high = [os.dup2(fd, 100 + i)
                for i, fd in enumerate((told, null, null, theirs.fileno()))]
        for i, fd in enumerate(high):
            os.dup2(fd, i)
        os.closerange(4, 200)
        os.execve(program, [program] + arguments, {})
    theirs.close()
    return pid, ours


def hear(reports):
    while raw := reports.recv(REPORT.size, socket.MSG_WAITALL):
        _, kind, _, index, reason, _, _, message, _ = REPORT.unpack(raw)
        if kind == 1:
            print("jailed")
            reports.send(b"g")
        elif kind == 8:
            print("fault", reason.split(b"\0")[0].decode())
            print("#", message.split(b"\0")[0].decode())
        elif kind == 9:
            print("done", index)


def main():
    program, stage, output, scene, *arguments = sys.argv[1:]
    names = sorted(os.listdir(stage + "/rpm"), key=os.fsencode)
    entries = [entry(os.path.join(stage, "rpm", name)) for name in names]
    records = b"".join(ENTRY.pack(*one) for one in SCENES[scene](entries))
    pid, reports = start(program, ["stage=" + stage, "output=" + output,
                                   "count=%d" % len(names)] + arguments,
                         records)
    hear(reports)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        print("killed", os.WTERMSIG(status))
    else:
        print("exit", os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
