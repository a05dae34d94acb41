#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A parent for sallyport-verify: starts it as the real one does, sends it
messages made by the forge, prints its reports as lines.

  verify.py make-home [--allow FPR]... [--gpg PATH] PROGRAM HOME KEYFILE...
  verify.py judge [--gpg PATH] [--now T] [--deadline S] PROGRAM HOME SPEC...
  verify.py compare PROGRAM ORACLE HOME RPM-OR-SPEC...
  verify.py keys DIR                        writes the key files of the forge
  verify.py raw PROGRAM HOME WHAT           sends a broken stream

A SPEC is the name of a maker below, with *N for N of them. Lines of judge:
INDEX accept FPR PRIMARY, INDEX refuse WORD, fault WORD, done N, killed,
exit N. A report that breaks the contract between the processes ends the
script with a message and status 3.
"""

import argparse
import hashlib
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "forge"))
import openpgp  # noqa: E402
import ring  # noqa: E402
from openpgp import Signature, notation, sub, u32  # noqa: E402

MESSAGE = struct.Struct("<IIQII")
MESSAGE_MAGIC = 0x53504D31
REPORT = struct.Struct("<IHHQ32siI256s600s")
REPORT_MAGIC = 0x53505231
VERDICT = struct.Struct("<II32s41s41s8s")
KEY = struct.Struct("<41s41sBBB3xIIQ")
JAILED, R_VERDICT, R_KEY, FAULT, DONE = 1, 6, 7, 8, 9


def broken(text):
    print("contract broken:", text)
    sys.exit(3)


def text(raw):
    return raw.split(b"\0", 1)[0].decode("ascii")


# ---- messages ---------------------------------------------------------------

def plain(key, **fields):
    return lambda header: Signature(key(), **fields).packet(header)


def salted(header):
    key = ring.trusted()
    salt = sub(20, notation(openpgp.SALT, b"\n[GNUPG:] BADSIG x"))
    return Signature(key, hashed=[sub(2, u32(openpgp.SIGN_TIME)), salt,
                                  sub(16, key.keyid())],
                     unhashed=[]).packet(header)


def signer_named(header):
    key = ring.trusted()
    name = sub(28, b"x\n[GNUPG:] FILE_DONE\n[GNUPG:] GOODSIG")
    return Signature(key, hashed=[sub(2, u32(openpgp.SIGN_TIME)), name,
                                  sub(16, key.keyid())],
                     unhashed=[]).packet(header)


def flipped(header):
    return Signature(ring.trusted()).packet(header[:-1] + b"\xff")


def odd_mpis(header):
    """A key that is there and a number that no gpg can make sense of."""
    made = Signature(ring.ed25519("ed25519"))
    made.mpis = [(1 << 2000) - 1, (1 << 2000) - 1]
    return made.packet(header)


def ago(seconds):
    return int(time.time()) - seconds


def expiring(header):
    key = ring.trusted()
    created = ago(100)
    return Signature(key, created=created, hashed=[
        sub(2, u32(created)), sub(3, u32(1)), sub(16, key.keyid())],
        unhashed=[]).packet(header)


def living(header):
    key = ring.trusted()
    created = ago(100)
    return Signature(key, created=created, hashed=[
        sub(2, u32(created)), sub(3, u32(86400)), sub(16, key.keyid())],
        unhashed=[]).packet(header)


def other_fingerprint(header):
    key = ring.trusted()
    lie = b"\x04" + b"\x11" * 12 + key.keyid()
    return Signature(key, hashed=[sub(2, u32(openpgp.SIGN_TIME)),
                                  sub(33, lie)], unhashed=[]).packet(header)


MAKERS = {
    "rsa": plain(ring.trusted),
    "huge": plain(ring.trusted),
    "rsa512": plain(ring.trusted, hash_algo=10),
    "v3": plain(ring.trusted, version=3),
    "ed25519": plain(lambda: ring.ed25519("ed25519")),
    "p256": plain(lambda: ring.p256("p256")),
    "subkey": plain(ring.subkey),
    "small": plain(lambda: ring.rsa("small", 1024)),
    "foreign": plain(ring.foreign),
    "collide1": plain(lambda: ring.colliding()[0]),
    "salt": salted,
    "signer": signer_named,
    "flipped": flipped,
    "odd-mpis": odd_mpis,
    "expiring": expiring,
    "living": living,
    "other-fingerprint": other_fingerprint,
    "future": plain(ring.trusted, created=ago(-2 * 86400)),
    "before-key": plain(ring.trusted, created=openpgp.KEY_TIME - 86400),
    "sha1": plain(ring.trusted, hash_algo=2),
    "text": plain(ring.trusted, kind=1),
    "junk": lambda header: b"\xc2\x40" + bytes(64),
}


class Messages:
    """Messages by maker. Five of each kind are enough; they are kept in the
    file FORGE_CACHE, because the forge counts with big numbers slowly."""

    def __init__(self):
        self.path = os.environ.get("FORGE_CACHE")
        self.made = {}
        if self.path and os.path.exists(self.path):
            with open(self.path, "rb") as f:
                self.made = pickle.load(f)
        self.size = len(self.made)

    def get(self, maker, number):
        key = (maker, number % 5)
        if key not in self.made:
            header = b"header %06d " % key[1] * (40 + 7 * key[1])
            if maker == "huge":
                header = os.urandom(9_000_000)
            self.made[key] = header, MAKERS[maker](header)
        return self.made[key]

    def keep(self):
        if self.path and len(self.made) > self.size:
            with open(self.path, "wb") as f:
                pickle.dump(self.made, f)


def messages(specs):
    forge = Messages()
    made = []
    for spec in specs:
        maker, _, times = spec.partition("*")
        for _ in range(int(times or 1)):
            made.append(forge.get(maker, len(made) + 1))
    forge.keep()
    return made


def encode(made):
    stream = bytearray()
    for index, (header, packet) in enumerate(made, 1):
        stream += MESSAGE.pack(MESSAGE_MAGIC, 1, index, len(header),
                               len(packet)) + header + packet
    return bytes(stream) + MESSAGE.pack(MESSAGE_MAGIC, 2, len(made), 0, 0)


# ---- the child --------------------------------------------------------------

class Child:
    """The worker with its descriptors, in a group of its own."""

    def __init__(self, argv, stream, deadline):
        self.ours, theirs = socket.socketpair()
        self.ours.settimeout(deadline)
        spare = os.open("/dev/null", os.O_RDWR)

        def prepare():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=spare, stderr=spare,
            env={}, start_new_session=True, preexec_fn=prepare, pass_fds=(3,))
        os.close(spare)
        theirs.close()
        self.writer = threading.Thread(target=self._write, args=(stream,))
        self.writer.start()

    def _write(self, stream):
        try:
            with self.process.stdin as pipe:
                pipe.write(stream)
        except BrokenPipeError:
            pass

    def reports(self):
        """(type, index, reason, body, message) until the channel ends."""
        while True:
            raw = b""
            while len(raw) < REPORT.size:
                try:
                    part = self.ours.recv(REPORT.size - len(raw))
                except socket.timeout:
                    print("killed")
                    return
                if not part:
                    if raw:
                        broken("half a report")
                    return
                raw += part
            (magic, kind, _, index, reason, _, _, note,
             body) = REPORT.unpack(raw)
            if magic != REPORT_MAGIC:
                broken("magic")
            if kind == JAILED:
                self.ours.send(b"g")
            yield kind, index, text(reason), body, text(note)

    def _report_spinning(self):
        try:
            with open(f"/proc/{self.process.pid}/stat") as stat:
                user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
        except FileNotFoundError:
            return
        if (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") > 0.5:
            print("spun")

    def end(self):
        """Kills the group; the exit status is of interest, not the signal."""
        time.sleep(0.01)
        if self.process.poll() is None:
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
        self._report_spinning()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.writer.join()
        print("exit", self.process.returncode)


def end_line(kind, index, reason, note):
    if kind == FAULT:
        print("fault", reason)
    else:
        print("done", index)
    if note:
        print("#", note)


# ---- commands ---------------------------------------------------------------

def make_home(args):
    with tempfile.TemporaryDirectory() as keys:
        for number, name in enumerate(args.keyfile):
            with open(name, "rb") as source, \
                    open(f"{keys}/{number:03}", "wb") as copy:
                copy.write(source.read())
        if args.allow:
            with open(f"{keys}/allow", "w") as allow:
                allow.writelines(fpr + "\n" for fpr in args.allow)
        argv = [args.program, "--make-home", f"home={args.home}",
                f"keys={keys}", f"count={len(args.keyfile)}"]
        if args.gpg:
            argv.append(f"gpg={args.gpg}")
        child = Child(argv, b"", args.deadline)
        for kind, index, reason, body, note in child.reports():
            if kind == R_KEY:
                fpr, primary, *flags, algo, bits, expires = KEY.unpack(
                    body[:KEY.size])
                print("key", text(fpr), text(primary), *flags, algo, bits,
                      expires)
            elif kind != JAILED:
                end_line(kind, index, reason, note)
        child.end()


def verdict_line(index, reason, body, note, header):
    verdict, _, digest, fpr, primary, _ = VERDICT.unpack(body[:VERDICT.size])
    if digest != hashlib.sha256(header).digest():
        broken("digest of the header")
    if verdict == 1:
        print(index, "accept", text(fpr), text(primary))
    else:
        print(index, "refuse", reason)
        print("#", note)


def judge(args):
    made = messages(args.spec)
    with tempfile.TemporaryDirectory() as folder:
        argv = [args.program, f"home={args.home}", f"messages={folder}",
                f"now={args.now}"]
        if args.gpg:
            argv.append(f"gpg={args.gpg}")
        child = Child(argv, encode(made), args.deadline)
        expected = 1
        for kind, index, reason, body, note in child.reports():
            if kind == R_VERDICT:
                if index != expected:
                    broken("order of verdicts")
                expected += 1
                verdict_line(index, reason, body, note, made[index - 1][0])
            elif kind != JAILED:
                end_line(kind, index, reason, note)
                if kind == DONE and set(os.listdir(folder)) - {"0"}:
                    broken("message files are left")
        child.end()


def cut(path):
    """(main header, signature) of a package, None where there is none."""
    with open(path, "rb") as f:
        data = f.read()
    at, headers = 96, []
    for _ in range(2):
        if data[at:at + 4] != b"\x8e\xad\xe8\x01":
            return None
        count, size = struct.unpack(">II", data[at + 8:at + 16])
        end = at + 16 + 16 * count + size
        headers.append((at, count, end))
        at = (end + 7) // 8 * 8
    start, count, end = headers[0]
    for entry in range(count):
        where = start + 16 + 16 * entry
        tag, _, offset, length = struct.unpack(">IIiI", data[where:where + 16])
        if tag in (267, 268):
            offset += start + 16 + 16 * count
            packet = data[offset:offset + length]
            if 10 <= length <= 8192:
                return data[headers[1][0]:headers[1][2]], packet
    return None


def compare(args):
    """Runs program and oracle over the same messages. Each one comes a second
    time with one bit of its header flipped."""
    made = []
    for name in args.what:
        cutting = [cut(name)] if os.path.exists(name) else messages([name])
        made += [one for one in cutting if one]
    if args.spoil:
        made += [(header[:-1] + bytes([header[-1] ^ 1]), packet)
                 for header, packet in made]
    oracle = subprocess.run([args.oracle, args.home, str(args.now)],
                            input=encode(made), capture_output=True,
                            check=True).stdout.decode().splitlines()
    *expected, cpu = oracle
    got = []
    with tempfile.TemporaryDirectory() as folder:
        child = Child([args.program, f"home={args.home}",
                       f"messages={folder}", f"now={args.now}"],
                      encode(made), args.deadline)
        for kind, index, reason, body, note in child.reports():
            if kind == FAULT:
                print("fault", reason, note)
            if kind == R_VERDICT:
                verdict, _, _, fpr, _, _ = VERDICT.unpack(body[:VERDICT.size])
                got.append(f"{index} accept {text(fpr)}" if verdict == 1
                           else f"{index} refuse")
        _, _, usage = os.wait4(child.process.pid, 0)
        child.process.returncode = 0
        child.writer.join()
    for one, other in zip(expected, got):
        if one != other:
            print(f"differ: oracle '{one}', program '{other}'")
    accepted = sum(" accept" in line for line in got)
    print("messages", len(made), "accepted", accepted, "equal",
          sum(one == other for one, other in zip(expected, got)))
    ours = (usage.ru_utime + usage.ru_stime) * 1000
    theirs = float(cpu.split()[1])
    print(f"# ms of CPU a message: program {ours / len(made):.3f}, "
          f"oracle {theirs / len(made):.3f}, ratio {theirs / ours:.1f}")


def broken_stream(what):
    good = encode(messages(["rsa", "rsa"]))
    size = MESSAGE.size
    first = good[:size]
    magic, kind, index, header, packet = MESSAGE.unpack(first)
    rest = good[size:]
    return {
        "magic": MESSAGE.pack(1, kind, index, header, packet) + rest,
        "type": MESSAGE.pack(magic, 7, index, header, packet) + rest,
        "huge-header": MESSAGE.pack(magic, 1, index, 1 << 30, packet) + rest,
        "huge-packet": MESSAGE.pack(magic, 1, index, header, 9000) + rest,
        "empty-packet": MESSAGE.pack(magic, 1, index, header, 0) + rest,
        "order": MESSAGE.pack(magic, 1, 9, header, packet) + rest,
        "count": good[:-size] + MESSAGE.pack(magic, 2, 1, 0, 0),
        "no-end": good[:-size],
        "half": good[:len(good) // 2],
        "trailing": good + b"x",
        "nothing": b"",
    }[what]


def raw(args):
    with tempfile.TemporaryDirectory() as folder:
        argv = [args.program, f"home={args.home}", f"messages={folder}",
                f"now={args.now}"]
        child = Child(argv, broken_stream(args.what), args.deadline)
        for kind, index, reason, _, note in child.reports():
            if kind == R_VERDICT:
                print(index, "verdict")
            elif kind != JAILED:
                end_line(kind, index, reason, note)
        child.end()


def write_keys(args):
    os.makedirs(args.dir, exist_ok=True)
    for name, content in ring.files().items():
        with open(f"{args.dir}/{name}.asc", "w") as f:
            f.write(content)
    with open(f"{args.dir}/fingerprints", "w") as f:
        for key in (ring.trusted, ring.foreign, ring.subkey):
            print(key.__name__, key().fingerprint().hex().upper(), file=f)


def main():
    parser = argparse.ArgumentParser()
    parser.set_defaults(gpg=None, now=int(time.time()), deadline=60.0)
    commands = parser.add_subparsers(required=True)

    p = commands.add_parser("make-home")
    p.set_defaults(run=make_home)
    p.add_argument("program")
    p.add_argument("home")
    p.add_argument("keyfile", nargs="*")
    p.add_argument("--allow", action="append")
    p.add_argument("--gpg")
    p = commands.add_parser("judge")
    p.set_defaults(run=judge)
    p.add_argument("program")
    p.add_argument("home")
    p.add_argument("spec", nargs="*")
    p.add_argument("--gpg")
    p.add_argument("--now", type=int)
    p.add_argument("--deadline", type=float)
    p = commands.add_parser("compare")
    p.set_defaults(run=compare)
    p.add_argument("program")
    p.add_argument("oracle")
    p.add_argument("home")
    p.add_argument("what", nargs="+")
    p.add_argument("--now", type=int)
    p.add_argument("--no-spoil", dest="spoil", action="store_false")
    p = commands.add_parser("raw")
    p.set_defaults(run=raw)
    p.add_argument("program")
    p.add_argument("home")
    p.add_argument("what")
    p = commands.add_parser("keys")
    p.set_defaults(run=write_keys)
    p.add_argument("dir")

    args = parser.parse_args()
    for name, value in parser._defaults.items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)
    args.run(args)


if __name__ == "__main__":
    main()
