"""How often a request is repeated, how long it waits, and what stops when an exchange wants to be left alone."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.errors import BadStatus, Banned, Maintenance, PollError, RateLimited, UserLimited
from exporter.exchanges.base import Request
from exporter.transport.answers import retry_after
from exporter.transport.conversation import Transport, full_jitter
from exporter.transport.limits import Skipped
from tests.kit.clock import FakeClock
from tests.kit.exchange import (
    ACCOUNT,
    FakeMeters,
    answer,
    answering,
    caller,
    good,
    no,
    one,
    read,
    read_public,
    script,
    transporting,
)

OTHER = Request(ACCOUNT, id="7")


async def test_a_temporary_failure_is_repeated_twice_with_fresh_signatures(
    transport: Transport, clock: FakeClock, meters: FakeMeters
) -> None:
    async with answering(script(answer("", 502), answer("", 500), good(), time=clock.wall)) as server:
        assert await read(transport, caller(server.url)) == "fine"
    assert len({seen.target for seen in server.signed()}) == 3
    assert meters.retries["tiny"] == 2
    assert meters.codes == ["200", "502", "500", "200"]


async def test_the_third_failure_ends_the_read(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(answer("", 500), time=clock.wall)) as server:
        with pytest.raises(BadStatus):
            await read(transport, caller(server.url))
    assert len(server.signed()) == 3


@pytest.mark.parametrize("code", ["auth", "rate", "ban", "whatever"])
async def test_what_a_repeat_can_not_change_is_asked_once(transport: Transport, clock: FakeClock, code: str) -> None:
    async with answering(script(no(code), time=clock.wall)) as server:
        with pytest.raises(PollError):
            await read(transport, caller(server.url))
    assert len(server.signed()) == 1


async def test_the_pauses_between_repeats_are_jittered_and_short(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(answer("", 500), time=clock.wall)) as server:
        for _ in range(10):
            with pytest.raises(BadStatus):
                await read(transport, caller(server.url))
    assert len(clock.slept) == 20
    assert len(set(clock.slept)) == 20
    assert all(0 <= slept <= 0.25 for slept in clock.slept[::2])
    assert all(0 <= slept <= 0.5 for slept in clock.slept[1::2])


@given(st.integers(0, 2000), st.integers())
def test_jitter_stays_between_nothing_and_its_cap(attempt: int, seed: int) -> None:
    assert 0.0 <= full_jitter(Random(seed), attempt, 0.25, 2.0) <= min(2.0, 0.25 * 2 ** min(attempt, 10))


async def test_a_repeat_waits_as_long_as_it_is_asked_or_is_left_out(transport: Transport, clock: FakeClock) -> None:
    busy = answer("", 503, Retry_After="4")
    async with answering(script(busy, good(), time=clock.wall)) as server:
        assert await read(transport, caller(server.url), timeout=10.0) == "fine"
        assert clock.slept == [4.0]
    async with answering(script(busy, good(), time=clock.wall)) as server:
        with pytest.raises(BadStatus) as caught:
            await read(transport, caller(server.url), timeout=4.0)
        assert caught.value.retry_after == 4.0
        assert len(server.signed()) == 1


async def test_a_repeat_without_a_token_leaves_the_failure_as_it_was(clock: FakeClock) -> None:
    async with transporting(clock, share=0.05) as transport, answering(script(no("maintenance"))) as server:
        with pytest.raises(Maintenance):
            await read(transport, caller(server.url), patience=0.3)
    assert len(server.signed()) == 1


async def test_waiting_for_tokens_does_not_use_up_the_timeout(clock: FakeClock, meters: FakeMeters) -> None:
    async with transporting(clock, meters, share=0.05) as transport, answering(script(good())) as server:
        for _ in range(3):
            assert await read(transport, caller(server.url), timeout=0.9) == "fine"
    assert clock.slept == [pytest.approx(1.0), pytest.approx(1.0)]
    assert meters.waits["tiny"] == pytest.approx(2.0)


async def test_no_token_in_time_is_skipped_without_a_request(clock: FakeClock) -> None:
    async with transporting(clock, share=0.05) as transport, answering(script(good())) as server:
        await read(transport, caller(server.url))
        with pytest.raises(Skipped):
            await read(transport, caller(server.url), patience=0.5)
    assert len(server.signed()) == 1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("30", 30.0),
        ("2.5", 2.5),
        ("0", 1.0),
        ("86400", 3600.0),
        ("9" * 500, 3600.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Thu, 01 Jan 2026 00:01:00 +999999999999", None),
        ("Thu, 01 Jan 0001 00:00:00 +2359", None),
        ("-30", None),
        ("soon", None),
        ("", None),
    ],
)
async def test_retry_after_is_understood_and_kept_within_a_second_and_an_hour(
    transport: Transport, clock: FakeClock, asked: str, seconds: float | None
) -> None:
    async with answering(script(no("rate", 429, Retry_After=asked), time=clock.wall)) as server:
        with pytest.raises(RateLimited) as caught:
            await read(transport, caller(server.url))
    assert caught.value.retry_after == seconds


parts = st.sampled_from(
    ["Thu", ", ", "01", "Jan", "2026", "00:01:00", "GMT", "+9999999999", "-2400", "99999999999999", ":", " ", "-", "é"]
)


@settings(derandomize=True, max_examples=500)
@given(st.text(max_size=50) | st.lists(parts, max_size=8).map(" ".join) | st.lists(parts, max_size=8).map("".join))
def test_whatever_a_header_holds_is_seconds_or_nothing(text: str) -> None:
    seconds = retry_after(text, 1_767_225_600.0)
    assert seconds is None or 1.0 <= seconds <= 3600.0


@pytest.mark.parametrize(
    "asked",
    [
        "Thu, 01 Jan 2026 00:01:00 +999999999999",
        "Thu, 01 Jan 99999 00:00:00 -9999",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "\u0663\u0660",
        "-1e400",
        "9" * 7000,
    ],
)
async def test_a_ban_is_kept_whatever_its_retry_after_says(transport: Transport, clock: FakeClock, asked: str) -> None:
    async with answering(script(no("ban", 418, Retry_After=asked), good(), time=clock.wall)) as server:
        with pytest.raises(Banned):
            await read(transport, caller(server.url))
        with pytest.raises(Skipped) as skipped:
            await read(transport, caller(server.url, "b"), patience=290.0)
        assert skipped.value.reason == "paused"
        assert len(server.signed()) == 1


async def test_too_many_requests_pauses_that_user_as_long_as_asked(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(no("rate", 429, Retry_After="60"), good(), time=clock.wall)) as server:
        with pytest.raises(RateLimited):
            await read(transport, caller(server.url))
        with pytest.raises(Skipped) as skipped:
            await read(transport, caller(server.url), patience=30.0)
        assert skipped.value.reason == "paused"
        assert await read(transport, caller(server.url, "b")) == "fine"
        await clock.sleep(60)
        assert await read(transport, caller(server.url)) == "fine"


@pytest.mark.parametrize(("headers", "until"), [({}, 300.0), ({"Retry_After": "900"}, 900.0)], ids=["usual", "told"])
async def test_a_ban_pauses_everybody_on_the_address(
    transport: Transport, clock: FakeClock, headers: dict[str, str], until: float
) -> None:
    async with answering(script(no("ban", 418, **headers), good(), time=clock.wall)) as server:
        with pytest.raises(Banned):
            await read(transport, caller(server.url))
        for account in "abc":
            with pytest.raises(Skipped) as skipped:
                await read(transport, caller(server.url, account), patience=until - 10)
            assert skipped.value.reason == "paused"
        with pytest.raises(Skipped):
            await read(transport, caller(server.url), read_public(), patience=until - 10)
        assert len(server.signed()) == 1
        await clock.sleep(until)
        assert await read(transport, caller(server.url, "b")) == "fine"


async def test_a_refusal_that_speaks_of_all_calls_of_a_user_shuts_them_all_and_no_other_user_s(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(no("all", Retry_After="60"), good(), time=clock.wall)) as server:
        with pytest.raises(UserLimited):
            await read(transport, caller(server.url))
        with pytest.raises(Skipped) as skipped:
            await read(transport, caller(server.url), one(OTHER))
        assert (skipped.value.reason, skipped.value.banned) == ("paused", False)
        assert await read(transport, caller(server.url, "b")) == "fine"
        await clock.sleep(60)
        assert await read(transport, caller(server.url), one(OTHER)) == "fine"


async def test_a_refusal_of_one_call_leaves_the_others_of_the_user_alone(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(no("rate", 429, Retry_After="3600"), good(), time=clock.wall)) as server:
        with pytest.raises(RateLimited):
            await read(transport, caller(server.url))
        assert await read(transport, caller(server.url), one(OTHER)) == "fine"
        with pytest.raises(Skipped):
            await read(transport, caller(server.url))


async def test_how_long_a_ban_lasts_stands_in_the_refusal(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(no("ban", 418), time=clock.wall)) as server:
        with pytest.raises(Banned) as caught:
            await read(transport, caller(server.url))
        assert caught.value.retry_after == 300.0
        with pytest.raises(Skipped) as skipped:
            await read(transport, caller(server.url))
        assert skipped.value.opens == pytest.approx(clock.now() + 300.0)
        assert skipped.value.banned


async def test_a_ban_of_a_user_leaves_the_other_users_alone(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(no("ban"), good(), time=clock.wall)) as server:
        with pytest.raises(Banned):
            await read(transport, caller(server.url, "a", ban_scope="uid"))
        assert await read(transport, caller(server.url, "b", ban_scope="uid")) == "fine"
        with pytest.raises(Skipped):
            await read(transport, caller(server.url, "a", ban_scope="uid"))


async def test_accounts_of_one_rate_group_share_the_limits_of_one_user(clock: FakeClock) -> None:
    async with transporting(clock, share=0.05) as transport, answering(script(good())) as server:
        await read(transport, caller(server.url, "a", rate_group="desk"), patience=0.0)
        with pytest.raises(Skipped):
            await read(transport, caller(server.url, "b", rate_group="desk"), patience=0.0)
        await read(transport, caller(server.url, "c"), patience=0.0)


async def test_what_the_exchange_says_is_left_is_told_to_who_asked(transport: Transport) -> None:
    left: dict[str, dict[str, int]] = {"a": {}, "b": {}}
    async with answering(script(good(X_Left="7"))) as server:
        for account, told in left.items():
            await read(transport, caller(server.url, account, quota=told.__setitem__))
            assert told == {"/balance": 7}
            told["/balance"] = 0
    assert left == {"a": {"/balance": 0}, "b": {"/balance": 0}}
