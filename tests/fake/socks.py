#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A SOCKS5 proxy (RFC 1928) that leads every name to one server on loopback.

    socks.py TARGET-PORT LOG

Prints the port that it listens on. LOG has a line for each connection: "name"
or "address", what was asked for, and its port.
"""
import socket
import socketserver
import sys
import threading


def exactly(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Socks(socketserver.BaseRequestHandler):
    def handle(self):
        client = self.request
        exactly(client, exactly(client, 2)[1])
        client.sendall(b"\x05\x00")
        kind = exactly(client, 4)[3]
        if kind == 3:
            asked = exactly(client, exactly(client, 1)[0]).decode("ascii")
        else:
            asked = socket.inet_ntop(
                socket.AF_INET if kind == 1 else socket.AF_INET6,
                exactly(client, 4 if kind == 1 else 16))
        port = int.from_bytes(exactly(client, 2), "big")
        self.server.log.write("%s %s %d\n" % (
            "name" if kind == 3 else "address", asked, port))
        self.server.log.flush()
        with socket.create_connection(
                ("127.0.0.1", self.server.target)) as far:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=copy, args=(far, client))
            back.start()
            copy(client, far)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Socks)
server.target = int(sys.argv[1])
server.log = open(sys.argv[2], "a", encoding="ascii")
print(server.server_address[1], flush=True)
server.serve_forever()
