"""Which currencies of a wallet are shown: the configuration's choice, and what was decided by it."""

from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from heapq import nlargest

from exporter.config import Account
from exporter.core.model import ZERO
from exporter.holdings.rows import Row


@dataclass(frozen=True, slots=True)
class Choice:
    """What the configuration says of one wallet's currencies.

    Attributes:
        expected: labels that read 0 when a good answer leaves them out; exempt from everything below.
        include, exclude: patterns on labels.
        min_usd: holdings worth less (debts included) do not start to be shown.
        max_currencies: of currencies that are shown without being expected.
    """

    expected: frozenset[str] = frozenset()
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    min_usd: Decimal = ZERO
    max_currencies: int = 500

    def wanted(self, label: str) -> bool:
        """Whether `include` and `exclude` let the currency be shown."""
        return (
            label in self.expected
            or (self.include == ("*",) and not self.exclude)
            or (
                any(fnmatchcase(label, pattern) for pattern in self.include)
                and not any(fnmatchcase(label, pattern) for pattern in self.exclude)
            )
        )


def wallet_of(named: str, main: str) -> str:
    """The name of the wallet that a threshold is about; `main` stands for the main one."""
    return main if named == "main" else named


def choice_of(account: Account, wallet: str, main: str) -> Choice:
    """What is configured for one wallet of an account whose main wallet is `main`."""
    expected = {each.currency for each in account.thresholds if wallet_of(each.wallet, main) == wallet}
    if wallet == main:
        expected.update(account.expect)
    return Choice(frozenset(expected), account.include, account.exclude, account.min_usd, account.max_currencies)


class Shown:
    """Which currencies of a wallet were let in.

    Attributes:
        choice: what the configuration says of them.
        labels: what is shown while it is held, and its zeros by the zero rule after that; the keys of a dict, which
            takes a third of a set's memory.
        small: what was worth less than `min_usd` when it was last priced.
    """

    __slots__ = ("choice", "labels", "small")

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.labels: dict[str, None] = {}
        self.small: set[str] = set()

    def reconfigure(self, choice: Choice) -> None:
        """Go on with another choice: what it does not want goes, what was too small is looked at again."""
        self.choice = choice
        self.labels = dict.fromkeys(filter(choice.wanted, self.labels))
        self.small = set()

    def forget(self, gone: Iterable[str], held: Container[str]) -> None:
        """Decide anew when one of `gone` comes back; remember as small only what is held."""
        for label in gone:
            self.labels.pop(label, None)
        self.small = {label for label in self.small if label in held}

    def decide(self, held: Collection[Row], *, certain: bool) -> None:
        """Let more currencies in. What is shown stays; what has no price keeps its last decision.

        Expected currencies come in, small ones do not. While tickers are missing, a currency whose value depends on
        them is not shown yet: shown today and hidden tomorrow it would look like a coin that vanished. It comes in
        all the same when nothing could hide it later, that is without a minimum and with room for every currency.

        Args:
            held: every row that is not zero.
            certain: whether a price that is missing now is missing for good.
        """
        shown, expected, choice = self.labels, self.choice.expected, self.choice
        new = [row for row in held if row.wanted and row.label not in shown]
        shown.update(dict.fromkeys(row.label for row in new if row.label in expected))
        new = [row for row in new if row.label not in expected]
        self._note_small(new)
        large = [row for row in new if row.label not in self.small]
        free = choice.max_currencies - sum(row.label in shown and row.label not in expected for row in held)
        waits = not certain and (choice.min_usd or len(large) > free)
        worthy = [row for row in large if not (waits and row.usd is None and row.on_tickers)]
        shown.update(dict.fromkeys(row.label for row in _most_valuable(worthy, free)))

    def _note_small(self, rows: Iterable[Row]) -> None:
        if not self.choice.min_usd:  # then nothing is, nor was
            return
        for row in rows:
            if row.usd is not None:
                if abs(row.usd) < self.choice.min_usd:
                    self.small.add(row.label)
                else:
                    self.small.discard(row.label)


def _most_valuable(rows: Sequence[Row], free: int) -> Sequence[Row]:
    """As many of the rows as there is room for."""
    if len(rows) > free:
        return nlargest(max(free, 0), rows, key=lambda row: 0.0 if row.usd is None else abs(float(row.usd)))
    return rows
