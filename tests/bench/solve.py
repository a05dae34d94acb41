#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and memory of a solve at the size of a large distribution.

    solve.py BUILD-DIR [--packages N] [--dnf] [--memory MIB]

A made-up repository of 60,000 packages: each has a few provides, files and
needs; some are there in two versions, need something new, obsolete another
one, cannot be installed, or have conditions. 1,125 of them are installed in
an old version, in a real database that rpm made. `request` reads it, `check`
solves; with --dnf, dnf does the same work from a cold cache, and both must
come to the same packages, versions and sizes. --memory sets a limit on the
address space of every process of the builder. No network but the loopback
address.
"""
import argparse
import functools
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "forge"))
import rpm as forge  # noqa: E402

INSTALLED = 1125
# Real distributions have 12 KiB of file lists for each package.
FILES = 150
TARGET_MIB, TARGET_RATIO = 150, 8
EQUAL, GREATER_EQUAL = 8, 12


@functools.lru_cache(maxsize=None)
def name_of(i):
    """Letters without order: numbers would all hash alike in libsolv."""
    digits = hashlib.sha256(str(i).encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("0123456789", "ghijklmnop"))


def names(n):
    return [name_of(i) for i in range(n)]


def needs(i, rng):
    """Only of packages before it, and of installed ones: so a new package
    does not bring in half of the distribution."""
    top = max(1, min(i, INSTALLED))
    return sorted({rng.randrange(top) for _ in range(min(i, 6))})


def soname(i, k):
    return f"lib{name_of(i)}-{k}.so.1()(64bit)"


def entry(name, flags="", version=""):
    more = (f' flags="{flags}" epoch="0" ver="{version}" rel="1.fc41"'
            if flags else "")
    return f'<rpm:entry name="{name}"{more}/>'


def oddities(i, count):
    """What makes some of the installed packages a task for a solver."""
    free = INSTALLED + i * 37 % (count - INSTALLED)
    if i % 41 == 1:
        return {"requires": entry(soname(free, 0))}
    if i % 61 == 1:
        return {"requires": entry(f"nobody-provides-{i}")}
    if i % 67 == 1:
        return {"requires": entry(
            f"({name_of(free)} if {name_of(3)})")}
    if i % 71 == 1:
        return {"requires": entry(
            f"({name_of(free)} if nobody-provides-{i})")}
    if i % 73 == 1:
        return {"requires": entry(f"/usr/bin/{name_of(free)}")}
    if i % 79 == 1:
        return {"conflicts": entry(name_of(i - 1), "LT", "2.0")}
    if i % 83 == 1:
        return {"recommends": entry(name_of(free))}
    return {}


def package_xml(i, name, version, wanted, more):
    digest = hashlib.sha256(f"{name}-{version}".encode()).hexdigest()
    provides = "".join(entry(soname(i, k)) for k in range(3))
    requires = "".join(entry(soname(w, w % 3)) for w in wanted)
    requires += more.get("requires", "")
    others = "".join(f"<rpm:{kind}>{more[kind]}</rpm:{kind}>"
                     for kind in ("conflicts", "obsoletes", "recommends")
                     if kind in more)
    return f'''<package type="rpm">
  <name>{name}</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="{version}" rel="1.fc41"/>
  <checksum type="sha256" pkgid="YES">{digest}</checksum>
  <summary>The package with the number {i} of a made-up distribution</summary>
  <description>It is described in a sentence or two, as most packages are, so
that the parser has to read over about as much text as in a real one.</description>
  <packager>Nobody</packager>
  <url>https://example.invalid/{name}</url>
  <time file="1700000000" build="1700000000"/>
  <size package="{10000 + i}" installed="{40000 + i}" archive="{41000 + i}"/>
  <location href="Packages/{name[0]}/{name}-{version}-1.fc41.x86_64.rpm"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor>Made up</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>example.invalid</rpm:buildhost>
    <rpm:sourcerpm>{name}-{version}-1.fc41.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="9000"/>
    <rpm:provides>{entry(name, "EQ", version)}{provides}</rpm:provides>
    <rpm:requires>{requires}</rpm:requires>{others}
    <file>/usr/bin/{name}</file>
  </format>
</package>
''', digest


def files_xml(i, name, version, digest):
    files = "".join(f"<file>/usr/share/{name}/modules/part-{i}/file-{k}.py"
                    "</file>\n" for k in range(FILES))
    return (f'<package pkgid="{digest}" name="{name}" arch="x86_64">\n'
            f'<version epoch="0" ver="{version}" rel="1.fc41"/>\n'
            f"<file>/usr/bin/{name}</file>\n{files}</package>\n")


class Member:
    """One compressed file of the repository, and what repomd.xml says."""

    def __init__(self, repodata, kind, head):
        self.kind = kind
        self.path = repodata / f"{kind}.xml.gz"
        self.plain = hashlib.sha256()
        self.size = 0
        self.out = gzip.GzipFile(self.path, "wb", 2, mtime=0)
        self.put(head)

    def put(self, text):
        data = text.encode()
        self.plain.update(data)
        self.size += len(data)
        self.out.write(data)

    def close(self, tail):
        self.put(tail)
        self.out.close()
        packed = self.path.read_bytes()
        return f'''  <data type="{self.kind}">
    <checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>
    <open-checksum type="sha256">{self.plain.hexdigest()}</open-checksum>
    <location href="repodata/{self.kind}.xml.gz"/>
    <timestamp>1700000000</timestamp>
    <size>{len(packed)}</size>
    <open-size>{self.size}</open-size>
  </data>
'''


def write_repository(top, count, with_files):
    rng = random.Random(1)
    repodata = top / "repodata"
    repodata.mkdir()
    xml = '<?xml version="1.0" encoding="UTF-8"?>\n'
    url = "http://linux.duke.edu/metadata"
    primary = Member(repodata, "primary", f'{xml}<metadata xmlns="{url}/common"'
                     f' xmlns:rpm="{url}/rpm" packages="{count}">\n')
    lists = with_files and Member(
        repodata, "filelists",
        f'{xml}<filelists xmlns="{url}/filelists" packages="{count}">\n')
    installed = []
    for i, name in enumerate(names(count)):
        wanted = needs(i, rng)
        versions = [("2.0", oddities(i, count) if i < INSTALLED else {})]
        if i % 89 == 1 and i < INSTALLED:
            # It is replaced by a package of another name.
            versions = []
            text, digest = package_xml(
                i, f"{name}-ng", "2.0", wanted,
                {"obsoletes": entry(name, "LT", "9")})
            primary.put(text)
            if lists:
                lists.put(files_xml(i, f"{name}-ng", "2.0", digest))
        if i % 10 == 0:
            versions.append(("1.5", {}))
        for version, more in versions:
            text, digest = package_xml(i, name, version, wanted, more)
            primary.put(text)
            if lists:
                lists.put(files_xml(i, name, version, digest))
        if i < INSTALLED:
            installed.append((i, name, wanted))
    data = primary.close("</metadata>\n")
    if lists:
        data += lists.close("</filelists>\n")
    (repodata / "repomd.xml").write_text(
        f'{xml}<repomd xmlns="{url}/repo">\n'
        f"  <revision>1700000000</revision>\n{data}</repomd>\n")
    return installed, primary.size


def installed_header(i, name, wanted):
    """As rpm keeps it: what it provides, needs and holds."""
    provides = [name] + [soname(i, k) for k in range(3)]
    requires = [soname(w, w % 3) for w in wanted]
    folders = [f"/usr/share/{name}/modules/part-{i}/", "/usr/bin/"]
    bases = [f"file-{k}.py" for k in range(FILES)] + [name]
    n = len(bases)
    i32, strings = forge.INT32, forge.STRINGS
    entries = [
        (1000, forge.STRING, name), (1001, forge.STRING, "1.0"),
        (1002, forge.STRING, "1.fc41"),
        (1004, forge.I18N, ["An installed package"]),
        (1005, forge.I18N, ["It is installed."]),
        (1006, i32, 1700000000), (1009, i32, 40000 + i),
        (1011, forge.STRING, "Made up"), (1014, forge.STRING, "MIT"),
        (1016, forge.I18N, ["Unspecified"]),
        (1021, forge.STRING, "linux"), (1022, forge.STRING, "x86_64"),
        (1028, i32, [10] * n), (1030, forge.INT16, [0o100644] * n),
        (1034, i32, [1700000000] * n), (1035, strings, ["0" * 64] * n),
        (1036, strings, [""] * n), (1037, i32, [0] * n),
        (1039, strings, ["root"] * n), (1040, strings, ["root"] * n),
        (1044, forge.STRING, f"{name}-1.0-1.fc41.src.rpm"),
        (1047, strings, provides)]
    if requires:
        entries += [(1048, i32, [0] * len(requires)),
                    (1049, strings, requires),
                    (1050, strings, [""] * len(requires))]
    entries += [
        (1112, i32, [EQUAL] + [0] * 3),
        (1113, strings, ["1.0-1.fc41", "", "", ""]),
        (1116, i32, [0] * FILES + [1]), (1117, strings, bases),
        (1118, strings, folders), (5011, i32, 8)]
    return forge.header(forge.MAIN_REGION, [
        forge.Entry(tag, kind, value) for tag, kind, value in entries])


def write_database(root, installed):
    """Returns the path of the database below the root."""
    root.mkdir()
    stream = b"".join(installed_header(*line) for line in installed)
    subprocess.run(["rpmdb", "--root", root, "--initdb"], check=True)
    subprocess.run(["rpmdb", "--root", root, "--importdb"], input=stream,
                   check=True)
    found = subprocess.run(
        ["rpm", "--root", root, "-qa"], check=True,
        capture_output=True).stdout.count(b"\n")
    if found != len(installed):
        sys.exit(f"rpm took {found} of {len(installed)} packages")
    return next(root.rglob("rpmdb.sqlite")).parent


def measure(argv, memory=0, env=None):
    """Runs it: status, output, CPU seconds, MiB of its largest process."""
    def limit():
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory << 20,) * 2)
    before = time.monotonic()
    with tempfile.TemporaryFile() as out:
        pid = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT,
                               preexec_fn=limit, env=env)
        # The usage of this one and of what it has waited for.
        _, status, usage = os.wait4(pid.pid, 0)
        pid.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace")
    return {"status": pid.returncode, "text": text,
            "wall": time.monotonic() - before,
            "cpu": usage.ru_utime + usage.ru_stime,
            "mib": usage.ru_maxrss / 1024}


def serve(directory):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler,
                                directory=str(directory))
    http.server.SimpleHTTPRequestHandler.log_message = lambda *args: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def ask(build, top, port, database):
    """The request of the machine, and what it costs."""
    (top / "repos").mkdir()
    (top / "repos" / "big.repo").write_text(
        f"[big]\nname=big\nbaseurl=http://127.0.0.1:{port}/\n")
    (top / "policy").touch()
    done = measure([
        build / "sallyport", "request", "--state-dir", top / "state",
        "--policy", top / "policy", "--keys", top / "no-keys",
        "--dbpath", database, "--reposdir", top / "repos",
        "--releasever", "41", "-o", top / "request"])
    if done["status"] != 0:
        sys.exit(done["text"])
    packed = subprocess.run(["zstd", "-19", "-q", "-c", top / "request"],
                            check=True, capture_output=True).stdout
    done["bytes"] = (top / "request").stat().st_size
    done["packed"] = len(packed)
    return done


def plan_of(text):
    plan = json.loads(text[text.index("{"):])["plans"][0]
    return sorted((p["nevra"], p["size"]) for p in plan["packages"])


DNF_PLAN = """
import sys, dnf
base = dnf.Base()
c = base.conf
c.installroot, c.cachedir, c.persistdir, c.logdir = sys.argv[1:5]
c.reposdir, c.install_weak_deps, c.installonlypkgs = [], False, ["kernel"]
c.substitutions["releasever"] = "41"
r = dnf.repo.Repo("big", c)
r.baseurl = [sys.argv[5]]
base.repos.add(r)
base.fill_sack(load_system_repo=True)
base.upgrade_all()
base.resolve()
for p in base.transaction.install_set:
    print(p, p.downloadsize)
"""


def dnf_argv(top, root, port, command):
    return ["dnf", "-c", top / "dnf.conf", f"--installroot={root}",
            "--releasever=41", "--forcearch=x86_64",
            f"--setopt=reposdir={top / 'none'}",
            f"--repofrompath=big,http://127.0.0.1:{port}/", "--repo=big",
            f"--setopt=cachedir={top / 'dnf'}", f"--setopt=logdir={top}",
            f"--setopt=persistdir={top / 'persist'}", *command]


def run_dnf(top, root, port):
    """Cost of a cold `dnf upgrade`, and its plan by its own Python."""
    (top / "dnf.conf").write_text("[main]\ngpgcheck=0\nplugins=0\n"
                                  "install_weak_deps=0\n")
    done = measure(dnf_argv(top, root, port, ["upgrade", "--assumeno"]))
    plan = subprocess.run(
        ["/usr/bin/python3", "-c", DNF_PLAN, root, top / "dnf2",
         top / "persist", top, f"http://127.0.0.1:{port}/"],
        check=True, capture_output=True, text=True).stdout
    done["plan"] = sorted((line.rsplit(" ", 1)[0], int(line.rsplit(" ", 1)[1]))
                          for line in plan.splitlines())
    if not done["plan"] or ".fc41" not in done["text"]:
        sys.exit("dnf plans nothing:\n" + done["text"])
    return done


def told(what, done):
    return (f"{what:<20} {done['wall']:6.2f} s wall  {done['cpu']:6.2f} CPU s"
            f"  {done['mib']:5.0f} MiB")


def judge(checks):
    """Prints what was shown and what not; the exit status."""
    for good, text in checks:
        print(("ok   " if good else "MISS ") + text)
    return not all(good for good, _ in checks)


def run(args, top):
    (top / "repo").mkdir()
    installed, size = write_repository(top / "repo", args.packages, args.dnf)
    database = write_database(top / "root", installed)
    server = serve(top / "repo")
    port = server.server_port
    request = ask(args.build, top, port, database)
    ours = measure([
        args.build / "sallyport-builder", "check", "--request",
        top / "request", "--allow-http", "--cache-dir", top / "cache",
        "--json", "--progress", "none"], args.memory)
    if ours["status"] != 100:
        sys.exit(ours["text"])
    plan = plan_of(ours["text"])
    print(f"{args.packages} packages, {len(installed)} installed, primary "
          f"{size / 2**20:.0f} MiB, {len(plan)} to download")
    print(told("sallyport request", request))
    print(told("sallyport-builder", ours))
    checks = [
        (request["packed"] < 100000, f"request {request['bytes']} bytes, "
         f"{request['packed']} by zstd -19 (below 100,000)"),
        (request["cpu"] < 0.5,
         f"request takes {request['cpu']:.2f} CPU s (below 0.5)"),
        (ours["mib"] <= TARGET_MIB,
         f"solve has {ours['mib']:.0f} MiB (at most {TARGET_MIB})")]
    if args.dnf:
        dnf = run_dnf(top, top / "root", port)
        print(told("dnf, cold", dnf))
        ratio = dnf["cpu"] / ours["cpu"]
        odd = sorted(set(plan) ^ set(dnf["plan"]))
        checks += [
            (not odd, "the same packages, versions and sizes"
             + "".join(f"\n       {o}" for o in odd[:10])),
            (ratio >= TARGET_RATIO, f"{ratio:.1f} times less CPU than dnf "
             f"(at least {TARGET_RATIO})")]
    server.shutdown()
    return judge(checks)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--packages", type=int, default=60000)
    parser.add_argument("--dnf", action="store_true")
    parser.add_argument("--memory", type=int, default=0)
    with tempfile.TemporaryDirectory() as scratch:
        return run(parser.parse_args(), pathlib.Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
