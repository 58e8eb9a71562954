"""The whole exposition of a fixed set of accounts, as it stands in `golden/`, in both formats.

After a wanted change run this file with `UPDATE_GOLDEN=1` and look at the difference.
"""

import asyncio
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.metrics_core import Metric

from exporter.config.model import Threshold
from exporter.core.errors import AuthError, Unreachable
from exporter.core.model import KeyInfo, Reading, WalletValue
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.counters import Counters
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import FAMILIES, RENDERED
from exporter.exposition.price_lines import PriceLines
from exporter.exposition.total_lines import TotalLines
from exporter.holdings.account import AccountState
from exporter.holdings.accounts import Accounts
from exporter.holdings.prices import PriceBook
from exporter.holdings.totals import Totals
from tests.kit.accounts import NOW, WALL, balance, configured, over, readable
from tests.kit.exposition_checker import differences, problems
from tests.kit.processes import require
from tests.kit.scrape import openmetrics_families, text_families

GOLDEN: Final = Path(__file__).parent / "golden"
VOLATILE: Final = re.compile(r"(# (HELP|TYPE) )?(process_|python_info|exchange_exporter_build_info)")
FILES: Final = {False: "exposition.txt", True: "openmetrics.txt"}


def filled() -> Exposition:
    """Accounts that together have a sample in every family, at a fixed moment."""
    book = PriceBook(lambda base, quote: f"{base}_{quote}", {name: Decimal(1) for name in ("USD", "USDT")}, 600.0)
    book.replace({"BTC_USDT": "100000.5", "ETH_BTC": "0.03", "USDT_USD": "0.9995"}, NOW, WALL)
    counters = Counters()
    counters.clock_offsets.set_function(lambda: {"bitget": 0.25, "htx": -1.5})
    exposition = Exposition(RENDERED, counters.tail)
    accounts = Accounts()
    totals = Totals(TotalLines(exposition, 1))
    held = {"warning": "10000", "critical": "1000.5"}
    totals.configure(
        [
            over("treasury", name="liquid", **held),
            over("treasury", name="liquid", currency="", target="20000"),
            over("treasury", "refused", name="all", **held),
            over("elsewhere", name='odd "name"', currency="BTC"),
        ],
        ("treasury", "failing", "refused"),
        accounts,
    )

    def account(name: str, exchange: str, main: str, **other: object) -> AccountState:
        lines = AccountLines(exposition, exchange, name)
        state = AccountState(
            configured(name, exchange, **other),
            main,
            lines,
            book,
            shard=1,
            label_names=("bot", "team"),
            summed=totals.told,
        )
        state.count(totals.currencies(name))
        accounts.add(state)
        return state

    treasury = account(
        "treasury",
        "bitget",
        "unified",
        wallets=("funding",),
        labels={"team": "market making"},
        thresholds=(
            Threshold("USDT", warning=Decimal(5000), critical=Decimal(1000), target=Decimal(10000)),
            Threshold("BTC", wallet="funding", of="available", critical=Decimal("0.1")),
        ),
        usd={"warning": Decimal(20000), "critical": Decimal(5000)},
        expect=("ETH",),
        exclude=("*3L",),
    )
    unified = treasury.wallet("unified", readable(borrows=True))
    rows = [
        balance("BTC", "0.5", "0.25", net=Decimal("0.75"), borrowed=Decimal(0)),
        balance("usdt", "4321.123456789", net=Decimal("4221.123456789"), borrowed=Decimal(100)),
        balance("BTC3L", "7", borrowed=Decimal(0)),
        balance("ODD", "1000", borrowed=Decimal(0)),
        balance('USDT"} 1\nfake_metric 2', "1e-8", borrowed=Decimal(0), usd=Decimal("0.00000001")),
    ]
    treasury.accepted(unified, Reading(rows, ignored=2), NOW, WALL)
    treasury.accepted(treasury.wallet("funding", readable()), Reading([balance("BTC", "0.05")]), NOW, WALL)
    futures = [
        balance("USDT", "812.4", "37.5", net=Decimal("-14.850000001"), pnl=Decimal("-864.75000000")),
        balance("BTC", "0.02"),
        balance("BTC3L", "1", pnl=Decimal(3)),
    ]
    derivatives = treasury.wallet("futures", readable())
    treasury.accepted(derivatives, Reading(futures, margin_ratio=Decimal("0.62500")), NOW, WALL)
    overview = treasury.wallet("overview", readable(overview=True, every=300.0))
    worth = [WalletValue("spot", usdt=Decimal("5000.5")), WalletValue("bots", usdt=Decimal(0))]
    treasury.accepted(overview, Reading(values=worth), NOW, WALL)
    treasury.polled(WALL, 0.125, None, up=True)
    treasury.due(WALL + 30)
    treasury.quota("/api/v3/account/assets", 19)
    permissions = {"read": True, "trade": False, "transfer": False, "withdraw": False}
    treasury.key_read(KeyInfo(permissions, ip_restricted=True, expires=WALL + 86400))

    failing = account("failing", "htx", "spot", labels={"bot": "grid-1"})
    spot = failing.wallet("spot", readable(lists_zeros=True))
    failing.accepted(spot, Reading([balance("ETH", "2")]), NOW - 60, WALL - 60)
    failing.refused(spot, Unreachable("connection refused"), NOW - 30, WALL - 30)
    failing.polled(WALL - 30, 10.0, Unreachable("connection refused"), up=False)
    failing.skipped("rate")

    refused = account("refused", "htx", "spot", stale_after=0.0)
    refused.refused(refused.wallet("spot", readable()), AuthError("unknown key"), NOW, WALL)
    refused.polled(WALL, 0.5, AuthError("unknown key"), up=False)

    _prices(exposition, book)
    _counted(counters)
    accounts.expire(NOW)
    totals.serve()
    return exposition


def _prices(exposition: Exposition, book: PriceBook) -> None:
    """What the reader of prices tells."""
    lines, market = PriceLines(exposition, "bitget"), book.market_price("USDT", NOW)
    assert market is not None
    lines.prices(book.known(NOW))
    lines.market_prices({"USDT": market})
    lines.last_success(book.last_success)


def _counted(counters: Counters) -> None:
    for exchange in ("bitget", "htx"):
        counters.exchange(exchange)
    counters.requested("bitget", "/api/v3/account/assets", "200", 0.125)
    counters.requested("htx", "/v1/account/accounts", "error", 10.0)
    counters.retried("htx")
    counters.waited("bitget", 0.5)
    counters.accounts.set(3)
    counters.shard.set(1)
    counters.shards.set(2)
    counters.reload_successful.set(1)
    counters.reload_time.set(WALL)
    counters.config_hash.set(2**53 - 1)


def scraped(*, openmetrics: bool) -> str:
    """What is served, without the families that are other ones on every machine."""
    scrape = asyncio.run(filled().scrape(openmetrics=openmetrics, gzip=False))
    assert scrape is not None
    return "".join(line for line in scrape.body.decode().splitlines(keepends=True) if not VOLATILE.match(line))


@pytest.mark.parametrize("openmetrics", FILES)
def test_the_exposition_is_the_golden_one(openmetrics: bool) -> None:
    file, text = GOLDEN / FILES[openmetrics], scraped(openmetrics=openmetrics)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(text)
    assert text == file.read_text()


def golden(*, openmetrics: bool) -> str:
    return (GOLDEN / FILES[openmetrics]).read_text()


def test_the_golden_exposition_has_every_family() -> None:
    kinds = re.findall(r"^# TYPE (\S+) ", golden(openmetrics=False), re.MULTILINE)
    assert set(kinds) == FAMILIES.keys() - {"exchange_exporter_build_info"}


@pytest.mark.parametrize("openmetrics", FILES)
def test_the_golden_exposition_has_no_fault(openmetrics: bool) -> None:
    assert problems(golden(openmetrics=openmetrics), openmetrics=openmetrics) == []


def test_both_golden_expositions_hold_the_same_samples() -> None:
    assert differences(golden(openmetrics=False), golden(openmetrics=True)) == []


def test_both_parsers_read_the_same_samples() -> None:
    text = {sample for family in text_families(golden(openmetrics=False)) for sample in _samples(family)}
    other = {sample for family in openmetrics_families(golden(openmetrics=True)) for sample in _samples(family)}
    assert len(text) > 100
    assert text == other


@pytest.mark.parametrize("openmetrics", FILES)
def test_samples_carry_the_labels_of_the_table(openmetrics: bool) -> None:
    families = (openmetrics_families if openmetrics else text_families)(golden(openmetrics=openmetrics))
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        told = {*FAMILIES[name].labels, *(("bot", "team") if name == "exchange_account_info" else ())}
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == told


@pytest.mark.servers
def test_promtool_accepts_the_golden_exposition() -> None:
    promtool = require("promtool")
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=golden(openmetrics=False),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def _samples(family: Metric) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    samples = family.samples
    return [(sample.name, tuple(sorted(sample.labels.items())), sample.value) for sample in samples]
