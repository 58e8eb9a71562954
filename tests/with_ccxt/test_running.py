"""The whole exporter with accounts that are read through ccxt, as a user configures them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

import pytest
from aiohttp import ClientSession

from exporter import __version__
from exporter.app.process import App
from exporter.cli.main import main
from exporter.config.load import load
from exporter.core.runtime import SystemClock
from exporter.core.settings import Settings
from exporter.exchanges.ccxt.table import TABLE
from tests.kit.exposition_checker import problems
from tests.kit.logs import untouched_logging
from tests.kit.scrape import Samples
from tests.with_ccxt.reading import IDS, credentials
from tests.with_ccxt.samples import SAMPLES
from tests.with_ccxt.stand_in import Answer, StandIn

__all__ = ["untouched_logging"]

WORST: Final = 30.0
"""Seconds after which a test gives up."""


def config(folder: Path, stand_ins: dict[str, StandIn], interval: str = "1s") -> Path:
    lines = [f"defaults: {{interval: {interval}, timeout: 900ms}}", "rate_share: 1", "accounts:"]
    for name, stand_in in stand_ins.items():
        held = credentials(name)
        (folder / f"{name}.secret").write_text(held.secret.reveal().replace(r"\n", "\n"))
        lines += [
            f"  - name: {name}-desk",
            f"    exchange: ccxt/{name}",
            f"    base_url: {stand_in.url}",
            "    credentials:",
            f"      api_key: {held.api_key.reveal()}-{name}",
            f"      secret_file: {name}.secret",
        ]
        lines += [f"      passphrase: {held.passphrase.reveal()}"] if held.passphrase else []
    path = folder / "config.yaml"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    for file in folder.glob("*.secret"):
        file.chmod(0o600)
    return path


@asynccontextmanager
async def standing(*names: str) -> AsyncIterator[dict[str, StandIn]]:
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(StandIn(SAMPLES[name].answers).running()) for name in names}


@asynccontextmanager
async def exporting(path: Path) -> AsyncIterator[App]:
    app = App(
        Settings(config_file=path, listen_addresses=("127.0.0.1:0",)), {}, load(path, {}), SystemClock(), Random()
    )
    task = asyncio.create_task(app.run())
    try:
        async with asyncio.timeout(WORST):
            while not app.web.addresses or not app.engine.tried:
                assert not task.done()
                await asyncio.sleep(0.01)
        yield app
        app.stop()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def scrape(app: App) -> Samples:
    async with ClientSession() as client, client.get(f"http://{app.web.addresses[0]}/metrics") as answer:
        text = await answer.text()
    assert problems(text) == []
    return Samples(text)


async def until(app: App, holds: Callable[[Samples], object]) -> Samples:
    async with asyncio.timeout(WORST):
        while True:
            samples = await scrape(app)
            if holds(samples):
                return samples
            await asyncio.sleep(0.02)


async def test_every_exchange_of_the_table_is_served_with_its_numbers(tmp_path: Path) -> None:
    async with standing(*IDS) as stand_ins, exporting(config(tmp_path, stand_ins, "60s")) as app:
        samples = await scrape(app)
    for name in IDS:
        assert samples.one("exchange_account_up", account=f"{name}-desk", exchange=f"ccxt/{name}") == 1
        for wallet, held in SAMPLES[name].wallets.items():
            if wallet != "spot" and name == "bitfinex":
                continue  # opt-in
            for currency, (available, frozen, *_) in held.items():
                if Decimal(available) or Decimal(frozen):
                    where = {"account": f"{name}-desk", "wallet": wallet, "currency": currency.upper()}
                    assert samples.one("exchange_balance_available", **where) == float(available)
                    assert samples.one("exchange_balance_frozen", **where) == float(frozen)


async def test_what_is_held_is_valued_by_the_exchanges_own_tickers(tmp_path: Path) -> None:
    async with standing("kraken") as stand_ins, exporting(config(tmp_path, stand_ins)) as app:
        samples = await until(app, lambda it: it.one("exchange_balance_usd", account="kraken-desk", currency="BTC"))
    assert samples.one("exchange_balance_usd", account="kraken-desk", currency="BTC") == 0.5 * 93500.1
    assert samples.one("exchange_balance_usd", account="kraken-desk", currency="USD") == 25435.21


async def test_all_that_leaves_is_in_the_table_and_says_who_we_are(tmp_path: Path) -> None:
    async with standing(*IDS) as stand_ins, exporting(config(tmp_path, stand_ins, "60s")) as app:
        await scrape(app)
    for name, stand_in in stand_ins.items():
        assert {(each.method, each.path) for each in stand_in.sent} <= {
            (row.method, row.path) for row in TABLE[name].rows
        }
        for each in stand_in.sent:
            assert each.headers["User-Agent"] == f"exchange-balance-exporter/{__version__}"
            assert not re.search("ccxt|partner|broker|referr?er|source", " ".join(each.headers), re.IGNORECASE)


async def test_the_last_good_numbers_stand_while_a_page_is_served_and_then_the_reason_is_told(tmp_path: Path) -> None:
    async with standing("kucoin") as stand_ins, exporting(config(tmp_path, stand_ins)) as app:
        where = {"account": "kucoin-desk", "wallet": "spot"}
        assert (await scrape(app)).one("exchange_balance_available", currency="ALT", **where) == 7.5
        stand_ins["kucoin"].instead = Answer(200, "<html>soon</html>", "text/html")
        samples = await until(app, lambda it: it.one("exchange_account_up", account="kucoin-desk") == 0)
        assert samples.one("exchange_wallet_failing", reason="http", **where) == 1
        assert samples.one("exchange_balance_available", currency="ALT", **where) == 7.5


def test_check_online_reads_an_account_through_ccxt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def checked() -> tuple[int, int]:
        async with standing("kraken", "mexc") as stand_ins:
            path = config(tmp_path, stand_ins)
            offline = await asyncio.to_thread(main, ["check", f"--config.file={path}"], {})
            online = await asyncio.to_thread(main, ["check", "--online", f"--config.file={path}"], {})
            return offline, online

    assert asyncio.run(checked()) == (0, 0)
    out = capsys.readouterr().out
    assert re.search(r"^kraken-desk\s+ccxt/kraken\s+good\s", out, re.MULTILINE)
    assert "2 accounts, all good" in out
