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
import openpgp      # noqa: E402
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
    yield "late-evidence", (b"\1" + header("MANIFEST", 0) +
                            header("p000001.rpm", 0) + header("e0001", 0))


def bundle_():
    for name, data in [*good_bundles(), *hostile_bundles()]:
        if len(data) < LONGEST:
            yield name, b"\0" + data
            yield name + "-mended", b"\x40" + data
            yield name + "-medium", b"\xbf" + data + b"rest"
    body = bundle.member("MANIFEST", b"x" * 700)
    body += bundle.member("e0001", b"y" * 512)
    body += bundle.member("p000001.rpm", b"") + bundle.member("p000002.rpm",
                                                              b"z")
    yield "four", b"\x01" + body + bytes(1024)


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
    yield "inner-slash", b"\0" + record(b"a/b.rpm", b"") + end
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
    yield "bundle", (b"\5" + entry(start, 1) + entry(file, 1, 0, 9) +
                     b"123456789" + entry(file, 1, 1, 2) + b"12" +
                     entry(end, 1, 2, 11))
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
    for flags in ("1 1 0 1 4096 0", "1 0 1 1 4096 0", "0 0 0 1 4096 0",
                  "1 0 0 1 1024 0", "1 0 0 1 4096 1"):
        yield ("bad-" + flags.replace(" ", "-"),
               f"{FPR} {FPR} {flags} 1\n".encode())


def policy():
    for line in ("max-age = 3661", "keep-generations = 0", "max-packages = 0",
                 "max-bytes = 18446744073709551615", "idle-seconds = 86401",
                 "comps = a", "updatevm = .x", f"allow-key = {FPR[1:]}"):
        yield line.split(" ")[0], line.encode() + b"\n"
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


RPM_SPACE = "http://linux.duke.edu/metadata/rpm"
REPOMD = """<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="%(rpm)s">
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
""" % {"hex": HEX, "rpm": RPM_SPACE}

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
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="%s" packages="%d">
""" % (RPM_SPACE, len(names))) + "".join(
    PACKAGE % (n, HEX, n) for n in names) + "</metadata>\n"


def evidence():
    def make(repomd, body, piece=0):
        data = repomd.encode()
        return (bytes([piece]) + struct.pack("<H", len(data)) + data +
                body.encode())
    yield "none", make(REPOMD, primary())
    yield "two", make(REPOMD, primary("alpha", "beta"), 17)
    yield "one", make(REPOMD, primary("xen"))
    yield "count", make(REPOMD, primary("a").replace('packages="1"',
                                                     'packages="2"'))
    yield "one-too-many", make(REPOMD, primary("a", "b").replace(
        'packages="2"', 'packages="1"'))
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


def intake():
    rng = random.Random(2)
    yield "stream", b"\0\x10\0\xff" + rng.randbytes(60)
    yield "bounded", b"\1\x10\0\1" + b"\x81\0\1\x20\x81\0\0\x10\1\xff"
    yield "ends", b"\0\0\x30\3" + b"\1\x20\1\x20\x7f\xff"


def vchan():
    frame = u32(5) + b"hello" + u32(0)
    # Each read is answered by a number of bytes, and then come these.
    yield "receive", (b"\0" + b"\4" + frame[:4] + b"\5" + frame[4:9] +
                      b"\4" + u32(0))
    yield "waits", b"\0" + b"\0\1\0" + b"\4" + frame[:4] + b"\0\2\0\5hello"
    yield "large", b"\0\4" + u32(1 << 30)
    yield "send", b"\1" + b"\0\2\x40" + b"\0\2\x40" + b"\x11sallyport 1 ok -\n"
    yield "early", b"\1" + b"\xf0" + b"\x11sallyport 1 ok -\n"


# ---- what the builder reads --------------------------------------------------

def answer():
    good = (b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nETag: \"abc\"\r\n"
            b"Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT\n\n")
    part = (b"HTTP/1.1 206 Partial Content\r\nETag: W/\"x\"\r\n"
            b"Content-Range: bytes 16-39/40\n\n")
    yield "whole", b"\0\x28\0\5\1\0" + good + b"\xed\xab\xee\xdb\3\0"
    yield "part", b"\1\x18\0\5\0\x10" + part + b"rest"
    yield "other-part", b"\1\x18\0\0\0\x11" + part + b"rest"
    yield "redirect", (b"\0\xff\0\0\0\0HTTP/1.1 302 Found\nETag: \"a\"\n"
                       b"HTTP/2 200\n\n<html>")
    yield "portal", b"\0\1\3\0\1\0" + b"HTTP/1.1 200 OK\n\n <html>"
    yield "long", b"\0\xff\0\0\0\0" + b"ETag: \"" + b"a" * 200 + b"\"\n\nx"


def armor():
    wrap = openpgp.armor
    data = bytes(range(0x89, 0xff))
    yield "armored", wrap(data, "SIGNATURE").encode()
    yield "plain", data
    yield "checksum", wrap(data, "SIGNATURE").replace("\n=", "\n=A").encode()
    yield "list", (b"# packages\n\n/tmp/a b.rpm\nhttps://a.example/b.rpm "
                   b"sha256:" + HEX.encode() + b"\nc.rpm\n")


COMPS = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group><id>core</id><name>Core</name><name xml:lang="de">Kern</name>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq>
      <packagereq type="default">vim</packagereq>
      <packagereq type="optional">nano</packagereq>
      <packagereq type="conditional" requires="a">a-lang</packagereq>
      <packagereq>glibc</packagereq>
    </packagelist></group>
  <environment><id>kde</id><name>KDE</name>
    <grouplist><groupid>core</groupid></grouplist></environment>
</comps>
"""


def comps():
    yield "full", b"\0" + COMPS.encode()
    yield "pieces", b"\7" + COMPS.encode()
    yield "none", b"\0<comps/>"
    yield "lines", (b"\xffgroup b B\nmandatory x\ngroup a A\nconditional y z\n"
                    b"environment e E\nneeds a\nno line\ngroup a A\n")
    yield "other", b"\0<other/>"
    yield "entity", b'\0<!DOCTYPE a [<!ENTITY x "y">]><comps>&x;</comps>'


FILELISTS = """<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="2">
<package pkgid="%s" name="bash" arch="x86_64">
  <version epoch="0" ver="5.2" rel="1"/>
  <file>/bin/sh</file>
  <file type="dir">/etc</file>
</package>
<package pkgid="x&amp;y" name="a" arch="noarch">
  <version epoch="0" ver="1" rel="1"/>
  <file>/usr/bin/python3</file><file>/a</file>
</package>
</filelists>
""" % HEX


def filelists():
    yield "two", b"\0" + FILELISTS.encode()
    yield "pieces", b"\x0b" + FILELISTS.encode()
    yield "none", b"\0<filelists/>"


METALINK = """<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <files>
  <file name="repomd.xml">
   <mm0:timestamp>1795473193</mm0:timestamp>
   <size>4000</size>
   <verification>
    <hash type="md5">00112233445566778899aabbccddeeff</hash>
    <hash type="sha256">%(hex)s</hash>
   </verification>
   <mm0:alternates><mm0:alternate>
     <mm0:timestamp>1795400000</mm0:timestamp><size>3999</size>
     <verification><hash type="sha256">%(hex)s</hash></verification>
   </mm0:alternate></mm0:alternates>
   <resources maxconnections="1">
    <url protocol="https" type="https" location="DE" preference="100">https://a.example/f/repodata/repomd.xml</url>
    <url protocol="rsync" type="rsync" preference="99">rsync://b.example/f/repodata/repomd.xml</url>
    <url protocol="http" type="http" preference="98">http://c.example/f/repodata/repomd.xml</url>
   </resources>
  </file>
 </files>
</metalink>
""" % {"hex": HEX}


def metalink():
    yield "three", METALINK.encode()
    yield "four", ("""<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="repomd.xml">
<size>1</size><hash type="sha-256">%s</hash><url priority="1">https://a.example/x/repodata/repomd.xml</url>
</file></metalink>""" % HEX).encode()
    yield "list", (b"# mirrors\nhttps://a.example/x\nhttp://b.example/y/\n"
                   b"ftp://c/\n")


def repofile():
    yield "full", (
        b"# comment\n[main]\nkeepcache=1\n[fedora-$releasever]\r\n"
        b"name=Fedora $releasever - ${basearch}\n"
        b"baseurl = https://a.example/$releasever/\n  http://b.example/x/,\n"
        b"\thttps://c/${empty:-z}/\n"
        b"metalink=https://m.example/?repo=f-$releasever&arch=$basearch\n"
        b"enabled=1\ngpgcheck=yes\nrepo_gpgcheck = True\npriority=10\n"
        b"cost=500\ngpgkey=file:///etc/k1 file:///etc/k2\n"
        b"exclude=foo* bar\nexcludepkgs=baz,qux\nincludepkgs=\n"
        b"proxy=_none_\nskip_if_unavailable=on\n"
        b"[b]\nmirrorlist=https://m/l\nname =\n")
    yield "vars", (b"[a]\nname=${a}$b${c:+x${releasever}}\n"
                   b"baseurl=http://${empty:-x}/\n")
    for path in sorted((TOP / "examples").rglob("*.repo")):
        yield path.name, path.read_bytes()


def repomd():
    yield "two", REPOMD.encode()
    yield "sha512", REPOMD.replace("sha256", "sha512").replace(
        HEX, HEX * 2).encode()
    yield "outside", REPOMD.replace("repodata/", "../").encode()


UPDATEINFO = """<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="a@x" status="stable" type="security" version="2.0">
    <id>FEDORA-2026-1</id><title>xen</title>
    <issued date="2026-11-23 10:00:00"/><severity>Important</severity>
    <description>Long &lt;text&gt;</description>
    <references><reference href="https://x/" id="CVE-2026-1" type="cve"/>
      <reference href="https://x/" id="99" type="bugzilla"/></references>
    <pkglist><collection short="F41"><name>F41</name>
      <package name="xen" version="4.19" release="1.fc41" epoch="0" arch="x86_64" src="x">
        <filename>xen.rpm</filename></package>
      <package name="a" version="1" release="1" arch="noarch"/>
    </collection></pkglist>
  </update>
</updates>
"""


def updateinfo():
    yield "one", b"\0" + UPDATEINFO.encode()
    yield "pieces", b"\x13" + UPDATEINFO.encode()
    yield "none", b"\0<updates/>"
    yield "lines", (b"\xffadvisory A security Important 2026-11-23\n"
                    b"fixes CVE-2026-1\npackage xen 0 4.19 1.fc41 x86_64\n"
                    b"advisory \x1b[2J b c d\npackage xen 0 4.19 1.fc41 x86_64\n")


TARGETS = {
    "gate": gate, "bundle": bundle_, "qfile": qfile, "entries": entries,
    "check": check, "manifest": manifest, "groups": groups,
    "header": header, "head": head, "sigpacket": sigpacket,
    "records": records, "status": status, "keytable": keytable,
    "policy": policy, "evidence": evidence, "frames": frames,
    "request": request, "intake": intake, "vchan": vchan,
    "answer": answer, "armor": armor, "comps": comps,
    "filelists": filelists, "metalink": metalink, "repofile": repofile,
    "repomd": repomd, "updateinfo": updateinfo,
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
