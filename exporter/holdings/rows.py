"""Rows as they are valued, and which of them are shown."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from functools import partial
from operator import attrgetter, mul
from typing import Any, Final, NamedTuple

from exporter.core.model import ZERO, Balance
from exporter.holdings.shown import Rules


class Row(NamedTuple):
    """One currency as it is valued; the same object as long as amounts, prices and rules stay.

    Attributes:
        label: the `currency` label.
        balance: the amounts.
        usd: value of the whole holding; None where there is no price.
        price: of one unit, where the value is net times price and nothing else.
        leans: whether the value ends with the age of the tickers.
        wanted: whether `include` and `exclude` let it be shown.
    """

    label: str
    balance: Balance
    usd: Decimal | None
    price: Decimal | None
    leans: bool
    wanted: bool


def is_plain(balance: Balance) -> bool:
    """Whether the answer says nothing of the row's worth, so that its value is net times a price of ours."""
    return _statements(balance) == _NONE


def repriced(before: Sequence[Row | None], balances: Sequence[Balance]) -> list[Row] | None:
    """Rows with other amounts at the prices that they had, all at once; None where that is not all there is to it."""
    known = [row for row in before if row is not None and row.price]
    if len(known) < len(balances) or set(map(_statements, balances)) != {_NONE}:
        return None
    labels, _, _, prices, leans, wanted = zip(*known, strict=True)
    usd = list(map(mul, map(_net, balances), prices))
    if max(usd) > _SURELY_FINITE or min(usd) < -_SURELY_FINITE:
        return None
    return list(map(_row, zip(labels, balances, usd, prices, leans, wanted, strict=True)))


_row: Final[Callable[[tuple[Any, ...]], Row]] = partial(tuple.__new__, Row)
"""`Row._make` without its check of the length."""

_net: Final = attrgetter("net")
_statements: Final = attrgetter("usd", "usdt", "price")
_NONE: Final = (None, None, None)
_SURELY_FINITE: Final = Decimal("1e300")


class Shown:
    """Which currencies of a wallet were let in.

    Attributes:
        labels: what is shown while it is held, and its zeros by the zero rule after that; the keys of a dict, which
            takes a third of a set's memory.
        small: what was worth less than `min_usd` when it was last priced.
    """

    __slots__ = ("labels", "small")

    def __init__(self) -> None:
        self.labels: dict[str, None] = {}
        self.small: set[str] = set()

    def keep(self, rules: Rules) -> None:
        """Go on under other rules: what they do not want goes, what was too small is looked at again."""
        self.labels = dict.fromkeys(filter(rules.wanted, self.labels))
        self.small = set()

    def decide(self, held: Collection[Row], rules: Rules, *, certain: bool) -> None:
        """Let more currencies in. What is shown stays; what has no price keeps its last decision.

        While the tickers are missing that would tell a worth, a currency that would need it waits: shown today and
        hidden tomorrow it would look like a coin that vanished.

        Args:
            held: every row that is not zero.
            rules: what the configuration says.
            certain: whether a price that is missing now is missing for good.
        """
        shown, small = self.labels, self.small
        new = [row for row in held if row.label not in shown and row.wanted]
        if not new:
            return
        worthy: list[Row] = []
        waiting: list[Row] = []
        for row in new:
            label, usd = row.label, row.usd
            if label in rules.expected:
                shown[label] = None
            elif usd is None:
                if label not in small:
                    (worthy if certain or not row.leans else waiting).append(row)
            elif abs(usd) < rules.min_usd:
                small.add(label)
            else:
                small.discard(label)
                worthy.append(row)
        free = rules.max_currencies - sum(row.label in shown and row.label not in rules.expected for row in held)
        if not rules.min_usd and len(worthy) + len(waiting) <= free:
            worthy += waiting
        elif len(worthy) > free:
            worthy.sort(key=_most_valuable_first)
        shown.update(dict.fromkeys(row.label for row in worthy[: max(free, 0)]))


def _most_valuable_first(row: Row) -> Decimal:
    return ZERO if row.usd is None else -abs(row.usd)
