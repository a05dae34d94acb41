#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the attack table: one package a row.

    attacks.py OUTDIR

makes OUTDIR/ID.rpm, OUTDIR/keys/NAME.asc and OUTDIR/table.tsv with the
columns id, file, key file, class, detail ("accept" for a package that must
pass), NEVRA as an attacker would write it into a MANIFEST, title.
"""

import sys
from pathlib import Path

import ring
import rows_format
import rows_key
import rows_signature


def all_rows():
    for family in (rows_signature, rows_format, rows_key):
        yield from family.rows()


def main(out):
    out = Path(out)
    (out / "keys").mkdir(parents=True, exist_ok=True)
    for name, text in ring.files().items():
        (out / "keys" / f"{name}.asc").write_text(text)
    lines = []
    for row in all_rows():
        (out / f"{row.id}.rpm").write_bytes(row.blob)
        lines.append("\t".join(row.cells()) + "\n")
    ids = [line.split("\t")[0] for line in lines]
    assert len(ids) == len(set(ids)), "an id stands twice"
    (out / "table.tsv").write_text("".join(lines))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
