#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills an ingest before every single system call of the parent.

    sweep.py BUILD-DIR [--rounds R,...] [--calls C,...] [--step K]
             [--jobs N] [--teeth]

A first run under strace lists the calls, those of the loader too; then, one
run each, the parent is killed on entering call after call: into an empty
state, over a published one, and twice over what a killed run has left (the
rounds of inject.py, which judges what is left). --teeth seeds a publisher
that makes a generation current before it is in its place: that must be found
in each round that has a repository before. The last line is "N points, N
torn".
"""

import argparse
import collections
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inject import (Bench, Point, ROUNDS, TORN, faults,  # noqa: E402
                    judge_all)
from work import build_faults  # noqa: E402

STRACE = ("strace", "-qq")
FAULT = "late-place"
ENDS = ("execve", "exit_group")  # nothing is done before or behind


class Sweep:
    def __init__(self, bench, folder, fault):
        self.bench, self.trace = bench, folder + "/trace"
        self.strace = STRACE
        if fault:
            self.strace += ("-E", "SEED_FAULT=" + fault,
                            "-E", "LD_PRELOAD=" + build_faults(folder))

    def calls(self, what):
        """Each call of an undisturbed run, as (name, number of its kind)."""
        with self.bench.place() as place:
            place.fill(what.before)
            done = place.ingest(what.bundle, *self.strace, "-o", self.trace,
                                "--")
        if done.returncode:
            sys.exit("sweep: a traced run fails: " + done.stderr)
        count = collections.Counter()
        with open(self.trace, encoding="ascii", errors="replace") as file:
            for line in file:
                call = re.match(r"(\w+)\(", line)
                if call and call[1] not in ENDS:
                    count[call[1]] += 1
                    yield call[1], count[call[1]]

    def points(self, options):
        for name, what in self.bench.rounds.items():
            for call, at in self.calls(what):
                if not options.calls or call in options.calls.split(","):
                    yield (Point(name, "sallyport", call, at, "kill"),)

    def judge(self, points):
        (point,) = points
        with self.bench.place() as place:
            what = self.bench.rounds[point.round]
            place.fill(what.before)
            try:
                done = place.ingest(
                    what.bundle, *self.strace, "-o", "/dev/null", "-e",
                    "trace=" + point.call, "-e",
                    f"inject={point.call}:signal=SIGKILL:when={point.at}", "--")
            except subprocess.TimeoutExpired:
                return "it hangs"
            if done.returncode != -signal.SIGKILL:
                return None
            return "; ".join(faults(place, what, done, point))


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("build")
    parser.add_argument("--rounds", default=ROUNDS)
    parser.add_argument("--calls", default="")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--teeth", action="store_true")
    options = parser.parse_args()
    if options.teeth:
        options.rounds = ROUNDS.removeprefix("first,")
        options.calls, options.step = "renameat2", 1
    with tempfile.TemporaryDirectory(prefix="sp-sweep.",
                                     dir="/dev/shm") as folder:
        bench = Bench(options.build, folder, options.jobs, options.rounds)
        sweep = Sweep(bench, folder, FAULT if options.teeth else "")
        points = list(sweep.points(options))[::options.step]
        if options.teeth:
            return find_seeded(sweep, points, options.jobs)
        return judge_all(sweep, points, options.jobs)


def find_seeded(sweep, points, jobs):
    missed = [name for name in sweep.bench.rounds
              if judge_all(sweep, [p for p in points if p[0].round == name],
                           jobs) != TORN]
    print("seeded fault: " + ("NOT FOUND: " + " ".join(missed) if missed
                              else "found in each round"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
