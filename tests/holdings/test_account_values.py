"""What an account is worth: by the prices of the moment, and only while it is known whole."""

from dataclasses import replace
from decimal import Decimal

import pytest

from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import (
    REASONS,
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ClockRefused,
    ExchangeRefused,
    InternalError,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
    TimedOut,
    TlsFailed,
    UnknownAccount,
    Unreachable,
)
from exporter.core.model import Reading, Unreadable, WalletValue
from tests.kit.accounts import NOW, WALL, Desk, balance, book, read, readable, refuse

AVAILABLE = "exchange_balance_available"
USD = "exchange_balance_usd"
TOTAL = "exchange_account_usd"
REPORTED = "exchange_wallet_reported_usd"


@pytest.mark.parametrize("required", [True, False])
def test_the_sum_is_absent_until_each_wallet_was_read_and_while_one_is_not_fresh(required: bool) -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100"}), wallets=("funding",) if required else None)
    state.wallet("funding", readable())
    read(state, balance("BTC", "1"))
    assert desk.values(TOTAL, "account") == {}
    read(state, balance("BTC", "2"), wallet="funding", at=NOW + 30)
    assert desk.values(TOTAL, "account", now=NOW + 30) == {"desk": 300}
    assert desk.values(TOTAL, "account", now=NOW + 601) == {}  # the main wallet is gone


def test_the_sum_goes_when_an_optional_wallet_expires_and_is_whole_again_with_it() -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    read(state, balance("USDT", "9900"), wallet="funding")
    read(state, balance("USDT", "100"), at=NOW + 300)
    refuse(state, TimedOut("nothing came"), wallet="funding", at=NOW + 300)
    assert desk.values(TOTAL, "account", now=NOW + 600) == {"desk": 10_000}
    assert desk.values(TOTAL, "account", now=NOW + 601) == {}
    refuse(state, PermissionMissing("not any more"), wallet="funding", at=NOW + 602)
    assert desk.values(TOTAL, "account", now=NOW + 602) == {}  # it was read once: what it held is not gone
    read(state, balance("USDT", "9000"), wallet="funding", at=NOW + 610)
    assert desk.values(TOTAL, "account", now=NOW + 610) == {"desk": 9_100}


REFUSALS = [PermissionMissing("no"), ExchangeRefused("no margin account"), BadPayload("odd")]
MOMENTARY = [
    AuthError("no"),
    IpRefused("no"),
    ClockRefused("late"),
    RateLimited("slow down"),
    Banned("stop"),
    Maintenance("later"),
    TimedOut("nothing came"),
    Unreachable("refused"),
    TlsFailed("expired"),
    BadStatus("502"),
    InternalError("a bug"),
    UnknownAccount("which?"),
]
ASKED = (Maintenance, TimedOut, BadStatus, InternalError)
"""Failures of the moment after which a rare wallet was asked all the same."""


def test_every_failure_is_one_of_the_wallet_or_of_the_moment() -> None:
    assert {error.reason for error in (*REFUSALS, *MOMENTARY)} == set(REASONS)


@pytest.mark.parametrize("error", REFUSALS + MOMENTARY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("rare", [False, True])
def test_a_wallet_that_was_never_read_does_not_count_once_it_is_refused_for_what_it_is(
    error: PollError, rare: bool
) -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    state.wallet("funding", readable(rare=rare))
    state.wallet("margin", readable())
    read(state, balance("USDT", "100"))
    read(state, balance("USDT", "1"), wallet="margin")
    assert desk.values(TOTAL, "account") == {}
    refuse(state, error, wallet="funding")
    left_out = error in REFUSALS or (rare and isinstance(error, ASKED))
    assert desk.values(TOTAL, "account") == ({"desk": 101} if left_out else {})
    refuse(state, PermissionMissing("no"), wallet="funding")
    refuse(state, TimedOut("nothing came"), wallet="funding")
    assert desk.values(TOTAL, "account") == {"desk": 101}  # what this key may not do is known by now
    read(state, balance("USDT", "900"), wallet="funding")
    assert desk.values(TOTAL, "account") == {"desk": 1_001}


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_the_main_wallet_always_counts(error: PollError) -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    read(state, balance("USDT", "100"), wallet="funding")
    refuse(state, error)
    assert desk.values(TOTAL, "account") == {}


def test_another_key_may_be_able_to_read_what_the_one_before_was_not() -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    read(state, balance("USDT", "100"))
    refuse(state, PermissionMissing("no"), wallet="funding")
    assert desk.values(TOTAL, "account") == {"desk": 100}
    state.account = replace(state.account, credentials=Credentials(Secret("another"), Secret("and its secret")))
    read(state, balance("USDT", "101"), at=NOW + 1)
    assert desk.values(TOTAL, "account", now=NOW + 1) == {}
    refuse(state, PermissionMissing("no"), wallet="funding", at=NOW + 2)
    assert desk.values(TOTAL, "account", now=NOW + 2) == {"desk": 101}


def test_a_wallet_that_the_list_has_anew_makes_the_sum_unknown_until_it_is_read() -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    read(state, balance("USDT", "100"))
    state.wallet("grid", readable())
    assert desk.values(TOTAL, "account") == {}
    assert state.usd is None
    state.forget(state.wallets["grid"])
    assert desk.values(TOTAL, "account") == {"desk": 100}


def test_a_row_that_cannot_be_read_makes_the_sum_unknown() -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    wallet = state.wallet("spot", readable())
    whole = Reading(balances=[balance("USDT", "100"), balance("BTC", "0.000001", usd=Decimal("1.000"))])
    state.accepted(wallet, whole, NOW, WALL)
    assert desk.values(TOTAL, "account") == {"desk": 101}
    state.accepted(wallet, Reading(whole.balances[:1], unreadable=(Unreadable("BTC", "null"),)), NOW, WALL)
    assert desk.values(TOTAL, "account") == {}
    state.accepted(wallet, whole, NOW, WALL)
    assert desk.values(TOTAL, "account") == {"desk": 101}


def test_an_overview_is_never_part_of_the_sum() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100"}), wallets=("overview",))
    state.wallet("overview", readable(overview=True, every=300.0))
    read(state, balance("BTC", "1"))
    assert desk.values(TOTAL, "account") == {"desk": 100}


def test_amounts_beyond_a_float_give_no_value() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100"}))
    read(state, balance("BTC", "9e306"), balance("USDT", "9e306"))
    read(state, *[balance(f"USDT{number}", "9e306", usd=Decimal("9e306")) for number in range(12)], wallet="funding")
    assert desk.values(USD, "currency")["USDT"] == 9e306
    assert "BTC" not in desk.values(USD, "currency")
    assert desk.values(TOTAL, "account") == {}


# Prices.


def test_a_price_refresh_revalues_what_is_served() -> None:
    desk, prices = Desk(), book({"BTC": "100"})
    state = desk.account(prices=prices)
    read(state, balance("BTC", "2"), balance("USDT", "1"))
    prices.replace({"BTC/USDT": "150"}, NOW + 60, WALL)
    state.revalue(NOW + 60)
    assert desk.values(USD, "currency") == {"BTC": 300, "USDT": 1}
    assert desk.values(TOTAL, "account") == {"desk": 301}


def test_a_price_that_goes_takes_its_values_along() -> None:
    desk, prices = Desk(), book({"BTC": "100"})
    state = desk.account(prices=prices)
    read(state, balance("BTC", "2"), balance("USDT", "1"))
    prices.replace({}, NOW + 60, WALL)
    state.revalue(NOW + 60)
    assert desk.values(USD, "currency") == {"USDT": 1}
    assert desk.values(AVAILABLE, "currency") == {"BTC": 2, "USDT": 1}
    assert desk.values("exchange_wallet_unpriced_currencies", "wallet") == {"spot": 1}


def test_a_scrape_withdraws_values_whose_prices_are_too_old() -> None:
    desk, prices = Desk(), book({"BTC": "100"})
    state = desk.account(prices=prices, stale_after=10_000.0, expect=("BTC", "ETH"))
    read(state, balance("BTC", "2"), balance("USDT", "1"))
    late = prices.good_until + 1
    assert desk.values(USD, "currency", now=late) == {"USDT": 1}
    assert desk.values(TOTAL, "account", now=late) == {}
    assert desk.values(AVAILABLE, "currency", now=late) == {"BTC": 2, "USDT": 1, "ETH": 0}


def test_a_zero_of_an_old_price_is_withdrawn_too() -> None:
    desk, prices = Desk(), book({"ETH": "5"})
    read(desk.account(prices=prices, stale_after=10_000.0, expect=("ETH",)), balance("USDT", "1"))
    assert desk.values(USD, "currency") == {"USDT": 1, "ETH": 0}
    assert desk.values(USD, "currency", now=prices.good_until + 1) == {"USDT": 1}


def test_an_implied_price_serves_its_own_answer_only() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100"}))
    read(state, balance("BTC", "2", price=Decimal(90)))
    read(state, balance("BTC", "2"), at=NOW + 30)
    assert desk.values(USD, "currency") == {"BTC": 200}


def test_other_pegs_count_when_accounts_are_revalued() -> None:
    desk, prices = Desk(), book({"BTC": "100"})
    state = desk.account(prices=prices)
    read(state, balance("BTC", "2"))
    prices.pegs = {"USDT": Decimal("0.5")}
    state.revalue(NOW)
    assert desk.values(USD, "currency") == {"BTC": 100}


def test_valuation_that_is_turned_off_takes_every_value_along() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100"}))
    read(state, balance("BTC", "2"))
    state.book = None
    state.revalue(NOW)
    assert desk.values(USD, "currency") == {}
    assert desk.values(TOTAL, "account") == {}


def test_reported_values_follow_the_usdt_price_and_go_with_their_wallet() -> None:
    desk, prices = Desk(), book({}, {"USD": "1"})
    prices.replace({"USDT/USD": "0.9"}, NOW, WALL)
    state = desk.account(prices=prices)
    overview = state.wallet("overview", readable(overview=True, every=300.0))
    told = [WalletValue("earn", usdt=Decimal(10)), WalletValue("earn", usdt=Decimal(10))]
    state.accepted(overview, Reading(values=told), NOW, WALL)
    assert desk.values(REPORTED, "wallet") == {"earn": 18}
    prices.replace({"USDT/USD": "0.5"}, NOW + 1, WALL)
    state.revalue(NOW + 1)
    assert desk.values(REPORTED, "wallet") == {"earn": 10}
    state.accepted(overview, Reading(values=told), NOW + 100, WALL)
    assert desk.values(REPORTED, "wallet", now=prices.good_until + 0.5) == {}
    prices.replace({"USDT/USD": "0.5"}, NOW + 650, WALL)
    state.revalue(NOW + 650)
    assert desk.values(REPORTED, "wallet", now=NOW + 650) == {"earn": 10}
    assert desk.values(REPORTED, "wallet", now=NOW + 701) == {}
    assert desk.values("exchange_wallet_fresh", "wallet", now=NOW + 701)["overview"] == 0
