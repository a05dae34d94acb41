# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenPGP (RFC 4880, RFC 6637) as a forger needs it.

Keys that are a function of their name, signature packets in which every field
can be wrong, and public keys that GnuPG imports. Nothing here is secret and
nothing here is random: the same name gives the same key for ever, the same
day gives the same packages.
"""

import base64
import hashlib
import time

import curves

RSA, ECDSA, EDDSA = 1, 19, 22
HASHES = {1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512",
          11: "sha224"}
# DER prefixes of DigestInfo (RFC 8017 9.2, RFC 4880 5.2.2).
DIGEST_INFO = {
    1: "3020300c06082a864886f70d020505000410",
    2: "3021300906052b0e03021a05000414",
    8: "3031300d060960864801650304020105000420",
    9: "3041300d060960864801650304020205000430",
    10: "3051300d060960864801650304020305000440",
    11: "302d300d06096086480165030402040500041c",
}
OID_ED25519 = bytes.fromhex("2b06010401da470f01")
OID_P256 = bytes.fromhex("2a8648ce3d030107")

DAY = 86400
# Keys are of 2024-01-01, so that they are the same for ever. Signatures are a
# week old, counted from midnight: a package must not be too old to publish.
KEY_TIME = 1704067200
SIGN_TIME = int(time.time()) // DAY * DAY - 7 * DAY


# ---- numbers ----------------------------------------------------------------

def stream(seed, size):
    return hashlib.shake_256(b"sallyport forge " + seed.encode()).digest(size)


SMALL_PRIMES = [p for p in range(3, 2000, 2)
                if all(p % q for q in range(3, int(p**0.5) + 1, 2))]


def is_prime(n):
    if any(n % p == 0 for p in SMALL_PRIMES):
        return False
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19):
        x = pow(base, odd >> twos, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(seed, bits):
    """The first prime at or above a number made from the seed, two top bits
    set, so that a product of two of them has exactly 2 * bits bits."""
    n = int.from_bytes(stream(seed, bits // 8), "big")
    n |= 3 << (bits - 2) | 1
    while not is_prime(n) or (n - 1) % 65537 == 0:
        n += 2
    return n


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def mpi(n):
    return u16(n.bit_length()) + n.to_bytes((n.bit_length() + 7) // 8, "big")


# ---- keys -------------------------------------------------------------------

class Key:
    """What all kinds share: the public body and what follows from it."""

    def __init__(self, created):
        self.created = created

    def body(self):
        return b"\x04" + u32(self.created) + bytes([self.algo]) + self.public()

    def fingerprint(self):
        return hashlib.sha1(b"\x99" + u16(len(self.body()))
                            + self.body()).digest()

    def keyid(self):
        return self.fingerprint()[-8:]


class RsaKey(Key):
    algo = RSA

    def __init__(self, name, bits=2048, created=KEY_TIME, e=65537,
                 seeds=None):
        super().__init__(created)
        p, q = (prime(seed, bits // 2)
                for seed in seeds or (name + " p", name + " q"))
        self.n, self.e, self.p, self.q = p * q, e, p, q
        self.d = pow(e, -1, (p - 1) * (q - 1))
        self.inverse = pow(q, -1, p)

    def public(self):
        return mpi(self.n) + mpi(self.e)

    def sign(self, hash_algo, digest):
        size = (self.n.bit_length() + 7) // 8
        info = bytes.fromhex(DIGEST_INFO[hash_algo]) + digest
        block = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
        return [self._power(int.from_bytes(block, "big"))]

    def _power(self, m):
        """m^d mod n by the Chinese remainder theorem: four times faster."""
        a = pow(m, self.d % (self.p - 1), self.p)
        b = pow(m, self.d % (self.q - 1), self.q)
        return b + (a - b) * self.inverse % self.p * self.q


class Ed25519Key(Key):
    algo = EDDSA

    def __init__(self, name, created=KEY_TIME):
        super().__init__(created)
        self.secret = stream(name, 32)
        self.point = curves.ed25519_public(self.secret)

    def public(self):
        return (bytes([len(OID_ED25519)]) + OID_ED25519
                + mpi(int.from_bytes(b"\x40" + self.point, "big")))

    def sign(self, hash_algo, digest):
        return [int.from_bytes(half, "big")
                for half in curves.ed25519_sign(self.secret, digest)]


class P256Key(Key):
    algo = ECDSA

    def __init__(self, name, created=KEY_TIME):
        super().__init__(created)
        self.secret = int.from_bytes(stream(name, 31), "big") + 1
        self.point = curves.p256_public(self.secret)

    def public(self):
        return (bytes([len(OID_P256)]) + OID_P256
                + mpi(int.from_bytes(self.point, "big")))

    def sign(self, hash_algo, digest):
        return list(curves.p256_sign(self.secret, digest))


# ---- packets ----------------------------------------------------------------

def packet(tag, body):
    """New format, shortest length."""
    if len(body) < 192:
        length = bytes([len(body)])
    elif len(body) < 8384:
        length = u16(len(body) - 192 + (192 << 8))
    else:
        length = b"\xff" + u32(len(body))
    return bytes([0xC0 | tag]) + length + body


def packet_5(tag, body):
    """New format, five byte length."""
    return bytes([0xC0 | tag, 0xFF]) + u32(len(body)) + body


def packet_old(tag, body, length_type=1):
    """Old format; length type 0, 1, 2, or 3 for an indeterminate length."""
    size = 1 << length_type
    length = b"" if length_type == 3 else len(body).to_bytes(size, "big")
    return bytes([0x80 | tag << 2 | length_type]) + length + body


def packet_partial(tag, body):
    """New format, a partial length of 128 first."""
    return bytes([0xC0 | tag, 0xE0 | 7]) + body[:128] + packet(0, body[128:])[1:]


def sub(kind, data, critical=False):
    return bytes([len(data) + 1, kind | (0x80 if critical else 0)]) + data


def sub_long(kind, data):
    """A subpacket with a two byte length."""
    return u16(len(data) + 1 - 192 + (192 << 8)) + bytes([kind]) + data


def notation(name, value, flags=0):
    return u32(flags) + u16(len(name)) + u16(len(value)) + name + value


SALT = b"salt@notations.sequoia-pgp.org"


class Signature:
    """One signature; every field may be set to a lie before packet().

    `hashed` and `unhashed` are lists of encoded subpackets; None means what
    GnuPG writes: creation time and issuer fingerprint hashed, issuer id not.
    """

    def __init__(self, key, version=4, kind=0, hash_algo=8, created=SIGN_TIME,
                 hashed=None, unhashed=None, algo=None):
        self.key, self.version, self.kind = key, version, kind
        self.hash_algo, self.created = hash_algo, created
        self.algo = key.algo if algo is None else algo
        self.hashed = b"".join(
            [sub(2, u32(created)), sub(33, b"\x04" + key.fingerprint())]
            if hashed is None else hashed)
        self.unhashed = b"".join(
            [sub(16, key.keyid())] if unhashed is None else unhashed)
        self.left16 = None
        self.extra = b""
        self.mpis = None
        self.issuer = key.keyid()

    def _signed_part(self):
        return (bytes([self.version, self.kind, self.algo, self.hash_algo])
                + u16(len(self.hashed)) + self.hashed)

    def digest(self, data):
        if self.version == 3:
            trailer = bytes([self.kind]) + u32(self.created)
        else:
            part = self._signed_part()
            trailer = part + bytes([self.version, 0xFF]) + u32(len(part))
        name = HASHES.get(self.hash_algo, "sha256")
        return hashlib.new(name, data + trailer).digest()

    def body(self, data):
        digest = self.digest(data)
        hash_algo = self.hash_algo if self.hash_algo in HASHES else 8
        numbers = self.mpis or self.key.sign(hash_algo, digest)
        left16 = digest[:2] if self.left16 is None else self.left16
        tail = left16 + b"".join(
            n if isinstance(n, bytes) else mpi(n) for n in numbers)
        if self.version == 3:
            return (bytes([3, 5, self.kind]) + u32(self.created) + self.issuer
                    + bytes([self.algo, self.hash_algo]) + tail + self.extra)
        return (self._signed_part() + u16(len(self.unhashed)) + self.unhashed
                + tail + self.extra)

    def packet(self, data):
        return packet(2, self.body(data))


# ---- public keys ------------------------------------------------------------

CERTIFY, SIGN, ENCRYPT = 0x01, 0x02, 0x0C


def _hashed_key(key):
    return b"\x99" + u16(len(key.body())) + key.body()


def _self_signature(key, kind, data, subpackets, signer=None):
    signer = signer or key
    hashed = [sub(2, u32(key.created)),
              sub(33, b"\x04" + signer.fingerprint())] + subpackets
    return Signature(signer, kind=kind, hashed=hashed).packet(data)


def _expiry(key, expires):
    return [sub(9, u32(expires - key.created))] if expires else []


class PublicKey:
    """A transferable public key (RFC 4880 11.1), built up piece by piece."""

    def __init__(self, key, uid, flags=CERTIFY | SIGN, expires=None):
        self.key = key
        uid = uid.encode()
        self.blob = packet(6, key.body())
        self.tail = packet(13, uid) + _self_signature(
            key, 0x13, _hashed_key(key) + b"\xb4" + u32(len(uid)) + uid,
            [sub(27, bytes([flags]))] + _expiry(key, expires))

    def revoke(self):
        """Puts a key revocation in front of the user id."""
        self.blob += _self_signature(self.key, 0x20, _hashed_key(self.key),
                                     [sub(29, b"\x02revoked")])
        return self

    def subkey(self, key, flags=SIGN, expires=None, binder=None, bound=True,
               back=True, revoked=False):
        """Adds a subkey; `binder` is who makes the binding signature."""
        data = _hashed_key(self.key) + _hashed_key(key)
        self.tail += packet(14, key.body())
        if revoked:
            self.tail += _self_signature(
                self.key, 0x28, data, [sub(29, b"\x02revoked")])
        if bound:
            subpackets = [sub(27, bytes([flags]))] + _expiry(key, expires)
            if back:
                inner = _self_signature(key, 0x19, data, [])
                subpackets.append(sub_long(32, _packet_body(inner)))
            self.tail += _self_signature(
                self.key, 0x18, data, subpackets, binder)
        return self

    def bytes(self):
        return self.blob + self.tail

    def armored(self):
        return armor(self.bytes())


def _packet_body(blob):
    """The body of a packet as packet() wrote it, 192 to 8383 bytes long."""
    return blob[3:]


def crc24(data):
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc.to_bytes(3, "big")


def armor(data, kind="PUBLIC KEY BLOCK"):
    text = base64.b64encode(data).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    check = "=" + base64.b64encode(crc24(data)).decode()
    return "\n".join([f"-----BEGIN PGP {kind}-----", "", *lines, check,
                      f"-----END PGP {kind}-----", ""])
