#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes each call and each allocation of an ingest fail, in the jails too.

    inject.py BUILD-DIR [--programs P,...] [--calls C,...] [--errors E,...]
              [--rounds R,...] [--settings S] [--most M] [--step K]
              [--jobs N] [--twice N] [--seed N] [--teeth]

BUILD-DIR is one of `make FAULT=1` (shim.c). The rounds: `first` goes into an
empty state, `second` over a published one, `recover` is the run behind one
that was killed when its generation was placed and not yet current, and
`recover-late` brings another bundle behind one that was killed right when its
generation had become current. A first run counts the calls of
each program; then, one run each, call after call fails with error after
error (of these S at each call, others at the next), is short (one byte), or
has no memory, or its program is killed there. Afterwards

  - the repository is the old one or the new one, complete; the new one if
    the run says so;
  - the exit status is one of ours, with a reason and its word;
  - the same command again succeeds and leaves what an undisturbed run does.
    What was left is tried once: equal states are not tried again.

--most M takes M places at most, far from one another, of each call of a
program. --step K takes every Kth point. --twice N instead kills the parent at a
random call, and the next run too, N times (the seed is printed): whatever
the two have left, the third run must mend. Last of all each read and write of all
programs is short at once: that must succeed. --teeth seeds the fault that
must be found: a write of the parent that fails and says that it did not, as
it is for who does not look. The last line is "N points,
N torn"; points that a run did not come to are counted apart.
"""

import argparse
import collections
import concurrent.futures
import errno
import json
import os
import queue
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mounts import run  # noqa: E402
from view import View  # noqa: E402
from work import TOP, build_faults, fixtures_of, make_bundle  # noqa: E402

PROGRAMS = ("sallyport", "sallyport-unpack", "sallyport-check",
            "sallyport-verify", "sallyport-index",  # the last: not in all
            "sallyport-builder", "sallyport-metadata")  # in no ingest
ERRORS = ("ENOSPC", "EIO", "EINTR", "EDQUOT", "EMFILE", "ENOMEM", "EROFS",
          "EACCES")
HEAD = "<5i"  # program, call, error, at, failed: struct control of shim.c
EACH, NONE = 0, -1
KINDS = {"short": -1, "lie": -2, "kill": -3}
SIZED = ("read", "write", "pread", "pwrite", "sendfile")
SECONDS = 120
IO = 3  # exit status
TORN = 1  # of judge_all; 2 where no point was reached
# Behind a result that may not have gone out whole.
UNHEARD = "cannot write to standard output; what the command did stands"
UNCHANGED = ("has not changed", "is unchanged", "was not changed",
             "nothing was changed")

ALL_ERRORS = ERRORS + ("kill",)
ROUNDS = "first,second,recover,recover-late"

Point = collections.namedtuple("Point", "round program call at error")


def names_of_calls():
    with open(TOP + "/tests/crash/shim.c", encoding="ascii") as file:
        text = file.read()
    table = text[text.index("#define CALLS"):text.index("#define NAMED")]
    return [name for name in re.findall(r"X\((\w+)\)", table) if name != "X"]


CALLS = names_of_calls()


class Round:
    """What there was before, and what an undisturbed run leaves."""

    def __init__(self, bench, name, bundle, before):
        self.name, self.bundle, self.before = name, bundle, before
        self.old = View(before).readers()
        self.mended = set()  # states that the same command made good
        with bench.place() as place:
            place.fill(before)
            done = place.ingest(bundle)
            if done.returncode:
                sys.exit("inject: an ingest fails: " + done.stdout)
            view = View(place.state)
            self.new, self.rest = view.readers(), view.rest()
            self.whole = view.published() | View(before).published()
            self.counts = place.counts()


class Place:
    """A state directory and programs with a control block of their own."""

    def __init__(self, bench, folder):
        self.bench, self.folder = bench, folder
        self.state = folder + "/state"
        os.mkdir(folder)
        for name in PROGRAMS:
            if os.path.exists(f"{bench.build}/{name}"):
                shutil.copy2(f"{bench.build}/{name}", folder)
        self.size = struct.calcsize(HEAD) + 4 * len(PROGRAMS) * len(CALLS)
        self.control(NONE, NONE, 0, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bench.places.put(self)

    def control(self, program, call, error, at):
        head = struct.pack(HEAD, program, call, error, at, 0)
        with open(self.folder + "/faults", "wb") as file:
            file.write(head.ljust(self.size, b"\0"))

    def block(self):
        with open(self.folder + "/faults", "rb") as file:
            return file.read()

    def failed(self):
        return struct.unpack_from(HEAD, self.block())[4]

    def counts(self):
        """{(program, call): how often}"""
        numbers = iter(struct.unpack_from(
            f"<{len(PROGRAMS) * len(CALLS)}i", self.block(),
            struct.calcsize(HEAD)))
        return {(p, c): next(numbers) for p in PROGRAMS for c in CALLS}

    def fill(self, before):
        shutil.rmtree(self.state, ignore_errors=True)
        run("cp", "-a", before, self.state)

    def mend(self):
        """Before the run that must succeed."""

    def ingest(self, bundle, *under):
        command = [*under, self.folder + "/sallyport", "ingest", "--state-dir",
                   self.state, "--policy", self.bench.folder + "/policy.conf",
                   "--keys", self.bench.folder + "/keys", "--any-request",
                   "--json", "--progress=none", bundle]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace",
            timeout=SECONDS, check=False, cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"})


class Ground:
    """Keys, a policy, and places to run in."""

    def __init__(self, build, folder, generations):
        self.build, self.folder = os.path.realpath(build), folder
        self.fixtures = fixtures_of(self.build)
        self.places = queue.Queue()
        os.mkdir(folder + "/keys")
        shutil.copy(self.fixtures + "/key-rsa.asc", folder + "/keys")
        with open(folder + "/policy.conf", "w", encoding="ascii") as policy:
            policy.write(f"keep-generations = {generations}\n"
                         "reserve-bytes = 0\n")

    def make_places(self, kind, jobs):
        for number in range(jobs):
            self.places.put(kind(self, f"{self.folder}/{number}"))

    def place(self):
        place = self.places.get()
        place.control(NONE, NONE, 0, 0)
        return place


class Bench(Ground):
    def __init__(self, build, folder, jobs, rounds):
        super().__init__(build, folder, 1)
        self.make_places(Place, jobs)
        fixtures = self.fixtures
        old, new = (sorted(f"{fixtures}/{d}/{n}"
                           for n in os.listdir(f"{fixtures}/{d}"))
                    for d in ("rpms", "newer"))
        first, second, third = (folder + "/" + n
                                for n in ("first", "second", "third"))
        make_bundle(self.build, first, old[0])
        make_bundle(self.build, second, new[0])
        os.mkdir(folder + "/empty")
        published = self.after("published", folder + "/empty", first)
        self.rounds = {}
        for name in rounds.split(","):
            if name == "first":
                bundle, before = first, folder + "/empty"
            elif name == "second":
                bundle, before = second, published
            elif name == "recover":
                bundle = second
                before = self.after("killed", published, second, "die")
            else:
                bundle = third
                make_bundle(self.build, third, new[0], new[1])
                before = self.after("flipped", published, second, "die-late")
            self.rounds[name] = Round(self, name, bundle, before)

    def after(self, name, before, bundle, fault=""):
        """The state that an ingest leaves, or one that dies (faults.c)."""
        path = f"{self.folder}/{name}"
        under = ("env", "SEED_FAULT=" + fault,
                 "LD_PRELOAD=" + build_faults(self.folder)) if fault else ()
        with self.place() as place:
            place.fill(before)
            done = place.ingest(bundle, *under)
            run("cp", "-a", place.state, path)
        view = View(path)
        # A round that begins elsewhere would show nothing.
        found = (view.current(),
                 os.listdir(path + "/updates/generations").count("2"))
        if (done.returncode, found) != {
                "": (0, (1, 0)), "die": (-signal.SIGKILL, (1, 1)),
                "die-late": (-signal.SIGKILL, (2, 1))}[fault]:
            sys.exit(f"inject: {name}: {done.returncode}, {found}: "
                     + done.stdout + done.stderr)
        return path

    def points(self, options):
        names, number = options.rounds.split(","), 0
        for name in names:
            for (program, call), n in self.rounds[name].counts.items():
                if program not in options.programs.split(","):
                    continue
                if options.calls and call not in options.calls.split(","):
                    continue
                errors = errors_of(call, options.errors.split(","))
                for at in places_of(n, options.most):
                    if call == "ALLOC" and self.elsewhere(name, names,
                                                          program):
                        continue
                    number += 1
                    for error in some_of(errors, options.settings, number):
                        yield Point(name, program, call, at, error)

    def elsewhere(self, name, names, program):
        """What allocates the same in each round fails in the last."""
        counts = {self.rounds[n].counts[program, "ALLOC"] for n in names}
        return len(counts) == 1 and name != names[-1]

    def judge(self, points):
        """None if a run did not come to its point, or what is wrong after
        the last."""
        with self.place() as place:
            what = self.rounds[points[0].round]
            place.fill(what.before)
            for point in points:
                place.control(PROGRAMS.index(point.program),
                              CALLS.index(point.call),
                              KINDS.get(point.error) or
                              getattr(errno, point.error), point.at)
                try:
                    done = place.ingest(what.bundle)
                except subprocess.TimeoutExpired:
                    return "it hangs"
                if place.failed() == 0:
                    return None
            place.control(NONE, NONE, 0, 0)
            return "; ".join(faults(place, what, done, point))


def errors_of(call, errors):
    # A program that is killed there has done what it had at the next call.
    if call == "ALLOC":
        return [e for e in errors if e == "ENOMEM"]
    return errors + ["short"] if call in SIZED else errors


def places_of(n, most):
    """1 to n, or so many of them from the first to the last."""
    if not 0 < most < n:
        return range(1, n + 1)
    return [1 + i * (n - 1) // max(1, most - 1) for i in range(most)]


def some_of(errors, most, number):
    """So many of them, others for the next number."""
    n = min(most or len(errors), len(errors))
    return [errors[(number * n + i) % len(errors)] for i in range(n)]


def faults(place, what, done, point):
    view = View(place.state)
    try:
        seen = view.readers()
    except OSError as fault:
        yield f"not a repository: {fault}"
        return
    if point and point.at == EACH and done.returncode:
        yield f"exit status {done.returncode}: {done.stdout[-200:]}"
    if seen not in (what.old, what.new):
        yield "neither old nor new"
    if not point or (point.program, point.error) != ("sallyport", "kill"):
        yield from said_faults(done, seen, what)
    yield from half_faults(view, what)
    place.mend()
    left = view.everything()
    if left in what.mended:
        return
    wrong = list(faults_of_next(place, what, view))
    if not wrong:
        what.mended.add(left)
    yield from wrong


def faults_of_next(place, what, view):
    try:
        again = place.ingest(what.bundle)
    except subprocess.TimeoutExpired:
        yield "the next run hangs"
        return
    if again.returncode:
        yield (f"the next run ends with {again.returncode}: "
               f"{(again.stdout + again.stderr).strip()[-300:]}")
        return
    if view.readers() != what.new:
        yield "the next run makes another repository"
    yield from half_faults(view, what)
    rest = view.rest()
    names = [n for n in sorted(rest.keys() | what.rest.keys())
             if rest.get(n) != what.rest.get(n)]
    if names:
        yield "the next run leaves another " + " ".join(names[:3])


def half_faults(view, what):
    for number, found in view.published().items():
        if found != what.whole.get(number):
            yield f"half of generation {number}"


def said_faults(done, seen, what):
    status = done.returncode
    if status == 0 and seen != what.new:
        yield "done, but old"
    if status < 0 or status > 20:
        yield f"exit status {status}"
        return
    if status == IO and UNHEARD in done.stderr:
        return
    try:
        said = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        # Without the memory or the descriptor to say it, on stderr at least.
        if status == 0 or not done.stderr.strip():
            yield f"exit status {status}, and no result"
        return
    if said["exit"] != status or not said["reason"]:
        yield f"exit status {status}, but says {said['exit']}"
    if status and not said["detail"]:
        yield f"exit status {status} without a word"
    if status and seen == what.new != what.old and any(
            word in (said["state"] or "") for word in UNCHANGED):
        yield "new, but said unchanged"


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("build")
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    parser.add_argument("--calls", default="")
    parser.add_argument("--errors", default=",".join(ALL_ERRORS))
    parser.add_argument("--rounds", default=ROUNDS)
    parser.add_argument("--settings", type=int, default=0)
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--twice", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teeth", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sp-inject.",
                                     dir="/dev/shm") as folder:
        if options.teeth:
            options.rounds = "first"
        bench = Bench(options.build, folder, options.jobs, options.rounds)
        if options.teeth:
            return find_seeded(bench, options.jobs)
        if options.twice:
            return judge_all(bench, list(pairs(bench, options)), options.jobs)
        points = [(p,) for p in bench.points(options)][::options.step]
        points += [(Point(name, program, call, EACH, "short"),)
                   for name in options.rounds.split(",")
                   for program in options.programs.split(",")
                   for call in ("read", "write")
                   if bench.rounds[name].counts[program, call]]
        return judge_all(bench, points, options.jobs)


def pairs(bench, options):
    rng = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    names = options.rounds.split(",")
    calls = {name: [(call, at) for (program, call), n
                    in bench.rounds[name].counts.items()
                    if program == "sallyport" for at in range(1, n + 1)]
             for name in names}
    for _ in range(options.twice):
        name = rng.choice(names)
        yield tuple(Point(name, "sallyport", *rng.choice(calls[name]), "kill")
                    for _ in range(2))


def find_seeded(bench, jobs):
    n = bench.rounds["first"].counts["sallyport", "write"]
    points = [(Point("first", "sallyport", "write", at, "lie"),)
              for at in range(1, n + 1)]
    found = judge_all(bench, points, jobs) == TORN
    print("seeded fault: " + ("found" if found else "NOT FOUND"))
    return 0 if found else 1


def judge_all(bench, points, jobs):
    reached = torn = missed = 0
    by_kind = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for tried, verdict in zip(points, pool.map(bench.judge, points)):
            if verdict is None:
                missed += 1
                continue
            reached += 1
            by_kind[tried[-1].program, tried[-1].call == "ALLOC"] += 1
            if verdict:
                torn += 1
                print("torn:", *(" ".join(map(str, p)) for p in tried),
                      verdict, flush=True)
    for (program, is_allocation), n in sorted(by_kind.items()):
        print(f"{program}: {n}", "allocations" if is_allocation else "calls")
    print(f"{reached} points, {torn} torn"
          + (f" ({missed} not reached)" if missed else ""))
    return TORN if torn else 0 if reached else 2


if __name__ == "__main__":
    sys.exit(main())
