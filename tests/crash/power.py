#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cuts the power at every moment of a publisher's work, on real file systems.

    power.py BUILD-DIR [--fs ext4,xfs,btrfs] [--states N] [--seed N]
             [--fault NAME | --teeth] [--jobs N]          (as root)

An ingest, a second one over it, a rollback, an ingest that is killed and one
that recovers from it run on a disk of our own that notes each write and
flush. From them come states: what the disk can hold when the power fails
(blocks.py). Each is mounted, as after a reboot, and judged:

  - what dnf opens is the repository before the step or after it, complete:
    names, modes, times and digests of all files; after it, if the step had
    reported success;
  - every generation that can be rolled back to is complete;
  - `sallyport status` says so;
  - the same command again succeeds, and leaves what an undisturbed run does.

Prints "N states, N torn" for each file system and for all. A state that the
file system itself cannot mount is counted apart; it is no state of ours.
States that show equal trees are judged once. --fault seeds one mistake of
faults.c and succeeds if it is found; --teeth does so with all of them.
"""

import argparse
import fcntl
import hashlib
import json
import multiprocessing
import os
import queue
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import blocks  # noqa: E402
from mounts import (Skip, attach, mount, private_mounts, run,  # noqa: E402
                    unmount)
from view import View, tree  # noqa: E402
from work import FILE_SYSTEMS, Record, StepFailed, Work  # noqa: E402

BLKFLSBUF = 0x1261  # linux/fs.h
FAULTS = ("no-sync", "no-syncfs", "no-fsync", "no-file-fsync",
          "no-dir-fsync", "early-flip", "late-place", "in-place",
          "no-recovery", "seen-removal")


# ---- the judgement ----------------------------------------------------------

class Judge:
    """One process with a disk of its own."""

    def __init__(self, work, record):
        self.work, self.record = work, record
        self.known = {}
        descriptor, self.path = tempfile.mkstemp(dir="/dev/shm",
                                                 prefix="sp-power.")
        self.file = os.fdopen(descriptor, "r+b", buffering=0)
        self.file.truncate(record.size)
        self.device = attach(self.path)
        os.unlink(self.path)

    def close(self):
        run("losetup", "--detach", self.device)
        self.file.close()

    def fill(self, image):
        self.file.truncate(0)
        self.file.truncate(self.record.size)
        run_start, data = None, []
        for number, block in sorted(image.items()):
            if run_start is None or number != run_start + len(data):
                self.flush(run_start, data)
                run_start, data = number, []
            data.append(block)
        self.flush(run_start, data)
        device = os.open(self.device, os.O_RDONLY)
        fcntl.ioctl(device, BLKFLSBUF, 0)
        os.close(device)

    def flush(self, start, data):
        if data:
            os.pwrite(self.file.fileno(), b"".join(data),
                      start * blocks.BLOCK)

    def judge(self, state):
        """"" or what is wrong; None if the file system cannot be mounted and
        a write of its own is torn."""
        self.fill(state.image(self.record.items).all_blocks())
        try:
            mount(self.device, self.work.mnt, self.record.kind,
                  self.record.fs.options)
        except OSError as fault:
            # File systems count on sectors, or blocks, that are never torn.
            return None if state.is_torn() else f"cannot be mounted: {fault}"
        try:
            return self.look(state)
        finally:
            unmount(self.work.mnt)

    def look(self, state):
        try:
            shown = repr((sorted(tree(self.work.state, True).items()),
                          state.fewest, state.most))
        except OSError as fault:
            return f"the file system cannot be read: {fault}"
        key = hashlib.sha256(shown.encode()).digest()
        if key not in self.known:
            try:
                self.known[key] = "; ".join(self.faults(state))
            except (OSError, ValueError) as fault:
                self.known[key] = f"not a repository: {fault}"
        return self.known[key]

    def faults(self, state):
        view, record = View(self.work.state), self.record
        seen = view.readers()
        # Whenever it was: the one before the step or the one after it.
        for ended in range(state.fewest, state.most + 1):
            if seen not in record.views[ended:ended + 2]:
                yield ("neither old nor new" if seen not in record.views else
                       f"generation {view.current()} after step {ended}")
                break
        for number, found in view.published().items():
            if found != record.whole.get(number):
                yield f"half of generation {number}"
        yield from self.status_faults(view)
        step = min(state.most, len(self.work.steps) - 1)
        yield from self.again_faults(view, self.work.steps[step][3])

    def status_faults(self, view):
        done = run(*self.work.command("status"), env=self.work.environment(""))
        if done.returncode:
            yield f"status ends with {done.returncode}"
            return
        said = json.loads(done.stdout)["generation"] or 0
        if said != view.current():
            yield f"status says {said}, not {view.current()}"

    def again_faults(self, view, step):
        name, command, _, _ = self.work.steps[step - 1]
        done = run(*command, env=self.work.environment(""))
        if done.returncode:
            yield (f"{name} again ends with {done.returncode}: "
                   f"{done.stdout.strip()[-300:]}")
            return
        if view.readers() != self.record.views[step]:
            yield f"{name} again makes another repository"
        for number, found in view.published().items():
            if found != self.record.whole.get(number):
                yield f"{name} again leaves half of generation {number}"
        rest, wanted = view.rest(), self.record.rests[step]
        if rest != wanted:
            names = [n for n in sorted(rest.keys() | wanted.keys())
                     if rest.get(n) != wanted.get(n)]
            yield f"{name} again leaves another {' '.join(names[:3])}"


def judge_some(work, record, chunks, results):
    private_mounts()
    judge = Judge(work, record)
    try:
        while (chunk := chunks.get()) is not None:
            for state in chunk:
                results.put((judge.judge(state), str(state)))
    finally:
        judge.close()
        results.put((len(judge.known), None))


class Totals:
    def __init__(self):
        self.states = self.torn = self.unmounted = self.trees = 0


def judge_all(work, record, states, jobs, until_torn):
    chunks, results = multiprocessing.Queue(), multiprocessing.Queue()
    size = max(1, min(64, len(states) // (jobs * 4) or 1))
    for first in range(0, len(states), size):
        chunks.put(states[first:first + size])
    for _ in range(jobs):
        chunks.put(None)
    workers = [multiprocessing.Process(
        target=judge_some, args=(work, record, chunks, results), daemon=True)
        for _ in range(jobs)]
    for worker in workers:
        worker.start()
    totals, left = Totals(), jobs
    while left:
        verdict, what = results.get()
        if what is None:
            totals.trees += verdict
            left -= 1
        elif verdict is None:
            totals.unmounted += 1
        else:
            totals.states += 1
            totals.torn += verdict != ""
            if verdict:
                if totals.torn <= 10:
                    print(f"torn: {record.kind}: {what}: {verdict}".strip(),
                          flush=True)
                if until_torn:
                    drain(chunks, jobs)
    for worker in workers:
        worker.join()
    return totals


def drain(chunks, jobs):
    try:
        while True:
            chunks.get_nowait()
    except queue.Empty:
        pass
    for _ in range(jobs):
        chunks.put(None)


# ---- the sweeps -------------------------------------------------------------

def sweep(work, kind, options, fault=""):
    with open("/proc/filesystems", encoding="ascii") as file:
        if kind not in file.read().split():
            raise Skip("the kernel does not have it")
    if not shutil.which("mkfs." + kind):
        raise Skip(f"there is no mkfs.{kind}")
    record = Record(work, kind, fault)
    states = blocks.plan(record.items, record.base, record.marks,
                         options.states, options.seed)
    flushes = record.items.count(None)
    print(f"{kind}: {len(record.items) - flushes} writes, {flushes} flushes, "
          f"{len(states)} different states", flush=True)
    started = time.monotonic()
    totals = judge_all(work, record, states, options.jobs, fault != "")
    print(f"{kind}: {totals.states} states, {totals.torn} torn"
          f" ({totals.trees} trees judged, {totals.unmounted} not mounted, "
          f"{time.monotonic() - started:.0f} s)", flush=True)
    return totals


def find_fault(work, kinds, options, fault):
    """The first file system that shows it is enough."""
    for kind in kinds:
        try:
            if sweep(work, kind, options, fault).torn:
                print(f"seeded fault {fault}: found on {kind}", flush=True)
                return True
        except StepFailed as why:
            print(f"seeded fault {fault}: found, {why}", flush=True)
            return True
        except Skip as why:
            print(f"SKIPPED: {kind}: {why}", flush=True)
    print(f"seeded fault {fault}: NOT FOUND", flush=True)
    return False


def sweep_all(work, kinds, options):
    states = torn = skipped = 0
    for kind in kinds:
        try:
            totals = sweep(work, kind, options)
        except Skip as why:
            print(f"SKIPPED: {kind}: {why}", flush=True)
            skipped += 1
            continue
        states += totals.states
        torn += totals.torn
    print(f"{states} states, {torn} torn"
          + (f", {skipped} file systems SKIPPED" if skipped else ""))
    return states > 0 and torn == 0


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("build")
    parser.add_argument("--fs", default=",".join(FILE_SYSTEMS))
    parser.add_argument("--states", type=int, default=22000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", choices=FAULTS)
    parser.add_argument("--teeth", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.geteuid() != 0:
        sys.exit("power: mounting needs root")
    private_mounts()
    kinds = options.fs.split(",")
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sp-power.") as folder:
        work = Work(options.build, folder)
        if options.teeth or options.fault:
            faults = FAULTS if options.teeth else [options.fault]
            missed = [f for f in faults
                      if not find_fault(work, kinds, options, f)]
            print(f"{len(faults)} seeded faults, {len(missed)} missed")
            return 1 if missed else 0
        return 0 if sweep_all(work, kinds, options) else 1


sys.exit(main())
