#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packs packages and the metadata of repositories into a bundle.

    evidence.py OUT [request ID]... [repo LABEL DIR]... [package FILE]...

DIR has repodata/repomd.xml, beside it repomd.xml.sig (not armored), and the
primary metadata; what is missing is left out. Everything is taken as it is,
true or not.
"""
import gzip
import re
import sys
from pathlib import Path

import bundle


def metadata(directory):
    """(kind, data) of what is there, in the order of MANIFEST."""
    repodata = Path(directory) / "repodata"
    repomd = repodata / "repomd.xml"
    if repomd.exists():
        yield "repomd", repomd.read_bytes()
    if (repodata / "repomd.xml.sig").exists():
        yield "signature", (repodata / "repomd.xml.sig").read_bytes()
    plain = repodata / "primary.xml"
    if plain.exists():
        yield "primary", plain.read_bytes()
        return
    found = re.search(r'href="(repodata/[^"]*primary\.xml\.gz)"',
                      repomd.read_text() if repomd.exists() else "")
    if found and (Path(directory) / found.group(1)).exists():
        yield "primary", gzip.decompress(
            (Path(directory) / found.group(1)).read_bytes())


def main(out, *words):
    requests, pieces, packages = [], [], []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "request":
            requests.append(words.pop(0))
        elif word == "repo":
            label, directory = words.pop(0), words.pop(0)
            pieces += [(label, kind, data) for kind, data
                       in metadata(directory)]
        else:
            data = Path(words.pop(0)).read_bytes()
            packages.append(bundle.Package(data, bundle.nevra_of(data)))
    packages = bundle.in_order(packages)
    order = {"repomd": 1, "signature": 2, "primary": 3, "comps": 4}
    pieces.sort(key=lambda p: (p[0], order[p[1]]))
    lines = [f"evidence e{i:04} {len(data)} {bundle.digest(data)} {kind} "
             f"{label}\n" for i, (label, kind, data) in enumerate(pieces, 1)]
    text = bundle.manifest(packages, requests=sorted(requests))
    head, total = text.rsplit("total ", 1)
    at = head.find("package ") if packages else len(head)
    count = len(packages) + len(pieces)
    size = sum(len(p.data) for p in packages) + sum(len(p[2]) for p in pieces)
    sealed = bundle.seal(head[:at] + "".join(lines) + head[at:] +
                         f"total {count} {size}\n")
    parts = [bundle.member("MANIFEST", sealed)]
    parts += [bundle.member(f"e{i:04}", p[2])
              for i, p in enumerate(pieces, 1)]
    parts += [bundle.member(f"p{i:06}.rpm", p.data)
              for i, p in enumerate(packages, 1)]
    Path(out).write_bytes(b"".join(parts) + bytes(2 * bundle.BLOCK))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
