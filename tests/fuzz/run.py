#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs fuzz targets and says what they did.

    run.py [OPTION]... --build KIND=DIR... TARGET...

    --build KIND=DIR  fuzz-TARGET in DIR; KIND is how it was built: asan with
                      the sanitizers, fast with traps of undefined behaviour
                      alone, afl with AFL++ and the sanitizers
    --work DIR        where corpora grow and finds are kept (build-fuzz/work)
    --seeds DIR       what seeds.py wrote (build-fuzz/seeds)
    --minutes N       for each target, shared by its builds (1)
    --runs N          so many executions of each build instead
    --counters FILE   adds to the executions of all runs that are kept there,
                      unless the tree has changes of its own
    --commit ID       what the programs were built from (the present commit)

A line for each target: executions of this run by build, executions a second,
edges reached of those in the program, inputs that reach them, crashes, and
the executions of all runs that were counted. The status is 1 when something
was found.
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


def last_number(pattern, text):
    found = re.findall(pattern, text, re.MULTILINE)
    return int(found[-1]) if found else 0


class Run:
    """One build of one target, and what its fuzzer said."""

    def __init__(self, kind, program, options):
        self.kind, self.program, self.options = kind, program, options
        self.name = program.name.removeprefix("fuzz-")
        self.executions = self.edges = self.all_edges = self.corpus = 0
        self.finds, self.seconds = 0, 0.0

    def dictionary(self):
        path = HERE / "dict" / f"{self.name}.dict"
        return path if path.exists() else None

    def inputs(self):
        """Folders that are there: what seeds.py made, what is kept."""
        both = (self.options.seeds / self.name, HERE / "corpus" / self.name)
        return [d for d in both if d.is_dir() and any(d.iterdir())]

    def limit(self, runs, seconds):
        if self.options.runs:
            return runs.format(self.options.runs)
        share = self.options.minutes * 60 / len(self.options.build)
        return seconds.format(max(1, int(share)))

    def execute(self, command):
        """Runs it; what it wrote is kept beside its corpus."""
        log = self.options.work / f"{self.name}-{self.kind}.log"
        start = datetime.datetime.now()
        with open(log, "wb") as out:
            done = subprocess.run(command, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=out, check=False)
        self.seconds = (datetime.datetime.now() - start).total_seconds()
        return done.returncode, log.read_text(errors="replace")


class LibFuzzer(Run):
    def command(self, work, finds):
        yield from (str(self.program), str(work), *map(str, self.inputs()))
        yield from (f"-artifact_prefix={finds}/{self.name}-",
                    "-print_final_stats=1", "-reload=0",
                    f"-timeout={TIMEOUT_SECONDS}",
                    f"-report_slow_units={TIMEOUT_SECONDS}",
                    f"-rss_limit_mb={MEMORY_MB}",
                    self.limit("-runs={}", "-max_total_time={}"))
        if self.dictionary():
            yield f"-dict={self.dictionary()}"

    def run(self):
        work, finds = self.options.work / self.name, self.options.work / "finds"
        work.mkdir(parents=True, exist_ok=True)
        finds.mkdir(exist_ok=True)
        before = set(finds.iterdir())
        status, text = self.execute(list(self.command(work, finds)))
        self.executions = last_number(
            r"stat::number_of_executed_units: (\d+)", text) or last_number(
                r"^#(\d+)\t", text)
        self.edges = last_number(r" cov: (\d+)", text)
        self.all_edges = last_number(r"\((\d+) inline 8-bit counters", text)
        self.corpus = last_number(r" corp: (\d+)", text)
        self.finds = max(len(set(finds.iterdir()) - before), int(status != 0))


class Afl(Run):
    """Finds stay in crashes and hangs of its own folder."""

    def run(self):
        out = self.options.work / "afl" / self.name
        out.mkdir(parents=True, exist_ok=True)
        command = ["afl-fuzz", "-i", str(self.inputs()[0]), "-o", str(out),
                   *self.limit("-E {}", "-V {}").split(), "-t", "10000",
                   "-m", "none"]
        if self.dictionary():
            command += ["-x", str(self.dictionary())]
        os.environ.update(AFL_NO_UI="1", AFL_NO_AFFINITY="1",
                          AFL_SKIP_CPUFREQ="1", AFL_AUTORESUME="1",
                          AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1")
        before = self.stats(out)
        status, _ = self.execute([*command, "--", str(self.program)])
        after = self.stats(out)
        self.executions = after.get("execs_done", 0) - before.get(
            "execs_done", 0)
        self.edges = after.get("edges_found", 0)
        self.all_edges = after.get("total_edges", 0)
        self.corpus = after.get("corpus_count", 0)
        self.finds = max(after.get("saved_crashes", 0) +
                         after.get("saved_hangs", 0), int(status != 0))

    @staticmethod
    def stats(out):
        path = out / "default" / "fuzzer_stats"
        text = path.read_text() if path.exists() else ""
        return {key: int(value) for key, value in
                re.findall(r"^(\w+) *: (\d+)$", text, re.MULTILINE)}


# ---- the executions of all runs ---------------------------------------------

class Counters:
    """Lines of target, build, executions, seconds, crashes, day, commit."""

    HEAD = "# target build executions seconds crashes last-day last-commit\n"

    def __init__(self, path):
        self.path, self.kept = path, {}
        if path and path.exists():
            for line in path.read_text().splitlines()[1:]:
                cells = line.split()
                self.kept[cells[0], cells[1]] = cells

    def add(self, run, commit):
        key = (run.name, run.kind)
        old = self.kept.get(key, [*key, 0, 0, 0])
        day = datetime.datetime.now(datetime.timezone.utc).date()
        self.kept[key] = [*key, *(str(n) for n in (
            int(old[2]) + run.executions, int(old[3]) + round(run.seconds),
            int(old[4]) + run.finds, day, commit))]
        text = self.HEAD + "".join(" ".join(self.kept[k]) + "\n"
                                   for k in sorted(self.kept))
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.rename(self.path)

    def targets(self):
        return {name for name, _ in self.kept}

    def executions(self, target):
        return self.total(target, 2)

    def crashes(self, target):
        return self.total(target, 4)

    def total(self, target, cell):
        return sum(int(cells[cell]) for (name, _), cells in self.kept.items()
                   if name == target)


def git(*words):
    return subprocess.run(["git", "-C", str(HERE), *words], text=True,
                          stdout=subprocess.PIPE, check=True).stdout.strip()


def counted(options):
    """(Counters, commit); nothing is counted of a tree with changes."""
    if not options.counters:
        return Counters(None), None
    if options.commit:
        return Counters(options.counters), options.commit
    if git("status", "--porcelain", "--", ":/", ":/!docs/record",
           ":/!docs/PROOF.md"):
        print("not counted: the tree has changes of its own")
        options.counters = None
        return Counters(None), None
    return Counters(options.counters), git("rev-parse", "--short=12", "HEAD")


# ---- the table ---------------------------------------------------------------

def show(name, *cells):
    print("%-10s" % name + "".join(" %13s" % cell for cell in cells),
          flush=True)


def head(options):
    kinds = [kind for kind, _ in options.build]
    show("target", *kinds, *(f"{kind}/s" for kind in kinds), "edges",
         "corpus", "crashes", "ever")


def row(runs, counters):
    best = max(runs, key=lambda run: run.edges)
    ever = counters.executions(best.name)
    show(best.name, *(f"{run.executions:,}" for run in runs),
         *(f"{run.executions / max(run.seconds, 1):,.0f}" for run in runs),
         f"{best.edges:,}/{best.all_edges:,}", f"{best.corpus:,}",
         sum(run.finds for run in runs), f"{ever:,}" if ever else "-")


def build_of(text):
    kind, _, folder = text.partition("=")
    if kind not in ("asan", "fast", "afl") or not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"no build: '{text}'")
    return kind, Path(folder)


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--build", action="append", required=True,
                        type=build_of)
    parser.add_argument("--work", type=Path, default=Path("build-fuzz/work"))
    parser.add_argument("--seeds", type=Path, default=Path("build-fuzz/seeds"))
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--counters", type=Path)
    parser.add_argument("--commit")
    return parser


def main():
    if len(sys.argv) < 2 or "--help" in sys.argv:
        sys.exit(__doc__)
    options = arguments().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    counters, commit = counted(options)
    finds = 0
    head(options)
    for target in options.targets:
        runs = [(Afl if kind == "afl" else LibFuzzer)(
            kind, folder / f"fuzz-{target}", options)
                for kind, folder in options.build]
        for run in runs:
            run.run()
            finds += run.finds
            if options.counters:
                counters.add(run, commit)
        row(runs, counters)
    print(f"{len(options.targets)} targets, {finds} crashes"
          + (f": see {options.work}" if finds else ""))
    sys.exit(1 if finds else 0)


if __name__ == "__main__":
    main()
