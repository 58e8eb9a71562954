"""Clocks, chance, and thread pools for blocking work, one per kind of wait, so that slow DNS never delays a scrape.

The time and the dice go to whoever needs them as arguments, so that tests can hand in their own. The system resolves
names in a thread, and a name server that does not answer holds that thread for half a minute. So each lookup gets a
thread of its own, and the process does not wait for it when it ends. The same goes for reading files.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from random import Random
from threading import Thread
from typing import Final, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_NAP: Final = 10.0
"""Seconds after which a sleeper looks at the clock, since the loop's timers stand still in suspend."""

Dice = Random
"""Chance, as an argument."""


class Clock(Protocol):
    """The time, as an argument."""

    def now(self) -> float:
        """Seconds since some moment; runs in suspend, never steps."""

    def wall(self) -> float:
        """Seconds since the epoch, as this machine believes."""

    async def sleep(self, seconds: float) -> None:
        """Return once `now` has moved that far; at once, but after a turn of the loop, for 0 and less."""


class SystemClock:
    """The machine's clocks."""

    __slots__ = ("now", "wall")
    now: Callable[[], float]
    wall: Callable[[], float]

    def __init__(self) -> None:
        boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere suspend is not counted
        self.now = time.monotonic if boot is None else partial(time.clock_gettime, boot)
        self.wall = time.time

    async def sleep(self, seconds: float) -> None:
        """Sleep by `now`, late by at most `LONGEST_NAP` after a suspend."""
        end = self.now() + seconds
        left = seconds
        while left > LONGEST_NAP:
            await asyncio.sleep(LONGEST_NAP)
            left = end - self.now()
        await asyncio.sleep(max(left, 0.0))


def monotonic_microseconds() -> int:
    """This moment on CLOCK_MONOTONIC, the clock that systemd compares its own with."""
    return time.monotonic_ns() // 1000


# One thread each: several would only take the interpreter from each other. The loop needs it again after each write to
# a client, and would wait for all of them: four scrapes at once held it for up to 66 ms.
_SCRAPES: Final = ThreadPoolExecutor(1, thread_name_prefix="scrape")
_PAGES: Final = ThreadPoolExecutor(1, thread_name_prefix="page")
_ANSWERS: Final = ThreadPoolExecutor(1, thread_name_prefix="answer")
_PASSWORDS: Final = ThreadPoolExecutor(1, thread_name_prefix="password")
_WORK: Final = ThreadPoolExecutor(4, thread_name_prefix="work")


async def scraped(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run this in the one thread of scrapes: it waits behind other scrapes at most."""
    return await asyncio.get_running_loop().run_in_executor(_SCRAPES, lambda: call(*args, **kwargs))


async def worked(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run this in the threads for work that waits for no network, such as reading a file."""
    return await asyncio.get_running_loop().run_in_executor(_WORK, lambda: call(*args, **kwargs))


def begun(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Run this in a thread of its own that may never come back: nobody has to wait for it, nor does the process."""
    return _APART.submit(call, *args, **kwargs)


async def apart(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run this in a thread of its own, as `begun` does; cancelling leaves the thread alone."""
    return await asyncio.get_running_loop().run_in_executor(_APART, lambda: call(*args, **kwargs))


async def paged(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run this in the one thread that writes pages for people: it delays other pages at most."""
    return await asyncio.get_running_loop().run_in_executor(_PAGES, lambda: call(*args, **kwargs))


async def parsed(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run this in the one thread for answers of exchanges."""
    return await asyncio.get_running_loop().run_in_executor(_ANSWERS, lambda: call(*args, **kwargs))


async def verified(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run this in the one thread for passwords: whoever guesses at them gets no more than a part of one core."""
    return await asyncio.get_running_loop().run_in_executor(_PASSWORDS, lambda: call(*args, **kwargs))


def let_lookups_alone() -> None:
    """Have the running loop resolve each name in a thread of its own."""
    asyncio.get_running_loop().set_default_executor(_Daemons())


class _Daemons(ThreadPoolExecutor):
    """A new thread for each call, for which nobody waits; a ThreadPoolExecutor since asyncio takes nothing else."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        Thread(target=run, name="apart", daemon=True).start()
        return future


_APART: Final = _Daemons()
