#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the inputs that the fuzzers start from.

    seeds.py OUTDIR [TARGET]...

makes OUTDIR/TARGET/NAME from the samples of this repository and from what
the forge makes: good ones, and one of each way to be wrong.
"""
import random
import re
import struct
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "tests/forge"))

import attacks      # noqa: E402
import bundle       # noqa: E402
import containers   # noqa: E402
import manifests    # noqa: E402
import rpm          # noqa: E402

CORPUS = TOP / "tests/corpus"
HEX = "0123456789abcdef" * 4
FPR = "6A59D43AF6DC2B73BFB42CC57ABFE4F0FE3776F3"
PRIMARY = "2CA23A7D22634ADF7A2CAB2B8E73581FEB0129AF"
LONGEST = 12 * 1024


def u32(n):
    return struct.pack("<I", n)


def text_of_manifest(data):
    """The first member of a bundle, None when there is none."""
    digits = data[124:135]
    if data[:9] != b"MANIFEST\0" or not re.fullmatch(rb"[0-7]{11}", digits):
        return None
    return data[512:512 + int(digits, 8)]


def good_bundles():
    for path in sorted((CORPUS / "bundle").glob("*.bundle")):
        yield path.stem, path.read_bytes()


def hostile_bundles():
    good = manifests.set_of(*map(manifests.make, ("a", "b", "c")))
    for case, _, _, _, data in containers.cases(containers.Good(good)):
        yield case, data


def forged():
    for row in attacks.all_rows():
        yield row.id, row.blob


def real():
    for path in sorted((CORPUS / "rpms").rglob("*.rpm")):
        yield path.name, path.read_bytes()


def heads():
    for name, blob in [*forged(), *real()]:
        head = rpm.head_size(blob)
        if 128 <= head <= LONGEST:
            yield name, blob[:head]


def small_bundle():
    """A bundle whose only package is as small as they come."""
    return manifests.set_of(manifests.make("base"))


# ---- one function a target ---------------------------------------------------

def gate():
    for name, data in [*good_bundles(), *hostile_bundles()]:
        data = data[:8 * 512]
        yield name, b"\0" + data
        yield name + "-mended", b"\1" + data
    header = bundle.tar_header
    zero = bytes(512)
    yield "narrow", (b"\3" + header("MANIFEST", 9) + b"d" * 9 + bytes(503) +
                     header("e0001", 512) + b"d" * 512 +
                     header("p000001.rpm", 0) + 2 * zero)


def bundle_():
    for name, data in [*good_bundles(), *hostile_bundles()]:
        if len(data) < LONGEST:
            yield name, b"\0" + data
            yield name + "-medium", b"\xff" + data + b"rest"
    body = bundle.member("MANIFEST", b"x" * 700)
    body += bundle.member("e0001", b"y" * 512)
    body += bundle.member("p000001.rpm", b"") + bundle.member("p000002.rpm",
                                                              b"z")
    yield "four", b"\x41" + body + bytes(1024)


def qfile():
    def record(name, data, mode=0o100644, size=None, nsec=0):
        name = name + b"\0"
        return (struct.pack("<IIQIIII", len(name), mode,
                            len(data) if size is None else size, 1, nsec, 2,
                            nsec) + name + data)
    end = bytes(32)
    good = record(b"hello-2.0-1.x86_64.rpm", b"payload" * 9)
    yield "one", b"\0" + good + end
    yield "two", b"\x07" + good + record(b"a.rpm", b"") + end + b"behind"
    yield "none", b"\0" + end
    yield "cut", b"\0" + good[:50]
    yield "directory", b"\0" + record(b"a.rpm", b"", mode=0o40755) + end
    yield "link", b"\0" + record(b"a.rpm", b"/etc", mode=0o120777) + end
    yield "slash", b"\0" + record(b"../a.rpm", b"") + end
    yield "no-suffix", b"\0" + record(b"a", b"") + end
    yield "large", b"\0" + record(b"a.rpm", b"", size=2 ** 63) + end
    yield "nsec", b"\0" + record(b"a.rpm", b"", nsec=10 ** 9) + end
    yield "long", b"\0" + record(b"a" * 300 + b".rpm", b"") + end
    yield "longest", b"\0" + record(b"a" * 251 + b".rpm", b"") + end


def entry(kind, stream, index=0, size=0, name=b""):
    return struct.pack("<IIIIQQ256s", 0, kind, stream, 0, index, size, name)


def entries():
    start, file, end = 1, 2, 3
    yield "none", b"\0" + entry(start, 3) + entry(end, 3)
    yield "bundle", (b"\5" + entry(start, 1) + entry(file, 1, 0, 9) + b"123456789"
                     + entry(file, 1, 1, 2) + b"12" + entry(end, 1, 2, 11))
    yield "qfile", (b"\0" + entry(start, 2) + entry(file, 2, 0, 3, b"a.rpm") +
                    b"123" + entry(end, 2, 1, 3))
    yield "order", b"\0" + entry(start, 1) + entry(file, 1, 1, 0)
    yield "sum", b"\0" + entry(start, 1) + entry(end, 1, 0, 1)


def stream_of(kind, files):
    return bytes([0, kind]) + b"".join(
        len(data).to_bytes(3, "little") + data for data in files)


def members(data):
    at = 0
    while data[at:at + 1] not in (b"", b"\0"):
        size = int(data[at + 124:at + 135], 8)
        yield data[at + 512:at + 512 + size]
        at += 512 + size + -size % 512


def check():
    yield "bundle", stream_of(0, members(small_bundle()))
    for name, data in good_bundles():
        if len(data) < 5000:
            yield name, stream_of(0, members(data))
    for case, _, _, _, data, *_ in manifests.cases():
        try:
            files = list(members(data))
        except ValueError:
            continue
        if sum(map(len, files)) < 5000:
            yield case, stream_of(0, files)
    for name, blob in forged():
        if len(blob) < 4000:
            yield name, stream_of(2, [blob])
    some = [blob for _, blob in forged() if len(blob) < 1500][:3]
    yield "qfile", stream_of(1, some)


def manifest():
    for case, _, _, _, data, *_ in manifests.cases():
        text = text_of_manifest(data)
        if text and len(text) < 3000:
            yield case, text
    yield "evidence", bundle.seal(
        "bundle 1\nrequest 00112233445566778899aabbccddeeff\n"
        f"evidence e0001 300 {HEX} repomd qubes-dom0\n"
        f"evidence e0002 70 {HEX} signature qubes-dom0\n"
        f"evidence e0003 900 {HEX} primary qubes-dom0\n"
        f"package p000001.rpm 4000 300 {HEX} a 0:1-1 noarch update\n"
        f"package p000002.rpm 4000 300 {HEX} xen 7:4.19.1~rc1-1.fc41 x86_64 "
        "requested\ntotal 5 9270\n")


def groups():
    yield "full", (b"groups 1\ngroup core Core\nmandatory bash\n"
                   b"mandatory glibc\ndefault vim\noptional nano\n"
                   b"conditional a-langpack a\ngroup xfce Xfce Desktop\n"
                   b"mandatory xfce4-panel\nenvironment kde KDE (all)\n"
                   b"needs core\nneeds xfce\nend\n")
    yield "none", b"groups 1\nend\n"
    yield "order", b"groups 1\ngroup b B\ngroup a A\nend\n"
    yield "stray", b"groups 1\nmandatory a\nend\n"


def header():
    """Both headers of each head, as they are and to be put right."""
    for name, head in heads():
        signature = rpm.header_size(head[96:])
        main = (96 + signature + 7) // 8 * 8
        for part, how, piece in (("sig", 0, head[96:96 + signature]),
                                 ("main", 1, head[main:])):
            if 16 < len(piece) <= 4000:
                yield f"{name}-{part}", bytes([how]) + piece
                yield f"{name}-{part}-mended", bytes([how + 2]) + piece


def head():
    for name, data in heads():
        if len(data) <= 6000:
            yield name, data


def sigpacket():
    for name, data in heads():
        il, dl = struct.unpack(">II", data[104:112])
        if il > 64 or dl > LONGEST:
            continue
        for i in range(il):
            tag, kind, offset, count = struct.unpack(
                ">IIII", data[112 + 16 * i:128 + 16 * i].ljust(16, b"\0"))
            start = 112 + 16 * il + offset
            if tag in (267, 268, 1002, 1005) and kind == 7 and count < 9000:
                yield f"{name}-{tag}", data[start:start + count]


def records():
    rng = random.Random(1)
    for kind in range(8):
        for kind2 in range(1, 15):
            body = struct.pack("<IHHQ", 0, kind2, kind, 0) + bytes(1000)
            yield f"report-{kind}-{kind2}", bytes([128 + kind]) + body
    yield "entry", b"\x80" + entry(2, 2, 5, 77, b"a.rpm")
    yield "message", b"\x87" + struct.pack("<IIQII", 0, 1, 1, 300, 100)
    yield "noise", rng.randbytes(1000)


def status():
    def line(text):
        return b"[GNUPG:] " + text.encode() + b"\n"

    def block(name, *lines):
        return b"".join([line("FILE_START 1 " + name), *map(line, lines),
                         line("FILE_DONE")])
    signed = (f"KEY_CONSIDERED {FPR} 0",
              "SIG_ID Z2tdk/8zBTjQRFhn/zxwt5SJCWw 2026-11-23 1795473193",
              f"GOODSIG {FPR[24:]} t-a <a@x>",
              f"VALIDSIG {FPR} 2026-11-23 1795473193 0 4 0 1 8 00 {PRIMARY}")
    good = ("NEWSIG", *signed)
    yield "good", b"\0" + block("10", *good) + block("21", *good)
    yield "pieces", b"\x1c" + block("10", *good) + block("21", *good)
    notation = ("NOTATION_NAME salt@x", "NOTATION_FLAGS 0 0",
                "NOTATION_DATA %0A[GNUPG:] BADSIG")
    yield "notation", (b"\1" + block("10", "NEWSIG", *notation, *signed) +
                       block("21", *good))
    for word in ("BADSIG " + FPR[24:] + " a", "EXPSIG x y", "REVKEYSIG x y",
                 "EXPKEYSIG x y", "NO_PUBKEY " + FPR[24:], "NODATA 4",
                 f"ERRSIG {FPR[24:]} 1 8 00 1795473193 9 {FPR}",
                 "PLAINTEXT 62 0 ", "PLAINTEXT_LENGTH 9",
                 "VERIFICATION_COMPLIANCE_MODE 23", "KEYEXPIRED 17",
                 "UNEXPECTED 0"):
        yield word.split(" ")[0].lower(), (
            b"\0" + block("10", "NEWSIG", word, *signed) + block("21", *good))
    yield "failure", (b"\0" + block("10", *good) + block("21", *good) +
                      line("FAILURE gpg-exit 33554433"))
    yield "error", b"\0" + line("FILE_START 1 10") + line("FILE_ERROR")


def keytable():
    yield "one", f"{FPR} {FPR} 1 0 0 1 4096 0 1500000000\n".encode()
    yield "two", (f"{FPR} {PRIMARY} 1 0 0 22 255 1800000000 1500000000\n"
                  f"{PRIMARY} {PRIMARY} 0 0 0 1 4096 0 1400000000\n").encode()
    yield "bad", f"{FPR} {PRIMARY} 0 1 1 17 1024 1 1\n".encode()


def policy():
    yield "example", (TOP / "examples/system/policy.conf").read_bytes()
    yield "qubes", (TOP / "examples/qubes/policy.conf").read_bytes()
    yield "all", (f"allow-key = {FPR}\nallow-key = {PRIMARY} qubes-* xen\n"
                  "installonly = kernel*\narch = i686\nprotected = xen*\n"
                  "updatevm = sys-update\ncomps = /a\nwithheld = refuse\n"
                  "require-evidence = qubes-dom0\nkeep-generations = 3\n"
                  "max-age = 60\nmax-packages = 100\nmax-bytes = 1000\n"
                  "max-file-bytes = 99\nreserve-bytes = 0\nidle-seconds = 1\n"
                  "rate-seconds = 2\nrate-bytes = 0\ntotal-seconds = 9\n"
                  ).encode()


REPOMD = """<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1795473193</revision>
  <tags>
    <content>x</content>
  </tags>
  <data type="primary">
    <checksum type="sha256">%(hex)s</checksum>
    <open-checksum type="sha256">%(hex)s</open-checksum>
    <location href="repodata/%(hex)s-primary.xml.gz"/>
    <timestamp>1795473193</timestamp>
    <size>123</size>
    <open-size>456</open-size>
  </data>
  <data type="filelists">
    <checksum type="sha256">%(hex)s</checksum>
    <location href="repodata/f.xml.gz"/>
    <size>123</size>
  </data>
</repomd>
""" % {"hex": HEX}

PACKAGE = """<package type="rpm">
  <name>%s</name>
  <arch>noarch</arch>
  <version epoch="0" ver="1.0" rel="1.fc41"/>
  <checksum type="sha256" pkgid="YES">%s</checksum>
  <summary>A &amp; B</summary>
  <location href="rpm/%s-1.0-1.fc41.noarch.rpm"/>
</package>
"""


def primary(*names):
    return ("""<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="%d">
""" % len(names)) + "".join(PACKAGE % (n, HEX, n) for n in names) + "</metadata>\n"


def evidence():
    def make(repomd, body, piece=0):
        data = repomd.encode()
        return bytes([piece]) + struct.pack("<H", len(data)) + data + body.encode()
    yield "none", make(REPOMD, primary())
    yield "two", make(REPOMD, primary("alpha", "beta"), 17)
    yield "one", make(REPOMD, primary("xen"))
    yield "count", make(REPOMD, primary("a").replace('packages="1"',
                                                     'packages="2"'))
    yield "comment", make(REPOMD, primary("a").replace("<summary>", "<!--"))
    yield "late-name", make(REPOMD, primary("a").replace(
        "  <summary>A &amp; B</summary>", "  <name>b</name>"))
    yield "element", make(REPOMD.replace("  <tags>", "  <other>"), primary())


def frames():
    def frame(data):
        return u32(len(data)) + data
    answer = b"sallyport 1 ok -\n"
    yield "stream", b"\xff" + frame(b"x" * 40) + frame(b"y") + u32(0)
    yield "bytewise", b"\0" + frame(b"abc") + u32(0) + answer
    yield "answer", b"\x03" + answer
    yield "refused", b"\xff" + b"sallyport 1 signature bad-signature\n"
    yield "large", b"\xff" + u32(1024 * 1024 + 1)
    yield "peer", b"\0" + b"7/updates"
    yield "bare-peer", b"\0" + b"32751"


def request():
    for path in sorted((CORPUS / "request").glob("*.request")):
        yield path.stem, path.read_bytes()
    text = ("request 1\nid 00112233445566778899aabbccddeeff\n"
            "created 2026-11-23\nvalid-days 30\naction install\nspec vim*\n"
            "arch x86_64\nbasearch x86_64\nreleasever 41\nvar infra stock\n"
            "opt weakdeps no\nopt installonly kernel*\nlimit bytes 99\n"
            f"seen fedora 1795473193 1795473193 {HEX}\n"
            "repo-file a.repo\n [a]\n baseurl=https://x/\n"
            "pubkey a\n -----BEGIN\n x\nx-later y\n"
            "@ hello 0 1.0 1.fc41 noarch\n| Vendor\np hello = 1.0\n"
            "r /bin/sh\nf /usr/bin/hello\ncount 1\n")
    yield "all", bundle.seal(text)


TARGETS = {
    "gate": gate, "bundle": bundle_, "qfile": qfile, "entries": entries,
    "check": check, "manifest": manifest, "groups": groups,
    "header": header, "head": head, "sigpacket": sigpacket,
    "records": records, "status": status, "keytable": keytable,
    "policy": policy, "evidence": evidence, "frames": frames,
    "request": request,
}


def main(out, *names):
    for name in names or TARGETS:
        folder = Path(out) / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, data in TARGETS[name]():
            safe = re.sub(r"[^A-Za-z0-9._-]", "_", seed)
            (folder / safe).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
