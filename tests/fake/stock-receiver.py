#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stock dom0: takes a qfile stream into $RECEIVED, answers as it does.

$RECEIVER_MODE: good; crc (another checksum); full (over the byte limit, at
once); late (answers well, then refuses); mute (ends without an answer).
"""

import os
import struct
import sys

import qfile


def answer(code, crc, name):
    os.write(1, qfile.RESULT.pack(code, 0, crc) +
             struct.pack("<I", len(name)) + name)


def main():
    mode = os.environ.get("RECEIVER_MODE", "good")
    if mode == "full":
        answer(122, 0, b"big.rpm")
        return 122
    receiver = qfile.Receiver(sys.stdin.buffer)
    name = b""
    for header, raw, data in receiver:
        name = raw.rstrip(b"\0")
        with open(os.path.join(os.environ["RECEIVED"], name.decode()),
                  "xb") as f:
            f.write(data)
        if header[1] != 0o100644 or header[0] != len(name) + 1:
            answer(22, receiver.crc, name)
            return 22
    if mode == "mute":
        return 1
    answer(0, receiver.crc ^ (mode == "crc"), name)
    return 1 if mode == "late" else 0


sys.exit(main())
