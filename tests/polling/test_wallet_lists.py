"""Accounts whose exchange lists their wallets: new ones, gone ones, and those that are hardly ever opened."""

import re
from decimal import Decimal
from typing import Any

from exporter.config.model import Threshold
from exporter.core.errors import AuthError, BadPayload, PermissionMissing, TimedOut, UnknownAccount, Unreachable
from exporter.exchanges import htx
from exporter.holdings.account import MOST_GONE
from exporter.polling.plan import LIST_SECONDS
from tests.exchanges.driver import converse
from tests.kit.accounts import configured
from tests.kit.scripted import PolledAccount, listing, polled_account, wallet

UP = "exchange_account_up"

DAY = 24 * 3600.0


def listed(*names: str, **more: Any) -> PolledAccount:
    made = polled_account(*names, discover=listing, may_be_absent=lambda name: name != "nonsense", **more)
    made.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", *names)}
    return made


def usdt(of_wallet: str) -> Threshold:
    return Threshold("USDT", of_wallet, warning=Decimal(5))


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
    await it.poll(30)
    assert await it.free("margin") == 0.0
    while it.clock.now() < 1_030 + LIST_SECONDS + DAY - 700:
        await it.poll(600)
    assert await it.free("margin") == 0.0
    await it.poll(600)
    await it.poll(600)
    await it.poll(600)
    assert await it.free("margin") is None
    assert "margin" not in await it.text()


async def test_a_pair_that_a_threshold_names_exists_on_the_list_or_not() -> None:
    pair = "isolated_margin/BTCUSDT"
    it = listed(account=configured(exchange="tiny", thresholds=(usdt(pair),)))
    await it.poll()
    assert await it.free(pair) == 0.0
    assert await it.one(UP) == 1
    it.transport.says[pair] = {"USDT": "7"}
    it.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", pair)}
    await it.poll(LIST_SECONDS)
    assert await it.free(pair) == 7.0
    it.transport.says["list"] = lambda: {"spot": wallet("spot", default=True)}
    await it.poll(LIST_SECONDS)
    for _ in range(4):
        await it.poll(DAY)
    assert await it.free(pair) == 0.0
    assert await it.one("exchange_wallet_fresh", wallet=pair) == 1


async def test_a_threshold_on_a_family_is_one_on_each_listed_pair_that_has_the_currency() -> None:
    one, other = "isolated_margin/BTCUSDT", "isolated_margin/ETHBTC"
    it = listed(one, other, account=configured(exchange="tiny", thresholds=(usdt("isolated_margin"),)))
    it.transport.says[other] = {"ETH": "7"}
    await it.poll()
    limits = (await it.samples()).by("exchange_balance_threshold", "wallet")
    assert limits == {one: 5}


async def test_a_wallet_that_one_list_lacks_keeps_its_balances_until_the_next_poll_reads_the_list_again() -> None:
    it = listed("margin")
    await it.poll()
    whole = it.transport.says["list"]
    for _ in range(2):
        await it.poll(LIST_SECONDS - 300)
        it.transport.says["list"] = lambda: {"spot": wallet("spot", default=True)}
        lists = it.transport.count("list")
        await it.poll(300)
        assert it.transport.count("list") == lists + 1
        assert await it.free("margin") == 5.0
        it.transport.says["list"] = whole
        await it.poll(30)
        assert it.transport.count("list") == lists + 2
        assert await it.free("margin") == 5.0


async def test_the_zeros_of_a_gone_wallet_end_when_the_exchange_answers_nothing_any_more() -> None:
    it = listed("margin")
    await it.poll()
    it.transport.says["list"] = lambda: {"spot": wallet("spot", default=True)}
    await it.poll(LIST_SECONDS)
    await it.poll(30)
    it.transport.says = dict.fromkeys(it.transport.says, Unreachable("gone"))
    for _ in range(30):
        await it.poll(30)
    assert await it.free("margin") is None
    assert await it.free("spot") is None


async def test_a_named_wallet_that_is_not_opened_yet_is_up_and_empty() -> None:
    it = listed(account=configured(exchange="tiny", wallets=("main", "margin")))
    assert await it.poll() is None
    assert await it.one(UP) == 1
    assert await it.one("exchange_wallet_fresh", wallet="margin") == 1
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
    assert it.outcome.slowing is None
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
    it = PolledAccount({"spot": wallet("spot")}, discover=listing)
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
    it = PolledAccount({"spot": wallet("spot")}, discover=listing)
    kinds = {"spot": wallet("spot", default=True), "earn": wallet("earn", default=True, rare=True)}
    it.transport.says = {"spot": {"USDT": "5"}, "earn": Unreachable("gone"), "list": lambda: kinds}
    await it.poll()
    it.transport.says["earn"] = {"BTC": "1"}
    for _ in range(3):
        await it.poll(30)
    assert await it.free("earn", "BTC") == 1.0


async def test_lists_that_name_other_wallets_at_every_renewal_stay_within_bounds() -> None:
    it = listed()
    wallets = []
    for renewal in range(8):
        names = [f"isolated_margin/R{renewal}C{number}" for number in range(200)]
        it.transport.says = {name: {"USDT": "5"} for name in ("spot", *names)}
        it.transport.says["list"] = lambda names=names: {name: wallet(name, default=True) for name in ("spot", *names)}
        it.account_poll.plan.renew_list()
        await it.poll(30)
        await it.poll(30)
        wallets.append(len(it.state.wallets))
    assert wallets[-1] == wallets[-2] == 1 + 200 + MOST_GONE
    fresh = (await it.samples()).by("exchange_balance_available", "wallet")
    assert fresh[f"isolated_margin/R{renewal}C7"] == 5
    assert fresh[f"isolated_margin/R{renewal - 1}C7"] == 0
    assert "isolated_margin/R0C7" not in fresh


async def test_a_scrape_finds_no_series_twice_whatever_the_wallets_are_called() -> None:
    it = listed(account=configured(exchange="tiny", thresholds=(usdt("main"), usdt("spot"))))
    kinds = ["spot", "main", "overview", "\ud800", "\\ud800", "Main", "main", "margin", "super-margin", "cross-margin"]
    rows = [{"id": number, "type": kind, "subtype": "x"} for number, kind in enumerate(kinds)]
    wallets = converse(htx.discover(), rows).result
    it.transport.says = {name: {"usdt": "5", "USDT": "6", "\ud800": "1"} for name in wallets}
    it.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in wallets}
    await it.poll()
    await it.poll(30)
    samples = await it.samples()  # refuses a series that stands there twice
    assert len(samples.by("exchange_wallet_up", "wallet")) == len(wallets)
    assert len(samples.of("exchange_balance_threshold")) == 1


async def test_a_wallet_that_is_called_like_a_key_is_read_under_a_mask() -> None:
    names = ("the-key/of-desk", "the-other-key/of-desk")
    it = listed(*names, masked=lambda text: re.sub("the-(other-)?key", "<secret>", text))
    for _ in range(2):
        assert await it.poll(30) is None
    assert await it.free("<secret>/of-desk") == 5.0
    assert await it.free("<secret>/of-desk-2") == 5.0
    it.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", *reversed(names))}
    it.transport.says[names[0]] = {"USDT": "6"}
    assert await it.poll(LIST_SECONDS) is None
    assert await it.free("<secret>/of-desk") == 6.0, "each keeps its name, whatever the order of the list"
    assert "the-" not in await it.text()
