"""What the pages show: every account with its state, troubles first, and every limit; worked out once for all pages."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from exporter.holdings.account import AccountState
from exporter.holdings.low import Judged, Low, judged
from exporter.holdings.totals import Part

CRITICAL: Final = "critical"


class State(NamedTuple):
    """An account's state as a person reads it.

    Attributes:
        rank: trouble first.
        name: its class in the style sheet, and what a filter calls it.
        sign: shows the state without colour.
        words: its text in the table.
    """

    rank: int
    name: str
    sign: str
    words: str


STALE: Final = State(0, "stale", "✖", "stale: no balances are served")
FAILING: Final = State(1, "failing", "▲", "failing: the last good balances are served")
PARTLY: Final = State(2, "partly", "△", "up, but an optional wallet fails")
WAITING: Final = State(3, "waiting", "…", "waiting for the first read")
UP: Final = State(4, "up", "✔", "up")

STATES: Final = (STALE, FAILING, PARTLY, WAITING, UP)
LOW: Final = "low"
"""What a filter calls an account that is under a limit, whatever its state."""


class Entry(NamedTuple):
    """One account.

    Attributes:
        account: as it is served.
        state: its state.
        low: what of it is under a limit, the worst first.
    """

    account: AccountState
    state: State
    low: Sequence[Low]

    @property
    def states(self) -> Iterator[str]:
        """What a filter may call it."""
        yield self.state.name
        if self.low:
            yield LOW

    @property
    def trouble(self) -> tuple[object, ...]:
        """Sorts what needs a person first: a critical balance is like missing data, a low one like a failure."""
        worst = self.low[0].severity if self.low else None
        low = {None: UP, CRITICAL: STALE}.get(worst, FAILING)
        config = self.account.account
        return (min(self.state.rank, low.rank), self.state.rank, config.exchange, config.name)


class View(NamedTuple):
    """Everything at one moment.

    Attributes:
        entries: all accounts, troubles first.
        limits: every limit against what is served.
        totals: what several accounts hold together, as far as they are polled here.
        now: the moment on the poller's clock.
        wall: the same, seconds since the epoch.
        problem: what is wrong with the exporter itself, such as a stalled scheduler.
    """

    entries: Sequence[Entry]
    limits: Judged
    totals: Sequence[Part]
    now: float
    wall: float
    problem: str | None

    def entry(self, name: str) -> Entry | None:
        """The account of this name."""
        return next((each for each in self.entries if each.account.account.name == name), None)


def view_of(
    accounts: Collection[AccountState],
    now: float,
    wall: float,
    *,
    totals: Sequence[Part] = (),
    alone: bool = True,
    problem: str | None = None,
) -> View:
    """Work out everything that the pages show.

    Args:
        accounts: all that are served, standing still.
        now: this moment on the poller's clock.
        wall: the same, seconds since the epoch.
        totals: what several accounts hold together.
        alone: whether this instance polls every account, so that its part of a total is the whole.
        problem: what is wrong with the exporter itself.
    """
    every = list(accounts)
    limits = judged(every, now, totals if alone else ())
    low: dict[str, list[Low]] = {}
    for each in limits.low:
        low.setdefault(each.standing.account, []).append(each)
    entries = [Entry(each, state_of(each, now), low.get(each.account.name, ())) for each in every]
    return View(sorted(entries, key=lambda entry: entry.trouble), limits, totals, now, wall, problem)


def state_of(account: AccountState, now: float) -> State:
    """The state of an account, as a person should first see it.

    Args:
        account: as it is served.
        now: this moment on the poller's clock.
    """
    wallets = account.wallets.values()
    required = [wallet for wallet in wallets if wallet.required]
    if not account.polls and not any(wallet.failure for wallet in wallets):
        return WAITING
    if not required or not all(wallet.fresh(now) for wallet in required):
        return STALE
    if not account.up or any(wallet.failure for wallet in required):
        return FAILING
    return PARTLY if any(wallet.failure for wallet in wallets) else UP


def counts(entries: Iterable[Entry]) -> dict[State, int]:
    """How many accounts are in each state."""
    found = dict.fromkeys(STATES, 0)
    for entry in entries:
        found[entry.state] += 1
    return found
