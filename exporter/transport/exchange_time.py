"""What the clock of an exchange's host shows, kept against our own running seconds.

Since it is kept against `Clock.now`, steps of this machine's wall clock change nothing. Until a host has told its
time, and where it does not tell, our wall clock has to do.
"""

import asyncio
from typing import Final

from exporter.core.runtime import Clock

HOURLY: Final = 3600.0
AFTER_FAILURE: Final = 60.0
"""Seconds until a failed measurement is tried again."""

AFTER_REFUSAL: Final = 10.0
"""Seconds between two measurements that a refused timestamp causes; an exchange's clock may step twice in a minute."""

LONG: Final = 1.0
"""Seconds of a round trip beyond which its middle says too little; setting up a connection may take that long."""

WITHIN: Final = 0.5
"""Seconds by which two clocks may differ that are the same to an exchange."""

EARLIEST: Final = 1_577_836_800_000
LATEST: Final = 4_102_444_800_000
"""2020 and 2100 in milliseconds: what lies outside is no time that an exchange can mean."""

CORRECTED: Final = 1000
"""Milliseconds; a step back by more is a corrected clock, not two requests in one millisecond."""


class ExchangeTime:
    """The clock of one host.

    Attributes:
        due: moment of `Clock.now` of the next measurement.
        version: number of good measurements.
        turn: held by whoever measures.
    """

    __slots__ = ("_ahead", "_clock", "_refused", "_replaced", "due", "turn", "version")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = 0.0
        self._replaced: float | None = None
        self._refused = float("-inf")
        self.due = float("-inf")
        self.version = 0
        self.turn = asyncio.Lock()

    def milliseconds(self) -> int:
        """Milliseconds since the epoch, as the exchange counts them."""
        seconds = self._clock.now() + self._ahead if self.version else self._clock.wall()
        return int(seconds * 1000)

    def offset(self) -> float | None:
        """Seconds that the exchange's clock is ahead of our wall clock; None until it was measured."""
        return self._clock.now() + self._ahead - self._clock.wall() if self.version else None

    def measured(self, milliseconds: int, midway: float, took: float = 0.0) -> None:
        """Take an answer; a time that cannot be is a failed measurement.

        It was true at some moment between request and answer: midway, unless that took long. A long one moves what is
        known no further than it can prove, and is asked for again soon.

        Args:
            milliseconds: what the exchange says.
            midway: the middle between request and answer, a moment of `Clock.now`.
            took: seconds from one to the other.
        """
        if not EARLIEST < milliseconds < LATEST:
            self.failed()
            return
        ahead = milliseconds / 1000 - midway
        if took > LONG:
            known = self._ahead if self.version else self._own()
            ahead = min(max(known, ahead - took / 2), ahead + took / 2)
        self._ahead, self._replaced = ahead, None
        self.version += 1
        self.due = self._clock.now() + (HOURLY if took <= LONG else AFTER_FAILURE)

    def go_by_ours(self) -> bool:
        """Go by our own clock until the next measurement; returns whether that changes anything.

        An exchange's time call can be answered from a cache that is minutes old.
        """
        if not self.version or abs(self._ahead - self._own()) < WITHIN:
            return False
        self._replaced, self._ahead = self._ahead, self._own()
        self.version += 1
        return True

    def go_back(self) -> None:
        """Our own clock was refused as well: go by the exchange's again."""
        if self._replaced is not None:
            self._ahead, self._replaced = self._replaced, None
            self.version += 1

    def _own(self) -> float:
        return self._clock.wall() - self._clock.now()

    def failed(self) -> None:
        """Keep what is known and try again soon."""
        self.due = self._clock.now() + AFTER_FAILURE

    def refused(self) -> bool:
        """Whether a refused timestamp may cause a measurement now; remembers that it did."""
        now = self._clock.now()
        allowed = now - self._refused >= AFTER_REFUSAL
        if allowed:
            self._refused = now
        return allowed


class RisingTimestamps:
    """The timestamps of one API key: each above the last, so that no exchange takes one for a replay.

    Attributes:
        key: stands for the key where only its sameness matters, as with kept connections, and keeps nothing alive.
    """

    __slots__ = ("__weakref__", "_last", "key")

    def __init__(self) -> None:
        self.key = object()
        self._last = 0

    def next(self, milliseconds: int, *, never_falls: bool = False) -> int:
        """The given timestamp, or the first one after the last where that is not above it.

        Args:
            milliseconds: of the clock.
            never_falls: whether a clock that was set back by far changes nothing either.
        """
        if milliseconds <= self._last and (never_falls or milliseconds > self._last - CORRECTED):
            milliseconds = self._last + 1
        self._last = milliseconds
        return milliseconds
