#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A container that is right, around members of any bytes and sizes.

    members.py OUT [e:]SIZE...

MANIFEST is one line that is none; a number is a package of so many bytes,
"e:NUMBER" a piece of evidence. For what looks at the container alone.
"""

import sys
from pathlib import Path

import bundle


def main(out, *sizes):
    parts = [bundle.member("MANIFEST", b"any text\n")]
    evidence = packages = 0
    for size in sizes:
        if size.startswith("e:"):
            evidence += 1
            name = f"e{evidence:04}"
        else:
            packages += 1
            name = f"p{packages:06}.rpm"
        count = int(size.removeprefix("e:"))
        parts.append(bundle.member(name, name.encode()[-5:-4] * count))
    Path(out).write_bytes(b"".join(parts) + bytes(2 * bundle.BLOCK))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
