"""Prices of one exchange: read on an interval, served when they change, gone when they are old."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from exporter.config import Valuation
from exporter.core.errors import TimedOut
from exporter.exchanges.base import Reader, Request
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.price_lines import PriceLines
from exporter.holdings.account import AccountState
from exporter.polling.context import backoff
from exporter.polling.price_poll import PriceReader
from tests.kit.accounts import configured
from tests.kit.scripted import ASK, PAUSED, RATE, ScriptedAccount, rows, wallet

PRICE = "exchange_price_usd"


def read_prices() -> Reader[dict[str, Any]]:
    tickers: dict[str, Any] = yield Request(ASK, id="prices")
    return tickers


def valuation(interval: float = 60.0, pegs: dict[str, str] | None = None, also: tuple[str, ...] = ()) -> Valuation:
    given = {"USDT": "1"} if pegs is None else pegs
    return Valuation(
        enabled=True,
        interval=interval,
        pegs={name: Decimal(price) for name, price in given.items()},
        also=also,
    )


class Market(ScriptedAccount):
    """A price reader with one account that holds BTC and USDT."""

    def __init__(self, asked: Valuation) -> None:
        super().__init__(prices=read_prices, account=configured(exchange="tiny"))
        random = Random(1)
        self.reader = PriceReader(
            self.caller,
            asked,
            PriceLines(self.exposition, "tiny"),
            transport=self.transport,
            clock=self.clock,
            backoff=lambda failures, interval, cap: backoff(random, failures, interval, cap),
        )
        self.reader.serves_prices = True
        self.transport.says = {"prices": {"BTCUSDT": "50000", "EURUSDT": "1.1", "USDTUSDC": "0.999", "USDCUSD": "1"}}
        self.join(self.state, {"BTC": "2", "USDT": "10"})

    def join(self, state: AccountState, held: dict[str, str]) -> None:
        """Have an account valued that holds this."""
        self.reader.accounts.add(state)
        state.book = self.reader.book
        state.accepted(state.wallet("spot", wallet("spot")), rows(held), self.clock.now(), self.clock.wall())

    async def price(self, currency: str) -> float | None:
        self.reader.serve()
        return await self.one(PRICE, currency=currency)

    async def worth(self, currency: str) -> float | None:
        return await self.one("exchange_balance_usd", currency=currency)


@asynccontextmanager
async def market(asked: Valuation | None = None) -> AsyncIterator[Market]:
    made = Market(asked or valuation())
    task = asyncio.create_task(made.reader.run())
    try:
        yield made
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_read_renews_the_values_of_every_account() -> None:
    async with market() as it:
        assert await it.worth("BTC") is None
        await it.clock.advance(1)
        assert (await it.worth("BTC"), await it.worth("USDT")) == (100_000.0, 10.0)
        it.transport.says["prices"] = {"BTCUSDT": "60000"}
        await it.clock.advance(60)
        assert await it.worth("BTC") == 120_000.0
        assert (await it.price("BTC"), await it.price("USDT")) == (60_000.0, 1.0)


async def test_tickers_are_read_once_an_interval_whoever_shares_them() -> None:
    async with market() as it:
        await it.clock.advance(601)
        assert it.transport.count("prices") == 11


async def test_what_nobody_holds_is_priced_where_it_is_asked_for() -> None:
    async with market(valuation(also=("EUR",))) as it:
        await it.clock.advance(1)
        assert await it.price("EUR") == 1.1
        assert await it.price("DOGE") is None


async def test_what_the_market_says_of_a_peg_is_told_beside_it() -> None:
    async with market(valuation(pegs={"USDT": "1", "USDC": "1"})) as it:
        await it.clock.advance(1)
        it.reader.serve()
        assert await it.one("exchange_peg_market_price_usd", currency="USDT") == 0.999


async def test_failed_reads_move_apart_but_never_outlive_the_book(caplog: pytest.LogCaptureFixture) -> None:
    async with market(valuation(interval=6.0)) as it:
        await it.clock.advance(1)
        it.transport.says["prices"] = TimedOut("slow")
        await it.clock.advance(2_000)
        times = it.transport.times("prices")[2:]
        delays = [later - earlier for earlier, later in pairwise(times)]
        assert 15 < max(delays) <= 20
        assert caplog.text.count("prices cannot be read") == 1


async def test_prices_end_when_they_are_ten_intervals_old_and_come_back() -> None:
    async with market() as it:
        await it.clock.advance(1)
        it.transport.says["prices"] = TimedOut("slow")
        await it.clock.advance(590)
        assert await it.price("BTC") == 50_000.0
        await it.clock.advance(20)
        assert (await it.price("BTC"), await it.worth("BTC")) == (None, None)
        assert (await it.price("USDT"), await it.one("exchange_balance_available", currency="BTC")) == (1.0, None)


async def test_a_read_without_a_token_is_no_failure() -> None:
    async with market() as it:
        it.transport.says["prices"] = RATE
        await it.clock.advance(300)
        assert it.reader.error is None
        assert it.transport.count("prices") == 6


async def test_a_pause_of_the_tickers_is_told_once_and_is_over_with_the_next_good_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with market() as it:
        await it.clock.advance(1)
        it.transport.says["prices"] = PAUSED
        await it.clock.advance(300)
        assert it.reader.error is not None
        assert it.reader.error.reason == "rate_limited"
        assert it.transport.count("prices") == 6, "a pause moves the reads apart"
        it.transport.says["prices"] = {"BTCUSDT": "50000"}
        await it.clock.advance(60)
    assert [record.message for record in caplog.records] == ["prices cannot be read", "prices are read again"]


async def test_a_bug_does_not_end_the_loop() -> None:
    async with market(valuation(also=("EUR",))) as it:
        it.transport.says["prices"] = ZeroDivisionError("a bug")
        await it.clock.advance(1_000)
        it.transport.says["prices"] = {"EURUSDT": "1.1"}
        await it.clock.advance(121)
        assert await it.price("EUR") == 1.1


async def test_a_scrape_in_the_middle_of_a_revaluation_misses_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    async with market() as it:
        coins = ["ETH", "SOL", "XRP", "ADA"]
        for coin in coins:
            account = configured(coin, exchange="tiny")
            lines = AccountLines(it.exposition, "tiny", coin)
            it.join(AccountState(account, "spot", lines, None, shard=0, label_names=()), {coin: "3"})
        it.transport.says["prices"] = {f"{coin}USDT": "2" for coin in ("BTC", *coins)}
        await it.clock.advance(1)
        it.transport.says["prices"] = {f"{coin}USDT": "3" for coin in ("BTC", *coins)}
        put, served = it.exposition.put, []

        def noted(family: str, owner: Any, key: str, lines: bytes, piece: bytes | None = None) -> None:
            if family == PRICE:
                served.append(lines.decode())
            put(family, owner, key, lines, piece)

        monkeypatch.setattr(it.exposition, "put", noted)
        read = asyncio.ensure_future(it.reader.read(it.clock.now() + 60))
        while not read.done():
            it.reader.serve()
            await asyncio.sleep(0)
        assert served
        assert all(f'currency="{coin}"' in lines for lines in served for coin in ("BTC", *coins))
        assert await it.price("SOL") == 3.0


async def test_other_pegs_count_at_once() -> None:
    async with market() as it:
        await it.clock.advance(1)
        await it.reader.reconfigure(valuation(pegs={"USDT": "0.5"}))
        assert (await it.worth("USDT"), await it.worth("BTC"), await it.price("BTC")) == (5.0, 50_000.0, 25_000.0)


async def test_a_book_that_is_not_the_exchange_s_first_serves_no_prices() -> None:
    async with market() as it:
        it.reader.serves_prices = False
        await it.clock.advance(1)
        assert (await it.samples()).of(PRICE) == []
        assert await it.worth("BTC") == 100_000.0


async def test_a_dropped_reader_serves_nothing() -> None:
    async with market() as it:
        await it.clock.advance(1)
        it.reader.drop()
        assert PRICE + "{" not in await it.text()


class GluedMarket(Market):
    """Tickers whose symbols are written without a separator, beside the exchange's own list of markets."""

    def __init__(self) -> None:
        super().__init__(valuation())
        self.reader.caller = replace(
            self.reader.caller, api=replace(self.reader.caller.api, symbol=None, markets=read_markets)
        )
        self.reader = PriceReader(
            self.reader.caller,
            valuation(),
            PriceLines(self.exposition, "tiny"),
            transport=self.transport,
            clock=self.clock,
            backoff=lambda _failures, interval, _cap: interval,
        )
        self.reader.serves_prices = True
        self.transport.says = {
            "markets": {("BTC", "ZZUSDT"): "BTCZZUSDT", ("BTC", "USDT"): "BTCUSDT"},
            "prices": {"BTCUSDT": "50000", "BTCZZUSDT": "2"},
        }
        self.join(self.state, {"BTC": "2", "USDT": "10", "ZZUSDT": "700", "BTCZZ": "5"})


def read_markets() -> Reader[dict[tuple[str, str], str]]:
    markets: dict[tuple[str, str], str] = yield Request(ASK, id="markets")
    return markets


@asynccontextmanager
async def glued() -> AsyncIterator[GluedMarket]:
    made = GluedMarket()
    task = asyncio.create_task(made.reader.run())
    try:
        yield made
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_pair_is_what_the_list_of_markets_says_and_no_gluing_of_names() -> None:
    async with glued() as it:
        await it.clock.advance(1)
        assert await it.worth("BTC") == 100_000.0
        assert await it.worth("ZZUSDT") == 700 * 50_000 / 2  # BTC/ZZUSDT turned round
        assert await it.worth("BTCZZ") is None  # BTCZZUSDT is not its market


async def test_the_list_of_markets_is_read_hourly_whatever_the_interval_of_prices() -> None:
    async with glued() as it:
        await it.clock.advance(3 * 3600 + 1)
        assert it.transport.count("markets") == 4
        assert it.transport.count("prices") == 181


async def test_a_market_that_is_listed_later_is_known_an_hour_later() -> None:
    async with glued() as it:
        await it.clock.advance(1)
        it.transport.says["markets"] = {("BTCZZ", "USDT"): "BTCZZUSDT", ("BTC", "USDT"): "BTCUSDT"}
        await it.clock.advance(3600)
        assert it.reader.book.price("BTCZZ", it.clock.now()) == 2
        assert it.reader.book.price("ZZUSDT", it.clock.now()) is None


@pytest.mark.parametrize("trouble", [TimedOut("no list"), {}])
async def test_a_list_of_markets_that_cannot_be_renewed_stands_and_is_asked_for_each_minute(trouble: Any) -> None:
    async with glued() as it:
        await it.clock.advance(1)
        it.transport.says["markets"] = trouble
        await it.clock.advance(7200)
        assert it.reader.book.price("BTC", it.clock.now()) == 50_000
        assert it.transport.count("markets") == 1 + 61
        assert it.reader.error is None


async def test_without_any_list_of_markets_prices_cannot_be_read() -> None:
    async with glued() as it:
        it.transport.says["markets"] = TimedOut("no list")
        await it.clock.advance(1)
        assert it.reader.error is not None
        assert it.reader.error.reason == "timeout"
        assert it.transport.count("prices") == 0
