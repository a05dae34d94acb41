#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `sallyport-builder send SOURCE -` costs beside a plain copy:

    send.py BUILD-DIR [MIB [RUNS]]

A file and standard input against cat, a block device (a loop device, as root)
against dd; all of them into a pipe that somebody reads. Both do the same in
turn, RUNS times (at least 5); a ratio is the peer's median by ours, and 1 says
as fast. Exit status 1 when a ratio of wall time is below 0.9.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "forge"))
import bundle  # noqa: E402

MIB = 1 << 20
PIECE = 64 * MIB
GOAL = 0.9


def write_bundle(path, mib):
    """A whole container around noise; send looks at nothing else."""
    noise = os.urandom(MIB) * (PIECE // MIB)
    packages = [bundle.Package(noise, f"noise{n:03} 0:1-1 noarch")
                for n in range(max(1, mib * MIB // PIECE))]
    with open(path, "wb") as out:
        out.write(bundle.member("MANIFEST",
                                bundle.seal(bundle.manifest(packages))))
        for n, package in enumerate(packages, 1):
            out.write(bundle.tar_header(f"p{n:06}.rpm", package.size) + noise)
        out.write(bytes(2 * bundle.BLOCK))


def run(command, source=None):
    """Wall and processor seconds of a command whose output is read."""
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL)
    start = time.monotonic()
    with open(source or os.devnull, "rb") as stdin:
        process = subprocess.Popen(command, stdin=stdin, stdout=reader.stdin,
                                   stderr=subprocess.DEVNULL)
    reader.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    reader.wait()
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime


def compare(what, ours, peer, runs, size, **kind):
    """Prints a line; True when the goal is reached."""
    flush = kind.get("flush", lambda: None)
    times = {"ours": [], "peer": []}
    for _ in range(runs):
        for name, command in (("peer", peer), ("ours", ours)):
            flush()
            times[name].append(run(command, kind.get("source")))
    wall, cpu = ([statistics.median(t[i] for t in times[who])
                  for who in ("peer", "ours")] for i in (0, 1))
    print(f"{what:7} {peer[0]:4} {size / wall[0] / MIB:6.0f} MiB/s, send"
          f" {size / wall[1] / MIB:6.0f} MiB/s; ratio: wall"
          f" {wall[0] / wall[1]:.2f}, processor {cpu[0] / cpu[1]:.2f}",
          flush=True)
    return wall[0] / wall[1] >= GOAL


def compare_block(send, path, runs, size):
    if os.geteuid() != 0:
        print("block   SKIPPED: needs root")
        return True
    device = subprocess.check_output(
        ["losetup", "--find", "--show", "--read-only", path], text=True).strip()
    try:
        return compare(
            "block", [*send, "block:" + device, "-"],
            ["dd", "if=" + device, "bs=256K", "status=none"], runs, size,
            flush=lambda: subprocess.check_call(
                ["blockdev", "--flushbufs", device]))
    finally:
        subprocess.check_call(["losetup", "--detach", device])


def main():
    build, mib, runs = (sys.argv[1:] + ["1024", "7"][len(sys.argv) - 2:])[:3]
    runs = max(5, int(runs))
    send = [os.path.join(build, "sallyport-builder"), "--quiet", "send"]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "bundle")
        write_bundle(path, int(mib))
        size = os.path.getsize(path)
        good = [compare("file", [*send, path, "-"], ["cat", path], runs, size),
                compare("stream", [*send, "-", "-"], ["cat"], runs, size,
                        source=path),
                compare_block(send, path, runs, size)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
