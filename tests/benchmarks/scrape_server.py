"""Serves 200,000 balance series in one of three ways, told by the first argument: ours, peer or ready."""

import asyncio
import gzip
import sys
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.aiohttp import make_aiohttp_handler

from exporter.exposition.account_lines import AMOUNTS
from exporter.exposition.counters import Counters
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import FAMILIES, RENDERED
from exporter.web.server import Asked, Web
from tests.benchmarks.child import resident_kib, tell
from tests.benchmarks.fleet import Fleet
from tests.benchmarks.polls import no_tail

Command = Callable[[list[str]], Awaitable[object]]


class Stall:
    """The longest that the event loop did not come round, seen by a one-millisecond sleep."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.perf_counter() - before - 0.001)

    def take(self) -> float:
        """Seconds since the last look."""
        worst, self.worst = self.worst, 0.0
        return worst


async def empty_page(asked: Asked) -> str:
    """No page is asked for."""
    return asked.links


async def serve_ours(accounts: int, currencies: int) -> None:
    """Our store, exposition and web server."""
    sys.setswitchinterval(0.001)
    before = resident_kib()
    counters = Counters()
    exposition = Exposition(RENDERED, counters.tail)
    fleet = Fleet(exposition, accounts, currencies)
    for _ in range(3):
        fleet.poll()
    server = Web(
        exposition,
        before_scrape=lambda: None,
        page=empty_page,
        healthy=lambda: None,
        ready=lambda: None,
        config_text=lambda: "",
        reload=None,
    )
    await server.start(["127.0.0.1:0"])
    memory = resident_kib() - before
    stall = Stall()
    readings = fleet.prepare()

    async def command(words: list[str]) -> object:
        nonlocal readings
        if words[0] == "republish":
            fleet.publish(readings)
            readings = fleet.prepare()
            await asyncio.sleep(0.01)
            stall.take()
        return {"stall": stall.take()}

    await _obey({"port": int(server.addresses[0].rpartition(":")[2]), "kib": memory}, command)
    await server.close(0)


async def serve_peer(accounts: int, currencies: int) -> None:
    """prometheus-client: gauges with labels, its own aiohttp handler, gzip."""
    registry = CollectorRegistry()
    gauges = [Gauge(name, FAMILIES[name].help, FAMILIES[name].labels, registry=registry) for name in AMOUNTS[:5]]
    state = [
        Gauge(family.name.removesuffix("_total"), family.help, family.labels, registry=registry)
        for family in RENDERED
        if family.labels == ("exchange", "account")
    ]
    children = [
        gauge.labels("bitget", f"acct-{number:04}", "spot", f"C{place:03}")
        for gauge in gauges
        for number in range(accounts)
        for place in range(currencies)
    ]
    children += [gauge.labels("bitget", f"acct-{number:04}") for gauge in state for number in range(accounts)]
    app = web.Application()
    app.router.add_get("/metrics", make_aiohttp_handler(registry))
    runner, port = await _listen(app)
    value = 1.0

    async def command(words: list[str]) -> object:
        nonlocal value
        value += 0.000123
        for place, child in enumerate(children):
            child.set(value * place)
        return {"stall": 0.0}

    await command([])
    await _obey({"port": port}, command)
    await runner.cleanup()


async def serve_ready(accounts: int, currencies: int) -> None:
    """Aiohttp sending bytes that were made before."""
    exposition = Exposition(RENDERED, no_tail)
    fleet = Fleet(exposition, accounts, currencies)
    fleet.publish(fleet.prepare())
    scrape = await exposition.scrape(openmetrics=False, gzip=True)
    assert scrape is not None
    assert gzip.decompress(scrape.body)
    body = scrape.body

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": scrape.content_type})

    app = web.Application()
    app.router.add_get("/metrics", handle)
    runner, port = await _listen(app)

    async def command(words: list[str]) -> object:
        return {"stall": 0.0}

    await _obey({"port": port}, command)
    await runner.cleanup()


async def _listen(app: web.Application) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, int(runner.addresses[0][1])


async def _obey(first: object, command: Command) -> None:
    tell(first)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        tell(await command(line.split()))


if __name__ == "__main__":
    ways = {"ours": serve_ours, "peer": serve_peer, "ready": serve_ready}
    asyncio.run(ways[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3])))
