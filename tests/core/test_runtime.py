"""Clocks and threads: sleep ends after a suspend, and lookups without an answer hold up nothing and nobody."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from threading import Event

import pytest

from exporter.app.process import SCRAPE_SECONDS, STOP_SECONDS
from exporter.core import runtime
from exporter.core.runtime import SystemClock
from tests.kit.clock import FakeClock

HANGS = """
import asyncio, time
from exporter.core import runtime

async def main():
    runtime.let_lookups_alone()
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)
    await asyncio.sleep(0)

asyncio.run(main())
print("over")
"""


async def test_lookups_that_hang_hold_up_nothing_else() -> None:
    runtime.let_lookups_alone()
    loop, answered = asyncio.get_running_loop(), Event()
    lookups = [loop.run_in_executor(None, answered.wait) for _ in range(100)]
    try:
        assert await runtime.scraped(lambda: "joined") == "joined"
        assert await runtime.worked(int, "f", base=16) == 15
        assert await loop.run_in_executor(None, str.upper, "resolved") == "RESOLVED"
        assert not any(lookup.done() for lookup in lookups)
    finally:
        answered.set()
    assert all(await asyncio.gather(*lookups))


@pytest.mark.parametrize("run", [runtime.scraped, runtime.paged, runtime.parsed, runtime.verified])
async def test_what_needs_the_interpreter_runs_one_at_a_time(run: Callable[..., Awaitable[None]]) -> None:
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.002)
        running -= 1

    await asyncio.gather(*(run(work) for _ in range(8)))
    assert most == 1


async def test_a_lookup_that_fails_says_so() -> None:
    runtime.let_lookups_alone()
    with pytest.raises(OSError, match="not known"):
        await asyncio.get_running_loop().run_in_executor(None, fails)


def fails() -> None:
    raise OSError("Name or service not known")


def test_the_process_does_not_wait_for_a_lookup() -> None:
    over = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60)
    assert (over.returncode, over.stdout, over.stderr) == (0, "over\n", "")


def test_polls_and_scrapes_together_get_less_than_the_ten_seconds_that_are_promised() -> None:
    assert STOP_SECONDS + SCRAPE_SECONDS <= 9


async def test_the_systems_clock_sleeps_and_shows_both_times() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0.01)
    assert clock.now() - before >= 0.01
    assert abs(clock.wall() - time.time()) < 5
    await clock.sleep(-1.0)


async def test_a_long_sleep_ends_soon_after_a_suspend(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, fake = SystemClock(), FakeClock()
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        fake.time += 3600.0 if len(naps) == 2 else seconds  # the machine was suspended during the second nap

    clock.now = fake.now
    monkeypatch.setattr(asyncio, "sleep", nap)
    await clock.sleep(900.0)
    assert naps == [10.0, 10.0, 0.0]
