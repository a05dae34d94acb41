#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the same streams with four readers, and looks for a difference.

    differ.py DRIVER [--mutants N] [--substitutions EVERY] [--seed S] STREAM...

DRIVER is the program of tests/differ/read.c. STREAM is a file with a good or
hostile container. Beside those: N mutants of the good ones among them, and
one of EVERY substitutions of a byte of a header by another.

Whatever the gate accepts, libarchive, GNU tar and Python's tarfile must read
as the gate does: the same names, sizes, places and contents. So what any two
of them read differently the gate must have refused. GNU tar needs a process
for each stream: it reads all that are accepted and one in fifty of the rest.
Prints the counts; keeps the stream of each difference. Exit status 1 if there
was one, 2 if nothing was accepted or nothing refused.
"""

import argparse
import multiprocessing
import os
import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path

import bundle
from mutants import SUBSTITUTIONS, Mutator, substitution
from readers import by_driver, by_gnu_tar, by_tarfile

JOBS = int(os.environ.get("JOBS", os.cpu_count()))
BATCH = 250
GNU_TAR_EVERY = 50
# The header of its package is substituted: some of the sizes that are one
# digit away still fit.
SUBSTITUTED = (bundle.member("MANIFEST", b"any text\n")
               + bundle.member("p000001.rpm", bytes(64))
               + bytes(2 * bundle.BLOCK))


class Judge:
    """Compares the readers over batches of streams."""

    def __init__(self, args, streams):
        self.driver, self.seed, self.every = (
            args.driver, args.seed, args.substitutions)
        self.streams = streams
        self.good = [data for data, (gate, _) in zip(
            streams, by_driver(self.driver, streams)) if gate]
        self.tasks = self.cut("files", len(streams))
        self.tasks += self.cut("mutants", args.mutants)
        if self.every:
            self.tasks += self.cut("substitutions",
                                   -(-SUBSTITUTIONS // self.every))

    @staticmethod
    def cut(kind, count):
        return [(kind, range(start, min(start + BATCH, count)))
                for start in range(0, count, BATCH)]

    def make(self, kind, numbers):
        if kind == "files":
            return [self.streams[i] for i in numbers]
        if kind == "mutants":
            mutator = Mutator(f"{self.seed} {numbers.start}", self.good)
            return [mutator.stream() for _ in numbers]
        return [substitution(SUBSTITUTED, 2 * bundle.BLOCK, i * self.every)
                for i in numbers]

    def batch(self, task):
        """(kind, {outcome: count}, differences) of one task."""
        streams = self.make(*task)
        counts, found = Counter(), []
        for i, (data, readings) in enumerate(
                zip(streams, by_driver(self.driver, streams))):
            gate, others = readings[0], {"libarchive": readings[1],
                                         "tarfile": by_tarfile(data)}
            if gate or i % GNU_TAR_EVERY == 0:
                others["GNU tar"] = read_by_gnu_tar(data)
            unlike = [n for n, other in others.items() if other != gate]
            counts[outcome(gate, unlike, list(others.values()))] += 1
            if gate and unlike:
                found.append((task[0], data, unlike))
        return task[0], counts, found


def read_by_gnu_tar(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return by_gnu_tar(file.name)


def outcome(gate, unlike, others):
    if gate:
        return "DIFFERENT" if unlike else "accepted"
    said = [r.members if r else None for r in others]
    return "disputed" if any(one != said[0] for one in said) else "refused"


def report(kind, counts):
    refused = counts["refused"] + counts["disputed"]
    return (f"{kind}: {counts.total()} streams, {counts['accepted']} accepted "
            f"and read alike, {refused} refused ({counts['disputed']} of them "
            f"the others read differently), {counts['DIFFERENT']} accepted "
            f"and READ DIFFERENTLY")


def keep(differences):
    folder = tempfile.mkdtemp(prefix="sp-differ.")
    for i, (kind, data, unlike) in enumerate(differences):
        path = Path(folder, f"{i}.bundle")
        path.write_bytes(data)
        if i < 20:
            print(f"{path} ({kind}): read differently by {', '.join(unlike)}")


def start(judge):
    global JUDGE  # of this process: multiprocessing knows no other place
    JUDGE = judge


def run(task):
    return JUDGE.batch(task)


def main(args):
    judge = Judge(args, [path.read_bytes() for path in args.stream])
    counts, differences = {}, []
    with multiprocessing.Pool(JOBS, start, (judge,)) as pool:
        for kind, counted, found in pool.imap_unordered(run, judge.tasks):
            counts.setdefault(kind, Counter()).update(counted)
            differences += found
    if differences:
        keep(differences)
    print(f"seed {args.seed}")
    for kind, counted in counts.items():
        print(report(kind, counted))
    every = sum(counts.values(), Counter())
    print(report("all", every))
    if differences:
        return 1
    return 0 if every["accepted"] and every["refused"] else 2


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("driver")
    p.add_argument("stream", type=Path, nargs="+")
    p.add_argument("--mutants", type=int, default=0)
    p.add_argument("--substitutions", type=int, default=0)
    p.add_argument("--seed", default=secrets.token_hex(4))
    return p.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
