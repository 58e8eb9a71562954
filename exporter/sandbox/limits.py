"""Counting requests in sliding windows: what the limits are, and how near to them the busiest caller came."""

from collections import deque
from typing import NamedTuple

from exporter.sandbox.vendors.base import Limits


class Quota(NamedTuple):
    """The tightest limit that a request met: how much, how much of it is used, over how many seconds."""

    limit: int
    used: int
    seconds: float
    refused: bool


class RateLimits(dict[tuple[str, str], tuple[int, float]]):
    """Limits that are enforced: (`ip` or `key`, path prefix) to (requests, seconds).

    Empty at first: nothing is enforced. The published limits of the exchange are counted always, so that
    `peak` can say how near to them a client came; `enforce_published` switches them all on. Hosts that have a port each
    count by themselves.
    """

    def __init__(self, published: Limits) -> None:
        super().__init__()
        self.published = dict(published)
        self._seen: dict[tuple[str, str, str, str], deque[tuple[float, int]]] = {}
        self._peaks: dict[tuple[str, str], int] = {}

    def enforce_published(self) -> None:
        """Enforce every limit that the exchange publishes."""
        self.update(self.published)

    def meet(self, path: str, host: str, address: str, key: str | None, now: float, weight: int = 1) -> Quota | None:
        """Count a request by its weight, refused or not, and give the tightest limit that it falls under."""
        tightest: Quota | None = None
        for entry in {**self.published, **self}:
            scope, prefix = entry
            if not path.startswith(prefix):
                continue
            caller = address if scope == "ip" else key
            if caller is None:
                continue
            enforced = self.get(entry)
            limit, seconds = enforced or self.published[entry]
            window = self._seen.setdefault((scope, prefix, host, caller), deque())
            if window and window[-1][0] > now:
                window.clear()  # the clock was turned back
            while window and window[0][0] <= now - seconds:
                window.popleft()
            window.append((now, weight))
            used = sum(each for _, each in window)
            if used > self._peaks.get(entry, 0):
                self._peaks[entry] = used
            refused = enforced is not None and used > limit
            quota = Quota(limit, used, seconds, refused)
            if tightest is None or (refused, limit > 0 and used / limit) > (
                tightest.refused,
                tightest.limit > 0 and tightest.used / tightest.limit,
            ):
                tightest = quota
        return tightest

    def peak(self, path: str, scope: str | None = None) -> int:
        """Give the most requests (or weight) of one caller within a window of the limit on this path prefix.

        Raises:
            KeyError: no limit, enforced or published, stands on that prefix.
        """
        entries = [entry for entry in {**self.published, **self} if entry[1] == path and scope in {None, entry[0]}]
        if not entries:
            raise KeyError(path)
        return max(self._peaks.get(entry, 0) for entry in entries)

    def forget(self) -> None:
        """Start counting anew."""
        self._seen.clear()
        self._peaks.clear()
