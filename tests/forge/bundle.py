#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs any bytes into a bundle, as a hostile packer would.

    bundle.py OUT PACKAGE[=NEVRA]...

writes a canonical bundle around the packages: the tar headers, the order and
all digests of MANIFEST are right, whatever the packages are. NEVRA is
"name epoch:version-release arch"; without it the name comes from the header
of the package when it has one.
"""

import hashlib
import sys
from pathlib import Path

import rpm

BLOCK = 512
MIN_HEAD = 128


def tar_header(name, size, **lies):
    """The one canonical ustar header; `lies` overwrite fields by offset."""
    block = bytearray(BLOCK)
    fields = {0: name if isinstance(name, bytes) else name.encode(),
              100: b"0000644", 108: b"0000000", 116: b"0000000",
              124: b"%011o" % size, 136: b"00000000000", 148: b" " * 8,
              156: b"0", 257: b"ustar\0" + b"00"}
    for at, data in fields.items():
        block[at:at + len(data)] = data
    for at, data in lies.get("at", {}).items():
        block[at:at + len(data)] = data
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name, data):
    return tar_header(name, len(data)) + data + bytes(-len(data) % BLOCK)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Package:
    """One package and what MANIFEST says about it; each part may lie."""

    def __init__(self, data, nevra, why="listed"):
        self.data, self.nevra, self.why = data, nevra, why
        self.size = len(data)
        self.head = max(rpm.head_size(data), MIN_HEAD)
        self.sha256 = digest(data[:self.head])
        self.name = None

    def line(self, number):
        name = self.name or f"p{number:06}.rpm"
        return (f"package {name} {self.size} {self.head} {self.sha256}"
                f" {self.nevra} {self.why}\n")


def in_order(packages):
    return sorted(packages, key=lambda p: [f.encode()
                                           for f in p.nevra.split(" ")])


def seal(text):
    text = text if isinstance(text, bytes) else text.encode()
    return text + b"end " + digest(text).encode() + b"\n"


def manifest(packages, requests=(), total=None):
    """MANIFEST without its end line; total = (members, bytes) may lie."""
    count, size = total or (len(packages), sum(p.size for p in packages))
    lines = ["bundle 1\n"]
    lines += [f"request {r}\n" for r in requests]
    lines += [p.line(i + 1) for i, p in enumerate(packages)]
    lines.append(f"total {count} {size}\n")
    return "".join(lines)


def around(sealed, blobs):
    """A whole bundle: a sealed MANIFEST, the members, the end marker."""
    parts = [member("MANIFEST", sealed)]
    parts += [member(f"p{i + 1:06}.rpm", b) for i, b in enumerate(blobs)]
    return b"".join(parts) + bytes(2 * BLOCK)


def bundle(packages, **manifest_lies):
    packages = in_order(packages)
    return around(seal(manifest(packages, **manifest_lies)),
                  [p.data for p in packages])


# ---- the name of a package --------------------------------------------------

def text_of(blob, tag):
    """A string or a number from the main header, as it stands there."""
    main = rpm.main_offset(blob)
    il = int.from_bytes(blob[main + 8:main + 12], "big")
    for at in range(main + 16, main + 16 + 16 * il, 16):
        got, kind, offset, _ = (int.from_bytes(blob[at + i:at + i + 4], "big")
                                for i in (0, 4, 8, 12))
        if got == tag:
            start = main + 16 + 16 * il + offset
            if kind == rpm.INT32:
                return str(int.from_bytes(blob[start:start + 4], "big"))
            return blob[start:blob.index(b"\0", start)].decode()
    return None


def nevra_of(blob):
    name, version, release, arch = (text_of(blob, t)
                                    for t in (1000, 1001, 1002, 1022))
    return f"{name} {text_of(blob, 1003) or 0}:{version}-{release} {arch}"


def main(out, *arguments):
    packages = []
    for argument in arguments:
        path, _, nevra = argument.partition("=")
        data = Path(path).read_bytes()
        packages.append(Package(data, nevra or nevra_of(data)))
    Path(out).write_bytes(bundle(packages))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
