# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows D, P, H, S, L and X: digests, payload, headers, lead, index fields."""

import gzip
import hashlib
from functools import partial

import ring
import rpm
from openpgp import Signature
from rows import ACCEPT, row
from rpm import (BIN, COUNT, I18N, INT16, INT32, INT64, KIND, OFFSET, STRING,
                 STRINGS, Entry, Spec, add, drop, find, header, patch, put)

def adding(*entries):
    return lambda old: add(old, *entries)


def without(*tags):
    return lambda old: drop(old, *tags)


def text(tag, value):
    return adding(Entry(tag, STRING, value))


def flip_last(blob):
    return blob[:-1] + bytes([blob[-1] ^ 1])


# ---- D: digests of the signature header ------------------------------------

def digests():
    zeros = "0" * 64
    yield row("D01", "wrong SHA-256 of the header", "header-digest",
              sig=text(273, zeros))
    yield row("D02", "wrong SHA-1 of the header", "header-digest",
              sig=text(269, zeros[:40]))
    yield row("D03", "wrong MD5 of header and payload", ACCEPT,
              sig=adding(Entry(1004, BIN, bytes(16))))
    yield row("D04", "no digest of the header at all", ACCEPT,
              sig=without(269, 273, 1004))
    yield row("D05", "SHA-256 of the header in capitals", "header-digest",
              sig=lambda e: add(e, Entry(
                  273, BIN, find(e, 273).data.upper(), 1)),
              sig_bytes=lambda b: patch(b, 273, KIND, STRING))
    yield row("D06", "SHA-256 of the header cut short", "header-digest",
              sig=text(273, zeros[:63]))


# ---- P: the payload --------------------------------------------------------

def payloads():
    yield row("P01", "one bit of the payload flipped",
              "payload-digest-mismatch", file=flip_last)
    yield row("P02", "the same with the MD5 made good",
              "payload-digest-mismatch", payload=flip_last)
    yield row("P03", "bytes appended", "payload-digest-mismatch",
              file=lambda f: f + b"more")
    yield row("P03b", "bytes appended and the MD5 made good",
              "payload-digest-mismatch", payload=lambda p: p + b"more")
    yield row("P04", "payload one byte short", "payload-digest-mismatch",
              file=lambda f: f[:-1])
    yield row("P04b", "no payload", "payload-digest-mismatch",
              payload=lambda p: b"")
    yield row("P05", "payload replaced by its uncompressed form",
              "payload-digest-mismatch", payload=gzip.decompress)
    yield row("P06", "payload compressed again", "payload-digest-mismatch",
              payload=lambda p: gzip.compress(gzip.decompress(p), 1, mtime=1))


def deltas():
    yield row("P07", "delta package with a magic of its own", "not-rpm",
              file=lambda f: b"drpmDLT3" + f)
    yield row("P07b", "delta package in the place of the signed one",
              "bad-signature", payload=lambda p: b"DLT3" + bytes(200),
              after=lambda b: b.replace(b"\0cpio\0", b"\0drpm\0"))


# ---- H: the main header ----------------------------------------------------

def digest_of_payload(entries, algo="sha256"):
    name = find(entries, 1000).data[:-1].decode()
    return hashlib.new(algo, Spec(name=name).payload()).hexdigest()


def payload_digest(algo, name):
    return lambda e: add(e, Entry(5093, INT32, algo), Entry(
        5092, STRINGS, [digest_of_payload(e, name)]))


def two_digests(order):
    return lambda e: add(e, Entry(
        5092, STRINGS, [digest_of_payload(e), "0" * 64][::order]))


def rewritten_digest(kind, change):
    def edit(entries):
        text = change(digest_of_payload(entries))
        value = [text] if kind == STRINGS else text
        return add(entries, Entry(5092, kind, value))
    return edit


def digest_tags():
    yield row("H02", "signed header without a payload digest",
              "no-payload-digest", main=without(5092, 5093, 5097),
              payload=lambda p: b"anything")
    yield row("H03", "only the digest of the uncompressed payload",
              "no-payload-digest", main=without(5092, 5093))
    yield row("H04", "algorithm of the payload digest missing",
              "payload-digest-algo", main=without(5093))
    for algo, name in ((1, "md5"), (2, "sha1"), (10, "sha512")):
        yield row(f"H05{name}", f"payload digest is {name}",
                  "payload-digest-algo", main=payload_digest(algo, name))
    yield row("H06a", "two payload digests, good then bad",
              "payload-digest-type", main=two_digests(1))
    yield row("H06b", "two payload digests, bad then good",
              "payload-digest-type", main=two_digests(-1))
    yield row("H07", "payload digest of type STRING", "payload-digest-type",
              main=rewritten_digest(STRING, str))
    yield row("H07b", "payload digest in capitals", "payload-digest-hex",
              main=rewritten_digest(STRINGS, str.upper))
    yield row("H07c", "payload digest of 63 digits", "payload-digest-hex",
              main=rewritten_digest(STRINGS, lambda text: text[1:]))


SCRIPT = Entry(1024, STRING, "touch /tmp/owned")


def region_only(blob):
    """The region of a header with one dribble, as rpm hashes it."""
    il = int.from_bytes(blob[8:12], "big") - 1
    offset = int.from_bytes(blob[24:28], "big")
    dl = offset + 16
    data = 16 + 16 * (il + 1)
    return rpm.intro(il, dl) + blob[16:16 + 16 * il] + blob[data:data + dl]


def alignment_gap(entries):
    """Bytes of one's where the first padding of the entries stands."""
    at = 0
    for i, e in enumerate(entries):
        hole = -at % rpm.ALIGN.get(e.kind, 1)
        if hole:
            return i, b"\1" * hole
        at += len(e.data)
    raise ValueError("nothing is padded")


def dirty_padding(region, entries):
    return header(region, entries, gap=alignment_gap(entries))


def swapped(entries):
    return [entries[0], entries[2], entries[1], *entries[3:]]


def twice(tag):
    def edit(entries):
        at = next(i for i, e in enumerate(entries) if e.tag == tag)
        return entries[:at] + [entries[at]] + entries[at:]
    return edit


def signed_inside(entries):
    """With the signature of the header without it."""
    head = header(rpm.MAIN_REGION, entries)
    return add(entries, Entry(268, BIN, Signature(ring.trusted()).packet(head)))


def grammar():
    dribble = partial(header, dribbles=[SCRIPT])
    hidden = partial(header, gap=(5, b"h" * 64))
    yield row("H01", "one bit of the signed header flipped", "bad-signature",
              after=lambda b: b.replace(b"A forged", b"B forged"))
    yield row("H08a", "script outside the region, all signed", "region",
              build=dribble)
    yield row("H08b", "script outside the region, region signed", "region",
              build=dribble, signed=region_only)
    yield row("H09", "main header without a region", "region",
              build=lambda tag, entries: rpm.bare_header(entries))
    yield row("H10", "tags not in order", "tag-order", main=swapped)
    yield row("H11", "name twice", "tag-order", main=twice(1000))
    yield row("H12", "64 hidden bytes between entries", "tag-offset",
              build=hidden)
    yield row("H12b", "hidden bytes in the alignment", "tag-padding",
              build=dirty_padding)
    yield row("H12c", "hidden bytes in front of the trailer", "data-tail",
              build=partial(header, tail=b"h" * 16))
    yield row("H13a", "RSA signature tag inside the main header", "tag-range",
              main=adding(Entry(268, BIN, b"x" * 300)))
    yield row("H13b", "SHA-1 tag inside the main header", "tag-range",
              main=text(269, "0" * 40))
    yield row("H13c", "DSA signature tag inside the main header",
              "tag-range", main=adding(Entry(267, BIN, b"x" * 72)))
    yield row("H13d", "a good signature in the main header alone",
              "tag-range", main=signed_inside,
              sign=lambda head, payload: {})
    yield row("H19", "tag 0x7fffffff", "tag-range",
              main=text(0x7FFFFFFF, "x"))
    yield row("H20", "tag 0xfffffff0", "tag-range",
              main=text(0xFFFFFFF0, "x"))
    yield row("H20b", "tag 32768", "tag-range", main=text(32768, "x"))
    yield row("H20c", "unknown tag 32767", ACCEPT, main=text(32767, "x"))
    yield row("H09b", "region trailer of tag 61", "region-trailer",
              build=partial(header, trailer_tag=61))
    yield row("H18", "more translations than the table has", ACCEPT,
              main=adding(Entry(1004, I18N, ["one", "two"])))
    yield row("H18b", "translation table of another type", "tag-type",
              main=text(100, "C"))


BAD_NAMES = [
    ("a", "path in the name", "../../etc/x", "nevra"),
    ("b", "line feed in the name", "a\nb", "nevra"),
    ("c", "option as the name", "--import", "nevra"),
    ("d", "name not UTF-8", b"\xff\xfe", "string-encoding"),
    ("e", "empty name", "", "nevra"),
    ("f", "name of 129 bytes", "a" * 129, "nevra"),
    ("g", "escape sequence in the name", "\x1b[31mred", "nevra"),
    ("h", "name that is a dot", ".", "nevra"),
    ("i", "overlong UTF-8", b"\xc0\xae", "string-encoding"),
    ("j", "surrogate in UTF-8", b"\xed\xa0\x80", "string-encoding"),
    ("k", "above the last code point", b"\xf4\x90\x80\x80",
     "string-encoding"),
    ("l", "right to left override", "a\u202eb", "nevra"),
    ("m", "look-alike letters", "b\u0430sh", "nevra"),
]


def names():
    for letter, title, name, want in BAD_NAMES:
        yield row(f"H14{letter}", title, want, main=text(1000, name))
    yield row("H14n", "slash in the version", "nevra",
              main=text(1001, "1/../2"))
    yield row("H14o", "space in the release", "nevra", main=text(1002, "1 2"))
    yield row("H14p", "dash in the release", "nevra", main=text(1002, "1-2"))
    yield row("H14q", "dot in the architecture", "nevra",
              main=text(1022, "x86.64"))
    yield row("H14r", "empty version", "nevra", main=text(1001, ""))
    yield row("H14s", "file name of more than 255 bytes", "nevra",
              main=adding(Entry(1000, STRING, "a" * 120),
                          Entry(1001, STRING, "1" * 120),
                          Entry(1002, STRING, "2" * 20)))
    yield row("H15", "name as a number", "tag-type",
              main=adding(Entry(1000, INT32, 7)))
    yield row("H15b", "epoch as INT16", "tag-type",
              main=adding(Entry(1003, INT16, 7)))
    for tag, what in ((1000, "name"), (1001, "version"), (1002, "release"),
                      (1021, "operating system"), (1022, "architecture")):
        yield row(f"H16x{tag}", f"no {what}", "missing-tag",
                  main=without(tag))
    yield row("H16b", "another operating system", "missing-tag",
              main=text(1021, "hurd"))
    yield row("H17", "rpm format 6 in a version 4 file",
              "format-unsupported", main=adding(Entry(5114, INT32, 6)))
    yield row("H17c", "rpm format 6 with its lead of version 4",
              "format-unsupported", main=adding(Entry(5114, INT32, 6)),
              lead_bytes=lambda b: put(b, 4, b"\4"))
    yield row("H17d", "rpm 3: no regions, a legacy signature alone",
              "region", build=lambda tag, entries: rpm.bare_header(entries),
              sig_build=lambda tag, entries: rpm.bare_header(entries),
              sign=lambda head, payload: {1002: Signature(
                  ring.trusted()).packet(head + payload)})
    yield row("H17b", "rpm format 4, said aloud", ACCEPT,
              main=adding(Entry(5114, INT32, 4)))


# ---- S: the signature header -----------------------------------------------

IMA = [Entry(274, STRINGS, ["0302"]), Entry(275, INT32, 2)]


def odd_padding(entries):
    """A tag at the end, of such a size that five bytes of padding follow."""
    size = len(header(62, add(entries, Entry(1900, BIN, b"x"))))
    return add(entries, Entry(1900, BIN, b"x" * (1 + (3 - size) % 8)))


def signature_headers():
    hidden = b"h" * 120
    yield row("S01", "file signatures outside the region", "region",
              sig_build=partial(header, dribbles=IMA))
    yield row("S02", "signature header without a region", "region",
              sig_build=lambda tag, entries: rpm.bare_header(entries))
    yield row("S03", "region trailer of tag 61", "region-trailer",
              sig_build=partial(header, trailer_tag=61))
    yield row("S04", "tags not in order", "tag-order", sig=swapped)
    yield row("S05", "two entries 268", "tag-order", sig=twice(268))
    yield row("S06", "120 hidden bytes between entries", "tag-offset",
              sig_build=partial(header, gap=(2, hidden)))
    yield row("S06b", "hidden bytes in the alignment", "tag-padding",
              sig=adding(Entry(300, BIN, b"x")), sig_build=dirty_padding)
    yield row("S07", "bytes in the padding behind the header", "sig-padding",
              sig=odd_padding, padding=b"\0\0\0\0\1")
    yield row("S08", "data hidden in the reserved space", "reserved-nonzero",
              sig=adding(Entry(1008, BIN, bytes(31) + b"\1")))
    yield row("S08b", "data hidden in the reserved space 999",
              "reserved-nonzero", sig=adding(Entry(999, BIN, b"x")))
    yield row("S09a", "unknown tag 300", ACCEPT, sig=text(300, "junk"))
    yield row("S09b", "unknown tag 1009", ACCEPT, sig=text(1009, "junk"))
    yield row("S09c", "unknown tag 5000", "tag-range", sig=text(5000, "junk"))
    yield row("S09d", "tag 100", "tag-range",
              sig=adding(Entry(100, STRINGS, ["C"])))
    yield row("S09e", "tag 2000", "tag-range", sig=text(2000, "junk"))
    yield row("S10", "120 hidden bytes in front of the trailer", "data-tail",
              sig_build=partial(header, tail=hidden))
    yield row("S11", "file signatures added", ACCEPT, sig=adding(*IMA))
    yield row("S12", "1007 as a string", "tag-type", sig=text(1007, "200"))
    yield row("S13", "271 added", ACCEPT,
              sig=adding(Entry(271, INT64, 200)))
    yield row("S14", "wrong size in 1000", ACCEPT,
              sig=adding(Entry(1000, INT32, 1)))
    yield row("S15", "33 entries", "index-count",
              sig=adding(*(Entry(tag, BIN, b"x") for tag in range(300, 330))))
    yield row("S16", "not ASCII in a string", "string-encoding",
              sig=text(300, "gr\u00fcn"))
    yield row("S17", "escape sequence in a string", "string-encoding",
              sig=text(300, "\x1b[2J"))


# ---- L: the lead -----------------------------------------------------------

def leads():
    def at(offset, data):
        return lambda lead: put(lead, offset, data)
    yield row("L1", "escape sequence in the name of the lead", ACCEPT,
              lead_bytes=at(10, b"\x1b[31m"))
    yield row("L2", "major version 255", "lead-version",
              lead_bytes=at(4, b"\xff"))
    yield row("L2b", "minor version 1", "lead-version",
              lead_bytes=at(5, b"\x01"))
    yield row("L3", "lead says source", ACCEPT, lead_bytes=at(6, b"\0\1"))
    yield row("L3b", "lead says type 7", "lead-type",
              lead_bytes=at(6, b"\0\7"))
    yield row("L4", "reserved bytes of the lead used", ACCEPT,
              lead_bytes=at(80, b"hidden in the le"))
    yield row("L5", "signature type 0", "lead-sigtype",
              lead_bytes=at(78, b"\0\0"))
    yield row("L6", "wrong magic", "not-rpm",
              lead_bytes=at(0, b"\xed\xab\xee\xdc"))
    yield row("L7", "lead says another name", ACCEPT,
              lead_bytes=at(10, b"bash-9-9\0"))


# ---- X: one field of the index at a time -----------------------------------

def data_offset(blob, tag):
    il = int.from_bytes(blob[8:12], "big")
    rows_ = [blob[i:i + 16] for i in range(16, 16 + 16 * il, 16)]
    found = next(r for r in rows_ if int.from_bytes(r[:4], "big") == tag)
    return int.from_bytes(found[8:12], "big")


def field(tag, where, value):
    return lambda blob: patch(blob, tag, where, value)


def shifted(tag):
    return lambda blob: patch(blob, tag, OFFSET, data_offset(blob, tag) + 1)


def written(at, data):
    return lambda blob: put(blob, at, data)


def unterminated(tag):
    return {"entries": adding(Entry(tag, BIN, b"endless", 1)),
            "bytes": field(tag, KIND, STRING)}


def index_fields(number, string, region, last):
    """The edits of one header: a tag that holds a number, one that holds a
    string, the region tag and a free tag at the end."""
    yield "X01", "count 0", "tag-count", field(number, COUNT, 0)
    yield "X02", "count 0x40000001", "tag-count", field(
        number, COUNT, 0x40000001)
    yield "X02b", "count above the data", "tag-count", field(
        number, COUNT, 0xFFFFF)
    yield "X03", "offset -4", "tag-offset", field(number, OFFSET, -4)
    yield "X04", "offset 0x7ffffff0", "tag-offset", field(
        number, OFFSET, 0x7FFFFFF0)
    yield "X05", "offset not aligned", "tag-offset", shifted(number)
    yield "X06", "offset 0, overlapping", "tag-offset", field(
        number, OFFSET, 0)
    yield "X07", "type 0", "tag-type", field(number, KIND, 0)
    yield "X08", "type 10", "tag-type", field(number, KIND, 10)
    yield "X09", "string without its end", "string-nul", unterminated(last)
    yield "X10", "string of count 2", "string-count", field(
        string, COUNT, 2)
    yield "X11", "trailer offset -16", "region-trailer", written(
        -8, b"\xff\xff\xff\xf0")
    yield "X12", "region offset 0", "region", field(region, OFFSET, 0)
    yield "X12b", "region count 0", "region", field(region, COUNT, 0)
    yield "X13", "index count 0xffffffff", "index-count", written(
        8, b"\xff" * 4)
    yield "X13b", "index count 1", "index-count", written(8, b"\0\0\0\1")
    yield "X13c", "index count 0", "index-count", written(8, b"\0\0\0\0")
    yield "X14", "data size 0xffffffff", "data-size", written(12, b"\xff" * 4)
    yield "X15", "data size 60 MB in a tiny file", "data-size", written(
        12, (60 << 20).to_bytes(4, "big"))
    yield "X15b", "data size 3 MB in a tiny file", "truncated", written(
        12, (3 << 20).to_bytes(4, "big"))
    yield "X16", "header magic 8e ad e8 02", "header-magic", written(
        3, b"\2")
    yield "X17", "reserved bytes of the magic used", "header-magic", written(
        4, b"\0\0\0\1")


def index_rows():
    headers = (("s", "signature header", "sig", (1000, 269, 62, 1900)),
               ("m", "main header", "main", (1009, 1000, 63, 6000)))
    for letter, name, argument, tags in headers:
        for row_id, title, want, edit in index_fields(*tags):
            if isinstance(edit, dict):
                edits = {argument: edit["entries"],
                         f"{argument}_bytes": edit["bytes"]}
            else:
                edits = {f"{argument}_bytes": edit}
            yield row(row_id + letter, f"{name}: {title}", want, **edits)
    yield row("X18", "file of 95 bytes", "truncated",
              file=lambda f: f[:95])
    yield row("X18b", "file ends inside the main header", "truncated",
              file=lambda f: f[:rpm.head_size(f) - 1])


def rows():
    for family in (digests, payloads, deltas, digest_tags, grammar, names,
                   signature_headers, leads, index_rows):
        yield from family()
