"""A running web server and a client for it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from exporter.exposition.escaping import labelled
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.exposition.filters import Filters
from exporter.exposition.packing import TEXT, Scrape
from exporter.web.server import Asked, Web

PAGE = "<!doctype html><title>status</title>"


def exposition() -> Exposition:
    """Two accounts that are up, and one counter that carries no account."""
    made = Exposition(RENDERED, lambda _, filters: b"" if filters.labels() else b"tail 1.0\n")
    for exchange, account in (("xt", "grid"), ("bitget", "desk ü")):
        labels = labelled((("exchange", exchange), ("account", account)))
        made.put(
            "exchange_account_up", made.owner(exchange, account), "", f"exchange_account_up{{{labels}}} 1\n".encode()
        )
    return made


def nothing() -> None:
    return None


async def no_problem() -> str | None:
    return None


async def page(asked: Asked) -> str | None:
    return PAGE if asked.account is None else None


class Served:
    """A running server and a client for it."""

    def __init__(self, web: Web, client: ClientSession) -> None:
        self.web = web
        self.client = client

    @property
    def host_and_port(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.web.addresses[0].rpartition(":")[2])

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body as they came, not decompressed."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        host, port = self.host_and_port
        url = f"http://{host}:{port}{path}"
        async with self.client.request(method, url, headers=sent, skip_auto_headers=("Accept-Encoding",)) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    async def raw(self, request: bytes, *, ends: bool = False) -> bytes:
        """Everything that comes back for these bytes until the server closes; with `ends` we close our half first."""
        reader, writer = await asyncio.open_connection(*self.host_and_port)
        try:
            writer.write(request)
            if ends:
                writer.write_eof()
            async with asyncio.timeout(10):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    source: Any = None, address: str = "127.0.0.1:0", handed: Sequence[socket.socket] = (), **other: Any
) -> AsyncIterator[Served]:
    arguments: dict[str, Any] = {
        "before_scrape": nothing,
        "page": page,
        "healthy": nothing,
        "ready": nothing,
        "config_text": lambda: "accounts: []\n",
        "reload": no_problem,
        **other,
    }
    web = Web(source or exposition(), **arguments)
    await web.start([address], handed)
    try:
        async with ClientSession(auto_decompress=False) as client:
            yield Served(web, client)
    finally:
        await web.close(1)


class Held:
    """An exposition whose scrapes wait until they are let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self._waiting = asyncio.Semaphore(0)

    async def scrape(self, *, openmetrics: bool, gzip: bool, filters: Filters | None = None) -> Scrape | None:
        self._waiting.release()
        await self.go.wait()
        return Scrape((b"x 1\n",), TEXT, gzip=False)

    async def reached(self, waiting: int) -> None:
        """Wait until so many more scrapes have come in."""
        async with asyncio.timeout(10):
            for _ in range(waiting):
                await self._waiting.acquire()


async def free_again(served: Served) -> None:
    """Ask until a scrape has a place."""
    async with asyncio.timeout(10):
        while (await served.ask("/metrics"))[0] == 503:  # noqa: ASYNC110 -- each round is a request
            await asyncio.sleep(0.01)
