#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of "The same streams, both receivers" of sallyport-qrexec(7):

    qfile-rows.py MANUAL DIR PACKAGE OTHER-PACKAGE

writes the stream of each row into DIR and prints "FILE CODE ROW"; fails when
the manual has a row without a stream or the other way round.
"""

import os
import re
import sys

from qfile import END, record


def streams(data, other):
    whole = record("a.rpm", data) + END
    return {
        "a correct stream": whole,
        "nothing but the end marker": END,
        "nothing at all": b"",
        "an end inside a header": whole[:20],
        "an end inside the contents": whole[:1000],
        "no end marker": whole[:-len(END)],
        "bytes behind the end marker": whole + b"behind",
        "the same name, another package":
            record("a.rpm", data) + record("a.rpm", other) + END,
        "another name, the same package":
            record("a.rpm", data) + record("b.rpm", data) + END,
        "a link": record("a.rpm", b"target", mode=0o120777) + END,
        "a directory": record("a.rpm", b"", mode=0o040755) + END,
        "a directory with a bad name":
            record("../a.rpm", b"", mode=0o040755) + END,
        "a fifo": record("a.rpm", b"", mode=0o010644) + END,
        "a name with two dots": record("../a.rpm", data) + END,
        "a name from the root": record("/a.rpm", data) + END,
        "a name with a line end": record("a\nb.rpm", data) + END,
        "a name with an escape": record("\x1b[2J.rpm", data) + END,
        "a name of one NUL": record(b"\0", data) + END,
        "a name with a directory": record("a/b.rpm", data) + END,
        "a name of no package": record("a.sh", data) + END,
        "a name without a NUL": record(b"a.rpm", data) + END,
        "a name with a NUL inside": record(b"a\0b.rpm\0", data) + END,
        "a name of more than 255 bytes":
            record("a" * 252 + ".rpm", data) + END,
        "a name of 16384 bytes":
            record("a.rpm", data, name_size=16384) + END,
        "a setuid file": record("a.rpm", data, mode=0o104755) + END,
        "a second of 10^9 ns": record("a.rpm", data, nsec=10**9) + END,
        # Of the two that the policy of the test allows.
        "too many files": record("a.rpm", data) + record("b.rpm", other) +
            record("c.rpm", data) + END,
        "too many bytes": record("a.rpm", data, size=2**40) + END,
    }


def main():
    manual, target, *packages = sys.argv[1:]
    with open(manual, encoding="ascii") as text:
        rows = re.findall(r"^\.It ([a-z][^\n]*) Ta (\d+|none) Ta (\d+)$",
                          text.read(), re.M)
    blobs = []
    for package in packages:
        with open(package, "rb") as file:
            blobs.append(file.read())
    known = streams(*blobs)
    told = [row for row, _, _ in rows]
    if sorted(told) != sorted(known):
        sys.exit(f"not the same rows: {set(told) ^ set(known)}")
    for number, (row, _, code) in enumerate(rows):
        path = os.path.join(target, f"row-{number}")
        with open(path, "wb") as file:
            file.write(known[row])
        print(f"row-{number}", code, row)


main()
