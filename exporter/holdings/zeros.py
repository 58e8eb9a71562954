"""The zero rule: which currencies read 0 because the last good answer of a wallet leaves them out, and how long."""

from collections.abc import Collection, Container, Mapping, Set
from typing import Final

from exporter.core.model import ZERO, Balance

KEPT_SECONDS: Final = 24 * 3600.0
"""How long a currency that was held reads 0, from the first good read that lacked it."""

MOST: Final = 1_000
"""Currencies of one wallet that read 0 without being expected, at most."""

FOREVER: Final = float("inf")

_HOUR: Final = 3600.0


class Zeros:
    """The currencies of one wallet that read 0.

    Expected ones always do while they are not held. What was held and shown does for 24 hours from the first good read
    that lacked it; a return ends that, and the next absence counts anew. A failed read is no read and changes nothing.

    What cannot be read in a good answer is neither held nor gone: it reads nothing at all until it can be read again,
    or is missing.

    An exchange that invents other names at every read must not fill the memory: only so many are kept, and what went
    longest ago is let go before its 24 hours are over.

    Attributes:
        balances: a row of zeros for each of them by label, in alphabetical order.
        end: the moment (on the clock of `replace`) after which the first of them has had its 24 hours.
        let_go: how many were let go early within the last 24 hours.
    """

    __slots__ = ("_borrowed", "_early", "_expected", "_gone", "_held", "_unreadable", "balances", "end", "let_go")

    def __init__(self, expected: Set[str], *, borrows: bool = False) -> None:
        """Args:
        expected: labels that read 0 without end.
        borrows: whether amounts can be owed here, so that 0 is owed too.
        """
        self._borrowed = ZERO if borrows else None
        self._expected = expected
        self._held: Set[str] = frozenset()
        self._unreadable: Set[str] = frozenset()
        self._gone: dict[str, float] = {}  # what was held -> first good read that lacked it; the last to go first
        self._early: list[tuple[float, int]] = []  # since when, how many: one entry for an hour
        self.balances: dict[str, Balance] = {}
        self.end = FOREVER
        self.let_go = 0
        self._fill()

    @property
    def gone(self) -> Set[str]:
        """Labels that were held within the 24 hours before the last good read."""
        return self._gone.keys()

    def expect(self, expected: Set[str]) -> None:
        """Go on with other expected labels."""
        self._expected = expected
        self._fill()

    def replace(
        self,
        held: Mapping[str, object],
        now: float,
        shown: Container[str] | None = None,
        unreadable: Set[str] = frozenset(),
    ) -> Collection[str]:
        """Take a good read, and return the labels that read 0 no longer although they are not held.

        While the same labels are held and no 24 hours are over there is nothing to do: after a read of BTC alone a
        second read of BTC alone leaves every zero as it is.

        Args:
            held: by label, what is not zero in it; kept until the next read, and not changed.
            now: the moment of the read.
            shown: of what was held before, only this will read 0; None: all of it.
            unreadable: labels of rows whose amounts cannot be read.
        """
        before = self._held
        if unreadable or self._unreadable:
            self._held = dict.fromkeys((*held, *(label for label in unreadable if label in before))).keys()
        else:
            self._held = held.keys()
        if self._held == before and unreadable == self._unreadable and now <= self.end:
            return ()
        held_now, self._unreadable = self._held, unreadable
        went = [label for label in before if label not in held_now and (shown is None or label in shown)]
        absent = dict.fromkeys(went, now) | {label: at for label, at in self._gone.items() if label not in held_now}
        self._gone = {label: at for label, at in absent.items() if now - at <= KEPT_SECONDS}
        too_many = [label for label in self._gone if label not in self._expected][MOST:]
        for label in too_many:
            del self._gone[label]
        self._count(len(too_many), now)
        self.end = min((*self._gone.values(), *(at for at, _ in self._early)), default=FOREVER) + KEPT_SECONDS
        self._fill()
        return absent.keys() - self._gone.keys()

    def _count(self, let_go: int, now: float) -> None:
        """Remember that so many were let go now; counted by the hour, so that this stays small too."""
        early = [(at, count) for at, count in self._early if now - at <= KEPT_SECONDS]
        if let_go and early and now - early[-1][0] < _HOUR:
            since, count = early.pop()
            early.append((since, count + let_go))
        elif let_go:
            early.append((now, let_go))
        self._early = early
        self.let_go = sum(count for _, count in early)

    def _fill(self) -> None:
        labels = sorted((self.gone | self._expected) - self._held - self._unreadable)
        known, borrowed = self.balances, self._borrowed
        self.balances = {
            label: known.get(label) or Balance(label, ZERO, ZERO, ZERO, ZERO, borrowed) for label in labels
        }
