"""Time that tests move themselves, and counters that tests read: stand-ins shared by all tests."""

import asyncio
import heapq
from collections import Counter, defaultdict
from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


class FakeClock:
    """Virtual time, in which sleeping costs nothing.

    Time moves by `advance`, or by `run`, which drives a coroutine from one sleeper to the next. With `jumps` a
    sleeper moves the time itself, for tests in which only one thing sleeps or in which real sockets take part.
    """

    def __init__(self, now: float = 1_000.0, wall: float = 1_767_225_600.0, *, jumps: bool = False) -> None:
        self.time = now
        self.wall_offset = wall - now
        self.jumps = jumps
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time + self.wall_offset

    def step_wall(self, seconds: float) -> None:
        """Set this machine's wall clock forwards or backwards, as NTP or an operator does."""
        self.wall_offset += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds <= 0 or self.jumps:
            self.time += max(seconds, 0.0)
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._number), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move on, waking each sleeper at its own moment; returns when nothing is left to do at the last one."""
        end = self.time + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._wake_next()
            await settle()
        self.time = max(self.time, end)
        await settle()

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Drive a coroutine to its end, moving the time whenever everybody sleeps."""
        task = asyncio.ensure_future(coroutine)
        try:
            await settle()
            while not task.done():
                if not self._sleepers:
                    raise AssertionError("everybody waits, nobody sleeps: this would never end")
                self._wake_next()
                await settle()
            return task.result()
        finally:
            task.cancel()

    def _wake_next(self) -> None:
        due, _, future = heapq.heappop(self._sleepers)
        if not future.done():
            self.time = max(self.time, due)
            future.set_result(None)


async def settle() -> None:
    """Let everything run that can run without waiting for time or sockets."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    while ready:  # noqa: ASYNC110 - there is no event for "nothing is ready"
        await asyncio.sleep(0)


class FakeMeters:
    """Keeps what transport reports."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.durations: list[float] = []
        self.retries: Counter[str] = Counter()
        self.waits: dict[str, float] = defaultdict(float)

    def requested(self, exchange: str, endpoint: str, code: str, seconds: float) -> None:
        self.requests.append((exchange, endpoint, code))
        self.durations.append(seconds)

    def retried(self, exchange: str) -> None:
        self.retries[exchange] += 1

    def waited(self, exchange: str, seconds: float) -> None:
        self.waits[exchange] += seconds

    @property
    def codes(self) -> list[str]:
        """The code of each request, in order."""
        return [code for _, _, code in self.requests]
