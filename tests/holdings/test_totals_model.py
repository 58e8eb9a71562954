"""Whatever accounts do in whatever order, a total is exactly the sum of what a scrape says of them, or not there."""

import asyncio
from decimal import Decimal
from typing import Final, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.core.errors import PermissionMissing, PollError, TimedOut
from exporter.core.model import EXACT, Reading, Unreadable
from tests.kit.accounts import NOW, STALE_AFTER, WALL, Desk, balance, book, over, readable
from tests.kit.scrape import Line, lines

NAMES: Final = ("one", "two", "three")
WALLETS: Final = ("spot", "funding", "overview")
FAILURES: Final[dict[str, PollError]] = {"permission": PermissionMissing("no"), "timeout": TimedOut("nothing came")}
AMOUNTS: Final = ("0", "1", "2.50", "0.1000000000000000000001", "-3", "12345678901234567890123456789.5", "1e50")


class Event(NamedTuple):
    """What comes to pass so many seconds after the event before.

    A read of a wallet brings USDT, `empty`, `unreadable` or a failure. `gone` takes the account out, `new` puts it in;
    `counted` lets it be counted if it was not, or no longer.
    """

    after: float
    account: str
    wallet: str
    what: str


class History:
    """Accounts to which things happen, and a total over some of them."""

    def __init__(self) -> None:
        self.desk, self.prices, self.now = Desk(), book({}, {"USDT": "1"}, good_for=1e9), NOW
        self.members = {"one", "two"}
        for name in NAMES:
            self.add(name)
        self.count()

    def add(self, name: str) -> None:
        state = self.desk.account(name, self.prices)
        state.wallet("funding", readable())

    def count(self) -> None:
        self.desk.count(over(*self.members), polled=NAMES)

    def happens(self, event: Event) -> None:
        self.now += event.after
        state = self.desk.accounts.get(event.account)
        match event.what:
            case "new" if state is None:
                self.add(event.account)
            case "gone" if state is not None:
                self.desk.accounts.remove(event.account)
                self.desk.totals.left(event.account)
            case "counted":
                self.members ^= {event.account}
                self.count()
            case what if state is not None and what not in ("new", "gone"):
                source = readable(overview=event.wallet == "overview")
                wallet, wall = state.wallet(event.wallet, source), WALL + self.now - NOW
                if what in FAILURES:
                    state.refused(wallet, FAILURES[what], self.now, wall)
                elif event.wallet == "overview":
                    state.accepted(wallet, Reading(), self.now, wall)
                elif what == "unreadable":
                    state.accepted(wallet, Reading(unreadable=[Unreadable("USDT", "null")]), self.now, wall)
                else:
                    rows = [] if what == "empty" else [balance("USDT", what)]
                    state.accepted(wallet, Reading([*rows, balance("X", "1")]), self.now, wall)

    def scrape(self) -> list[Line]:
        self.desk.accounts.expire(self.now)
        self.desk.totals.serve()
        scrape = asyncio.run(self.desk.exposition.scrape(openmetrics=False, gzip=False))
        assert scrape is not None
        return [line for line in lines(scrape.body.decode()) if isinstance(line, Line)]

    def check(self) -> Decimal | None:
        """Hold the total against everything else that the same scrape says; returns it."""
        told = self.scrape()
        totals = [Decimal(line.value) for line in told if line.name == "exchange_total_net"]
        ours = [line for line in told if dict(line.labels).get("account") in self.members]
        whole = {dict(line.labels)["account"] for line in ours if line.name == "exchange_account_usd"}
        unreadable = any(line.name == "exchange_wallet_unreadable_rows" and line.value != "0" for line in ours)
        if not self.members or whole != self.members or unreadable:
            assert totals == []
            return None
        nets = (
            Decimal(line.value)
            for line in ours
            if line.name == "exchange_balance_net" and ("currency", "USDT") in line.labels
        )
        expected = Decimal(0)
        for net in nets:
            expected = EXACT.add(expected, net)
        assert totals == [expected]
        return expected


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from([0.0, 1.0, 30.0, 300.0, STALE_AFTER, STALE_AFTER + 1, 90_000.0]),
        st.sampled_from(NAMES),
        st.sampled_from(WALLETS),
        st.sampled_from([*AMOUNTS, *AMOUNTS, *FAILURES, "empty", "empty", "unreadable", "gone", "new", "counted"]),
    ),
    max_size=25,
)
ALL_READ: Final = [Event(0, name, wallet, "2.50") for name in NAMES for wallet in ("spot", "funding")]


@settings(max_examples=150, deadline=None)
@given(st.booleans(), EVENTS, st.sampled_from([0.0, STALE_AFTER - 1, STALE_AFTER + 1]))
@example(True, [Event(1, "three", "spot", "counted"), Event(1, "one", "spot", "gone"), Event(1, "one", "", "new")], 0.0)
@example(True, [Event(30, "one", "spot", "unreadable"), Event(30, "one", "spot", "1")], STALE_AFTER + 1)
@example(False, [Event(0, "one", "", "counted"), *(Event(30, "two", name, "0") for name in ("spot", "funding"))], 599.0)
@example(True, [Event(30, "one", "spot", "1e50"), Event(30, "one", "spot", "1")], 0.0)
def test_a_total_is_the_sum_of_what_is_served_or_absent_at_every_step(
    all_read: bool, events: list[Event], later: float
) -> None:
    history = History()
    for event in ALL_READ if all_read else ():
        history.happens(event)
    history.check()
    for event in events:
        history.happens(event)
        history.check()
    history.now += later
    history.check()


def test_such_histories_have_totals_to_compare() -> None:
    history = History()
    for event in ALL_READ:
        history.happens(event)
    assert history.check() == 10
