"""Open files: how many this process may have, and how they are divided between clients and exchanges."""

import resource
from typing import Final, NamedTuple

_OWN: Final = 64
_CLIENTS: Final = 512
_UNLIMITED: Final = 1 << 20


class Budget(NamedTuple):
    """How the open files of a process are divided.

    Attributes:
        own: for the log, configuration and secret files, listening sockets, the loop itself.
        clients: connections of those who scrape, look at pages and ask for health.
        exchanges: connections to exchanges and their proxies.
    """

    own: int
    clients: int
    exchanges: int


def limit() -> int:
    """How many files this process may have open at this moment; a large number where there is no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _UNLIMITED if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> int:
    """Raise the limit of open files as far as the system lets us without asking; returns what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS names no limit and has one
            pass
    return limit()


def budget(files: int) -> Budget:
    """Divide so many files: a quarter of what is not our own for clients, but no more than they need.

    1,024 files are 64, 240 and 720.
    """
    own = min(_OWN, max(files // 4, 1))
    clients = max(min((files - own) // 4, _CLIENTS), 1)
    return Budget(own, clients, max(files - own - clients, 1))
