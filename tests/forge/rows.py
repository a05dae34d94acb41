# SPDX-License-Identifier: GPL-2.0-or-later
"""What a row of the attack table is."""

from dataclasses import dataclass

import ring
import rpm
from openpgp import Signature, packet

ACCEPT = "accept"

# Class of every word a package can be refused with. Kept apart from the
# table of the program on purpose: the two are compared by a test.
CLASSES = {
    "limit": "index-count data-size sig-size",
    "name": "nevra",
    "digest": "header-digest no-payload-digest payload-digest-type "
              "payload-digest-algo payload-digest-hex "
              "payload-digest-mismatch",
    "signature": "no-header-signature two-header-signatures sig-tag-algo "
                 "sig-packet sig-packet-length sig-packet-tag sig-trailing "
                 "sig-version sig-type sig-hash-algo sig-pubkey-algo "
                 "sig-subpacket sig-issuer sig-no-issuer sig-no-time sig-mpi "
                 "sig-future sig-expired sig-before-key bad-signature",
    "key": "no-keys no-key key-file key-revoked key-expired key-usage "
           "key-too-small duplicate-key-id",
    "media": "truncated",
    "format": "not-rpm lead-version lead-type lead-sigtype header-magic "
              "region region-trailer tag-order tag-range tag-type tag-count "
              "tag-offset tag-padding tag-bounds data-tail string-nul "
              "string-count string-encoding reserved-nonzero sig-padding "
              "missing-tag format-unsupported",
}
CLASS_OF = {word: name for name, words in CLASSES.items()
            for word in words.split()}
CLASS_OF[ACCEPT] = "done"


@dataclass
class Row:
    id: str
    title: str
    want: str    # ACCEPT or the word of refusal
    key: str     # name of the key file
    nevra: str   # what an attacker writes into MANIFEST
    blob: bytes

    def cells(self):
        return [self.id, f"{self.id}.rpm", f"keys/{self.key}.asc",
                CLASS_OF[self.want], self.want, self.nevra, self.title]


def signed(tag=268, key=None, edit=None, frame=packet, **fields):
    """A signer for rpm.package: one packet in one tag."""
    def sign(head, payload):
        made = Signature(key or ring.trusted(), **fields)
        if edit:
            edit(made)
        return {tag: frame(2, made.body(head))}
    return sign


def blob(make, tag=268):
    """A signer that passes the honest packet through make()."""
    def sign(head, payload):
        return {tag: make(Signature(ring.trusted()).packet(head))}
    return sign


def row(row_id, title, want, key="trusted", sign=None, **edits):
    """One row; `edits` are those of rpm.package()."""
    spec = rpm.Spec(name="forge-" + row_id.lower())
    made = rpm.package(spec, sign or signed(), **edits)
    return Row(row_id, title, want, key, spec.nevra(), made)
