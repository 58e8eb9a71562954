"""Threads: lookups that get no answer hold up neither a scrape, nor an answer, nor the end of the process."""

import asyncio
import subprocess
import sys
from threading import Event

import pytest

from exporter.app.process import SCRAPE_SECONDS, STOP_SECONDS
from exporter.core import runtime

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
