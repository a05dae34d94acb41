#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile containers and member names, made from a good bundle.

    containers.py OUTDIR GOODBUNDLE

GOODBUNDLE needs two packages at least. Writes one file a case, and
OUTDIR/cases.tsv: id, file, reason, class, place, title. Class is that of the
whole engine for a file: a bundle that breaks off is "media" there. Place is
the worker that must refuse it, unpack or check.
"""

import binascii
import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path

import bundle

BLOCK = bundle.BLOCK
CLASSES = {
    "empty": "format", "not-a-bundle": "format", "truncated": "media",
    "noncanonical-header": "format", "member-padding": "format",
    "end-marker": "format", "trailing-data": "format",
    "manifest-member": "format", "manifest-syntax": "format",
    "manifest-total": "format", "manifest-size": "limit",
    "file-too-large": "limit", "member-name": "name",
    "duplicate-nevra": "name", "filename-mismatch": "name",
}
BAD = "noncanonical-header"


class Good:
    """The good bundle, taken apart."""

    def __init__(self, data):
        self.data, self.members, at = data, [], 0
        while data[at:at + BLOCK].strip(b"\0"):
            name = data[at:at + 100].rstrip(b"\0").decode()
            size = int(data[at + 124:at + 135], 8)
            self.members.append((name, data[at + BLOCK:at + BLOCK + size], at))
            at += BLOCK + size + -size % BLOCK
        self.end = at
        self.manifest = self.members[0][1]
        # The case list speaks of the first package and of the one behind it.
        self.number = next(i for i, m in enumerate(self.members)
                           if m[0] == "p000001.rpm")
        self.first = self.members[self.number]
        self.second = self.members[self.number + 1]

    def splice(self, at, end, data):
        return self.data[:at] + data + self.data[end:]

    def header(self, at_byte, new):
        """Another header in place of the one at this offset."""
        return self.splice(at_byte, at_byte + BLOCK, new)

    def package_header(self, name=None, size=None, **at):
        name = self.first[0] if name is None else name
        size = len(self.first[1]) if size is None else size
        lies = {int(k[1:]): v for k, v in at.items()}
        return self.header(self.first[2],
                           bundle.tar_header(name, size, at=lies))

    def before_package(self, data):
        return self.splice(self.first[2], self.first[2], data)

    def renamed(self, name):
        return self.package_header(name=name)

    def lines(self):
        return self.manifest[:-69].decode().splitlines(keepends=True)

    def with_manifest(self, lines, rest=None):
        """The same members behind a MANIFEST of these lines, sealed."""
        sealed = bundle.seal("".join(lines))
        tail = self.data[self.members[1][2]:] if rest is None else rest
        return bundle.member("MANIFEST", sealed) + tail

    def edited(self, edit, rest=None):
        """MANIFEST with the fields of its package lines edited in place."""
        rows = [line.split(" ") for line in self.lines()]
        edit([r for r in rows if r[0] == "package"], rows[-1])
        return self.with_manifest([" ".join(r) for r in rows], rest)


def checksum(block, value):
    return block[:148] + value + block[156:]


# ---- A: containers -----------------------------------------------------------

def ends(good):
    data, size = good.data, len(good.first[1])
    body = good.first[2] + BLOCK
    gap = -len(good.manifest) % BLOCK
    after = BLOCK + len(good.manifest)
    last = good.members[-1]
    yield "A01", "empty", "empty stream", b""
    yield "A02", "truncated", "one byte", data[:1]
    yield "A03", "truncated", "511 bytes", data[:511]
    yield "A04", "truncated", "header only", data[:BLOCK]
    yield "A05", "truncated", "header and partial data", data[:body + size // 2]
    yield ("A06", "truncated", "data without padding, then nothing",
           data[:last[2] + BLOCK + len(last[1])])
    if gap:
        yield ("A06-shifted", "member-padding", "data without padding",
               good.splice(after, after + gap, b""))
        yield ("A07", "member-padding", "non-zero padding",
               good.splice(after + gap - 1, after + gap, b"x"))
    yield "A08", "truncated", "one zero block only", data[:-BLOCK]
    yield "A08-none", "truncated", "no zero block", data[:-2 * BLOCK]
    yield "A09", "trailing-data", "three zero blocks", data + bytes(BLOCK)
    yield "A10", "trailing-data", "trailing byte", data + b"\0"
    yield "A11", "trailing-data", "trailing second archive", data + data
    yield ("A12", "end-marker", "zero block between members",
           good.before_package(bytes(BLOCK)))
    yield "A12-zeros", "empty", "zero blocks first", bytes(2 * BLOCK) + data


def checksums(good):
    right = good.data[good.first[2]:good.first[2] + BLOCK]
    total = int(right[148:154], 8)
    high = bundle.tar_header(b"p\xff\xff\xff.rpm", len(good.first[1]))
    signed = int(high[148:154], 8) - 3 * 256
    for case, title, block in [
            ("A13", "checksum off by one",
             checksum(right, b"%06o\0 " % (total + 1))),
            ("A14", "signed checksum", checksum(high, b"%06o\0 " % signed)),
            ("A15", "checksum with spaces", checksum(right,
                                                     b"%6o\0 " % total))]:
        yield case, BAD, title, good.header(good.first[2], block)


def fields(good):
    header = good.package_header
    size = len(good.first[1])
    yield "A16", BAD, "GNU magic", header(_257=b"ustar  \0")
    yield "A17", BAD, "v7 magic", header(_257=bytes(8))
    yield ("A17-first", "not-a-bundle", "v7 magic in the first header",
           good.header(0, bundle.tar_header("MANIFEST", len(good.manifest),
                                            at={257: bytes(8)})))
    yield "A18", BAD, "version of two spaces", header(_263=b"  ")
    yield ("A20", BAD, "size in base 256",
           header(_124=b"\x80" + size.to_bytes(11, "big")))
    yield "A21", BAD, "negative size in base 256", header(_124=b"\xff" * 12)
    yield ("A22", "manifest-size", "size 2^33-1",
           good.header(0, bundle.tar_header("MANIFEST", 2**33 - 1)))
    yield ("A23", BAD, "size 2^63",
           header(_124=b"\x80" + (2**63).to_bytes(11, "big")))
    yield "A24", BAD, "size ends in a space", header(_124=b"%011o " % size)
    yield "A24-digits", BAD, "size of twelve digits", header(
        _124=b"%012o" % size)
    kinds = {"A27": ("type NUL", b"\0"), "A28": ("hard link", b"1"),
             "A29": ("symbolic link", b"2"), "A30": ("character device", b"3"),
             "A31": ("block device", b"4"), "A32": ("directory", b"5"),
             "A33": ("fifo", b"6"), "A34": ("contiguous file", b"7"),
             "A44": ("GNU volume header", b"V"),
             "A45": ("GNU multi-volume", b"M")}
    for case, (title, kind) in kinds.items():
        link = b"/etc/passwd" if kind in b"12" else b""
        yield case, BAD, title, header(_156=kind, _157=link)
    for case, title, at, value in [
            ("mode", "mode 0755", 100, b"0000755"),
            ("uid", "owner 1000", 108, b"0001750"),
            ("mtime", "time 1", 136, b"00000000001"),
            ("uname", "user name", 265, b"root"),
            ("gname", "group name", 297, b"root"),
            ("devmajor", "device number", 329, b"0000000\0"),
            ("tail", "last byte of the header", 511, b"x")]:
        yield f"A27-{case}", BAD, title, header(**{f"_{at}": value})


def sizes(good):
    size = len(good.first[1])
    start, end = good.first[2], good.second[2]
    nothing = bundle.tar_header(good.first[0], 0)
    yield ("A19", "manifest-member", "size 0", "check",
           good.splice(start, end, nothing))

    def grow(packages, total):
        for row in packages[-1:]:
            row[2] = str(int(row[2]) + 2**20)
        total[2] = f"{int(total[2]) + 2**20}\n"

    last = good.members[-1]
    rest = good.data[good.members[1][2]:last[2]] + bundle.tar_header(
        last[0], len(last[1]) + 2**20) + good.data[last[2] + BLOCK:]
    yield ("A25", "truncated", "size beyond what comes", "unpack",
           good.edited(grow, rest))

    def overflow(packages, total):
        for row in packages[:2]:
            row[2] = str(2**63)
        total[2] = "0\n"

    yield ("A26", "file-too-large", "sum of sizes beyond 64 bits", "check",
           good.edited(overflow))

    def wrap(packages, total):
        del packages
        total[2] = f"{int(total[2]) + 2**64}\n"

    yield ("A26-total", "manifest-syntax", "total beyond 64 bits", "check",
           good.edited(wrap))
    yield ("A25-short", "manifest-member", "size smaller than in MANIFEST",
           "check", good.splice(start, end, bundle.member(
               good.first[0], good.first[1][:size - 1])))


def pax(records, kind=b"x"):
    body = b""
    for key, value in records:
        line = b" " + key + b"=" + value + b"\n"
        length = len(line)
        while length != len(line) + len(str(length)):
            length = len(line) + len(str(length))
        body += str(length).encode() + line
    return extension(kind, b"././@PaxHeader", body)


def extension(kind, name, body, at=None):
    lies = {156: kind, **(at or {})}
    return bundle.tar_header(name, len(body), at=lies) + body + bytes(
        -len(body) % BLOCK)


def dialects(good):
    gnu = {257: b"ustar  \0"}
    long_name = b"p000001.rpm\0"
    sparse = {386: b"00000000000\0" b"00000000001\0", 482: b"\0",
              483: b"00000001000\0", **gnu}
    before = good.before_package
    yield "A35", BAD, "pax header", before(pax([(b"comment", b"x")]))
    yield ("A36", BAD, "global pax header",
           pax([(b"comment", b"x")], b"g") + good.data)
    yield "A37", BAD, "pax with two paths", before(
        pax([(b"path", b"/etc/x"), (b"path", b"p000001.rpm")]))
    yield "A38", BAD, "pax size", before(pax([(b"size", b"99999999999")]))
    yield "A39", BAD, "GNU long name", before(
        extension(b"L", b"././@LongLink", long_name, gnu))
    yield "A40", BAD, "GNU long link, cut", good.data[:good.first[2]] + \
        extension(b"K", b"././@LongLink", long_name, gnu)[:BLOCK + 4]
    yield "A41", BAD, "GNU sparse file", good.package_header(
        _156=b"S", **{f"_{k}": v for k, v in sparse.items()})
    yield "A42-0.0", BAD, "GNU sparse 0.0", before(pax(
        [(b"GNU.sparse.size", b"9"), (b"GNU.sparse.numblocks", b"1"),
         (b"GNU.sparse.offset", b"0"), (b"GNU.sparse.numbytes", b"9")]))
    yield "A42-0.1", BAD, "GNU sparse 0.1", before(pax(
        [(b"GNU.sparse.size", b"9"), (b"GNU.sparse.map", b"0,9")]))
    yield "A42-1.0", BAD, "GNU sparse 1.0", before(pax(
        [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
         (b"GNU.sparse.realsize", b"9")]))
    yield "A43", BAD, "Solaris holes", before(pax(
        [(b"SUN.holesdata", b" 0 9999999999999999999")]))
    yield "A46", "member-name", "AppleDouble", good.renamed("._p000001.rpm")
    yield "A47", BAD, "ACL and extended attribute", before(pax(
        [(b"SCHILY.acl.access", b"user::rwx,user:1:rwx"),
         (b"SCHILY.xattr.user.x", b"1")]))


def zstd(data):
    """One frame of raw blocks: what any zstd reader unpacks to `data`."""
    out = b"\x28\xb5\x2f\xfd\xe0" + len(data).to_bytes(8, "little")
    pieces = [data[i:i + 65536] for i in range(0, len(data), 65536)]
    for i, piece in enumerate(pieces):
        last = i == len(pieces) - 1
        out += (len(piece) << 3 | last).to_bytes(3, "little") + piece
    return out


def uuencode(data):
    lines = [binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45)]
    return b"begin 644 x.tar\n" + b"".join(lines) + b"`\nend\n"


def zipped(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("MANIFEST", data)
    return out.getvalue()


def wrappers(good):
    data = good.data
    cpio = b"070701" + b"00000000" * 6 + b"%08X" % 600 + b"00000000" * 4
    cpio += b"00000009" + b"00000000" + b"MANIFEST\0\0" + bytes(600)
    ar = b"!<arch>\n" + b"MANIFEST".ljust(48) + b"600".ljust(10) + b"`\n"
    for case, title, blob in [
            ("A48-gzip", "gzip", gzip.compress(data, mtime=0)),
            ("A48-xz", "xz", lzma.compress(data)),
            ("A48-zstd", "zstd", zstd(data)),
            ("A48-bzip2", "bzip2", bz2.compress(data)),
            ("A48-lzop", "lzop", b"\x89LZO\0\r\n\x1a\n" + data),
            ("A48-uu", "uuencode", uuencode(data)),
            ("A49-zip", "zip", zipped(data)),
            ("A49-7z", "7z", b"7z\xbc\xaf\x27\x1c\0\4" + data),
            ("A49-rar", "rar", b"Rar!\x1a\7\1\0" + data),
            ("A49-iso", "iso", bytes(32768) + b"\1CD001\1" + bytes(2041)),
            ("A49-cpio", "cpio", cpio),
            ("A49-ar", "ar", ar + bytes(600)),
            ("A49-mtree", "mtree", b"#mtree\n./MANIFEST type=file\n" * 40),
            ("A50", "gzip in gzip in gzip", gzip.compress(gzip.compress(
                gzip.compress(bytes(2**24), mtime=0), mtime=0).ljust(
                    1024, b"\0"), mtime=0).ljust(1024, b"\0"))]:
        # An image of a file system begins with zeros for a boot loader.
        reason = "empty" if case == "A49-iso" else "not-a-bundle"
        yield case, reason, title, blob


# ---- B: names ----------------------------------------------------------------

def names(good):
    for number, (title, name) in enumerate([
            ("parent folder", "../x.rpm"), ("absolute path", "/etc/x.rpm"),
            ("two components", "a/b.rpm"), ("the folder itself", "."),
            ("two dots", "..rpm"), ("hidden", ".hidden.rpm"),
            ("option", "-rf.rpm"), ("newline", "p000001\n.rpm"),
            ("escape sequence", "\33[2Jp000001.rpm")], 1):
        yield f"B{number:02}", "member-name", title, good.renamed(name)
    yield "B10", BAD, "NUL inside", good.renamed(b"p000001\0.rpm")
    yield ("B11", "member-name", "not UTF-8", good.renamed(b"p\xff\xfe01.rpm"))
    yield ("B12", "member-name", "right-to-left override",
           good.renamed("p\u202e000001.rpm"))
    yield ("B13", "member-name", "homoglyph",
           good.renamed("\u0440000001.rpm"))
    yield "B14", BAD, "100 bytes, not terminated", good.renamed("p" * 100)
    yield "B15", BAD, "prefix field", good.package_header(_345=b"/etc")
    yield ("B16", "member-name", "the same name twice", good.header(
        good.second[2], bundle.tar_header(good.first[0], len(good.second[1]))))
    yield ("B17", "member-name", "other case", good.renamed("P000001.RPM"))
    yield ("B17-twice", "member-name", "the same name in two cases",
           good.header(good.second[2], bundle.tar_header(
               "P000001.RPM", len(good.second[1]))))


def manifest_names(good):
    def rename(packages, total):
        del total
        packages[0][1] = "../p000001.rpm"

    def other(packages, total):
        del total
        packages[0][5] = "0" + packages[0][5]

    def twice(packages, total):
        del total
        packages[1][5:8] = packages[0][5:8]

    yield ("B01-manifest", "member-name", "parent folder in MANIFEST", "check",
           good.edited(rename))
    yield ("B16-manifest", "duplicate-nevra", "one NEVRA twice", "check",
           good.edited(twice))
    yield ("B18", "filename-mismatch", "NEVRA of MANIFEST is not the package's",
           "check", good.edited(other))


def cases(good):
    for group in (ends, checksums, fields, dialects, wrappers, names):
        for case, reason, title, data in group(good):
            yield case, reason, title, "unpack", data
    for group in (sizes, manifest_names):
        yield from group(good)


def main(outdir, good_bundle):
    out = Path(outdir)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for case, reason, title, place, data in cases(
            Good(Path(good_bundle).read_bytes())):
        name = f"{case}.bundle"
        (out / name).write_bytes(data)
        rows.append("\t".join((case, name, reason, CLASSES[reason], place,
                               title)))
    (out / "cases.tsv").write_text("\n".join(sorted(rows)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
