#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Damages a bundle in every small way and ingests what comes out.

    flips.py BUILD KEY-FILE PACKAGE WORK-DIR KIND STRIDE

KIND: bits       every single-bit flip of the bundle
      repacked   every single-bit flip of the package, with MANIFEST made good
      cuts       every length that is too short
      inserted   one byte more at every offset
      deleted    one byte less at every offset
Takes one of STRIDE of them. Each must be refused, with a class that names
the delivery and not the program, and change nothing; or publish byte for
byte what the good bundle publishes. Prints how many were run; exit status 1
and one line for each that was not as it must be.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bundle
from machine import STATUS, Machine, published, snapshot

JOBS = int(os.environ.get("JOBS", os.cpu_count()))
ANY = "--any-request"
NAMES = ("format", "limit", "name", "digest", "media", "signature", "key",
         "policy")
REFUSALS = {STATUS[name] for name in NAMES}


def flip(data, bit):
    at = bit // 8
    return data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1:]


class Victim:
    def __init__(self, package):
        self.package = package
        self.nevra = bundle.nevra_of(package)
        self.bundle = self.pack(package)

    def pack(self, package):
        return bundle.bundle([bundle.Package(package, self.nevra)])

    def damages(self, kind):
        """How many there are, and the function that makes number i."""
        data = self.bundle
        return {
            "bits": (8 * len(data), lambda i: flip(data, i)),
            "repacked": (8 * len(self.package),
                         lambda i: self.pack(flip(self.package, i))),
            "cuts": (len(data), lambda i: data[:i]),
            "inserted": (len(data) + 1,
                         lambda i: data[:i] + b"\x41" + data[i:]),
            "deleted": (len(data), lambda i: data[:i] + data[i + 1:]),
        }[kind]


class Worker:
    """One machine on which nothing was ever published."""

    def __init__(self, template, where):
        self.template, self.where = template, where
        self.machine = template.copy(where)
        self.before = snapshot(self.machine.repository)
        self.refused, self.same, self.wrong = 0, 0, []

    def run(self, number, data, good):
        source = self.where / "damaged.bundle"
        source.write_bytes(data)
        result = self.machine.ingest(source, ANY)
        if result.left or self.machine.leftovers():
            self.wrong.append(f"{number}: something is left behind")
        elif result.status == 0:
            self.accepted(number, good)
        elif result.status not in REFUSALS or not result.json:
            self.wrong.append(f"{number}: status {result.status}: "
                              f"{result.err[:200]}{result.detail}")
        elif snapshot(self.machine.repository) != self.before:
            self.wrong.append(f"{number}: refused, and published")
        else:
            self.refused += 1

    def accepted(self, number, good):
        if published(self.machine.repository) != good:
            self.wrong.append(f"{number}: published other bytes")
        else:
            self.same += 1
        self.machine.remove()
        self.machine = self.template.copy(self.where)


def run_all(template, work, numbers, make, good):
    def work_through(n):
        worker = Worker(template, work / f"worker{n}")
        for i in numbers[n::JOBS]:
            worker.run(i, make(i), good)
        return worker

    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(work_through, range(JOBS)))


def main(build, key, package, work, kind, stride):
    work = Path(work)
    victim = Victim(Path(package).read_bytes())
    template = Machine(build, work / "template", key)
    source = work / "good.bundle"
    source.write_bytes(victim.bundle)
    # Refused, but not before it has built the key home for all copies.
    cut = work / "cut.bundle"
    cut.write_bytes(victim.bundle[:-1])
    first = template.ingest(cut, ANY)
    reference = template.copy(work / "reference")
    done = reference.ingest(source, ANY)
    if first.status not in REFUSALS or done.status:
        sys.exit(f"the good bundle: {first.out}{done.out}{done.err}")
    total, make = victim.damages(kind)
    numbers = list(range(min(7, int(stride) - 1), total, int(stride)))
    workers = run_all(template, work, numbers, make,
                      published(reference.repository))
    refused, same = (sum(getattr(w, f) for w in workers)
                     for f in ("refused", "same"))
    print(f"{kind}: {len(numbers)} of {total} run, {refused} refused, "
          f"{same} published the same bytes")
    wrong = [line for w in workers for line in w.wrong]
    print("\n".join(wrong[:40]))
    sys.exit(bool(wrong) or refused + same != len(numbers))


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:])
