#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and memory of a solve at the size of a large distribution.

    solve.py BUILD-DIR [PACKAGES]        60,000 by default

A made-up repository: every package has a few provides, files and needs, and a
tenth of them is there in two versions. 1,125 of them are installed, in the
old version. No network but the loopback address; `check` does the work.
"""
import functools
import gzip
import hashlib
import http.server
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time

INSTALLED = 1125


def names(n):
    return [f"package-{i:06d}" for i in range(n)]


def needs(i, rng):
    """Only of packages before it: every prefix is complete in itself."""
    return sorted({rng.randrange(max(1, i)) for _ in range(min(i, 6))})


def package_xml(i, name, version, wanted):
    digest = hashlib.sha256(f"{name}-{version}".encode()).hexdigest()
    provides = "".join(
        f'<rpm:entry name="lib{i}-{k}.so.1()(64bit)"/>' for k in range(3))
    requires = "".join(
        f'<rpm:entry name="lib{w}-{w % 3}.so.1()(64bit)"/>' for w in wanted)
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
  <location href="Packages/{name[8]}/{name}-{version}-1.fc41.x86_64.rpm"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor>Made up</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>example.invalid</rpm:buildhost>
    <rpm:sourcerpm>{name}-{version}-1.fc41.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="9000"/>
    <rpm:provides><rpm:entry name="{name}" flags="EQ" epoch="0" ver="{version}" rel="1.fc41"/>{provides}</rpm:provides>
    <rpm:requires>{requires}</rpm:requires>
    <file>/usr/bin/{name}</file>
  </format>
</package>
'''


def write_repository(top, count):
    rng = random.Random(1)
    repodata = top / "repodata"
    repodata.mkdir()
    plain = hashlib.sha256()
    size = 0
    lines = []
    with gzip.open(repodata / "primary.xml.gz", "wb", 6) as out:
        def put(text):
            nonlocal size
            data = text.encode()
            plain.update(data)
            size += len(data)
            out.write(data)
        put('<?xml version="1.0" encoding="UTF-8"?>\n<metadata '
            'xmlns="http://linux.duke.edu/metadata/common" '
            'xmlns:rpm="http://linux.duke.edu/metadata/rpm" '
            f'packages="{count}">\n')
        for i, name in enumerate(names(count)):
            wanted = needs(i, rng)
            put(package_xml(i, name, "2.0", wanted))
            if i % 10 == 0:
                put(package_xml(i, name, "1.5", wanted))
            if i < INSTALLED:
                lines.append((i, name, wanted))
        put("</metadata>\n")
    packed = (repodata / "primary.xml.gz").read_bytes()
    (repodata / "repomd.xml").write_text(f'''<?xml version="1.0"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo">
  <revision>1700000000</revision>
  <data type="primary">
    <checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>
    <open-checksum type="sha256">{plain.hexdigest()}</open-checksum>
    <location href="repodata/primary.xml.gz"/>
    <timestamp>1700000000</timestamp>
    <size>{len(packed)}</size>
    <open-size>{size}</open-size>
  </data>
</repomd>
''')
    return lines, size


def write_request(path, port, installed):
    text = f"""request 1
id {'0' * 31}1
created {time.strftime('%Y-%m-%d', time.gmtime())}
valid-days 30
action upgrade
arch x86_64
basearch x86_64
releasever 41
opt weakdeps no
repo-file big.repo
 [big]
 name=big
 baseurl=http://127.0.0.1:{port}/
"""
    for i, name, wanted in sorted(installed, key=lambda line: line[1]):
        text += f"@ {name} 0 1.0 1.fc41 x86_64\np {name} = 1.0-1.fc41\n"
        text += "".join(f"p lib{i}-{k}.so.1()(64bit)\n" for k in range(3))
        text += "".join(f"r lib{w}-{w % 3}.so.1()(64bit)\n" for w in wanted)
    text += f"count {len(installed)}\n"
    path.write_text(
        text + f"end {hashlib.sha256(text.encode()).hexdigest()}\n")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60000
    with tempfile.TemporaryDirectory() as scratch:
        top = pathlib.Path(scratch)
        (top / "repo").mkdir()
        installed, size = write_repository(top / "repo", count)
        handler = functools.partial(http.server.SimpleHTTPRequestHandler,
                                    directory=str(top / "repo"))
        handler.log_message = lambda *args: None
        http.server.SimpleHTTPRequestHandler.log_message = \
            lambda *args: None
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        write_request(top / "request", server.server_port, installed)
        begin = time.monotonic()
        done = subprocess.run(
            [build / "sallyport-builder", "check", "--request",
             top / "request", "--allow-http", "--cache-dir", top / "cache",
             "--progress", "none", "--quiet"], check=False)
        seconds = time.monotonic() - begin
        server.shutdown()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{count} packages, primary {size / 2**20:.0f} MiB: "
          f"{seconds:.2f} s, {usage.ru_utime + usage.ru_stime:.2f} CPU s, "
          f"{usage.ru_maxrss / 1024:.0f} MiB, status {done.returncode}")
    return done.returncode != 100


if __name__ == "__main__":
    sys.exit(main())
