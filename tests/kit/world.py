"""A simulated exchange in a thread of its own, for commands that bring their own event loop."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from exporter.sandbox import Sandbox

FLOOD: Final = "12345678901234567890.123456789"
"""More digits than a float holds."""


class World:
    """Two accounts on a simulated exchange that runs in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sandbox = Sandbox()
        exact = self._sandbox.add_account("xt", key="xt-key", secret="xt-secret", mode="v4", name="exact")
        exact.set("spot", "USDT", "1000.50", "0.25")
        exact.set("spot", "BTC", FLOOD)
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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.stop()
