# SPDX-License-Identifier: GPL-2.0-or-later
"""The work that is disturbed: a publisher's steps on a recorded disk."""

import collections
import os
import shutil
import signal
import subprocess
import sys

import blocks
from mounts import (Skip, attach, detach, mount, run, unmount, wait_for)
from view import View

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
MIB = 1 << 20

FileSystem = collections.namedtuple("FileSystem", "mkfs size options")
FILE_SYSTEMS = {
    "ext4": FileSystem(
        "mkfs.ext4 -q -b 4096 -J size=4 -N 512 "
        "-E lazy_itable_init=0,lazy_journal_init=0", 24 * MIB, ""),
    "xfs": FileSystem("mkfs.xfs -q -f", 300 * MIB, "nouuid"),
    "btrfs": FileSystem("mkfs.btrfs -q -f", 128 * MIB, "nodiscard"),
}


def fixtures_of(build):
    done = run(TOP + "/tests/fixtures.sh", build + "/fixtures")
    if done.returncode:
        sys.exit("no fixtures: " + done.stdout)
    return done.stdout.strip()


def make_bundle(build, path, *packages):
    with open(path + ".list", "w", encoding="ascii") as file:
        file.write("\n".join(packages) + "\n")
    done = run(build + "/sallyport-builder", "build", "--list",
               path + ".list", "-o", path)
    if done.returncode:
        sys.exit("cannot build a bundle: " + done.stdout)


def build_faults(folder):
    """The seeded faults, as a library."""
    shim = folder + "/faults.so"
    built = run(os.environ.get("CC", "gcc"), "-D_GNU_SOURCE", "-shared",
                "-fPIC", "-O1", "-o", shim, TOP + "/tests/crash/faults.c")
    if built.returncode:
        sys.exit("cannot build the seeded faults: " + built.stdout)
    return shim


class Work:
    """The programs, the bundles and the steps."""

    def __init__(self, build, folder):
        self.build, self.folder = os.path.realpath(build), folder
        self.mnt = folder + "/mnt"
        self.state = self.mnt + "/state"
        os.mkdir(self.mnt)
        os.mkdir(folder + "/keys")
        fixtures = fixtures_of(self.build)
        shutil.copy(fixtures + "/key-rsa.asc", folder + "/keys")
        with open(folder + "/policy.conf", "w", encoding="ascii") as policy:
            policy.write("keep-generations = 2\nreserve-bytes = 0\n")
        old, new = (sorted(os.listdir(f"{fixtures}/{d}"))
                    for d in ("rpms", "newer"))
        self.bundle("first", f"{fixtures}/rpms/{old[0]}")
        self.bundle("second", f"{fixtures}/newer/{new[0]}")
        self.bundle("third", f"{fixtures}/newer/{new[0]}",
                    f"{fixtures}/newer/{new[1]}")
        self.shim = build_faults(folder)
        # Name, command, how it ends, and the step that is tried again.
        third = self.ingest("third")
        self.steps = [
            ("ingest", self.ingest("first"), 0, 1),
            ("second ingest", self.ingest("second"), 0, 2),
            ("rollback", self.command("rollback", "1"), 0, 3),
            ("killed ingest", third, -signal.SIGKILL, 5),
            ("recovery", third, 0, 5),
        ]

    def bundle(self, name, *packages):
        make_bundle(self.build, f"{self.folder}/{name}", *packages)

    def command(self, name, *more):
        return [self.build + "/sallyport", name, "--state-dir", self.state,
                "--policy", self.folder + "/policy.conf", "--json", *more]

    def ingest(self, bundle):
        return self.command("ingest", "--keys", self.folder + "/keys",
                            "--any-request", "--progress=none",
                            f"{self.folder}/{bundle}")

    def environment(self, fault):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        if fault:
            env |= {"LD_PRELOAD": self.shim, "SEED_FAULT": fault}
        return env


class StepFailed(Exception):
    pass


class Record:
    """The work, done once: the writes, and what there was after each step."""

    def __init__(self, work, kind, fault):
        self.fs = FILE_SYSTEMS[kind]
        self.kind, self.size = kind, self.fs.size
        backing, trace = work.folder + "/disk", work.folder + "/trace"
        with open(backing, "wb") as file:
            file.truncate(self.size)
        done = run(*self.fs.mkfs.split(), backing)
        if done.returncode:
            raise Skip(f"mkfs.{kind} fails: {done.stdout.strip()}")
        self.base = blocks.read_blocks(backing)
        served = work.folder + "/served"
        os.makedirs(served, exist_ok=True)
        with subprocess.Popen([sys.executable, TOP + "/tests/fake/disk.py", served, backing,
                               "trace=" + trace]) as disk:
            device = None
            try:
                wait_for(served + "/disk")
                device = attach(served + "/disk")
                self.work_on(work, device, trace, fault)
            finally:
                if device:
                    detach(device)
                unmount(served)
                disk.wait(10)
        self.items = blocks.read_trace(trace)
        os.unlink(backing)

    def work_on(self, work, device, trace, fault):
        mount(device, work.mnt, self.kind, self.fs.options)
        try:
            view = View(work.state)
            self.marks, self.views, self.rests = [], [None], [None]
            self.whole = {}
            for name, command, status, _ in work.steps:
                seeded = "die" if status < 0 else fault
                done = run(*command, env=work.environment(seeded))
                if done.returncode != status:
                    raise StepFailed(f"{name} ends with {done.returncode}")
                self.marks.append(count_items(trace))
                self.views.append(view.readers())
                self.rests.append(view.rest())
                self.whole.update(view.published())
        finally:
            unmount(work.mnt)


def count_items(trace):
    return len(blocks.read_trace(trace))
