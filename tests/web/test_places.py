"""A client that takes its answer slowly costs neither memory nor the place of another."""

import asyncio
import socket
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from aiohttp import web_protocol
from aiohttp.http import StreamWriter

from exporter.exposition.filters import Filters
from exporter.exposition.packing import TEXT, Scrape
from exporter.web import places
from tests.kit.web import Served, exposition, serving

MIB = 1024 * 1024


class Large:
    """An exposition of many blocks, 64 MiB in all; of one small line once it is asked for OpenMetrics."""

    pieces = (bytes(100),) * 10 + (bytes(MIB),) * 64

    async def scrape(self, *, openmetrics: bool, gzip: bool, filters: Filters | None = None) -> Scrape | None:
        return Scrape((b"x 1\n",) if openmetrics else self.pieces, TEXT, gzip=False)


@contextmanager
def deaf(served: Served, source: str = "127.0.0.1", window: int = 4096) -> Iterator[socket.socket]:
    """A client that asks for all and takes nothing by itself."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        client.bind((source, 0))
        client.settimeout(10)
        client.connect(served.host_and_port)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield client


def drain(client: socket.socket) -> None:
    """Take everything, to the end."""
    while client.recv(MIB):
        pass


async def small(served: Served) -> int:
    """The status of a small scrape."""
    return (await served.ask("/metrics", Accept="application/openmetrics-text"))[0]


async def test_a_large_body_arrives_whole() -> None:
    async with serving(Large()) as served:
        status, headers, body = await served.ask("/metrics")
    assert (status, len(body)) == (200, 64 * MIB + 1000)
    assert int(headers["Content-Length"]) == len(body)


async def test_others_get_a_turn_after_each_slice_however_much_the_system_takes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn, most, taken = 0, 0, Counter[int]()

    class Eager(StreamWriter):
        async def write(self, chunk: Any, **other: Any) -> None:
            """Take it without ever waiting for the client."""
            nonlocal most
            most = max(most, len(chunk))
            taken[turn] += 1

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(web_protocol, "StreamWriter", Eager)
    async with serving(Large()) as served:
        with deaf(served):
            counting = asyncio.create_task(count())
            while sum(taken.values()) < 64:  # noqa: ASYNC110 -- each turn may be a slice
                await asyncio.sleep(0)
            in_a_turn = max(taken.values())
            counting.cancel()
    assert most <= MIB // 4
    assert in_a_turn == 1


async def test_slow_readers_share_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Large()) as served:
        tracemalloc.start()
        try:
            with ExitStack() as readers:
                for _ in range(20):
                    readers.enter_context(deaf(served))
                await asyncio.sleep(0.5)
                _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 32 * MIB  # a copy for each would be 1,280 MiB


async def test_a_plain_scrape_copies_no_block() -> None:
    source = exposition()
    first, second = [await source.scrape(openmetrics=False, gzip=False) for _ in range(2)]
    assert first is not None
    assert second is not None
    shared = {id(piece) for piece in first.pieces} & {id(piece) for piece in second.pieces}
    assert len(shared) >= 2


async def test_a_client_below_the_least_rate_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(places, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(places, "_LOOK_SECONDS", 0.05)
    async with serving(Large()) as served:
        with deaf(served) as client:
            async with asyncio.timeout(10):
                while "too slow" not in caplog.text:  # noqa: ASYNC110 -- the log tells nobody
                    await asyncio.sleep(0.01)
            with pytest.raises(ConnectionError):
                await asyncio.to_thread(drain, client)


async def test_a_client_that_keeps_the_rate_is_served_for_longer_than_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(places, "_LOOK_SECONDS", 0.05)
    async with serving(Large()) as served:
        with deaf(served, window=MIB) as client:
            await asyncio.sleep(0.3)
            taken, since = 0, time.monotonic()
            while taken < 64 * MIB:
                got = await asyncio.to_thread(client.recv, 4 * MIB)
                assert got
                taken += len(got)
                if time.monotonic() - since < 1:
                    await asyncio.sleep(0.05)


async def test_one_that_takes_nothing_gives_its_place_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STUCK_SECONDS", 0.2)
    async with serving(Large(), max_requests=2) as served:
        with deaf(served), deaf(served):
            async with asyncio.timeout(10):
                while await small(served) != 503:  # noqa: ASYNC110 -- until both have come in
                    await asyncio.sleep(0)
                while await small(served) != 200:  # noqa: ASYNC110 -- each round is a request
                    await asyncio.sleep(0.01)


async def test_one_address_leaves_a_quarter_of_the_places_to_others() -> None:
    async with serving(Large(), max_requests=8) as served:
        with ExitStack() as readers:
            for _ in range(6):
                readers.enter_context(deaf(served, "127.0.0.2"))
            with deaf(served, "127.0.0.2") as refused:
                answer = await asyncio.to_thread(refused.recv, 65536)
            assert answer[9:12] == b"503"
            assert b"6 scrapes at once" in answer
            assert b"for one client address" in answer
            assert await small(served) == 200
