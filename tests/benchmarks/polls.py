"""What a poll costs in CPU, against a bare aiohttp call and against ccxt, on the same server."""

import asyncio
import base64
import gc
import hmac
import json
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from decimal import Decimal
from itertools import pairwise

import aiohttp

from exporter.app.engine import Engine
from exporter.app.process import COLLECT
from exporter.config import Config, Valuation
from exporter.core.model import Reading
from exporter.core.runtime import SystemClock
from exporter.exchanges import EXCHANGES
from exporter.exposition.counters import Counters
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.transport.conversation import Transport
from exporter.transport.limits import Pacer
from tests.benchmarks.child import Child
from tests.benchmarks.fleet import Fleet, account
from tests.benchmarks.table import Row

PATH = "/api/v2/spot/account/assets"
ROUNDS = 7
POLLS = 400
ALL_ROWS = "150 amounts are checked, valued and written in Python, beside the call itself"

Call = Callable[[], Awaitable[object]]


def _unlimited(*limit: object) -> tuple[float, float]:
    del limit
    return 1e9, 1e9


def no_tail(openmetrics: bool, filters: object) -> bytes:
    """Nothing of the process: what is measured is the rest."""
    del openmetrics, filters
    return b""


@asynccontextmanager
async def ours(port: int) -> AsyncIterator[Call]:
    """Our poll of one account: paced, signed, sent, parsed, valued, stored and rendered."""
    config = Config(
        accounts=(account("one", base_url=f"http://127.0.0.1:{port}", options={"mode": "classic"}),),
        rate_share={"bitget": 1.0},
        valuation=Valuation(enabled=True, interval=60.0, pegs={"USDT": Decimal(1)}, also=()),
        hash=0,
        warnings=(),
        label_names=(),
    )
    clock = SystemClock()
    dice, counters = random.Random(1), Counters()
    pacer = Pacer(clock, config.rate_share)
    # The published limit of 10 a second would be measured instead.
    pacer._budget = _unlimited  # type: ignore[method-assign, assignment]
    transport = Transport(clock, pacer, counters, dice)
    engine = Engine(config, clock, dice, exchanges=EXCHANGES, transport=transport, pacer=pacer, counters=counters)
    [reader] = engine.price_readers.values()
    await reader.read(clock.now() + 60)
    [poller] = engine.pollers.values()

    async def poll() -> None:
        now = clock.now()
        outcome = await poller.account_poll.poll(now, now + 60)
        assert outcome.tried
        assert outcome.error is None
        poller.state.due(clock.wall() + 30)

    await poll()
    assert poller.state.usd
    try:
        yield poll
    finally:
        await engine.stop(0)


@asynccontextmanager
async def bare(port: int) -> AsyncIterator[Call]:
    """The least that anybody could do: sign, GET, parse JSON."""
    secret = b"secret"
    async with aiohttp.ClientSession() as session:

        async def call() -> None:
            now = str(int(time.time() * 1000))
            signature = base64.b64encode(hmac.digest(secret, f"{now}GET{PATH}".encode(), "sha256")).decode()
            headers = {
                "ACCESS-KEY": "key",
                "ACCESS-SIGN": signature,
                "ACCESS-TIMESTAMP": now,
                "ACCESS-PASSPHRASE": "pass",
                "locale": "en-US",
            }
            async with session.get(f"http://127.0.0.1:{port}{PATH}", headers=headers) as answer:
                rows = json.loads(await answer.read())["data"]
            assert len(rows) == 50

        await call()
        yield call


async def cpu(call: Call) -> float:
    """Seconds of CPU for one call, over `POLLS` of them."""
    start = time.process_time()
    for _ in range(POLLS):
        await call()
    return (time.process_time() - start) / POLLS


def middle(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of each side."""
    one, other = map(statistics.median, zip(*pairs, strict=True))
    return one, other


async def rows(ccxt_python: str | None) -> list[Row]:
    """Measure, both sides in turn in every round."""
    results: dict[int, tuple[float, float, float]] = {}
    theirs: list[tuple[float, float]] = []
    with Child("-m", "tests.benchmarks.answer_server") as server, ExitStack() as stack:
        port = server.answer()
        async with ours(port) as poll, bare(port) as call:
            for changed in (3, 0, 50):
                server.ask(changed)
                pairs = [(await cpu(poll), await cpu(call)) for _ in range(ROUNDS + 1)][1:]
                results[changed] = (*middle(pairs), statistics.median(mine / least for mine, least in pairs))
            if ccxt_python is not None:
                client = stack.enter_context(Child("tests/benchmarks/ccxt_client.py", str(port), python=ccxt_python))
                client.answer()
                theirs = [(await cpu(poll), client.ask("poll", POLLS)["seconds"]) for _ in range(ROUNDS + 1)][1:]
    table = []
    for changed, what, goal, why in (
        (50, "CPU per poll, 50 currencies, Bitget, all rows changed", 2.5, ALL_ROWS),
        (3, "the same, 3 rows changed", 1.6, "four families are split, joined and packed for three lines each"),
        (0, "the same, nothing changed", 1.3, "limits, deadlines, counters and the poll's own lines"),
    ):
        mine, least, ratio = results[changed]
        told = f"bare aiohttp + hmac + json, {least * 1e6:.0f} us"
        table.append(Row(what, told, f"{mine * 1e6:.0f} us", ratio, "at most", goal, "x", why))
    if theirs:
        mine, peer = middle(theirs)
        ratio = statistics.median(other / ours for ours, other in theirs)
        told = f"ccxt fetch_balance, {peer * 1e6:.0f} us"
        table.append(
            Row("the same, all rows changed", told, f"{mine * 1e6:.0f} us", ratio, "at least", 1.5, "x less", ALL_ROWS)
        )
    return table


def publish() -> Row:
    """Render and publish one wholly changed wallet of 50 currencies, tickers and all."""
    exposition = Exposition(RENDERED, no_tail)
    fleet = Fleet(exposition, 1, 50)
    times = []
    for number in range(400):
        readings: list[Reading] = fleet.prepare()
        start = time.perf_counter()
        fleet.publish(readings)
        if number >= 100:
            times.append(time.perf_counter() - start)
    middle = statistics.median(times) * 1e3
    return Row(
        "render and publish one wholly changed wallet of 50 currencies",
        "",
        f"{middle:.3f} ms",
        middle,
        "under",
        0.5,
        "ms",
    )


def growth() -> Row:
    """Publish and join for 1 to 2,000 accounts: what doubling costs at worst.

    The processor's caches are swept before each round: polls of one account come seconds apart, and a small fleet that
    stays in the cache from round to round would make a large one look dear.
    """
    sweep = bytearray(64 * 1024 * 1024)
    costs = []
    sizes = [125, 250, 500, 1000, 2000]
    for size in [1, *sizes]:
        exposition = Exposition(RENDERED, no_tail)
        fleet = Fleet(exposition, size, 50)
        fleet.publish(fleet.prepare())
        rounds = []
        for _ in range(9):
            readings = fleet.prepare()
            assert not sweep.count(1)
            start = time.process_time()
            fleet.publish(readings)
            asyncio.run(exposition.scrape(openmetrics=False, gzip=True))
            rounds.append(time.process_time() - start)
        costs.append(statistics.median(rounds))
    one, *costs = costs
    worst = max(later / earlier for earlier, later in pairwise(costs))
    told = ", ".join(f"{size}: {cost * 1e3:.0f} ms" for size, cost in zip(sizes, costs, strict=True))
    return Row(
        "cost against size, 1 to 2,000 accounts, a doubling at worst",
        f"1: {one * 1e3:.1f} ms",
        told,
        worst,
        "at most",
        2.2,
        "x",
        "125 accounts still fit the processor's caches; from 250 on a doubling costs 2.0 x",
    )


def run(ccxt_python: str | None) -> list[Row]:
    """All rows of this file, both sides under the running program's settings of the garbage collector."""
    gc.set_threshold(*COLLECT)
    return [*asyncio.run(rows(ccxt_python)), publish(), growth()]
