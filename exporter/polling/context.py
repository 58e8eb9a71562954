"""The inputs of a poll, its outcome, and the backoff after a failure."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
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


class PollContext(NamedTuple):
    """What every poller shares.

    Attributes:
        transport: does the talking.
        clock: the time.
        backoff: failures, interval, cap -> seconds from one start to the next, by chance.
        lag: takes the seconds by which a poller woke up late.
        credentials: an account's credentials as its secret files hold them now; None when that is not known.
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


class Outcome(NamedTuple):
    """What one poll of an account came to.

    Attributes:
        tried: whether any wallet was read, or was asked for and failed. A poll that tried nothing counts neither as
            poll nor as failure: a pause or the limits allowed no request, or nothing was due.
        error: of the first required wallet that could not be read, the main one first.
        slowing: the error that delays the next polls, of this poll or, where this one says nothing of it, of an earlier
            one. As `error`, but for `permission`, which delays its wallet only.
        address: our address as the exchange saw it when it refused it, where it tells.
        kept: by wallet, what kept it from being read: a pause, or no token in time.
        opens: moment of the clock before which nothing can be read, where a pause says so; else long ago.
    """

    tried: bool = False
    error: PollError | None = None
    slowing: PollError | None = None
    address: str | None = None
    kept: Mapping[str, PollError] = {}
    opens: float = float("-inf")

    @property
    def slowed(self) -> bool:
        """Whether the account failed in a way that a repeat can only make worse."""
        return self.slowing is not None and self.slowing.slow
