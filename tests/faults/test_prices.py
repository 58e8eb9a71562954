"""Tickers that fail: old prices stand for ten intervals, then nothing is valued by them; balances never notice."""

from typing import Any, Final

import pytest

from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Request
from exporter.sandbox import Fault
from tests.faults.stage import INTERVAL, Member, Stage, staged
from tests.faults.variants import VARIANTS, Variant, of_another_exchange
from tests.kit.clock import in_virtual_time
from tests.kit.scrape import KINDS, Samples

EVERY: Final = 10.0
"""Seconds between two reads of the tickers."""

MAX_AGE: Final = 10 * EVERY
ON_TICKERS: Final = [name for name, variant in VARIANTS.items() if not variant.facts.values_itself]
"""Where only tickers say what a balance is worth."""

LAST_SUCCESS: Final = "exchange_price_last_success_timestamp_seconds"

TROUBLES: Final = {
    "500": (Fault("http_status", status=500, body="{}"), "http"),
    "page": (Fault("html"), "http"),
    "empty": (Fault("empty"), "payload"),
    "garbage": (Fault("body", body='{"what": ["is", {"this": 1e400}]}'), "payload"),
    "nesting": (Fault("deep_nesting"), "payload"),
    "hang": (Fault("hang"), "timeout"),
}


def tickers(variant: Variant) -> str:
    """Where the prices of a variant are read."""
    wish = next(EXCHANGES[variant.exchange].apis[variant.mode].prices())
    assert isinstance(wish, Request)
    return wish.path


def worth(samples: Samples, coin: str) -> float | None:
    return samples.one("exchange_balance_usd", account="desk", currency=coin)


def amounts(samples: Samples) -> dict[str, dict[str, float]]:
    return {
        kind: {own["currency"]: value for own, value in samples.of(f"exchange_balance_{kind}", account="desk")}
        for kind in KINDS
    }


def said(stage: Stage, words: str, exchange: str) -> list[str]:
    """The reasons in log lines of one kind."""
    records = [vars(record) for record in stage.heard.records if record.msg == words]
    return [str(record.get("reason") or record["failed_for"]) for record in records if record["exchange"] == exchange]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", VARIANTS)
def test_prices_stand_for_ten_intervals_then_value_nothing_and_come_back(name: str, trouble: str) -> None:
    variant, (fault, reason) = VARIANTS[name], TROUBLES[trouble]
    exchange, stated = variant.exchange, variant.facts.values_itself

    async def scenario() -> None:
        other = of_another_exchange(variant)
        more = {"wallets": ["main"]}
        members = [Member("desk", variant, more=more), Member("stranger", other, more=more)]
        async with staged(members, valuation={"interval": f"{EVERY:g}s", "also": ["BTC"]}) as stage:
            clock = stage.clock
            stage.engine.start()
            await clock.sleep(1.5 * INTERVAL)
            before = await stage.samples()
            last = before.one(LAST_SUCCESS, exchange=exchange)
            price, value = before.one("exchange_price_usd", exchange=exchange, currency="BTC"), worth(before, "BTC")
            total = before.one("exchange_account_usd", account="desk")
            assert last
            assert price
            assert value
            assert value == pytest.approx(0.125 * price)
            assert total == pytest.approx(value + 107.75)

            hurt = Fault(fault.kind, path=tickers(variant), status=fault.status, body=fault.body)
            stage.sandbox.exchange(exchange).faults.append(hurt)
            while clock.wall() < last + MAX_AGE - EVERY:
                await clock.sleep(EVERY)
                samples = await stage.samples()
                assert samples.one("exchange_price_usd", exchange=exchange, currency="BTC") == price
                assert worth(samples, "BTC") == value
                assert samples.one("exchange_account_usd", account="desk") == total
            await clock.sleep(last + MAX_AGE + 1 - clock.wall())
            for _ in range(2):  # polls in the meantime bring nothing back
                samples = await stage.samples()
                assert samples.one("exchange_price_usd", exchange=exchange, currency="BTC") is None
                assert samples.one("exchange_price_usd", exchange=exchange, currency="USDT") == 1
                assert samples.one(LAST_SUCCESS, exchange=exchange) == last
                assert worth(samples, "USDT") == pytest.approx(107.75)
                assert worth(samples, "BTC") == (value if stated else None)
                assert samples.one("exchange_account_usd", account="desk") == (total if stated else None)
                unpriced = samples.one("exchange_wallet_unpriced_currencies", account="desk", wallet=variant.main)
                assert unpriced == (0 if stated else 1)
                assert amounts(samples) == amounts(before)
                assert samples.one("exchange_account_up", account="desk") == 1
                assert not any(value for _, value in samples.of("exchange_poll_failures_total"))
                elsewhere = samples.one(LAST_SUCCESS, exchange=other.exchange) or 0
                assert clock.wall() - elsewhere <= EVERY + 1, "another exchange's prices suffer"
                await clock.sleep(2 * INTERVAL)
            assert said(stage, "prices cannot be read", exchange) == [reason]

            stage.sandbox.exchange(exchange).faults.remove(hurt)
            await clock.sleep(MAX_AGE / 3 + 2 * EVERY)
            samples = await stage.samples()
            assert samples.one("exchange_price_usd", exchange=exchange, currency="BTC") == price
            assert (worth(samples, "BTC"), samples.one("exchange_account_usd", account="desk")) == (value, total)
            assert (samples.one(LAST_SUCCESS, exchange=exchange) or 0) > last + MAX_AGE
            assert said(stage, "prices are read again", exchange) == [reason]

    in_virtual_time(scenario())


@pytest.mark.parametrize("name", ON_TICKERS)
def test_a_market_that_is_gone_takes_its_prices_after_ten_intervals_and_then_is_no_fault(name: str) -> None:
    variant = VARIANTS[name]
    exchange = variant.exchange

    async def scenario() -> None:
        members = [Member("desk", variant, more={"wallets": ["main"]})]
        async with staged(members, valuation={"interval": f"{EVERY:g}s"}) as stage:
            clock = stage.clock
            stage.engine.start()
            await clock.sleep(1.5 * INTERVAL)
            before = await stage.samples()
            last, value = before.one(LAST_SUCCESS, exchange=exchange), worth(before, "BTC")
            assert last
            stage.sandbox.exchange(exchange).faults.append(Fault("empty_list", path=tickers(variant)))
            await clock.sleep(last + MAX_AGE - 1 - clock.wall())
            assert worth(await stage.samples(), "BTC") == value
            # Backed off, the next try may come a third of the book's life later.
            await clock.sleep(1 + MAX_AGE / 3 + 2 * EVERY)
            for _ in range(3):
                samples = await stage.samples()
                assert worth(samples, "BTC") is None
                assert worth(samples, "USDT") == pytest.approx(107.75)
                assert samples.one("exchange_account_up", account="desk") == 1
                assert clock.wall() - (samples.one(LAST_SUCCESS, exchange=exchange) or 0) <= EVERY + 1
                await clock.sleep(20 * EVERY)
            assert said(stage, "prices cannot be read", exchange) == ["payload"]
            (record,) = [record for record in stage.heard.records if record.msg == "the exchange lists no market"]
            assert vars(record)["exchange"] == exchange

    in_virtual_time(scenario())


@pytest.mark.parametrize("name", ON_TICKERS)
def test_an_exchange_that_never_had_a_market_fails_nowhere(name: str) -> None:
    variant = VARIANTS[name]

    async def scenario() -> None:
        members = [Member("desk", variant, more={"wallets": ["main"]})]
        async with staged(members, valuation={"interval": f"{EVERY:g}s"}) as stage:
            stage.sandbox.exchange(variant.exchange).faults.append(Fault("empty_list", path=tickers(variant)))
            stage.engine.start()
            await stage.clock.sleep(1.5 * INTERVAL)
            samples = await stage.samples()
            assert worth(samples, "BTC") is None
            assert samples.one(LAST_SUCCESS, exchange=variant.exchange)
            assert said(stage, "prices cannot be read", variant.exchange) == []

    in_virtual_time(scenario())


@pytest.mark.parametrize("bad", ["NaN", "-1", "0", "0.000", "1e400", "1_000", " 12 ", "", None, [], "١٢"])
@pytest.mark.parametrize("name", ON_TICKERS)
def test_a_price_that_is_no_number_is_no_price_and_spoils_no_other(name: str, bad: Any) -> None:
    variant = VARIANTS[name]
    exchange = variant.exchange

    async def scenario() -> None:
        more = {"wallets": ["main"]}
        valuation = {"interval": f"{EVERY:g}s", "also": ["ETH"]}
        async with staged([Member("desk", variant, more=more)], valuation=valuation) as stage:
            simulated = stage.sandbox.exchange(exchange)
            stage.engine.start()
            await stage.clock.sleep(1.5 * INTERVAL)
            before = await stage.samples()
            assert worth(before, "BTC")

            simulated.faults.append(
                Fault("mutate", path=tickers(variant), change=lambda sent: spoiled(sent, variant.facts.price, bad))
            )
            await stage.clock.sleep(2 * EVERY)
            samples = await stage.samples()
            assert worth(samples, "BTC") is None
            assert samples.one("exchange_price_usd", exchange=exchange, currency="BTC") is None
            eth = before.one("exchange_price_usd", exchange=exchange, currency="ETH")
            assert eth
            assert samples.one("exchange_price_usd", exchange=exchange, currency="ETH") == eth
            assert worth(samples, "USDT") == pytest.approx(107.75)
            assert samples.one("exchange_account_up", account="desk") == 1

    in_virtual_time(scenario())


def spoiled(value: Any, price: str, bad: Any, name: str = "") -> Any:
    """The tickers with something else in the place of every price of BTC, which stands in the field `price`."""
    if isinstance(value, list):
        return [spoiled(item, price, bad) for item in value]
    if not isinstance(value, dict):
        return value
    of_btc = any("BTC" in text.upper() for text in (name, *value.values()) if isinstance(text, str))
    return {key: bad if key == price and of_btc else spoiled(item, price, bad, key) for key, item in value.items()}
