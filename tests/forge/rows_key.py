# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows K: good signatures, and key files that must not count."""

import ring
from rows import ACCEPT, row, signed


def rows():
    subkey = signed(key=ring.subkey())
    foreign = signed(key=ring.foreign())
    yield row("K00", "primary key, good", ACCEPT)
    yield row("K00b", "signing subkey, good", ACCEPT, key="subkey",
              sign=subkey)
    yield row("K00c", "living subkey of a key with an expired one", ACCEPT,
              key="other-subkey-expired", sign=subkey)
    yield row("K00d", "key whose user id is status text", ACCEPT,
              key="hostile-uid")
    yield row("K01a", "primary key expired after the signature",
              "key-expired", key="expired")
    yield row("K01b", "primary key revoked", "key-revoked", key="revoked")
    yield row("K01c", "subkey expired", "key-expired", key="expired-subkey",
              sign=subkey)
    yield row("K01d", "subkey revoked", "key-revoked", key="revoked-subkey",
              sign=subkey)
    yield row("K02a", "attacker's subkey without a binding", "no-key",
              key="unbound-subkey", sign=foreign)
    yield row("K02b", "attacker's subkey bound by the attacker", "no-key",
              key="attacker-bound-subkey", sign=foreign)
    yield row("K02c", "subkey without a back signature", "no-key",
              key="no-back-signature", sign=foreign)
    yield row("K03a", "signed by an encryption subkey", "key-usage",
              key="encryption-subkey", sign=subkey)
    yield row("K03b", "signed by a certify-only primary key", "key-usage",
              key="certify-only")
    yield row("K04", "two keys with one key id", "duplicate-key-id",
              key="colliding", sign=signed(key=ring.colliding()[0]))
    yield row("K05a", "key file without a key", "key-file", key="garbage")
    yield row("K05b", "empty key file", "key-file", key="empty")
