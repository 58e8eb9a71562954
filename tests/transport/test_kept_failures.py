"""What is kept of a failure is a few words: the answer that it came from is gone, without the garbage collector."""

import asyncio
import gc
import gzip
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import pytest

from exporter.config.model import Valuation
from exporter.core import runtime
from exporter.core.errors import PollError
from exporter.core.model import KeyInfo, Reading
from exporter.exchanges.base import Api, Reader, Request, RowMemory, WalletSource, field, listing
from exporter.polling.account_poll import AccountPoll
from exporter.polling.context import PollContext
from exporter.polling.key_info import KeyInfoPoll
from exporter.polling.price_poll import PriceReader
from exporter.transport.conversation import Transport
from tests.kit.accounts import waiting
from tests.kit.clock import FakeClock
from tests.kit.exchange import (
    BALANCE,
    TICKERS,
    Respond,
    Seen,
    answer,
    answering,
    caller,
    changed,
    read,
    script,
    transporting,
)

MUCH: Final = 1024 * 1024
FLOATS: Final = json.dumps({"code": "ok", "data": {"rows": [number / 7 for number in range(MUCH // 20)]}})

ANSWERS: Final[Mapping[str, bytes]] = {
    "a CDN's page": answer("<html>" + "blocked " * (MUCH // 8), 503),
    "a page that calls itself good": answer("<html>" + "blocked " * (MUCH // 8)),
    "rows of another shape": answer(FLOATS),
    "packed rows of another shape": answer(gzip.compress(FLOATS.encode()), Content_Encoding="gzip"),
    "a refusal with much beside it": answer(json.dumps({"code": "auth", "more": ["x" * 50] * (MUCH // 50)})),
    "broken JSON": answer(FLOATS[:-1]),
    "a bomb": answer(gzip.compress(b"[" + b" " * (32 * MUCH)), Content_Encoding="gzip"),
    "a body that is too large": answer(b"[" + b" " * (BALANCE.most + 1)),
    "a cut body": answer(FLOATS, Content_Length=str(len(FLOATS) + 5), Connection="close"),
    "an answer that meets a bug of ours": answer(
        json.dumps({"code": "ok", "data": {"rows": ["a bug of ours"], "more": "x" * MUCH}})
    ),
    "a page that is cut": answer("<html>" + "blocked " * 50_000, 502, Content_Length="500000", Connection="close"),
}


def rows(endpoint: Any) -> Reader[Any]:
    """A reader that has all of the answer in its hands when it fails."""
    answer = yield Request(endpoint)
    copied = list(listing(field(answer, "rows"), "rows", MUCH))
    if copied == ["a bug of ours"]:
        raise ZeroDivisionError
    return Reading([field(row, "currency") for row in copied])


def wallet(memory: RowMemory) -> Reader[Reading]:
    return rows(BALANCE)


def key() -> Reader[KeyInfo]:
    return rows(BALANCE)


def listed() -> Reader[Mapping[str, WalletSource]]:
    return rows(BALANCE)


def prices() -> Reader[Mapping[str, Any]]:
    return rows(TICKERS)


API: Final = changed(wallets={"spot": WalletSource(wallet, (BALANCE,))}, prices=prices, key_info=key)


def giving(kind: str, clock: FakeClock) -> Respond:
    """Answer so for ever, and close where the answer says so."""
    scripted = script(ANSWERS[kind], time=clock.wall)

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes | None:
        content = await scripted(seen, writer)
        if content is None or b"Connection: close" not in content[:200]:
            return content
        writer.write(content)
        await writer.drain()
        return None

    return respond


def _nothing(*args: Any, **more: Any) -> None:
    del args, more


class Nothing:
    """Takes whatever it is told."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        del name
        return _nothing


def polled(transport: Transport, clock: FakeClock, url: str, api: Api) -> Callable[[], Awaitable[Any]]:
    async def unchanged(account: Any) -> None:
        return None

    context = PollContext(transport, clock, lambda *_: 30.0, lambda _: None, unchanged)
    poll = AccountPoll(waiting(exchange="tiny"), caller(url, api=api), context)

    async def fail() -> Any:
        outcome = await poll.poll(clock.now(), clock.now() + 30)
        assert outcome.error is not None
        return outcome

    return fail


def priced(transport: Transport, clock: FakeClock, url: str) -> Callable[[], Awaitable[Any]]:
    valuation = Valuation(enabled=True, interval=60.0, pegs={}, also=())
    reader = PriceReader(
        caller(url, api=API, credentials=None),
        valuation,
        Nothing(),
        transport=transport,
        clock=clock,
        backoff=lambda *_: 60.0,
    )

    async def fail() -> Any:
        await reader.read(clock.now() + 30)
        assert reader.error is not None
        return reader

    return fail


def asked_about(transport: Transport, clock: FakeClock, url: str) -> Callable[[], Awaitable[Any]]:
    poll = KeyInfoPoll(waiting(exchange="tiny"))

    async def fail() -> Any:
        await poll.read(API, lambda reader: read(transport, caller(url, api=API), reader), clock.now())
        assert poll.due > clock.now()
        return poll

    return fail


def read_directly(transport: Transport, clock: FakeClock, url: str) -> Callable[[], Awaitable[Any]]:
    async def fail() -> Any:
        try:
            await read(transport, caller(url, api=API), rows(BALANCE))
        except PollError as error:
            return error
        raise AssertionError("it was read")

    return fail


ASKS: Final[Mapping[str, Callable[[Transport, FakeClock, str], Callable[[], Awaitable[Any]]]]] = {
    "wallet": lambda transport, clock, url: polled(transport, clock, url, API),
    "list": lambda transport, clock, url: polled(transport, clock, url, changed(API, discover=listed)),
    "prices": priced,
    "key": asked_about,
    "an error": read_directly,
}


@pytest.fixture
async def counted() -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Bytes in use, with nobody who collects garbage, and without pytest, which keeps what is logged."""
    logging.disable()
    gc.collect()
    gc.disable()
    tracemalloc.start()

    async def count() -> int:
        await runtime.parsed(int)  # the thread has let go of the last answer, and so has what woke this task
        return tracemalloc.get_traced_memory()[0]

    try:
        yield count
    finally:
        tracemalloc.stop()
        gc.enable()
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("ask", ASKS)
async def test_a_failure_keeps_nothing_of_its_answer(
    counted: Callable[[], Awaitable[int]], ask: str, kind: str
) -> None:
    clock = FakeClock(jumps=True)
    async with transporting(clock) as transport, answering(giving(kind, clock)) as server:
        fail = ASKS[ask](transport, clock, server.url)
        kept = [await fail()]
        await server.sent()
        before = await counted()
        kept += [await fail() for _ in range(3)]
        await server.sent()
        assert await counted() - before < MUCH // 4
    assert len(kept) == 4


async def test_a_failure_that_a_repeat_cured_leaves_nothing(counted: Callable[[], Awaitable[int]]) -> None:
    clock, good = FakeClock(jumps=True), answer('{"code": "ok", "data": {"rows": []}}')
    bad = ANSWERS["a CDN's page"]
    async with (
        transporting(clock) as transport,
        answering(script(*[bad, good] * 5, time=clock.wall)) as server,
    ):
        await read(transport, caller(server.url, api=API), rows(BALANCE))
        await server.sent()
        before = await counted()
        for _ in range(4):
            await read(transport, caller(server.url, api=API), rows(BALANCE))
        await server.sent()
        assert await counted() - before < MUCH // 4


async def test_a_failed_read_leaves_no_circle_of_objects_behind(counted: Callable[[], Awaitable[int]]) -> None:
    clock = FakeClock(jumps=True)
    async with (
        transporting(clock) as transport,
        answering(script(answer('{"code": "auth"}'), time=clock.wall)) as server,
    ):
        fail = polled(transport, clock, server.url, API)
        await fail()
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(5):
                await fail()
            gc.collect()
            kinds = {type(each).__name__ for each in gc.garbage}
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
    assert not kinds & {"traceback", "frame", "coroutine", "AuthError"}
