"""Places for answers that cost something: how many are given at once, in all and to one client, and how fast.

A client that takes an answer slowly holds a place, and memory for what it has not taken yet. So it has to keep a least
rate; and once every place is taken, one that has taken nothing for a second goes for the next who asks.

A client that asks again as soon as it was answered would keep the loop busy with nothing else. Where places say for how
long each is taken at least, there are only so many answers a second, and who asks beyond that waits.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web

from exporter.web.connections import Connection

PATIENCE_SECONDS: Final = 10.0
"""How long a client may take nothing at all, and when its rate is first looked at."""

LEAST_RATE: Final = 64 * 1024
"""Bytes per second that a client has to take, on average since the answer began."""

STUCK_SECONDS: Final = 1.0
"""After so long without a byte a client gives its place to another who asks, when there is no other."""

WAIT_SECONDS: Final = 1.0
"""How long who asks waits for a place before it is told that there is none."""

_LOOK_SECONDS: Final = 1.0
_KNOCK_SECONDS: Final = 0.1


class Place:
    """One answer that is being made or sent.

    Attributes:
        client: who asked for it.
    """

    __slots__ = ("_began", "_leave", "_loop", "_moved", "_request", "_slow", "_taken", "_timer", "_until", "client")

    def __init__(
        self, client: str, leave: Callable[["Place"], None], slow: Callable[[str], None], least: float
    ) -> None:
        """Args:
        client: who asked.
        leave: gives the place back.
        slow: told of a client that was cut off.
        least: seconds for which the place is taken at least.
        """
        self.client = client
        self._leave = leave
        self._slow = slow
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + least
        self._request: web.BaseRequest | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began = self._moved = 0.0
        self._taken = 0

    def sends(self, request: web.BaseRequest) -> None:
        """The answer to this request is made and goes out from now on."""
        self._request = request
        self._began = self._moved = self._loop.time()
        self._timer = self._loop.call_later(_LOOK_SECONDS, self._watch)

    def leave(self) -> None:
        """Give the place back, as soon as it was taken for long enough."""
        if self._timer is not None:
            self._timer.cancel()
        self._request = None
        if self._loop.time() < self._until:
            self._timer = self._loop.call_at(self._until, self._leave, self)
        else:
            self._leave(self)

    def stuck(self) -> float:
        """For how many seconds the client has taken nothing; 0 while its answer is made."""
        if self._request is None:
            return 0.0
        self._look()
        return self._loop.time() - self._moved

    def cut_off(self) -> None:
        """Send nothing more and close the connection."""
        request, self._request = self._request, None
        if request is not None:
            self._slow(self.client)
            connection = request.protocol
            assert isinstance(connection, Connection)
            connection.cut_off()

    def _look(self) -> None:
        request = self._request
        if request is None or request.transport is None:
            return
        taken = request.writer.output_size - request.transport.get_write_buffer_size()
        if taken > self._taken:
            self._taken, self._moved = taken, self._loop.time()

    def _watch(self) -> None:
        self._look()
        now = self._loop.time()
        since = now - self._began
        if now - self._moved >= PATIENCE_SECONDS or (since >= PATIENCE_SECONDS and self._taken < LEAST_RATE * since):
            self.cut_off()
        else:
            self._timer = self._loop.call_later(_LOOK_SECONDS, self._watch)


class Places:
    """The places for one kind of answer."""

    def __init__(self, most: int, what: str, slow: Callable[[str], None], *, least: float = 0.0) -> None:
        """Args:
        most: how many there are; one client gets three quarters of them at most.
        what: the kind of answer, and how to have more of it: for the sentence to who gets none.
        slow: told of each client that was cut off.
        least: seconds for which a place is taken at least; where they are given, who asks waits for a place.
        """
        self._most = most
        self._least = least
        self._one = most - most // 4
        self._what = what
        self._slow = slow
        self._taken: dict[Place, None] = {}

    async def take(self, client: str) -> Place | str:
        """A place, or a sentence that says why there is none."""
        taken = self._take(client)
        until = asyncio.get_running_loop().time() + (WAIT_SECONDS if self._least else 0.0)
        while isinstance(taken, str) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(_KNOCK_SECONDS)
            taken = self._take(client)
        return taken

    def _take(self, client: str) -> Place | str:
        own = [place for place in self._taken if place.client == client]
        if len(own) >= self._one and not self._free(own):
            if self._one < self._most:
                return f"More than {self._one} {self._what}, for one client address."
            return f"More than {self._most} {self._what}."
        if len(self._taken) >= self._most and not self._free(list(self._taken)):
            return f"More than {self._most} {self._what}."
        place = Place(client, self._left, self._slow, self._least)
        self._taken[place] = None
        return place

    def _free(self, places: list[Place]) -> bool:
        slowest = max(places, key=Place.stuck)
        if slowest.stuck() < STUCK_SECONDS:
            return False
        slowest.cut_off()
        self._left(slowest)
        return True

    def _left(self, place: Place) -> None:
        self._taken.pop(place, None)
