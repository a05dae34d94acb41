#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an ingest costs, beside the simplest things that could work:

    run.py [--build DIR] [--runs N] [--only NAME,...] PRESET...

All get the same bytes from the page cache, in turn, N times:

    sallyport      ingest, from the bundle to the synced repository
    one-call       bsdtar, one strict rpmkeys for all packages, createrepo_c
                   without databases, sync
    two-per-file   the same with two strict rpmkeys for each package
    cp, openssl    what copying, or hashing, these bytes costs at least
    dnf            downloads the same packages from a repository on this
                   disk and checks each

The lines are printed as they were run, and at last what is promised; the
status is 1 when it is not held. Cost is user and system time of every
descendant, orphans included; read and written are the bytes that went through
their system calls.
"""
import argparse
import ctypes
import json
import mmap
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import threading
import time

import workload

PR_SET_CHILD_SUBREAPER = 36

# What ours may cost, as a share of what a contender costs.
LIMITS = {
    "update": [("one-call", "cpu", "processor", 0.75),
               ("two-per-file", "cpu", "processor", 0.33),
               ("two-per-file", "wall", "wall", 0.25)],
    "wide": [("one-call", "cpu", "processor", 2.0),
             ("two-per-file", "cpu", "processor", 0.33),
             ("two-per-file", "wall", "wall", 0.125)],
    "huge": [("one-call", "cpu", "processor", 0.75)],
}
CLAIMED_BYTES = 5 << 30  # more than one run of the largest preset writes
LARGEST_MIB = 32  # any of our programs, gpg and the metadata tool


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
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open("/proc/self/io", encoding="ascii") as counters:
            moved = dict(line.split(": ") for line in counters)
        os.write(writer, json.dumps(
            [status, used.ru_utime + used.ru_stime,
             int(moved["rchar"]), int(moved["wchar"])]).encode())
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
        status, cpu, read, written = json.loads(answer.read())
    os.waitpid(pid, 0)
    wall = time.monotonic() - start
    over.set()
    watcher.join()
    if status:
        sys.exit("status %d: %s" % (status, command))
    return {"wall": wall, "cpu": cpu, "peaks": peaks, "read": read,
            "written": written}


STRICT = ("rpmkeys --dbpath {db} --define '_pkgverify_level all' "
          "--define '_pkgverify_flags 0x0' -K")
PEER = ("set -e; mkdir -p {out}; cd {out}; bsdtar -xf {bundle}; %s; "
        "createrepo_c --quiet --no-database .; sync -f .")
YARDSTICKS = {
    "one-call": PEER % (STRICT + " *.rpm >/dev/null"),
    "two-per-file": PEER % ("for f in *.rpm; do %s $f; %s $f; done >/dev/null"
                            % (STRICT, STRICT)),
    "cp": "cp -r {data}/rpms {out}; sync -f {out}",
    "openssl": "openssl sha256 {data}/rpms/*.rpm >/dev/null",
    "dnf": ("dnf --quiet -c {data}/dnf.conf --releasever 41 "
            "--installroot {out}/root install --assumeyes --downloadonly "
            "'bench-*'"),
}


def contenders(build, data, work):
    """Name -> shell line. Each leaves its result in WORK/out."""
    quoted = {"out": shlex.quote(work + "/out"), "data": shlex.quote(data),
              "bundle": shlex.quote(data + "/bundle"),
              "db": shlex.quote(data + "/rpmdb")}
    lines = {"sallyport": (
        shlex.quote(build + "/sallyport") + " ingest --quiet --any-request "
        "--state-dir {out} --keys {data}/key.asc --policy {data}/policy "
        "{bundle}").format(**quoted)}
    for name, line in YARDSTICKS.items():
        lines[name] = line.format(**quoted)
    return lines


def prepare_dnf(data):
    with open(data + "/dnf.conf", "w", encoding="utf-8") as out:
        out.write("[main]\nplugins=0\nkeepcache=1\nreposdir=/nonexistent\n"
                  "[bench]\nbaseurl=file://{0}/repo\ngpgcheck=1\n"
                  "gpgkey=file://{0}/key.asc\n".format(data))
    if not os.path.exists(data + "/repo/repodata"):
        os.makedirs(data + "/repo", exist_ok=True)
        subprocess.run(["createrepo_c", "--quiet", "--no-database",
                        "--outputdir", data + "/repo", "--baseurl",
                        "file://" + data + "/rpms", data + "/rpms"],
                       check=True)


def prepare(build, preset):
    data = os.path.join(build, "bench", preset)
    workload.make(preset, data)
    if not os.path.exists(data + "/bundle"):
        with open(data + "/list", "w", encoding="ascii") as out:
            for name in sorted(os.listdir(data + "/rpms")):
                out.write("%s/rpms/%s\n" % (data, name))
        subprocess.run([build + "/sallyport-builder", "--quiet", "build",
                        "--list", data + "/list", "-o", data + "/bundle"], check=True)
    prepare_dnf(data)
    open(data + "/policy", "a", encoding="ascii").close()
    with open(data + "/bundle", "rb") as bundle:
        while bundle.read(1 << 20):
            pass
    return data


def put_aside(work, aside):
    """Keeps the files of a run to the end, but not their bytes. ext4 looks at
    each file that was removed in the last minutes before it makes another, and
    the next in turn would pay for that."""
    for folder, _, names in os.walk(work):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.truncate(path, 0)
    os.rename(work, "%s/%d" % (aside, len(os.listdir(aside))))


def claim_memory():
    """Has the free memory that a run will touch really there. The host of a
    virtual machine takes what is free for some seconds, and to find it again
    would cost the next in turn, but not the one that follows closely."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        available = next(int(line.split()[1]) << 10 for line in lines
                         if line.startswith("MemAvailable"))
    mmap.mmap(-1, min(CLAIMED_BYTES, available // 2), flags=mmap.MAP_PRIVATE
              | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def measure(lines, work, runs):
    results = {name: [] for name in lines}
    aside = work + ".aside"
    for folder in (work, aside):
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(aside)
    for _ in range(runs):
        for name, line in lines.items():
            os.makedirs(work)
            os.sync()
            claim_memory()
            results[name].append(stopwatch(line))
            put_aside(work, aside)
    shutil.rmtree(aside)
    return results


def medians(measured):
    return {key: statistics.median(m[key] for m in measured)
            for key in ("cpu", "wall", "read", "written")}


def peaks(measured):
    """MiB by program, without what runs the line."""
    highest = {}
    for one in measured:
        for program, peak in one["peaks"].items():
            if program not in ("sh", "python3"):
                highest[program] = max(highest.get(program, 0), peak / 1024)
    return highest


def judge(preset, results):
    """Whether our share of what the others cost, and memory, are as promised."""
    ours = medians(results["sallyport"])
    verdicts = [("%s, ours / %s" % (what, name), ours[key] / medians(
        results[name])[key], limit) for name, key, what, limit in LIMITS.get(
            preset, ()) if name in results]
    verdicts.append(("largest resident set of ours, MiB",
                     max(peaks(results["sallyport"]).values()), LARGEST_MIB))
    for what, value, limit in verdicts:
        print("  %-46s %6.2f  at most %5.2f  %s" % (
            what, value, limit, "ok" if value <= limit else "TOO MUCH"))
    return all(value <= limit for _, value, limit in verdicts)


def compare(build, preset, runs, only):
    """True if it costs no more than it may."""
    data = prepare(build, preset)
    work = os.path.join(build, "bench", "work")
    lines = contenders(build, data, work)
    lines = {name: line for name, line in lines.items()
             if not only or name in only}
    before = os.getloadavg()[0]
    results = measure(lines, work, runs)
    print("\n%s: %d packages, %.1f MB, medians of %d, load %.0f to %.0f" % (
        preset, len([n for n in os.listdir(data + "/rpms")
                     if n.endswith(".rpm")]),
        os.path.getsize(data + "/bundle") / 1e6, runs, before,
        os.getloadavg()[0]))
    print("  %-13s %8s %8s %9s %9s   ours / this: cpu, wall" % (
        "", "cpu s", "wall s", "read MB", "written"))
    ours = medians(next(iter(results.values())))
    for name, measured in results.items():
        one = medians(measured)
        print("  %-13s %8.3f %8.3f %9.0f %9.0f   %18.2f %5.2f" % (
            name, one["cpu"], one["wall"], one["read"] / 1e6,
            one["written"] / 1e6, ours["cpu"] / one["cpu"],
            ours["wall"] / one["wall"]), flush=True)
    for name, measured in results.items():
        print("  peak MB, %s: %s" % (name, ", ".join(
            "%s %.1f" % one for one in sorted(peaks(measured).items()))))
    for name, line in lines.items():
        print("  line, %s: %s" % (name, line))
    return "sallyport" not in results or judge(preset, results)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("preset", nargs="+", choices=sorted(workload.PRESETS))
    options = parser.parse_args()
    good = [compare(os.path.abspath(options.build), preset, options.runs,
                    options.only) for preset in options.preset]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
