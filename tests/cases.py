#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The index of the named attacks, tests/cases.tsv, against what was run:

    cases.py suites           names of the suites that hold the cases
    cases.py index BUILD      is the index whole, and does each test exist?
    cases.py verdict BUILD    how each case ended in the last run

A test says how a case ended by a line "# case ID STATUS WORD KEPT" (case_ended
in tests/bats/helpers.bash), and only behind all that it had to look at. A case
is as it must be when its test ran, passed, and said what the index says.
"""

import collections
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent
SECTIONS = {"A": 50, "B": 18, "C": 34, "D": 24, "E": 16, "F": 10, "G": 14,
            "H": 20, "I": 18, "J": 60, "K": 8, "L": 13}
NAMED = [f"{letter}{n:02}" for letter, count in SECTIONS.items()
         for n in range(1, count + 1)]
# What a test calls the end of a case that no word of refusal fits.
ENDS = {"accept": "0", "killed": "-", "refused": "-", "stopped": "-"}
# What there may be in the history of the machine.
KEPT = {"record", "not-begun", "no-delivery"}
# The least that a reason for "does not apply" can be said in.
REASON_CHARS = 40


class Case:
    """One line of the index."""

    def __init__(self, line):
        (self.id, self.what, self.status, self.word, self.kept,
         where) = line.split("\t")
        self.reason = where[5:] if where.startswith("n/a: ") else None
        self.places = {} if self.reason is not None else dict(
            (place.split(" ")[0], place.split(" ")[1:])
            for place in where.split("; "))

    def ends(self):
        """[(status, word, kept)]: one of a kind for all, or one for each."""
        columns = [c.split("|") for c in (self.status, self.word, self.kept)]
        most = max(map(len, columns))
        return list(zip(*(c * most if len(c) == 1 else c for c in columns),
                        strict=True))

    def kind(self):
        if self.word == "accept":
            return "harmless"
        return "told" if self.word.startswith("!") else "refused"


def read_index():
    with open(TOP / "cases.tsv", encoding="utf-8") as lines:
        return [Case(line.rstrip("\n")) for line in lines
                if line.strip() and not line.startswith("#")]


def leading_ids(name):
    """The ids that the name of a test begins with; "J01-J60" is a range."""
    found = []
    for word in name.split(" "):
        span = re.fullmatch(r"([A-Z])(\d\d)-\1(\d\d)", word)
        if span:
            found += [f"{span[1]}{n:02}" for n in
                      range(int(span[2]), int(span[3]) + 1)]
        elif re.fullmatch(r"[A-Z]+\d+[a-z0-9.-]*|CVE-[0-9-]+", word):
            found.append(word)
        else:
            break
    return found


# ---- the index alone --------------------------------------------------------

def tests_of(suite):
    path = TOP / "bats" / f"{suite}.bats"
    return re.findall(r'^@test "(.*)" \{', path.read_text(), re.M) \
        if path.exists() else []


def faults_of_place(case):
    if case.reason is not None:
        if len(case.reason) < REASON_CHARS:
            yield "does not say why it does not apply"
        return
    for suite, marks in case.places.items():
        ids = {i for name in tests_of(suite) for i in leading_ids(name)}
        if not ids:
            yield f"there is no suite {suite} with ids"
        for mark in marks:
            if mark not in ids and case.id not in ids:
                yield f"no test of {suite} has {mark} in its name"
        if not marks:
            yield "names no test"


def statuses(build):
    """{word: exit status} as the program itself explains them."""
    said = subprocess.run([build / "sallyport", "explain"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    found, status = {}, None
    for line in said.splitlines():
        head = re.match(r"[a-z]+, exit status (\d+)", line)
        status = head[1] if head else status
        word = re.match(r"  ([a-z0-9-]+) ", line)
        if word:
            found.setdefault(word[1], set()).add(status)
    # Of a file or a device that breaks off the medium is to blame.
    found["truncated"].add("9")
    return found


def index_faults(cases, build):
    count = collections.Counter(case.id for case in cases)
    known = statuses(build)
    for name in NAMED:
        if count[name] != 1:
            yield f"{name}: {count[name]} lines"
    for name in sorted(set(count) - set(NAMED)):
        if count[name] != 1 or not re.match(r"(rpm|flaw)-", name):
            yield f"{name}: {count[name]} lines of no known case"
    for case in cases:
        for fault in faults_of_place(case):
            yield f"{case.id}: {fault}"
        for status, word, kept in case.ends() if case.reason is None else []:
            if status not in (ENDS[word] if word in ENDS else
                              known.get(word.lstrip("!"), ())):
                yield f"{case.id}: {word} has not the status {status}"
            if kept not in KEPT or (word == "accept" and kept == "not-begun"):
                yield f"{case.id}: {word} does not leave {kept}"


# ---- a run ------------------------------------------------------------------

class Run:
    """What one suite printed: its tests, and the marks that each one made."""

    def __init__(self, path):
        self.marks = collections.defaultdict(list)  # id: [(end, test)]
        self.tests = {}  # name: "ok", "skipped" or "failed"
        pending = []
        for line in path.read_text(errors="replace").splitlines():
            mark = re.fullmatch(r"# case (\S+) (\S+) (\S+) (\S+)", line)
            test = re.match(r"(not ok|ok) \d+ (.*?)( # skip.*)?$", line)
            if mark:
                pending.append((mark[1], f"{mark[2]} {mark[3]} {mark[4]}"))
            elif test:
                self.tests[test[2]] = ("failed" if test[1] != "ok" else
                                       "skipped" if test[3] else "ok")
                for mark_id, end in pending:
                    self.marks[mark_id].append((end, test[2]))
                pending = []

    def nothing_said_of(self, case, mark):
        for name, how in self.tests.items():
            if how != "ok" and {mark, case.id} & set(leading_ids(name)):
                return f"{how}: {name}"
        return f"nothing says how {mark} ended"

    def judge(self, case, marks):
        """(what is wrong or None, names of the tests)"""
        names = []
        for mark in marks:
            if not self.marks[mark]:
                return self.nothing_said_of(case, mark), names
            for end, name in self.marks[mark]:
                if tuple(end.split(" ")) not in case.ends():
                    return f"{mark} ended with {end}", names
                if self.tests[name] != "ok":
                    return f"{self.tests[name]}: {name}", names
                names.append(name)
        return None, names


def read_runs(cases, results):
    return {suite: Run(results / f"{suite}.bats.tap")
            for suite in {suite for c in cases for suite in c.places}
            if (results / f"{suite}.bats.tap").exists()}


def judge(case, runs):
    """(what is wrong or None, "SUITE: TEST" of all), at all its places."""
    names = []
    for suite, marks in case.places.items():
        fault, found = (runs[suite].judge(case, marks) if suite in runs
                        else ("was not run", []))
        if fault:
            return f"{suite}: {fault}", names
        names += [f"{suite}: {name}" for name in found]
    return None, names


def shown(how, case, where):
    end = f"{case.status} {case.word}"
    return f"{case.id:<15} {how:<8} {end:<28} {case.what} [{where}]"


def verdict(cases, build):
    runs, ends, wrong = read_runs(cases, build / "results"), [], 0
    named = sum(case.id in NAMED for case in cases)
    # What does not apply stands last: the summary points there.
    for case in sorted(cases, key=lambda case: case.reason is not None):
        if case.reason is not None:
            ends.append("n/a")
            print(f"{case.id:<15} n/a      {case.what}: {case.reason}")
            continue
        fault, names = judge(case, runs)
        if fault:
            wrong += 1
            print(shown("WRONG", case, fault))
            continue
        ends.append(case.kind())
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(shown(ends[-1], case, f"{names[0]}{more}"))
    count = collections.Counter(ends)
    print(f"{named} of {len(NAMED)} named cases and {len(cases) - named} rows: "
          + (f"{wrong} NOT as expected, " if wrong else "")
          + f"{count['refused']} refused as expected and 0 bytes of them "
          f"published, {count['harmless']} harmless, {count['told']} published "
          f"and told, {count['n/a']} do not apply (reasons above)")
    return wrong == 0 and named == len(NAMED)


def main():
    command, *rest = sys.argv[1:] or [""]
    cases = read_index()
    if command == "suites" and not rest:
        print("\n".join(sorted({f"{TOP.name}/bats/{suite}.bats"
                                for c in cases for suite in c.places})))
    elif command == "index" and len(rest) == 1:
        faults = list(index_faults(cases, Path(rest[0])))
        print("\n".join(faults) or f"{len(cases)} lines")
        sys.exit(bool(faults))
    elif command == "verdict" and len(rest) == 1:
        whole = not list(index_faults(cases, Path(rest[0])))
        sys.exit(not (verdict(cases, Path(rest[0])) and whole))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    main()
