"""Pages for people that take a while to write: written once for all who ask within a second, and then forgotten."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

FRESH_SECONDS: Final = 1.0

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Shared(Generic[K, T]):
    """Something that is made when somebody asks for it, and kept for a second.

    It may be made in several ways (with other links, say); each is kept by itself. Nothing is kept for longer, so that
    who asks in ever new ways fills no memory.
    """

    def __init__(self, make: Callable[[K], Awaitable[T]]) -> None:
        """Args: `make` makes it; its argument says in which of the ways."""
        self._make = make
        self._kept: dict[K, tuple[float, T]] = {}
        self._making: dict[K, asyncio.Task[T]] = {}

    async def get(self, way: K) -> T:
        """What was made; raises what making it raised."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(way)
        if kept is not None and now - kept[0] < FRESH_SECONDS:
            return kept[1]
        task = self._making.get(way)
        if task is None:
            task = self._making[way] = asyncio.create_task(self._made(way))
            task.add_done_callback(lambda done: self._over(way, done))
        # One who goes away takes it from nobody else.
        return await asyncio.shield(task)

    def close(self) -> None:
        """Make nothing more."""
        for task in self._making.values():
            task.cancel()

    async def _made(self, way: K) -> T:
        made = await self._make(way)
        loop = asyncio.get_running_loop()
        kept = self._kept[way] = loop.time(), made
        loop.call_later(FRESH_SECONDS, self._forget, way, kept)
        return made

    def _forget(self, way: K, kept: tuple[float, T]) -> None:
        if self._kept.get(way) is kept:
            del self._kept[way]

    def _over(self, way: K, task: asyncio.Task[T]) -> None:
        del self._making[way]
        if not task.cancelled():
            task.exception()  # is told to those who wait, if there are any


class Page(Shared[K, bytes | None]):
    """A page as bytes; None where there is no such page."""

    def __init__(self, write: Callable[[K], Awaitable[str | None]]) -> None:
        """Args: `write` makes the page; its argument says in which of the ways."""

        async def written(way: K) -> bytes | None:
            text = await write(way)
            if text is None:
                return None
            return (text if text.endswith("\n") else text + "\n").encode("utf-8", "backslashreplace")

        super().__init__(written)
