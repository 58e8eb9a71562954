"""The whole exporter on loopback before simulated exchanges, and such an exchange in a thread of its own."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from exporter.app.process import App
from exporter.config.load import load
from exporter.core.runtime import SystemClock
from exporter.core.settings import Settings
from exporter.sandbox import Sandbox, SandboxAccount
from exporter.sandbox.demo import Scenario, build_demo
from exporter.sandbox.faults import Fault
from tests.kit.scrape import Samples

PATIENCE = 15.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""


class TurnedClock(SystemClock):
    """The machine's clock, that a test can put forward."""

    __slots__ = ("ahead", "now")

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0
        real = self.now
        self.now = lambda: real() + self.ahead


class Exporter:
    """A running exporter, the demo's exchanges that it polls, and its configuration."""

    def __init__(self, folder: Path, sandbox: Sandbox, scenario: Scenario) -> None:
        self.path = folder / "config.yaml"
        self.sandbox = sandbox
        self.scenario = scenario
        self.clock = TurnedClock()
        self.app: App
        self.task: asyncio.Task[None]
        self.client: ClientSession

    def write(self, text: str) -> None:
        """Write the configuration file."""
        self.path.touch(mode=0o600)
        self.path.write_text(text)

    def config(self, **defaults: str) -> str:
        """The demo's configuration, in a hurry."""
        text = self.scenario.config_text(self.sandbox.base_urls)
        own = {"interval": "1s", "timeout": "800ms", **defaults}
        lines = "\n".join(f"  {name}: {value}" for name, value in own.items())
        return re.sub(r"defaults:\n(?:  .*\n)+", f"defaults:\n{lines}\n", text)

    def account(self, name: str) -> SandboxAccount:
        """A demo account as its exchange knows it."""
        return self.scenario.account(name).account

    async def get(self, path: str = "/metrics") -> tuple[int, str]:
        """Status and body."""
        async with self.client.get(f"http://{self.app.web.addresses[0]}{path}") as answer:
            return answer.status, await answer.text()

    async def scrape(self) -> Samples:
        """Everything that is served now."""
        status, body = await self.get()
        assert status == 200
        return Samples(body)

    async def until(self, holds: Callable[[Samples], object]) -> Samples:
        """Scrape until something holds."""
        async with asyncio.timeout(PATIENCE):
            while True:
                samples = await self.scrape()
                if holds(samples):
                    return samples
                await asyncio.sleep(0.02)

    async def polled(self, name: str) -> Samples:
        """Wait for a whole poll of an account that begins from now on."""
        polls = (await self.scrape()).one("exchange_polls_total", account=name) or 0
        return await self.until(lambda samples: (samples.one("exchange_polls_total", account=name) or 0) >= polls + 2)


@asynccontextmanager
async def exporting(
    folder: Path,
    prepare: Callable[[Exporter], None] | None = None,
    config: Callable[[Exporter], str] = Exporter.config,
    *,
    wait: bool = True,
    **settings: Any,
) -> AsyncIterator[Exporter]:
    """Run all of it, from the end of the first polls on unless told not to `wait`.

    `prepare` changes what the exchanges hold or do before the first poll.
    """
    sandbox = Sandbox()
    exporter = Exporter(folder, sandbox, build_demo(sandbox, 1))
    await sandbox.start()
    try:
        if prepare is not None:
            prepare(exporter)
        exporter.write(config(exporter))
        given = Settings(config_file=exporter.path, listen_addresses=("127.0.0.1:0",), **settings)
        exporter.app = App(given, {}, load(exporter.path, {}), exporter.clock, Random())
        exporter.task = asyncio.create_task(exporter.app.run())
        async with ClientSession() as exporter.client, asyncio.timeout(60):
            while not exporter.app.web.addresses or (wait and not exporter.app.engine.tried):
                assert not exporter.task.done()
                await asyncio.sleep(0.01)
            yield exporter
            exporter.app.stop()
            await exporter.task
    finally:
        if hasattr(exporter, "task"):
            exporter.task.cancel()
            await asyncio.gather(exporter.task, return_exceptions=True)
        await sandbox.stop()


FLOOD: Final = "12345678901234567890.123456789"
"""More digits than a float holds."""


class World:
    """Accounts on simulated exchanges that run in a thread of their own.

    Attributes:
        bots: an account whose configuration reads one of its wallets.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sandbox = Sandbox()
        exact = self._sandbox.add_account("xt", key="xt-key", secret="xt-secret", mode="v4", name="exact")
        exact.set("spot", "USDT", "1000.50", "0.25")
        exact.set("spot", "BTC", FLOOD)
        self.bots = self._sandbox.add_account("bingx", key="bots-key", secret="bots-secret", name="bots")
        self.bots.set("spot", "USDT", "10")
        self.bots.set("funding", "USDT", "250.25")
        self.bots.set("grid", "USDT", "70")
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        await self._sandbox.start()
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stop.wait()
        await self._sandbox.stop()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def config(self, *, wrong: bool = False) -> str:
        """A configuration file; with `wrong`, one account more whose secret is not the exchange's."""
        lines = ["accounts:"]
        for name, key in (("exact", "xt-key"), *((("wrong", "other-key"),) if wrong else ())):
            lines += [
                f"  - name: {name}",
                "    exchange: xt",
                f'    base_url: "{self._sandbox.urls["xt"]}"',
                f"    credentials: {{api_key: {key}, secret: xt-secret}}",
            ]
        path = self.folder / f"{'wrong' if wrong else 'good'}.yaml"
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    @contextmanager
    def refusing(self, exchange: str, path: str, situation: str) -> Iterator[None]:
        """An exchange refuses one path for so long."""
        faults = self._sandbox.exchange(exchange).faults
        fault = Fault("vendor_error", path=path, situation=situation)
        faults.append(fault)
        try:
            yield
        finally:
            faults.remove(fault)

    def config_of_bots(self, wallets: str) -> str:
        """A configuration file for the account `bots` that reads these wallets."""
        path = self.folder / "bots.yaml"
        path.touch(mode=0o600)
        path.write_text(
            f"accounts: [{{name: bots, exchange: bingx, wallets: [{wallets}], "
            f'base_url: "{self._sandbox.urls["bingx"]}", credentials: {{api_key: bots-key, secret: bots-secret}}}}]\n'
        )
        return str(path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.stop()
