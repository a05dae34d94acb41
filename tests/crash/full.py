#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fills the disk under an ingest: with every number of free blocks.

    full.py BUILD-DIR [--on tmpfs,inodes,ext4,xfs,btrfs] [--step K]   (as root)

For each file system, and for each free space from none on in steps of 4 KiB
(for "inodes": of one inode on a tmpfs) until three runs in a row succeed, an
ingest runs: into an empty state and over a published one. Afterwards the
repository is the old one or the new one, the reason of the exit status is
that there is no space, and with room again the same command succeeds and
leaves what an undisturbed run does (inject.py judges). The last line is
"N points, N torn".
"""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inject import Bench, Place, faults  # noqa: E402
from mounts import (Skip, attach, detach, mount, private_mounts,  # noqa: E402
                    remount, run, unmount)
from work import FILE_SYSTEMS  # noqa: E402

BLOCK = 4096
ROOM, INODES = 64 << 20, 4096
ROUNDS = "first,second"


class Small(Place):
    """A place whose state is a file system of its own, full but for some
    blocks."""

    def __init__(self, bench, folder, kind):
        super().__init__(bench, folder)
        self.kind, self.device = kind, None
        os.mkdir(self.state)
        if kind in FILE_SYSTEMS:
            self.image = folder + "/image"
            with open(self.image, "wb") as file:
                file.truncate(FILE_SYSTEMS[kind].size)

    def fill_but(self, before, free):
        """False if not even what was there before has room."""
        if self.device:
            done = run(*FILE_SYSTEMS[self.kind].mkfs.split(), self.device)
            if done.returncode:
                raise Skip(f"mkfs.{self.kind} fails: {done.stdout.strip()}")
            mount(self.device, self.state, self.kind,
                  FILE_SYSTEMS[self.kind].options)
            shutil.rmtree(self.state + "/lost+found", ignore_errors=True)
        else:
            mount("none", self.state, "tmpfs", f"size={ROOM},nr_inodes={INODES}")
        run("cp", "-a", before + "/.", self.state)
        info = os.statvfs(self.state)
        if self.kind == "tmpfs":
            used = (info.f_blocks - info.f_bfree) * info.f_frsize
            remount("none", self.state, "tmpfs",
                    f"size={used + max(free, 1) * BLOCK}")
        elif self.kind == "inodes":
            used = info.f_files - info.f_ffree
            remount("none", self.state, "tmpfs", f"nr_inodes={used + free}")
        else:
            self.fill_with_file(free)

    def fill_with_file(self, free):
        """Larger and larger pieces do not fit; the last is one block."""
        with open(self.state + "/filler", "wb") as file:
            piece = ROOM * 8
            while piece >= BLOCK:
                try:
                    os.posix_fallocate(file.fileno(),
                                       os.fstat(file.fileno()).st_size, piece)
                except OSError:
                    piece //= 2
            size = os.fstat(file.fileno()).st_size
            file.truncate(max(0, size - free * BLOCK))
            os.fsync(file.fileno())

    def mend(self):
        if self.device:
            os.unlink(self.state + "/filler")
            run("sync", "-f", self.state)  # btrfs frees it only then
        else:
            remount("none", self.state, "tmpfs", f"size={ROOM},nr_inodes={INODES}")

    def judge(self, what, free):
        self.fill_but(what.before, free)
        try:
            done = self.ingest(what.bundle)
            wrong = [*faults(self, what, done, None), *self.misnamed(done)]
            return done, "; ".join(wrong)
        except subprocess.TimeoutExpired:
            return None, "it hangs"
        finally:
            unmount(self.state)

    def misnamed(self, done):
        """gpg takes no key then and does not say why, nor does createrepo_c,
        where that is what writes."""
        words = ["done", "space space", "key key-file"]
        if not os.path.exists(self.folder + "/sallyport-index"):
            words.append("publish index")
        if why(done) not in words:
            yield f"a full disk is called '{why(done)}'"

    def open(self):
        if self.kind in FILE_SYSTEMS:
            if not shutil.which("mkfs." + self.kind):
                raise Skip(f"there is no mkfs.{self.kind}")
            self.device = attach(self.image)

    def close(self):
        if self.device:
            detach(self.device)


def why(done):
    """The class and the word that a run ended with."""
    try:
        said = json.loads(done.stdout.splitlines()[-1])
        return f"{said['reason']} {said['detail']}" if said["exit"] else "done"
    except (ValueError, IndexError):
        return f"exit status {done.returncode}"


def sweep(place, what, step):
    """Yields what is wrong, free space after free space."""
    ends, free, points, good = collections.Counter(), 0, 0, 0
    torn = []
    while good < 3 and free < 4096:
        done, verdict = place.judge(what, free)
        points += 1
        if verdict:
            torn.append(f"torn: {place.kind} {what.name} {free} free: "
                        + verdict)
        ends[why(done) if done else "hangs"] += 1
        good = good + 1 if done and done.returncode == 0 else 0
        free += step
    said = ", ".join(f"{n} x {word}" for word, n in ends.most_common())
    print(f"{place.kind} {what.name}: {points} points, {len(torn)} torn "
          f"({said})", flush=True)
    return points, torn


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("build")
    parser.add_argument("--on", default="tmpfs,inodes," +
                        ",".join(FILE_SYSTEMS))
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("full: mounting needs root")
    private_mounts()
    total, all_torn, skipped = 0, [], 0
    with tempfile.TemporaryDirectory(prefix="sp-full.",
                                     dir="/dev/shm") as folder:
        bench = Bench(options.build, folder, 1, ROUNDS)
        for kind in options.on.split(","):
            place = Small(bench, f"{folder}/on-{kind}", kind)
            try:
                place.open()
                for what in bench.rounds.values():
                    points, torn = sweep(place, what, options.step)
                    total += points
                    all_torn += torn
            except Skip as reason:
                print(f"SKIPPED: {kind}: {reason}", flush=True)
                skipped += 1
            finally:
                place.close()
    print("\n".join(all_torn[:40]))
    print(f"{total} points, {len(all_torn)} torn"
          + (f", {skipped} file systems SKIPPED" if skipped else ""))
    return 1 if all_torn or not total else 0


if __name__ == "__main__":
    sys.exit(main())
