"""Whatever its wallets do in whatever order, an account serves the sum over all that were ever read, or none."""

from typing import Final, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.core.errors import AuthError, BadStatus, PermissionMissing, PollError, TimedOut, Unreachable
from exporter.core.model import Reading
from tests.kit.accounts import NOW, STALE_AFTER, WALL, Desk, balance, book, readable

TOTAL: Final = "exchange_account_usd"
WALLETS: Final = {"spot": False, "funding": False, "margin": False, "grid": True}
"""Wallets of the account, and whether each is of a rare kind; the first is the main one."""

FAILURES: Final[dict[str, PollError]] = {
    "permission": PermissionMissing("no"),
    "timeout": TimedOut("nothing came"),
    "http": BadStatus("502"),
    "network": Unreachable("refused"),
    "auth": AuthError("no"),
}


class Event(NamedTuple):
    """What the read of a wallet brought, so many seconds after the one before: USDT, or the reason of a failure."""

    after: float
    wallet: str
    brought: int | str


def whole(events: list[Event], stale_after: float, now: float) -> int | None:
    """The sum by a plain re-statement of the rule; None: it is not known."""
    total, at = 0, 0.0
    last: dict[str, tuple[float, int]] = {}
    tries: dict[str, list[str]] = {name: [] for name in WALLETS}
    failing: set[str] = set()
    for after, wallet, brought in events:
        at += after
        if isinstance(brought, int):
            last[wallet] = (at, brought)
            failing.discard(wallet)
        else:
            failing.add(wallet)
            tries[wallet].append(brought)
    for name, rare in WALLETS.items():
        if name in last:
            when, held = last[name]
            if now - when > (stale_after or 40.0) or (name in failing and not stale_after):
                return None
            total += held
            continue
        proof = {"permission", "timeout", "http"} if rare else {"permission"}
        if name == "spot" or not proof & set(tries[name]):
            return None
    return total


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from([0.0, 1.0, 30.0, 41.0, 300.0, STALE_AFTER, STALE_AFTER + 1]),
        st.sampled_from(list(WALLETS)),
        st.one_of(st.integers(1, 1_000), st.sampled_from(list(FAILURES))),
    ),
    max_size=16,
)


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.sampled_from([0.0, STALE_AFTER]), st.sampled_from([0.0, 1.0, 39.0, 301.0, STALE_AFTER + 1]))
@example([Event(1, "spot", 1), Event(0, "funding", 9), Event(0, "margin", "permission")], STALE_AFTER, 0.0)
@example(
    [Event(1, "funding", 9), *(Event(0, name, "permission") for name in ("margin", "grid")), Event(600, "spot", 1)],
    STALE_AFTER,
    1.0,
)
def test_an_account_serves_the_whole_sum_or_none(events: list[Event], stale_after: float, later: float) -> None:
    desk = Desk()
    state = desk.account(prices=book({}, {"USDT": "1"}), stale_after=stale_after)
    wallets = {name: state.wallet(name, readable(rare=rare)) for name, rare in WALLETS.items()}
    now = NOW
    for count, (after, name, brought) in enumerate(events, 1):
        now += after
        wall = WALL + now - NOW
        if isinstance(brought, int):
            state.accepted(wallets[name], Reading([balance("USDT", str(brought))]), now, wall)
        else:
            state.refused(wallets[name], FAILURES[brought], now, wall)
        expected = whole(events[:count], stale_after, now - NOW)
        desk.accounts.expire(now)
        served = state.usd
        assert (None if served is None else int(served)) == expected
    assert desk.values(TOTAL, "account", now=now) == _sample(whole(events, stale_after, now - NOW))
    now += later
    assert desk.values(TOTAL, "account", now=now) == _sample(whole(events, stale_after, now - NOW))


def _sample(usd: int | None) -> dict[str, float]:
    return {} if usd is None else {"desk": usd}
