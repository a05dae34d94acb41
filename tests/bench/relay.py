#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A slow line in front of a server on loopback:

    relay.py TARGET-PORT ROUND-TRIP-MS [MBIT-PER-S]

Prints the port that it listens on. Every byte arrives half a round trip
later, in both directions, and a new connection is a round trip old before
anything of it passes, as with TCP's handshake. All connections together get
no more than the rate, each way.
"""
import asyncio
import sys

PIECE = 16384
# Seconds of the rate that may be made up for: a token bucket, so that the
# relay may be late and the line still carries what it can.
BURST = 0.02
# What is on the line and in the routers' queues, for each connection.
QUEUED = 4 << 20


class Line:
    """One direction, shared by all connections."""

    def __init__(self, delay, rate):
        self.delay, self.rate, self.free_at = delay, rate, 0.0

    def due(self, size):
        now = asyncio.get_running_loop().time()
        if not self.rate:
            return now + self.delay
        self.free_at = max(now - BURST, self.free_at) + size / self.rate
        return max(now, self.free_at) + self.delay


async def receive(reader, line, queue, room):
    while data := await reader.read(PIECE):
        await room.take(len(data))
        queue.put_nowait((line.due(len(data)), data))
    queue.put_nowait((line.due(0), b""))


class Room:
    """Bytes that one connection may have under way."""

    def __init__(self):
        self.left, self.freed = QUEUED, asyncio.Event()

    async def take(self, size):
        while self.left < size:
            self.freed.clear()
            await self.freed.wait()
        self.left -= size

    def give(self, size):
        self.left += size
        self.freed.set()


async def send(writer, queue, room):
    loop = asyncio.get_running_loop()
    while True:
        due, data = await queue.get()
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        if not data:
            break
        writer.write(data)
        await writer.drain()
        room.give(len(data))
    if writer.can_write_eof():
        writer.write_eof()


async def one_way(reader, writer, line):
    queue, room = asyncio.Queue(), Room()
    await asyncio.gather(receive(reader, line, queue, room),
                         send(writer, queue, room))


async def main():
    target, delay = int(sys.argv[1]), float(sys.argv[2]) / 2000
    rate = float(sys.argv[3]) * 1e6 / 8 if len(sys.argv) > 3 else None
    up, down = Line(delay, rate), Line(delay, rate)

    async def serve(reader, writer):
        try:
            await asyncio.sleep(2 * delay)
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", target)
            await asyncio.gather(one_way(reader, far_writer, up),
                                 one_way(far_reader, writer, down))
            far_writer.close()
        except (OSError, asyncio.CancelledError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
