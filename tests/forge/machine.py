# SPDX-License-Identifier: GPL-2.0-or-later
"""A trusted machine in a scratch directory, and what must hold on it.

deliver() runs one ingest and returns a list of complaints: the class, the
word and the exit status must be as expected, a refusal must leave the
repository byte for byte, no quarantine, no process, and one record in the
history.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

STATUS = {"done": 0, "internal": 1, "usage": 2, "io": 3, "transport": 4,
          "format": 5, "limit": 6, "name": 7, "digest": 8, "media": 9,
          "signature": 10, "key": 14, "policy": 15, "stale": 16,
          "sandbox": 17, "busy": 18, "space": 19, "publish": 20}
TIMEOUT = 60


def snapshot(directory):
    """Names, kinds, modes, times, links and bytes below a directory, without
    the lock and the error log: all that "unchanged" means."""
    found = {}
    for path in sorted(Path(directory).rglob("*")):
        name = str(path.relative_to(directory))
        if name == ".lock" or name == "errors" or name.startswith("errors/"):
            continue
        info = path.lstat()
        what = [oct(info.st_mode), info.st_mtime_ns]
        if stat.S_ISLNK(info.st_mode):
            what.append(os.readlink(path))
        elif stat.S_ISREG(info.st_mode):
            what.append(hashlib.sha256(path.read_bytes()).hexdigest())
        found[name] = what
    return found


def published(repository):
    """{path: digest} of the current generation."""
    top = (Path(repository) / "current").resolve()
    return {str(path.relative_to(top)):
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(top.rglob("*")) if path.is_file()}


def session_members(session):
    """Pids of living processes in a session."""
    members = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = Path("/proc", entry, "stat").read_text().rsplit(")")[-1]
        except OSError:
            continue
        state, _, _, sid = fields.split()[:4]
        if int(sid) == session and state != "Z":
            members.append(int(entry))
    return members


class Result:
    def __init__(self, status, out, err, left):
        self.status, self.out, self.err, self.left = status, out, err, left
        try:
            self.json = json.loads(out)
        except ValueError:
            self.json = {}
        self.detail = self.json.get("detail") or "accept"
        self.reason = self.json.get("reason")


class Machine:
    left = staticmethod(session_members)  # processes left by a program
    said = {}  # the JSON of the last delivery

    def __init__(self, build, where, keys, policy=""):
        self.program = str(Path(build) / "sallyport")
        self.where = Path(where)
        self.state = self.where / "state"
        self.repository = self.state / "updates"
        self.keys = str(keys)
        self.policy = self.where / "policy.conf"
        self.state.mkdir(parents=True, exist_ok=True)
        # Forged packages are as old as their constants.
        self.policy.write_text("max-age = 0\n" + policy)

    def copy(self, where):
        """Another machine in the same state; times are kept."""
        shutil.copytree(self.where, where, symlinks=True)
        twin = object.__new__(Machine)
        twin.__dict__.update(self.__dict__)
        twin.where = Path(where)
        twin.state = twin.where / "state"
        twin.repository = twin.state / "updates"
        twin.policy = twin.where / "policy.conf"
        return twin

    def remove(self):
        shutil.rmtree(self.where)

    def options(self):
        return ["--state-dir", str(self.state), "--keys", self.keys,
                "--policy", str(self.policy)]

    def run(self, command, *arguments, **more):
        child = subprocess.Popen(
            [self.program, command, *self.options(), *map(str, arguments)],
            stdin=more.get("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        try:
            out, err = child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
        left = self.left(child.pid)
        return Result(child.returncode, out.decode(errors="replace"),
                      err.decode(errors="replace"), left)

    def ingest(self, source, *options):
        return self.run("ingest", "--json", *options, f"file:{source}")

    def history(self):
        folder = self.state / "history"
        return len(list(folder.iterdir())) if folder.exists() else 0

    def leftovers(self):
        names = ("*.UNTRUSTED", "*.tmp", "*.new", ".tmp*", "*.partial")
        return [str(p) for n in names for p in self.state.rglob(n)]

    def deliver(self, source, want_class, want, *options):
        """One delivery; what was not as it must be, as text."""
        before, records = snapshot(self.repository), self.history()
        result = self.ingest(source, *options)
        self.said = result.json
        wrong = complaints(result, want_class, want)
        if want != "accept" and snapshot(self.repository) != before:
            wrong.append("the repository has changed")
        if self.history() != records + 1:
            wrong.append(f"{self.history() - records} history records")
        left = self.leftovers()
        if left:
            wrong.append(f"left behind: {left}")
        return wrong


def complaints(result, want_class, want):
    wrong = []
    if result.status != STATUS[want_class]:
        wrong.append(f"status {result.status}, expected "
                     f"{STATUS[want_class]} ({want_class})")
    if result.detail != want:
        wrong.append(f"'{result.detail}', expected '{want}'")
    if want != "accept" and result.reason != want_class:
        wrong.append(f"class {result.reason}, expected {want_class}")
    if result.left:
        wrong.append(f"processes left: {result.left}")
    if not result.json:
        wrong.append(f"no JSON: {result.out[:200]} {result.err[:200]}")
    return wrong
