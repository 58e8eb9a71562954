"""An engine of one made-up exchange, on a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from exporter.app.engine import Engine
from exporter.config import Account, Config, Valuation
from exporter.core.model import Reading
from exporter.exchanges.base import Endpoint, Exchange, Limit, Reader, Request, RowMemory, WalletSource
from exporter.exposition.counters import Counters
from exporter.transport.limits import Pacer
from tests.kit.accounts import configured
from tests.kit.clock import FakeClock
from tests.kit.exchange import API, changed
from tests.kit.scrape import Samples
from tests.kit.scripted import ASK, ScriptedTransport, key_info, rows, wallet

SCARCE = Endpoint("/{id}", (Limit("ip", "scarce", 10, 10.0),))


def read_prices() -> Reader[dict[str, Any]]:
    tickers: dict[str, Any] = yield Request(ASK, id="prices")
    return tickers


def read_scarce(memory: RowMemory) -> Reader[Reading]:
    return rows((yield Request(SCARCE, id="spot")))


def config(*accounts: Account, labels: tuple[str, ...] = (), **valuation: Any) -> Config:
    given = {"enabled": True, "interval": 60.0, "pegs": {"USDT": Decimal(1)}, "also": (), **valuation}
    return Config(
        accounts=accounts,
        rate_share={"tiny": 0.5},
        valuation=Valuation(**given),
        hash=len(accounts),
        warnings=(),
        label_names=labels,
    )


def account(name: str, **other: Any) -> Account:
    return configured(name, "tiny", **other)


def engine(
    first: Config, exchanges: Mapping[str, Exchange], clock: FakeClock, transport: ScriptedTransport, **other: Any
) -> Engine:
    pacer = Pacer(clock, first.rate_share, other.get("shards", 1))
    return Engine(
        first,
        clock,
        Random(1),
        exchanges=exchanges,
        transport=transport,
        pacer=pacer,
        counters=Counters(),
        **other,
    )


class Works:
    """An engine of one made-up exchange, on a clock that the test moves."""

    def __init__(self, first: Config, **other: Any) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(self.clock)
        self.transport.says = {
            "spot": {"USDT": "5", "BTC": "1"},
            "prices": {"BTCUSDT": "50000"},
            "key": {"read": True},
        }
        main = WalletSource(read_scarce, (SCARCE,)) if other.pop("scarce", False) else wallet("spot")
        api = changed(API, wallets={"spot": main}, prices=read_prices, key_info=key_info)
        tiny = Exchange(name="tiny", credentials=("api_key",), apis={"": api})
        self.engine = engine(first, {"tiny": tiny}, self.clock, self.transport, **other)

    async def text(self) -> str:
        self.engine.before_scrape()
        scrape = await self.engine.exposition.scrape(openmetrics=False, gzip=False)
        assert scrape is not None
        return scrape.body.decode()

    async def value(self, family: str, /, **labels: str) -> float | None:
        """The value of the first sample of a family with these labels."""
        found = Samples(await self.text()).of(family, **labels)
        return found[0][1] if found else None

    def polls(self, name: str) -> list[float]:
        asked = self.transport.asked
        return [each.at for each in asked if (each.what, each.account) == ("spot", name)]


@pytest.fixture
def works() -> Any:
    """Runs such an engine, and stops it."""

    @asynccontextmanager
    async def running(first: Config, *, advance: float = 100.0, **other: Any) -> AsyncIterator[Works]:
        made = Works(first, **other)
        made.engine.start()
        try:
            await made.clock.advance(advance)
            yield made
        finally:
            await made.engine.stop(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return running
