"""Answers that take most of a wallet away are believed when the next poll repeats them."""

from decimal import Decimal

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading, WalletValue
from exporter.holdings.wallet import MAX_VALUES
from tests.kit.accounts import NOW, accept, book, fail, shown, stands, wallet


def test_a_zero_row_does_not_make_an_emptied_wallet_believed_at_once() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "1"})
    assert stands(held, {"BTC": "0"}, NOW + 30)
    accept(held, {"BTC": "0"}, NOW + 60)
    assert shown(held) == {"BTC": 0, "ETH": 0}


def test_most_of_the_coins_go_when_the_next_answer_lacks_most_of_them_too() -> None:
    held = wallet()
    accept(held, {"A": "1", "B": "1", "C": "1"})
    assert stands(held, {"A": "1"}, NOW + 30)
    accept(held, {"B": "2"}, NOW + 60)
    assert shown(held) == {"B": 2, "A": 0, "C": 0}


def test_half_of_the_coins_go_at_once() -> None:
    held = wallet()
    accept(held, {"A": "1", "B": "1"})
    accept(held, {"A": "1"}, NOW + 30)
    assert shown(held) == {"A": 1, "B": 0}


def test_most_of_the_worth_goes_when_the_next_answer_repeats_it() -> None:
    held, prices = wallet(), book({"BTC": "100", "ETH": "10", "XRP": "1"})
    coins = {"BTC": "1", "ETH": "1", "XRP": "1"}
    accept(held, coins, priced=prices)
    rest = {"ETH": "1", "XRP": "1"}
    assert stands(held, rest, NOW + 30, prices)
    accept(held, rest, NOW + 60, prices)
    assert shown(held) == {"ETH": 1, "XRP": 1, "BTC": 0}


def test_the_worth_is_that_of_the_moment() -> None:
    held, prices, coins = wallet(), book({"BTC": "100", "ETH": "10"}), {"BTC": "1", "ETH": "1"}
    accept(held, coins, priced=prices)
    prices.replace({"BTC/USDT": "1", "ETH/USDT": "10"}, NOW, NOW)
    held.revalue(prices, NOW)
    accept(held, {"ETH": "1"}, NOW + 30, prices)
    assert shown(held) == {"ETH": 1, "BTC": 0}


def test_amounts_that_shrink_are_shown_at_once() -> None:
    held, prices = wallet(), book({"BTC": "100"})
    accept(held, {"BTC": "1000", "USDT": "5"}, priced=prices)
    accept(held, {"BTC": "0.001", "USDT": "5"}, NOW + 30, prices)
    assert shown(held) == {"BTC": Decimal("0.001"), "USDT": 5}


@pytest.mark.parametrize("between", ["a failure", "another answer"])
def test_what_is_not_repeated_is_not_believed(between: str) -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    assert stands(held, {"BTC": "0"}, NOW + 30)
    if between == "a failure":
        fail(held, NOW + 60)
    else:
        accept(held, {"BTC": "1"}, NOW + 60)
    assert stands(held, {"BTC": "0"}, NOW + 90)


def test_values_that_wait_for_a_repetition_still_end() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    accept(held, {"BTC": "0"}, NOW + 30)
    assert held.fresh(NOW + 600)
    assert not held.fresh(NOW + 600.001)


def test_an_overview_that_loses_most_of_its_worth_needs_repetition_too() -> None:
    held = wallet(overview=True)
    full = [WalletValue("spot", usdt=Decimal(90)), WalletValue("earn", usd=Decimal(5)), WalletValue("grid")]
    held.accept(Reading(values=full), NOW, NOW)
    rest = [WalletValue("spot", usdt=Decimal(0)), WalletValue("earn", usd=Decimal(5))]
    held.accept(Reading(values=rest), NOW + 300, NOW + 300)
    assert held.reported(book({}), NOW + 300) == {"spot": 90, "earn": 5}
    held.accept(Reading(values=rest), NOW + 600, NOW + 600)
    assert held.reported(book({}), NOW + 600) == {"spot": 0, "earn": 5}


def test_an_overview_of_far_too_many_wallets_is_refused() -> None:
    held = wallet(overview=True)
    many = [WalletValue(f"w{number}", usd=Decimal(1)) for number in range(MAX_VALUES + 1)]
    held.accept(Reading(values=many[1:]), NOW, NOW)
    with pytest.raises(BadPayload, match="more than"):
        held.accept(Reading(values=many), NOW, NOW)


def test_wallets_of_an_overview_that_would_be_written_alike_are_added() -> None:
    held = wallet(overview=True)
    values = [WalletValue("\ud800", usd=Decimal(1)), WalletValue("\\ud800", usd=Decimal(2))]
    held.accept(Reading(values=values), NOW, NOW)
    assert held.reported(book({}), NOW) == {"\\ud800": 3}
