# SPDX-License-Identifier: GPL-2.0-or-later
"""Ed25519 (RFC 8032) and ECDSA over P-256 (FIPS 186-4), for test keys only.

Plain big integers: slow, not constant in time, and deterministic, which is
all that a forge of test packages needs.
"""

import hashlib

# ---- Ed25519 ----------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _recover_x(y, sign):
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = _recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _multiply(k, point):
    result = (0, 1, 1, 0)
    while k:
        if k & 1:
            result = _add(result, point)
        point = _add(point, point)
        k >>= 1
    return result


def _compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _expand(secret):
    h = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(h[:32], "little")
    return scalar & (2**254 - 8) | 2**254, h[32:]


def ed25519_public(secret):
    return _compress(_multiply(_expand(secret)[0], BASE))


def ed25519_sign(secret, message):
    """The two halves (R, S), 32 bytes each."""
    scalar, prefix = _expand(secret)
    public = _compress(_multiply(scalar, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    big_r = _compress(_multiply(r, BASE))
    digest = hashlib.sha512(big_r + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    return big_r, ((r + k * scalar) % L).to_bytes(32, "little")


# ---- P-256 ------------------------------------------------------------------

P256_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _p256_add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P256_P == 0:
            return None
        slope = 3 * (p[0] * p[0] - 1) * pow(2 * p[1], -1, P256_P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P256_P)
    x = (slope * slope - p[0] - q[0]) % P256_P
    return x, (slope * (p[0] - x) - p[1]) % P256_P


def _p256_multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = _p256_add(result, point)
        point = _p256_add(point, point)
        k >>= 1
    return result


def p256_public(secret):
    x, y = _p256_multiply(secret, P256_G)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def p256_sign(secret, digest):
    z = int.from_bytes(digest[:32], "big")
    seed = secret.to_bytes(32, "big") + digest
    k = int.from_bytes(hashlib.sha512(seed).digest(), "big") % (P256_N - 1) + 1
    r = _p256_multiply(k, P256_G)[0] % P256_N
    return r, pow(k, -1, P256_N) * (z + r * secret) % P256_N
