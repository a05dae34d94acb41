#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server that misbehaves, one way for each first part of the path.

    hostile-server.py --files DIR --ports FILE --log FILE [--tls CERT KEY]

Listens on loopback, on ports of the kernel's choice, which it writes to FILE
as "http PORT" and "https PORT" lines. /WAY/NAME serves DIR/NAME in its way;
"?N" behind the name makes a path of its own, so that counts start again. A
NAME with folders is looked for there, then in DIR itself. /WAY@PART/NAME is
the same for names with PART in them, and honest for all others. The log has a line
for each request: path, Range, If-Range ("-" for none), and Cache-Control when
there is one.
"""
import argparse
import http.server
import os
import ssl
import threading
import time

CHUNK = bytes(65536)
# Nothing here waits longer than any test does.
PATIENCE = 100


class Hostile(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        way, name = self.path.lstrip("/").split("/", 1)
        name = name.split("?")[0]
        way, _, part = way.partition("@")
        if part and (part not in name or not self.exists(name)):
            way = "repo"
        line = "%s %s %s" % (self.path, self.headers["Range"] or "-",
                             self.headers["If-Range"] or "-")
        if self.headers["Cache-Control"]:
            line += " " + self.headers["Cache-Control"]
        with self.server.guard:
            self.count = self.server.counts.get(self.path, 0) + 1
            self.server.counts[self.path] = self.count
            self.server.log.write(line + "\n")
            self.server.log.flush()
        self.body = b""
        self.load(name if self.exists(name) else os.path.basename(name))
        try:
            getattr(self, "way_" + way.replace("-", "_"))(name)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    # ---- pieces ----

    def exists(self, name):
        return (".." not in name.split("/") and
                os.path.isfile(os.path.join(self.server.files, name)))

    def load(self, name):
        """The body from now on; False when there is no such file."""
        if not self.exists(name):
            return False
        with open(os.path.join(self.server.files, name), "rb") as f:
            self.body = f.read()
        return True

    def start(self, status, length=None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def offset(self):
        wanted = self.headers["Range"]
        return int(wanted[len("bytes="):].rstrip("-")) if wanted else 0

    def answer(self, cut=None, etag='"one"'):
        """Honest, Range and If-Range included; the body may be cut short."""
        start = self.offset()
        condition = self.headers["If-Range"]
        if start and condition in (None, etag):
            total = len(self.body)
            rest = self.body[start:]
            self.start(206, len(rest), ETag=etag, Content_Range="bytes %d-%d/%d"
                       % (start, total - 1, total))
        else:
            rest = self.body
            self.start(200, len(rest), ETag=etag)
        if cut is None:
            self.wfile.write(rest)
        else:
            self.wfile.write(rest[:cut])
            self.close_connection = True

    def whole(self):
        self.start(200, len(self.body))
        self.wfile.write(self.body)

    def refuse(self, status, **headers):
        self.start(status, 0, **headers)

    def half(self):
        return len(self.body) // 2

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def wait(self):
        time.sleep(PATIENCE)
        self.close_connection = True

    # ---- ways ----

    def way_good(self, name):
        self.answer()

    def way_endless(self, name):
        self.start(200, Transfer_Encoding="chunked")
        self.chunk(self.body)
        while True:
            self.chunk(CHUNK)

    def way_lying(self, name):
        self.start(200, 1 << 40)
        self.wfile.write(self.body)
        while True:
            self.wfile.write(CHUNK)

    def way_trickle(self, name):
        self.start(200, len(self.body))
        for byte in self.body:
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def way_stall(self, name):
        self.start(200, len(self.body))
        self.wfile.write(self.body[:1000])
        self.wait()

    def way_silent(self, name):
        self.wait()

    def way_corrupt(self, name):
        self.start(200, len(self.body))
        self.wfile.write(self.body[:-1] + bytes([self.body[-1] ^ 1]))

    def way_truncated(self, name):
        self.answer(cut=self.half() if self.offset() == 0 else 0)

    def way_empty(self, name):
        self.start(200, 0)

    def way_cut_once(self, name):
        self.answer(cut=self.half() if self.count == 1 else None)

    def way_no_range(self, name):
        if self.count == 1:
            self.answer(cut=self.half())
        else:
            self.whole()

    def way_wrong_range(self, name):
        if self.count == 1:
            self.answer(cut=self.half())
        else:
            self.start(206, 10, Content_Range="bytes 0-9/10")
            self.wfile.write(self.body[:10])

    def way_range_416(self, name):
        if self.offset():
            self.refuse(416)
        else:
            self.answer(cut=self.half() if self.count == 1 else None)

    def way_replaced(self, name):
        """Another file after the first half, as its ETag says."""
        if self.count == 1:
            self.body = bytes([self.body[0]]) + self.body[1:][::-1]
            self.body = self.body[:4].replace(self.body[1:4],
                                              b"\xab\xee\xdb") + self.body[4:]
            self.answer(cut=self.half(), etag='"old"')
        else:
            self.answer(etag='"new"')

    def way_busy_twice(self, name):
        if self.count <= 2:
            self.refuse(503)
        else:
            self.answer()

    def way_busy(self, name):
        self.refuse(503)

    def way_retry_after(self, name):
        if self.count == 1:
            self.refuse(503, Retry_After="2")
        else:
            self.answer()

    def way_missing(self, name):
        self.refuse(404)

    def way_portal(self, name):
        page = b"<!DOCTYPE html><html><title>Log in</title></html>\n"
        self.start(200, len(page), Content_Type="text/html")
        self.wfile.write(page)

    def way_endless_page(self, name):
        self.start(200, Transfer_Encoding="chunked")
        while True:
            self.chunk(b"<html>" * 1000)

    def way_redirect_file(self, name):
        self.refuse(302, Location="file:///etc/passwd")

    def way_redirect_ftp(self, name):
        self.refuse(302, Location="ftp://127.0.0.1/x.rpm")

    def way_redirect_loop(self, name):
        self.refuse(302, Location=self.path)

    def way_redirect_good(self, name):
        self.refuse(302, Location="/good/" + name)

    def way_redirect_http(self, name):
        self.refuse(302, Location="http://127.0.0.1:%d/good/%s"
                    % (self.server.http_port, name))


    # ---- ways of repositories ----

    def found(self, name):
        if self.load(name):
            self.answer()
        else:
            self.refuse(404)

    def old(self, name):
        """The same file of the publication before: REPO.old/..."""
        return name.replace("/", ".old/", 1)

    def way_repo(self, name):
        self.found(name)

    def way_gone(self, name):
        """repomd.xml is there, what it names is not."""
        if name.endswith("repomd.xml"):
            self.found(name)
        else:
            self.refuse(404)

    def way_republished(self, name):
        """Published again behind the first look at repomd.xml."""
        is_first = name.endswith("repomd.xml") and self.count == 1
        self.found(self.old(name) if is_first else name)

    def way_restless(self, name):
        """Published again, and again: never the files of its repomd.xml."""
        if name.endswith("repomd.xml"):
            self.load(name)
            self.body += b"<!-- %d -->\n" % self.count
            self.answer()
        else:
            self.refuse(404)

    def way_out_of_step(self, name):
        """The signature of the publication before, the first time."""
        is_first = name.endswith(".asc") and self.count == 1
        self.found(self.old(name) if is_first else name)

    def way_never_in_step(self, name):
        self.found(self.old(name) if name.endswith(".asc") else name)

    def way_moved(self, name):
        """Published again when the first package is asked for."""
        repo = name.split("/")[0]
        with self.server.guard:
            if name.endswith(".rpm"):
                self.server.counts[repo, "moved"] = 1
            moved = (repo, "moved") in self.server.counts
        self.found(name if moved else self.old(name))

    def way_dotdot(self, name):
        self.load(name)
        self.body = self.body.replace(b'href="', b'href="../../')
        self.whole()

    def way_broken_primary(self, name):
        if "primary" in name:
            self.load(name)
            self.way_corrupt(name)
        else:
            self.found(name)

    def way_cut_primary(self, name):
        if "primary" in name:
            self.load(name)
            self.answer(cut=100)
        else:
            self.found(name)

    def way_endless_primary(self, name):
        if "primary" in name:
            self.load(name)
            self.way_endless(name)
        else:
            self.found(name)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", required=True)
    parser.add_argument("--ports", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    args = parser.parse_args()
    plain = Server(("127.0.0.1", 0), Hostile)
    servers = [("http", plain)]
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*args.tls)
        secure = Server(("127.0.0.1", 0), Hostile)
        secure.socket = context.wrap_socket(
            secure.socket, server_side=True, do_handshake_on_connect=False)
        servers.append(("https", secure))
    log = open(args.log, "a", encoding="ascii")
    counts, guard = {}, threading.Lock()
    for _, server in servers:
        server.files, server.log = args.files, log
        server.counts, server.guard = counts, guard
        server.http_port = plain.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(args.ports + ".new", "w", encoding="ascii") as f:
        for name, server in servers:
            f.write("%s %d\n" % (name, server.server_port))
    os.rename(args.ports + ".new", args.ports)
    threading.Event().wait()


main()
