"""Log lines that clients cause: each kind once a minute at most, so that nobody can fill a disk by connecting."""

import asyncio
import logging
from typing import Final

SECONDS: Final = 60.0

_log: Final = logging.getLogger("exporter.web")


class Rarely:
    """Warns once a minute of each kind of trouble, and says how often it happened meanwhile."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def warn(self, message: str, **extra: object) -> None:
        """Log this, or count it when the same message was logged within the last minute."""
        now = asyncio.get_running_loop().time()
        last = self._told.get(message)
        if last is not None and now - last < SECONDS:
            self._untold[message] = self._untold.get(message, 0) + 1
            return
        self._told[message] = now
        before = self._untold.pop(message, 0)
        _log.warning(message, extra={**extra, "also_before": before} if before else extra)
