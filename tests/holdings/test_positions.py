"""Wallets with positions: profit and margin ratio come, change and go with the wallet; equity may be below zero."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import Unreachable
from exporter.core.model import Balance, Reading
from exporter.exposition.filters import Filters
from exporter.holdings.account import AccountState
from tests.kit.accounts import NOW, STALE_AFTER, WALL, Desk, balance, book, read, readable
from tests.kit.scrape import Samples

PNL = "exchange_balance_unrealized_pnl"
RATIO = "exchange_wallet_margin_ratio"
NET = "exchange_balance_net"
USD = "exchange_balance_usd"


def position(currency: str, net: str, pnl: str | None, **other: Any) -> Balance:
    """A row of a futures wallet."""
    stated = None if pnl is None else Decimal(pnl)
    return balance(currency, "0", net=Decimal(net), pnl=stated, **other)


def state(state: AccountState, *rows: Balance, ratio: str | None = None, at: float = NOW) -> None:
    """Let the futures wallet answer."""
    read(state, *rows, wallet="futures", at=at, ratio=ratio)


def lines(text: str, family: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"{family}{{")]


def test_profit_and_margin_ratio_are_served_as_they_were_written() -> None:
    desk = Desk()
    state(desk.account(), position("USDT", "995.25000000", "-4.75000000"), ratio="0.62500")
    for openmetrics in (False, True):
        text = desk.text(openmetrics=openmetrics)
        [pnl], [ratio] = lines(text, PNL), lines(text, RATIO)
        assert pnl == f'{PNL}{{exchange="xt",account="desk",wallet="futures",currency="USDT"}} -4.75000000'
        assert ratio == f'{RATIO}{{exchange="xt",account="desk",wallet="futures"}} 0.62500'


def test_a_stated_profit_of_zero_is_a_zero_and_an_unstated_one_is_nothing() -> None:
    desk = Desk()
    state(desk.account(), position("USDT", "5", "0"), position("BTC", "1", None))
    assert desk.values(PNL, "currency") == {"USDT": 0}
    assert desk.values(RATIO, "wallet") == {}


def test_a_spot_wallet_has_neither() -> None:
    desk = Desk()
    account = desk.account()
    read(account, balance("BTC", "1"))
    state(account, position("USDT", "5", "1"), ratio="0.1")
    assert desk.values(PNL, "wallet") == {"futures": 1}
    assert desk.values(RATIO, "wallet") == {"futures": 0.1}


def test_both_are_replaced_by_the_next_answer_and_go_when_it_states_none() -> None:
    desk = Desk()
    account = desk.account()
    kept = position("BTC", "2", "0.5")
    state(account, position("USDT", "5", "1"), kept, ratio="0.1")
    state(account, position("USDT", "6", "2"), kept, ratio="0.2", at=NOW + 30)
    assert desk.values(PNL, "currency") == {"USDT": 2, "BTC": 0.5}
    assert desk.values(RATIO, "wallet") == {"futures": 0.2}
    state(account, position("USDT", "6", None), kept, at=NOW + 60)
    assert desk.values(PNL, "currency") == {"BTC": 0.5}
    assert desk.values(RATIO, "wallet") == {}


@pytest.mark.parametrize(("before", "after"), [("0.5", "0.50"), ("0.5", "0.6"), (None, "0"), ("0", None)])
def test_a_ratio_that_alone_has_changed_is_served(before: str | None, after: str | None) -> None:
    desk = Desk()
    account, row = desk.account(), position("USDT", "5", "1")
    state(account, row, ratio=before)
    state(account, row, ratio=after, at=NOW + 30)
    assert [line.rpartition(" ")[2] for line in lines(desk.text(), RATIO)] == ([] if after is None else [after])


@pytest.mark.parametrize("impossible", ["-0.1", "NaN", "Infinity", "1e400"])
def test_what_no_ratio_can_be_costs_the_ratio_only(impossible: str) -> None:
    desk = Desk()
    account = desk.account()
    state(account, position("USDT", "5", "1"), ratio="0.1")
    state(account, position("USDT", "6", "2"), ratio=impossible, at=NOW + 30)
    assert desk.values(RATIO, "wallet") == {}
    assert (desk.values(NET, "currency"), desk.values(PNL, "currency")) == ({"USDT": 6}, {"USDT": 2})


def test_a_ratio_beyond_liquidation_is_served_as_it_is_stated() -> None:
    desk = Desk()
    state(desk.account(), position("USDT", "5", "1"), ratio="1.25")
    assert desk.values(RATIO, "wallet") == {"futures": 1.25}


def test_an_answer_of_the_same_rows_and_ratio_changes_nothing() -> None:
    desk = Desk()
    account, row = desk.account(), position("USDT", "5", "1")
    wallet = account.wallet("futures", readable())
    assert wallet.accept(Reading([row], margin_ratio=Decimal("0.50")), NOW, NOW)
    assert not wallet.accept(Reading([row], margin_ratio=Decimal("0.50")), NOW + 30, NOW + 30)


def test_both_stand_while_reads_fail_and_are_withdrawn_with_the_wallet() -> None:
    desk = Desk()
    account = desk.account()
    state(account, position("USDT", "5", "1"), ratio="0.1")
    account.refused(account.wallets["futures"], Unreachable("refused"), NOW + 30, WALL + 30)
    last = NOW + STALE_AFTER
    assert (len(desk.values(PNL, "currency", now=last)), len(desk.values(RATIO, "wallet", now=last))) == (1, 1)
    assert (desk.values(PNL, "currency", now=last + 1), desk.values(RATIO, "wallet", now=last + 1)) == ({}, {})
    state(account, position("USDT", "5", "1"), ratio="0.1", at=last + 30)
    assert (len(desk.values(PNL, "currency")), len(desk.values(RATIO, "wallet"))) == (1, 1)


def test_with_stale_after_0_a_failure_withdraws_both_at_once() -> None:
    desk = Desk()
    account = desk.account(stale_after=0.0)
    state(account, position("USDT", "5", "1"), ratio="0.1")
    account.refused(account.wallets["futures"], Unreachable("refused"), NOW + 30, WALL + 30)
    assert (desk.values(PNL, "currency"), desk.values(RATIO, "wallet")) == ({}, {})


def test_a_wallet_that_is_forgotten_leaves_neither() -> None:
    desk = Desk()
    account = desk.account()
    state(account, position("USDT", "5", "1"), ratio="0.1")
    account.forget(account.wallets["futures"])
    assert (desk.values(PNL, "currency"), desk.values(RATIO, "wallet")) == ({}, {})


def test_a_currency_that_reads_0_by_rule_states_no_profit() -> None:
    desk = Desk()
    account = desk.account()
    kept = [position(name, "1", "1") for name in ("BTC", "ETH")]
    state(account, position("USDT", "5", "1"), *kept)
    state(account, *kept, at=NOW + 30)
    assert desk.values(NET, "currency") == {"BTC": 1, "ETH": 1, "USDT": 0}
    assert desk.values(PNL, "currency") == {"BTC": 1, "ETH": 1}


def test_equity_that_a_loss_has_eaten_up_is_no_emptied_currency() -> None:
    desk = Desk()
    account = desk.account()
    state(account, position("USDT", "5", "-95"), ratio="0.9")
    state(account, position("USDT", "0", "-100"), ratio="1", at=NOW + 30)
    assert desk.values(NET, "currency") == {"USDT": 0}
    assert desk.values(PNL, "currency") == {"USDT": -100}
    assert account.wallets["futures"].holds


def test_an_answer_that_has_yet_to_be_repeated_leaves_both_standing() -> None:
    desk = Desk()
    account = desk.account()
    state(account, position("USDT", "5", "1"), ratio="0.1")
    state(account, at=NOW + 30)
    assert (desk.values(PNL, "currency"), desk.values(RATIO, "wallet")) == ({"USDT": 1}, {"futures": 0.1})
    state(account, at=NOW + 60)
    assert (desk.values(PNL, "currency"), desk.values(RATIO, "wallet")) == ({}, {})


def test_a_hidden_currency_hides_its_profit_and_not_the_ratio_of_its_wallet() -> None:
    desk = Desk()
    account = desk.account(prices=book({"BTC": "100"}), exclude=("SAFE",), min_usd=Decimal(10))
    rows = [position("SAFE", "900", "1"), position("USDT", "5", "2"), position("BTC", "1", "3")]
    state(account, *rows, ratio="0.1")
    assert desk.values(PNL, "currency") == {"BTC": 3}
    assert desk.values(RATIO, "wallet") == {"futures": 0.1}


async def test_both_are_chosen_by_account() -> None:
    desk = Desk()
    for name in ("one", "two"):
        state(desk.account(name), position("USDT", "5", "1"), ratio="0.1")
    scrape = await desk.exposition.scrape(openmetrics=False, gzip=False, filters=Filters(accounts=("two",)))
    assert scrape is not None
    samples = Samples(scrape.body.decode())
    assert samples.by(PNL, "account") == {"two": 1}
    assert samples.by(RATIO, "account") == {"two": 0.1}


# Equity below zero.


def test_equity_below_zero_is_shown_with_its_value_and_subtracts() -> None:
    desk = Desk()
    account = desk.account(prices=book({"BTC": "100"}))
    read(account, balance("USDT", "1000"))
    state(account, position("BTC", "-2.5", "-3.5"))
    assert desk.values(NET, "wallet", "currency") == {("spot", "USDT"): 1000, ("futures", "BTC"): -2.5}
    assert desk.values(USD, "wallet", "currency") == {("spot", "USDT"): 1000, ("futures", "BTC"): -250}
    assert desk.values("exchange_account_usd", "account") == {"desk": 750}
    assert desk.values("exchange_wallet_unpriced_currencies", "wallet") == {"spot": 0, "futures": 0}


def test_an_account_that_owes_more_than_it_holds_is_worth_less_than_nothing() -> None:
    desk = Desk()
    account = desk.account(prices=book({}))
    read(account, balance("USDT", "10"))
    state(account, position("USDT", "-25", "-30"))
    assert desk.values("exchange_account_usd", "account") == {"desk": -15}


@pytest.mark.parametrize("stated", ["usd", "usdt", "price"])
def test_equity_below_zero_is_valued_as_the_answer_values_it(stated: str) -> None:
    desk = Desk()
    worth = Decimal(2) if stated == "price" else Decimal("-20.000")
    state(desk.account(prices=book({"ODD": "7"})), position("ODD", "-10", "-11", **{stated: worth}))
    assert desk.values(USD, "currency") == {"ODD": -20}


def test_a_large_debt_is_not_small_and_comes_before_a_small_holding() -> None:
    desk = Desk()
    account = desk.account(prices=book({"BTC": "100"}), min_usd=Decimal(10), max_currencies=1)
    state(account, position("USDT", "50", None), position("BTC", "-2", "-3"), position("USDC", "-1", "-1"))
    assert desk.values(NET, "currency") == {"BTC": -2}
    assert desk.values("exchange_wallet_hidden_currencies", "wallet")["futures"] == 2


def test_equity_that_falls_below_zero_needs_no_second_answer() -> None:
    desk = Desk()
    account = desk.account(prices=book({}))
    state(account, position("USDT", "5", "-1"))
    state(account, position("USDT", "-5", "-11"), at=NOW + 30)
    assert desk.values(NET, "currency") == {"USDT": -5}
