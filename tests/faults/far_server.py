"""Run inside a machine by ``tests.machine.far``: LISTEN BACKEND WISHES COMMAND…

Starts COMMAND, an S3 server on 127.0.0.1:BACKEND, and passes on what comes to LISTEN on every address. This is
where a slow or an overloaded server is played, as the file WISHES asks for at that moment:

    {"delay": 1.0}       seconds before each answer begins
    {"rate": 200000}     bytes a second, all connections and both directions together
    {"slow_down": true}  every new request is answered 503 SlowDown instead

It shares a control group with the server: both are stopped or killed together, and callers meet what the kernel does.
"""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from typing import Any

CHUNK = 16 << 10
REQUEST = re.compile(rb"[A-Z]{3,7} /")
BODY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
SLOW_DOWN = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)

listen, backend, wishes_file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def wishes() -> dict[str, Any]:
    try:
        with open(wishes_file) as file:
            found: dict[str, Any] = json.load(file)
            return found
    except FileNotFoundError:
        return {}


class Line:
    """All that passes, of all connections, one after the other."""

    free_at = 0.0

    async def carry(self, length: int) -> None:
        """Wait until the line has carried these bytes, and those before them."""
        rate = wishes().get("rate")
        if rate:
            self.free_at = max(self.free_at, time.monotonic()) + length / rate
            await asyncio.sleep(self.free_at - time.monotonic())


line = Line()


class Connection:
    """One caller, and its connection to the server."""

    def __init__(self, caller: tuple[Any, Any], server: tuple[Any, Any]) -> None:
        self.caller, self.server = caller, server
        self.answered = True
        """Nothing is under way: what the caller says next begins a request."""

    async def requests(self) -> None:
        while data := await self.caller[0].read(CHUNK):
            if self.answered and REQUEST.match(data) and wishes().get("slow_down"):
                self.caller[1].write(SLOW_DOWN)
                self.caller[1].write_eof()
                # Closed with its words unread, it would be reset, and the answer lost with it.
                while await asyncio.wait_for(self.caller[0].read(CHUNK), 2):
                    pass
                return
            self.answered = False
            await line.carry(len(data))
            self.server[1].write(data)
            await self.server[1].drain()

    async def answers(self) -> None:
        while data := await self.server[0].read(CHUNK):
            if not self.answered:
                await asyncio.sleep(wishes().get("delay", 0))
            self.answered = True
            await line.carry(len(data))
            self.caller[1].write(data)
            await self.caller[1].drain()


async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    ends = [writer]
    try:
        server = await asyncio.open_connection("127.0.0.1", backend)
        ends.append(server[1])
        one = Connection((reader, writer), server)
        tasks = {asyncio.ensure_future(one.requests()), asyncio.ensure_future(one.answers())}
        _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    except OSError:
        pass  # the server has ended: the caller meets a connection that closes
    finally:
        for end in ends:
            end.close()


async def backend_answers() -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", backend)
            writer.close()
            return
        await asyncio.sleep(0.05)


async def main() -> None:
    await backend_answers()
    server = await asyncio.start_server(meet, "0.0.0.0", listen)
    async with server:
        await server.serve_forever()


with subprocess.Popen(sys.argv[4:]):
    asyncio.run(main())
