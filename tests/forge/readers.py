# SPDX-License-Identifier: GPL-2.0-or-later
"""Four readers of one stream: our gate, libarchive, Python's tarfile, GNU tar.

Each says what it read as a Reading. Two readers read alike when both are ok
and name the same members with the same bytes at the same places.
"""

import hashlib
import io
import re
import subprocess
import tarfile
from dataclasses import dataclass

BLOCK = 512
SECONDS = 60


@dataclass
class Reading:
    members: list  # (name, "file" or "other", offset of the data, size, digest)
    end: str       # "ok", or why the reader gave up

    def __bool__(self):
        return self.end == "ok"


# ---- gate and libarchive: tests/differ/read.c -------------------------------

def by_driver(program, streams):
    """[(gate, libarchive)] of many streams in one process."""
    text = subprocess.run(
        [program], check=True, stdout=subprocess.PIPE,
        input=b"".join(len(s).to_bytes(4, "little") + s for s in streams)
    ).stdout.decode()
    lines = [reading_of(line) for line in text.splitlines()]
    assert len(lines) == 2 * len(streams)
    return list(zip(lines[::2], lines[1::2]))


def reading_of(line):
    _, *words, end = line.split("\t")
    return Reading([(words[i], words[i + 1], int(words[i + 2]),
                     int(words[i + 3]), words[i + 4])
                    for i in range(0, len(words), 5)], end)


# ---- tarfile ----------------------------------------------------------------

def by_tarfile(data):
    reading = Reading([], "ok")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            read_members(tar, len(data), reading)
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as e:
        reading.end = type(e).__name__
    return reading


def read_members(tar, length, reading):
    while reading and (member := tar.next()):
        if len(reading.members) > length // BLOCK:
            reading.end = "endless"  # a negative size leads back
        elif member.isreg() and not 0 <= member.size <= length:
            reading.end = "too large"
        else:
            read_member(tar, member, reading)


def read_member(tar, member, reading):
    plain = member.type == tarfile.REGTYPE
    content = tar.extractfile(member).read() if member.isreg() else b""
    if member.isreg() and len(content) != member.size:
        reading.end = "truncated"
        return
    reading.members.append((member.name, "file" if plain else "other",
                            member.offset_data, member.size,
                            hashlib.sha256(content).hexdigest()))


# ---- GNU tar ----------------------------------------------------------------

LINE = re.compile(rb"block (\d+): (.)\S+ \S+ +(\d+) \S+ \S+ (.*)")
MARK = re.compile(rb"block \d+: \*\* Block of NULs \*\*")


def by_gnu_tar(path):
    """Extracts to its standard output: all contents there, the list on the
    other one. The sizes of the list say which content is whose."""
    try:
        done = subprocess.run(
            ["tar", "--extract", "--to-stdout", "--block-number", "-vv",
             "--quoting-style=escape", "--file", path],
            env={"LC_ALL": "C", "TZ": "UTC0", "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Reading([], "endless")
    reading, at = Reading([], "ok" if done.returncode == 0 else "failed"), 0
    for line in done.stderr.splitlines():
        found = LINE.fullmatch(line)
        if not found:
            if not MARK.fullmatch(line):
                reading.end = line.decode(errors="replace")
            continue
        block, kind, size, name = found.groups()
        content = done.stdout[at:at + int(size)]
        at += len(content)
        reading.members.append((name.decode(errors="replace"),
                                "file" if kind == b"-" else "other",
                                int(block) * BLOCK, int(size),
                                hashlib.sha256(content).hexdigest()))
    if reading and at != len(done.stdout):
        reading.end = "more content than members"
    return reading
