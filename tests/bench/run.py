#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an ingest costs, beside the simplest thing that could work:

    run.py [--build DIR] [--runs N] PRESET...

The peer unpacks with bsdtar, checks all packages with one strict rpmkeys
call, indexes with createrepo_c without databases and syncs the file system.
Both get the same bundle from the page cache, in turn, N times (at least 5).
Cost is user and system time of every descendant, orphans included.
"""
import argparse
import ctypes
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import threading
import time

import workload

PR_SET_CHILD_SUBREAPER = 36


def peaks_below(pid, peaks):
    """Adds the high-water marks of all processes below pid, by name."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, encoding="ascii",
                          errors="replace") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
            except OSError:
                pass
    todo = list(children.get(pid, []))
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        try:
            with open("/proc/%d/status" % one, encoding="ascii",
                      errors="replace") as status:
                lines = dict(line.split(":", 1) for line in status)
            name = lines["Name"].strip()
            peak = int(lines["VmHWM"].split()[0])
            peaks[name] = max(peaks.get(name, 0), peak)
        except (OSError, KeyError, ValueError):
            pass


def stopwatch(command):
    """Wall and CPU seconds of a shell line and of all that it started."""
    reader, writer = os.pipe()
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        status = subprocess.call(["sh", "-c", command],
                                 stdout=subprocess.DEVNULL)
        try:
            while True:
                os.wait()
        except ChildProcessError:
            pass
        used = os.times()
        os.write(writer, json.dumps(
            [status, used.children_user, used.children_system]).encode())
        os._exit(0)
    os.close(writer)
    peaks = {}
    over = threading.Event()

    def watch():
        while not over.wait(0.05):
            peaks_below(pid, peaks)
    watcher = threading.Thread(target=watch)
    watcher.start()
    with os.fdopen(reader) as answer:
        status, user, system = json.loads(answer.read())
    os.waitpid(pid, 0)
    wall = time.monotonic() - start
    over.set()
    watcher.join()
    if status:
        sys.exit("status %d: %s" % (status, command))
    return {"wall": wall, "cpu": user + system, "peaks": peaks}


def contenders(build, data, work):
    """Name -> shell line. Each leaves a synced repository in WORK/out."""
    quote = shlex.quote
    bundle = quote(data + "/bundle")
    ours = ("%s ingest --quiet --any-request --state-dir %s/out --keys %s "
            "--policy %s %s" % (quote(build + "/sallyport"), quote(work),
                                       quote(data + "/key.asc"), quote(data + "/policy"),
                          bundle))
    peer = ("set -e; mkdir -p {out}; cd {out}; bsdtar -xf {bundle}; "
            "rpmkeys --dbpath {db} --define '_pkgverify_level all' "
            "--define '_pkgverify_flags 0x0' -K *.rpm >/dev/null; "
            "createrepo_c --quiet --no-database .; sync -f .").format(
                out=quote(work + "/out"), bundle=bundle,
                db=quote(data + "/rpmdb"))
    return {"sallyport": ours, "bsdtar+rpmkeys+createrepo_c": peer}


def prepare(build, preset):
    data = os.path.join(build, "bench", preset)
    workload.make(preset, data)
    if not os.path.exists(data + "/bundle"):
        with open(data + "/list", "w", encoding="ascii") as out:
            for name in sorted(os.listdir(data + "/rpms")):
                out.write("%s/rpms/%s\n" % (data, name))
        subprocess.run([build + "/sallyport-builder", "build", "--list",
                        data + "/list", "-o", data + "/bundle"], check=True)
    open(data + "/policy", "a", encoding="ascii").close()
    with open(data + "/bundle", "rb") as bundle:
        while bundle.read(1 << 20):
            pass
    return data


def compare(build, preset, runs):
    data = prepare(build, preset)
    work = os.path.join(build, "bench", "work")
    lines = contenders(build, data, work)
    results = {name: [] for name in lines}
    for _ in range(runs):
        for name, line in lines.items():
            shutil.rmtree(work, ignore_errors=True)
            os.makedirs(work)
            os.sync()
            results[name].append(stopwatch(line))
    shutil.rmtree(work)
    print("%s: %d packages, %.1f MB, medians of %d" % (
        preset, len(os.listdir(data + "/rpms")),
        os.path.getsize(data + "/bundle") / 1e6, runs))
    medians = {}
    for name, measured in results.items():
        medians[name] = [statistics.median(m[key] for m in measured)
                         for key in ("cpu", "wall")]
        peaks = {}
        for one in measured:
            for program, peak in one["peaks"].items():
                peaks[program] = max(peaks.get(program, 0), peak)
        print("  %-28s cpu %7.3f s   wall %7.3f s" % (name, *medians[name]))
        print("    peak MB: " + ", ".join(
            "%s %.1f" % (p, k / 1024) for p, k in sorted(peaks.items())
            if p not in ("sh", "python3")))
    (our_cpu, our_wall), (cpu, wall) = medians.values()
    print("  ratio, peer / sallyport:     cpu %7.2f     wall %7.2f" % (
        cpu / our_cpu, wall / our_wall), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("preset", nargs="+", choices=sorted(workload.PRESETS))
    options = parser.parse_args()
    for preset in options.preset:
        compare(os.path.abspath(options.build), preset, options.runs)


if __name__ == "__main__":
    main()
