#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes checks out of the programs, one at a time, and sees whether flips.py
notices.

    teeth.py BUILD [FAULT]...

BUILD has the good programs. Each fault is made in a copy of the sources,
from which the one program that it is in is built. Prints a line for each;
exit status 1 if one was not found, or its source is not what it was.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FLIPS = TOP / "tests/forge/flips.py"
SOURCES = ("src", "cli", "transports", "Makefile", "config.mk",
           "tests/deps.sh")
JOBS = os.environ.get("JOBS", str(os.cpu_count()))

ACCEPTED = "accepted, though its bytes are vouched for"
OTHER = "other bytes are published"
CHANGED = "refused, and changed"

# name: program, source, [(check, what is left of it)], layer, kind, what
# flips.py says of it
FAULTS = {
    "padding": ("sallyport-unpack", "src/bundle/gate.c", [
        ("if (!zero_from(block, (size_t)gate->left))", "if (false)")],
        "bundle", "bits", ACCEPTED),
    "trailing": ("sallyport-unpack", "src/ingest/unpack.c", [
        ("if (!end_is_known ||", "if (end_is_known ||")],
        "bundle", "bytes", ACCEPTED),
    "manifest-digest": ("sallyport-check", "src/bundle/manifest.c", [
        ("if (memcmp(claimed, digest, sizeof(digest)) != 0)", "if (false)")],
        "bundle", "bits", ACCEPTED),
    "head-digest": ("sallyport-check", "src/ingest/check-package.c", [
        ("member->sha256, sizeof(member->sha256)) != 0)",
         "member->sha256, sizeof(member->sha256)) > 256)")],
        "bundle", "bits", ACCEPTED),
    "payload-digest": ("sallyport-check", "src/ingest/check-package.c", [
        ("if (strcmp(hex, p->rpm.payload_sha256) != 0)", "if (false)")],
        "package", "bits", OTHER),
    "signature": ("sallyport-verify", "src/ingest/batch.c", [
        ("if (!file->good)", "if (false)"),
        ("if (!is_expected(&file->valid, &item->expected))", "if (false)")],
        "package", "bits", OTHER),
    "quarantine": ("sallyport", "src/ingest/quarantine.c", [
        ("if (q->name[0])", "if (q->name[0] && q->scratch)")],
        "manifest", "cuts", CHANGED),
}


def take_out(copy, source, edits):
    path = copy / source
    text = path.read_text()
    for check, left in edits:
        if text.count(check) != 1:
            sys.exit(f"{source} has no such line any more: {check}")
        text = text.replace(check, left)
    path.write_text(text)


def faulty_build(build, scratch, program, source, edits):
    """A folder with the good programs and one that is not."""
    copy, out = scratch / "tree", scratch / "build"
    for name in SOURCES:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, copy / name)
        elif (TOP / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, copy / name)
    take_out(copy, source, edits)
    # Whatever a make above us was called with.
    plain = ["DEVELOPER=", "SANITIZE=", "COVER=", "FAULT=", "O=made",
             "CFLAGS=-O0 -U_FORTIFY_SOURCE"]
    made = subprocess.run(
        ["make", "-s", f"-j{JOBS}", *plain, f"made/{program}"], cwd=copy,
        env={**os.environ, "DEPS": "skip", "MAKEFLAGS": ""},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        sys.exit(f"{program} is not built: {made.stdout[-2000:]}")
    out.mkdir()
    for good in Path(build).glob("sallyport*"):
        if good.is_file():
            shutil.copy(good, out)
    shutil.copy(copy / "made" / program, out / program)
    return out


def is_found(build, name):
    *where, layer, kind, says = FAULTS[name]
    with tempfile.TemporaryDirectory(prefix="sp-teeth.") as scratch:
        out = faulty_build(build, Path(scratch), *where)
        run = subprocess.run(
            [sys.executable, FLIPS, out, "--layer", layer, "--kind", kind,
             "--every", "23", "--until-wrong"],
            stdout=subprocess.PIPE, text=True)
    found = [line for line in run.stdout.splitlines()
             if line.startswith(f"{layer} {kind} ") and f": {says}" in line]
    print(f"{name}: {'found: ' + found[0][:70] if found else 'NOT FOUND'}",
          flush=True)
    return found and run.returncode == 1


def main(build, *names):
    found = [is_found(build, name) for name in names or FAULTS]
    sys.exit(not all(found))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
