"""A real Prometheus server scrapes the running exporter over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from grafana.pictures.server import Series, Server
from tests.kit.processes import prometheus, require
from tests.kit.whole import PATIENCE, Exporter, exporting

pytestmark = pytest.mark.servers

CONFIG: Final = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: exchange-balances
    static_configs: [{{targets: ["{address}"]}}]
"""
EXACT: Final = "1234567.12345678901234567"
"""More digits than a float holds."""


class Asked:
    """A server that is asked beside the event loop, on which the exporter runs."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)

    async def series(self, expr: str) -> list[Series]:
        return await asyncio.to_thread(self._server.instant, expr)

    async def one(self, expr: str) -> float | None:
        """The value of the one series, None where there is none."""
        found = await self.series(expr)
        assert len(found) <= 1
        return found[0].last if found else None

    async def scraped(self) -> None:
        """Wait for a whole scrape that begins from now on."""
        now = await self.one("vector(time())")
        assert now is not None
        async with asyncio.timeout(PATIENCE):
            while (await self.one("timestamp(up)") or 0) <= now:  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # the server tells nobody when it has scraped


@asynccontextmanager
async def scraped(exporter: Exporter, folder: Path) -> AsyncIterator[Asked]:
    """Run a server that scrapes the exporter every second."""
    (folder / "prometheus.yml").write_text(CONFIG.format(address=exporter.app.web.addresses[0]))
    running = prometheus(folder, "1m")
    server = Asked(await asyncio.to_thread(running.__enter__))
    try:
        await server.scraped()
        yield server
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def test_prometheus_reads_the_exact_numbers_and_forgets_what_is_withdrawn(tmp_path: Path) -> None:
    require("prometheus")

    def exact(it: Exporter) -> None:
        it.account("market-maker").set("spot", "BTC", EXACT)

    async with exporting(tmp_path, exact) as it, scraped(it, tmp_path) as server:
        assert await server.one("up") == 1
        for name in ("grid-bots", "old-grid", "exit-desk", "arbitrage", "perp-desk", "market-maker"):
            for currency, holding in it.account(name).wallet("spot").items():
                labels = f'account="{name}",wallet="spot",currency="{currency}"'
                available = await server.one(f"exchange_balance_available{{{labels}}}")
                assert available == (None if holding.is_zero else float(holding.available)), labels
        assert await server.one('exchange_balance_available{account="market-maker",currency="BTC"}') == float(EXACT)
        assert await server.one("count(exchange_account_up == 1)") == len(it.scenario.accounts)

        await server.scraped()
        assert await server.one("scrape_samples_scraped") == len(await it.scrape())

        head, _, _ = it.config().rpartition("  - name: treasury")
        it.write(head)
        assert await it.app.reloading.reload() is None
        assert await server.one('count({account="treasury"})') is not None
        await server.scraped()
        assert await server.one('count({account="treasury"})') is None
        assert await server.one("up") == 1

        it.clock.ahead += 601
        it.sandbox.exchange("xt").accounts.pop(it.account("grid-bots").key)
        await it.until(lambda samples: samples.one("exchange_wallet_fresh", account="grid-bots", wallet="spot") == 0)
        await server.scraped()
        assert await server.series('exchange_balance_available{account="grid-bots"}') == []
        assert await server.one('exchange_wallet_fresh{account="grid-bots",wallet="spot"}') == 0
