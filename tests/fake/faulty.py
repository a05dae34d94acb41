#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A sender that goes wrong: writes FILE to standard output.

    faulty.py FAULT FILE

    good        all of it
    truncated   half of it
    silence     half of it, then nothing, and it does not end
    trickle     half of it, then a byte every 50 ms
    flood       half of it, then other bytes without an end
    behind      all of it, then other bytes without an end
    garbage     other bytes without an end

It ends when nobody reads it any more.
"""

import os
import select
import sys
import time

OTHER = b"\xa5" * 65536
ENDLESS = ("flood", "behind", "garbage")


def put(data):
    while data:
        data = data[os.write(1, data):]


def wait_for_the_reader_to_go():
    poll = select.poll()
    poll.register(1, 0)  # errors alone
    poll.poll()


def main():
    fault, path = sys.argv[1:]
    with open(path, "rb") as file:
        whole = file.read()
    half = len(whole) // 2
    if fault in ("good", "behind"):
        put(whole)
    elif fault != "garbage":
        put(whole[:half])
    if fault == "silence":
        wait_for_the_reader_to_go()
    for byte in whole[half:] if fault == "trickle" else b"":
        put(bytes([byte]))
        time.sleep(0.05)
    while fault in ENDLESS:
        put(OTHER)


try:
    main()
except OSError:
    pass
