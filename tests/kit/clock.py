"""Two stand-ins for time, and when to use which.

**`FakeClock`** is for one part that takes a clock as an argument: a poller, a bucket, an exchange's time. The test
moves the time by `advance` or by `run`, and sees who wakes up when. All of it runs in the usual event loop: sockets and
threads take real time, during which the clock stands. With `jumps` a sleeper moves the time itself; this is for tests
in which only one thing sleeps, or in which real sockets take part.

**`VirtualLoop`** is for the whole exporter with its sockets, threads and the deadlines of asyncio and aiohttp.
`in_virtual_time` runs a test in one, and `VirtualClock` is the exporter's clock there. When no socket is ready and no
thread is at work, the loop moves its own time to the next timer. Data on loopback is there as soon as it is sent, so an
hour of polls and answers passes as fast as they can be worked on. The exception is a large answer, which waits for
acknowledgements by the kernel: while a socket still has much to send, time stands.

Neither reaches another process. Tests of the program (`processes.py`) wait for what happens, in real time, and never
assert how long it took.
"""

import asyncio
import fcntl
import heapq
import os
import selectors
import socket
import struct
import termios
import time
from collections.abc import Coroutine
from itertools import count
from typing import Any, Final, TypeVar

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


EPOCH: Final = 1_767_225_600.0
"""Seconds since the epoch at which every virtual time begins: the start of 2026."""

_MUCH: Final = 32_768
_STUCK_SECONDS: Final = 20.0


class _Selector(selectors.DefaultSelector):
    """Waits for sockets and threads in real time, and for timers not at all."""

    loop: "VirtualLoop"
    back: float = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        left = time.perf_counter()
        if self.back:
            self.loop.longest_turn = max(self.loop.longest_turn, left - self.back)
        ready = super().select(0)
        if not ready and (timeout is None or timeout > 0):
            ready = self._waited(timeout)
        self.back = time.perf_counter()
        return ready

    def _waited(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        give_up = time.perf_counter() + _STUCK_SECONDS
        while time.perf_counter() < give_up:
            if self.loop.threads or timeout is None:
                ready = super().select(0.02)
            elif self._much_is_under_way():
                ready = super().select(0.05)
                if not ready:  # whoever should read it does not
                    self.loop.jump(timeout)
                    return []
            else:
                os.sched_yield()
                ready = super().select(0)
                if not ready:
                    self.loop.jump(timeout)
                    return []
            if ready:
                return ready
        raise AssertionError("everybody waits and no timer runs: this would never end")

    def _much_is_under_way(self) -> bool:
        for fd in self.get_map():
            try:
                (unsent,) = struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, b"\0\0\0\0"))
            except OSError:
                continue
            if unsent > _MUCH:
                return True
        return False


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with real sockets in which waiting for a timer costs nothing.

    Attributes:
        threads: calls in threads that are under way; time stands until they are over.
        unresolved: ports of `localhost` for which name resolution fails.
        longest_turn: real seconds that the loop was away from its sockets, at worst.
    """

    def __init__(self) -> None:
        self.threads = 0
        self.unresolved: set[int] = set()
        self.longest_turn = 0.0
        self._time = 1_000.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._time

    def jump(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._time += seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    async def shutdown_default_executor(self, *arguments: Any) -> None:
        """Join the threads in real time: from Python 3.12 on a timer of the loop bounds it."""
        self.threads += 1
        try:
            await super().shutdown_default_executor(*arguments)
        finally:
            self.threads -= 1

    def _thread_ended(self, future: Any) -> None:
        del future
        self.threads -= 1

    async def getaddrinfo(self, host: Any, port: Any, **kwargs: Any) -> Any:
        """Resolve without a thread and without a network."""
        if host != "localhost":
            return await super().getaddrinfo(host, port, **kwargs)
        if port in self.unresolved:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


class VirtualClock:
    """The exporter's `Clock` on a virtual loop; the wall clock can be set like any machine's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begin = self._loop.time()
        self.step = 0.0

    def now(self) -> float:
        return self._loop.time()

    def true(self) -> float:
        """Seconds since the epoch as everybody else has them."""
        return EPOCH + self._loop.time() - self._begin

    def wall(self) -> float:
        """Seconds since the epoch as this machine has them."""
        return self.true() + self.step

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
