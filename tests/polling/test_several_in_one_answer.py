"""One answer tells of several wallets: each is served, emptied and expired by itself, and fails with the answer."""

import logging
from decimal import Decimal
from typing import Any

import pytest

from exporter.config.model import Threshold
from exporter.core.errors import NotOpened, PermissionMissing, Unreachable
from exporter.core.model import Reading, Unreadable
from exporter.holdings.account import MOST_GONE, MOST_PARTS
from tests.kit.accounts import book, configured
from tests.kit.scripted import RATE, PolledAccount, rows, wallet

DAY = 24 * 3600.0
GROUP = "isolated_margin"
BTC, ETH, XRP = (f"{GROUP}/{base}USDT" for base in ("BTC", "ETH", "XRP"))
TOTAL = "exchange_account_usd"
LIMIT = "exchange_balance_threshold"


def pairs(**held: dict[str, str]) -> Reading:
    return Reading(parts={f"{GROUP}/{name}": rows(amounts) for name, amounts in held.items()})


def grouped(*names: str, **more: Any) -> PolledAccount:
    """An account that reads the wallets of these names; the group tells of two pairs."""
    account = configured(exchange="tiny", wallets=names or ("main", GROUP), **more)
    it = PolledAccount({"spot": wallet("spot"), GROUP: wallet(GROUP, many=True, borrows=True)}, account=account)
    it.transport.says = {"spot": {"USDT": "5"}, GROUP: pairs(BTCUSDT={"BTC": "1", "USDT": "7"}, ETHUSDT={"ETH": "2"})}
    return it


async def states(it: PolledAccount, family: str) -> dict[Any, float]:
    return (await it.samples()).by(family, "wallet")


async def test_each_wallet_of_an_answer_is_a_wallet_of_its_own() -> None:
    it = grouped()
    assert await it.poll() is None
    assert await it.free(BTC, "BTC") == 1
    assert await it.free(BTC) == 7
    assert await it.free(ETH, "ETH") == 2
    for family in ("exchange_wallet_up", "exchange_wallet_fresh"):
        assert await states(it, family) == {"spot": 1, GROUP: 1, BTC: 1, ETH: 1}
    assert len(set((await states(it, "exchange_wallet_last_success_timestamp_seconds")).values())) == 1
    assert it.transport.count(GROUP) == 1
    assert await it.one("exchange_balance_borrowed", wallet=ETH, currency="USDT") is None


async def test_the_group_itself_holds_no_balance_and_is_in_no_sum() -> None:
    it = grouped()
    it.state.book = book({"BTC": "100", "ETH": "10"})
    it.clock.time = 5_000.0
    await it.poll()
    held = (await it.samples()).of("exchange_balance_net")
    assert {labels["wallet"] for labels, _ in held} == {"spot", BTC, ETH}
    assert await it.one(TOTAL) == 5 + 100 + 7 + 20


async def test_nothing_is_said_of_the_whole_before_the_group_was_read_once() -> None:
    it = grouped()
    it.state.book = book({"BTC": "100", "ETH": "10"})
    it.clock.time = 5_000.0
    it.transport.says[GROUP] = Unreachable("refused")
    await it.poll()
    assert await it.one(TOTAL) is None
    it.transport.says[GROUP] = Reading()
    await it.poll(30)
    assert await it.one(TOTAL) == 5


async def test_all_of_them_fail_with_the_answer_and_keep_their_balances_until_they_are_stale() -> None:
    it = grouped()
    it.state.book = book({"BTC": "100", "ETH": "10"})
    it.clock.time = 5_000.0
    await it.poll()
    it.transport.says[GROUP] = Unreachable("refused")
    error = await it.poll(30)
    assert error is not None
    assert await states(it, "exchange_wallet_up") == {"spot": 1, GROUP: 0, BTC: 0, ETH: 0}
    assert await it.failing(BTC) == await it.failing(ETH) == await it.failing(GROUP) == "network"
    assert await it.free(ETH, "ETH") == 2
    for _ in range(20):
        await it.poll(30)
    assert await it.free(ETH, "ETH") is None
    assert await states(it, "exchange_wallet_fresh") == {"spot": 1, GROUP: 0, BTC: 0, ETH: 0}
    assert await it.one(TOTAL) is None
    it.transport.says[GROUP] = pairs(BTCUSDT={"BTC": "1"}, ETHUSDT={"ETH": "2"})
    assert await it.poll(30) is None
    assert await it.failing(BTC) is None
    assert await it.free(ETH, "ETH") == 2


async def test_the_log_says_once_that_the_answer_fails(caplog: pytest.LogCaptureFixture) -> None:
    it = grouped()
    await it.poll()
    it.transport.says[GROUP] = Unreachable("refused")
    with caplog.at_level(logging.INFO):
        await it.poll(30)
    assert [record.message for record in caplog.records] == ["the wallet cannot be read"]


async def test_a_wallet_that_leaves_the_answer_reads_zeros_for_a_day_and_goes() -> None:
    it = grouped()
    it.transport.says[GROUP] = pairs(BTCUSDT={"BTC": "1"}, ETHUSDT={"ETH": "2"}, XRPUSDT={"XRP": "3"})
    await it.poll()
    it.transport.says[GROUP] = pairs(BTCUSDT={"BTC": "1"}, XRPUSDT={"XRP": "3"})
    await it.poll(30)
    assert await it.free(ETH, "ETH") == 2  # one answer does not prove it
    await it.poll(30)
    assert await it.free(ETH, "ETH") == 0
    assert await it.one("exchange_balance_borrowed", wallet=ETH, currency="ETH") == 0
    await it.poll(DAY - 60)
    assert await it.free(ETH, "ETH") == 0
    await it.poll(90)
    await it.poll(30)
    assert ETH not in await it.text()
    assert await it.free(XRP, "XRP") == 3


async def test_a_wallet_that_is_back_after_one_answer_never_read_zero() -> None:
    it = grouped()
    await it.poll()
    whole = it.transport.says[GROUP]
    for _ in range(3):
        it.transport.says[GROUP] = pairs(BTCUSDT={"BTC": "1", "USDT": "7"})
        await it.poll(30)
        assert await it.free(ETH, "ETH") == 2
        it.transport.says[GROUP] = whole
        await it.poll(30)
        assert await it.free(ETH, "ETH") == 2


async def test_an_answer_without_most_of_them_is_believed_when_the_next_repeats_it() -> None:
    it = grouped()
    it.transport.says[GROUP] = pairs(**{f"P{number}": {"USDT": "1"} for number in range(5)}, NEW={"USDT": "1"})
    await it.poll()
    it.transport.says[GROUP] = pairs(P0={"USDT": "9"})
    assert await it.poll(30) is None
    assert await it.free(f"{GROUP}/P0") == 1  # nothing of it is taken yet
    assert await it.free(f"{GROUP}/P4") == 1
    assert await states(it, "exchange_wallet_up") == dict.fromkeys(it.state.wallets, 1)
    await it.poll(30)
    assert await it.free(f"{GROUP}/P0") == 9
    assert await it.free(f"{GROUP}/P4") == 0


async def test_worth_counts_as_number_does() -> None:
    it = grouped()
    it.state.book = book({"BTC": "100", "ETH": "10"})
    it.clock.time = 5_000.0
    await it.poll()
    it.transport.says[GROUP] = pairs(ETHUSDT={"ETH": "3"})
    await it.poll(30)
    assert await it.free(ETH, "ETH") == 2
    await it.poll(30)
    assert await it.free(ETH, "ETH") == 3
    assert await it.free(BTC, "BTC") == 0


async def test_an_emptied_answer_is_believed_when_it_comes_twice_in_a_row_only() -> None:
    it = grouped()
    await it.poll()
    it.transport.says[GROUP] = Reading()
    await it.poll(30)
    it.transport.says[GROUP] = Unreachable("refused")
    await it.poll(30)
    it.transport.says[GROUP] = Reading()
    await it.poll(30)
    assert await it.free(BTC, "BTC") == 1
    await it.poll(30)
    assert await it.free(BTC, "BTC") == 0
    assert await it.free(ETH, "ETH") == 0


async def test_a_named_wallet_exists_from_the_first_second_and_holds_nothing_where_the_answer_lacks_it() -> None:
    it = grouped("main", XRP, thresholds=(Threshold("XRP", XRP, warning=Decimal(5)),))
    assert (await states(it, "exchange_wallet_up"))[XRP] == 0
    assert await it.poll() is None
    assert await it.free(XRP, "XRP") == 0
    assert await states(it, "exchange_wallet_fresh") == {"spot": 1, GROUP: 1, XRP: 1}
    assert await it.one("exchange_account_up") == 1
    for _ in range(3):
        await it.poll(DAY)
    assert await it.free(XRP, "XRP") == 0
    it.transport.says[GROUP] = pairs(XRPUSDT={"XRP": "3"}, BTCUSDT={"BTC": "1"})
    await it.poll(30)
    assert await it.free(XRP, "XRP") == 3
    assert BTC not in await it.text()


async def test_a_wallet_that_only_a_threshold_names_exists_too() -> None:
    it = grouped(thresholds=(Threshold("XRP", XRP, warning=Decimal(5)),))
    await it.poll()
    assert await it.free(XRP, "XRP") == 0
    assert await it.one(LIMIT, wallet=XRP) == 5


async def test_an_account_with_a_named_pair_is_up_only_when_the_answer_was_read() -> None:
    it = grouped("main", XRP)
    it.transport.says[GROUP] = PermissionMissing("not ticked")
    error = await it.poll()
    assert isinstance(error, PermissionMissing)
    assert await it.one("exchange_account_up") == 0
    assert await it.failing(XRP) == "permission"


async def test_a_threshold_on_the_group_is_one_on_each_wallet_that_has_the_currency() -> None:
    limits = (Threshold("USDT", GROUP, warning=Decimal(50)), Threshold("USDT", XRP, warning=Decimal(1)))
    it = grouped(thresholds=limits)
    assert await states(it, LIMIT) == {XRP: 1}
    await it.poll()
    assert await states(it, LIMIT) == {XRP: 1, BTC: 50}
    assert await it.free(ETH) is None
    it.transport.says[GROUP] = pairs(BTCUSDT={"BTC": "1"}, ETHUSDT={"USDT": "2"}, XRPUSDT={"USDT": "3"})
    await it.poll(30)
    await it.poll(30)
    assert await states(it, LIMIT) == {XRP: 1, BTC: 50, ETH: 50}
    assert await it.free(BTC) == 0
    for wait in (DAY, 30, 30):
        await it.poll(wait)
    assert await states(it, LIMIT) == {XRP: 1, ETH: 50}


async def test_a_row_that_cannot_be_read_is_its_own_wallets_alone(caplog: pytest.LogCaptureFixture) -> None:
    it = grouped()
    bad = Reading(rows({"BTC": "1"}).balances, unreadable=[Unreadable("USDT", "null where a number belongs")])
    it.transport.says[GROUP] = Reading(parts={BTC: bad, ETH: rows({"USDT": "4"})})
    await it.poll()
    assert await it.free(BTC) is None
    assert await it.free(ETH) == 4
    assert (await states(it, "exchange_wallet_unreadable_rows"))[BTC] == 1
    assert "a row cannot be read" in caplog.text


async def test_more_wallets_than_anybody_has_are_no_answer() -> None:
    it = grouped()
    await it.poll()
    it.transport.says[GROUP] = pairs(**{f"P{number}": {"USDT": "1"} for number in range(MOST_PARTS + 1)})
    await it.poll(30)
    assert await it.failing(GROUP) == "payload"
    assert len(it.state.wallets) == 4
    assert await it.free(BTC, "BTC") == 1


async def test_an_exchange_that_makes_up_pairs_does_not_fill_the_memory() -> None:
    it = grouped()
    for turn in range(6):
        it.transport.says[GROUP] = pairs(**{f"P{turn}X{number}": {"USDT": "1"} for number in range(400)})
        await it.poll(30)
        await it.poll(30)
    assert len(it.state.wallets) <= 2 + 400 + MOST_GONE


async def test_a_secret_in_a_name_is_not_served() -> None:
    it = PolledAccount(
        {"spot": wallet("spot"), GROUP: wallet(GROUP, many=True)},
        account=configured(exchange="tiny", wallets=("main", GROUP)),
        masked=lambda name: name.replace("SECRET", "<secret>"),
    )
    it.transport.says = {"spot": {"USDT": "5"}, GROUP: pairs(SECRET={"USDT": "1"})}
    await it.poll()
    assert await it.free(f"{GROUP}/<secret>") == 1
    assert "SECRET" not in await it.text()


async def test_without_a_token_the_wallets_stand_as_the_group_does() -> None:
    it = grouped()
    await it.poll()
    it.transport.says[GROUP] = RATE
    await it.poll(30)
    assert await states(it, "exchange_wallet_up") == {"spot": 1, GROUP: 1, BTC: 1, ETH: 1}
    await it.poll(30)
    assert await it.failing(BTC) == await it.failing(GROUP) == "rate_limited"


async def test_a_group_that_was_never_opened_holds_nothing() -> None:
    it = grouped("main", GROUP, BTC)
    it.transport.says[GROUP] = NotOpened("51001: no margin account")
    assert await it.poll() is None
    assert await states(it, "exchange_wallet_up") == {"spot": 1, GROUP: 1, BTC: 1}


async def test_a_group_that_holds_something_was_opened() -> None:
    it = grouped()
    await it.poll()
    it.transport.says[GROUP] = NotOpened("51001: no margin account")
    for _ in range(20):
        assert await it.poll(30) is not None
        assert await it.free(ETH, "ETH") == 2
        assert await it.failing(ETH) == "exchange"
    assert await it.poll(30) is None  # by now nothing of it is served any more
    assert await it.free(ETH, "ETH") == 0
