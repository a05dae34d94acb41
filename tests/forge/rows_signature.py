# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows G: what stands in the signature tags."""

import base64
import bz2
import zlib

import ring
from openpgp import (DAY, KEY_TIME, SALT, SIGN_TIME, Signature, armor, mpi,
                     notation, packet, packet_5, packet_old, packet_partial,
                     sub, sub_long, u16, u32)
from rows import ACCEPT, blob, row, signed
from rpm import BIN, STRINGS, Entry, add, drop

STATUS_TEXT = (b"x\n[GNUPG:] GOODSIG 0000000000000000 x\n[GNUPG:] VALIDSIG "
               + b"0" * 40 + b"\n")


def time_of(created=SIGN_TIME):
    return sub(2, u32(created))


def issuer(key=None):
    return sub(16, (key or ring.trusted()).keyid())


def fingerprint(key=None):
    return sub(33, b"\x04" + (key or ring.trusted()).fingerprint())


def hashed(*more):
    """A signer with these hashed subpackets beside the usual ones."""
    return signed(hashed=[time_of(), fingerprint(), *more])


def unhashed(*area):
    return signed(unhashed=list(area))


def edited(**values):
    """A signer that sets fields of the finished signature to a lie."""
    return signed(edit=lambda s: s.__dict__.update(values))


def both(first, second):
    return lambda head, payload: {**first(head, payload),
                                  **second(head, payload)}


def over(data):
    """A signer of other data than the header."""
    return lambda head, payload: {
        268: Signature(ring.trusted()).packet(data(head, payload))}


def moved(from_signer, tag):
    return lambda head, payload: {
        tag: next(iter(from_signer(head, payload).values()))}


def two_packets(first_data, second_data):
    def sign(head, payload):
        made = Signature(ring.trusted())
        return {268: made.packet(first_data or head)
                + made.packet(second_data or head)}
    return sign


def legacy_only(head, payload):
    return {1002: Signature(ring.trusted()).packet(head + payload)}


def with_legacy(legacy):
    def sign(head, payload):
        return {268: Signature(ring.trusted()).packet(head),
                1002: legacy(head, payload)}
    return sign


def plus_modulus(head, payload):
    """s + n as the integer: the same signature in other bytes. Tries other
    times until the sum fits into as many bits as the modulus has."""
    key = ring.trusted()
    for created in range(SIGN_TIME, SIGN_TIME + 200):
        made = Signature(key, created=created)
        number = key.sign(8, made.digest(head))[0] + key.n
        if number.bit_length() <= key.n.bit_length():
            made.mpis = [number]
            return {268: made.packet(head)}
    raise ValueError("no sum fits")


def non_minimal(head, payload):
    made = Signature(ring.trusted())
    number = ring.trusted().sign(8, made.digest(head))[0]
    made.mpis = [u16(number.bit_length() + 8) + b"\0" + mpi(number)[2:]]
    return {268: made.packet(head)}


def too_many_bits(head, payload):
    made = Signature(ring.trusted())
    number = ring.trusted().sign(8, made.digest(head))[0]
    made.mpis = [number + (ring.trusted().n << 8)]
    return {268: made.packet(head)}


def inline_message(head, payload):
    """A whole signed message about something else."""
    key = ring.trusted()
    text = b"something else"
    return {268: packet(4, b"\x03\x00\x08\x01" + key.keyid() + b"\x01")
            + packet(11, b"b\x00" + u32(0) + text)
            + Signature(key).packet(text)}


def compressed(algo, squeeze):
    return blob(lambda p: packet(8, bytes([algo]) + squeeze(p)))


def deflate(data):
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    return raw.compress(data) + raw.flush()


def nested(data):
    for _ in range(32):
        data = packet(8, b"\1" + deflate(data))
    return data


def openpgp_tag(entries):
    """278: the v6 tag, an array of base64."""
    first = next(e for e in entries if e.tag in (267, 268))
    return Entry(278, STRINGS, [base64.b64encode(first.data)])


def which_signature():
    yield row("G01", "no signature at all", "no-header-signature",
              sign=lambda head, payload: {})
    yield row("G02", "only the legacy signature over header and payload",
              "no-header-signature", sign=legacy_only)
    yield row("G02b", "only the legacy signature in 1005",
              "no-header-signature", sign=moved(legacy_only, 1005))
    yield row("G04", "good 268, legacy signature over other data", ACCEPT,
              sign=with_legacy(lambda head, payload: Signature(
                  ring.trusted()).packet(b"other")))
    yield row("G05", "good 268, legacy signature by an unknown key", ACCEPT,
              sign=with_legacy(lambda head, payload: Signature(
                  ring.foreign()).packet(head + payload)))
    yield row("G06", "signed by a key that nobody trusts", "no-key",
              sign=signed(key=ring.foreign()))
    yield row("G07", "signature over other data", "bad-signature",
              sign=over(lambda head, payload: b"other data"))
    yield row("G07b", "signature over header and payload in 268",
              "bad-signature", sign=over(lambda head, payload: head + payload))
    yield row("G08", "RSA packet in tag 267", "sig-tag-algo",
              sign=signed(tag=267))
    yield row("G08b", "EdDSA packet in tag 268", "sig-tag-algo",
              key="ed25519", sign=signed(key=ring.ed25519("ed25519")))
    yield row("G09", "good 267 beside bad 268", "two-header-signatures",
              key="ed25519",
              sign=both(signed(267, ring.ed25519("ed25519")),
                        over(lambda head, payload: b"bad")))
    yield row("G09b", "good 267 beside good 268", "two-header-signatures",
              sign=both(signed(267, ring.ed25519("ed25519")), signed()))
    yield row("G10a", "two packets in 268, good then bad", "sig-trailing",
              sign=two_packets(None, b"bad"))
    yield row("G10b", "two packets in 268, bad then good", "sig-trailing",
              sign=two_packets(b"bad", None))
    yield row("G10c", "two good packets of one key in 268", "sig-trailing",
              sign=two_packets(None, None))
    yield row("G11", "junk after the packet", "sig-trailing",
              sign=blob(lambda p: p + b"junk"))
    yield row("G11b", "one zero byte after the packet", "sig-trailing",
              sign=blob(lambda p: p + b"\0"))


def algorithms():
    ed, p256 = ring.ed25519("ed25519"), ring.p256("p256")
    yield row("G12", "version 3 packet, RSA with SHA-256", ACCEPT,
              sign=signed(version=3))
    yield row("G12b", "version 3 packet, RSA with SHA-512", ACCEPT,
              sign=signed(version=3, hash_algo=10))
    yield row("G12c", "version 3 packet with SHA-1", "sig-hash-algo",
              sign=signed(version=3, hash_algo=2))
    for algo, name in ((1, "md5"), (2, "sha1"), (11, "sha224"), (12, "sha3")):
        yield row(f"G13{name}", f"signature with {name}", "sig-hash-algo",
                  sign=signed(hash_algo=algo))
    yield row("G28a", "RSA with SHA-384", ACCEPT, sign=signed(hash_algo=9))
    yield row("G28b", "RSA with SHA-512", ACCEPT, sign=signed(hash_algo=10))
    yield row("G28c", "Ed25519 in 267", ACCEPT, key="ed25519",
              sign=signed(267, ed))
    yield row("G28d", "Ed25519 with SHA-512 in 267", ACCEPT, key="ed25519",
              sign=signed(267, ed, hash_algo=10))
    yield row("G28e", "P-256 in 267", ACCEPT, key="p256",
              sign=signed(267, p256))
    yield row("G28f", "RSA key of 1024 bits", "key-too-small", key="small",
              sign=signed(key=ring.rsa("small", 1024)))
    yield row("G31h", "public key algorithm 3", "sig-pubkey-algo",
              sign=signed(algo=3))
    yield row("G31h2", "public key algorithm 17 (DSA)", "sig-pubkey-algo",
              sign=signed(algo=17))
    for version in (0, 2, 5, 6):
        yield row(f"G31v{version}", f"signature version {version}",
                  "sig-version", sign=signed(version=version))


def types_and_times():
    yield row("G14", "text signature over the header with CRLF", "sig-type",
              sign=lambda head, payload: {268: Signature(
                  ring.trusted(), kind=1).packet(
                      head.replace(b"\n", b"\r\n"))})
    for kind in (0x02, 0x10, 0x13, 0x18, 0x1F, 0x20, 0x40, 0x50):
        yield row(f"G15x{kind:02x}", f"signature type {kind:02x}", "sig-type",
                  sign=signed(kind=kind))
    lifetime = sub(3, u32(1))
    yield row("G16", "lifetime of one second, long over", "sig-expired",
              sign=hashed(lifetime))
    yield row("G16b", "lifetime zero is for ever", ACCEPT,
              sign=hashed(sub(3, u32(0))))
    yield row("G16c", "lifetime of ten years", ACCEPT,
              sign=hashed(sub(3, u32(3653 * DAY))))
    # Counted from the last midnight; a day of tolerance is what is allowed.
    today = SIGN_TIME + 7 * DAY
    for suffix, title, when, want in (
            ("", "a year ahead", today + 365 * DAY, "sig-future"),
            ("b", "two days ahead", today + 49 * 3600, "sig-future"),
            ("c", "in 2106", 0xFFFFFFFF, "sig-future"),
            ("d", "later today", today + 23 * 3600, ACCEPT)):
        yield row(f"G17{suffix}", f"created {title}", want,
                  sign=signed(created=when))
    yield row("G17e", "version 3, created a year ahead", "sig-future",
              sign=signed(version=3, created=today + 365 * DAY))
    yield row("G18", "created before the key", "sig-before-key",
              sign=signed(created=KEY_TIME - DAY))


def subpackets():
    foreign = ring.foreign()
    two_kb = sub_long(20, notation(b"x@example.org", b"A" * 2000))
    yield row("G19", "2 kB notation in the unhashed area", "sig-subpacket",
              sign=unhashed(issuer(), two_kb))
    yield row("G19b", "hashed notation with status text", "sig-subpacket",
              sign=hashed(sub(20, notation(b"x@example.org", STATUS_TEXT))))
    yield row("G19c", "policy URL with status text", "sig-subpacket",
              sign=hashed(sub(26, STATUS_TEXT)))
    yield row("G19d", "signer's user id with status text", ACCEPT,
              sign=hashed(sub(28, STATUS_TEXT)))
    yield row("G19e", "the same by a key that nobody trusts", "no-key",
              sign=signed(key=foreign, hashed=[
                  time_of(), fingerprint(foreign), sub(28, STATUS_TEXT)]))
    yield row("G19f", "critical signer's user id", "sig-subpacket",
              sign=hashed(sub(28, b"x", critical=True)))
    yield row("G20", "critical unknown subpacket 99", "sig-subpacket",
              sign=hashed(sub(99, b"x", critical=True)))
    yield row("G20b", "harmless unknown subpacket 99", "sig-subpacket",
              sign=hashed(sub(99, b"x")))
    yield row("G20c", "embedded signature (32) in the unhashed area",
              "sig-subpacket", sign=unhashed(issuer(), sub(32, b"x" * 40)))
    salt = sub(20, notation(SALT, bytes(range(32))))
    yield row("G21", "salt of Sequoia, all hashed, time critical", ACCEPT,
              sign=signed(unhashed=[], hashed=[
                  sub(2, u32(SIGN_TIME), critical=True), issuer(),
                  fingerprint(), salt]))
    yield row("G21b", "salt of more than 128 bytes", "sig-subpacket",
              sign=hashed(sub(20, notation(SALT, b"s" * 120))))
    yield row("G21c", "critical salt", "sig-subpacket",
              sign=hashed(sub(20, notation(SALT, b"s"), critical=True)))
    yield row("G21d", "salt marked as text", "sig-subpacket",
              sign=hashed(sub(20, notation(SALT, b"s", flags=0x80000000))))
    yield row("G25", "fingerprint of one key, issuer of another", "sig-issuer",
              sign=unhashed(issuer(foreign)))
    yield row("G25b", "hashed issuer and unhashed issuer differ",
              "sig-issuer", sign=signed(hashed=[time_of(), issuer()],
                                        unhashed=[issuer(foreign)]))
    yield row("G25c", "issuer hashed only", ACCEPT,
              sign=signed(hashed=[time_of(), issuer()], unhashed=[]))
    yield row("G25d", "fingerprint only", ACCEPT, sign=unhashed())
    yield row("G25e", "issuer unhashed only", ACCEPT,
              sign=signed(hashed=[time_of()]))
    yield row("G25f", "issuer twice in the unhashed area", "sig-subpacket",
              sign=unhashed(issuer(), issuer()))
    yield row("G31e", "two creation times", "sig-subpacket",
              sign=hashed(time_of(SIGN_TIME - DAY)))
    yield row("G31f", "creation time only in the unhashed area",
              "sig-no-time", sign=signed(hashed=[fingerprint()],
                                         unhashed=[time_of()]))
    yield row("G31f2", "no creation time", "sig-no-time",
              sign=signed(hashed=[fingerprint()]))
    yield row("G31g", "no issuer", "sig-no-issuer",
              sign=signed(hashed=[time_of()], unhashed=[]))
    yield row("G31k", "subpacket longer than its area", "sig-subpacket",
              sign=hashed(b"\x20\x1cx"))
    yield row("G31l", "subpacket of length zero", "sig-subpacket",
              sign=hashed(b"\x00"))


def framing():
    marker = packet(10, b"PGP")
    yield row("G22", "armored signature", "sig-packet",
              sign=blob(lambda p: armor(p, "SIGNATURE").encode()))
    yield row("G26", "only the version 6 tag 278", "no-header-signature",
              sig=lambda e: add(drop(e, 268), openpgp_tag(e)))
    yield row("G27", "junk in 278 beside a good 268", ACCEPT,
              sig=lambda e: add(e, Entry(278, STRINGS, ["junk"])))
    yield row("G30a", "signature inside a compressed packet",
              "sig-packet-tag", sign=compressed(1, deflate))
    yield row("G30a2", "signature inside an uncompressed container",
              "sig-packet-tag", sign=compressed(0, bytes))
    yield row("G30a3", "64 MiB of zeros in a compressed packet",
              "sig-packet-tag", sign=lambda head, payload: {268: packet(
                  8, b"\3" + bz2.compress(bytes(2**26)))})
    yield row("G30a4", "signature inside 32 compressed packets",
              "sig-packet-tag", sign=blob(nested))
    yield row("G30b", "marker packet first", "sig-packet-tag",
              sign=blob(lambda p: marker + p))
    yield row("G30c", "private packet 60 first", "sig-packet-tag",
              sign=blob(lambda p: packet(60, b"x") + p))
    yield row("G30d", "user id packet behind", "sig-trailing",
              sign=blob(lambda p: p + packet(13, b"x")))
    yield row("G30e", "literal packet first", "sig-packet-tag",
              sign=blob(lambda p: packet(11, b"b\0\0\0\0\0x") + p))
    yield row("G30f", "signed message about something else",
              "sig-packet-tag", sign=inline_message)
    frames = [("a", "old format, one byte length",
               lambda t, b: packet_old(t, b, 1)),
              ("b", "old format, four byte length",
               lambda t, b: packet_old(t, b, 2)),
              ("c", "new format, five byte length", packet_5)]
    for letter, title, frame in frames:
        yield row(f"G32{letter}", title, ACCEPT, sign=signed(frame=frame))
    yield row("G32d", "old format, indeterminate length", "sig-packet-length",
              sign=signed(frame=lambda t, b: packet_old(t, b, 3)))
    yield row("G32e", "partial length", "sig-packet-length",
              sign=signed(frame=packet_partial))
    yield row("G32f", "packet longer than its tag", "sig-packet-length",
              sign=blob(lambda p: p[:-1]))
    yield row("G32g", "blob of nine bytes", "sig-size",
              sign=blob(lambda p: p[:9]))
    yield row("G32h", "blob of 8193 bytes", "sig-size",
              sign=blob(lambda p: p + bytes(8193 - len(p))))


def integers():
    yield row("G23", "s + n as the integer", ACCEPT, sign=plus_modulus)
    yield row("G23b", "an integer longer than the modulus", "sig-mpi",
              sign=too_many_bits)
    yield row("G24", "left 16 bits of the digest wrong", "bad-signature",
              sign=edited(left16=b"\x12\x34"))
    yield row("G24b", "integer of a signature over other data",
              "bad-signature",
              sign=edited(mpis=ring.trusted().sign(8, bytes(32))))
    yield row("G24c", "integer one", "bad-signature", sign=edited(mpis=[1]))
    yield row("G31a", "integer with a leading zero byte", "sig-mpi",
              sign=non_minimal)
    yield row("G31b", "bytes inside the packet behind the integer",
              "sig-trailing", sign=edited(extra=b"extra"))
    yield row("G31c", "integer of 65535 bits in a short packet", "sig-mpi",
              sign=edited(mpis=[b"\xff\xff" + bytes(20)]))
    yield row("G31d", "60 kB in the unhashed area", "sig-size",
              sign=unhashed(issuer(), *[sub(99, b"A" * 180)] * 330))
    yield row("G31m", "RSA with two integers", "sig-trailing",
              sign=signed(edit=lambda s: s.__dict__.update(
                  mpis=[ring.trusted().n >> 1, 5])))
    yield row("G31n", "EdDSA with one integer", "sig-mpi", key="ed25519",
              sign=signed(267, ring.ed25519("ed25519"), edit=lambda s:
                          s.__dict__.update(mpis=[5])))
    yield row("G31o", "signature tag of type STRING", "tag-type",
              sig=lambda e: add(drop(e, 268), Entry(268, 6, b"x" * 40)))
    yield row("G31p", "signature of zero bytes", "tag-count",
              sig=lambda e: add(drop(e, 268), Entry(268, BIN, b"")))


def rows():
    for family in (which_signature, algorithms, types_and_times, subpackets,
                   framing, integers):
        yield from family()
