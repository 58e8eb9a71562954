"""Whose large answer is next: one at a time, and a hostile account's many come behind a healthy one's few."""

import asyncio
from collections.abc import Callable
from threading import Event

from exporter.core.runtime import SystemClock
from exporter.transport.turns import Turns
from tests.kit.clock import FakeClock


class Work:
    """Pieces of work that take as long on the clock as they say, and are noted when they run."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.turns = Turns(self.clock)
        self.done: list[str] = []

    async def ask(self, whose: str, seconds: float, size: int = 1) -> None:
        await self.turns.run(whose, size, self._piece(whose, seconds))

    def _piece(self, whose: str, seconds: float) -> Callable[[], None]:
        def work() -> None:
            self.clock.time += seconds
            self.done.append(whose)

        return work


async def test_whoever_has_taken_the_least_time_comes_first() -> None:
    work = Work()
    await work.ask("hostile", 0.5)
    await work.ask("healthy", 0.1)
    hostile = [asyncio.create_task(work.ask("hostile", 0.5)) for _ in range(8)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(work.ask(whose, 0.1)) for whose in ("healthy", "new", "healthy")]
    await asyncio.gather(*hostile, *others)
    assert work.done == ["hostile", "healthy", "hostile", "new", "healthy", "healthy", *["hostile"] * 7]


async def test_of_those_who_have_taken_nothing_the_smallest_comes_first() -> None:
    work = Work()
    sizes = {"first": 9, "large": 4, "small": 1, "middle": 2}
    await asyncio.gather(*(work.ask(whose, 0.5, size) for whose, size in sizes.items()))
    assert work.done == ["first", "small", "middle", "large"]


async def test_what_is_long_ago_counts_for_little() -> None:
    work = Work()
    for _ in range(3):
        await work.ask("yesterday", 5.0)
    for _ in range(100):
        await work.ask("today", 1.0)
    waits = [asyncio.create_task(work.ask(whose, 0.1)) for whose in ("first", "today", "yesterday")]
    await asyncio.gather(*waits)
    assert work.done[-3:] == ["first", "yesterday", "today"]


async def test_those_who_no_longer_wait_are_passed_over() -> None:
    turns, release = Turns(SystemClock()), Event()
    running = asyncio.create_task(turns.run("a", 1, release.wait))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(turns.run(whose, 1, str)) for whose in "bcde"]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[2].cancel()
    release.set()
    assert await running
    assert await waiting[1] == await waiting[3] == ""
    assert [each.cancelled() for each in waiting] == [True, False, True, False]
    assert await turns.run("f", 1, str) == ""


async def test_one_who_gives_up_at_the_moment_of_its_turn_passes_it_on() -> None:
    turns, release = Turns(SystemClock()), Event()
    running = asyncio.create_task(turns.run("a", 1, release.wait))
    await asyncio.sleep(0)
    first, second = (asyncio.create_task(turns.run(whose, 1, str)) for whose in "bc")
    await asyncio.sleep(0)
    running.add_done_callback(lambda _: first.cancel())
    release.set()
    assert await second == ""
    assert await turns.run("d", 1, str) == ""


async def test_a_piece_that_fails_passes_its_turn_on() -> None:
    turns = Turns(SystemClock())
    ends = await asyncio.gather(
        turns.run("a", 1, lambda: int("x")), turns.run("b", 1, lambda: int("7")), return_exceptions=True
    )
    assert isinstance(ends[0], ValueError)
    assert ends[1] == 7
