"""Pages for people that take a while to write: written once for all who ask within a second."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

FRESH_SECONDS: Final = 1.0


class Page:
    """A page that is written when somebody asks for it, and kept for a second.

    It may be written in several ways (with other links, say); each is kept by itself.
    """

    def __init__(self, write: Callable[[str], Awaitable[str]]) -> None:
        """Args: `write` makes the page; its argument says in which of the ways."""
        self._write = write
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._writing: dict[str, asyncio.Task[bytes]] = {}

    async def get(self, way: str = "") -> bytes:
        """The page, as bytes; raises what writing it raised."""
        now = asyncio.get_running_loop().time()
        at, page = self._kept.get(way, (0.0, b""))
        if page and now - at < FRESH_SECONDS:
            return page
        task = self._writing.get(way)
        if task is None:
            task = self._writing[way] = asyncio.create_task(self._written(way))
            task.add_done_callback(lambda done: self._over(way, done))
        # One who goes away takes the page from nobody else.
        return await asyncio.shield(task)

    def close(self) -> None:
        """Write nothing more."""
        for task in self._writing.values():
            task.cancel()

    async def _written(self, way: str) -> bytes:
        text = await self._write(way)
        page = (text if text.endswith("\n") else text + "\n").encode("utf-8", "backslashreplace")
        self._kept[way] = asyncio.get_running_loop().time(), page
        return page

    def _over(self, way: str, task: asyncio.Task[bytes]) -> None:
        del self._writing[way]
        if not task.cancelled():
            task.exception()  # is told to those who wait, if there are any
