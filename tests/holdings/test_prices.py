"""Prices: routes, pegs, age."""

import tracemalloc
from decimal import Decimal
from typing import Any

import pytest

from exporter.holdings.prices import PriceBook

NOW = 1_000.0


def priced(pegs: dict[str, str] | None = None, **tickers: Any) -> PriceBook:
    """A book of tickers written `BASE_QUOTE`."""
    pegged = {name: Decimal(price) for name, price in (pegs or {"USDT": "1", "USDC": "1", "USD": "1"}).items()}
    made = PriceBook(lambda base, quote: f"{base}_{quote}", pegged, 600.0)
    made.replace(tickers, NOW, 5.0)
    return made


@pytest.mark.parametrize(
    ("tickers", "price"),
    [
        ({"BTC_USDT": "100"}, "100"),
        ({"BTC_USDC": "101"}, "101"),
        ({"BTC_USD": "102"}, "102"),
        ({"USDT_BTC": "0.01"}, "100"),
        ({"BTC_ETH": "20", "ETH_USDT": "5"}, "100"),
        ({"ETH_BTC": "0.05", "ETH_USDT": "5"}, "100"),
        ({"BTC_USDT": "100", "BTC_USDC": "999"}, "100"),
        ({"BTC_USDT": "0", "BTC_USDC": "101"}, "101"),
        ({"BTC_USDT": None, "BTC_USDC": "101"}, "101"),
        ({"BTC_USDT": "", "BTC_USDC": "101"}, "101"),
        ({"BTC_USDT": "NaN", "BTC_USDC": "101"}, "101"),
        ({"BTC_USDT": "-3", "BTC_USDC": "101"}, "101"),
        ({"BTC_USDT": Decimal("100.5")}, "100.5"),
    ],
)
def test_a_currency_is_priced_by_the_first_route_that_leads_to_usd(tickers: dict[str, Any], price: str) -> None:
    assert priced(**tickers).price("BTC", NOW) == Decimal(price)


@pytest.mark.parametrize(
    "tickers",
    [
        {},
        {"BTC_USDT": "0"},
        {"BTC_EUR": "90"},
        {"BTC_ETH": "20"},
        {"BTC_ETH": "20", "ETH_BTC": "0.05"},
    ],
)
def test_where_no_route_leads_there_is_no_price(tickers: dict[str, Any]) -> None:
    book = priced({"USD": "1"}, **tickers)
    assert book.price("BTC", NOW) is None


def test_quotes_count_at_their_own_price() -> None:
    book = priced({"USD": "1"}, BTC_USDT="100", USDT_USD="0.9")
    assert book.price("BTC", NOW) == 90
    assert book.price("USDT", NOW) == Decimal("0.9")


def test_a_peg_is_the_price_whatever_the_market_says() -> None:
    book = priced({"USDT": "1", "USDC": "1"}, USDC_USDT="0.97")
    assert book.price("USDC", NOW) == 1
    assert book.market_price("USDC", NOW) == Decimal("0.97")
    assert book.market_price("USDT", NOW) == 1 / Decimal("0.97")


def test_a_book_that_is_too_old_knows_only_the_pegs() -> None:
    book = priced(BTC_USDT="100", USDC_USDT="0.97")
    assert book.price("BTC", NOW + 600) == 100
    late = NOW + 600.001
    assert book.price("BTC", late) is None
    assert book.market_price("USDC", late) is None
    assert book.known(late) == {"USDT": 1, "USDC": 1, "USD": 1}


def test_a_book_that_was_never_read_knows_only_the_pegs() -> None:
    book = PriceBook(lambda base, quote: base + quote, {"USDT": Decimal(1)}, 600.0)
    assert not book.alive(0.0)
    assert book.price("BTC", 0.0) is None
    assert book.price("USDT", 0.0) == 1
    assert book.last_success == 0.0


def test_new_tickers_replace_the_old_ones_whole() -> None:
    book = priced(BTC_USDT="100", ETH_USDT="5")
    assert book.price("ETH", NOW) == 5
    version = book.version
    book.replace({"BTC_USDT": "200"}, NOW + 60, 65.0)
    assert book.price("BTC", NOW + 60) == 200
    assert book.price("ETH", NOW + 60) is None
    assert book.version != version
    assert book.last_success == 65.0


def test_other_pegs_count_at_once() -> None:
    book = priced({"USDT": "1"}, BTC_USDT="100")
    assert book.price("BTC", NOW) == 100
    version = book.version
    book.pegs = {"USDT": Decimal("0.5")}
    assert book.price("BTC", NOW) == 50
    assert book.version != version


def test_the_same_pegs_again_change_nothing() -> None:
    book = priced({"USDT": "1"})
    version = book.version
    book.pegs = {"USDT": Decimal(1)}
    assert book.version == version


def test_another_maximum_age_counts_at_once() -> None:
    book = priced(BTC_USDT="100")
    book.max_age = 10.0
    assert book.price("BTC", NOW + 11) is None


def test_a_price_beyond_a_float_is_no_price() -> None:
    book = priced({"USD": "1"}, BTC_ETH="9e300", ETH_USD="9e300", XRP_ETH="1e-300", XT_USD="1e-400")
    assert book.price("BTC", NOW) is None
    assert book.price("XT", NOW) is None
    assert book.price("XRP", NOW) == Decimal(9)


def test_known_prices_are_those_that_were_asked_for() -> None:
    book = priced({"USDT": "1"}, BTC_USDT="100", ETH_USDT="5")
    book.price("BTC", NOW)
    book.price("ODD", NOW)
    assert book.known(NOW) == {"USDT": 1, "BTC": 100}


def test_names_without_a_price_are_not_kept_however_many_are_asked_for() -> None:
    book = priced({"USDT": "1"}, BTC_USDT="100")
    tracemalloc.start()
    try:
        for number in range(20_000):
            assert book.price(f"ODD{number}", NOW) is None
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 200_000
    assert book.price("BTC", NOW) == 100
    assert book.known(NOW) == {"USDT": 1, "BTC": 100}
