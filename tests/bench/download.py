#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What downloads cost, beside dnf, aria2c and curl:

    download.py [--build DIR] [--work DIR] [--runs N] [PART...]

Parts: "small", 300 small packages over a line of 50 ms, by HTTP/1.1 and by
HTTP/2 with TLS; "loopback", 591 MiB in 320 packages without a line; "link",
the same over 100 Mbit/s and 50 ms (minutes). All three without an argument.

The server is nginx on loopback, the line is relay.py, all programs write to
the same memory file system, and take turns. Each run begins with an empty
cache. sallyport-builder also checks every SHA-256, looks into each package
and packs the bundle, and gets all 320 as a mirror, with the metadata; dnf also
solves, and aria2c gets the digests as well.
Prints medians: wall seconds, processor seconds of the program and what it
started, and the largest resident set (VmHWM) of any of them; then ratios.
"""
import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

import workload

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = 1 << 20
MBIT = 100
ROUND_TRIP = 50
# What the builder may cost: see docs/BENCH.md.
LIMITS = {("small h1", "wall"): 2.2, ("small h2", "wall"): 1.3,
          ("loopback h1", "cpu"): 1.2, ("rss", ""): 25.0,
          ("link h1", "overhead"): 1.03}
NGINX = """
%(user)s
daemon off;
worker_processes 1;
pid %(dir)s/pid;
error_log %(dir)s/error.log;
events { worker_connections 512; }
http {
    access_log off;
    sendfile on;
    keepalive_requests 100000;
    client_body_temp_path %(dir)s/t1;
    proxy_temp_path %(dir)s/t2;
    fastcgi_temp_path %(dir)s/t3;
    uwsgi_temp_path %(dir)s/t4;
    scgi_temp_path %(dir)s/t5;
    server {
        listen 127.0.0.1:%(port)d;
        listen 127.0.0.1:%(tls)d ssl http2;
        ssl_certificate %(dir)s/cert.pem;
        ssl_certificate_key %(dir)s/key.pem;
        root %(root)s;
    }
}
"""


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """nginx with HTTP/1.1 and with HTTP/2 over TLS, for one folder."""

    def __init__(self, where, root):
        os.makedirs(where)
        self.port, self.tls = free_port(), free_port()
        self.cert = where + "/cert.pem"
        workload.run("openssl", "req", "-x509", "-newkey", "rsa:2048",
                     "-nodes", "-days", "2", "-subj", "/CN=bench", "-addext",
                     "subjectAltName = IP:127.0.0.1", "-keyout",
                     where + "/key.pem", "-out", self.cert)
        with open(where + "/conf", "w", encoding="ascii") as conf:
            conf.write(NGINX % {
                "dir": where, "root": root, "port": self.port,
                "tls": self.tls,
                "user": "user root;" if os.geteuid() == 0 else ""})
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen(
            ["nginx", "-c", where + "/conf", "-e", where + "/error.log"],
            env=env)
        while not os.path.exists(where + "/pid"):
            if self.process.poll() is not None:
                sys.exit("nginx does not start")
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Relay:
    def __init__(self, port, *line):
        self.process = subprocess.Popen(
            [sys.executable, HERE + "/relay.py", str(port),
             *[str(number) for number in line]],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def descendants(pid):
    todo, found = [pid], []
    while todo:
        one = todo.pop()
        found.append(one)
        try:
            with open("/proc/%d/task/%d/children" % (one, one),
                      encoding="ascii") as children:
                todo += [int(child) for child in children.read().split()]
        except OSError:
            pass
    return found


def high_water(pid):
    """MiB of the largest of them."""
    peak = 0
    for one in descendants(pid):
        try:
            with open("/proc/%d/status" % one, encoding="ascii",
                      errors="replace") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        peak = max(peak, int(line.split()[1]))
        except OSError:
            pass
    return peak / 1024


def measure(command, log):
    """Wall and CPU seconds, peak in MiB; the command must succeed."""
    start = time.monotonic()
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                   stderr=out)
        peaks, ended = [0], threading.Event()

        def watch():
            while not ended.wait(0.1):
                peaks.append(high_water(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        with open(log, encoding="utf-8", errors="replace") as text:
            sys.exit("%s: exit %d\n%s" % (command[0], process.returncode,
                                          text.read()[-2000:]))
    return wall, usage.ru_utime + usage.ru_stime, max(peaks)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Bench:
    def __init__(self, options, work):
        self.builder = options.build + "/sallyport-builder"
        self.work, self.runs = work, options.runs
        self.results, self.bad = {}, []
        packages = os.path.join(work, "mixed")
        workload.make("mixed", packages)
        self.root = os.path.join(packages, "rpms")
        self.sizes = {name: os.path.getsize(os.path.join(self.root, name))
                      for name in sorted(os.listdir(self.root))
                      if name.endswith(".rpm")}
        self.digests = {name: sha256(os.path.join(self.root, name))
                        for name in self.sizes}
        if not os.path.isdir(self.root + "/repodata"):
            workload.run("createrepo_c", "-q", self.root)
        self.server = Server(os.path.join(work, "nginx"), self.root)

    # ---- the programs ----

    def lists(self, names, base, tls):
        """Input files for all, new cache and destination folders."""
        run = os.path.join(self.work, "run")
        shutil.rmtree(run, ignore_errors=True)
        os.makedirs(run + "/out")
        with open(run + "/sallyport", "w", encoding="ascii") as ours, \
                open(run + "/aria2", "w", encoding="ascii") as aria2, \
                open(run + "/curl", "w", encoding="ascii") as curl:
            for name in names:
                url = base + name
                ours.write("%s sha256:%s\n" % (url, self.digests[name]))
                aria2.write("%s\n checksum=sha-256=%s\n"
                            % (url, self.digests[name]))
                curl.write('url = "%s"\noutput = "%s/out/%s"\n'
                           % (url, run, name))
            if tls:
                curl.write('cacert = "%s"\n' % self.server.cert)
        return run

    def commands(self, names, base, tls):
        def listed():
            run = self.lists(names, base, tls)
            return [self.builder, "build", "--list", run + "/sallyport",
                    "--cache-dir", run + "/cache", "--cacert",
                    self.server.cert, "-o", "-", "--progress", "none"]

        def mirror():
            run = self.lists(names, base, tls)
            os.mkdir(run + "/repos")
            with open(run + "/repos/bench.repo", "w",
                      encoding="ascii") as file:
                file.write("[bench]\nbaseurl=%s\n" % base)
            return [self.builder, "build", "--mirror", "bench", "--repo-dir",
                    run + "/repos", "--arch", "x86_64", "--allow-http",
                    "--cache-dir", run + "/cache", "-o", "-", "--quiet",
                    "--progress", "none"]

        def curl():
            return ["curl", "-sS", "--fail", "--parallel", "--parallel-max",
                    "8", "-K", self.lists(names, base, tls) + "/curl"]

        def aria2():
            run = self.lists(names, base, tls)
            return ["aria2c", "-q", "-j8", "-x1", "-d", run + "/out",
                    "--file-allocation=none", "--ca-certificate",
                    self.server.cert, "-i", run + "/aria2"]

        def dnf():
            run = self.lists(names, base, tls)
            common = ["dnf", "-q", "-y", "--releasever=41",
                      "--installroot=" + run + "/root",
                      "--repofrompath=bench," + base, "--repo=bench",
                      "--nogpgcheck", "--forcearch=x86_64",
                      "--setopt=cachedir=" + run + "/dnf",
                      "--setopt=sslcacert=" + self.server.cert]
            # Metadata is not what is measured.
            workload.run(*common, "makecache")
            wanted = [name.rsplit("-", 2)[0] for name in names]
            return [*common, "install", "--downloadonly",
                    "--downloaddir=" + run + "/out", *wanted]

        all_of_it = len(names) == len(self.sizes) and not tls
        ours = mirror if all_of_it else listed
        return {"sallyport-builder": ours, "curl --parallel": curl,
                "aria2c": aria2, "dnf": dnf}

    # ---- the parts ----

    def part(self, title, names, line, tls=False, runs=None):
        port = self.server.tls if tls else self.server.port
        relay = Relay(port, *line) if line else None
        base = "http%s://127.0.0.1:%d/" % ("s" if tls else "",
                                           relay.port if relay else port)
        commands = self.commands(names, base, tls)
        taken = {name: [] for name in commands}
        try:
            for _ in range(runs or self.runs):
                for name, command in commands.items():
                    taken[name].append(measure(command(), self.work + "/log"))
        finally:
            if relay:
                relay.stop()
        medians = {name: [statistics.median(column) for column in zip(*rows)]
                   for name, rows in taken.items()}
        self.show(title, names, medians)
        self.results[title] = medians["sallyport-builder"]

    def show(self, title, names, medians):
        size = sum(self.sizes[name] for name in names)
        print("\n%s: %d packages, %.1f MiB" % (title, len(names),
                                               size / (1 << 20)))
        print("  %-20s %8s %8s %8s   %s" % ("", "wall s", "CPU s", "MiB",
                                            "wall and CPU / ours"))
        ours = medians["sallyport-builder"]
        for name, (wall, cpu, peak) in medians.items():
            print("  %-20s %8.2f %8.2f %8.1f   %.2f  %.2f"
                  % (name, wall, cpu, peak, wall / ours[0], cpu / ours[1]))
        sys.stdout.flush()

    def expect(self, what, value, limit):
        good = value <= limit
        print("%-50s %6.2f  at most %5.2f  %s"
              % (what, value, limit, "ok" if good else "TOO MUCH"))
        if not good:
            self.bad.append(what)

    def judge(self):
        print()
        for title, (wall, cpu, peak) in self.results.items():
            if (title, "wall") in LIMITS:
                self.expect(title + ", wall s", wall, LIMITS[title, "wall"])
            if (title, "cpu") in LIMITS:
                self.expect(title + ", CPU s", cpu, LIMITS[title, "cpu"])
            if (title, "overhead") in LIMITS:
                ideal = sum(self.sizes.values()) * 8 / (MBIT * 1e6)
                self.expect(title + ", wall / time of the link", wall / ideal,
                            LIMITS[title, "overhead"])
            self.expect(title + ", resident MiB", peak, LIMITS["rss", ""])

    def go(self, parts):
        small = [name for name, size in self.sizes.items() if size < SMALL]
        if "small" in parts:
            self.part("small h1", small, (ROUND_TRIP,))
            self.part("small h2", small, (ROUND_TRIP,), tls=True)
        if "loopback" in parts:
            self.part("loopback h1", list(self.sizes), None)
            self.part("loopback h2", list(self.sizes), None, tls=True)
        if "link" in parts:
            self.part("link h1", list(self.sizes), (ROUND_TRIP, MBIT), runs=1)
        self.judge()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--work")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("parts", nargs="*",
                        metavar="small|loopback|link")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if set(options.parts) - {"small", "loopback", "link"}:
        parser.error("the parts are small, loopback and link")
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["LC_ALL"] = "C"
    work = options.work or "/dev/shm/sp-bench-%d" % os.getpid()
    os.makedirs(work, exist_ok=True)
    shutil.rmtree(work + "/nginx", ignore_errors=True)
    bench = Bench(options, work)
    try:
        bench.go(options.parts or ["small", "loopback", "link"])
    finally:
        bench.server.stop()
        shutil.rmtree(work + "/run", ignore_errors=True)
        shutil.rmtree(work + "/nginx", ignore_errors=True)
        if not options.work:
            shutil.rmtree(work)
    sys.exit(1 if bench.bad else 0)


main()
