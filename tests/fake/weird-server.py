#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers every request with something that is no HTTP; prints its port."""
import socket

with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    while True:
        caller, _ = listener.accept()
        with caller:
            caller.recv(65536)
            caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")
