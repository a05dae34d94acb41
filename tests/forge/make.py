#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One package, signed by the key `trusted` of the attack table.

    make.py OUT NAME [EPOCH:]VERSION-RELEASE ARCH [OPTION]...

Options: --obsoletes=NAME; --payload=FILE, in the place of a small archive;
--summary=TEXT; --pad=BYTES, of text in the main header.
"""

import sys
from pathlib import Path

import ring
import rpm
from openpgp import Signature


class Made(rpm.Spec):
    """A package whose payload may be anything."""

    blob = None

    def payload(self):
        return self.blob or super().payload()


def entries(options):
    if "obsoletes" in options:
        yield rpm.Entry(1090, rpm.STRINGS, [options["obsoletes"]])
        yield rpm.Entry(1114, rpm.INT32, 0)
        yield rpm.Entry(1115, rpm.STRINGS, [""])
    if "summary" in options:
        yield rpm.Entry(1004, rpm.I18N, [options["summary"]])
    if "pad" in options:
        yield rpm.Entry(1005, rpm.I18N, ["x" * int(options["pad"])])


def sign(head, payload):
    return {268: Signature(ring.trusted()).packet(head)}


def main(out, name, evr, arch, *words):
    options = dict(word[2:].split("=", 1) for word in words)
    epoch, _, rest = evr.rpartition(":")
    version, release = rest.split("-")
    spec = Made(name, version, release, arch, int(epoch) if epoch else None)
    if "payload" in options:
        spec.blob = Path(options["payload"]).read_bytes()
    Path(out).write_bytes(rpm.package(
        spec, sign, main=lambda old: rpm.add(old, *entries(options))))


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
