#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes signed packages for the benchmark:  workload.py PRESET DIR

DIR gets rpms/, key.asc and rpmdb/ (a private rpm database that trusts the
key). Names, sizes and contents follow from the preset alone; key and
signatures are new. What is there already is kept.
"""
import concurrent.futures
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile

# Packages, payload bytes in all (each package adds about 6.2 kB of headers,
# 4 of them the room of its signature), spread of the log-normal sizes (0 = even).
PRESETS = {
    "small": (20, 20 * 10**6, 1.0),
    "memory": (30, 51 * 10**6, 1.0),
    "update": (300, 10**9, 1.9),
    "wide": (5000, 10 * 10**6, 0.0),
    "huge": (40, 4 * 10**9, 0.9),
    "mixed": (320, 591 << 20, 0.0),  # see mixed_sizes
}
# For the plot: one grows while the other stays.
SERIES = {"packages": [250, 500, 1000, 2000, 4000],
          "bytes": [100, 200, 400, 800, 1600]}
for _number in SERIES["packages"]:
    PRESETS["packages-%d" % _number] = (_number, _number * 8000, 0.0)
for _number in SERIES["bytes"]:
    PRESETS["bytes-%d" % _number] = (20, _number * 10**6, 0.0)
LARGEST_SHARE = 0.15
BATCH = 100
SIGNER = "bench@example.invalid"


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode:
        sys.exit("%s:\n%s" % (" ".join(command[:4]),
                              done.stdout.decode(errors="replace")))
    return done.stdout.decode()


def define(**macros):
    for name, value in macros.items():
        yield from ("--define", name + " " + value)


def mixed_sizes():
    """Small ones about 39 kB, then twenty of 11 to 62 MB: an update."""
    count, total, _ = PRESETS["mixed"]
    chance = random.Random("mixed")
    small = [int(39000 * math.exp(chance.gauss(0, 0.8)))
             for _ in range(count - 20)]
    weights = [chance.uniform(11, 62) for _ in range(20)]
    share = (total - sum(small)) / sum(weights)
    return small + [int(weight * share) for weight in weights]


def sizes(preset):
    """The payload size of each package."""
    if preset == "mixed":
        return mixed_sizes()
    count, total, spread = PRESETS[preset]
    chance = random.Random(preset)
    weights = [math.exp(chance.gauss(0, spread)) if spread
               else chance.uniform(0.5, 1.5) for _ in range(count)]
    for _ in range(40):
        ceiling = LARGEST_SHARE * sum(weights)
        weights = [min(w, ceiling) for w in weights]
    return [max(256, int(total * w / sum(weights))) for w in weights]


def write_payload(path, size, seed):
    chance = random.Random(seed)
    with open(path, "wb") as out:
        while size > 0:
            piece = min(size, 1 << 20)
            out.write(chance.randbytes(piece))
            size -= piece


def build(job):
    """One rpmbuild makes a batch: each package is a sub-package."""
    preset, numbered_sizes, rpms = job
    top = tempfile.mkdtemp(prefix="sp-bench.")
    spec = ["Name: batch", "Version: 1", "Release: 1", "License: none",
            "Summary: a batch", "AutoReqProv: no", "%description", "None.",
            "%install", "mkdir -p %{buildroot}/opt",
            "mv %{_topdir}/payload/* %{buildroot}/opt/"]
    os.mkdir(top + "/payload")
    for number, size in numbered_sizes:
        name = "bench-%05d" % number
        write_payload("%s/payload/%s" % (top, name), size,
                      "%s/%d" % (preset, number))
        spec += ["%package -n " + name, "Version: %d.%d" % (number % 7, number),
                 "Release: 1.fc41", "Summary: Package " + name,
                 "%description -n " + name, "Noise of a known size.",
                 "%files -n " + name, "/opt/" + name]
    with open(top + "/batch.spec", "w", encoding="ascii") as out:
        out.write("\n".join(spec) + "\n")
    nil = "%{nil}"
    run("rpmbuild", "-bb", "--quiet", "--target", "x86_64",
        *define(_topdir=top, _rpmdir=rpms, _dbpath=top + "/db",
                _build_name_fmt="%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
                _binary_payload="w1.zstdio", debug_package=nil,
                __os_install_post=nil, _build_id_links="none",
                _source_filedigest_algorithm="8",
                _binary_filedigest_algorithm="8"),
        top + "/batch.spec")
    shutil.rmtree(top)


def sign(job):
    """Each signer has a copy of the key home, and so an agent of its own."""
    home, packages = job
    copy = tempfile.mkdtemp(prefix="sp-bench.", dir="/tmp")
    shutil.copytree(home, copy, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("S.*"))
    env = dict(os.environ, GNUPGHOME=copy)
    run("rpmsign", "--addsign", *define(__gpg="/usr/bin/gpg", _gpg_name=SIGNER,
                                        _gpg_digest_algo="sha256"),
        *packages, env=env)
    run("gpgconf", "--kill", "all", env=env)
    shutil.rmtree(copy, ignore_errors=True)  # the agent takes its sockets away


def batches(items, size):
    return [items[i:i + size] for i in range(0, len(items), size)]


def make(preset, target):
    if os.path.isdir(target):
        return
    work = target + ".new"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work + "/rpms")
    home = tempfile.mkdtemp(prefix="sp-bench.", dir="/tmp")
    env = dict(os.environ, GNUPGHOME=home)
    run("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback",
        "--passphrase", "", "--quick-generate-key", "Bench <%s>" % SIGNER,
        "rsa4096", "sign", "never", env=env)
    with open(work + "/key.asc", "w", encoding="ascii") as out:
        out.write(run("gpg", "--batch", "--quiet", "--armor", "--export",
                      SIGNER, env=env))
    run("gpgconf", "--kill", "all", env=env)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        numbered = list(enumerate(sizes(preset)))
        list(pool.map(build, [(preset, batch, work + "/rpms")
                              for batch in batches(numbered, BATCH)]))
        packages = sorted(os.path.join(work, "rpms", name)
                          for name in os.listdir(work + "/rpms"))
        list(pool.map(sign, [(home, batch)
                             for batch in batches(packages, BATCH)]))
    shutil.rmtree(home, ignore_errors=True)
    os.mkdir(work + "/rpmdb")
    run("rpmkeys", "--dbpath", work + "/rpmdb", "--import", work + "/key.asc")
    os.rename(work, target)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in PRESETS:
        sys.exit(__doc__)
    make(sys.argv[1], os.path.abspath(sys.argv[2]))
