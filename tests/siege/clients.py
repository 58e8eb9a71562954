"""Hostile clients, in a process of their own, from addresses that are not the probe's.

Arguments: the attack, one of `ATTACKS`; port and pid of the exporter. The line `on` begins the attack; `off` ends it
and is answered with how often which status came back. The end of input ends it all.
"""

import asyncio
import os
import resource
import signal
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from tests.benchmarks.child import tell

ADDRESS: Final = "127.0.0.66"
CONNECTIONS: Final = 1_100
READERS: Final = 45
FOREIGN: Final = (
    ("GET", "/metrics", "evil.example", ""),
    ("GET", "/", "evil.example:80", ""),
    ("GET", "/config", "localhost.evil.example", ""),
    ("POST", "/-/reload", "127.0.0.1", "https://evil.example"),
    ("POST", "/-/reload", "127.0.0.1", "null"),
)
"""Method, path, Host and Origin of what a web page can make a browser send."""


class Attacker:
    """Attacks one exporter."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid
        self.statuses: Counter[str] = Counter()

    async def connect(self, address: str = ADDRESS) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from an address of loopback."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))

    async def ask(self, method: str, path: str, host: str = "127.0.0.1", origin: str = "") -> str:
        """Ask once on a connection of its own; the status, or what went wrong."""
        try:
            reader, writer = await self.connect()
            try:
                more = f"Origin: {origin}\r\n" if origin else ""
                writer.write(
                    f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n"
                    "Content-Length: 0\r\n\r\n".encode()
                )
                status = (await reader.readline()).split()[1:2]
                while await reader.read(1 << 20):
                    pass
                return status[0].decode() if status else "closed"
            finally:
                writer.close()
        except OSError as error:
            return type(error).__name__

    async def often(self, *asks: tuple[str, ...], pause: float = 0.0) -> None:
        """Ask again and again."""
        while True:
            for ask in asks:
                self.statuses[await self.ask(*ask)] += 1
                await asyncio.sleep(pause)

    async def drip(self, address: str) -> None:
        """Begin a request, and go on with it at a letter a second; again as soon as the connection ends."""
        while True:
            with suppress(OSError):
                reader, writer = await self.connect(address)
                self.statuses["connected"] += 1
                writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Drip: ")
                while not reader.at_eof():
                    writer.write(b"a")
                    await writer.drain()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1):
                            await reader.read(4096)
                writer.close()
            await asyncio.sleep(1)

    async def read_slowly(self) -> None:
        """Ask for the metrics without compression, and take a byte a second of them."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(OSError), socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                connection.setblocking(False)
                connection.bind((ADDRESS, 0))
                await loop.sock_connect(connection, ("127.0.0.1", self.port))
                self.statuses["connected"] += 1
                await loop.sock_sendall(connection, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                received = b"-"
                while received:
                    received = await loop.sock_recv(connection, 1)
                    await asyncio.sleep(1)
            await asyncio.sleep(0.2)

    async def hang_up(self) -> None:
        """A hundred SIGHUP in a second."""
        for _ in range(100):
            os.kill(self.pid, signal.SIGHUP)
            await asyncio.sleep(0.01)

    async def garble(self) -> None:
        """What is no HTTP, for the log's sake."""
        while True:
            with suppress(OSError):
                reader, writer = await self.connect()
                writer.write(b"\x16\x03\x01" + b"nonsense " * 20 + b"\r\n\r\n")
                await reader.read(4096)
                writer.close()
            await asyncio.sleep(0.02)


def _several(count: int, one: Callable[[], Awaitable[None]]) -> list[Awaitable[None]]:
    return [one() for _ in range(count)]


def _addresses(count: int) -> Iterable[str]:
    return (f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count))


ATTACKS: Final[dict[str, Callable[[Attacker], list[Awaitable[None]]]]] = {
    "config": lambda by: _several(10, lambda: by.often(("GET", "/config"))),
    "drips": lambda by: _several(CONNECTIONS, lambda: by.drip(ADDRESS)),
    "drips-from-many": lambda by: [by.drip(address) for address in _addresses(CONNECTIONS)],
    "foreign": lambda by: [by.often(*FOREIGN, pause=0.01)],
    "garble": lambda by: _several(10, by.garble),
    "hups": lambda by: [by.hang_up()],
    "readers": lambda by: _several(READERS, by.read_slowly),
    "reloads": lambda by: _several(20, lambda: by.often(("POST", "/-/reload"))),
    "status-page": lambda by: _several(10, lambda: by.often(("GET", "/"))),
}


async def main(name: str, port: int, pid: int) -> None:
    """Attack between `on` and `off`, until the parent closes our input."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attacker = Attacker(port, pid)
    running: list[asyncio.Future[None]] = []
    loop = asyncio.get_running_loop()
    tell(None)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "on":
            running = [asyncio.ensure_future(each) for each in ATTACKS[name](attacker)]
            tell(None)
            continue
        for task in running:
            task.cancel()
        for found in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(found, Exception):
                attacker.statuses[repr(found)] += 1
        tell(attacker.statuses)
    for task in running:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
