"""What a holding is worth: the answer's own value first, then its price, the peg, the ticker."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.model import Balance
from exporter.holdings.prices import PriceBook
from exporter.holdings.rows import valued
from tests.kit.accounts import NOW, balance, book

PEGGED = book({"BTC": "100", "USDC": "0.5"}, {"USDT": "1", "USDC": "1"})
UNPEGGED = book({}, {"USD": "1"})
UNPEGGED.replace({"USDT/USD": "0.9"}, NOW, NOW)
EVERYTHING: dict[str, Any] = {"usd": Decimal("7.000"), "usdt": Decimal("8.000"), "price": Decimal(9)}


def value(held: Balance, prices: PriceBook, at: float = NOW) -> Decimal | None:
    return valued(held.currency, held, prices, at, wanted=True).usd


@pytest.mark.parametrize(
    ("held", "prices", "usd"),
    [
        (balance("BTC", "2", **EVERYTHING), PEGGED, "7"),
        (balance("BTC", "2", usdt=Decimal("8.000"), price=Decimal(9)), PEGGED, "8"),
        (balance("BTC", "2", usdt=Decimal("8.000")), UNPEGGED, "7.2"),
        (balance("BTC", "2", price=Decimal(9)), PEGGED, "18"),
        (balance("USDC", "2"), PEGGED, "2"),
        (balance("USDC", "2", price=Decimal("0.9")), PEGGED, "1.8"),
        (balance("BTC", "2", "1"), PEGGED, "300"),
        (balance("BTC", "2", net=Decimal(-1)), PEGGED, "-100"),
        (balance("BTC", "2", usd=Decimal(0)), PEGGED, "200"),
        (balance("BTC", "2", usdt=Decimal(0)), PEGGED, "200"),
        (balance("BTC", "2", price=Decimal(0)), PEGGED, "200"),
        (balance("ODD", "2", net=Decimal(0), usd=Decimal(0)), PEGGED, "0"),
    ],
)
def test_the_first_source_that_says_something_counts(held: Balance, prices: PriceBook, usd: str) -> None:
    assert value(held, prices) == Decimal(usd)


@pytest.mark.parametrize(
    ("held", "usd"),
    [
        (balance("BTC", "2", usd=Decimal("0.02")), "200"),
        (balance("BTC", "2", usdt=Decimal(-3)), "200"),
        (balance("BTC", "2", usd=Decimal(499)), "200"),
        (balance("BTC", "2", usd=Decimal(500)), "500"),
        (balance("BTC", "2", usd=Decimal("49.90")), "49.9"),
        (balance("ODD", "2", usd=Decimal("0.02")), "0.02"),
        (balance("ODD", "2", usdt=Decimal("0.02")), "0.02"),
        (balance("USDC", "2", usd=Decimal("0.9")), "2"),
    ],
)
def test_a_stated_value_that_is_rounded_too_far_stands_only_where_nothing_else_gives_a_price(
    held: Balance, usd: str
) -> None:
    assert value(held, PEGGED) == Decimal(usd)


def test_a_rounded_value_comes_back_when_the_tickers_have_ended() -> None:
    held = balance("BTC", "2", usd=Decimal("0.02"))
    assert valued("BTC", held, PEGGED, NOW, wanted=True).on_tickers
    assert value(held, PEGGED, PEGGED.good_until + 1) == Decimal("0.02")


@pytest.mark.parametrize(
    "held",
    [balance("ODD", "2"), balance("ODD", "2", usd=Decimal(0)), balance("ODD", "2", price=Decimal(0))],
)
def test_without_a_price_there_is_no_value(held: Balance) -> None:
    assert value(held, PEGGED) is None


def test_without_valuation_nothing_has_a_value() -> None:
    row = valued("BTC", balance("BTC", "2", **EVERYTHING), None, NOW, wanted=True)
    assert (row.usd, row.on_tickers) == (None, False)


def test_a_value_in_usdt_falls_back_when_usdt_has_no_price() -> None:
    held = balance("BTC", "2", usdt=Decimal("8.000"), price=Decimal(9))
    assert value(held, UNPEGGED, UNPEGGED.good_until + 1) == 18


@pytest.mark.parametrize(
    "held",
    [
        balance("BTC", "9e306"),
        balance("ODD", "9e306", price=Decimal("1e10")),
        balance("ODD", "1", net=Decimal("-9e306"), price=Decimal("1e10")),
        balance("ODD", "1", usd=Decimal("1e400")),
    ],
)
def test_a_value_beyond_a_float_is_no_value(held: Balance) -> None:
    assert value(held, PEGGED) is None


@pytest.mark.parametrize(
    ("held", "prices", "on_tickers"),
    [
        (balance("BTC", "2"), PEGGED, True),
        (balance("BTC", "2", usd=Decimal(0)), PEGGED, True),
        (balance("BTC", "2", usdt=Decimal("8.000")), UNPEGGED, True),
        (balance("ODD", "2"), PEGGED, True),
        (balance("BTC", "2", usdt=Decimal("8.000")), PEGGED, False),
        (balance("BTC", "2", usd=Decimal("8.000")), UNPEGGED, False),
        (balance("BTC", "2", price=Decimal(8)), PEGGED, False),
        (balance("USDC", "2"), PEGGED, False),
    ],
)
def test_only_values_from_tickers_end_with_their_age(held: Balance, prices: PriceBook, on_tickers: bool) -> None:
    assert valued(held.currency, held, prices, NOW, wanted=True).on_tickers is on_tickers
