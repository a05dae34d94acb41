#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Another qube: calls a qrexec service and says what it heard.

    caller.py [OPTION]... FILE... -- COMMAND...

COMMAND becomes the service: sockets as standard streams and the variables of
qrexec. FILE... are sent as one qfile stream, or with --raw the one FILE as it
is. Options:

    --from=NAME     who calls (sys-update); empty: nobody says who
    --raw           send the file as it is
    --cut=N         send N bytes and end
    --stall=N       send N bytes, then nothing, and do not end
    --trickle=N     N bytes, then one byte every 200 ms
    --open          do not end the stream behind the last byte
    --append=TEXT   more bytes behind the end, at once
    --flood         more bytes behind the end, as long as they are taken
    --deaf          close the way back before anything is sent
    --watch=PATH    does it exist when the answer comes?
    --stderr        show the service's log

Prints `line TEXT` or `result CODE ok|differs TEXT` or `silence`, then
`watched yes|no`, `flooded BYTES`, `exit STATUS`, `seconds N`. Its own status is
1, behind `left PID...`, when a process of the service is left.
"""

import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import qfile

sys.path.append(str(Path(__file__).resolve().parent.parent / "forge"))
from machine import session_members  # noqa: E402


FLOODED = []


def options(argv):
    opts, files = {}, []
    while argv[0] != "--":
        word = argv.pop(0)
        if word.startswith("--"):
            key, _, value = word[2:].partition("=")
            opts[key] = value
        else:
            files.append(word)
    return opts, files, argv[1:]


def environment(caller):
    env = {k: v for k, v in os.environ.items() if not k.startswith("QREXEC")}
    if caller:
        env.update(QREXEC_REMOTE_DOMAIN=caller,
                   QREXEC_SERVICE_FULL_NAME="qubes.ReceiveUpdates+",
                   QREXEC_SERVICE_ARGUMENT="",
                   QREXEC_REQUESTED_TARGET_TYPE="name",
                   QREXEC_REQUESTED_TARGET="dom0")
    return env


def send(out, data, opts, done):
    try:
        whole = data
        for key in ("cut", "stall", "trickle"):
            if key in opts:
                data = whole[:int(opts[key])]
        out.sendall(data)
        if "trickle" in opts:
            for i in range(len(data), len(whole)):
                out.sendall(whole[i:i + 1])
                if done.wait(0.2):
                    return
        out.sendall(opts.get("append", "").encode())
        while "flood" in opts and not done.is_set():
            out.sendall(b"x" * 65536)
            FLOODED.append(65536)
        if "stall" in opts or "open" in opts:
            done.wait(100)
        out.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def hear(back, watch):
    data, there = b"", None
    while True:
        select.select([back], [], [], 100)
        try:
            piece = back.recv(4096)
        except OSError:
            break
        if not piece:
            break
        if there is None and watch:
            there = os.path.exists(watch)
        data += piece
    return data, there


def main():
    opts, files, command = options(sys.argv[1:])
    if "raw" in opts:
        with open(files[0], "rb") as f:
            data = f.read()
    else:
        data = qfile.stream(files)
    out, stdin = socket.socketpair()
    back, stdout = socket.socketpair()
    done = threading.Event()
    start = time.monotonic()
    service = subprocess.Popen(
        command, stdin=stdin, stdout=stdout, env=environment(
            opts.get("from", "sys-update")),
        stderr=None if "stderr" in opts else subprocess.DEVNULL,
        start_new_session=True)
    stdin.close()
    stdout.close()
    if "deaf" in opts:
        back.close()
    sender = threading.Thread(target=send, args=(out, data, opts, done))
    sender.start()
    reply, there = (b"", None) if "deaf" in opts else hear(
        back, opts.get("watch"))
    status = service.wait()
    left = session_members(service.pid)
    done.set()
    out.close()
    sender.join()
    if reply.startswith(b"sallyport "):
        print("line", reply.decode("ascii").rstrip("\n"))
    elif len(reply) >= qfile.RESULT.size:
        print("result", *qfile.result(reply, qfile.crc(data)))
    else:
        print("silence" if not reply else f"rubbish {reply!r}")
    if there is not None:
        print("watched", "yes" if there else "no")
    if "flood" in opts:
        print("flooded", sum(FLOODED))
    print("exit", status)
    print("seconds", int(time.monotonic() - start))
    if left:
        print("left", *left)
        sys.exit(1)


if __name__ == "__main__":
    if "--" not in sys.argv:
        sys.exit(__doc__)
    main()
