#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the attack table against the programs.

    hostile.py BUILD TABLE-DIR WORK-DIR

Each row three times: alone through `verify`, in a bundle of its own through
`ingest`, and together with all others of its key file through `inspect`.
Writes WORK-DIR/results.tsv: id, "ok" or what was wrong, exit status, word,
what a delivery of it leaves in the history.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bundle
import rpm
from machine import STATUS, Machine

ANY = "--any-request"

JOBS = int(os.environ.get("JOBS", os.cpu_count()))
# A file too short to have a head cannot be described in a MANIFEST.
SHORTEST = bundle.MIN_HEAD
# With such a key file no package is looked at.
KEY_FILE_WORDS = ("key-file", "no-keys", "duplicate-key-id")


class Row:
    def __init__(self, line, folder):
        (self.id, file, key, self.cls, self.want, self.nevra,
         self.title) = line.rstrip("\n").split("\t")
        self.file, self.key = folder / file, folder / key

    def fits(self):
        return self.file.stat().st_size >= SHORTEST

    def kept(self):
        """deliver() insists on the record."""
        return "record" if self.fits() else "no-delivery"


def read_table(folder):
    with open(folder / "table.tsv", encoding="utf-8") as table:
        return [Row(line, folder) for line in table]


def by_key(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    return groups


# ---- verify -----------------------------------------------------------------

def verify(build, work, key, rows):
    """{id: complaint} of one run of `verify` over many files."""
    machine = Machine(build, work, key)
    result = machine.run("verify", *(row.file for row in rows))
    lines = {Path(cells[1]).stem: cells for cells in
             (line.split("\t") for line in result.out.splitlines())}
    wrong = {row.id: judge_keys(result, row) if row.want in KEY_FILE_WORDS
             else judge_line(lines.get(row.id), row) for row in rows}
    refused = [row for row in rows if row.want != "accept"]
    status = STATUS[refused[0].cls] if refused else 0
    if result.status != status:
        wrong[rows[0].id] += f" exit status {result.status}, not {status}"
    if result.left:
        wrong[rows[0].id] += f" processes left: {result.left}"
    return wrong


def judge_keys(result, row):
    """The run as a whole is refused: one sentence, no line."""
    if result.out or f"({row.cls}, {row.want})" not in result.err:
        return f"verify: {result.out}{result.err}"
    return ""


def judge_line(cells, row):
    if cells is None or len(cells) != 6:
        return f"verify: no line: {cells}"
    want = (["accept", "-", "-"] if row.want == "accept"
            else ["refuse", row.cls, row.want])
    got = [cells[0], cells[2], cells[3]]
    if got != want:
        return f"verify: {got}, expected {want}"
    if row.want == "accept" and "-" in cells[4:]:
        return f"verify: no name or fingerprint: {cells}"
    return ""


# ---- ingest -----------------------------------------------------------------

def write_bundle(path, rows):
    path.write_bytes(bundle.bundle(
        [bundle.Package(row.file.read_bytes(), row.nevra) for row in rows]))


def ingest_refused(machine, work, rows):
    """Refusals change nothing, so that one machine serves them all."""
    wrong = {}
    for row in rows:
        source = work / f"{row.id}.bundle"
        write_bundle(source, [row])
        wrong[row.id] = "; ".join(
            "ingest: " + w for w in machine.deliver(
                source, row.cls, row.want, ANY))
    return wrong


# Signature, SHA-256 of the header, size: no other tag is made.
MADE = {62, 267, 268, 273, 270, 1000}


def foreign_parts(published, source, file):
    """What is in a published package and neither signed nor made by us."""
    lead, signatures, padding, rest = rpm.parts(published)
    evr = file.rsplit(".", 2)[0].encode()
    wrong = []
    if lead != (b"\xed\xab\xee\xdb\3\0" + bytes(4) + evr[:65].ljust(66, b"\0")
                + b"\0\0\0\5" + bytes(16)):
        wrong.append(f"a foreign lead: {lead}")
    if not set(rpm.tags(signatures)) <= MADE:
        wrong.append(f"foreign signature tags: {rpm.tags(signatures)}")
    if padding.strip(b"\0") or rest != rpm.parts(source)[3]:
        wrong.append("other bytes than were signed")
    return wrong


def ingest_accepted(base, work, row):
    machine = base.copy(work / f"{row.id}.machine")
    source = work / f"{row.id}.bundle"
    write_bundle(source, [row])
    wrong = machine.deliver(source, "done", "accept", ANY)
    name, evr, arch = row.nevra.split(" ")
    file = f"{name}-{evr.split(':')[1]}.{arch}.rpm"
    got = sorted(os.listdir(machine.repository / "rpm")) if not wrong else []
    if not wrong and got != [file]:
        wrong = [f"published {got}, expected {file}"]
    elif not wrong:
        wrong = foreign_parts((machine.repository / "rpm" / file).read_bytes(),
                              row.file.read_bytes(), file)
    machine.remove()
    return {row.id: "; ".join("ingest: " + w for w in wrong)}


def inspect(machine, work, rows):
    """All rows of a key in one bundle: inspect goes on to the end."""
    source = work / f"{rows[0].key.stem}.all"
    write_bundle(source, rows)
    result = machine.run("inspect", "--json", ANY, f"file:{source}")
    # The bundle has them in the order of their names.
    order = sorted(rows, key=lambda row: [f.encode()
                                          for f in row.nevra.split(" ")])
    packages = result.json.get("packages", [])
    if rows[0].want in KEY_FILE_WORDS:
        packages = [result.json]
    if len(packages) != len(order):
        return {rows[0].id: f"inspect: {len(packages)} of {len(order)}: "
                            f"{result.err[:200]}"}
    got = ((row, p.get("detail") or "accept")
           for row, p in zip(order, packages))
    return {row.id: f"inspect: {detail}" for row, detail in got
            if detail != row.want}


# ---- all of it --------------------------------------------------------------

def base_machine(build, work, key, honest):
    """A machine that trusts the key, with something published on it, so that
    "unchanged" says more than "still empty"."""
    machine = Machine(build, work, key)
    if honest:
        write_bundle(work / "honest.bundle", [honest])
        machine.ingest(work / "honest.bundle", ANY)
    return machine


def jobs(build, work, rows):
    """Functions without arguments, each returns {id: complaint}."""
    for key, group in by_key(rows).items():
        here = work / key.stem
        honest = next((r for r in group if r.want == "accept"), None)
        fit = [r for r in group if r.fits()]
        refused = [r for r in fit if r.want != "accept"]
        for n in range(0, len(group), 40):
            part = group[n:n + 40]
            yield lambda k=key, w=here / f"verify{n}", p=part: verify(
                build, w, k, p)
        for n in range(0, len(refused), 40):
            part = refused[n:n + 40]
            yield lambda k=key, w=here / f"refused{n}", h=honest, p=part: (
                ingest_refused(base_machine(build, w, k, h), w, p))
        base = base_machine(build, here / "base", key, None)
        for row in fit:
            if row.want == "accept":
                yield lambda b=base, w=here, r=row: ingest_accepted(b, w, r)
        yield lambda b=base, w=here, r=fit: inspect(b, w, r)


def main(build, table, work):
    table, work = Path(table), Path(work)
    rows = read_table(table)
    wrong = {row.id: [] for row in rows}
    with ThreadPoolExecutor(JOBS) as pool:
        for found in pool.map(lambda job: job(), jobs(build, work, rows)):
            for row_id, complaint in found.items():
                if complaint:
                    wrong[row_id].append(complaint)
    with open(work / "results.tsv", "w", encoding="utf-8") as results:
        for row in rows:
            results.write(f"{row.id}\t{'; '.join(wrong[row.id]) or 'ok'}\t"
                          f"{STATUS[row.cls]}\t{row.want}\t{row.kept()}\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
