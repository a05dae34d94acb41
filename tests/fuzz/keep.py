#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps a few small inputs that reach most of what a grown corpus reaches.

    keep.py PROGRAM-DIR WORK SEEDS TARGET...

libFuzzer chooses from WORK/TARGET and SEEDS/TARGET, first what adds most; the
first become tests/fuzz/corpus/TARGET/cover-NN, in place of those that were
there. What has another name taught something, and stays.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
LONGEST = 2048
MOST = 20


def cover(program, folders):
    """Contents of the first inputs that libFuzzer chooses, as written."""
    with tempfile.TemporaryDirectory() as chosen:
        subprocess.run([str(program), "-set_cover_merge=1",
                        f"-max_len={LONGEST}", chosen, *map(str, folders)],
                       check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        inputs = sorted(Path(chosen).iterdir(),
                        key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in inputs[:MOST]]


def keep(program, folders, out):
    inputs = cover(program, [d for d in folders if d.is_dir()])
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("cover-*"):
        old.unlink()
    for number, data in enumerate(inputs, 1):
        (out / f"cover-{number:02}").write_bytes(data)
    print(f"{out.name}: {len(inputs)} inputs, "
          f"{sum(map(len, inputs))} bytes")


def main(programs, work, seeds, *targets):
    if not shutil.which(str(Path(programs) / f"fuzz-{targets[0]}")):
        sys.exit(f"no fuzzers in '{programs}': make check-fuzz builds them")
    for target in targets:
        keep(Path(programs) / f"fuzz-{target}",
             (Path(work) / target, Path(seeds) / target), CORPUS / target)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
