#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes each call and each allocation of every command fail, but of ingest:

    commands.py BUILD-DIR [--commands C,...] [--programs P,...]
                [--calls C,...] [--errors E,...] [--most M] [--step K]
                [--jobs N] [--teeth]

BUILD-DIR is one of `make FAULT=1` (shim.c). An undisturbed run of a command
counts the calls of each program; then, one run each, each allocation has no
memory, and each other call fails with one of the errors, another at the next
(or is short: one byte). Afterwards

  - the command has ended by itself, with one of the statuses of its manual;
  - a fault is told, with its class and its word, on stderr or in the object;
  - without a fault the answer is that of the undisturbed run, but for times
    and names that differ from run to run;
  - an output file is there whole, or not at all;
  - the state and the repository are as before, or as an undisturbed run
    leaves them (of update, whose deliveries differ: what dnf sees, and how
    many requests are open), and nothing that is new is called unchanged; no
    process, no half file and no folder in /tmp is left (the last for root: it
    needs a /tmp of its own);
  - the same command again succeeds.

--most M takes M places at most, far from one another, of each call of a
program. --step K takes every Kth point of each command. --teeth seeds the fault that
must be found: writes of the builder that fail and say that they did not. The
last line is "N points, N bad"; points that a run did not come to are counted
apart.

In update only the program that was called fails, and the one that receives;
dom0.sh stands in for Qubes OS. Not here: ingest (inject.py); explain, --help
and --completion, which print tables; devices that are written, and vchans,
which need hardware.
"""

import argparse
import collections
import concurrent.futures
import errno
import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import inject  # noqa: E402
from inject import CALLS, KINDS, NONE, PROGRAMS  # noqa: E402
from mounts import run  # noqa: E402
from view import View  # noqa: E402
from work import TOP, make_bundle  # noqa: E402

CLASSES = {"internal": 1, "usage": 2, "io": 3, "transport": 4, "format": 5,
           "limit": 6, "name": 7, "digest": 8, "media": 9, "signature": 10,
           "key": 14, "policy": 15, "stale": 16, "sandbox": 17, "busy": 18,
           "space": 19, "publish": 20}
UPDATES = 100  # of check
SECONDS = 120
DYING_TURNS = 40
ONE_MORE = "pending 2"  # that of the machine, and the one of the round
HALVES = re.compile(r"\.(UNTRUSTED|part|tmp|new)$|^\.(tmp|sallyport-)")
WORD = re.compile(r"\((\w+), ([a-z0-9-]+)\)")
TELLS = re.compile("cannot|could not|no memory|is not told"
                   "|refused the|without an answer"
                   r'|"unread_advisories":\["')
# A /tmp of its own, with the programs' build in it if that is there.
OWN_TMP = """mount --make-rprivate / || exit 99
case $2 in
/tmp/*) mkdir -p "$1${2#/tmp}" && mount --bind "$2" "$1${2#/tmp}" || exit 99 ;;
esac
mount --rbind "$1" /tmp || exit 99
shift 2
exec "$@"
"""
# What differs from run to run, in this order.
DIFFERS = (
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b\d{8}T\d{6}Z?\S*"), "RECORD"),
    (re.compile(r"(/tmp/sallyport-(keys\.)?)\w{6}\b"), r"\1XXXXXX"),
    (re.compile(r'("age":)\d+'), r"\g<1>0"),
    (re.compile(r'("(time|published)":)\d+'), r"\g<1>0"),
    (re.compile(r"published \d{4}-\d\d-\d\d \d\d:\d\d UTC"), "published T"),
    (re.compile(r"\b[\d.]+ (B|KiB|MiB|GiB|KB|MB|GB|TB|kB) (are )?free"),
     "ROOM free"),
    (re.compile(r"\b\d+ (second|minute|hour)s?\b"), "TIME"),
    (re.compile(r"^/dev/loop.*\n", re.M), ""),
    (re.compile(r',?\{"device":"/dev/loop[^}]*\}'), ""),
    (re.compile(r" {2,}"), "  "),
)

# python3 may be a script that looks for an interpreter, at ten times the cost.
PATH = os.path.dirname(sys.executable) + ":" + os.environ["PATH"]
DOM0 = ("qubes-prefs", "qvm-check", "qvm-ls", "qvm-features", "qvm-run", "dnf")

Command = collections.namedtuple("Command", "name words out may_tell round",
                                 defaults=[False])
Point = collections.namedtuple("Point", "command program call at error")
Ran = collections.namedtuple("Ran", "status out err")


def commands(bench):
    """All of them. OUT is the output file; with may_tell an answer may
    differ where it says that something could not be found out; a round goes
    through a qube and back."""
    state = ["--state-dir", "STATE", "--policy", bench.folder + "/policy.conf"]
    keys = ["--keys", bench.folder + "/keys"]
    ask = ["--dbpath", bench.folder + "/db", "--reposdir",
           bench.folder + "/repos", "--releasever=41"]
    net = ["--allow-http", "--tries", "1", "--cache-dir", "CACHE"]
    build = ["--request", bench.folder + "/request", *net]
    quiet = ["--progress=none"]
    first = bench.folder + "/first"

    def trusted(name, *words, out=False, may_tell=False):
        for form in (), ("--json",):
            yield Command(name + ("-json" if form else ""),
                          ["sallyport", *words, *state, *form], out, may_tell)

    def networked(name, *words, out=False, may_tell=False):
        for form in (), ("--json",):
            yield Command(name + ("-json" if form else ""),
                          ["sallyport-builder", *words, *form], out, may_tell)

    yield from trusted("request", "request", *ask, "hello", "-o", "OUT",
                       out=True)
    yield from trusted("inspect", "inspect", *keys, *quiet, "--any-request",
                       bench.folder + "/third")
    yield from trusted("preview", "inspect", *keys, *quiet, "--any-request",
                       "--preview", "--dnf=no-such-command",
                       bench.folder + "/third", may_tell=True)
    yield from trusted("verify", "verify", *keys, *quiet, *bench.packages)
    yield from trusted("status", "status")
    yield from trusted("history", "history")
    yield from trusted("history-id", "history", bench.record)
    yield from trusted("state-show", "state", "show")
    yield from trusted("state-reset", "state", "reset", "--reason", "a test",
                       "floor:hello")
    yield from trusted("rollback", "rollback", "1")
    yield from trusted("doctor", "doctor", *keys, may_tell=True)
    yield Command("update", ["sallyport", *state, *keys, "update", *ask, "-y"],
                  False, True, True)
    yield Command("update-check", ["sallyport", *state, *keys, "update", *ask,
                                   "--check-only"], False, True, True)
    yield from networked("build-list", "build", *quiet, "--list",
                         first + ".list", *net, "-o", "OUT", out=True)
    # What advisories it could not read, the answer says.
    yield from networked("build", "build", *quiet, *build, "-o", "OUT",
                         out=True, may_tell=True)
    yield from networked("check", "check", *quiet, *build, may_tell=True)
    yield from networked("send", "send", *quiet, first, "OUT", out=True)
    yield from networked("devices", "devices", may_tell=True)


class Place(inject.Place):
    """With a folder for output, a cache and a /tmp."""

    def __init__(self, bench, folder):
        super().__init__(bench, folder)
        shutil.copy2(bench.build + "/sallyport-escape", folder)
        self.tmp, self.out = folder + "/tmp", folder + "/out"
        self.cache = folder + "/cache"
        self.make_dom0()

    def make_dom0(self):
        """And the update qube, whose builder takes http."""
        for name in "vm", "services":
            os.mkdir(f"{self.folder}/{name}")
        for name in DOM0:
            shutil.copy2(TOP + "/tests/crash/dom0.sh", f"{self.folder}/{name}")
        shutil.copy2(TOP + "/tests/fake/qrexec-client-vm", self.folder + "/vm")
        program(self.folder + "/vm/sallyport-builder",
                f'exec {self.folder}/sallyport-builder "$@" --allow-http '
                f"--tries 1 --cache-dir {self.cache}")
        program(self.folder + "/services/qubes.ReceiveUpdates",
                f"exec {self.folder}/sallyport --quiet --state-dir "
                f"{self.state} --policy {self.bench.folder}/policy.conf "
                f"--keys {self.bench.folder}/keys ingest qrexec:")

    def clean(self):
        self.fill(self.bench.folder + "/published")
        for name in (self.tmp, self.out, self.cache):
            shutil.rmtree(name, ignore_errors=True)
            os.mkdir(name)

    def run(self, command):
        words = [w.replace("STATE", self.state).replace("CACHE", self.cache)
                 if w in ("STATE", "CACHE") else
                 self.out + "/file" if w == "OUT" else w
                 for w in command.words]
        words[0] = self.folder + "/" + words[0]
        if os.getuid() == 0:
            words = ["unshare", "--mount", "sh", "-c", OWN_TMP, "sh",
                     self.tmp, self.bench.build, *words]
        with subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, errors="replace", cwd="/",
                start_new_session=True,
                env={"PATH": PATH, "LC_ALL": "C",
                     "HOME": self.folder}) as process:
            try:
                out, err = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.communicate()
                raise
            self.left_running = still_running(process.pid)
        out, err = self.same(out), self.same(err)
        if command.round:  # two programs speak, in any order
            out, err = ("".join(sorted(t.splitlines(True))) for t in (out, err))
        return Ran(process.returncode, out, err)

    def same(self, text):
        text = text.replace(self.folder + "/", "PLACE/")
        for pattern, word in DIFFERS:
            text = pattern.sub(word, text)
        return text

    def output(self):
        """The file that was written, or None. A request has names and times
        of its own."""
        try:
            with open(self.out + "/file", "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None
        if data.startswith(b"request 1\n"):
            *lines, end = data.decode().splitlines(True)
            digest = hashlib.sha256("".join(lines).encode()).hexdigest()
            if end == f"end {digest}\n":
                return self.same("".join(lines))
        return data

    def everything(self):
        """The state, without what differs from run to run."""
        return [re.sub(r"'(pending/\*)', \('([^']*)'.*", r"'\1' \2", line)
                for line in View(self.state).everything()]

    def left(self, command):
        """Of a round, whose deliveries differ: what dnf sees, and how many
        requests are open."""
        if not command.round:
            return self.everything()
        return [repr(View(self.state).readers()),
                "pending %d" % len(os.listdir(self.state + "/pending"))]

    def halves(self):
        for folder in (self.state, self.out):
            for where, folders, files in os.walk(folder):
                yield from (os.path.relpath(where + "/" + n, self.folder)
                            for n in folders + files if HALVES.search(n))
        yield from ("/tmp/" + n for n in os.listdir(self.tmp)
                    if n.startswith("sallyport-"))


def still_running(session):
    """What was killed may take a moment to be gone."""
    for _ in range(DYING_TURNS):
        found = sorted(in_session(session))
        if not found:
            break
        time.sleep(0.05)
    return found


def in_session(number):
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(name)}/stat", encoding="ascii",
                      errors="replace") as file:
                text = file.read()
        except (OSError, ValueError):
            continue
        fields = text[text.rindex(")") + 2:].split()
        if int(fields[3]) == number and fields[0] != "Z":
            yield name + " " + text[text.index("("):text.rindex(")") + 1]


class Server:
    """Files over http, on the loopback."""

    def __init__(self, folder):
        handler = functools.partial(Handler, directory=folder)
        server = Quiet(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients go away in the middle of an answer."""


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


class Bench(inject.Ground):
    def __init__(self, build, folder, jobs):
        super().__init__(build, folder, 2)
        fixtures = self.fixtures
        old, new = (sorted(f"{fixtures}/{d}/{n}"
                           for n in os.listdir(f"{fixtures}/{d}"))
                    for d in ("rpms", "newer"))
        self.packages = old[:2]
        make_bundle(self.build, folder + "/first", old[0])
        make_bundle(self.build, folder + "/second", new[0])
        make_bundle(self.build, folder + "/third", new[0], new[1])
        self.make_repository(fixtures, new[:2])
        self.make_machine(fixtures, old[:2])
        self.make_places(Place, jobs)
        self.make_state(old)
        self.commands = {c.name: c for c in commands(self)}
        self.plain = {}

    def make_repository(self, fixtures, packages):
        """Signed, with groups and advisories."""
        folder = self.folder + "/server/main"
        os.makedirs(folder)
        for package in packages:
            shutil.copy(package, folder)
        write(self.folder + "/comps.xml", COMPS)
        write(self.folder + "/updateinfo.xml", ADVISORIES)
        must("createrepo_c", "-q", "-g", self.folder + "/comps.xml", folder)
        must("modifyrepo_c", self.folder + "/updateinfo.xml",
             folder + "/repodata")
        home = self.folder + "/secret"
        shutil.copytree(fixtures + "/secret", home)
        must("gpg", "--homedir", home, "--batch", "--quiet", "--armor",
             "--local-user", "rsa@example.invalid", "--detach-sign",
             folder + "/repodata/repomd.xml")
        run("gpgconf", "--homedir", home, "--kill", "all")
        server = Server(self.folder + "/server")
        os.mkdir(self.folder + "/repos")
        write(self.folder + "/repos/updates.repo",
              f"[updates]\nname=updates\nbaseurl={server.url}/main\n")
        self.make_second(folder, server.url)

    def make_second(self, first, url):
        """The same packages, behind a metalink whose first mirror has none:
        what is fetched at once, and what is tried next."""
        folder = self.folder + "/server/second"
        shutil.copytree(first, folder)
        os.unlink(folder + "/repodata/repomd.xml.asc")
        with open(folder + "/repodata/repomd.xml", "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        write(folder + "/metalink", METALINK.format(digest=digest, url=url))
        write(self.folder + "/repos/second.repo",
              f"[second]\nname=second\nmetalink={url}/second/metalink\n")

    def make_machine(self, fixtures, packages):
        shutil.copytree(fixtures + "/rpmdb", self.folder + "/db")
        must("rpm", "--dbpath", self.folder + "/db", "--nosignature",
             "--justdb", "--nodeps", "--noscripts", "-i", *packages)

    def make_state(self, old):
        os.mkdir(self.folder + "/empty")
        with self.place() as place:
            place.fill(self.folder + "/empty")
            for bundle in ("first", "second"):
                done = place.ingest(f"{self.folder}/{bundle}")
                if done.returncode:
                    sys.exit("commands: an ingest fails: " + done.stdout)
            self.record = json.loads(done.stdout)["delivery"]
            must(place.folder + "/sallyport", "request", "--state-dir",
                 place.state, "--dbpath", self.folder + "/db", "--reposdir",
                 self.folder + "/repos", "--releasever", "41", "-o",
                 self.folder + "/request")
            must("cp", "-a", place.state, self.folder + "/published")

    def points(self, options):
        errors, number = options.errors.split(","), 0
        for name in options.commands.split(","):
            plain = self.plain[name] = Plain(self, self.commands[name])
            points = []
            for (program, call), n in plain.counts.items():
                if program not in options.programs.split(",") or \
                        plain.command.round and program != "sallyport":
                    continue
                if options.calls and call not in options.calls.split(","):
                    continue
                some = (errors if options.teeth else
                        inject.errors_of(call, errors))
                for at in inject.places_of(n, options.most):
                    number += 1
                    points += [Point(name, program, call, at, error)
                               for error in inject.some_of(some, 1, number)]
            yield from points[::options.step]

    def judge(self, point):
        """None if a run did not come to its point, or what is wrong."""
        with self.place() as place:
            place.clean()
            place.control(PROGRAMS.index(point.program),
                          CALLS.index(point.call), KINDS.get(point.error) or
                          getattr(errno, point.error), point.at)
            plain = self.plain[point.command]
            try:
                ran = place.run(plain.command)
            except subprocess.TimeoutExpired:
                return "it hangs"
            if place.failed() == 0:
                return None
            place.control(NONE, NONE, 0, 0)
            return "; ".join(faults(place, plain, ran, point.call))


class Plain:
    """What an undisturbed run of a command says and leaves."""

    def __init__(self, bench, command):
        self.command = command
        with bench.place() as place:
            place.clean()
            self.before = place.left(command)
            ran, self.counts = place.run(command), place.counts()
            self.ran, self.after = ran, place.left(command)
            self.output = place.output()
            if ran.status not in (0, UPDATES):
                sys.exit(f"commands: {command.name} ends with {ran.status}: "
                         + ran.out + ran.err)
            self.mended = set()
            again = list(faults_of_next(place, self))
            place.clean()
            again += faults(place, self, place.run(command), "")
            if again:
                sys.exit(f"commands: {command.name} undisturbed: {again}")


def faults(place, plain, ran, call):
    yield from faults_said(plain, ran, call)
    yield from (f"still runs: {p}" for p in place.left_running)
    # dom0.sh is killed with the builder of its qube; a true qube hears of it.
    killed = plain.command.round and ran.status != plain.ran.status
    yield from (f"left behind: {name}" for name in place.halves()
                if not (killed and name.startswith("/tmp/sallyport-keys.")))
    output, left = place.output(), place.left(plain.command)
    if plain.command.round and call == "unlinkat" and left[1] == ONE_MORE:
        left[1] = plain.after[1]  # it is what was to be removed
    if output != plain.output and (output is not None or
                                   ran.status == plain.ran.status):
        yield "another output file, of %s bytes" % (
            "no" if output is None else len(output))
    if left not in (plain.before, plain.after):
        yield "another state: " + first_of(left, plain.after)
    elif ran.status == plain.ran.status and left != plain.after:
        yield "done, but the old state"
    if left[0] != plain.before[0] and any(words in ran.err + ran.out
                                          for words in inject.UNCHANGED):
        yield "new, but said unchanged"
    # Equal states are tried once.
    key = (output is None, *place.everything(), *sorted(os.listdir(place.out)),
           *sorted(os.listdir(place.tmp)), *sorted(os.listdir(place.cache)))
    if key not in plain.mended:
        wrong = list(faults_of_next(place, plain))
        if not wrong:
            plain.mended.add(key)
        yield from wrong


def first_of(lines, others):
    return next((line for line in lines if line not in others), "less")[:200]


def faults_of_next(place, plain):
    try:
        again = place.run(plain.command)
    except subprocess.TimeoutExpired:
        yield "the next run hangs"
        return
    if again.status != plain.ran.status:
        yield (f"the next run ends with {again.status}: "
               + (again.out + again.err).strip()[-300:])
    elif place.output() != plain.output:
        yield "the next run writes another file"


def faults_said(plain, ran, call):
    if ran.status == plain.ran.status:
        yield from faults_of_answer(plain, ran, call)
    elif ran.status not in CLASSES.values():
        yield f"exit status {ran.status}: {ran.err.strip()[-200:]}"
    elif not list(told(plain, ran)):
        yield (f"exit status {ran.status} without its word: "
               + (ran.out + ran.err).strip()[-200:])


def told(plain, ran):
    """The words that give a reason for the status."""
    for word, detail in WORD.findall(ran.err):
        if CLASSES.get(word) == ran.status:
            yield detail
    if plain.command.name == "verify":
        for line in ran.out.splitlines():
            fields = line.split("\t")
            if fields[0] == "refuse" and CLASSES.get(fields[2]) == ran.status:
                yield fields[3]
    try:
        said = json.loads(ran.out)
        if said["exit"] == ran.status == CLASSES[said["class"]] and \
                said["detail"] and said["message"]:
            yield said["detail"]
    except (ValueError, KeyError, TypeError):
        pass


def faults_of_answer(plain, ran, call):
    lines = plain.ran.err.splitlines()
    more = [line for line in ran.err.splitlines() if line not in lines]
    if ran.out != plain.ran.out and not (
            plain.command.may_tell and TELLS.search(ran.out + ran.err)):
        yield "another answer: " + (
            first_of(ran.out.splitlines(), plain.ran.out.splitlines())
            if len(ran.out) < 4000 else difference(ran.out, plain.ran.out))
    # Nobody can be told on stderr that it cannot be written.
    if not more and ran.err != plain.ran.err and call != "fwrite":
        yield "less on stderr, and not a word why"


def difference(one, other):
    at = len(os.path.commonprefix((one, other)))
    return f"{one[max(0, at - 60):at + 100]} for {other[at:at + 100]}"


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def program(path, line):
    write(path, f"#!/bin/sh\n{line}\n")
    os.chmod(path, 0o755)


def must(*command):
    done = run(*command)
    if done.returncode:
        sys.exit(f"commands: {command[0]} fails: {done.stdout}")


METALINK = """<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0"><files><file name="repomd.xml"><verification>
<hash type="sha256">{digest}</hash></verification><resources>
<url protocol="http" preference="100">{url}/none/repodata/repomd.xml</url>
<url protocol="http" preference="90">{url}/second/repodata/repomd.xml</url>
</resources></file></files></metalink>
"""
COMPS = """<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>tests</id><name>Tests</name><packagelist>
<packagereq type="mandatory">hello</packagereq>
</packagelist></group></comps>
"""
ADVISORIES = """<?xml version="1.0" encoding="UTF-8"?>
<updates><update from="test@example.invalid" status="stable" type="security"
 version="1"><id>TEST-1</id><title>hello</title><severity>Low</severity>
<issued date="2026-01-01 00:00:00"/><references><reference
 href="https://example.invalid/" id="CVE-2026-0001" type="cve"/></references>
<pkglist><collection><package name="hello" epoch="0" version="1.0"
 release="1.fc42" arch="noarch"><filename>hello-1.0-1.fc42.noarch.rpm</filename>
</package></collection></pkglist></update></updates>
"""


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("build")
    parser.add_argument("--commands", default="")
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    parser.add_argument("--calls", default="")
    parser.add_argument("--errors", default=",".join(inject.ERRORS))
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--teeth", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sp-commands.",
                                     dir="/dev/shm") as folder:
        bench = Bench(options.build, folder, options.jobs)
        options.commands = options.commands or ",".join(bench.commands)
        if options.teeth:
            options.commands, options.calls = "build-list", "write"
            options.programs, options.errors = "sallyport-builder", "lie"
            found = judge_all(bench, options)
            print("seeded fault: " + ("found" if found else "NOT FOUND"))
            return 0 if found else 1
        return judge_all(bench, options)


def judge_all(bench, options):
    reached = bad = missed = 0
    points = list(bench.points(options))
    tally = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for point, verdict in zip(points, pool.map(bench.judge, points)):
            if verdict is None:
                missed += 1
                continue
            reached += 1
            tally[point.command] += 1
            if verdict:
                bad += 1
                print("bad:", *point, verdict, flush=True)
    for name, n in tally.items():
        print(f"{name}: {n}")
    print(f"{reached} points, {bad} bad"
          + (f" ({missed} not reached)" if missed else "")
          + (f", at most {options.most} places of each call"
             if options.most else ""))
    return 1 if bad or not reached else 0


if __name__ == "__main__":
    sys.exit(main())
