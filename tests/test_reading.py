"""One poll of one account: what is read in which order, and what a failure does to what."""

import asyncio
import logging
from typing import Any

import pytest

from exporter.errors import (
    AuthError,
    BadPayload,
    Banned,
    IpRefused,
    PermissionMissing,
    PollError,
    TimedOut,
    UnknownAccount,
    Unreachable,
    WrongApi,
)
from exporter.exchanges.base import Api
from exporter.model import Reading
from exporter.plan import LIST_SECONDS
from exporter.reading import SIDE_BY_SIDE, AccountReader
from tests.scripted import PAUSED, RATE, Stage, key_info, listing, rows, seen_address, wallet
from tests.states import configured
from tests.tiny import API, changed

UP = "exchange_account_up"
DAY = 24 * 3600.0


class Desk(Stage):
    """A stage whose reader the test calls itself."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.reader = AccountReader(self.state, self.caller, self.around)

    async def poll(self, after: float = 0.0) -> PollError | None:
        self.clock.time += after
        now = self.clock.now()
        return await self.clock.run(self.reader.poll(now, now + 30))

    async def free(self, name: str, currency: str = "USDT") -> float | None:
        return await self.one("exchange_balance_available", f'wallet="{name}"', f'currency="{currency}"')

    async def failing(self, name: str) -> str | None:
        for labels in await self.values("exchange_wallet_failing"):
            if f'wallet="{name}"' in labels:
                return labels.partition('reason="')[2].rstrip('"')
        return None


def desk(*names: str, **more: Any) -> Desk:
    """Named wallets beside the main one, each holding 5 USDT."""
    names = ("spot", *names)
    made = Desk(
        {name: wallet(name, default=True) for name in names} if "discover" not in more else {"spot": wallet("spot")},
        **more,
    )
    made.transport.says = {name: {"USDT": "5"} for name in names}
    return made


async def test_a_good_poll_serves_every_wallet() -> None:
    it = desk("funding")
    assert await it.poll() is None
    assert (await it.free("spot"), await it.free("funding"), await it.one(UP)) == (5.0, 5.0, 1.0)


async def test_before_the_first_poll_the_main_wallet_is_known_and_down() -> None:
    it = desk()
    assert await it.one("exchange_wallet_up", 'wallet="spot"') == 0
    assert await it.one("exchange_wallet_fresh", 'wallet="spot"') == 0
    assert await it.one("exchange_wallet_last_success_timestamp_seconds", 'wallet="spot"') == 0


async def test_the_first_poll_asks_the_main_wallet_alone_and_later_ones_all_at_once() -> None:
    it = desk("funding", "earn")
    it.transport.takes = {"spot": 2.0}
    await it.poll()
    assert it.transport.times("funding") == [it.transport.times("spot")[0] + 2.0]
    await it.poll(30)
    assert it.transport.times("funding")[1] == it.transport.times("spot")[1]


async def test_no_more_than_four_wallets_are_read_at_once_and_the_main_one_comes_first() -> None:
    it = desk(*(f"w{number}" for number in range(10)))
    await it.poll()
    running, most = 0, 0

    async def count(*args: Any, **more: Any) -> Reading:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(args[1])
        await it.clock.sleep(1.0)
        running -= 1
        args[1].close()
        return rows({"USDT": "6"})

    order: list[Any] = []
    it.transport.read = count  # type: ignore[assignment,method-assign]
    await it.poll(30)
    assert (most, len(order)) == (SIDE_BY_SIDE, 11)
    assert await it.free("w9") == 6.0


async def test_a_failing_default_wallet_moves_only_its_own_up() -> None:
    it = desk("funding")
    it.transport.says["funding"] = BadPayload("odd")
    assert await it.poll() is None
    assert (await it.one(UP), await it.free("spot")) == (1.0, 5.0)
    assert await it.one("exchange_wallet_up", 'wallet="funding"') == 0
    assert await it.failing("funding") == "payload"
    assert it.reader.error is None


async def test_a_failing_named_wallet_fails_the_poll() -> None:
    it = desk("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    it.transport.says["funding"] = BadPayload("odd")
    error = await it.poll()
    assert error is not None
    assert error.reason == "payload"
    assert (await it.one(UP), await it.free("spot")) == (0.0, 5.0)
    assert await it.one("exchange_poll_failures_total", 'reason="payload"') == 1


async def test_of_several_failures_the_main_wallet_s_is_counted() -> None:
    it = desk("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    await it.poll()
    it.transport.says = {"spot": TimedOut("slow"), "funding": BadPayload("odd")}
    it.transport.takes = {"spot": 5.0}
    await it.poll(30)
    counts = await it.values("exchange_poll_failures_total")
    assert {labels.partition('reason="')[2]: count for labels, count in counts.items() if count} == {'timeout"': 1.0}


async def test_a_failed_read_leaves_the_numbers_and_never_shows_zero() -> None:
    it = desk()
    await it.poll()
    it.transport.says["spot"] = Unreachable("gone")
    await it.poll(30)
    assert await it.free("spot") == 5.0
    assert await it.one("exchange_wallet_fresh", 'wallet="spot"') == 1
    assert await it.one(UP) == 0


async def test_after_a_refused_key_nothing_else_is_asked_in_that_poll() -> None:
    it = desk("funding", "earn")
    it.transport.says["spot"] = AuthError("no such key")
    await it.poll()
    assert [asked.what for asked in it.transport.asked] == ["spot"]
    assert [await it.failing(name) for name in ("spot", "funding", "earn")] == ["auth", "auth", "auth"]
    assert it.reader.slowed


@pytest.mark.parametrize("reason", [RATE, PAUSED])
async def test_a_poll_without_a_token_is_neither_poll_nor_failure(reason: Any) -> None:
    it = desk("funding")
    await it.poll()
    it.transport.says["spot"] = it.transport.says["funding"] = reason
    assert await it.poll(30) is None
    assert await it.one("exchange_polls_total") == 1
    assert await it.one("exchange_polls_skipped_total", f'reason="{reason.reason}"') == 1
    assert (await it.one(UP), await it.free("spot")) == (1.0, 5.0)


async def test_a_skipped_poll_forgives_no_failure() -> None:
    it = desk()
    it.transport.says["spot"] = AuthError("no")
    await it.poll()
    it.transport.says["spot"] = PAUSED
    await it.poll(30)
    assert it.reader.slowed
    assert await it.one("exchange_account_consecutive_failures") == 1


async def test_permission_slows_its_wallet_only() -> None:
    it = desk("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    it.transport.says["funding"] = PermissionMissing("not ticked")
    for _ in range(20):
        await it.poll(30)
    assert it.transport.count("spot") == 20
    assert it.transport.count("funding") < 10
    assert it.reader.error is None
    assert await it.one(UP) == 0


async def test_a_main_wallet_without_permission_slows_no_other_wallet() -> None:
    it = desk("funding")
    it.transport.says["spot"] = PermissionMissing("not ticked")
    for _ in range(20):
        await it.poll(30)
    assert it.transport.count("funding") == 20
    assert it.transport.count("spot") < 10
    assert await it.free("funding") == 5.0


async def test_a_network_failure_beside_a_missing_permission_slows_the_account() -> None:
    it = desk("funding", account=configured(exchange="tiny", wallets=("main", "funding")))
    it.transport.says = {"spot": PermissionMissing("not ticked"), "funding": Unreachable("gone")}
    error = await it.poll()
    assert error is not None
    assert error.reason == "permission"
    assert it.reader.error is not None
    assert it.reader.error.reason == "network"


async def test_a_bug_in_one_wallet_hurts_no_other(caplog: pytest.LogCaptureFixture) -> None:
    it = desk("funding", "earn")
    await it.poll()
    it.transport.says = {"spot": {"USDT": "7"}, "funding": ZeroDivisionError("a bug"), "earn": {"USDT": "8"}}
    await it.poll(30)
    await it.poll(30)
    assert (await it.free("spot"), await it.free("earn"), await it.failing("funding")) == (7.0, 8.0, "internal")
    assert caplog.text.count("Traceback") == 1


async def test_a_bug_in_noting_a_failure_ends_no_other_read(monkeypatch: pytest.MonkeyPatch) -> None:
    it = desk("funding", "earn")
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
    it = desk()
    bad, worse, good = TimedOut("slow"), BadPayload("odd"), {"USDT": "5"}
    for answer in (good, bad, bad, bad, worse, worse, good, good):
        it.transport.says["spot"] = answer
        await it.poll(30)
    told = [(record.message, getattr(record, "reason", None)) for record in caplog.records]
    assert told == [
        ("the wallet can not be read", "timeout"),
        ("the wallet can not be read", "payload"),
        ("the wallet is read again", None),
    ]


async def test_an_overview_is_read_every_five_minutes_at_most() -> None:
    it = Desk({"spot": wallet("spot"), "overview": wallet("overview", default=True, overview=True, every=300.0)})
    it.transport.says = {"spot": {"USDT": "5"}, "overview": Reading()}
    for _ in range(31):
        await it.poll(30)
    assert it.transport.count("overview") == 4
    assert it.transport.count("spot") == 31


async def test_an_overview_that_failed_is_tried_again_before_its_values_end() -> None:
    it = Desk({"spot": wallet("spot"), "overview": wallet("overview", default=True, overview=True, every=300.0)})
    it.transport.says = {"spot": {"USDT": "5"}, "overview": Reading()}
    await it.poll()
    it.clock.time += 270
    it.transport.says["overview"] = Unreachable("gone")
    await it.poll(30)
    it.transport.says["overview"] = Reading()
    for _ in range(9):
        await it.poll(30)
    assert await it.one("exchange_wallet_fresh", 'wallet="overview"') == 1
    assert it.transport.count("overview") == 3


# -- the exchange's own list of wallets


def listed(*names: str, **more: Any) -> Desk:
    made = desk(*names, discover=listing, may_be_absent=lambda name: name != "nonsense", **more)
    made.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", *names)}
    return made


async def test_the_list_is_read_hourly() -> None:
    it = listed("margin")
    for _ in range(241):
        await it.poll(30)
    assert it.transport.count("list") == 3
    assert it.transport.count("margin") == 241


async def test_an_unknown_account_has_the_list_read_again_before_the_next_read() -> None:
    it = listed("margin")
    await it.poll()
    it.transport.says["margin"] = UnknownAccount("no such id")
    await it.poll(30)
    it.transport.says["margin"] = {"USDT": "6"}
    await it.poll(30)
    assert it.transport.count("list") == 2
    assert await it.free("margin") == 6.0


async def test_a_wallet_that_left_the_list_reads_zeros_for_a_day_and_goes() -> None:
    it = listed("margin")
    await it.poll()
    it.transport.says["list"] = lambda: {"spot": wallet("spot", default=True)}
    await it.poll(LIST_SECONDS)
    assert await it.free("margin") == 0.0
    while it.clock.now() < 1_000 + LIST_SECONDS + DAY - 700:
        await it.poll(600)
    assert await it.free("margin") == 0.0
    await it.poll(600)
    await it.poll(600)
    await it.poll(600)
    assert await it.free("margin") is None
    assert "margin" not in await it.text()


async def test_the_zeros_of_a_gone_wallet_end_when_the_exchange_answers_nothing_any_more() -> None:
    it = listed("margin")
    await it.poll()
    it.transport.says["list"] = lambda: {"spot": wallet("spot", default=True)}
    await it.poll(LIST_SECONDS)
    it.transport.says = dict.fromkeys(it.transport.says, Unreachable("gone"))
    for _ in range(30):
        await it.poll(30)
    assert await it.free("margin") is None
    assert await it.free("spot") is None


async def test_a_named_wallet_that_is_not_opened_yet_is_up_and_empty() -> None:
    it = listed(account=configured(exchange="tiny", wallets=("main", "margin")))
    assert await it.poll() is None
    assert await it.one(UP) == 1
    assert await it.one("exchange_wallet_fresh", 'wallet="margin"') == 1
    assert it.transport.count("margin") == 0


async def test_a_wallet_that_is_opened_later_is_read_as_what_it_is() -> None:
    it = listed(account=configured(exchange="tiny", wallets=("main", "margin")))
    await it.poll()
    it.transport.says |= {
        "list": lambda: {"spot": wallet("spot"), "margin": wallet("margin", borrows=True)},
        "margin": {"BTC": "2"},
    }
    await it.poll(LIST_SECONDS)
    assert await it.free("margin", "BTC") == 2.0
    assert it.state.wallets["margin"].borrows


async def test_a_wallet_that_can_not_exist_fails_by_itself_and_slows_nobody() -> None:
    it = listed(account=configured(exchange="tiny", wallets=("main", "nonsense")))
    error = await it.poll()
    assert error is not None
    assert error.reason == "exchange"
    assert it.reader.error is None
    assert await it.free("spot") == 5.0


async def test_a_list_that_fails_later_leaves_the_known_wallets_to_be_read() -> None:
    it = listed("margin")
    await it.poll()
    it.transport.says |= {"list": TimedOut("slow"), "margin": {"USDT": "6"}}
    assert await it.poll(LIST_SECONDS) is None
    assert await it.free("margin") == 6.0


async def test_a_first_list_that_fails_is_the_main_wallet_s_failure() -> None:
    it = listed("margin")
    it.transport.says["list"] = AuthError("no such key")
    error = await it.poll()
    assert isinstance(error, AuthError)
    assert await it.failing("spot") == "auth"
    assert it.transport.count("spot") == 0


async def test_a_list_that_the_key_may_not_read_is_asked_for_rarely() -> None:
    it = listed()
    it.transport.says["list"] = PermissionMissing("not ticked")
    for _ in range(40):
        await it.poll(30)
    assert it.transport.count("list") < 12


async def test_a_rare_kind_that_refuses_is_tried_once_a_day_until_it_answers() -> None:
    it = Desk({"spot": wallet("spot")}, discover=listing)
    kinds = {"spot": wallet("spot", default=True), "minepool": wallet("minepool", default=True, rare=True)}
    it.transport.says = {"spot": {"USDT": "5"}, "minepool": BadPayload("odd"), "list": lambda: kinds}
    for _ in range(25):
        await it.poll(3600)
    assert it.transport.count("minepool") == 2
    it.transport.says["minepool"] = {"BTC": "1"}
    for _ in range(24):
        await it.poll(3600)
    asked = it.transport.count("minepool")
    await it.poll(30)
    assert await it.free("minepool", "BTC") == 1.0
    assert it.transport.count("minepool") == asked + 1


async def test_an_outage_at_the_start_does_not_cost_a_rare_kind_its_day() -> None:
    it = Desk({"spot": wallet("spot")}, discover=listing)
    kinds = {"spot": wallet("spot", default=True), "earn": wallet("earn", default=True, rare=True)}
    it.transport.says = {"spot": {"USDT": "5"}, "earn": Unreachable("gone"), "list": lambda: kinds}
    await it.poll()
    it.transport.says["earn"] = {"BTC": "1"}
    for _ in range(3):
        await it.poll(30)
    assert await it.free("earn", "BTC") == 1.0


# -- two modes


def modes(**options: str) -> Desk:
    classic = changed(API, wallets={"spot": wallet("spot"), "overview": wallet("overview", default=True)})
    unified = changed(API, main="unified", wallets={"unified": wallet("unified"), "funding": wallet("funding")})
    apis: dict[str, Api] = {"classic": classic, "unified": unified}
    made = Desk(apis=apis, probes=True, account=configured(exchange="tiny", options=options))
    made.transport.says = {name: {"USDT": "5"} for name in ("spot", "overview", "unified", "funding")}
    return made


async def test_a_proven_mode_is_taken_in_the_same_poll_and_without_a_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = modes()
    it.transport.says["spot"] = WrongApi("40085", api="unified")
    assert await it.poll() is None
    assert await it.free("unified") == 5.0
    assert "spot" not in await it.text()
    assert await it.one(UP) == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_later_change_of_mode_removes_the_old_mode_s_series_at_once() -> None:
    it = modes()
    await it.poll()
    assert await it.free("overview") == 5.0
    it.transport.says |= dict.fromkeys(("spot", "overview"), WrongApi("40085", api="unified"))
    await it.poll(30)
    assert 'wallet="unified"' in await it.text()
    assert 'wallet="spot"' not in await it.text()
    assert 'wallet="overview"' not in await it.text()


async def test_a_pinned_mode_refuses() -> None:
    it = modes(mode="classic")
    it.transport.says["spot"] = WrongApi("40085", api="unified")
    error = await it.poll()
    assert isinstance(error, WrongApi)
    assert it.transport.count("unified") == 0
    assert await it.failing("spot") == "exchange"


async def test_a_network_failure_proves_no_mode() -> None:
    it = modes()
    it.transport.says["spot"] = Unreachable("gone")
    await it.poll()
    assert it.transport.count("unified") == 0


async def test_an_exchange_that_contradicts_itself_is_not_followed_in_circles() -> None:
    it = modes()
    it.transport.says |= {"spot": WrongApi("40085", api="unified"), "unified": WrongApi("40084", api="classic")}
    error = await it.poll()
    assert isinstance(error, WrongApi)
    assert len(it.transport.asked) == 2


# -- the key and the address


async def test_the_key_is_read_once_a_day_and_again_when_asked_to(caplog: pytest.LogCaptureFixture) -> None:
    it = desk(key_info=key_info)
    it.transport.says["key"] = {"read": True, "withdraw": True}
    for _ in range(97):
        await it.poll(1800)
    assert it.transport.count("key") == 3
    assert await it.one("exchange_api_key_permission", 'permission="withdraw"') == 1
    assert caplog.text.count("the key may do more than read") == 1
    it.reader.key.due = it.clock.now()
    await it.poll(30)
    assert it.transport.count("key") == 4


async def test_a_key_that_may_not_ask_about_itself_fails_quietly(caplog: pytest.LogCaptureFixture) -> None:
    it = desk(key_info=key_info)
    it.transport.says["key"] = PermissionMissing("sub-user")
    for _ in range(5):
        assert await it.poll(30) is None
    assert it.transport.count("key") == 1
    assert caplog.records == []
    assert await it.one(UP) == 1


async def test_the_key_is_not_read_while_polls_fail() -> None:
    it = desk(key_info=key_info)
    it.transport.says |= {"spot": TimedOut("slow"), "key": {"read": True}}
    await it.poll()
    assert it.transport.count("key") == 0


async def test_the_address_that_the_exchange_sees_is_part_of_the_advice_and_of_no_label() -> None:
    it = desk("funding", address=seen_address)
    await it.poll()
    refused = lambda: IpRefused("not on the list")  # noqa: E731
    it.transport.says |= {"spot": refused, "funding": refused, "address": "198.51.100.7"}
    error = await it.poll(30)
    assert error is not None
    assert error.advice.count("198.51.100.7") == 1
    assert it.reader.address == "198.51.100.7"
    assert it.transport.count("address") == 1
    assert "198.51.100.7" not in await it.text()


async def test_an_address_that_can_not_be_told_is_left_out() -> None:
    it = desk(address=seen_address)
    it.transport.says |= {"spot": IpRefused("not on the list"), "address": Unreachable("gone")}
    error = await it.poll()
    assert isinstance(error, IpRefused)
    assert error.advice == IpRefused.advice


# -- patience


@pytest.mark.parametrize("error", [TimedOut("slow"), Banned("too many")])
async def test_while_data_is_served_no_delay_is_longer_than_a_third_of_stale_after(error: PollError) -> None:
    it = desk()
    await it.poll()
    now = it.clock.now()
    delays = [it.reader.next_try(now, 40, 900.0) - now for _ in range(200)]
    assert min(delays) >= 30
    assert 150 < max(delays) <= 200
    it.clock.time += 601
    delays = [it.reader.next_try(now, 40, 900.0) - now for _ in range(200)]
    assert 700 < max(delays) <= 900


async def test_there_is_a_last_try_before_the_data_ends() -> None:
    it = desk()
    await it.poll()
    it.clock.time += 500
    now = it.clock.now()
    assert max(it.reader.next_try(now, 40, 120.0) for _ in range(200)) == now + 90


async def test_stopping_in_the_middle_of_a_poll_ends_all_its_reads() -> None:
    it = desk("funding", "earn")
    await it.poll()
    it.transport.takes = {"funding": 1e9, "earn": 1e9, "spot": 1e9}
    task = asyncio.ensure_future(it.reader.poll(it.clock.now(), it.clock.now() + 30))
    await it.clock.advance(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
