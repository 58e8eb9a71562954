"""Whatever comes in whatever order, a wallet serves what a plain re-statement of the rules says."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.core.errors import BadPayload
from exporter.core.model import Reading
from exporter.holdings.shown import Choice
from exporter.holdings.wallet import Failure, Wallet
from tests.kit.accounts import balance

STRICT: Final = 40.0
DAY: Final = 24 * 3600.0
EXPECTED: Final = frozenset({"USDT"})


class Event(NamedTuple):
    """What a poll brought, so many seconds after the one before: rows, or None when it failed."""

    after: float
    rows: tuple[tuple[str, int], ...] | None


class Good(NamedTuple):
    """A good read that counts, at its time, with what is not zero in it."""

    at: float
    held: dict[str, int]


def totals(rows: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Rows of one name added, names in upper case, zeros left out."""
    labels = {name.upper() for name, _ in rows}
    added = {label: sum(amount for name, amount in rows if name.upper() == label) for label in labels}
    return {label: amount for label, amount in added.items() if amount}


def read(events: Sequence[Event], lists_zeros: bool, stale_after: float) -> tuple[list[Good], float | None]:
    """The good reads that count, and when a read failed after the last good answer, if one did."""
    goods: list[Good] = []
    failed: float | None = None
    doubted = False
    at = 0.0
    for after, rows in events:
        at += after
        held = goods[-1].held if goods else {}
        listed = {name.upper() for name, _ in rows or ()}
        gone = held.keys() - totals(rows or ()).keys()
        emptied = not rows and any(good.held for good in goods)
        incomplete = emptied or (served(goods, failed, stale_after, at) is not None and not held.keys() <= listed)
        if rows is None or (lists_zeros and incomplete):
            failed = failed if failed is not None else at
            doubted = False
        elif 2 * len(gone) > len(held) and not doubted:
            doubted = True
        else:
            goods.append(Good(at, totals(rows)))
            failed = None
            doubted = False
    return goods, failed


def served(goods: Sequence[Good], failed: float | None, stale_after: float, now: float) -> dict[str, int] | None:
    """What is served now, by the README's rules of failures and zeros; None: nothing."""
    if not goods:
        return None
    last = goods[-1]
    if now - last.at > (stale_after or STRICT) or (failed is not None and not stale_after):
        return None
    amounts = dict.fromkeys(EXPECTED, 0)
    for label in {label for good in goods for label in good.held}:
        held_last = max(number for number, good in enumerate(goods) if label in good.held)
        lacking = goods[held_last + 1 :]
        if lacking and last.at - lacking[0].at <= DAY:
            amounts[label] = 0
    return amounts | last.held


ROWS = st.lists(st.tuples(st.sampled_from(["BTC", "eth", "USDT", "XRP"]), st.integers(0, 3)), max_size=5).map(tuple)
EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from([1.0, 30.0, 40.0, 41.0, 600.0, 601.0, 3600.0, DAY / 2, DAY, DAY + 1]),
        st.one_of(st.none(), st.just(()), ROWS),
    ),
    max_size=14,
)


@settings(max_examples=400, deadline=None)
@given(EVENTS, st.sampled_from([0.0, 600.0, 3 * DAY]), st.booleans(), st.sampled_from([0.0, 1.0, 39.0, 600.0, DAY]))
@example([Event(1, (("BTC", 1),)), Event(1, ()), Event(1, None), Event(1, ())], 600.0, False, 0.0)
@example([Event(1, (("BTC", 1),)), Event(DAY, (("eth", 1),)), Event(DAY, (("eth", 1),))], 600.0, False, 0.0)
@example([Event(1, (("BTC", 1),)), Event(1, (("eth", 1),)), Event(1, None), Event(1, (("eth", 1),))], 600.0, False, 0.0)
@example([Event(1, (("BTC", 1),)), Event(1, (("eth", 1),)), Event(600, (("eth", 1),)), Event(1, ())], 600.0, True, 0.0)
def test_a_wallet_keeps_the_rules_through_any_sequence(
    events: list[Event], stale_after: float, lists_zeros: bool, later: float
) -> None:
    wallet = Wallet(
        "spot",
        Choice(expected=EXPECTED),
        required=True,
        stale_after=stale_after,
        strict_seconds=STRICT,
        lists_zeros=lists_zeros,
    )
    now = 0.0
    for count, event in enumerate(events, 1):
        now += event.after
        try:
            if event.rows is None:
                raise BadPayload("nonsense")
            answer = [balance(name, str(amount)) for name, amount in event.rows]
            wallet.accept(Reading(answer), now, now)
        except BadPayload as error:
            wallet.refuse(Failure(error.reason, str(error), "", now))
        wallet.revalue(None, now)
        goods, failed = read(events[:count], lists_zeros, stale_after)
        for moment in (now, now + later):
            shown = {row.label: row.balance.net for row in wallet.rows} if wallet.fresh(moment) else None
            expected = served(goods, failed, stale_after, moment)
            assert shown == (None if expected is None else {label: Decimal(n) for label, n in expected.items()})
        assert wallet.last_success == (goods[-1].at if goods else 0.0)
        assert (wallet.failure is None) == bool(wallet.up)
