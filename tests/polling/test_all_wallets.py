"""`wallets: [all]`: every wallet that the key may read; what it may not, or was never opened, is left out."""

import logging
from decimal import Decimal
from typing import Any

import pytest

from exporter.config.model import Threshold
from exporter.core.errors import (
    AuthError,
    ExchangeRefused,
    NotOpened,
    PermissionMissing,
    TimedOut,
    Unreachable,
    WrongApi,
)
from exporter.core.model import Reading
from exporter.holdings.account import MOST_PARTS
from exporter.polling.plan import RARE_SECONDS
from tests.kit.accounts import book, configured
from tests.kit.exchange import API, changed
from tests.kit.scripted import RATE, PolledAccount, listing, rows, wallet

TOTAL = "exchange_account_usd"
NO = PermissionMissing("not ticked")
NOTHING_THERE = NotOpened("50021: no margin account")


def everything(*named: str, **more: Any) -> PolledAccount:
    """An account that reads all there is: spot, futures, margin and a group."""
    account = configured(exchange="tiny", wallets=named or ("all",), thresholds=more.pop("thresholds", ()))
    sources = {name: wallet(name) for name in ("spot", "futures", "margin")} | {"pairs": wallet("pairs", many=True)}
    it = PolledAccount(sources, account=account, **more)
    it.transport.says = {name: {"USDT": "5"} for name in ("spot", "futures", "margin")}
    it.transport.says["pairs"] = Reading(parts={"pairs/AB": rows({"USDT": "5"})})
    return it


async def up(it: PolledAccount) -> dict[Any, float]:
    return (await it.samples()).by("exchange_wallet_up", "wallet")


async def test_every_wallet_is_read() -> None:
    it = everything()
    assert await it.poll() is None
    assert await up(it) == {"spot": 1, "futures": 1, "margin": 1, "pairs": 1, "pairs/AB": 1}


@pytest.mark.parametrize("refusal", [NO, NOTHING_THERE])
async def test_what_the_key_may_not_read_is_left_out_and_said_once(
    refusal: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    it = everything()
    it.state.book = book({})
    it.transport.says |= {"margin": refusal, "pairs": refusal}
    with caplog.at_level(logging.INFO):
        for _ in range(20):
            assert await it.poll(30) is None
    assert await up(it) == {"spot": 1, "futures": 1}
    assert "margin" not in await it.text()
    assert await it.one(TOTAL) == 10
    assert [record.message for record in caplog.records] == ["a wallet is left out; it is tried again once a day"] * 2
    assert it.transport.count("margin") == it.transport.count("pairs") == 1
    assert set(it.state.left_out) == {"margin", "pairs"}


async def test_what_was_left_out_is_tried_once_a_day_and_read_from_then_on() -> None:
    it = everything()
    it.transport.says["margin"] = NO
    await it.poll()
    while it.clock.now() < 1_000 + 3 * RARE_SECONDS:
        await it.poll(600)
    assert it.transport.count("margin") == 4
    it.transport.says["margin"] = {"USDT": "6"}
    while it.transport.count("margin") < 5:
        await it.poll(600)
    assert await it.free("margin") == 6
    assert not it.state.left_out
    await it.poll(30)
    assert it.transport.count("margin") == 6


async def test_a_try_that_fails_for_the_moment_is_made_again_soon() -> None:
    it = everything()
    it.transport.says["margin"] = NO
    await it.poll()
    it.transport.says["margin"] = TimedOut("slow")
    await it.poll(RARE_SECONDS)
    assert await up(it) == {"spot": 1, "futures": 1, "pairs": 1, "pairs/AB": 1}
    it.transport.says["margin"] = RATE
    for _ in range(40):
        await it.poll(30)
    it.transport.says["margin"] = {"USDT": "6"}
    await it.poll(30)
    assert await it.free("margin") == 6


async def test_a_wallet_that_only_all_asks_for_fails_by_itself() -> None:
    it = everything()
    it.transport.says["margin"] = ExchangeRefused("what?")
    assert await it.poll() is None
    assert await it.one("exchange_account_up") == 1
    assert await it.failing("margin") == "exchange"
    it.transport.says["futures"] = Unreachable("refused")
    await it.poll(30)
    assert await it.failing("futures") == "network"
    assert it.transport.count("margin") == 2


async def test_a_wallet_that_was_read_is_not_left_out_when_it_is_forbidden() -> None:
    it = everything()
    await it.poll()
    it.transport.says["margin"] = NO
    await it.poll(30)
    assert await it.failing("margin") == "permission"
    assert await it.free("margin") == 5


async def test_a_wallet_that_is_named_too_is_required() -> None:
    it = everything("all", "margin", "pairs/CD")
    it.transport.says |= {"margin": NO, "pairs": NO, "futures": NO}
    assert isinstance(await it.poll(), PermissionMissing)
    assert await up(it) == {"spot": 1, "margin": 0, "pairs": 0, "pairs/CD": 0}
    assert set(it.state.left_out) == {"futures"}


async def test_a_named_wallet_that_was_never_opened_holds_nothing() -> None:
    it = everything("all", "margin")
    it.transport.says["margin"] = NOTHING_THERE
    assert await it.poll() is None
    assert await it.one("exchange_wallet_fresh", wallet="margin") == 1
    it.transport.says["margin"] = {"USDT": "7"}
    await it.poll(30)
    assert await it.free("margin") == 7


async def test_the_main_wallet_is_always_opened() -> None:
    it = everything()
    it.transport.says["spot"] = NOTHING_THERE
    assert await it.poll() is NOTHING_THERE
    assert await it.failing("spot") == "exchange"


async def test_nothing_is_left_out_while_the_main_wallet_cannot_be_read() -> None:
    it = everything()
    it.transport.says |= dict.fromkeys(it.transport.says, NO)
    await it.poll()
    assert not it.state.left_out
    assert await it.failing("margin") == "permission"
    it.transport.says |= {"spot": {"USDT": "5"}, "futures": {"USDT": "5"}}
    for _ in range(60):
        await it.poll(30)
    assert set(it.state.left_out) == {"margin", "pairs"}
    assert await up(it) == {"spot": 1, "futures": 1}


async def test_with_a_group_that_is_left_out_its_wallets_are() -> None:
    it = everything(thresholds=(Threshold("USDT", "pairs/CD", warning=Decimal(1)),))
    it.transport.says["pairs"] = NO
    await it.poll()
    assert await up(it) == {"spot": 1, "futures": 1, "margin": 1}
    assert await it.one("exchange_balance_threshold", wallet="pairs/CD") == 1


async def test_a_key_that_is_refused_leaves_what_was_left_out_as_it_is() -> None:
    it = everything()
    it.transport.says["margin"] = NO
    await it.poll()
    it.transport.says["spot"] = AuthError("no such key")
    await it.poll(30)
    assert await it.failing("spot") == "auth"
    assert "margin" not in await up(it)


async def test_other_credentials_are_tried_at_once() -> None:
    it = everything()
    it.transport.says["margin"] = NO
    await it.poll()
    it.transport.says["margin"] = {"USDT": "6"}
    it.account_poll.renew(it.account.credentials)
    await it.poll(30)
    assert await it.free("margin") == 6


async def test_of_an_account_that_lists_its_wallets_all_of_the_list_and_the_others_are_read() -> None:
    it = PolledAccount(
        {"spot": wallet("spot"), "futures": wallet("futures")},
        account=configured(exchange="tiny", wallets=("all",)),
        discover=listing,
    )
    it.transport.says = {name: {"USDT": "5"} for name in ("spot", "futures", "earn", "margin")}
    it.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", "earn", "margin")}
    it.transport.says["margin"] = NO
    await it.poll()
    assert await up(it) == {"spot": 1, "futures": 1, "earn": 1}
    await it.poll(3600)
    assert await up(it) == {"spot": 1, "futures": 1, "earn": 1}
    it.transport.says["list"] = AuthError("no such key")
    await it.poll(24 * 3600)
    assert await it.failing("earn") == "auth"
    assert await up(it) == {"spot": 0, "futures": 0, "earn": 0}
    it.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", "earn")}
    await it.poll(3600)
    assert not it.state.left_out


async def test_the_wallets_of_a_group_are_not_missed_on_the_exchanges_list() -> None:
    it = PolledAccount(
        {"spot": wallet("spot"), "pairs": wallet("pairs", many=True)},
        account=configured(exchange="tiny", wallets=("all",)),
        discover=listing,
    )
    held = {f"pairs/P{number}": rows({"USDT": "5"}) for number in range(MOST_PARTS)}
    it.transport.says = {"spot": {"USDT": "5"}, "pairs": Reading(parts=held)}
    it.transport.says["list"] = lambda: {"spot": wallet("spot", default=True)}
    for _ in range(3):
        await it.poll(30)
    assert it.transport.count("list") == 1
    assert await it.free("pairs/P0") == 5
    it.transport.says["pairs"] = Reading(parts={f"pairs/Q{number}": rows({"USDT": "5"}) for number in range(10)})
    for _ in range(3):
        await it.poll(30)
    assert await it.free("pairs/P0") == 0


async def test_of_the_mode_that_the_answers_prove_every_wallet_is_read() -> None:
    classic = changed(API, wallets={name: wallet(name) for name in ("spot", "margin", "bots")})
    unified = changed(API, main="unified", wallets={name: wallet(name) for name in ("unified", "earn", "bots")})
    it = PolledAccount(
        apis={"classic": classic, "unified": unified},
        probes=True,
        account=configured(exchange="tiny", wallets=("all",)),
    )
    other = WrongApi("other", api="unified")
    it.transport.says = {"spot": {"USDT": "5"}, "margin": NO, "bots": NO}
    await it.poll()
    assert set(it.state.left_out) == {"margin", "bots"}
    it.transport.says = {"spot": other, "margin": other, "bots": TimedOut("slow"), "unified": {"USDT": "5"}, "earn": NO}
    await it.poll(30)
    assert await up(it) == {"unified": 1, "bots": 0}
    assert set(it.state.left_out) == {"earn"}
    assert it.state.elsewhere == ()


async def test_a_pair_of_a_group_that_the_mode_does_not_have_is_said_and_fails_nothing() -> None:
    classic = changed(API, wallets={"spot": wallet("spot"), "pairs": wallet("pairs", many=True)})
    unified = changed(API, main="unified", wallets={"unified": wallet("unified")})
    it = PolledAccount(
        apis={"classic": classic, "unified": unified},
        probes=True,
        account=configured(exchange="tiny", wallets=("main", "pairs/AB")),
    )
    other = WrongApi("other", api="unified")
    it.transport.says = {"spot": other, "pairs": other, "unified": {"USDT": "5"}}
    assert await it.poll() is None
    assert it.state.elsewhere == ("pairs/AB",)
    assert await up(it) == {"unified": 1}
