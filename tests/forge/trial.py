# SPDX-License-Identifier: GPL-2.0-or-later
"""A damaged bundle (see damage.py) before the whole engine: what must hold.

It must be refused with a class that names the delivery and not the program,
leave every file as it was but one more record in the history, and no process.
Or it publishes, byte for byte, what the good bundle publishes: only where a
package is damaged in what its signature does not cover, and nowhere else.
"""

import ctypes
import os
import stat
import sys
from collections import Counter

import damage
import rpm
from machine import STATUS, Machine, published

ANY = "--any-request"
NAMES = ("format", "limit", "name", "digest", "media", "signature", "key",
         "policy")
REFUSALS = {STATUS[name]: name for name in NAMES}
PR_SET_CHILD_SUBREAPER = 36
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


class Trial:
    """One process and one machine: tries damages one after the other."""

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
