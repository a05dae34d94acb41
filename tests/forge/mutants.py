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


def is_header(block):
    return len(block) == BLOCK and block[257:262] == b"ustar"


def summed(block):
    """The header with the checksum that its bytes ask for."""
    total = sum(block) - sum(block[SUM]) + 8 * 0x20
    return block[:148] + b"%06o\0 " % total + block[156:]


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
            data = self.random.choice(self.WAYS)(self, data)
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
        at = self.random.randrange(len(data) + 1)
        if self.random.random() < 0.5:
            return data[:at] + data[at + self.random.randrange(1, 4):]
        return data[:at] + self.random.choice((b"\0", b"x", bytes(3))) + \
            data[at:]

    def content(self, data):
        """Other bytes in a member: still a good stream to the readers."""
        at = self.header(data)
        digits = data[at + 124:at + 135] if at is not None else b""
        if not OCTAL.fullmatch(digits):
            return data
        new = self.random.randbytes(min(int(digits, 8), len(data) - at))
        return put(data, at + BLOCK, new)[:len(data)]

    def size(self, data):
        """The size as something that not all read as the same number."""
        at = self.header(data)
        digits = data[at + 124:at + 135] if at is not None else b""
        if not OCTAL.fullmatch(digits):
            return data
        other = self.random.choice((
            digits + b"1", digits + b"0", digits + b" ", digits[1:] + b"  ",
            digits.replace(b"0", b"8") + b"\0",
            b"\x80" + bytes(d & 7 for d in digits[1:]) + b"\0",
            b"\x80" + int(digits, 8).to_bytes(11, "big"),
            digits.lstrip(b"0").rjust(11) + b"\0"))
        return put(data, at, summed(put(data[at:at + BLOCK], 124, other)))

    def checksum(self, data):
        at = self.header(data)
        if at is None:
            return data
        total = int(summed(data[at:at + BLOCK])[148:154], 8)
        other = self.random.choice((
            b"%06o\0 " % (total + 1), b"%06o\0 " % (total - 1), b"%6o\0 " % total,
            b"%07o\0" % total, b"%06o " % total + b"\0", bytes(8), b" " * 8))
        return put(data, at + 148, other)

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

    def header(self, data):
        """The offset of one of the headers, or None."""
        found = [i for i in range(0, len(data), BLOCK)
                 if is_header(data[i:i + BLOCK])]
        return self.random.choice(found) if found else None

    def fields(self, data):
        at = self.header(data)
        if at is None:
            return data
        block = data[at:at + BLOCK]
        for _ in range(self.random.choice((1, 1, 2, 3))):
            start, width = self.random.choice(FIELDS)
            edge = self.random.choice(EDGES)[:width]
            filled = edge.ljust(width, self.random.choice((b"\0", b"\0", b" ")))
            block = put(block, start, self.random.choice((edge, filled)))
        if self.random.random() < 0.9:
            block = summed(block)
        return put(data, at, block)

    def extended(self, data):
        """An extension in front of a member, under the name that may come
        there, so that the name alone does not give it away."""
        at = self.header(data)
        if at is None:
            return data
        name = data[at:at + 100].rstrip(b"\0")
        kind = bytes([self.random.choice(EXTENSIONS)])
        if kind in b"gx" and self.random.random() < 0.7:
            key, value = self.random.choice((
                (b"path", b"other"), (b"size", b"1"), (b"comment", b"x"),
                (b"GNU.sparse.size", b"9"), (b"linkpath", b"/etc/passwd")))
            more = summed(put(pax([(key, value)], kind), 0,
                              name.ljust(100, b"\0"))[:BLOCK])
            return data[:at] + more + pax([(key, value)], kind)[BLOCK:] + \
                data[at:]
        body = self.random.choice((b"", b"other\0", b"x" * 600))
        if self.random.random() < 0.5:  # in place of the member itself
            return put(data, at, summed(put(data[at:at + BLOCK], 156, kind)))
        return data[:at] + extension(kind, name, body) + data[at:]

    def spliced(self, data):
        other = self.good()
        here, there = (self.random.randrange(0, len(s) + 1, BLOCK)
                       for s in (data, other))
        return data[:here] + other[there:]

    WAYS = (bits, byte, cut, shift, blocks, spliced, content, content, size,
            checksum, fields, fields, fields, extended, extended)


SUBSTITUTIONS = BLOCK * 256


def substitution(data, at, number):
    """One byte of the header at an offset is another, the sum made good."""
    byte, value = divmod(number, 256)
    block = put(data[at:at + BLOCK], byte, bytes([value]))
    return put(data, at, block if 148 <= byte < 156 else summed(block))
