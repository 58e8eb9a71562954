"""What the exchange tells of the account itself: its mode, what its key may do, and from where it is asked."""

import logging

import pytest

from exporter.core.errors import IpRefused, PermissionMissing, PollError, TimedOut, Unreachable, WrongApi
from exporter.exchanges.base import Api
from tests.kit.accounts import configured
from tests.kit.exchange import API, changed
from tests.kit.scripted import PAUSED, PolledAccount, key_info, polled_account, seen_address, wallet

UP = "exchange_account_up"


def modes(wallets: tuple[str, ...] | None = None, **options: str) -> PolledAccount:
    classic = changed(API, wallets={"spot": wallet("spot"), "overview": wallet("overview", default=True)})
    unified = changed(API, main="unified", wallets={"unified": wallet("unified"), "funding": wallet("funding")})
    apis: dict[str, Api] = {"classic": classic, "unified": unified}
    made = PolledAccount(apis=apis, probes=True, account=configured(exchange="tiny", options=options, wallets=wallets))
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


async def test_a_named_wallet_of_another_mode_is_said_once_and_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    it = modes(wallets=("main", "overview", "funding"))
    await it.poll()
    assert it.state.elsewhere == ("funding",)
    it.transport.says |= dict.fromkeys(("spot", "overview"), WrongApi("40085", api="unified"))
    for _ in range(3):
        assert await it.poll(30) is None
    assert it.state.elsewhere == ("overview",)
    assert await it.free("funding") == 5.0
    assert await it.one(UP) == 1
    assert 'wallet="overview"' not in await it.text()
    said = [vars(each) for each in caplog.records if each.levelno >= logging.WARNING]
    assert [(each["msg"], each["wallet"]) for each in said] == [
        ("the exchange has this wallet in another mode of the account only", name) for name in ("funding", "overview")
    ]


async def test_the_mode_is_known_before_a_wallet_is_said_to_be_of_another() -> None:
    it = modes(wallets=("main", "funding"))
    it.transport.says["spot"] = WrongApi("40085", api="unified")
    assert await it.poll() is None
    assert it.state.elsewhere == ()
    assert await it.free("funding") == 5.0


async def test_a_pinned_mode_reads_what_it_has_of_what_is_named() -> None:
    it = modes(mode="unified", wallets=("main", "overview"))
    assert await it.poll() is None
    assert it.state.elsewhere == ("overview",)
    assert await it.one(UP) == 1


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


async def test_a_contradiction_withdraws_nothing_until_the_balances_are_too_old(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """v2 says unified and v3 says classic, poll after poll."""
    it = modes()
    await it.poll()
    it.transport.says |= dict.fromkeys(("spot", "overview"), WrongApi("40085", api="unified"))
    it.transport.says["unified"] = WrongApi("40084", api="classic")
    for _ in range(5):
        error = await it.poll(100)
        assert isinstance(error, WrongApi)
        assert (await it.free("spot"), await it.failing("spot"), await it.one(UP)) == (5.0, "exchange", 0.0)
        assert await it.one("exchange_wallet_up", wallet="unified") is None
    assert "40085; 40084" in str(error)
    await it.poll(110)
    assert await it.free("spot") is None
    assert await it.failing("spot") == "exchange"
    assert [vars(record)["wallet"] for record in caplog.records] == ["spot", "overview"], "the log says it once"
    it.transport.says |= {"spot": {"USDT": "6"}, "overview": {"USDT": "6"}}
    await it.poll(30)
    assert (await it.free("spot"), await it.failing("spot"), await it.one(UP)) == (6.0, None, 1.0)


@pytest.mark.parametrize("other", [Unreachable("gone"), TimedOut("slow"), PermissionMissing("not ticked")])
async def test_a_mode_that_is_said_and_not_shown_withdraws_nothing_that_is_served(other: PollError) -> None:
    it = modes()
    await it.poll()
    it.transport.says |= dict.fromkeys(("spot", "overview"), WrongApi("40085", api="unified"))
    it.transport.says["unified"] = other
    await it.poll(30)
    assert (await it.free("spot"), await it.failing("spot"), await it.one(UP)) == (5.0, other.reason, 0.0)
    it.transport.says["unified"] = {"USDT": "7"}
    await it.poll(120)
    assert (await it.free("spot"), await it.free("unified"), await it.one(UP)) == (None, 7.0, 1.0)


async def test_a_refused_key_shows_the_mode_where_nothing_is_served() -> None:
    it = modes()
    it.transport.says |= {"spot": WrongApi("40085", api="unified"), "unified": PermissionMissing("not ticked")}
    await it.poll()
    assert (await it.failing("unified"), await it.one("exchange_wallet_up", wallet="spot")) == ("permission", None)


async def test_modes_in_turn_are_each_followed_only_to_where_they_are_read() -> None:
    """An exchange that changes its mind between two polls, with good answers to show for it, leaves no gap."""
    it = modes()
    here, there = WrongApi("40085", api="unified"), WrongApi("40084", api="classic")
    for number in range(6):
        unified = number % 2
        it.transport.says["spot"] = it.transport.says["overview"] = here if unified else {"USDT": "5"}
        it.transport.says["unified"] = {"USDT": "5"} if unified else there
        assert await it.poll(30) is None
        assert (await it.free("unified"), await it.free("spot")) == ((5.0, None) if unified else (None, 5.0))


async def test_a_side_wallet_that_says_another_mode_moves_nothing_while_the_main_one_is_read() -> None:
    it = modes()
    await it.poll()
    it.transport.says["overview"] = WrongApi("40085", api="unified")
    assert await it.poll(30) is None
    assert (await it.free("spot"), await it.failing("overview")) == (5.0, "exchange")
    assert it.transport.count("unified") == 0


async def test_a_mode_that_a_pause_keeps_from_being_proven_withdraws_nothing() -> None:
    it = modes()
    await it.poll()
    it.transport.says |= dict.fromkeys(("spot", "overview"), WrongApi("40085", api="unified"))
    it.transport.says["unified"] = PAUSED
    assert await it.poll(30) is None
    assert (await it.free("spot"), await it.failing("spot"), await it.one(UP)) == (5.0, "rate_limited", 0.0)
    assert not it.outcome.tried


# -- the key and the address


async def test_the_key_is_read_once_a_day_and_again_when_asked_to(caplog: pytest.LogCaptureFixture) -> None:
    it = polled_account(key_info=key_info)
    it.transport.says["key"] = {"read": True, "withdraw": True}
    for _ in range(97):
        await it.poll(1800)
    assert it.transport.count("key") == 3
    assert await it.one("exchange_api_key_permission", permission="withdraw") == 1
    assert caplog.text.count("the key may do more than read") == 1
    it.account_poll.key.due = it.clock.now()
    await it.poll(30)
    assert it.transport.count("key") == 4


async def test_a_key_that_may_not_ask_about_itself_fails_quietly(caplog: pytest.LogCaptureFixture) -> None:
    it = polled_account(key_info=key_info)
    it.transport.says["key"] = PermissionMissing("sub-user")
    for _ in range(5):
        assert await it.poll(30) is None
    assert it.transport.count("key") == 1
    assert caplog.records == []
    assert await it.one(UP) == 1


async def test_the_key_is_not_read_while_polls_fail() -> None:
    it = polled_account(key_info=key_info)
    it.transport.says |= {"spot": TimedOut("slow"), "key": {"read": True}}
    await it.poll()
    assert it.transport.count("key") == 0


async def test_the_address_that_the_exchange_sees_is_part_of_the_advice_and_of_no_label() -> None:
    it = polled_account("funding", address=seen_address)
    await it.poll()
    refused = lambda: IpRefused("not on the list")  # noqa: E731
    it.transport.says |= {"spot": refused, "funding": refused, "address": "198.51.100.7"}
    error = await it.poll(30)
    assert error is not None
    assert error.advice.count("198.51.100.7") == 1
    assert it.outcome.address == "198.51.100.7"
    assert it.transport.count("address") == 1
    assert "198.51.100.7" not in await it.text()


async def test_an_address_that_can_not_be_told_is_left_out() -> None:
    it = polled_account(address=seen_address)
    it.transport.says |= {"spot": IpRefused("not on the list"), "address": Unreachable("gone")}
    error = await it.poll()
    assert isinstance(error, IpRefused)
    assert error.advice == IpRefused.advice
