"""How a reader is driven, and what meters and log are told of it."""

import asyncio
import logging
from typing import Any

import pytest

from exporter.core.errors import AuthError, BadPayload, BadStatus, InternalError, TimedOut
from exporter.exchanges.base import PAUSE, Reader, Request
from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.kit.exchange import (
    ACCOUNT,
    API,
    BALANCE,
    TICKERS,
    FakeMeters,
    Seen,
    answer,
    answering,
    caller,
    changed,
    good,
    no,
    one,
    read,
    script,
)


async def test_a_reader_gives_its_requests_answers_and_result(transport: Transport, clock: FakeClock) -> None:
    def two_steps() -> Reader[str]:
        first = yield Request(TICKERS)
        yield PAUSE
        second = yield Request(BALANCE)
        return f"{first} {second}"

    async with answering(script(good("one"), good("two"), time=clock.wall)) as server:
        assert await read(transport, caller(server.url), two_steps()) == "one two"


async def test_a_pausing_reader_gives_the_others_a_turn(transport: Transport) -> None:
    turns = 0

    def long_work() -> Reader[int]:
        yield from (PAUSE for _ in range(5))
        return turns

    async def other() -> None:
        nonlocal turns
        while turns < 5:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert await read(transport, caller("http://127.0.0.1:1"), long_work()) >= 4
    await task


async def test_a_reader_is_closed_however_the_read_ends(transport: Transport, clock: FakeClock) -> None:
    closed: list[str] = []
    kept: list[Reader[Any]] = []  # else the garbage collector would close them

    def watched(name: str) -> Reader[Any]:
        def reader() -> Reader[Any]:
            try:
                return (yield Request(BALANCE))
            finally:
                closed.append(name)

        kept.append(reader())
        return kept[-1]

    async with answering(script(good(), no("auth"), time=clock.wall)) as server:
        await read(transport, caller(server.url), watched("result"))
        with pytest.raises(AuthError):
            await read(transport, caller(server.url), watched("failure"))

    asked = asyncio.Event()

    async def hang(seen: Seen, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.sleep(60)

    async with answering(hang) as server:
        task = asyncio.create_task(read(transport, caller(server.url), watched("cancelled")))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert closed == ["result", "failure", "cancelled"]


@pytest.mark.parametrize("where", ["reader", "unwrap", "sign"])
async def test_a_bug_is_internal_and_its_traceback_is_in_the_log(
    transport: Transport, clock: FakeClock, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    def broken(*args: Any) -> Any:
        raise ZeroDivisionError("the bug")

    def reader() -> Reader[Any]:
        broken((yield Request(TICKERS)))

    api = {"unwrap": changed(unwrap=broken), "sign": changed(sign=broken)}.get(where, API)
    async with answering(script(good(), time=clock.wall)) as server:
        with pytest.raises(InternalError, match="ZeroDivisionError"):
            await read(transport, caller(server.url, api=api), reader() if where == "reader" else None)
    assert "the bug" in caplog.text
    assert "Traceback" in caplog.text


async def test_an_answer_that_breaks_the_stack_of_a_reader_is_payload(transport: Transport) -> None:
    def deep() -> Reader[Any]:
        yield Request(TICKERS)
        raise RecursionError

    async with answering(script(good())) as server:
        with pytest.raises(BadPayload):
            await read(transport, caller(server.url), deep())


async def test_a_read_of_several_requests_has_one_timeout(transport: Transport, clock: FakeClock) -> None:
    async def slow(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        await clock.sleep(4.0)
        return good()

    def endless() -> Reader[Any]:
        while True:
            yield Request(TICKERS)

    async with answering(slow) as server:
        with pytest.raises(TimedOut):
            await read(transport, caller(server.url), endless(), timeout=10.0)
    assert len(server.seen) == 3


async def test_every_attempt_is_counted_by_template_and_code(transport: Transport, meters: FakeMeters) -> None:
    async with answering(script(no("auth", 401))) as server:
        with pytest.raises(AuthError):
            await read(transport, caller(server.url), one(Request(ACCOUNT, id="12345")))
    assert meters.requests == [("tiny", "/time", "200"), ("tiny", "/accounts/{id}/balance", "401")]


async def test_the_beginning_of_a_refused_body_is_in_the_debug_log_and_nothing_of_the_request(
    transport: Transport, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = "<html>\x1b[31m\nblocked " + "x" * 1000
    async with answering(script(answer(page, 403), time=clock.wall)) as server:
        with pytest.raises(BadStatus) as caught:
            await read(transport, caller(server.url))
    assert caught.value.advice.endswith("Perhaps a region is blocked.")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "exporter.transport"]
    assert r"<html>\x1b[31m\nblocked" in line
    assert len(line) < 400
    seen = server.signed()[0]
    for secret in (seen.query["sig"], "sig=", "key-a", "hush-hush"):
        assert secret not in caplog.text


def shape(answer: Any) -> Any:
    raise BadPayload("another shape")


async def test_a_shape_that_the_reader_does_not_know_is_in_the_debug_log_too(
    transport: Transport, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "exporter.transport")

    def reader() -> Reader[Any]:
        return shape((yield Request(TICKERS)))

    async with answering(script(good({"new": "form"}))) as server:
        with pytest.raises(BadPayload):
            await read(transport, caller(server.url), reader())
    assert '"new": "form"' in caplog.text
