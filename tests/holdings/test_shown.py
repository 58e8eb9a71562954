"""Which currencies of a wallet are shown, and what they are worth together."""

from decimal import Decimal

from exporter.core.model import Reading, WalletValue
from exporter.holdings.prices import PriceBook
from exporter.holdings.shown import Choice
from tests.kit.accounts import DAY, NOW, accept, book, shown, values, wallet
from tests.kit.accounts import balance as row


def test_excluded_currencies_are_hidden_and_counted_but_not_as_unpriced() -> None:
    held = wallet(Choice(include=("B*",), exclude=("*3L",)))
    accept(held, {"BTC": "1", "BTC3L": "5", "ETH": "1"}, priced=book({"BTC": "100"}))
    assert shown(held) == {"BTC": 1}
    assert (held.hidden, held.unpriced) == (2, 0)
    assert held.usd == 100


def test_expected_currencies_are_exempt_from_every_limit() -> None:
    held = wallet(
        Choice(expected=frozenset({"BTC"}), exclude=("*",), min_usd=Decimal(1000), max_currencies=1),
    )
    accept(held, {"BTC": "1"}, priced=book({"BTC": "100"}))
    assert shown(held) == {"BTC": 1}


def test_an_exclusion_that_comes_with_a_reload_hides_what_was_shown() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "1"})
    held.reconfigure(Choice(exclude=("ETH",)), required=True, stale_after=600.0, strict_seconds=40.0)
    held.revalue(None, NOW)
    assert shown(held) == {"BTC": 1}
    assert held.hidden == 1


def test_small_holdings_do_not_start_to_be_shown() -> None:
    held = wallet(Choice(min_usd=Decimal(10)))
    prices = book({"BTC": "100", "DUST": "0.001", "EDGE": "10"})
    accept(held, {"BTC": "1", "DUST": "5", "EDGE": "1"}, priced=prices)
    assert shown(held) == {"BTC": 1, "EDGE": 1}
    assert (held.hidden, held.unpriced) == (1, 0)


def test_what_is_shown_stays_when_it_becomes_small_until_the_zero_rule_lets_it_go() -> None:
    held, prices = wallet(Choice(min_usd=Decimal(10))), book({"BTC": "100"})
    accept(held, {"BTC": "1", "USDT": "50"}, priced=prices)
    accept(held, {"BTC": "0.01", "USDT": "50"}, NOW + 30, prices)
    assert shown(held) == {"BTC": Decimal("0.01"), "USDT": 50}
    accept(held, {"USDT": "50"}, NOW + 60, prices)
    accept(held, {"USDT": "50"}, NOW + 61 + DAY, prices)
    prices.replace({"BTC/USDT": "100"}, NOW + 62 + DAY, NOW)
    accept(held, {"BTC": "0.01", "USDT": "50"}, NOW + 62 + DAY, prices)
    assert shown(held) == {"USDT": 50}


def test_a_large_debt_is_not_a_small_holding() -> None:
    held = wallet(Choice(min_usd=Decimal(10)), borrows=True)
    held.accept(Reading([row("BTC", "0", net=Decimal(-5), borrowed=Decimal(5))]), NOW, NOW)
    held.revalue(book({"BTC": "100"}), NOW)
    assert values(held) == {"BTC": -500}


def test_a_small_holding_stays_hidden_while_its_price_is_unknown() -> None:
    held = wallet(Choice(min_usd=Decimal(10)))
    accept(held, {"DUST": "1"}, priced=book({"DUST": "1"}))
    held.revalue(book({}), NOW + 60)
    assert shown(held) == {}
    held.revalue(book({"DUST": "20"}), NOW + 60)
    assert shown(held) == {"DUST": 1}


def test_what_was_small_is_forgotten_once_it_is_gone() -> None:
    held = wallet(Choice(min_usd=Decimal(10)))
    accept(held, {"DUST": "1", "USDT": "50"}, priced=book({"DUST": "1"}))
    accept(held, {"USDT": "50"}, NOW + 30, book({}))
    accept(held, {"DUST": "1", "USDT": "50"}, NOW + 60, book({}))
    assert values(held) == {"DUST": None, "USDT": 50}


def test_what_was_small_is_looked_at_again_after_a_reload() -> None:
    held = wallet(Choice(min_usd=Decimal(10)))
    accept(held, {"DUST": "1"}, priced=book({"DUST": "1"}))
    held.reconfigure(Choice(min_usd=Decimal(5)), required=True, stale_after=600.0, strict_seconds=40.0)
    held.revalue(book({}), NOW)
    assert values(held) == {"DUST": None}


def test_what_no_market_prices_is_shown_and_counted_as_unpriced() -> None:
    held = wallet(Choice(min_usd=Decimal(10)))
    accept(held, {"ODD": "1"}, priced=book({}))
    assert values(held) == {"ODD": None}
    assert held.unpriced == 1


def test_before_the_first_prices_a_minimum_is_not_decided() -> None:
    unread = PriceBook(lambda base, quote: f"{base}/{quote}", {"USDT": Decimal(1)}, 600.0)
    held = wallet(Choice(min_usd=Decimal(10)))
    accept(held, {"DUST": "1", "BTC": "1", "USDT": "50"}, priced=unread)
    assert shown(held) == {"USDT": 50}
    assert held.hidden == 2
    unread.replace({"BTC/USDT": "100", "DUST/USDT": "1"}, NOW, NOW)
    held.revalue(unread, NOW)
    assert shown(held) == {"BTC": 1, "USDT": 50}
    assert held.hidden == 1


def test_without_a_minimum_nothing_waits_for_prices() -> None:
    unread = PriceBook(lambda base, quote: f"{base}/{quote}", {"USDT": Decimal(1)}, 600.0)
    held = wallet()
    accept(held, {"BTC": "1"}, priced=unread)
    assert values(held) == {"BTC": None}


def test_before_the_first_prices_too_many_currencies_wait_to_be_compared() -> None:
    unread = PriceBook(lambda base, quote: f"{base}/{quote}", {"USDT": Decimal(1)}, 600.0)
    held = wallet(Choice(max_currencies=2))
    accept(held, {"DUST": "1", "BTC": "1", "USDT": "50"}, priced=unread)
    assert shown(held) == {"USDT": 50}
    unread.replace({"BTC/USDT": "100", "DUST/USDT": "1"}, NOW, NOW)
    held.revalue(unread, NOW)
    assert shown(held) == {"BTC": 1, "USDT": 50}


def test_without_valuation_a_minimum_hides_nothing_and_nothing_counts_as_unpriced() -> None:
    held = wallet(Choice(min_usd=Decimal(10)))
    accept(held, {"BTC": "1"})
    assert values(held) == {"BTC": None}
    assert held.unpriced == 0
    assert held.usd is None


def test_the_least_valuable_are_not_shown() -> None:
    held = wallet(Choice(max_currencies=2))
    accept(held, {"A": "1", "B": "1", "C": "1"}, priced=book({"A": "1", "B": "3", "C": "2"}))
    assert shown(held) == {"B": 1, "C": 1}
    assert held.hidden == 1


def test_a_later_currency_does_not_push_out_what_is_shown() -> None:
    held, prices = wallet(Choice(max_currencies=1)), book({"A": "1", "B": "3"})
    accept(held, {"A": "1"}, priced=prices)
    accept(held, {"A": "1", "B": "1"}, NOW + 30, prices)
    assert shown(held) == {"A": 1}


def test_zeros_do_not_count_against_the_maximum() -> None:
    held = wallet(Choice(max_currencies=1))
    accept(held, {"A": "1"})
    for at in (NOW + 30, NOW + 60):
        accept(held, {"B": "1"}, at)
    assert shown(held) == {"B": 1, "A": 0}


def test_expected_currencies_do_not_count_against_the_maximum() -> None:
    held = wallet(Choice(expected=frozenset({"A"}), max_currencies=1))
    accept(held, {"A": "1", "B": "1"})
    assert shown(held) == {"A": 1, "B": 1}


# Sums.


def test_the_sum_leaves_out_what_has_no_price() -> None:
    held = wallet()
    accept(held, {"BTC": "2", "ODD": "1"}, priced=book({"BTC": "100"}))
    assert held.usd == 200
    assert held.unpriced == 1


def test_with_prices_too_old_a_sum_of_what_is_pegged_is_no_sum() -> None:
    held, prices = wallet(stale_after=10_000.0), book({"BTC": "100"})
    accept(held, {"BTC": "2", "USDT": "5"}, priced=prices)
    assert held.usd == 205
    assert held.valued_until == prices.good_until
    held.revalue(prices, prices.good_until + 1)
    assert values(held) == {"BTC": None, "USDT": 5}
    assert held.usd is None


def test_values_that_come_from_no_ticker_do_not_end() -> None:
    held = wallet()
    accept(held, {"USDT": "5"}, priced=book({}))
    assert held.valued_until == float("inf")


def test_a_sum_beyond_a_float_is_no_sum() -> None:
    held = wallet()
    accept(held, {"A": "9e305", "B": "9e305"}, priced=book({"A": "99", "B": "99"}))
    assert None not in values(held).values()
    assert held.usd is None


def test_reported_values_take_the_usdt_price_of_the_moment_and_end_with_it() -> None:
    held = wallet(overview=True)
    told = [WalletValue("spot", usdt=Decimal(10)), WalletValue("earn", usd=Decimal(5))]
    held.accept(Reading(values=told), NOW, NOW)
    unpegged = book({}, {"USD": "1"})
    unpegged.replace({"USDT/USD": "0.9"}, NOW, NOW)
    assert held.reported(unpegged, NOW) == {"spot": 9, "earn": 5}
    assert held.valued_until == unpegged.good_until
    assert held.reported(unpegged, unpegged.good_until + 1) == {"earn": 5}
    assert held.reported(None, NOW) == {"earn": 5}
