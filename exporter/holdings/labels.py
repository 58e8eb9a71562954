"""Currency labels: the exchange's names in upper case where that keeps them apart, and the rows added up by them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, finite

_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


_currency: Final = attrgetter("currency")


def folded(name: str) -> str:
    """The name with its ASCII letters in upper case; other letters have no case that all programs agree on."""
    upper = name.translate(_UPPER)
    return name if upper == name else upper  # one text in memory for both


def spelled(raw: str) -> str:
    """A raw name as text that UTF-8 can carry: a lone surrogate becomes its escape."""
    return raw if raw.isascii() else raw.encode("utf-8", "backslashreplace").decode()


def labels(names: Iterable[str], remembered: Iterable[str] = ()) -> dict[str, str]:
    """The label of each raw name; no two names get the same one.

    Args:
        names: raw names, each once.
        remembered: labels of this wallet that are still served. Those that are no upper case belong to names that
            would fold together; such names keep their own spelling while only one of them is held, or else a label
            would read 0 though its coin is there.
    """
    own: dict[str, str] = {}
    taken: set[str] | None = None
    for name in names:
        text = own[name] = spelled(name)
        if text != name:
            taken = set() if taken is None else taken
    if taken is not None:
        taken.update(name for name, text in own.items() if text == name)
        for name, text in own.items():
            if text != name:
                while text in taken:  # another coin is really called like this escape
                    text = text.replace("\\", "\\\\")
                taken.add(text)
                own[name] = text
    upper = {name: folded(text) for name, text in own.items()}
    count = Counter(upper.values())
    twins = {fold for label in remembered if (fold := folded(label)) != label}
    return {name: fold if count[fold] == 1 and fold not in twins else own[name] for name, fold in upper.items()}


class Names:
    """The labels of one wallet's currencies, known from answer to answer."""

    __slots__ = ("_labels",)

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def by_label(self, balances: Sequence[Balance], remembered: Iterable[str]) -> dict[str, Balance]:
        """Balances by label, rows of one raw name added.

        Args:
            balances: an answer's rows.
            remembered: labels of this wallet that are still served; see `labels`.

        Raises:
            BadPayload: rows of one name add up to more than a float holds.
        """
        known = self._labels
        if len(balances) == len(known):
            try:
                same = dict(zip(map(known.__getitem__, map(_currency, balances)), balances, strict=True))
            except KeyError:
                pass
            else:
                if len(same) == len(known):
                    return same
        by_name: dict[str, Balance] = {}
        for balance in balances:
            first = by_name.setdefault(balance.currency, balance)
            if first is not balance:
                by_name[balance.currency] = added(first, balance)
        # Known labels are in use again, so that memory holds one text for each.
        again = labels(by_name, remembered)
        self._labels = {name: known[name] if known.get(name) == label else label for name, label in again.items()}
        return {self._labels[name]: balance for name, balance in by_name.items()}


def added(one: Balance, other: Balance) -> Balance:
    """Two rows of one currency as one; a statement about the whole that only one of them makes is dropped.

    Raises:
        BadPayload: the sum is more than a float holds.
    """
    borrowed = one.borrowed if other.borrowed is None else other.borrowed + (one.borrowed or ZERO)
    both = Balance(
        one.currency,
        one.available + other.available,
        one.frozen + other.frozen,
        one.locked + other.locked,
        one.net + other.net,
        borrowed,
        _sum(one.usd, other.usd),
        _sum(one.usdt, other.usdt),
        one.price if other.price is None else other.price,
    )
    if not all(map(finite, (both.available, both.frozen, both.locked, both.net, both.borrowed or ZERO))):
        raise BadPayload("rows of one currency add up to more than a float holds")
    return both


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
