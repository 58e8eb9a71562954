"""How late the scheduler wakes up: the first sign of a loop that is blocked or has too much to do."""

from typing import Final

from exporter.core.runtime import Clock

WINDOW_SECONDS: Final = 30.0


class Lag:
    """How late the scheduler woke up, at worst within the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._worst = self._before = 0.0
        self._since = clock.now()

    def __call__(self, seconds: float) -> None:
        """Note one wake-up."""
        self._turn()
        self._worst = max(self._worst, seconds)

    def worst(self) -> float:
        """Seconds."""
        self._turn()
        return max(self._worst, self._before)

    def _turn(self) -> None:
        now = self._clock.now()
        if now - self._since >= 2 * WINDOW_SECONDS:
            self._worst = self._before = 0.0
            self._since = now
        elif now - self._since >= WINDOW_SECONDS:
            self._before, self._worst = self._worst, 0.0
            self._since += WINDOW_SECONDS
