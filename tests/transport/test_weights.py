"""Exchanges that count weights by address: what a request takes, what is left by the exchange's count, who waits."""

import asyncio
from collections.abc import Mapping
from random import Random

import pytest

from exporter.core.errors import AddressLimited
from exporter.exchanges.base import Endpoint, Limit
from exporter.transport.conversation import Transport
from exporter.transport.limits import Demand, Pacer, Scopes, Skipped
from tests.kit.clock import FakeClock, settle
from tests.kit.exchange import (
    ALL,
    API,
    BALANCE,
    answering,
    caller,
    changed,
    good,
    no,
    read,
    read_public,
    script,
    transporting,
)

NEVER = float("inf")
WEIGHT = Limit("ip", "weight", 6000, 60.0)
ACCOUNT = Endpoint("/account", (WEIGHT,), weight=20)
TICKERS = Endpoint("/tickers", (WEIGHT,), signed=False, weight=4)


def scopes(user: str = "u") -> Scopes:
    return Scopes(ip=("x", "host", None), uid=("x", user), key=("x", user))


def pacer(clock: FakeClock, share: float = 0.5, shards: int = 1) -> Pacer:
    return Pacer(clock, {"x": share}, shards)


async def at_once(bucket: Pacer, endpoint: Endpoint) -> int:
    """How many of these requests go out before one would have to wait."""
    for sent in range(10_000):
        try:
            await bucket.acquire("x", scopes(str(sent)), endpoint, 0.0)
        except Skipped:
            return sent
    raise AssertionError("nothing ever waits")


async def test_no_window_sees_more_weight_than_the_limit_whoever_asks_what() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    sent: list[tuple[float, int]] = []

    async def account(number: int) -> None:
        random = Random(number)
        for _ in range(4):
            endpoint = random.choice((ACCOUNT, TICKERS))
            await bucket.acquire("x", scopes(str(number)), endpoint, NEVER)
            sent.append((clock.now(), endpoint.weight))
            await clock.sleep(random.uniform(0.0, 30.0))

    async def all_of_them() -> None:
        await asyncio.gather(*(account(number) for number in range(400)))

    await clock.run(all_of_them())
    assert len(sent) == 1600
    for began, _ in sent:
        assert sum(weight for moment, weight in sent if began <= moment <= began + 60.0) <= 6000


@pytest.mark.parametrize(("endpoint", "count"), [(ACCOUNT, 150), (TICKERS, 750)], ids=["20", "4"])
async def test_a_request_takes_what_it_weighs(endpoint: Endpoint, count: int) -> None:
    assert await at_once(pacer(FakeClock()), endpoint) == count


async def test_what_weighs_more_than_a_bucket_holds_goes_out_when_it_is_full_and_the_bucket_owes_the_rest() -> None:
    clock = FakeClock()
    bucket = pacer(clock, share=0.1, shards=10)  # holds 60, a token a second
    heavy = Endpoint("/earn", (WEIGHT,), weight=150)
    assert await bucket.acquire("x", scopes(), heavy, NEVER) == 0.0

    async def once_more() -> float:
        return await bucket.acquire("x", scopes(), heavy, NEVER)

    assert await clock.run(once_more()) == pytest.approx(150.0)


async def test_a_heavy_request_that_waits_is_not_overtaken_by_light_ones() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    assert await at_once(bucket, ACCOUNT) == 150
    order: list[str] = []

    async def ask(name: str, endpoint: Endpoint) -> None:
        await bucket.acquire("x", scopes(name), endpoint, NEVER)
        order.append(name)

    async def all_of_them() -> None:
        await asyncio.gather(ask("heavy", ACCOUNT), *(ask(f"light {number}", TICKERS) for number in range(3)))

    await clock.run(all_of_them())
    assert order == ["heavy", "light 0", "light 1", "light 2"]


async def test_one_that_would_wait_too_long_behind_heavy_ones_is_told_at_once() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    assert await at_once(bucket, ACCOUNT) == 150
    waiting = [asyncio.create_task(bucket.acquire("x", scopes(str(each)), ACCOUNT, NEVER)) for each in range(10)]
    await settle()
    with pytest.raises(Skipped):  # 200 in front and 4 of its own, at 50 a second
        await bucket.acquire("x", scopes(), TICKERS, clock.now() + 4.0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_the_exchange_has_counted_lowers_the_bucket_when_it_says_more_than_we_counted() -> None:
    bucket = pacer(FakeClock())
    bucket.used("x", scopes(), ACCOUNT, {"weight": 5_000})
    assert await at_once(bucket, ACCOUNT) == 50


async def test_what_the_exchange_has_counted_never_fills_the_bucket() -> None:
    bucket = pacer(FakeClock())
    assert await at_once(bucket, ACCOUNT) == 150
    bucket.used("x", scopes(), ACCOUNT, {"weight": 0})
    assert await at_once(bucket, ACCOUNT) == 0


async def test_a_limit_that_others_have_used_up_leaves_nothing_and_is_not_owed() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    bucket.used("x", scopes(), ACCOUNT, {"weight": 9_000, "another limit": 0})

    async def next_one() -> float:
        return await bucket.acquire("x", scopes(), ACCOUNT, NEVER)

    assert await clock.run(next_one()) == pytest.approx(20 / 50)


async def test_shards_share_what_the_exchange_says_is_left() -> None:
    bucket = pacer(FakeClock(), shards=5)
    bucket.used("x", scopes(), ACCOUNT, {"weight": 5_000})
    assert await at_once(bucket, ACCOUNT) == 200 // 20


def test_what_accounts_ask_is_held_against_the_limit_by_weight() -> None:
    wanted = [Demand("x", "host", WEIGHT, 20 / 60) for _ in range(151)]
    (over,) = pacer(FakeClock()).demand(wanted)
    assert over.wanted == pytest.approx(151 / 3)
    assert over.given == 50.0
    assert pacer(FakeClock()).demand(wanted[:150]) == []


def _used(endpoint: Endpoint, headers: Mapping[str, str]) -> Mapping[str, int]:
    return {"all": int(headers["X-Used"])} if endpoint == BALANCE and "X-Used" in headers else {}


COUNTED = changed(API, used=_used)


async def test_a_header_of_used_weight_holds_back_the_next_request_and_is_told_as_what_is_left(
    clock: FakeClock,
) -> None:
    told: dict[str, int] = {}
    async with transporting(clock) as transport, answering(script(good(X_Used="1000"), good())) as server:
        await read(transport, caller(server.url, api=COUNTED, quota=told.__setitem__))
        assert told == {"/balance": 0}
        with pytest.raises(Skipped):
            await read(transport, caller(server.url, "b", api=COUNTED), patience=0.0)
    assert ALL.requests == 1000


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "public"])
async def test_a_refusal_that_speaks_of_the_address_shuts_everybody_on_it(
    transport: Transport, clock: FakeClock, signed: bool
) -> None:
    async with answering(script(no("address", 429, Retry_After="60"), good(), time=clock.wall)) as server:
        with pytest.raises(AddressLimited):
            await read(transport, caller(server.url), None if signed else read_public())
        for reader in (None, read_public()):
            with pytest.raises(Skipped) as skipped:
                await read(transport, caller(server.url, "b"), reader)
            assert (skipped.value.reason, skipped.value.banned) == ("paused", False)
        await clock.sleep(60)
        assert await read(transport, caller(server.url, "b")) == "fine"
