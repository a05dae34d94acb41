#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for the parent and for check around one sallyport-unpack.

    unpack-parent.py [--piece=N] [--hang-up] PROGRAM SOURCE KEY=VALUE...
    unpack-parent.py --table PROGRAM CASES.tsv KEY=VALUE...

SOURCE becomes descriptor 0 (with --piece it comes through a pipe, N bytes a
time). --hang-up closes the entry stream after its first record. Prints what
the worker said, one line each:

    jailed ABI SECCOMP
    entry INDEX SIZE SHA256
    end FILES BYTES
    progress BYTES ENTRIES          the last one only
    fault REASON MESSAGE | done COUNT
    exit STATUS

With --table every file of tests/forge/containers.py is a source; one line
each: the case, and the reason of the fault or "done".
"""

import hashlib
import os
import socket
import struct
import sys
import threading

# src/bundle/record.h: struct sp_entry and the head of struct sp_report.
ENTRY = struct.Struct("<4I2Q256s")
REPORT = struct.Struct("<I2HQ32siI256s")
REPORT_BYTES = 912
START, FILE, END = 1, 2, 3
JAILED, PROGRESS, FAULT, DONE = 1, 2, 8, 9


def text(field):
    return field.split(b"\0")[0].decode()


def read_entries(pipe, hang_up, lines):
    """The other end of the entry stream: every record and its bytes."""
    with pipe:
        while len(record := pipe.read(ENTRY.size)) == ENTRY.size:
            _, kind, stream, _, index, size, _ = ENTRY.unpack(record)
            if hang_up:
                return
            if kind == START:
                lines.append(f"start {stream}")
            elif kind == END:
                lines.append(f"end {index} {size}")
            else:
                data = pipe.read(size)
                state = hashlib.sha256(data).hexdigest()
                if len(data) < size:
                    state = "cut"
                lines.append(f"entry {index} {size} {state}")
        if record:
            lines.append("broken record")


def read_reports(channel, lines):
    progress = None
    with channel.makefile("rb") as reports:
        while len(r := reports.read(REPORT_BYTES)) == REPORT_BYTES:
            _, kind, _, index, reason, _, _, message = REPORT.unpack_from(r)
            body = r[REPORT.size:]
            if kind == JAILED:
                lines.append("jailed %d %d" % struct.unpack_from("<2I", body))
                channel.sendall(b"g")
            elif kind == PROGRESS:
                progress = "progress %d %d" % struct.unpack_from("<2Q", body)
            elif kind == FAULT:
                lines.append(f"fault {text(reason)} {text(message)}")
            elif kind == DONE:
                lines += [progress, f"done {index}"]


def feed(source, piece, out):
    with open(source, "rb") as data, os.fdopen(out, "wb", 0) as pipe:
        try:
            while chunk := data.read(piece):
                pipe.write(chunk)
        except BrokenPipeError:
            pass


def start(program, arguments, source_fd, entries_fd, report_fd):
    """fork and exec with exactly descriptors 0 to 3."""
    pid = os.fork()
    if pid:
        return pid
    null = os.open("/dev/null", os.O_RDWR)
    high = [os.dup2(fd, 100 + i)
            for i, fd in enumerate((source_fd, entries_fd, null, report_fd))]
    for i, fd in enumerate(high):
        os.dup2(fd, i)
    os.closerange(4, 200)
    os.execv(program, [program, *arguments])


def run(program, source, arguments, piece=0, hang_up=False):
    """Runs the worker to its end; the lines described above."""
    ours, theirs = socket.socketpair()
    entries_out, entries_in = os.pipe()
    entries, reports, threads = [], [], []
    if piece:
        source_fd, out = os.pipe()
    else:
        source_fd = os.open(source, os.O_RDONLY)
    pid = start(program, arguments, source_fd, entries_in, theirs.fileno())
    os.close(source_fd)
    os.close(entries_in)
    theirs.close()
    if piece:
        threads.append(threading.Thread(target=feed, args=(source, piece, out)))
    threads.append(threading.Thread(
        target=read_entries, args=(os.fdopen(entries_out, "rb"), hang_up,
                                   entries)))
    for thread in threads:
        thread.start()
    read_reports(ours, reports)
    for thread in threads:
        thread.join()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return reports[:1] + entries + reports[1:] + [f"exit {status}"]


def run_table(program, table, arguments):
    folder = os.path.dirname(table)
    with open(table, encoding="ascii") as rows:
        for case, name, *_ in (row.split("\t") for row in rows):
            said = run(program, os.path.join(folder, name), arguments)
            ends = [line.split(" ") for line in said
                    if line.startswith(("fault ", "done "))]
            print(case, *(e[1] if e[0] == "fault" else e[0] for e in ends))


def main(arguments):
    piece, hang_up, table = 0, False, False
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--hang-up":
            hang_up = True
        elif option == "--table":
            table = True
        elif option.startswith("--piece="):
            piece = int(option[8:])
    program, source, *rest = arguments
    if table:
        run_table(program, source, rest)
        return
    print("\n".join(run(program, source, rest, piece, hang_up)))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
