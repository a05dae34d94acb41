#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps what was shown, and writes it onto one page:

    report.py run TARGET...     runs make TARGET, keeps the result in
                                docs/record/TARGET
    report.py page              writes docs/PROOF.md of what is kept

A record is what the target printed last, with the date, the commit, the time
it took and how it ended. Nothing is kept of a tree with changes of its own.
A target that fails is NOT HELD, and one that names a budget OVER. The page says
where a commit is not in its own history, and sums what fuzzers ever executed.
"""
import datetime
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "fuzz"))
from run import Counters  # noqa: E402

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
RECORDS = os.path.join(TOP, "docs", "record")
PAGE = os.path.join(TOP, "docs", "PROOF.md")

# target; what it shows; how many of its last lines are the result
PROOFS = [
    ("check-root", "Every promise has a test: unit programs and suites with "
     "real packages, keys, jails, dnf and block devices", 1),
    ("check-hostile", "Each attack that has a name: refused as expected, and "
     "nothing of it published", 4),
    ("check-asan", "The same with the address and undefined sanitizers", 1),
    ("check-xen", "Xen, two domains, a stick: every carrier on the real "
     "thing, and hostile peers", 2),
    ("check-crash", "An ingest is stopped anywhere: the repository is the "
     "old one or the new one", 9),
    ("check-faults", "A call or an allocation of any other command fails: no "
     "crash, no wrong answer", 2),
    ("check-long", "Every bit, every cut, every byte of a bundle, and four "
     "readers of it", 46),
    ("prove", "No undefined behaviour in the parsers of unverified bytes, "
     "for all inputs", 16),
    ("prove-teeth", "The proof sees a check that is taken away", 25),
    ("mutate", "The tests see a mutant of the code that reads unverified "
     "bytes", 14),
    ("cover", "What the tests reach", 12),
    ("check-analyze", "Analyzers, valgrind and the memory sanitizer find "
     "nothing", 12),
    ("fuzz", "Each parser under a fuzzer", 29),
    ("size", "How much code there is", 13),
    ("bench PRESET=update", "What an ingest costs: 300 packages, 1 GB", 24),
    ("bench PRESET=wide", "5,000 packages, 41 MB", 24),
    ("bench PRESET=huge", "40 packages, 4 GB", 22),
    ("bench PRESET=small", "20 packages, 20 MB", 21),
    ("bench-plot", "Cost grows with packages and bytes, not faster", 11),
    ("bench-send", "What carrying costs", 3),
    ("bench-vchan", "What a vchan costs", 1),
    ("bench-solve", "What a solve costs, beside dnf", 8),
    ("bench-download", "What a download costs, beside dnf, aria2c and curl",
     39),
]


def git(*words):
    return subprocess.run(["git", "-C", TOP, *words], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def record_of(target):
    return os.path.join(RECORDS, re.sub(r"[^a-z0-9]+", "-", target.lower()))


def neutral(line):
    """Without colours and without the place of this checkout."""
    line = re.sub(r"\x1b\[[0-9;]*m", "", line.split("\r")[-1].rstrip())
    return line.replace(TOP, ".")


def result_lines(output, count):
    lines = [neutral(line) for line in output.split("\n")]
    lines = [line for line in lines
             if line and not re.match(r"make(\[\d+\])?: ", line)]
    return lines[-count:]


def run(target):
    known = {name: count for name, _, count in PROOFS}
    if target not in known:
        sys.exit("report: no proof is called '%s'" % target)
    changed = git("status", "--porcelain", "--", ".", ":!docs/record",
                  ":!docs/PROOF.md")
    if changed:
        sys.exit("report: commit these first:\n" + changed)
    start = time.monotonic()
    done = subprocess.run(["make", "-C", TOP, "--no-print-directory",
                           *target.split()], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    minutes = (time.monotonic() - start) / 60
    lines = result_lines(done.stdout, known[target])
    os.makedirs(RECORDS, exist_ok=True)
    with open(record_of(target), "w", encoding="utf-8") as out:
        print("%s, commit %s, %.0f min, %s" % (
            datetime.datetime.now(datetime.timezone.utc).date(),
            git("rev-parse", "--short=12", "HEAD"), minutes,
            how_it_ended(done.returncode, lines)), file=out)
        print("\n".join(lines), file=out)
    return done.returncode


def how_it_ended(status, lines):
    if status != 0:
        return "NOT HELD (status %d)" % status
    return "NOT HELD" if any(l.endswith(" OVER") for l in lines) else "held"


def section(target, shows):
    yield "## " + shows
    yield ""
    yield "    make " + target
    yield ""
    if not os.path.exists(record_of(target)):
        yield "No run is kept."
        yield ""
        return
    with open(record_of(target), encoding="utf-8") as kept:
        head, *lines = kept.read().rstrip("\n").split("\n")
    yield head + gone(head) + ":"
    yield ""
    yield from ("    " + line for line in lines)
    yield ""
    if target == "fuzz":
        yield from ever_executed()


def gone(head):
    """A history that was written anew has other names for its commits."""
    commit = re.search(r"commit (\w+)", head).group(1)
    here = subprocess.run(["git", "-C", TOP, "merge-base", "--is-ancestor",
                           commit, "HEAD"], stderr=subprocess.DEVNULL)
    return "" if here.returncode == 0 else " (of a history written anew since)"


def ever_executed():
    """Of each target, in every build: docs/record/fuzz-counters."""
    kept = Counters(Path(record_of("fuzz-counters")))
    yield ("All runs that were counted (`docs/record/fuzz-counters`, by build); "
           "each crash")
    yield "is mended and its input kept:"
    yield ""
    for target in sorted(kept.targets(),
                         key=lambda target: (-kept.executions(target), target)):
        crashes = kept.crashes(target)
        yield "    %-10s %13s executions%s" % (
            target, f"{kept.executions(target):,}",
            ", %d crashes" % crashes if crashes else "")
    yield ""


def page():
    yield "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->"
    yield "# What was shown, and how to show it again"
    yield ""
    yield ("Each section is the end of a real run, with its day, its commit "
           "and how it")
    yield ("ended. `tests/report.py run TARGET` makes one anew, `make report` "
           "this page.")
    yield ""
    for target, shows, _ in PROOFS:
        yield from section(target, shows)


def main():
    if sys.argv[1:2] == ["run"] and len(sys.argv) > 2:
        sys.exit(max(run(target) for target in sys.argv[2:]))
    if sys.argv[1:] != ["page"]:
        sys.exit(__doc__)
    with open(PAGE, "w", encoding="utf-8") as out:
        out.write("\n".join(page()).rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
