"""Endpoints that are asked by POST, keys that count their requests, and refusals that are no JSON."""

import threading
from typing import Any, Final

import pytest

from exporter.core.credentials import Credentials
from exporter.core.errors import AuthError, BadPayload, BadStatus, ClockRefused, InternalError
from exporter.exchanges.base import Api, Endpoint, Limit, Reader, Request, Signed, Work
from exporter.transport.conversation import SMALL, Transport
from exporter.transport.exchange_time import RisingTimestamps
from tests.kit.clock import FakeClock
from tests.kit.exchange import answer, answering, caller, changed, good, no, read, script, sign

POSTED: Final = Endpoint("/private/Balance", (Limit("ip", "all", 1000, 1.0),), post=True)
ASKED: Final = Endpoint("/private/Balance", (Limit("ip", "all", 1000, 1.0),))


def by_nonce(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    return Signed(request.path, sign(request, credentials, host, now_ms).headers, f"nonce={now_ms}".encode())


def posting(*endpoints: Endpoint, **other: Any) -> Api:
    return changed(endpoints=endpoints or (POSTED,), sign=by_nonce, time=None, **other)


def ask(endpoint: Endpoint = POSTED) -> Reader[Any]:
    return (yield Request(endpoint))


async def test_an_endpoint_that_says_so_is_posted_with_the_body_that_was_signed(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(good())) as server:
        await read(transport, caller(server.url, api=posting()), ask())
    (seen,) = server.seen
    assert seen.line == "POST /private/Balance HTTP/1.1"
    assert seen.body == f"nonce={int(clock.wall() * 1000)}".encode()


async def test_a_post_that_is_not_listed_is_not_sent(transport: Transport) -> None:
    async with answering(script(good())) as server:
        with pytest.raises(InternalError, match="no endpoint of this API"):
            await read(transport, caller(server.url, api=posting(ASKED)), ask())
    assert server.seen == []


async def test_a_get_with_a_body_is_not_sent(transport: Transport) -> None:
    async with answering(script(good())) as server:
        with pytest.raises(InternalError, match="has a body"):
            await read(transport, caller(server.url, api=posting(ASKED)), ask(ASKED))
    assert server.seen == []


async def test_a_clock_that_is_set_back_lets_no_nonce_fall(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good())) as server:
        who = caller(server.url, api=posting(nonce=True))
        await read(transport, who, ask())
        clock.step_wall(-3600.0)
        await read(transport, who, ask())
    first, second = (int(seen.body.removeprefix(b"nonce=")) for seen in server.seen)
    assert second == first + 1


def test_other_timestamps_follow_a_clock_that_was_corrected() -> None:
    rising = RisingTimestamps()
    assert [rising.next(10_000), rising.next(10_000), rising.next(5_000)] == [10_000, 10_001, 5_000]
    assert [rising.next(1_000, never_falls=True), rising.next(4_500)] == [5_001, 5_002]


async def test_a_refused_nonce_has_one_more_try_with_the_next(transport: Transport) -> None:
    async with answering(script(no("clock"), good("held"))) as server:
        assert await read(transport, caller(server.url, api=posting(nonce=True)), ask()) == "held"
    first, second = (seen.body for seen in server.seen)
    assert first < second


async def test_a_nonce_that_is_refused_twice_is_a_failure_of_the_clock(transport: Transport) -> None:
    async with answering(script(no("clock"))) as server:
        with pytest.raises(ClockRefused):
            await read(transport, caller(server.url, api=posting(nonce=True)), ask())
    assert len(server.seen) == 2


async def test_an_exchange_without_a_clock_call_is_signed_by_our_own_and_asked_for_no_time(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(good())) as server:
        await read(transport, caller(server.url, api=posting()), ask())
    assert server.paths == ["/private/Balance"]
    assert dict(transport.clock_offsets()) == {}


def refused(body: str) -> AuthError | None:
    return AuthError("no such key") if body == "Unauthorized" else None


async def test_a_bare_word_is_a_refusal_where_the_api_says_so_and_a_page_elsewhere(transport: Transport) -> None:
    async with answering(script(answer("Unauthorized\n", 401, Content_Type="text/plain"))) as server:
        with pytest.raises(AuthError, match="no such key"):
            await read(transport, caller(server.url, api=posting(no_json=refused)), ask())
        with pytest.raises(BadStatus):
            await read(transport, caller(server.url, api=posting()), ask())


@pytest.mark.parametrize(("size", "beside"), [(SMALL, False), (SMALL + 1, True)])
async def test_a_readers_own_work_is_done_beside_the_loop_where_it_is_large(
    transport: Transport, size: int, beside: bool
) -> None:
    def reader() -> Reader[bool]:
        thread: int = yield Work(size, threading.get_ident)
        return thread != threading.get_ident()

    async with answering(script(good())) as server:
        assert await read(transport, caller(server.url, api=posting()), reader()) is beside


@pytest.mark.parametrize("size", [0, SMALL + 1])
async def test_what_a_readers_own_work_fails_with_is_the_failure_of_the_read(transport: Transport, size: int) -> None:
    def fail() -> None:
        raise BadPayload("odd")

    def reader() -> Reader[None]:
        yield Work(size, fail)

    async with answering(script(good())) as server:
        with pytest.raises(BadPayload, match="odd"):
            await read(transport, caller(server.url, api=posting()), reader())
