"""The zero rule: which currencies read 0 because the last good answer of a wallet leaves them out, and how long."""

from collections.abc import Collection, Mapping, Set
from typing import Final

from exporter.core.model import ZERO, Balance

KEPT_SECONDS: Final = 24 * 3600.0
"""How long a currency that was held reads 0, from the first good read that lacked it."""

FOREVER: Final = float("inf")


class Zeros:
    """The currencies of one wallet that read 0.

    Expected ones always do while they are not held. What was held does for 24 hours from the first good read that
    lacked it; a return ends that, and the next absence counts anew. A failed read is no read and changes nothing.

    Attributes:
        balances: a row of zeros for each of them by label, in alphabetical order.
        end: the moment (on the clock of `replace`) after which the first of them has had its 24 hours.
    """

    __slots__ = ("_borrowed", "_expected", "_gone", "_held", "balances", "end")

    def __init__(self, expected: Set[str], *, borrows: bool = False) -> None:
        """Args:
        expected: labels that read 0 without end.
        borrows: whether amounts can be owed here, so that 0 is owed too.
        """
        self._borrowed = ZERO if borrows else None
        self._expected = expected
        self._held: Mapping[str, object] = {}
        self._gone: dict[str, float] = {}  # what was held -> first good read that lacked it
        self.balances: dict[str, Balance] = {}
        self.end = FOREVER
        self._fill()

    @property
    def gone(self) -> Set[str]:
        """Labels that were held within the 24 hours before the last good read."""
        return self._gone.keys()

    def expect(self, expected: Set[str]) -> None:
        """Go on with other expected labels."""
        self._expected = expected
        self._fill()

    def replace(self, held: Mapping[str, object], now: float) -> Collection[str]:
        """Take a good read, and return the labels whose 24 hours are over with it.

        While the same labels are held and no 24 hours are over there is nothing to do: after a read of BTC alone a
        second read of BTC alone leaves every zero as it is.

        Args:
            held: by label, what is not zero in it; kept until the next read, and not changed.
            now: the moment of the read.
        """
        before, self._held = self._held, held
        if held.keys() == before.keys() and now <= self.end:
            return ()
        since = dict.fromkeys(before, now) | self._gone
        absent = {label: at for label, at in since.items() if label not in held}
        self._gone = {label: at for label, at in absent.items() if now - at <= KEPT_SECONDS}
        self.end = min(self._gone.values(), default=FOREVER) + KEPT_SECONDS
        self._fill()
        return absent.keys() - self._gone.keys()

    def _fill(self) -> None:
        labels = sorted((self.gone | self._expected) - self._held.keys())
        known, borrowed = self.balances, self._borrowed
        self.balances = {
            label: known.get(label) or Balance(label, ZERO, ZERO, ZERO, ZERO, borrowed) for label in labels
        }
