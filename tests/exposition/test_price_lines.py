"""Prices of an exchange as they are served."""

import asyncio
from decimal import Decimal

from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.exposition.price_lines import PriceLines
from tests.kit.exposition_checker import problems
from tests.kit.scrape import Samples

PRICE = "exchange_price_usd"


def text(exposition: Exposition) -> str:
    scrape = asyncio.run(exposition.scrape(openmetrics=False, gzip=False))
    assert scrape is not None
    told = scrape.body.decode()
    assert problems(told) == []
    return told


def test_prices_stand_until_others_are_told() -> None:
    exposition = Exposition(RENDERED, lambda *_: b"")
    lines = PriceLines(exposition, "xt")
    lines.prices({"BTC": Decimal(100), "ETH": Decimal("1e-9")})
    assert Samples(text(exposition)).by(PRICE, "exchange", "currency") == {("xt", "BTC"): 100, ("xt", "ETH"): 1e-9}
    lines.prices({"BTC": Decimal(90)})
    lines.market_prices({})
    lines.last_success(5.0)
    told = text(exposition)
    assert Samples(told).by(PRICE, "currency") == {"BTC": 90}
    assert Samples(told).by("exchange_price_last_success_timestamp_seconds", "exchange") == {"xt": 5}
    assert "exchange_peg_market_price_usd" not in told


def test_a_hostile_name_of_a_currency_stays_a_label() -> None:
    exposition = Exposition(RENDERED, lambda *_: b"")
    PriceLines(exposition, "xt").prices({'A"} 1\nfake 2': Decimal(3)})
    assert Samples(text(exposition)).by(PRICE, "currency") == {'A"} 1\nfake 2': 3}


def test_dropped_prices_are_gone_and_stay_gone() -> None:
    exposition = Exposition(RENDERED, lambda *_: b"")
    lines = PriceLines(exposition, "xt")
    for each in (lines, PriceLines(exposition, "htx")):
        each.prices({"BTC": Decimal(100)})
    lines.drop()
    lines.prices({"BTC": Decimal(90)})
    assert Samples(text(exposition)).by(PRICE, "exchange") == {"htx": 100}
