# SPDX-License-Identifier: GPL-2.0-or-later
"""qfile-copy, written from its description alone: a second opinion."""

import os
import struct
import zlib

HEADER = struct.Struct("<IIQIIII")
RESULT = struct.Struct("<IIQ")
END = bytes(HEADER.size)


def record(name, data, mode=0o100644, size=None, nsec=0, name_size=None):
    """One file as the stock sender writes it: the NUL counts."""
    raw = name if isinstance(name, bytes) else name.encode() + b"\0"
    return HEADER.pack(len(raw) if name_size is None else name_size, mode,
                       len(data) if size is None else size,
                       1704164646, nsec, 1704164645, nsec) + raw + data


def stream(paths):
    """The whole forward stream of package files."""
    out = []
    for path in paths:
        with open(path, "rb") as f:
            out.append(record(os.path.basename(path), f.read()))
    return b"".join(out) + END


def result(data, crc):
    """(code, "ok" or "differs", text) of a reply."""
    code, pad, their_crc = RESULT.unpack_from(data)
    text = b""
    if len(data) >= RESULT.size + 4:
        (size,) = struct.unpack_from("<I", data, RESULT.size)
        text = data[RESULT.size + 4:]
        if size != len(text):
            return code, "cut", "?"
    same = their_crc == crc and pad == 0
    return code, "ok" if same else "differs", text.decode("ascii", "replace")


def crc(data):
    return zlib.crc32(data)


class Receiver:
    """Reads one stream from a file object; yields (header, name, data)."""

    def __init__(self, source):
        self.source = source
        self.crc = 0

    def take(self, size):
        data = self.source.read(size)
        self.crc = zlib.crc32(data, self.crc)
        if len(data) != size:
            raise EOFError
        return data

    def __iter__(self):
        while True:
            header = HEADER.unpack(self.take(HEADER.size))
            if header[0] == 0:
                return
            name = self.take(header[0])
            yield header, name, self.take(header[2])
