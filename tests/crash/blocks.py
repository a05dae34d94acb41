# SPDX-License-Identifier: GPL-2.0-or-later
"""What a disk holds when the power fails: states made from a trace of its
writes and flushes (tests/fake/disk.py, trace=).

What was flushed is there. Of what was written after the last flush any part
may be there: each write whole, in part (by sectors), or not at all.
"""

import hashlib
import random
import struct

BLOCK, SECTOR = 4096, 512
TRACE = "<cQI"
ZERO = bytes(BLOCK)


def read_trace(path):
    """The writes as (offset, bytes), and each flush as None."""
    items, head = [], struct.calcsize(TRACE)
    with open(path, "rb") as file:
        while len(start := file.read(head)) == head:
            what, offset, size = struct.unpack(TRACE, start)
            items.append(None if what == b"f" else (offset, file.read(size)))
    return items


def read_blocks(path):
    """The blocks of an image that are not all zero, by number."""
    blocks = {}
    with open(path, "rb") as file:
        number = 0
        while data := file.read(BLOCK):
            if data != ZERO[:len(data)]:
                blocks[number] = data
            number += 1
    return blocks


def pieces(offset, data):
    """A write as (block, place in it, bytes)."""
    done = 0
    while done < len(data):
        number, at = divmod(offset + done, BLOCK)
        size = min(BLOCK - at, len(data) - done)
        yield number, at, data[done:done + size]
        done += size


class Image:
    """Blocks by number, and a digest that tells images apart."""

    def __init__(self, blocks, digest=0):
        self.below, self.blocks, self.digest = blocks, {}, digest

    def put(self, number, data):
        old = self.blocks.get(number) or self.below.get(number, ZERO)
        if old != data:
            self.digest ^= mark(number, old) ^ mark(number, data)
            self.blocks[number] = data

    def write(self, offset, data):
        for number, at, part in pieces(offset, data):
            if len(part) < BLOCK:
                old = self.blocks.get(number) or self.below.get(number, ZERO)
                part = old[:at] + part + old[at + len(part):]
            self.put(number, part)

    def all_blocks(self):
        return {**self.below, **self.blocks}


def mark(number, data):
    return int.from_bytes(hashlib.blake2b(
        data, digest_size=16, salt=number.to_bytes(8, "little")).digest(),
        "little")


class Epoch:
    """The writes between two flushes: items[first:last]; and what is there
    before them."""

    def __init__(self, first, last, image):
        self.first, self.last, self.size = first, last, last - first
        self.blocks, self.digest = image.all_blocks(), image.digest

    def image(self, items, choice, tear_seed):
        image, rng = Image(self.blocks, self.digest), random.Random(tear_seed)
        for number, is_torn in choice:
            write = items[number]
            image.write(*(torn(write, rng) if is_torn else write))
        return image


def epochs(items, base):
    image, first, found = Image(base), 0, []
    for number, item in enumerate(items + [None]):
        if item is not None:
            image.write(*item)
            continue
        found.append(Epoch(first, number, start if found else Image(base)))
        start, first = Image(image.all_blocks(), image.digest), number + 1
    return found


def torn(write, rng):
    """Some sectors of a write: those before a place, or those behind it."""
    offset, data = write
    if len(data) <= SECTOR:
        return write
    unit = BLOCK if len(data) > BLOCK and rng.random() < 0.5 else SECTOR
    cut = rng.randrange(unit, len(data), unit)
    if rng.random() < 0.75:
        return offset, data[:cut]
    return offset + cut, data[cut:]


def regular_choices(epoch):
    """Each prefix, all but one, one alone: lists of (item, is torn)."""
    numbers = range(epoch.first, epoch.last)
    for end in range(epoch.first, epoch.last + 1):
        yield [(n, False) for n in range(epoch.first, end)]
    for left in numbers:
        yield [(n, False) for n in numbers if n != left]
    for only in numbers:
        yield [(only, False)]


def random_choice(epoch, rng):
    """A random part of the writes, the last of them torn or not."""
    end = rng.randint(1, epoch.size)
    share = rng.choice((0.2, 0.5, 0.8, 0.95, 1))
    chosen = [[n, False] for n in range(epoch.first, epoch.first + end)
              if rng.random() < share]
    if chosen and rng.random() < 0.6:
        rng.choice(chosen)[1] = True
    return chosen


def choices(found, count, rng):
    """All regular ones, if not more than `count` (then a sample of them);
    after them random ones for ever, from wide epochs more often."""
    regular = [(e, c, 0) for e in found for c in regular_choices(e)]
    yield from rng.sample(regular, count) if len(regular) > count else regular
    wide = [e for e in found if e.size > 0]
    weights = [min(e.size, 40) for e in wide]
    while True:
        epoch = rng.choices(wide, weights)[0]
        yield epoch, random_choice(epoch, rng), rng.randrange(1 << 32)


class State:
    """One image, and how many steps of the work had ended when the power may
    have failed so: at least `fewest`, at most `most`."""

    def __init__(self, epoch, choice, tear_seed, marks):
        self.epoch, self.choice, self.tear_seed = epoch, choice, tear_seed
        earliest = choice[-1][0] + 1 if choice else epoch.first
        self.fewest = sum(mark < earliest for mark in marks)
        self.most = sum(mark <= epoch.last for mark in marks)

    def widen(self, other):
        self.fewest = min(self.fewest, other.fewest)
        self.most = max(self.most, other.most)

    def is_torn(self):
        return any(torn for _, torn in self.choice)

    def image(self, items):
        return self.epoch.image(items, self.choice, self.tear_seed)

    def __str__(self):
        parts = [f"{n}{'~' if torn else ''}" for n, torn in self.choice]
        return (f"writes before {self.epoch.first} and "
                f"[{' '.join(parts)}] (tears {self.tear_seed})")


def plan(items, base, marks, count, seed):
    """At most `count` states, no two of them equal."""
    found, tries = {}, 0
    for choice in choices(epochs(items, base), count, random.Random(seed)):
        tries += 1
        if len(found) >= count or tries > 40 * count:
            break
        state = State(*choice, marks)
        digest = state.image(items).digest
        found.setdefault(digest, state).widen(state)
    return sorted(found.values(), key=lambda s: s.epoch.first)
