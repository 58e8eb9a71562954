"""Large answers in turn: one at a time beside the loop, and whoever has taken the least time so far comes first."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Final, TypeVar

from exporter.core import runtime
from exporter.core.runtime import Clock

REMEMBERED: Final = 10.0
"""Seconds of work after which what everybody has taken counts for half: what is long ago says little."""

T = TypeVar("T")


class Turns:
    """Lets one piece of work run at a time.

    A healthy account with a large answer waits for the piece that is under way, and for those of accounts that have
    taken no more time than it has; not for all that a hostile one has sent before. Of those that have taken alike, the
    smaller piece comes first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[Hashable, float] = {}
        self._waiting: dict[asyncio.Future[None], tuple[Hashable, int]] = {}  # in order of arrival
        self._busy = False

    async def run(self, whose: Hashable, size: int, work: Callable[[], T]) -> T:
        """What this work returns, once it was its turn; it is abandoned where the caller is cancelled."""
        await self._turn(whose, size)
        started = self._clock.now()
        try:
            return await runtime.parsed(work)
        finally:
            self._took(whose, self._clock.now() - started)
            self._next()

    async def _turn(self, whose: Hashable, size: int) -> None:
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = whose, size
        try:
            await turn
        except asyncio.CancelledError:
            if self._waiting.pop(turn, None) is None:  # it had just come
                self._next()
            raise

    def _next(self) -> None:
        willing = [turn for turn in self._waiting if not turn.done()]
        turn = min(willing, key=self._rank, default=None)
        self._busy = turn is not None
        if turn is not None:
            del self._waiting[turn]
            turn.set_result(None)

    def _rank(self, turn: asyncio.Future[None]) -> tuple[float, int]:
        whose, size = self._waiting[turn]
        return self._taken.get(whose, 0.0), size

    def _took(self, whose: Hashable, seconds: float) -> None:
        self._taken[whose] = self._taken.get(whose, 0.0) + seconds
        if sum(self._taken.values()) > REMEMBERED:
            self._taken = {each: taken / 2 for each, taken in self._taken.items() if taken > 0.001}
