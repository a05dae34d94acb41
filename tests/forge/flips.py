#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ingests every small damage of a small signed bundle.

    flips.py BUILD [--every N] [--layer L]... [--kind K]... [--keep FILE]
             [--until-wrong]

damage.py says what the damages are, trial.py what must become of each. Takes
one of N, and the last of each kind; damages that give equal bytes are run
once, and JOBS side by side. --keep: results go to FILE as they come, and
those of the same programs, day and test that are there are not made again.

Prints a line for each damage that was not as it must be, counts for each
layer and kind, and the sums. Exit status 1 if there was such a damage.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import damage
from trial import Trial, prepare

JOBS = int(os.environ.get("JOBS", os.cpu_count()))
SHARD = 128


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
    """Of victim, programs and judges: results of others are not ours."""
    here = Path(__file__).parent
    scripts = [Path(m.__file__) for name, m in sys.modules.items()
               if Path(getattr(m, "__file__", None) or "/").parent == here
               and name != "__main__"]
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
    return str(shard), TRIAL.run(*shard)


def start_trials(template, victim, good, work, number):
    global TRIAL  # of this process: multiprocessing knows no other place
    with number.get_lock():
        number.value += 1
    TRIAL = Trial(template, victim, good, work / f"trial{number.value}")


def run_all(todo, kept, until_wrong, *setting):
    number = multiprocessing.Value("i", 0)
    with multiprocessing.Pool(JOBS, start_trials, (*setting, number)) as pool:
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
    print(f"{len(todo)} shards, {len(todo) - len(new)} of them run before")
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
