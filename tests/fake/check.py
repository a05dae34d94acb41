#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A parent and an unpack for sallyport-check: starts it as the real ones do,
sends it an entry stream, prints its reports as lines.

  check.py PROGRAM DIR|- SCENE [KEY=VALUE...]

DIR is where packages are stored, - for nowhere. A SCENE is a function below;
KEY=VALUE are arguments of the program. Lines: manifest PACKAGES EVIDENCE
BYTES, request ID, INDEX accept NAME FILE-BYTES [noted], INDEX refuse WORD NAME,
fault WORD, done N, messages N [and an end of N], exit N (or killed N).
"""

import hashlib
import os
import socket
import struct
import sys
import threading

CORPUS = os.path.join(os.path.dirname(__file__), "..", "corpus", "rpms")
ENTRY = struct.Struct("<IIIIQQ256s")
MESSAGE = struct.Struct("<IIQII")
REPORT = struct.Struct("<IHHQ32siI256s600s")
MANIFEST = struct.Struct("<QQQQ")
START, FILE, END = 1, 2, 3
BUNDLE, QFILE, RPM = 1, 2, 3


def entry(kind, what, index=0, size=0, name=b""):
    return ENTRY.pack(0x53504531, what, kind, 0, index, size, name)


def stream(kind, files, names=None):
    parts = [entry(kind, START)]
    for i, data in enumerate(files):
        name = names[i] if names else b""
        parts += [entry(kind, FILE, i, len(data), name), data]
    parts.append(entry(kind, END, len(files), sum(map(len, files))))
    return b"".join(parts)


# ---- packages and bundles ---------------------------------------------------

class Package:
    def __init__(self, path, name, evr, arch):
        with open(os.path.join(CORPUS, path), "rb") as f:
            self.data = f.read()
        self.name, self.evr, self.arch = name, evr, arch

    def head_size(self):
        def header(at):
            entries, size = struct.unpack_from(">II", self.data, at + 8)
            return 16 + 16 * entries + size
        start = (96 + header(96) + 7) // 8 * 8
        return start + header(start)


def hello():
    return Package("rpm-software-management__rpm/"
                   "hello-2.0-1.x86_64-signed.rpm",
                   "hello", "0:2.0-1", "x86_64")


def packages():
    return [hello(),
            Package("openSUSE__libzypp/signed.rpm", "kio-stash-lang",
                    "0:1.0-lp151.2.5", "noarch"),
            Package("rpm-rs__rpm/rpm-basic-with-rsa4096-2.3.4-5.el9"
                    ".noarch.rpm", "rpm-basic", "1:2.3.4-5.el9", "noarch")]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def manifest(members, evidence=(), head_off=0):
    lines = ["bundle 1", "request " + "ab" * 16]
    for i, e in enumerate(evidence, 1):
        lines.append(f"evidence e{i:04} {len(e)} {sha256(e)} repomd fedora")
    for i, p in enumerate(members, 1):
        head = p.head_size() + head_off
        lines.append(f"package p{i:06}.rpm {len(p.data)} {head} "
                     f"{sha256(p.data[:head])} {p.name} {p.evr} {p.arch} "
                     "update")
    total = sum(map(len, evidence)) + sum(len(p.data) for p in members)
    lines.append(f"total {len(members) + len(evidence)} {total}\n")
    text = "\n".join(lines).encode()
    return text + f"end {sha256(text)}\n".encode()


def flipped(data, at):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def good_files():
    evidence = b"metadata"
    return [manifest(packages(), [evidence]), evidence] + \
        [p.data for p in packages()]


def changed(number, change):
    files = good_files()
    files[number] = change(files[number])
    return stream(BUNDLE, files)


# ---- scenes -------------------------------------------------------------------

SCENES = {
    "good": lambda: stream(BUNDLE, good_files()),
    "empty": lambda: stream(BUNDLE, [manifest([])]),
    "payload": lambda: changed(3, lambda d: flipped(d, -1)),
    "head": lambda: changed(3, lambda d: flipped(d, 300)),
    "evidence": lambda: changed(1, lambda d: flipped(d, 0)),
    "manifest": lambda: changed(0, lambda d: flipped(d, 20)),
    "longer": lambda: changed(2, lambda d: d + b"x"),
    "fewer": lambda: stream(BUNDLE, good_files()[:-1]),
    "more": lambda: stream(BUNDLE, good_files() + [b"x"]),
    "no-manifest": lambda: stream(BUNDLE, []),
    "big-manifest": lambda: stream(BUNDLE, [b"x" * (16 * 1024 * 1024 + 1)]),
    "short-head": lambda: stream(BUNDLE, [manifest([hello()], head_off=-8),
                                          hello().data]),
    "long-head": lambda: stream(BUNDLE, [manifest([hello()], head_off=8),
                                         hello().data]),
    "other-name": lambda: other("name", "hullo"),
    "other-epoch": lambda: other("evr", "1:2.0-1"),
    "other-arch": lambda: other("arch", "i686"),
    "qfile": lambda: stream(QFILE, [p.data for p in packages()],
                            [b"hello-2.0-1.x86_64.rpm", b"x.rpm", b"y.rpm"]),
    "rpm": lambda: stream(RPM, [hello().data]),
    "two-rpms": lambda: stream(RPM, [hello().data] * 2),
    "file": lambda: stream(RPM, [open(os.environ["PACKAGE"], "rb").read()]),
    "unsigned": lambda: stream(RPM, [Package(
        "rpm-software-management__rpm/hello-2.0-1.x86_64.rpm", "", "", "")
        .data]),
    "text": lambda: stream(RPM, [b"this is no package\n" * 100]),
    "nothing-in-it": lambda: stream(RPM, [b""]),
    "nothing": lambda: b"",
    "breaks-off": lambda: stream(RPM, [hello().data])[:6000],
    "no-start": lambda: entry(RPM, FILE, 0, 5) + b"12345",
    "no-record": lambda: b"x" * ENTRY.size,
    "wrong-sum": lambda: entry(RPM, START) + entry(RPM, END, 0, 1),
    "wrong-count": lambda: entry(RPM, START) + entry(RPM, END, 1, 0),
    "wrong-kind": lambda: entry(RPM, START) + entry(QFILE, FILE, 0, 1),
    "wrong-index": lambda: entry(RPM, START) + entry(RPM, FILE, 1, 1),
}


def other(field, value):
    package = hello()
    setattr(package, field, value)
    return stream(BUNDLE, [manifest([package]), package.data])


# ---- the process ----------------------------------------------------------------

def start(program, directory, arguments):
    """Returns pid, our ends of: entry stream, message stream, reports."""
    entries, messages = os.pipe(), os.pipe()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        table = [entries[0], messages[1], os.open("/dev/null", os.O_RDWR),
                 theirs.fileno()]
        if directory != "-":
            table.append(os.open(directory, os.O_RDONLY | os.O_DIRECTORY))
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(table)]
        for i, fd in enumerate(high):
            os.dup2(fd, i)
        os.closerange(len(table), 200)
        os.execve(program, [program] + arguments, {})
    os.close(entries[0])
    os.close(messages[1])
    theirs.close()
    return pid, entries[1], messages[0], ours


def feed(fd, data):
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view):]
    except BrokenPipeError:
        pass
    os.close(fd)


def drain(fd, ret):
    while chunk := os.read(fd, 65536):
        ret += chunk


def text(raw):
    return raw.split(b"\0", 1)[0].decode("ascii")


def show(report):
    _, kind, _, index, reason, _, _, message, body = REPORT.unpack(report)
    if kind == 3:
        print("manifest", *MANIFEST.unpack_from(body)[:3])
    elif kind == 4:
        print("request", text(body))
    elif kind == 5:
        verdict, = struct.unpack_from("<I", body)
        size, = struct.unpack_from("<Q", body, 8 + 432 + 40)
        noted, = struct.unpack_from("<I", body, 8 + 432 + 40 + 44)
        name = text(body[8:]) or "-"
        if verdict:
            print(index, "accept", name, size, *["noted"] * noted)
        else:
            print(index, "refuse", text(reason), name)
    elif kind == 8:
        print("fault", text(reason))
        print("#", text(message))
    elif kind == 9:
        print("done", index)


def count_messages(data):
    data, count = bytes(data), 0
    while data:
        magic, kind, index, header, packet = MESSAGE.unpack_from(data)
        if magic != 0x53504D31 or kind not in (1, 2):
            return "broken"
        if kind == 2:
            return f"{count} and an end of {index}"
        data = data[MESSAGE.size + header + packet:]
        count += 1
    return str(count)


def main():
    program, directory, scene, *arguments = sys.argv[1:]
    data = SCENES[scene]()
    pid, entries, messages, reports = start(program, directory, arguments)
    reports.settimeout(60)
    received = bytearray()
    threads = [threading.Thread(target=drain, args=(messages, received))]
    threads[0].start()
    with reports.makefile("rb") as lines:
        while len(report := lines.read(REPORT.size)) == REPORT.size:
            show(report)
            if REPORT.unpack(report)[1] == 1:  # jailed
                threads.append(threading.Thread(target=feed,
                                                args=(entries, data)))
                threads[-1].start()
                reports.send(b"g")
    for thread in threads:
        thread.join()
    print("messages", count_messages(received))
    status = os.waitpid(pid, 0)[1]
    print(*(("exit", os.WEXITSTATUS(status)) if os.WIFEXITED(status)
            else ("killed", os.WTERMSIG(status))))


main()
