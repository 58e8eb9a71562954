"""What a poll has at hand, what it came to, and when the next try comes after a failure."""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol, TypeVar

from exporter.config import Account
from exporter.core.credentials import Credentials
from exporter.core.errors import PollError
from exporter.core.runtime import Clock, Dice
from exporter.exchanges.base import Reader
from exporter.holdings.wallet import Wallet
from exporter.transport.caller import Caller

T = TypeVar("T")


class Reads(Protocol):
    """What a poller needs of the transport."""

    async def read(self, caller: Caller, reader: Reader[T], *, timeout: float, give_up_at: float) -> T:
        """Drive a reader; raises `PollError` or `Skipped`."""


def backoff(dice: Dice, failures: int, interval: float, cap: float) -> float:
    """Seconds until the next poll after so many failed ones: uniform(interval, min(cap, interval x 2^failures)).

    Never below the interval, also where that is above the cap.
    """
    return dice.uniform(interval, max(interval, min(cap, interval * 2.0 ** min(failures, 64))))


class Surroundings(NamedTuple):
    """What every poller shares.

    Attributes:
        transport: does the talking.
        clock: the time.
        backoff: failures, interval, cap -> seconds from one start to the next, by chance.
        lag: told by how many seconds a poller woke up late.
        credentials: an account's credentials as its secret files hold them now; None when that cannot be told.
    """

    transport: Reads
    clock: Clock
    backoff: Callable[[int, float, float], float]
    lag: Callable[[float], None]
    credentials: Callable[[Account], Awaitable[Credentials | None]]

    def next_try(self, account: Account, at_stake: Iterable[Wallet], slot: float, failures: int, cap: float) -> float:
        """When to read again, after so many failures in a row of which the last was due at `slot`.

        While any of the wallets at stake is served, that is never longer than a third of `stale_after`, and once more
        just before the first of them ends: an outage that is over by then withdraws nothing.
        """
        now = self.clock.now()
        ends = [wallet.good_until for wallet in at_stake if wallet.fresh(now)]
        if not ends or not account.stale_after:
            return slot + self.backoff(failures, account.interval, cap)
        again = slot + self.backoff(failures, account.interval, min(cap, account.stale_after / 3))
        return min(again, max(min(ends) - account.timeout, slot + account.interval))


class Outcome:
    """One poll and what it came to.

    Attributes:
        slot: the moment at which it was due.
        give_up_at: the moment after which a request is of no use.
        errors: by wallet.
        read: how many wallets were.
        skipped: why some were left out.
        proven: the API that the exchange proved to be the account's, in place of the one that was asked.
        may_turn: whether such a proof is heeded.
        address_asked: whether the exchange was asked where it sees us.
    """

    __slots__ = ("address_asked", "errors", "give_up_at", "may_turn", "proven", "read", "skipped", "slot")

    def __init__(self, slot: float, give_up_at: float, *, may_turn: bool = True) -> None:
        self.slot, self.give_up_at, self.may_turn = slot, give_up_at, may_turn
        self.errors: dict[str, PollError] = {}
        self.read = 0
        self.skipped: set[str] = set()
        self.proven: str | None = None
        self.address_asked = False
