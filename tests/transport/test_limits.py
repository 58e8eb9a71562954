"""Token buckets, in virtual time."""

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.exchanges.base import Endpoint, Limit
from exporter.transport.limits import Demand, Pacer, Scopes, Skipped
from tests.kit.clock import FakeClock, settle

NEVER = float("inf")
SECOND = Limit("uid", "/balance", 10, 1.0)
SHARED = Limit("ip", "all", 20, 1.0)


def scopes(user: str = "u", ip: str = "host") -> Scopes:
    return Scopes(ip=("x", ip, None), uid=("x", user), key=("x", user))


def asking(*limits: Limit, path: str = "/balance", signed: bool = True) -> Endpoint:
    return Endpoint(path, limits, signed)


def pacer(clock: FakeClock, share: float = 0.5, shards: int = 1) -> Pacer:
    return Pacer(clock, {"x": share}, shards)


def most_in_a_window(moments: list[float], seconds: float) -> int:
    """The largest number of moments in any window, both of its ends included."""
    ordered, first, most = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


async def test_200_accounts_on_one_address_never_exceed_the_published_limit_in_any_window() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    limit = Limit("ip", "all", 100, 2.0)
    sent: list[float] = []

    async def account(number: int) -> None:
        random = Random(number)
        for _ in range(5):
            await bucket.acquire("x", scopes(str(number)), asking(SECOND, limit), NEVER)
            sent.append(clock.now())
            await clock.sleep(random.uniform(0.0, 8.0))

    async def all_of_them() -> None:
        await asyncio.gather(*(account(number) for number in range(200)))

    await clock.run(all_of_them())
    assert len(sent) == 1000
    assert most_in_a_window(sent, 2.0) <= 100
    assert max(sent) - min(sent) < 1000 / 50 + 8 * 5 + 1, "the share is also used"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.9, 0.99])
async def test_a_burst_after_a_rest_stays_within_the_limit_for_any_share(share: float) -> None:
    clock = FakeClock()
    bucket = pacer(clock, share)
    limit = Limit("ip", "all", 20, 1.0)
    sent: list[float] = []

    async def ask(after: float) -> None:
        await clock.sleep(after)
        await bucket.acquire("x", scopes(), asking(limit), NEVER)
        sent.append(clock.now())

    async def everybody() -> None:
        await asyncio.gather(*(ask(60.0) for _ in range(100)))

    await clock.run(everybody())
    assert most_in_a_window(sent, 1.0) <= 20
    assert most_in_a_window(sent, 1.0) >= 20 * min(share, 0.5), "and is not slower than the share"


@settings(max_examples=60, deadline=None)
@given(
    requests=st.integers(1, 20),
    seconds=st.sampled_from([0.5, 1.0, 2.0, 60.0]),
    share=st.floats(0.05, 0.99),
    moments=st.lists(
        st.tuples(st.sampled_from([0.0, 0.4, 1.0, 30.0, 200.0]), st.integers(1, 25)), min_size=1, max_size=6
    ),
)
def test_no_window_sees_more_than_the_limit_whoever_asks_when(
    requests: int, seconds: float, share: float, moments: list[tuple[float, int]]
) -> None:
    async def simulate() -> None:
        clock = FakeClock()
        bucket = pacer(clock, share)
        sent: list[float] = []

        async def ask(after: float) -> None:
            await clock.sleep(after)
            await bucket.acquire("x", scopes(), asking(Limit("ip", "all", requests, seconds)), NEVER)
            sent.append(clock.now())

        async def everybody() -> None:
            await asyncio.gather(*(ask(after) for after, many in moments for _ in range(many)))

        await clock.run(everybody())
        assert len(sent) == sum(many for _, many in moments)
        assert most_in_a_window(sent, seconds * 0.999999) <= requests

    asyncio.run(simulate())


async def test_shards_divide_the_limits_of_an_address_but_not_those_of_a_user() -> None:
    clock = FakeClock()
    bucket = pacer(clock, shards=2)
    for _ in range(5):
        assert await bucket.acquire("x", scopes(), asking(SHARED), NEVER) == 0.0
    with pytest.raises(Skipped):
        await bucket.acquire("x", scopes(), asking(SHARED), clock.now())
    for _ in range(5):
        assert await bucket.acquire("x", scopes(), asking(SECOND), clock.now()) == 0.0


async def test_who_waits_is_served_in_the_order_of_coming() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    served: list[int] = []

    async def ask(number: int) -> None:
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
        served.append(number)

    tasks = [asyncio.create_task(ask(number)) for number in range(12)]
    await clock.advance(10.0)
    await asyncio.gather(*tasks)
    assert served == list(range(12))


async def test_waiting_is_told_in_seconds() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    for _ in range(5):
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    assert await clock.run(bucket.acquire("x", scopes(), asking(SECOND), NEVER)) == pytest.approx(0.2)


async def test_no_token_in_time_is_skipped_at_once_and_costs_nobody_a_token() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    for _ in range(5):
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    before = clock.now()
    for _ in range(10):
        with pytest.raises(Skipped) as skipped:
            await bucket.acquire("x", scopes(), asking(SECOND), before + 0.1)
        assert skipped.value.reason == "rate"
    assert clock.now() == before
    assert await clock.run(bucket.acquire("x", scopes(), asking(SECOND), before + 0.3)) == pytest.approx(0.2)


async def test_the_queue_in_front_counts_when_deciding_to_skip() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    for _ in range(5):
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    waiting = [asyncio.create_task(bucket.acquire("x", scopes(), asking(SECOND), NEVER)) for _ in range(4)]
    await settle()
    with pytest.raises(Skipped):
        await bucket.acquire("x", scopes(), asking(SECOND), clock.now() + 0.9)
    await clock.advance(1.0)
    assert [round(task.result(), 6) for task in waiting] == [0.2, 0.4, 0.6, 0.8]


async def test_a_cancelled_waiter_leaves_its_place_to_the_next() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    for _ in range(5):
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    waiting = [asyncio.create_task(bucket.acquire("x", scopes(), asking(SECOND), NEVER)) for _ in range(3)]
    await settle()
    waiting[0].cancel()
    waiting[1].cancel()
    await clock.advance(0.21)
    assert waiting[2].done()
    assert waiting[2].result() == pytest.approx(0.2)


async def test_one_users_exhausted_limit_holds_back_nobody_else_on_the_address() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    slow = Limit("uid", "/overview", 1, 60.0)
    await bucket.acquire("x", scopes("a"), asking(slow, SHARED), NEVER)
    stuck = asyncio.create_task(bucket.acquire("x", scopes("a"), asking(slow, SHARED), NEVER))
    await settle()
    for user in "bcdefg":
        assert await bucket.acquire("x", scopes(user), asking(slow, SHARED), clock.now()) == 0.0
    await clock.advance(121.0)
    assert stuck.result() == pytest.approx(120.0)


async def test_a_request_needs_all_of_its_limits_together() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    tight = Limit("ip", "tight", 2, 10.0)
    await bucket.acquire("x", scopes(), asking(SECOND, tight), NEVER)
    with pytest.raises(Skipped):
        await bucket.acquire("x", scopes(), asking(SECOND, tight), clock.now() + 5)
    for _ in range(4):
        assert await bucket.acquire("x", scopes(), asking(SECOND), clock.now()) == 0.0, "the skipped one took nothing"


async def test_a_limit_may_have_two_windows_and_both_hold() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    short, long = Limit("ip", "all", 4, 1.0), Limit("ip", "all", 20, 60.0)
    sent = []

    async def ask() -> None:
        for _ in range(14):
            await bucket.acquire("x", scopes(), asking(short, long, short), NEVER)
            sent.append(clock.now() - 1_000.0)

    await clock.run(ask())
    assert sent[:3] == [0.0, 0.0, pytest.approx(0.5)], "the short window first"
    assert sent[-1] == pytest.approx(4 * 6.0), "then the long one"


async def test_limits_named_in_any_order_never_wait_for_each_other_for_ever() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    one, other = Limit("ip", "one", 2, 1.0), Limit("ip", "other", 2, 1.0)

    async def everybody() -> None:
        await asyncio.gather(
            *(
                bucket.acquire("x", scopes(), asking(*((one, other) if n % 2 else (other, one))), NEVER)
                for n in range(10)
            )
        )

    start = clock.now()
    await clock.run(everybody())
    assert clock.now() - start == pytest.approx(9.0)


async def test_a_pause_of_an_address_stops_all_its_users_and_no_other_address() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    bucket.pause(scopes().ip, 300.0, banned=True)
    for user in "ab":
        with pytest.raises(Skipped) as skipped:
            await bucket.acquire("x", scopes(user), asking(SECOND), clock.now() + 30)
        assert skipped.value.reason == "paused"
    assert await bucket.acquire("x", scopes(ip="elsewhere"), asking(SECOND), clock.now()) == 0.0
    await clock.advance(300.0)
    assert await bucket.acquire("x", scopes(), asking(SECOND), clock.now()) == 0.0


async def test_a_pause_of_one_user_leaves_the_others_alone() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    bucket.pause(scopes("a").uid, 300.0, banned=False)
    with pytest.raises(Skipped):
        await bucket.acquire("x", scopes("a"), asking(SECOND), clock.now() + 30)
    assert await bucket.acquire("x", scopes("b"), asking(SECOND), clock.now()) == 0.0


async def test_a_short_pause_is_waited_for_and_then_the_limits_hold_again() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    bucket.pause(scopes().ip, 10.0, banned=True)
    waiting = [asyncio.create_task(bucket.acquire("x", scopes(), asking(SECOND), clock.now() + 30)) for _ in range(7)]
    await clock.advance(20.0)
    assert [round(task.result(), 6) for task in waiting] == [10.0] * 5 + [10.2, 10.4]


async def test_a_pause_reaches_those_who_already_wait_for_a_token() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    for _ in range(5):
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    waiting = [asyncio.create_task(bucket.acquire("x", scopes(), asking(SECOND), clock.now() + 30)) for _ in range(3)]
    await settle()
    bucket.pause(scopes().ip, 300.0, banned=True)
    await clock.advance(1.0)
    for task in waiting:
        with pytest.raises(Skipped) as skipped:
            await task
        assert skipped.value.reason == "paused"


async def test_a_pause_is_never_shortened() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    bucket.pause(scopes().ip, 300.0, banned=True)
    bucket.pause(scopes().ip, 1.0, banned=False)
    with pytest.raises(Skipped):
        await bucket.acquire("x", scopes(), asking(SECOND), clock.now() + 299)


async def test_a_drained_bucket_fills_up_from_nothing() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    bucket.drain("x", scopes(), asking(SECOND, SHARED))
    assert await clock.run(bucket.acquire("x", scopes(), asking(SECOND, SHARED), NEVER)) == pytest.approx(0.2)


async def test_a_refusal_shuts_that_call_for_that_user_and_costs_nobody_else_a_moment() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    other = asking(Limit("uid", "/other", 10, 1.0), SHARED, path="/other")
    bucket.drain("x", scopes("a"), asking(SECOND, SHARED), pause=60.0)
    with pytest.raises(Skipped) as skipped:
        await bucket.acquire("x", scopes("a"), asking(SECOND, SHARED), clock.now() + 30)
    assert (skipped.value.reason, skipped.value.banned) == ("paused", False)
    assert skipped.value.opens == clock.now() + 60
    assert await bucket.acquire("x", scopes("b"), asking(SECOND, SHARED), clock.now()) == 0.0
    assert await bucket.acquire("x", scopes("a"), other, clock.now()) == 0.0


@pytest.mark.parametrize("own", [(Limit("ip", "/tickers", 20, 1.0), SHARED), (SHARED,)], ids=["a limit", "none"])
async def test_a_refused_public_call_shuts_itself_for_the_whole_address_and_no_other_call(own: tuple[Limit]) -> None:
    """As Bitget's tickers, with a limit of their own beside the common one, and XT's old ones, with the common only."""
    clock = FakeClock()
    bucket = pacer(clock)
    tickers = asking(*own, path="/tickers", signed=False)
    bucket.drain("x", scopes("public"), tickers, pause=3600.0)
    for user in ("public", "a"):
        with pytest.raises(Skipped):
            await bucket.acquire("x", scopes(user), tickers, clock.now() + 30)
    assert await bucket.acquire("x", scopes("a"), asking(SECOND, SHARED), clock.now()) == 0.0
    assert await bucket.acquire("x", scopes("a"), asking(SHARED, path="/time", signed=False), clock.now()) == 0.0
    assert await bucket.acquire("x", scopes("public", ip="elsewhere"), tickers, clock.now()) == 0.0
    await clock.advance(3600.0)
    assert await bucket.acquire("x", scopes("public"), tickers, clock.now()) == 0.0


async def test_the_end_of_a_longer_pause_is_told_at_once_however_long_one_would_wait() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    before = clock.now()
    bucket.pause(scopes().ip, 300.0, banned=True)
    with pytest.raises(Skipped) as skipped:
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    assert (skipped.value.reason, skipped.value.opens, skipped.value.banned) == ("paused", before + 300, True)
    assert clock.now() == before


async def test_another_share_counts_from_then_on_and_gives_nothing_back() -> None:
    clock = FakeClock()
    bucket = pacer(clock)
    for _ in range(5):
        await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    bucket.share({"x": 0.1})
    assert await clock.run(bucket.acquire("x", scopes(), asking(SECOND), NEVER)) == pytest.approx(1.0)
    await clock.advance(60.0)
    await bucket.acquire("x", scopes(), asking(SECOND), NEVER)
    with pytest.raises(Skipped):
        await bucket.acquire("x", scopes(), asking(SECOND), clock.now() + 0.9)


async def test_the_demand_of_all_accounts_is_held_against_the_share() -> None:
    bucket = pacer(FakeClock())
    key = scopes().ip
    assert bucket.demand([Demand("x", key, SHARED, 4.0), Demand("x", key, SHARED, 6.0)]) == []
    (over,) = bucket.demand([Demand("x", key, SHARED, 4.0), Demand("x", key, SHARED, 6.1)])
    assert (over.exchange, over.key, over.limit) == ("x", key, SHARED)
    assert over.wanted == pytest.approx(10.1)
    assert over.given == pytest.approx(10.0)


async def test_what_a_rotated_key_left_behind_is_forgotten_and_what_is_in_use_stays() -> None:
    clock = FakeClock()
    paced = pacer(clock)
    limits = asking(Limit("key", "own", 10, 1.0), Limit("ip", "all", 1000, 1.0))
    for number in range(500):
        await paced.acquire("x", scopes(f"key-{number}"), limits, clock.now())
        await paced.acquire("x", scopes("kept"), limits, clock.now())
        await clock.advance(60.0)
    assert len(paced._lanes) < 2 * 60 + 10
    assert len(paced._buckets) < 2 * 60 + 10
    assert len(paced._scopes) < 2 * 60 + 10


async def test_a_pause_of_somebody_not_seen_yet_is_kept() -> None:
    clock = FakeClock()
    paced = pacer(clock)
    paced.pause(scopes().ip, 30.0, banned=True)
    with pytest.raises(Skipped):
        await paced.acquire("x", scopes(), asking(Limit("key", "own", 10, 1.0)), clock.now() + 29.0)
    await clock.advance(30.0)
    paced.pause("another", 1.0, banned=True)
    assert set(paced._shut) == {"another"}
    assert await paced.acquire("x", scopes(), asking(Limit("key", "own", 10, 1.0)), clock.now()) == 0.0
