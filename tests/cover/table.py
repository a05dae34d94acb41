#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests reached:

    table.py BUILD-DIR [--missing PART]

Lines, branches and conditions (MC/DC) by part, of everything that a build
with COVER=1 has run since its counters were last removed. The parts are those
of tests/lint/size.sh. --missing lists what a part lacks. Fails when a part is
below what it must reach.

A line that bears `unreached: REASON` in a comment is not asked for: it, and
the branches that it holds, are taken out of the count, listed, and counted
behind the figures of their part.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))

# What must be reached: per cent of lines and of branches.
GROUPS = {
    "unverified bytes": ({"unverified"}, 100.0, 100.0),
    "signed metadata": ({"signed"}, 100.0, 100.0),
    "delivery path": ({"delivery", "base", "carriers", "single"}, 95.0, 90.0),
    "rest, trusted side": ({"records", "request", "round", "people",
                            "doctor"}, 95.0, 90.0),
    "networked side": ({"networked"}, 95.0, 90.0),
}
MARKER = re.compile(r"/\*.*unreached: ")


def tool(name):
    """A program of llvm, in the version of the compiler: 19 has MC/DC."""
    for candidate in (name + "-19", name):
        if shutil.which(candidate):
            return candidate
    sys.exit("table: there is no '%s'; run tests/deps.sh cover" % name)


def parts():
    """File -> part, as tests/lint/size.sh has it."""
    lines = subprocess.run([os.path.join(TOP, "tests/lint/size.sh")],
                           env=dict(os.environ, V="1"), cwd=TOP, check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    found = re.findall(r"^ +\d+ (\w+) +(\S+\.[ch])$", lines, re.M)
    return {name: part for part, name in found}


def programs(build):
    """All of them: what never ran counts as not reached."""
    for where in ("", "tests", "tests/unit", "tests/fuzz"):
        folder = os.path.join(build, where)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield path


def counted(build):
    """What llvm-cov says about each file, as JSON."""
    run = list(programs(build))
    with tempfile.TemporaryDirectory() as scratch:
        written = []
        for path in run:
            written.append(os.path.join(scratch, os.path.basename(path)))
            subprocess.run([path], check=True,
                           env={"SP_COVER_WRITE": written[-1]})
        merged = os.path.join(scratch, "merged")
        subprocess.run([tool("llvm-profdata"), "merge", "-o", merged,
                        *written], check=True)
        objects = [word for path in run for word in ("-object", path)]
        out = subprocess.run([tool("llvm-cov"), "export", "-skip-functions",
                              "-instr-profile", merged, *objects[1:]],
                             check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
    return json.loads(out)["data"][0]["files"]


def line_counts(segments, last):
    """Line -> how often, as llvm-cov shows it; lines without code are out."""
    counts, wrapped, at = {}, None, 0
    for line in range(1, last + 1):
        here = []
        while at < len(segments) and segments[at][0] == line:
            here.append(segments[at])
            at += 1
        entries = [s for s in here if s[3] and s[4]]
        starts_skip = here and not here[0][3] and here[0][4]
        mapped = not starts_skip and (
            (wrapped is not None and wrapped[3]) or bool(entries))
        if mapped:
            count = wrapped[2] if wrapped is not None and wrapped[3] else 0
            counts[line] = max([count] + [s[2] for s in entries])
        if here:
            wrapped = here[-1]
    return counts


class Reach:
    """What one file lacks and has."""

    def __init__(self, path, data):
        with open(path, encoding="utf-8") as source:
            self.text = source.read().split("\n")
        # The value of a macro belongs to the line that uses it.
        self.lines = {n: count for n, count in
                      line_counts(data["segments"], len(self.text)).items()
                      if not self.text[n - 1].startswith("#define")}
        self.marked = {n for n, text in enumerate(self.text, 1)
                       if MARKER.search(text)}
        self.branches = collections.defaultdict(lambda: [0, 0])
        for branch in data["branches"]:
            sides = self.branches[tuple(branch[:4])]
            sides[0] += branch[4]
            sides[1] += branch[5]
        self.conditions = collections.defaultdict(list)
        for record in data.get("mcdc_records", []):
            seen = self.conditions[tuple(record[:4])]
            seen[:] = [a or b for a, b in zip(seen, record[-1])] \
                if seen else list(record[-1])

    def missing(self):
        """(line, what) of everything that was not reached."""
        for line, count in self.lines.items():
            if count == 0 and line not in self.marked:
                yield line, "line"
        for (line, column, _, _), sides in self.branches.items():
            if line not in self.marked:
                for side, name in zip(sides, ("true", "false")):
                    if side == 0:
                        yield line, "column %d is never %s" % (column, name)

    def conditions_missing(self):
        for place, seen in self.conditions.items():
            if place[0] in self.marked:
                continue
            for number, independent in enumerate(seen, 1):
                if not independent:
                    yield place[0], "condition %d decides nothing" % number

    def numbers(self):
        """Lines, branches, conditions: (reached, of)."""
        lines = [c for n, c in self.lines.items() if n not in self.marked]
        sides = [s for p, both in self.branches.items()
                 if p[0] not in self.marked for s in both]
        conditions = [c for p, seen in self.conditions.items()
                      if p[0] not in self.marked for c in seen]
        return [(sum(1 for x in what if x), len(what))
                for what in (lines, sides, conditions)]


def per_cent(reached, of):
    """Rounded down, so that 100.0 means all."""
    return int(1000 * reached / of) / 10 if of else 100.0


def show(reaches, part_of):
    """What is not asked for, and the table. True when all reach enough."""
    marked = [(name, line) for name, reach in sorted(reaches.items())
              for line in sorted(reach.marked)]
    print("  taken out of the count, with a reason: %d lines" % len(marked))
    for name, line in marked:
        print("    %s:%d: %s" % (name, line,
                                 reaches[name].text[line - 1].strip()))
    good = True
    print("  %-20s %15s %7s %15s %7s %15s %7s" % (
        "", "lines", "", "branches", "", "MC/DC", ""))
    for group, (members, *least) in GROUPS.items():
        sums = [[0, 0], [0, 0], [0, 0]]
        out = 0
        for name, reach in reaches.items():
            if part_of.get(name) in members:
                out += len(reach.marked)
                for total, number in zip(sums, reach.numbers()):
                    total[0] += number[0]
                    total[1] += number[1]
        row = "  %-20s" % group
        for reached, of in sums:
            row += " %15s %6.1f%%" % ("%d of %d" % (reached, of),
                                      per_cent(reached, of))
        short = any(per_cent(*total) < limit
                    for total, limit in zip(sums, least))
        row += "  but %d listed lines" % out
        print(row + ("   BELOW %g/%g" % tuple(least) if short else ""))
        good = good and not short
    return good


def show_missing(reaches, part_of, wanted):
    for name, reach in sorted(reaches.items()):
        if wanted in (part_of.get(name), name):
            for line, what in sorted([*reach.missing(),
                                      *reach.conditions_missing()]):
                print("%s:%d: %s: %s" % (name, line, what,
                                         reach.text[line - 1].strip()))


def main():
    words = argparse.ArgumentParser(description="coverage by part")
    words.add_argument("build")
    words.add_argument("--missing", metavar="PART-OR-FILE")
    args = words.parse_args()
    part_of = parts()
    reaches = {}
    for data in counted(args.build):
        name = os.path.relpath(os.path.join(TOP, data["filename"]), TOP)
        if name in part_of:
            reaches[name] = Reach(os.path.join(TOP, name), data)
    if args.missing:
        show_missing(reaches, part_of, args.missing)
    elif not show(reaches, part_of):
        sys.exit(1)


if __name__ == "__main__":
    main()
