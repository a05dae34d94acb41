#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person reads when the attacks are taken in: one for each word.

    golden.py BUILD WORK-DIR

WORK-DIR holds forged/, manifests/ and containers/ as their scripts make
them. Prints word, id, and the file that holds stderr, in the order of the
words.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hostile import KEY_FILE_WORDS, SHORTEST, read_table, write_bundle
from machine import Machine

ANY = "--any-request"
JOBS = int(os.environ.get("JOBS", os.cpu_count()))


def cases(folder):
    with open(folder / "cases.tsv", encoding="utf-8") as table:
        for line in table:
            cells = line.rstrip("\n").split("\t")
            options = [ANY] if cells[-1] else []
            yield cells[2], cells[0], folder / cells[1], options


def first_of_each(work):
    """{word: (id, bundle, key file, options)}: the first row of each word."""
    found = {}
    for row in read_table(work / "forged"):
        if (row.want in KEY_FILE_WORDS or row.want in found or
                row.file.stat().st_size < SHORTEST):
            continue
        source = work / f"{row.id}.bundle"
        write_bundle(source, [row])
        found[row.want] = row.id, source, row.key, [ANY]
    trusted = work / "forged" / "keys" / "trusted.asc"
    for name in ("containers", "manifests"):
        for word, case, source, options in cases(work / name):
            found.setdefault(word, (case, source, trusted, options))
    found.pop("accept", None)
    found.pop("downgrade", None)  # wants a machine that has something
    return found


def refuse(build, work, word, case, source, key, options):
    machine = Machine(build, work / f"golden-{word}", key)
    result = machine.run("ingest", "--progress=none", *options, source)
    said = work / f"{word}.stderr"
    said.write_text(result.err)
    if f", {word})" not in result.err:
        sys.exit(f"{case}: no '{word}': {result.err}")
    machine.remove()
    return word, case, said


def main(build, work):
    work = Path(work)
    found = first_of_each(work)
    with ThreadPoolExecutor(JOBS) as pool:
        jobs = [pool.submit(refuse, build, work, word, *found[word])
                for word in sorted(found)]
        for job in jobs:
            print(*job.result(), sep="\t")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
