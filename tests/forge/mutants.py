# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams that are no bundle any more, or still one: made from good ones by
a generator of random numbers, so that the same seed makes the same streams.
"""

import random
import re

import bundle
from containers import extension, pax

BLOCK = bundle.BLOCK
SUM = slice(148, 156)
OCTAL = re.compile(b"[0-7]{11}")

# Offset and width of the fields of a header, its checksum apart.
FIELDS = [(0, 100), (100, 8), (108, 8), (116, 8), (124, 12), (136, 12),
          (156, 1), (157, 100), (257, 6), (263, 2), (265, 32), (297, 32),
          (329, 8), (337, 8), (345, 155), (500, 12)]
# What some tar writes into some field, or reads there.
EDGES = [b"", b"0", b"1", b" 0", b"-1", b"+1", b"0x1", b"8", b"0000644\0",
         b"0000755\0", b"00000001000\0", b"00000001000 ", b"000000010000",
         b"00000000000\0", b"77777777777\0", b"     1000\0",
         b"\x80\0\0\0\0\0\0\0\0\0\2\0", b"\x80\0\0\0\0\0\0\0\0\0\0\1",
         b"\x80\0\0\0\x80\0\0\0\0\0\0\0", b"\xff" * 12, b"\xff" * 11 + b"\0",
         b"\0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"A", b"D", b"K",
         b"L", b"M", b"N", b"S", b"V", b"X", b"g", b"x", b"ustar\0",
         b"ustar  \0", b"ustar ", b"\0\0", b"root\0", b"MANIFEST",
         b"MANIFEST\0x", b"e0001", b"p000001.rpm", b"p000001.rpm/", b"../x",
         b"/etc", b"./", b"\xc3\xa4", b"a" * 155]
EXTENSIONS = b"KLMNSVDgxX12357"
RECORDS = [(b"path", b"other"), (b"size", b"1"), (b"comment", b"x"),
           (b"GNU.sparse.size", b"9"), (b"linkpath", b"/etc/passwd")]


def is_header(block):
    return len(block) == BLOCK and block[257:262] == b"ustar"


def sum_of(block):
    return sum(block) - sum(block[SUM]) + 8 * 0x20


def summed(block):
    """The header with the checksum that its bytes ask for."""
    return block[:148] + b"%06o\0 " % sum_of(block) + block[156:]


def size_of(block):
    """The size as the canonical header writes it, or None."""
    digits = block[124:135]
    return int(digits, 8) if OCTAL.fullmatch(digits) else None


def put(block, at, data):
    return block[:at] + data + block[at + len(data):]


class Mutator:
    def __init__(self, seed, bundles):
        self.random = random.Random(seed)
        self.bundles = bundles

    def stream(self):
        """One stream: a good one, changed some times."""
        data = self.good()
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            way = self.random.choice(self.WAYS)
            if way not in self.HEADER_WAYS:
                data = way(self, data)
                continue
            headers = [at for at in range(0, len(data), BLOCK)
                       if is_header(data[at:at + BLOCK])]
            if headers:
                at = self.random.choice(headers)
                data = data[:at] + way(self, data[at:at + BLOCK],
                                       data[at + BLOCK:])
        return data

    def good(self):
        if self.random.random() < 0.5:
            return self.random.choice(self.bundles)
        sizes = [self.random.choice((0, 1, 9, 511, 512, 513, 1024, 1500))
                 for _ in range(self.random.randrange(5))]
        parts = [bundle.member("MANIFEST", self.random.randbytes(
            self.random.choice((0, 30, 512, 700))))]
        parts += [bundle.member(f"p{i:06}.rpm", self.random.randbytes(size))
                  for i, size in enumerate(sizes, 1)]
        return b"".join(parts) + bytes(2 * BLOCK)

    # ---- ways to change a stream --------------------------------------------

    def bits(self, data):
        out = bytearray(data)
        for _ in range(self.random.choice((1, 1, 2, 8))):
            if out:
                out[self.random.randrange(len(out))] ^= (
                    1 << self.random.randrange(8))
        return bytes(out)

    def byte(self, data):
        at = self.random.randrange(len(data) + 1)
        return put(data, at, self.random.randbytes(1))

    def cut(self, data):
        return data[:self.random.randrange(len(data) + 1)]

    def shift(self, data):
        """Some bytes less or more."""
        at = self.random.randrange(len(data) + 1)
        if self.random.random() < 0.5:
            return data[:at] + data[at + self.random.randrange(1, 4):]
        more = self.random.choice((b"\0", b"x", bytes(3)))
        return data[:at] + more + data[at:]

    def blocks(self, data):
        """Blocks left out, doubled, exchanged, or new ones."""
        parts = [data[i:i + BLOCK] for i in range(0, len(data), BLOCK)]
        if not parts:
            return data
        one, other = (self.random.randrange(len(parts)) for _ in range(2))
        way = self.random.randrange(5)
        if way == 0:
            del parts[one]
        elif way == 1:
            parts.insert(other, parts[one])
        elif way == 2:
            parts[one], parts[other] = parts[other], parts[one]
        elif way == 3:
            parts.insert(one, bytes(BLOCK))
        else:
            parts[one] = parts[one][:8].ljust(BLOCK, b"\0")
        return b"".join(parts)

    def spliced(self, data):
        other = self.good()
        here, there = (self.random.randrange(0, len(s) + 1, BLOCK)
                       for s in (data, other))
        return data[:here] + other[there:]

    # ---- ways to change a header, and what comes behind it ------------------

    def content(self, block, rest):
        """Other bytes in the member: still a good stream to the readers."""
        size = size_of(block) or 0
        new = self.random.randbytes(min(size, len(rest)))
        return block + put(rest, 0, new)

    def size(self, block, rest):
        """The size as something that not all read as the same number."""
        size = size_of(block)
        if size is None:
            return block + rest
        digits = b"%011o" % size
        other = self.random.choice((
            digits + b"1", digits + b"0", digits + b" ", digits[1:] + b"  ",
            digits.replace(b"0", b"8") + b"\0",
            b"\x80" + bytes(d & 7 for d in digits[1:]) + b"\0",
            b"\x80" + size.to_bytes(11, "big"),
            digits.lstrip(b"0").rjust(11) + b"\0"))
        return summed(put(block, 124, other)) + rest

    def checksum(self, block, rest):
        total = sum_of(block)
        other = self.random.choice((
            b"%06o\0 " % (total + 1), b"%06o\0 " % (total - 1),
            b"%6o\0 " % total, b"%07o\0" % total, b"%06o \0" % total,
            bytes(8), b" " * 8))
        return put(block, 148, other) + rest

    def fields(self, block, rest):
        for _ in range(self.random.choice((1, 1, 2, 3))):
            start, width = self.random.choice(FIELDS)
            edge = self.random.choice(EDGES)[:width]
            filled = edge.ljust(width, self.random.choice((b"\0", b"\0", b" ")))
            block = put(block, start, self.random.choice((edge, filled)))
        if self.random.random() < 0.9:
            block = summed(block)
        return block + rest

    def retyped(self, block, rest):
        kind = self.random.choice(EXTENSIONS)
        return summed(put(block, 156, bytes([kind]))) + rest

    def extended(self, block, rest):
        """An extension in front of the member, under the name that may come
        there, so that the name alone does not give it away."""
        kind = bytes([self.random.choice(EXTENSIONS)])
        made = extension(kind, b"", self.random.choice(
            (b"", b"other\0", b"x" * 600)))
        if kind in b"gx" and self.random.random() < 0.7:
            made = pax([self.random.choice(RECORDS)], kind)
        header = summed(put(made[:BLOCK], 0, block[:100]))
        return header + made[BLOCK:] + block + rest

    HEADER_WAYS = (content, content, size, checksum, fields, fields, fields,
                   retyped, extended)
    WAYS = (bits, byte, cut, shift, blocks, spliced, *HEADER_WAYS)


SUBSTITUTIONS = BLOCK * 256


def substitution(data, at, number):
    """One byte of the header at an offset is another, the sum made good."""
    byte, value = divmod(number, 256)
    block = put(data[at:at + BLOCK], byte, bytes([value]))
    return put(data, at, block if 148 <= byte < 156 else summed(block))
