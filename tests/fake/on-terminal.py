#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A person at a terminal: runs COMMAND on one and answers its questions.

    on-terminal.py ANSWERS COMMAND...

ANSWERS: one letter for each question, "^" is Ctrl-C. A question ends in
"? [y/N] " or "[y/N]: ". Prints what stood on the terminal; the exit status is
COMMAND's.
"""

import os
import pty
import sys

answers, command = list(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b""
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
    seen += data
    if seen.endswith((b"? [y/N] ", b"[y/N]: ")) and answers:
        answer = answers.pop(0)
        os.write(fd, b"\x03" if answer == "^" else answer.encode() + b"\n")
        seen = b""
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
