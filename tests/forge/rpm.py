# SPDX-License-Identifier: GPL-2.0-or-later
"""The rpm v4 package format, written byte by byte.

A package is built in steps that a forger can step between: entries of the
main header, the header bytes, the signature over them, entries of the
signature header, its bytes, the file. An honest package passes all steps
untouched.
"""

import gzip
import hashlib

import openpgp

CHAR, INT8, INT16, INT32, INT64, STRING, BIN, STRINGS, I18N = range(1, 10)
ALIGN = {INT16: 2, INT32: 4, INT64: 8}
MAGIC = bytes.fromhex("8eade80100000000")
SIGNATURE_REGION, MAIN_REGION = 62, 63
BUILD_TIME = openpgp.SIGN_TIME - 3600


class Entry:
    """One index entry and its data. `count` and `kind` may lie."""

    def __init__(self, tag, kind, value, count=None):
        self.tag, self.kind = tag, kind
        self.data, natural = encode(kind, value)
        self.count = natural if count is None else count


def encode(kind, value):
    """Data bytes and count of a value; bytes pass as they are."""
    if kind in (INT16, INT32, INT64):
        numbers = value if isinstance(value, list) else [value]
        size = ALIGN[kind]
        return b"".join(n.to_bytes(size, "big") for n in numbers), len(numbers)
    if kind in (STRINGS, I18N):
        texts = [t.encode() if isinstance(t, str) else t for t in value]
        return b"".join(t + b"\0" for t in texts), len(texts)
    if kind == STRING:
        text = value.encode() if isinstance(value, str) else value
        return text + b"\0", 1
    return value, len(value)


def pad(data, align):
    return data + bytes(-len(data) % align)


def index(tag, kind, offset, count):
    return b"".join((n & 0xFFFFFFFF).to_bytes(4, "big")
                    for n in (tag, kind, offset, count))


def header(region_tag, entries, trailer_tag=None, gap=None, tail=b"",
           dribbles=()):
    """A header with its region. gap = (entry number, hidden bytes) leaves
    bytes that no entry owns; `tail` stands before the trailer; `dribbles`
    are entries outside the region."""
    n = len(entries) + 1
    rows, data = b"", b""
    for i, e in enumerate(entries):
        if gap and gap[0] == i:
            data += gap[1]
        data = pad(data, ALIGN.get(e.kind, 1))
        rows += index(e.tag, e.kind, len(data), e.count)
        data += e.data
    data += tail
    trailer = index(trailer_tag or region_tag, BIN, -16 * n, 16)
    rows = index(region_tag, BIN, len(data), 16) + rows
    data += trailer
    for e in dribbles:
        data = pad(data, ALIGN.get(e.kind, 1))
        rows += index(e.tag, e.kind, len(data), e.count)
        data += e.data
    return intro(n + len(dribbles), len(data)) + rows + data


def bare_header(entries):
    """A header without a region, as rpm 3 wrote them."""
    rows, data = b"", b""
    for e in entries:
        data = pad(data, ALIGN.get(e.kind, 1))
        rows += index(e.tag, e.kind, len(data), e.count)
        data += e.data
    return intro(len(entries), len(data)) + rows + data


def intro(il, dl):
    return MAGIC + il.to_bytes(4, "big") + dl.to_bytes(4, "big")


def header_size(blob):
    """What the intro of a header says about its size."""
    il = int.from_bytes(blob[8:12], "big")
    dl = int.from_bytes(blob[12:16], "big")
    return 16 + 16 * il + dl


def main_offset(blob):
    """Where the main header begins: what is signed."""
    end = 96 + header_size(blob[96:])
    return end + -end % 8


def head_size(blob):
    """Bytes from the lead through the main header, or all of a file whose
    headers make no sense."""
    main = main_offset(blob)
    size = main + header_size(blob[main:])
    return size if main + 16 <= len(blob) and size <= len(blob) else len(blob)


def tags(blob):
    """The tags of a header, in its order."""
    il = int.from_bytes(blob[8:12], "big")
    return [int.from_bytes(blob[at:at + 4], "big")
            for at in range(16, 16 + 16 * il, 16)]


def parts(blob):
    """A sound package: lead, signature header, padding, all behind it."""
    end = 96 + header_size(blob[96:])
    main = end + -end % 8
    return blob[:96], blob[96:end], blob[end:main], blob[main:]


# Fields of an index entry, for patch().
TAG, KIND, OFFSET, COUNT = 0, 4, 8, 12


def patch(blob, tag, field, value):
    """Overwrites one field of the index entry of a tag."""
    il = int.from_bytes(blob[8:12], "big")
    for at in range(16, 16 + 16 * il, 16):
        if int.from_bytes(blob[at:at + 4], "big") == tag:
            at += field
            new = (value & 0xFFFFFFFF).to_bytes(4, "big")
            return blob[:at] + new + blob[at + 4:]
    raise KeyError(tag)


def put(blob, at, data):
    """Overwrites bytes; a negative position counts from the end."""
    at %= len(blob)
    return blob[:at] + data + blob[at + len(data):]


# ---- an honest package ------------------------------------------------------

def cpio_record(path, data, mode, inode):
    path = path.encode() + b"\0"
    fields = [inode, mode, 0, 0, 1, BUILD_TIME, len(data), 0, 0, 0, 0,
              len(path), 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + path
    return pad(pad(head, 4) + data, 4)


def cpio_end():
    return cpio_record("TRAILER!!!", b"", 0, 0)


def cpio(name, content):
    """One regular file in the `newc` format, with the trailer record."""
    return cpio_record(name, content, 0o100644, 1) + cpio_end()


def lead(name, kind=0, major=3, minor=0, sigtype=5, reserved=bytes(16)):
    name = name if isinstance(name, bytes) else name.encode()
    return (b"\xed\xab\xee\xdb" + bytes([major, minor])
            + kind.to_bytes(2, "big") + b"\x00\x01"
            + name[:65].ljust(66, b"\0") + b"\x00\x01"
            + sigtype.to_bytes(2, "big") + reserved)


class Spec:
    """What the package says about itself."""

    def __init__(self, name="forge", version="1.0", release="1",
                 arch="noarch", epoch=None, content=b"hello\n"):
        self.name, self.version, self.release = name, version, release
        self.arch, self.epoch, self.content = arch, epoch, content

    def nevra(self):
        return (f"{self.name} {self.epoch or 0}:{self.version}-{self.release}"
                f" {self.arch}")

    def cpio(self):
        return cpio(f"./usr/share/{self.name}", self.content)

    def payload(self):
        return gzip.compress(self.cpio(), 9, mtime=0)

    def entries(self, payload):
        """The main header of a small package with one file."""
        plain = hashlib.sha256(self.cpio()).hexdigest()
        evr = f"{self.version}-{self.release}"
        found = [
            Entry(100, STRINGS, ["C"]),
            Entry(1000, STRING, self.name),
            Entry(1001, STRING, self.version),
            Entry(1002, STRING, self.release),
            Entry(1004, I18N, ["A forged package"]),
            Entry(1005, I18N, ["Made by the test suite."]),
            Entry(1006, INT32, BUILD_TIME),
            Entry(1007, STRING, "forge.example.org"),
            Entry(1009, INT32, len(self.content)),
            Entry(1014, STRING, "GPL-2.0-or-later"),
            Entry(1016, I18N, ["Unspecified"]),
            Entry(1021, STRING, "linux"),
            Entry(1022, STRING, self.arch),
            Entry(1028, INT32, len(self.content)),
            Entry(1030, INT16, 0o100644),
            Entry(1033, INT16, 0),
            Entry(1034, INT32, BUILD_TIME),
            Entry(1035, STRINGS,
                  [hashlib.sha256(self.content).hexdigest()]),
            Entry(1036, STRINGS, [""]),
            Entry(1037, INT32, 0),
            Entry(1039, STRINGS, ["root"]),
            Entry(1040, STRINGS, ["root"]),
            Entry(1044, STRING, f"{self.name}-{evr}.src.rpm"),
            Entry(1045, INT32, 0xFFFFFFFF),
            Entry(1047, STRINGS, [self.name]),
            Entry(1048, INT32, [0x1000008] * 4),
            Entry(1049, STRINGS, [
                "rpmlib(CompressedFileNames)", "rpmlib(FileDigests)",
                "rpmlib(PayloadFilesHavePrefix)", "rpmlib(VersionedDependencies)"]),
            Entry(1050, STRINGS, ["3.0.4-1", "4.6.0-1", "4.0-1", "3.0.3-1"]),
            Entry(1064, STRING, "4.18.0"),
            Entry(1095, INT32, 1),
            Entry(1096, INT32, 1),
            Entry(1097, STRINGS, [""]),
            Entry(1112, INT32, 8),
            Entry(1113, STRINGS, [evr]),
            Entry(1116, INT32, 0),
            Entry(1117, STRINGS, [self.name]),
            Entry(1118, STRINGS, ["/usr/share/"]),
            Entry(1124, STRING, "cpio"),
            Entry(1125, STRING, "gzip"),
            Entry(1126, STRING, "9"),
            Entry(5011, INT32, 8),
            Entry(5092, STRINGS, [hashlib.sha256(payload).hexdigest()]),
            Entry(5093, INT32, 8),
            Entry(5097, STRINGS, [plain]),
        ]
        if self.epoch is not None:
            found.append(Entry(1003, INT32, self.epoch))
        return sorted(found, key=lambda e: e.tag)


def find(entries, tag):
    return next(e for e in entries if e.tag == tag)


def drop(entries, *tags):
    return [e for e in entries if e.tag not in tags]


def add(entries, *new):
    """New entries in tag order; an old one of the same tag goes."""
    kept = drop(entries, *(e.tag for e in new))
    return sorted(kept + list(new), key=lambda e: e.tag)


def signature_entries(main, payload, blobs):
    """What rpmbuild and rpmsign write: digests, sizes, reserved space."""
    return sorted([
        *(Entry(tag, BIN, blob) for tag, blob in blobs.items()),
        Entry(269, STRING, hashlib.sha1(main).hexdigest()),
        Entry(273, STRING, hashlib.sha256(main).hexdigest()),
        Entry(1000, INT32, len(main) + len(payload)),
        Entry(1004, BIN, hashlib.md5(main + payload).digest()),
        Entry(1007, INT32, 200),
        Entry(1008, BIN, bytes(32)),
    ], key=lambda e: e.tag)


def same(value):
    return value


def package(spec, sign, *, main=same, main_bytes=same, build=header,
            signed=same, sig=same, sig_bytes=same, sig_build=header,
            padding=None, lead_bytes=same, payload=same, after=same,
            file=same):
    """One package file. `sign(main header, payload)` gives {tag: blob}; the
    other arguments change what stands between two steps:

      main        entries of the main header     build     entries -> bytes
      main_bytes  the main header, before it is signed
      signed      what is signed instead of the main header
      after       the main header, after it was signed
      sig         entries of the signature header          sig_build
      sig_bytes   the signature header           padding   behind it
      payload     the payload, after its digest was taken
      lead_bytes  the lead                       file      the whole file
    """
    honest = spec.payload()
    head = main_bytes(build(MAIN_REGION, main(spec.entries(honest))))
    blobs = sign(signed(head), honest)
    head = after(head)
    body = payload(honest)
    sig_head = sig_bytes(sig_build(
        SIGNATURE_REGION, sig(signature_entries(head, body, blobs))))
    gap = bytes(-len(sig_head) % 8) if padding is None else padding
    evr = f"{spec.version}-{spec.release}"
    first = lead_bytes(lead(f"{spec.name}-{evr}"))
    return file(first + sig_head + gap + head + body)
