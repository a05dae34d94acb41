#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile MANIFESTs and hostile sets, around packages that are all good.

    manifests.py OUTDIR

Writes one bundle a case, and OUTDIR/cases.tsv: id, file, detail ("accept"
for none), class, title, options for ingest. OUTDIR/base.bundle is a good one
to publish first. The packages are signed by the key `trusted` of the attack
table.
"""

import sys
from pathlib import Path

import bundle
import ring
import rpm
from bundle import Package, in_order, manifest, seal
from openpgp import Signature

ANY = "--any-request"
ID = "0123456789abcdef0123456789abcdef"


def signed(head, payload):
    return {268: Signature(ring.trusted()).packet(head)}


def make(name, version="1.0", arch="noarch", **edits):
    spec = rpm.Spec(name=name, version=version, arch=arch)
    return Package(rpm.package(spec, signed, **edits), spec.nevra())


def set_of(*packages):
    return bundle.bundle(list(packages))


def text_bundle(text, packages):
    """These members behind a MANIFEST of this text, sealed."""
    return bundle.around(seal(text), [p.data for p in packages])


def lie(package, **fields):
    """The same package, with other words about it in MANIFEST."""
    liar = Package(package.data, package.nevra)
    liar.__dict__.update(fields)
    return liar


class Set:
    """Two good packages in order, and their MANIFEST as text."""

    def __init__(self):
        self.one, self.two = make("alpha"), make("beta")
        self.packages = in_order([self.one, self.two])
        self.text = manifest(self.packages)

    def edited(self, old, new):
        """One replacement in the text, then sealed again."""
        text = self.text.replace(old, new, 1)
        assert text != self.text, old
        return text_bundle(text, self.packages)

    def lying(self, **fields):
        return set_of(lie(self.one, **fields), self.two)


def digests(s):
    sealed = bytearray(seal(s.text))
    sealed[-10] = ord("1") if sealed[-10] == ord("0") else ord("0")
    blobs = [p.data for p in s.packages]
    yield ("N01", "manifest-digest", "media", "digest of MANIFEST wrong",
           bundle.around(bytes(sealed), blobs))
    yield ("N01b", "manifest-digest", "media", "one letter of MANIFEST changed",
           bundle.around(seal(s.text).replace(b"alpha", b"alphb"), blobs))
    yield ("N07", "head-digest", "media", "digest of a head wrong",
           s.lying(sha256="0" * 64))
    damaged = lie(s.one, data=s.one.data.replace(b"A forged", b"B forged"))
    yield ("N07b", "head-digest", "media", "head damaged on the medium",
           set_of(damaged, s.two))
    flipped = lie(s.two, data=s.two.data[:-1] + b"\xff")
    yield ("N34", "payload-digest-mismatch", "digest",
           "last payload damaged on the medium", set_of(s.one, flipped))
    yield ("N26", "manifest-member", "format", "head size one too large",
           s.lying(head=s.one.head + 1,
                   sha256=bundle.digest(s.one.data[:s.one.head + 1])))
    yield ("N26b", "manifest-member", "format", "head size one too small",
           s.lying(head=s.one.head - 1,
                   sha256=bundle.digest(s.one.data[:s.one.head - 1])))
    yield ("N26c", "manifest-syntax", "format", "head of 127 bytes",
           s.lying(head=127))
    yield ("N26d", "manifest-syntax", "format", "head larger than the package",
           s.lying(head=s.one.size + 1))


def totals(s):
    size = sum(p.size for p in s.packages)
    for row, total, title in [("N02", (3, size), "one member too many"),
                              ("N02b", (0, size), "no members"),
                              ("N03", (2, size + 1), "one byte too many"),
                              ("N03b", (2, 0), "no bytes")]:
        yield (row, "manifest-total", "format", f"total says {title}",
               text_bundle(manifest(s.packages, total=total), s.packages))
    yield ("N04", "manifest-order", "format", "packages in the wrong order",
           text_bundle(manifest(s.packages[::-1]), s.packages[::-1]))
    yield ("N05", "duplicate-nevra", "name", "one package twice",
           text_bundle(manifest([s.one, s.one]), [s.one, s.one]))
    yield ("N06", "filename-mismatch", "name",
           "MANIFEST calls a package by another name",
           s.lying(nevra="alphabet 0:1.0-1 noarch"))
    yield ("N06b", "filename-mismatch", "name",
           "one package twice, under two names",
           set_of(s.one, lie(s.one, nevra="zeta 0:1.0-1 noarch")))
    yield ("N06c", "filename-mismatch", "name", "another epoch",
           s.lying(nevra="alpha 1:1.0-1 noarch"))
    yield ("N08", "manifest-member", "format", "member larger than announced",
           text_bundle(s.text, [lie(s.one, data=s.one.data + b"x"), s.two]))
    yield ("N08b", "manifest-member", "format",
           "member smaller than announced",
           text_bundle(s.text, [lie(s.one, data=s.one.data[:-1]), s.two]))
    yield ("N09", "manifest-member", "format", "last member missing",
           text_bundle(s.text, [s.one]))
    yield ("N09b", "manifest-member", "format", "all members missing",
           text_bundle(s.text, []))
    yield ("N10", "manifest-member", "format", "one member more",
           text_bundle(s.text, [s.one, s.two, s.two]))
    yield ("N10b", "manifest-member", "format", "members the other way round",
           text_bundle(s.text, [make("beta-much-longer-name"), s.one]))


def grammar(s):
    syntax = [
        ("N11", "escape sequence", "alpha", "\x1b[2Jalpha"),
        ("N11b", "tabulator", " alpha", "\talpha"),
        ("N11c", "carriage return", " listed\n", " listed\r\n"),
        ("N11d", "NUL byte", "alpha", "al\0pha"),
        ("N11e", "not ASCII", "alpha", "\u0430lpha"),
        ("N12", "two spaces", " alpha", "  alpha"),
        ("N12b", "space at the end of a line", " listed\n", " listed \n"),
        ("N12c", "empty line", "package", "\npackage"),
        ("N12d", "space at the start of a line", "package", " package"),
        ("N19", "leading zero in a size", f" {s.one.size} ",
         f" 0{s.one.size} "),
        ("N19b", "signed size", f" {s.one.size} ", f" +{s.one.size} "),
        ("N19c", "negative size", f" {s.one.size} ", f" -{s.one.size} "),
        ("N19d", "hexadecimal size", f" {s.one.size} ", f" {s.one.size:#x} "),
        ("N19e", "size above 64 bits", f" {s.one.size} ", f" {2**64} "),
        ("N20", "digest in capitals", s.one.sha256, s.one.sha256.upper()),
        ("N20b", "digest of 63 digits", s.one.sha256, s.one.sha256[1:]),
        ("N22", "unknown keyword", "package", "pack"),
        ("N22b", "unknown reason", " listed", " because"),
        ("N35", "line behind the total", "total 2", "total 2 0\ntotal 2"),
        ("N37", "name of 129 bytes", "alpha", "a" * 129),
        ("N37b", "path in a name", "alpha", "../alpha"),
        ("N37c", "no epoch", " 0:1.0", " 1.0"),
        ("N38", "epoch of 33 bits", " 0:1.0", f" {2**32}:1.0"),
    ]
    for row, title, old, new in syntax:
        yield row, "manifest-syntax", "format", title, s.edited(old, new)
    yield ("N21", "manifest-version", "format", "bundle of format 2",
           s.edited("bundle 1", "bundle 2"))
    yield ("N24", "manifest-syntax", "format", "empty MANIFEST",
           bundle.around(b"", []))
    yield ("N24b", "manifest-syntax", "format", "MANIFEST without its end",
           bundle.around(s.text.encode(), [p.data for p in s.packages]))
    yield ("N29", "member-name", "name", "number of a member skipped",
           s.edited("p000002", "p000003"))
    yield ("N29b", "member-name", "name", "path as the name of a member",
           s.edited("p000001.rpm", "../p000001.rpm"))


def requests(s):
    def asked(*ids):
        return text_bundle(manifest(s.packages, requests=ids), s.packages)

    later = "f" + ID[1:]
    yield ("N25", "manifest-order", "format", "requests out of order",
           asked(later, ID))
    yield "N25b", "manifest-order", "format", "one request twice", asked(ID, ID)
    yield ("N25c", "manifest-syntax", "format", "request id in capitals",
           asked(ID.upper()))
    yield ("N25d", "manifest-syntax", "format", "request id of 31 digits",
           asked(ID[1:]))
    many = [f"{n:032x}" for n in range(257)]
    yield ("N25e", "too-many-files", "limit", "257 requests", asked(*many))
    yield "N28", "unsolicited", "policy", "nobody asked for it", asked(), ""
    yield ("N28b", "unsolicited", "policy", "answers a request of another",
           asked(ID), "")


def limits(s):
    line = s.one.line(1).split(" ", 2)[2]
    fat = f"{8 * 2**30 - 1} " + line.split(" ", 1)[1]

    def announce(count, rest):
        lines = ["bundle 1\n"]
        for n in range(1, count + 1):
            lines.append(f"package p{n:06}.rpm " + rest.replace(
                "alpha", f"alpha{n:06}"))
        return bundle.around(seal("".join(lines) + "total 0 0\n"), [])

    yield ("N13", "too-many-files", "limit", "16385 packages",
           announce(16385, line))
    yield ("N14", "too-many-bytes", "limit", "more than a tebibyte",
           announce(129, fat))
    yield ("N14b", "file-too-large", "limit", "package of 8 GiB",
           s.edited(f" {s.one.size} ", f" {8 * 2**30} "))
    yield ("N14c", "file-too-large", "limit", "package of 2^63 bytes",
           s.edited(f" {s.one.size} ", f" {2**63} "))
    yield ("N31", "manifest-size", "limit", "MANIFEST of more than 16 MiB",
           bundle.around(bytes(16 * 2**20 + 1), []))


def evidence(s):
    data = b"<repomd/>\n"

    def carrying(line, blob, behind=False):
        members = [("e0001", blob)] + [
            (f"p{i + 1:06}.rpm", p.data) for i, p in enumerate(s.packages)]
        size = sum(len(b) for _, b in members)
        lines = s.text.splitlines(keepends=True)
        lines.insert(3 if behind else 1, line)
        lines[-1] = f"total {len(members)} {size}\n"
        if behind:
            members = members[1:] + members[:1]
        parts = [bundle.member("MANIFEST", seal("".join(lines)))]
        parts += [bundle.member(n, b) for n, b in members]
        return b"".join(parts) + bytes(1024)

    def line_of(blob, kind="repomd", label="fedora"):
        return (f"evidence e0001 {len(blob)} {bundle.digest(blob)}"
                f" {kind} {label}\n")

    yield ("N27", "evidence-digest", "media", "damaged evidence",
           carrying(line_of(data), data.replace(b"<", b"[")))
    yield ("N27b", "manifest-syntax", "format", "evidence of no known kind",
           carrying(line_of(data, "other"), data))
    yield ("N27c", "manifest-syntax", "format", "path as the label",
           carrying(line_of(data, label="../x"), data))

    def groups(text):
        blob = text.encode()
        return carrying(line_of(blob, "comps", "groups"), blob)

    good = "groups 1\ngroup a A <b>&'\nmandatory alpha\nend\n"
    yield ("N27d", "accept", "done", "groups", groups(good))
    yield ("N27e", "evidence-digest", "media", "damaged groups",
           groups(good).replace(b"mandatory alpha", b"mandatory alphb"))
    yield ("N27f", "groups", "format", "foreign XML instead of groups",
           groups("<comps></comps>\n"))
    yield ("N27g", "groups", "format", "groups with a bad name",
           groups(good.replace("alpha", "<x>")))
    yield ("N27h", "groups", "format", "groups above their ceiling",
           groups("groups 1\n" + "x" * 1048577))


def sets(s):
    yield ("N32", "accept", "done", "no packages at all",
           text_bundle(manifest([]), []))
    yield ("N33", "no-header-signature", "signature",
           "unsigned package behind a good one",
           set_of(s.one, unsigned("beta")))
    yield ("N15", "two-versions", "name", "two versions of one name",
           set_of(s.one, make("alpha", "2.0")))
    yield ("N16", "source-package", "policy", "source package", set_of(
        make("alpha", main=lambda e: rpm.add(
            rpm.drop(e, 1044), rpm.Entry(1106, rpm.INT32, 1)))))
    yield ("N16b", "source-package", "policy", "no name of a source package",
           set_of(make("alpha", main=lambda e: rpm.drop(e, 1044))))
    yield ("N17", "foreign-arch", "policy", "package of another machine",
           set_of(make("alpha", arch="aarch64")))
    yield ("N39", "accept", "done", "i686 beside x86_64", set_of(
        make("alpha", arch="i686"), make("alpha", arch="x86_64")))
    yield ("N40", "accept", "done", "epoch above all",
           set_of(epoch("alpha", 2**32 - 1)))
    yield ("N41", "downgrade", "policy", "older than what is published",
           set_of(make("base", "0.9")))


def unsigned(name):
    spec = rpm.Spec(name=name)
    return Package(rpm.package(spec, lambda head, payload: {}), spec.nevra())


def epoch(name, number):
    spec = rpm.Spec(name=name, epoch=number)
    return Package(rpm.package(spec, signed), spec.nevra())


def cases():
    s = Set()
    for family in (digests, totals, grammar, requests, limits, evidence, sets):
        yield from family(s)


def main(out):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "base.bundle").write_bytes(set_of(make("base")))
    with open(out / "cases.tsv", "w", encoding="utf-8") as table:
        for row, word, cls, title, data, *options in cases():
            (out / f"{row}.bundle").write_bytes(data)
            cells = [row, f"{row}.bundle", word, cls, title,
                     options[0] if options else ANY]
            table.write("\t".join(cells) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
