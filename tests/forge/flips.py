#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ingests every small damage of a small signed bundle (see damage.py).

    flips.py BUILD [--every N] [--layer L]... [--kind K]... [--keep FILE]
             [--until-wrong]

Takes one of N, and the last of each kind. Each is a whole `sallyport ingest` with its jails and gpg, on
a machine where another package is published already. It must be refused with
a class that names the delivery and not the program, leave every file as it
was but one more record in the history, and no process. Or publish, byte for
byte, what the good bundle publishes: only where a package is damaged in what
its signature does not cover, and nowhere else. Two damages that give the
same bytes are run once.

--keep: results go to FILE as they come, and those of the same programs and
the same day that are there are not made again. JOBS says how many run side by
side. Prints a line for each layer and kind, one for each that was not as it must
be, and the sums. Exit status 1 if there was one.
"""

import argparse
import ctypes
import hashlib
import json
import multiprocessing
import os
import stat
import sys
import tempfile
from collections import Counter
from pathlib import Path

import damage
import rpm
from machine import STATUS, Machine, published

JOBS = int(os.environ.get("JOBS", os.cpu_count()))
ANY = "--any-request"
NAMES = ("format", "limit", "name", "digest", "media", "signature", "key",
         "policy")
REFUSALS = {STATUS[name]: name for name in NAMES}
PR_SET_CHILD_SUBREAPER = 36
SHARD = 128
# What a refusal may write: a record, the lock, the error for the sender.
WRITTEN = ("history", "updates", "updates/.lock", "updates/errors")


def adopt_orphans():
    """What the children of this process leave behind becomes its child."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def running_orphans(_session):
    """What stands for the processes that outlive a program."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass  # has ended, and waited for us
    except ChildProcessError:
        return []
    return ["one at least"]


def view(state):
    """Every file below a state directory with what the kernel says of its
    last change; no program can write without changing it."""
    found = {}
    for where, folders, files in os.walk(state):
        for name in folders + files:
            path = os.path.join(where, name)
            short = os.path.relpath(path, state)
            if short in WRITTEN or short.startswith("history/"):
                continue
            info = os.lstat(path)
            found[short] = (info.st_mode, info.st_ino, info.st_nlink,
                            info.st_uid, info.st_size, info.st_mtime_ns,
                            info.st_ctime_ns if stat.S_ISREG(info.st_mode)
                            else 0)
    return found


class Bench:
    """One process and one machine: runs damages one after the other."""

    def __init__(self, template, victim, good, where):
        adopt_orphans()
        self.template, self.victim, self.good = template, victim, good
        self.where = where
        self.signed_from = 8 * rpm.main_offset(victim.package)
        self.fresh()

    def fresh(self):
        self.machine = self.template.copy(self.where)
        self.machine.left = running_orphans
        self.before = view(self.machine.state)
        self.records = set(os.listdir(self.machine.state / "history"))

    def run(self, layer, kind, numbers):
        """{outcome: how many} and what was wrong."""
        outcomes, wrong = Counter(), []
        for i in numbers:
            data = self.victim.damage(layer, kind, i)
            if data is None:
                outcomes["again"] += 1
                continue
            outcome, complaint = self.ingest(data, layer, kind, i)
            outcomes[outcome] += 1
            if complaint:
                wrong.append(f"{layer} {kind} {i}: {complaint}")
        return dict(outcomes), wrong

    def ingest(self, data, layer, kind, i):
        source = self.where / "damaged.bundle"
        source.write_bytes(data)
        result = self.machine.ingest(source, ANY)
        if result.left:
            return "wrong", f"processes left: {result.left}"
        if result.status == 0:
            complaint = self.accepted(layer, kind, i)
            return ("wrong" if complaint else "same"), complaint
        complaint = self.refused(result)
        return ("wrong" if complaint else result.detail), complaint

    def accepted(self, layer, kind, i):
        """Why this may not be accepted, if it may not."""
        now = published(self.machine.repository)
        left = self.machine.leftovers()
        self.machine.remove()
        self.fresh()
        if now != self.good:
            return "other bytes are published"
        if left:
            return f"left behind: {left}"
        if layer != "package" or kind != "bits" or i >= self.signed_from:
            return "accepted, though its bytes are vouched for"
        return ""

    def refused(self, result):
        """What is wrong with this refusal, if anything."""
        changed = self.changes()
        new = set(os.listdir(self.machine.state / "history")) - self.records
        for record in new:
            (self.machine.state / "history" / record).unlink()
        (self.machine.state / "updates/errors").unlink(missing_ok=True)
        if changed:
            self.machine.remove()
            self.fresh()
            return f"refused, and changed {changed}"
        if len(new) != 1:
            return f"refused, with {len(new)} records of it"
        if REFUSALS.get(result.status, "") != result.reason:
            return f"status {result.status}: {result.out}{result.err[:200]}"
        return ""

    def changes(self):
        now = view(self.machine.state)
        return sorted(name for name in now.keys() | self.before.keys()
                      if now.get(name) != self.before.get(name))


def prepare(build, work):
    """A machine with something published, the victim, and what is published
    when the victim comes in whole."""
    keys = work / "key.asc"
    keys.write_text(damage.key_file())
    victim = damage.Victim("a")
    machine = Machine(build, work / "template", keys)
    deliver(machine, work, damage.Victim("before").bundle)
    reference = machine.copy(work / "reference")
    deliver(reference, work, victim.bundle)
    return machine, victim, published(reference.repository)


def deliver(machine, work, data):
    source = work / "good.bundle"
    source.write_bytes(data)
    done = machine.ingest(source, ANY)
    if done.status:
        sys.exit(f"a good bundle: {done.out}{done.err}")


# ---- all of it, in shards ---------------------------------------------------

def shards(victim, args):
    for layer in args.layer or damage.LAYERS:
        for kind in args.kind or damage.KINDS:
            total = victim.count(layer, kind)
            step = SHARD * args.every
            # Not always the first bit of a byte.
            for start in range(min(7, args.every - 1), total, step):
                numbers = range(start, min(start + step, total), args.every)
                yield layer, kind, numbers
            if total - 1 not in numbers:
                yield layer, kind, range(total - 1, total)


def identity(build, victim):
    """Of victim, programs and test: results of others are not ours."""
    here = Path(__file__).parent
    scripts = [Path(m.__file__) for m in sys.modules.values()
               if Path(getattr(m, "__file__", None) or "/").parent == here]
    programs = [build / f"sallyport{worker}"
                for worker in ("", "-unpack", "-check", "-verify")]
    what = hashlib.sha256(victim.bundle)
    for file in programs + sorted(scripts):
        what.update(file.read_bytes())
    return what.hexdigest()


class Kept:
    """Results of shards, in memory and, with a file, from run to run. What
    went wrong goes into no file: it is to be run again."""

    def __init__(self, path, name):
        self.shards, self.file = {}, None
        if not path:
            return
        lines = path.read_text().splitlines() if path.exists() else []
        fresh = lines[:1] != [name]
        for line in [] if fresh else lines[1:]:
            shard, *result = json.loads(line)
            self.shards[shard] = result
        self.file = open(path, "w" if fresh else "a", encoding="utf-8")
        if fresh:
            print(name, file=self.file, flush=True)

    def add(self, shard, result):
        self.shards[shard] = result
        if self.file and not result[1]:
            print(json.dumps([shard, *result]), file=self.file, flush=True)


def run_shard(shard):
    return str(shard), BENCH.run(*shard)


def start_bench(template, victim, good, work, number):
    global BENCH  # of this process: multiprocessing knows no other place
    with number.get_lock():
        number.value += 1
    BENCH = Bench(template, victim, good, work / f"bench{number.value}")


def run_all(todo, kept, until_wrong, *setting):
    number = multiprocessing.Value("i", 0)
    with multiprocessing.Pool(JOBS, start_bench, (*setting, number)) as pool:
        for shard, result in pool.imap_unordered(run_shard, todo):
            kept.add(shard, result)
            if result[1]:
                print("\n".join(result[1]), flush=True)
                if until_wrong:
                    return


def summary(layer, kind, total, outcomes):
    refused = sum(n for word, n in outcomes.items()
                  if word not in ("same", "again", "wrong"))
    text = (f"{layer} {kind}: {refused + outcomes['same']} of {total} run, "
            f"{refused} refused, {outcomes['same']} published the same")
    for word, says in (("again", "equal to one before"), ("wrong", "WRONG")):
        if outcomes[word]:
            text += f", {outcomes[word]} {says}"
    return text


def main(args, work):
    template, victim, good = prepare(args.build, work)
    todo = list(shards(victim, args))
    kept = Kept(args.keep, identity(args.build, victim))
    new = [shard for shard in todo if str(shard) not in kept.shards]
    print(f"{len(todo) - len(new)} of {len(todo)} shards were kept")
    run_all(new, kept, args.until_wrong, template, victim, good, work)
    sums, words = {}, Counter()
    for shard in todo:
        outcomes = kept.shards.get(str(shard), [{}])[0]
        sums.setdefault(shard[:2], Counter()).update(outcomes)
        words.update(outcomes)
    for (layer, kind), outcomes in sums.items():
        print(summary(layer, kind, victim.count(layer, kind), outcomes))
    print("refused as", ", ".join(f"{word} {n}" for word, n
                                  in words.most_common()
                                  if word not in ("same", "again", "wrong")))
    print(summary("all", "damages", sum(victim.count(*s) for s in sums), words))
    return bool(words["wrong"]) or not words


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("build", type=Path)
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--layer", action="append", choices=damage.LAYERS)
    p.add_argument("--kind", action="append", choices=damage.KINDS)
    p.add_argument("--keep", type=Path)
    p.add_argument("--until-wrong", action="store_true")
    return p.parse_args()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sp-flips.") as scratch:
        sys.exit(main(arguments(), Path(scratch)))
