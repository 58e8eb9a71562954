"""One poll of one account: what is read in which order, and what a failure does to what."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from exporter.core.errors import (
    AuthError,
    BadPayload,
    Banned,
    PermissionMissing,
    PollError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from exporter.core.model import Reading, Unreadable
from exporter.core.wording import moment
from exporter.exchanges.base import Endpoint, Reader, Request
from exporter.polling.account_poll import SIDE_BY_SIDE
from exporter.polling.context import Outcome
from exporter.transport.limits import Skipped
from tests.kit.accounts import configured
from tests.kit.scripted import PAUSED, RATE, PolledAccount, listing, polled_account, rows, wallet

UP = "exchange_account_up"


async def test_a_good_poll_serves_every_wallet() -> None:
    it = polled_account("funding")
    assert await it.poll() is None
    assert it.outcome == Outcome(tried=True)
    assert (await it.free("spot"), await it.free("funding"), await it.one(UP)) == (5.0, 5.0, 1.0)


async def test_before_the_first_poll_the_main_wallet_is_known_and_down() -> None:
    it = polled_account()
    assert await it.one("exchange_wallet_up", wallet="spot") == 0
    assert await it.one("exchange_wallet_fresh", wallet="spot") == 0
    assert await it.one("exchange_wallet_last_success_timestamp_seconds", wallet="spot") == 0


async def test_the_first_poll_asks_the_main_wallet_alone_and_later_ones_all_at_once() -> None:
    it = polled_account("funding", "earn")
    it.transport.takes = {"spot": 2.0}
    await it.poll()
    assert it.transport.times("funding") == [it.transport.times("spot")[0] + 2.0]
    await it.poll(30)
    assert it.transport.times("funding")[1] == it.transport.times("spot")[1]


async def test_no_more_than_four_wallets_are_read_at_once_and_the_main_one_comes_first() -> None:
    names = [f"w{number}" for number in range(10)]
    it = polled_account(*names)
    await it.poll()
    running, most = 0, 0

    async def count(caller: Any, reader: Reader[Reading], **more: Any) -> Reading:
        nonlocal running, most
        running += 1
        most = max(most, running)
        request = next(reader)
        assert isinstance(request, Request)
        order.append(request.id)
        await it.clock.sleep(1.0)
        running -= 1
        reader.close()
        return rows({"USDT": "6"})

    order: list[str] = []
    it.transport.read = count  # type: ignore[assignment,method-assign]
    await it.poll(30)
    assert most == SIDE_BY_SIDE
    assert order == ["spot", *names]
    assert await it.free("w9") == 6.0


async def test_a_failing_default_wallet_moves_only_its_own_up() -> None:
    it = polled_account("funding")
    it.transport.says["funding"] = BadPayload("odd")
    assert await it.poll() is None
    assert (await it.one(UP), await it.free("spot")) == (1.0, 5.0)
    assert await it.one("exchange_wallet_up", wallet="funding") == 0
    assert await it.failing("funding") == "payload"
    assert it.outcome.slowing is None


async def test_a_failing_named_wallet_fails_the_poll() -> None:
    it = polled_account("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    it.transport.says["funding"] = BadPayload("odd")
    error = await it.poll()
    assert error is not None
    assert error.reason == "payload"
    assert (await it.one(UP), await it.free("spot")) == (0.0, 5.0)
    assert await it.one("exchange_poll_failures_total", reason="payload") == 1


async def test_of_several_failures_the_main_wallet_s_is_counted() -> None:
    it = polled_account("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    await it.poll()
    it.transport.says = {"spot": TimedOut("slow"), "funding": BadPayload("odd")}
    it.transport.takes = {"spot": 5.0}
    await it.poll(30)
    counts = (await it.samples()).by("exchange_poll_failures_total", "reason")
    assert {reason: count for reason, count in counts.items() if count} == {"timeout": 1.0}


async def test_a_failed_read_leaves_the_numbers_and_never_shows_zero() -> None:
    it = polled_account()
    await it.poll()
    it.transport.says["spot"] = Unreachable("gone")
    await it.poll(30)
    assert await it.free("spot") == 5.0
    assert await it.one("exchange_wallet_fresh", wallet="spot") == 1
    assert await it.one(UP) == 0


async def test_what_is_kept_of_a_failure_holds_no_frame_and_so_no_answer() -> None:
    it = polled_account()
    it.transport.says["spot"] = TimedOut("slow")
    error = await it.poll()
    assert error is not None
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)


async def test_after_a_refused_key_nothing_else_is_asked_in_that_poll() -> None:
    it = polled_account("funding", "earn")
    it.transport.says["spot"] = AuthError("no such key")
    await it.poll()
    assert [asked.what for asked in it.transport.asked] == ["spot"]
    assert [await it.failing(name) for name in ("spot", "funding", "earn")] == ["auth", "auth", "auth"]
    assert it.outcome.slowed


@pytest.mark.parametrize("reason", [RATE, PAUSED])
async def test_a_poll_without_a_token_is_neither_poll_nor_failure(reason: Any) -> None:
    it = polled_account("funding")
    await it.poll()
    it.transport.says["spot"] = it.transport.says["funding"] = reason
    assert await it.poll(30) is None
    assert not it.outcome.tried
    assert await it.one("exchange_polls_total") == 1
    assert await it.one("exchange_polls_skipped_total", reason=reason.reason) == 1
    assert await it.one("exchange_account_consecutive_failures") == 0
    assert not any((await it.samples()).by("exchange_poll_failures_total", "reason").values())
    assert await it.free("spot") == 5.0


# -- kept from being read


async def test_a_pause_is_named_at_once_and_ends_with_the_next_good_read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    it = polled_account("funding")
    await it.poll()
    ban = Skipped("paused", it.clock.now() + 330, banned=True)
    it.transport.says = {"spot": ban, "funding": ban}
    for _ in range(3):
        assert await it.poll(30) is None
    spot = it.state.wallets["spot"]
    assert (await it.one(UP), await it.one("exchange_wallet_up", wallet="spot")) == (0.0, 0.0)
    assert [await it.failing(name) for name in ("spot", "funding")] == ["banned", "banned"]
    since = await it.one("exchange_wallet_failing_since_timestamp_seconds", wallet="spot")
    assert since == it.clock.wall() - 60
    assert spot.failure is not None
    assert f"until {moment(it.clock.wall() + 240)}" in spot.failure.message
    assert await it.free("spot") == 5.0, "the last good value stands"
    assert it.outcome.opens == ban.opens
    it.transport.says = {"spot": {"USDT": "6"}, "funding": {"USDT": "6"}}
    await it.poll(240)
    assert (await it.one(UP), await it.failing("spot"), await it.free("spot")) == (1.0, None, 6.0)
    assert it.outcome.opens < it.clock.now()
    told = [(record.message, vars(record)["wallet"], vars(record).get("reason")) for record in caplog.records]
    assert told == [
        ("the wallet cannot be read", "spot", "banned"),
        ("the wallet cannot be read", "funding", "banned"),
        ("the wallet is read again", "spot", None),
        ("the wallet is read again", "funding", None),
    ]


async def test_a_pause_before_the_first_poll_is_named() -> None:
    it = polled_account("funding")
    it.transport.says = dict.fromkeys(("spot", "funding"), Skipped("paused", it.clock.now() + 300, banned=True))
    await it.poll()
    assert [await it.failing(name) for name in ("spot", "funding")] == ["banned", "banned"]
    assert await it.one("exchange_polls_total") == 0
    assert await it.free("spot") is None


async def test_a_list_of_wallets_that_a_pause_keeps_away_is_named_at_the_main_wallet() -> None:
    it = polled_account(discover=listing)
    it.transport.says["list"] = PAUSED
    await it.poll()
    assert await it.failing("spot") == "rate_limited"
    assert it.outcome.opens == PAUSED.opens


async def test_a_wallet_whose_call_is_paused_leaves_the_others_alone() -> None:
    it = polled_account("funding")
    it.transport.says["spot"] = PAUSED
    await it.poll()
    assert (await it.failing("spot"), await it.failing("funding")) == ("rate_limited", None)
    assert await it.free("funding") == 5.0
    assert it.outcome.opens < it.clock.now(), "the account is polled all the same"
    assert await it.one(UP) == 0


async def test_one_poll_without_a_token_is_no_failure_and_the_second_in_a_row_is() -> None:
    it = polled_account("funding")
    await it.poll()
    it.transport.says = {"spot": RATE, "funding": RATE}
    await it.poll(30)
    assert (await it.one(UP), await it.failing("spot"), await it.free("spot")) == (1.0, None, 5.0)
    await it.poll(30)
    assert (await it.one(UP), await it.failing("spot"), await it.free("spot")) == (0.0, "rate_limited", 5.0)
    assert await it.one("exchange_wallet_up", wallet="funding") == 0
    it.transport.says = {"spot": {"USDT": "6"}, "funding": {"USDT": "6"}}
    await it.poll(30)
    assert (await it.one(UP), await it.failing("spot"), await it.free("spot")) == (1.0, None, 6.0)


async def test_an_account_that_never_gets_a_token_is_named_once_its_interval_is_over() -> None:
    it = polled_account()
    it.transport.says["spot"] = RATE
    await it.poll()
    assert await it.failing("spot") is None
    await it.poll(45)
    assert await it.failing("spot") == "rate_limited"


async def test_an_account_that_lacks_tokens_by_turns_is_told_once_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    it = polled_account()
    for number in range(240):
        it.transport.says["spot"] = {"USDT": "5"} if number % 4 == 0 else RATE
        await it.poll(30)
    assert [record.message for record in caplog.records].count("the wallet cannot be read") in (2, 3)
    assert [record.message for record in caplog.records].count("the wallet is read again") in (2, 3)


async def test_a_refusal_tells_when_it_is_over() -> None:
    it = polled_account()
    it.transport.says["spot"] = RateLimited("too many", retry_after=600.0)
    await it.poll()
    assert it.outcome.opens == it.clock.now() + 600


async def test_want_of_a_token_does_not_hide_why_a_wallet_failed_and_a_pause_does() -> None:
    it = polled_account()
    it.transport.says["spot"] = TimedOut("slow")
    await it.poll()
    it.transport.says["spot"] = RATE
    await it.poll(60)
    assert await it.failing("spot") == "timeout"
    it.transport.says["spot"] = PAUSED
    await it.poll(30)
    assert await it.failing("spot") == "rate_limited"


async def test_a_skipped_poll_forgives_no_failure() -> None:
    it = polled_account()
    it.transport.says["spot"] = AuthError("no")
    await it.poll()
    it.transport.says["spot"] = PAUSED
    await it.poll(30)
    assert it.outcome.slowed
    assert await it.one("exchange_account_consecutive_failures") == 1


async def test_permission_slows_its_wallet_only() -> None:
    it = polled_account("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    it.transport.says["funding"] = PermissionMissing("not ticked")
    for _ in range(20):
        await it.poll(30)
    assert it.transport.count("spot") == 20
    assert it.transport.count("funding") < 10
    assert it.outcome.slowing is None
    assert await it.one(UP) == 0


async def test_a_main_wallet_without_permission_slows_no_other_wallet() -> None:
    it = polled_account("funding")
    it.transport.says["spot"] = PermissionMissing("not ticked")
    for _ in range(20):
        await it.poll(30)
    assert it.transport.count("funding") == 20
    assert it.transport.count("spot") < 10
    assert await it.free("funding") == 5.0


async def test_a_network_failure_beside_a_missing_permission_slows_the_account() -> None:
    it = polled_account("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    it.transport.says = {"spot": PermissionMissing("not ticked"), "funding": Unreachable("gone")}
    error = await it.poll()
    assert error is not None
    assert error.reason == "permission"
    assert it.outcome.slowing is not None
    assert it.outcome.slowing.reason == "network"


FAR = Endpoint("/far", (), host="https://far.tiny.example")


@pytest.mark.parametrize(
    "error", [Unreachable("gone"), AuthError("not served in your region")], ids=["network", "auth"]
)
async def test_a_wallet_that_is_asked_at_another_host_slows_itself_only(error: PollError) -> None:
    wallets = {"spot": wallet("spot"), "futures": replace(wallet("futures"), endpoints=(FAR,))}
    it = PolledAccount(wallets, account=configured(exchange="tiny", wallets=("main", "futures")))
    it.transport.says = {"spot": {"USDT": "5"}, "futures": error}
    for _ in range(20):
        await it.poll(30)
    assert it.transport.count("spot") == 20
    assert 2 < it.transport.count("futures") < 15
    assert it.outcome.slowing is None
    assert await it.one(UP) == 0
    it.transport.says = {"spot": error, "futures": {"USDT": "5"}}
    await it.poll(900)
    assert it.outcome.slowing is not None


async def test_a_bug_in_one_wallet_hurts_no_other(caplog: pytest.LogCaptureFixture) -> None:
    it = polled_account("funding", "earn")
    await it.poll()
    it.transport.says = {"spot": {"USDT": "7"}, "funding": ZeroDivisionError("a bug"), "earn": {"USDT": "8"}}
    await it.poll(30)
    await it.poll(30)
    assert (await it.free("spot"), await it.free("earn"), await it.failing("funding")) == (7.0, 8.0, "internal")
    assert caplog.text.count("Traceback") == 1


async def test_a_bug_in_noting_a_failure_ends_no_other_read(monkeypatch: pytest.MonkeyPatch) -> None:
    it = polled_account("funding", "earn")
    await it.poll()
    it.transport.says = {"spot": {"USDT": "7"}, "funding": TimedOut("slow"), "earn": {"USDT": "8"}}
    it.transport.takes = {"earn": 5.0}

    def broken(*args: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(it.state, "refused", broken)
    with pytest.raises(ZeroDivisionError):
        await it.poll(30)
    assert await it.free("earn") == 8.0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_failing_wallet_is_logged_on_change_and_on_recovery(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    it = polled_account()
    bad, worse, good = TimedOut("slow"), BadPayload("odd"), {"USDT": "5"}
    for answer in (good, bad, bad, bad, worse, worse, good, good):
        it.transport.says["spot"] = answer
        await it.poll(30)
    told = [(record.message, getattr(record, "reason", None)) for record in caplog.records]
    assert told == [
        ("the wallet cannot be read", "timeout"),
        ("the wallet cannot be read", "payload"),
        ("the wallet is read again", None),
    ]


async def test_a_currency_that_cannot_be_read_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    it = PolledAccount({"spot": wallet("spot")})
    for bad in (["BTC"], ["BTC"], [], ["BTC", "ETH"]):
        it.transport.says["spot"] = Reading(unreadable=[Unreadable(name, f"{name}: null") for name in bad])
        await it.poll(30)
    told = [(record.message, vars(record)["currency"], vars(record)["error"]) for record in caplog.records]
    said = "a row cannot be read: its currency is not served"
    assert told == [(said, "BTC", "BTC: null"), (said, "ETH", "ETH: null")]


async def test_an_overview_is_read_every_five_minutes_at_most() -> None:
    it = PolledAccount(
        {"spot": wallet("spot"), "overview": wallet("overview", default=True, overview=True, every=300.0)}
    )
    it.transport.says = {"spot": {"USDT": "5"}, "overview": Reading()}
    for _ in range(31):
        await it.poll(30)
    assert it.transport.count("overview") == 4
    assert it.transport.count("spot") == 31


async def test_an_overview_that_failed_is_tried_again_before_its_values_end() -> None:
    it = PolledAccount(
        {"spot": wallet("spot"), "overview": wallet("overview", default=True, overview=True, every=300.0)}
    )
    it.transport.says = {"spot": {"USDT": "5"}, "overview": Reading()}
    await it.poll()
    it.clock.time += 270
    it.transport.says["overview"] = Unreachable("gone")
    await it.poll(30)
    it.transport.says["overview"] = Reading()
    for _ in range(9):
        await it.poll(30)
    assert await it.one("exchange_wallet_fresh", wallet="overview") == 1
    assert it.transport.count("overview") == 3


# -- patience


@pytest.mark.parametrize("error", [TimedOut("slow"), Banned("too many")])
async def test_while_data_is_served_no_delay_is_longer_than_a_third_of_stale_after(error: PollError) -> None:
    it = polled_account()
    await it.poll()
    now = it.clock.now()
    delays = [it.account_poll.next_try(now, 40, 900.0) - now for _ in range(200)]
    assert min(delays) >= 30
    assert 150 < max(delays) <= 200
    it.clock.time += 601
    delays = [it.account_poll.next_try(now, 40, 900.0) - now for _ in range(200)]
    assert 700 < max(delays) <= 900


async def test_there_is_a_last_try_before_the_data_ends() -> None:
    it = polled_account()
    await it.poll()
    it.clock.time += 500
    now = it.clock.now()
    assert max(it.account_poll.next_try(now, 40, 120.0) for _ in range(200)) == now + 90


async def test_stopping_in_the_middle_of_a_poll_ends_all_its_reads() -> None:
    it = polled_account("funding", "earn")
    await it.poll()
    it.transport.takes = {"funding": 1e9, "earn": 1e9, "spot": 1e9}
    task = asyncio.ensure_future(it.account_poll.poll(it.clock.now(), it.clock.now() + 30))
    await it.clock.advance(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
