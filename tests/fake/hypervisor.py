#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for what Xen gives to two domains on one machine: a store of
paths, shared pages, event channels, and what the kernel does when a process
dies. libxenvchan-socket.c talks to it.

    hypervisor.py NAME          serves on the abstract socket NAME
    hypervisor.py NAME WORD...  sends one command and prints the answer
"""
import mmap
import os
import selectors
import socket
import sys

CLI_LIVE, SRV_LIVE = 20, 21  # offsets in struct vchan_interface


def connect(name):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect("\0" + name)
    return sock


def ask(sock, *words, fds=()):
    """One command; the answer's words and descriptors, or OSError."""
    message = "\0".join(str(word) for word in words).encode()
    socket.send_fds(sock, [message], list(fds))
    answer, got, _, _ = socket.recv_fds(sock, 4096, 4)
    words = answer.decode().split("\0")
    if words[0] != "ok":
        raise OSError(int(words[1]), "hypervisor: " + os.strerror(int(words[1])))
    return words[1:], got


class Channel:
    """One offered vchan: the pages, both ends of its events, who is there."""

    def __init__(self, pages, server):
        self.pages, self.server, self.client = pages, server, None
        self.ends = socket.socketpair()
        for end in self.ends:
            end.setblocking(False)
        self.memory = mmap.mmap(pages, 4096)

    def died(self, offset, end):
        """What the kernel does: one byte cleared, one event sent."""
        self.memory[offset] = 0
        try:
            self.ends[end].send(b"!")
        except OSError:
            pass


class Hypervisor:
    def __init__(self, name):
        self.store, self.channels, self.watches = {}, {}, []
        self.domains, self.limit, self.crash = {"0"}, 1024, False
        self.select = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind("\0" + name)
        self.listener.listen(16)
        self.select.register(self.listener, selectors.EVENT_READ)
        self.own = {}  # connection -> domain id

    def run(self):
        while True:
            for key, _ in self.select.select():
                if key.fileobj is self.listener:
                    sock, _ = self.listener.accept()
                    self.select.register(sock, selectors.EVENT_READ)
                else:
                    self.serve(key.fileobj)

    def serve(self, sock):
        try:
            data, fds, _, _ = socket.recv_fds(sock, 4096, 4)
        except OSError:
            data, fds = b"", []
        if not data:
            return self.gone(sock)
        words = data.decode().split("\0")
        try:
            answer, out = getattr(self, "do_" + words[0])(sock, fds, *words[1:])
            message = "\0".join(["ok", *map(str, answer)])
        except OSError as fault:
            message, out = f"err\0{fault.errno}", []
        for fd in fds:
            os.close(fd)
        socket.send_fds(sock, [message.encode()], out)

    def gone(self, sock):
        self.select.unregister(sock)
        self.own.pop(sock, None)
        self.watches = [w for w in self.watches if w is not sock]
        for channel in self.channels.values():
            if channel.server is sock:
                channel.server = None
                channel.died(SRV_LIVE, 0)
            if channel.client is sock:
                channel.client = None
                channel.died(CLI_LIVE, 1)
        sock.close()

    def path(self, sock, path):
        if path.startswith("/"):
            return path
        return f"/local/domain/{self.own[sock]}/{path}"

    # ---- commands ----

    def do_hello(self, sock, _, domid):
        self.own[sock] = domid
        return [], []

    def do_read(self, sock, _, path):
        path = self.path(sock, path)
        parts = path.split("/")
        if len(parts) == 4 and parts[3] in self.domains:
            return [""], []
        if path.endswith("/domid") and len(parts) == 5:
            return [parts[3]], []
        if path not in self.store:
            raise OSError(2, "")
        return [self.store[path]], []

    def do_write(self, sock, _, path, value):
        self.store[self.path(sock, path)] = value
        return [], []

    def do_list(self, *_):
        return sorted(self.store), []

    def do_rm(self, sock, _, path):
        path = self.path(sock, path)
        found = [p for p in self.store if p == path or p.startswith(path + "/")]
        if not found:
            raise OSError(2, "")
        for p in found:
            del self.store[p]
        return [], []

    def do_watch(self, sock, *_):
        self.watches.append(sock)
        return [], []

    def do_server(self, sock, fds, domid, path, pages):
        if self.crash:
            raise OSError(14, "")
        if int(pages) > self.limit:
            raise OSError(28, "")
        path = self.path(sock, path)
        channel = Channel(os.dup(fds[0]), sock)
        self.channels[path, domid] = channel
        self.store[path + "/ring-ref"] = "8"
        self.store[path + "/event-channel"] = "20"
        return [], [channel.ends[0].fileno()]

    def do_client(self, sock, _, domid, path):
        # What is not there in the tree of another domain reads as forbidden.
        if path + "/ring-ref" not in self.store:
            raise OSError(13, "")
        channel = self.channels.get((path, self.own[sock]))
        if not channel or channel.client or \
                not path.startswith(f"/local/domain/{domid}/"):
            raise OSError(22, "")
        channel.client = sock
        return [], [channel.pages, channel.ends[1].fileno()]

    def do_domain(self, _, __, domid):
        self.domains.add(domid)
        return [], []

    def do_destroy(self, _, __, domid):
        """`xl destroy`: no event on any channel, one in the store."""
        self.domains.discard(domid)
        for channel in self.channels.values():
            if self.own.get(channel.client) == domid:
                channel.client = None
        for watch in self.watches:
            watch.send(b"event")
        return [], []

    def do_set_limit(self, _, __, pages):
        self.limit = int(pages)
        return [], []

    def do_set_crash(self, *_):
        self.crash = True
        return [], []


if __name__ == "__main__":
    if len(sys.argv) > 2:
        link = connect(sys.argv[1])
        ask(link, "hello", 0)
        for word in ask(link, *sys.argv[2:])[0]:
            print(word)
    else:
        Hypervisor(sys.argv[1]).run()
