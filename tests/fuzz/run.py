#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs fuzz targets and says what they did.

    run.py [OPTION]... PROGRAM...      programs called fuzz-NAME

    --work DIR        where corpora grow and finds are kept (build-fuzz/work)
    --seeds DIR       what seeds.py wrote
    --minutes N       for each target (1)
    --runs N          executions for each target instead
    --sanitizers X    what the programs were built with: asan, fast
    --commit ID       of what they were built from (the present one)
    --counters FILE   adds to the counters that are kept there

The table: edges reached, of those in the program. The counters: target,
sanitizers, executions, seconds, crashes of all runs so far; day and commit of
the last. The status is 1 when something was found.
"""
import argparse
import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# An input that takes so long is a find; a busy machine is not.
TIMEOUT_SECONDS = 300
MEMORY_MB = 1024
HEAD = ("target", "built", "executions", "exec/s", "edges", "corpus", "crashes")


class Run:
    """What libFuzzer said about one run."""

    def __init__(self, name, text, finds):
        self.name, self.finds = name, finds
        self.executions = self.number(
            r"stat::number_of_executed_units: (\d+)", text)
        if not self.executions:
            self.executions = self.number(r"^#(\d+)\t", text)
        self.edges = self.number(r" cov: (\d+)", text)
        self.all_edges = self.number(r"\((\d+) inline 8-bit counters", text)
        self.corpus = self.number(r" corp: (\d+)", text)

    @staticmethod
    def number(pattern, text):
        found = re.findall(pattern, text, re.MULTILINE)
        return int(found[-1]) if found else 0


def command(program, name, options):
    work = options.work / name
    seeds = options.seeds / name
    dictionary = HERE / "dict" / f"{name}.dict"
    work.mkdir(parents=True, exist_ok=True)
    yield from (str(program), str(work))
    yield from (str(d) for d in (seeds, HERE / "corpus" / name) if d.is_dir())
    yield f"-artifact_prefix={options.work}/finds/{name}-"
    yield from ("-print_final_stats=1", "-reload=0",
                f"-timeout={TIMEOUT_SECONDS}", f"-rss_limit_mb={MEMORY_MB}")
    if dictionary.exists():
        yield f"-dict={dictionary}"
    if options.runs:
        yield f"-runs={options.runs}"
    else:
        yield f"-max_total_time={max(1, int(options.minutes * 60))}"


def fuzz(program, options):
    """(Run, seconds)"""
    name = program.name.removeprefix("fuzz-")
    finds = options.work / "finds"
    finds.mkdir(parents=True, exist_ok=True)
    before = set(finds.iterdir())
    start = datetime.datetime.now()
    done = subprocess.run(list(command(program, name, options)),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    text = done.stderr.decode(errors="replace")
    seconds = (datetime.datetime.now() - start).total_seconds()
    (options.work / f"{name}.log").write_text(text)
    found = set(finds.iterdir()) - before
    if done.returncode != 0 and not found:
        sys.stderr.write("\n".join(text.splitlines()[-20:]) + "\n")
    return Run(name, text, max(len(found), int(done.returncode != 0))), seconds


def row(run, seconds, options):
    return (run.name, options.sanitizers, f"{run.executions:,}",
            f"{run.executions / max(seconds, 1):,.0f}",
            f"{run.edges:,}/{run.all_edges:,}", f"{run.corpus:,}",
            str(run.finds))


def show(cells):
    left = "%-10s %-5s" % cells[:2]
    print(left + " %14s %9s %14s %8s %8s" % cells[2:], flush=True)


def read_counters(path):
    kept = {}
    if path.exists():
        for line in path.read_text().splitlines()[1:]:
            cells = line.split()
            kept[cells[0], cells[1]] = cells
    return kept


def add_counters(path, run, seconds, options):
    kept = read_counters(path)
    key = (run.name, options.sanitizers)
    old = kept.get(key, [*key, "0", "0", "0"])
    kept[key] = [*key, str(int(old[2]) + run.executions),
                 str(int(old[3]) + round(seconds)),
                 str(int(old[4]) + run.finds),
                 str(datetime.datetime.now(datetime.timezone.utc).date()),
                 options.commit]
    path.write_text("# target sanitizers executions seconds crashes last "
                    "commit\n" + "".join(" ".join(kept[k]) + "\n"
                                         for k in sorted(kept)))


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("programs", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build-fuzz/work"))
    parser.add_argument("--seeds", type=Path, default=Path("build-fuzz/seeds"))
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--sanitizers", default="asan")
    parser.add_argument("--commit")
    parser.add_argument("--counters", type=Path)
    return parser


def main():
    if len(sys.argv) < 2 or "--help" in sys.argv:
        sys.exit(__doc__)
    options = arguments().parse_args()
    options.commit = options.commit or subprocess.run(
        ["git", "-C", str(HERE), "rev-parse", "--short=12", "HEAD"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    finds = 0
    show(HEAD)
    for program in options.programs:
        run, seconds = fuzz(program, options)
        show(row(run, seconds, options))
        finds += run.finds
        if options.counters:
            add_counters(options.counters, run, seconds, options)
    print(f"{len(options.programs)} targets, {finds} finds"
          + (f", in {options.work}/finds" if finds else ""))
    sys.exit(1 if finds else 0)


if __name__ == "__main__":
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=1")
    main()
