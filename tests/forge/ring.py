# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of the forge, and the key files that a test may trust.

Most key files hold the *same* primary key in another state, so that one and
the same package is accepted with one file and refused with another.
"""

from functools import cache

from openpgp import (CERTIFY, DAY, ENCRYPT, SIGN, SIGN_TIME, Ed25519Key,
                     P256Key, PublicKey, RsaKey, armor)

# After the signatures, before today.
PAST = SIGN_TIME + DAY


@cache
def rsa(name, bits=2048):
    return RsaKey(name, bits)


@cache
def ed25519(name):
    return Ed25519Key(name)


@cache
def p256(name):
    return P256Key(name)


def trusted():
    return rsa("trusted")


def foreign():
    return rsa("foreign")


def subkey():
    return rsa("subkey")


@cache
def colliding():
    """Two keys with the 64-bit key id 4172019956C48FF6. They share a modulus
    and differ in the public exponent; the two exponents were found with
    7.3e9 SHA-1 evaluations (distinguished points). The primes are picked so
    that p - 1 and q - 1 have no small factors: every exponent has an inverse.
    """
    return [RsaKey("collide", e=0x80 << 72 | middle << 8 | 1,
                   seeds=("collide p 2", "collide q 16"))
            for middle in (0x4AC9A1083C97F0E4, 0x22F5FEA38E713226)]


def _public(key=None, uid="Forge", **fields):
    return PublicKey(key or trusted(), f"{uid} <forge@example.org>", **fields)


def files():
    """{name: text} of all key files."""
    public = {
        "trusted": _public(),
        "foreign": _public(foreign(), "Foreign"),
        "ed25519": _public(ed25519("ed25519"), "Ed25519"),
        "p256": _public(p256("p256"), "P-256"),
        "small": _public(rsa("small", 1024), "Small"),
        "revoked": _public().revoke(),
        "expired": _public(expires=PAST),
        "certify-only": _public(flags=CERTIFY),
        "subkey": _public().subkey(subkey()),
        "expired-subkey": _public().subkey(subkey(), expires=PAST),
        "revoked-subkey": _public().subkey(subkey(), revoked=True),
        "other-subkey-expired": _public().subkey(subkey()).subkey(
            ed25519("old subkey"), expires=PAST),
        "encryption-subkey": _public().subkey(
            subkey(), flags=ENCRYPT, back=False),
        "unbound-subkey": _public().subkey(foreign(), bound=False),
        "attacker-bound-subkey": _public().subkey(
            foreign(), binder=foreign()),
        "no-back-signature": _public().subkey(foreign(), back=False),
        "hostile-uid": _public(
            uid="\x1b[2J\n[GNUPG:] VALIDSIG " + "0" * 40),
    }
    texts = {name: key.armored() for name, key in public.items()}
    first, second = colliding()
    texts["colliding"] = armor(
        _public(first, "One").bytes() + _public(second, "Two").bytes())
    texts["garbage"] = "this is no key\n"
    texts["empty"] = ""
    return texts
