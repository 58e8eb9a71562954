"""Runs one thing at a time, for any number of callers: who comes while it runs shares the next run."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from exporter.core.runtime import Clock

T = TypeVar("T")


class Merged(Generic[T]):
    """Each call is answered by a run that began after it came; a hundred calls during one run lead to one more."""

    def __init__(self, run: Callable[[], Coroutine[Any, Any, T]], clock: Clock, rest: float) -> None:
        """Args:
        run: what runs; never twice at once.
        clock: measures the rest.
        rest: seconds between a run and one that was asked for meanwhile, so that no number of callers keeps it running.
        """
        self._run = run
        self._clock = clock
        self._rest = rest
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """The outcome of a run that begins from now on; a caller that is cancelled leaves the run to the others."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
            self._next.add_done_callback(self._over)
        return await asyncio.shield(self._next)

    async def stop(self) -> None:
        """Cancel what runs and what waits to."""
        tasks = [task for task in (self._running, self._next) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _after(self, before: "asyncio.Task[T] | None") -> T:
        if before is not None:
            await asyncio.wait((before,))
            await self._clock.sleep(self._rest)
        self._running, self._next = self._next, None
        return await self._run()

    def _over(self, task: "asyncio.Task[T]") -> None:
        """Forget a run that is over: an error would keep everything that its frames hold."""
        if not task.cancelled():
            task.exception()  # it may be that nobody waits any more
        if self._running is task:
            self._running = None
        if self._next is task:
            self._next = None
