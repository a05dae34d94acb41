#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ingests every case of a table of hostile bundles.

    deliver.py BUILD KEY-FILE BASE-BUNDLE CASES.TSV WORK-DIR

CASES.TSV has the columns id, file, word, class and more; the last column of a
case may hold options for ingest. BASE-BUNDLE is published first. Appends to
WORK-DIR/results.tsv: id, "ok" or what was wrong, exit status, word, and what
is in the history: of every delivery a record.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import STATUS, Machine, snapshot

JOBS = int(os.environ.get("JOBS", os.cpu_count()))
ANY = "--any-request"


def refuse(machine, case, source):
    """ANY belongs to a case unless its last column is empty."""
    options = [ANY] if case[-1] else []
    wrong = machine.deliver(source, case[3], case[2], *options)
    return wrong


def accept(base, case, source, where):
    machine = base.copy(where)
    before = snapshot(machine.repository)
    wrong = machine.deliver(source, "done", "accept", ANY)
    if not machine.said.get("packages"):
        if snapshot(machine.repository) != before:
            wrong.append("an empty bundle changed the repository")
    elif not machine.said.get("published"):
        wrong.append("it was not published")
    machine.remove()
    return wrong


def chain(build, key, base, cases, folder, where):
    """Some cases, one after another on one machine."""
    machine = Machine(build, where / "machine", key)
    first = machine.ingest(base, ANY)
    if first.status != 0:
        return {cases[0][0]: [f"the base bundle: {first.err} {first.out}"]}
    wrong = {}
    for case in cases:
        source = folder / case[1]
        if case[2] == "accept":
            wrong[case[0]] = accept(machine, case, source, where / case[0])
        else:
            wrong[case[0]] = refuse(machine, case, source)
    machine.remove()
    return wrong


def main(build, key, base, table, work):
    table, work = Path(table), Path(work)
    with open(table, encoding="utf-8") as lines:
        cases = [line.rstrip("\n").split("\t") for line in lines]
    with ThreadPoolExecutor(JOBS) as pool:
        chains = [pool.submit(chain, build, key, base, cases[n::JOBS],
                              table.parent, work / f"{table.parent.name}{n}")
                  for n in range(JOBS)]
    wrong = {}
    for done in chains:
        wrong.update(done.result())
    with open(work / "results.tsv", "a", encoding="utf-8") as results:
        for case in cases:
            found = wrong.get(case[0], ["it was not run"])
            results.write(f"{case[0]}\t{'; '.join(found) or 'ok'}\t"
                          f"{STATUS[case[3]]}\t{case[2]}\trecord\n")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
