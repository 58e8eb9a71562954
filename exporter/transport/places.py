"""Places for requests under way: as many as connections may be open, and a part of them for each host."""

import asyncio
from collections import deque
from collections.abc import Hashable


class _Host:
    __slots__ = ("busy", "waiting")

    def __init__(self) -> None:
        self.busy = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Places:
    """Half of the places belong to the hosts, in equal parts; the other half to whoever comes first.

    So hosts that answer slowly, however many, leave the others what is theirs.

    Args:
        most: how many requests may be under way.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._busy = 0
        self._hosts: dict[Hashable, _Host] = {}

    def take(self, key: Hashable) -> bool:
        """Take a place at a host, if there is one."""
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host()
        if host.waiting or not self._free(host):
            return False
        self._busy += 1
        host.busy += 1
        return True

    async def wait(self, key: Hashable) -> None:
        """Wait for a place at a host and take it; whoever came first is served first."""
        if self.take(key):
            return
        host = self._hosts[key]
        turn = asyncio.get_running_loop().create_future()
        host.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(key)
            elif turn in host.waiting:  # else whoever left has passed it over already
                host.waiting.remove(turn)
            raise

    def leave(self, key: Hashable) -> None:
        """Give a place back."""
        host = self._hosts[key]
        self._busy -= 1
        host.busy -= 1
        if not self._seat(host):
            for other in self._hosts.values():
                if self._seat(other):
                    break

    def _seat(self, host: _Host) -> bool:
        while host.waiting and self._free(host):
            turn = host.waiting.popleft()
            if not turn.done():
                self._busy += 1
                host.busy += 1
                turn.set_result(None)
                return True
        return False

    def _free(self, host: _Host) -> bool:
        own = self._most // (2 * len(self._hosts))
        common = self._most - own * len(self._hosts)
        if self._busy < common or host.busy < own:
            return self._busy < self._most
        return sum(each.busy - own for each in self._hosts.values() if each.busy > own) < common
