# SPDX-License-Identifier: GPL-2.0-or-later
"""Every small damage of a small signed bundle.

A damage is (layer, kind, number). The layer is what is damaged, and what is
made good around it so that the damage comes as far as it can:

  bundle    the bundle itself
  package   its package, with a MANIFEST that describes the damaged one
  manifest  the text of MANIFEST, with the right digest at its end

The kind is one of KINDS; what it does to bytes stands in damaged().
"""

import bundle
import ring
import rpm
from openpgp import PublicKey
from rows import signed

LAYERS = ("bundle", "package", "manifest")
KINDS = ("bits", "cuts", "zeros", "bytes", "missing")


class Bare(rpm.Spec):
    """A package without files, and with the tags that dnf and createrepo_c
    cannot do without: as small as one can be."""

    TAGS = {100, 1000, 1001, 1002, 1004, 1006, 1009, 1014, 1021, 1022, 1044,
            5092, 5093}

    def cpio(self):
        return rpm.cpio_end()

    def entries(self, payload):
        return [e for e in super().entries(payload) if e.tag in self.TAGS]


def key():
    return ring.ed25519("ed25519")


def key_file():
    """The key file that trusts what package() signs."""
    return PublicKey(key(), "Ed25519 <forge@example.org>").armored()


def package(name):
    spec = Bare(name=name, version="1", release="1", content=b"")
    return rpm.package(spec, signed(267, key()))


def damaged(data, kind, i):
    """Number i of a kind, or None when number i - 1 is the same bytes."""
    if kind == "bits":
        at, bit = divmod(i, 8)
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]
    if kind == "cuts":
        return data[:i]
    before = data[i - 1] if i > 0 else None
    here = data[i] if i < len(data) else None
    if kind == "missing":
        return None if here == before else data[:i] + data[i + 1:]
    # One byte more: zero, or one that its neighbours are not.
    more = 0 if kind == "zeros" else next(
        value for value in b"ABC" if value not in (before, here))
    return None if more == before else data[:i] + bytes([more]) + data[i:]


def count(data, kind):
    """How many numbers a kind has."""
    return {"bits": 8 * len(data), "cuts": len(data), "missing": len(data),
            "zeros": len(data) + 1, "bytes": len(data) + 1}[kind]


class Victim:
    def __init__(self, name):
        self.package = package(name)
        self.nevra = bundle.nevra_of(self.package)
        self.manifest = bundle.manifest([self._described(self.package)])
        self.bundle = self._packed(self.package)

    def _described(self, package_bytes):
        return bundle.Package(package_bytes, self.nevra)

    def _packed(self, package_bytes):
        return bundle.bundle([self._described(package_bytes)])

    def _sealed(self, manifest):
        return bundle.around(bundle.seal(manifest), [self.package])

    def layer(self, layer):
        """The bytes of a layer, and what makes a bundle of damaged ones."""
        return {
            "bundle": (self.bundle, lambda data: data),
            "package": (self.package, self._packed),
            "manifest": (self.manifest.encode(), self._sealed),
        }[layer]

    def count(self, layer, kind):
        return count(self.layer(layer)[0], kind)

    def damage(self, layer, kind, i):
        """The damaged bundle, or None when it is the one before."""
        data, pack = self.layer(layer)
        made = damaged(data, kind, i)
        return None if made is None else pack(made)
