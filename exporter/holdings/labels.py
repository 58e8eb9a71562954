"""Currency labels: upper case where that keeps the exchange's names apart, and an answer's rows by label."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, finite
from exporter.core.wording import folded, spelled


def texts(names: Iterable[str]) -> dict[str, str]:
    r"""Each raw name as a text that UTF-8 can carry; no two get the same one.

    A lone surrogate is written as its escape, with one more backslash where a coin is really called like that escape:

    >>> texts(["BTC", "\ud800", "\\ud800"])
    {'BTC': 'BTC', '\ud800': '\\\\ud800', '\\ud800': '\\ud800'}
    """
    found = {name: spelled(name) for name in names}
    taken = {name for name, text in found.items() if text == name}
    for name, text in found.items():
        if text != name:
            while text in taken:
                text = text.replace("\\", "\\\\")
            taken.add(text)
            found[name] = text
    return found


def labels(names: Iterable[str], remembered: Iterable[str] = ()) -> dict[str, str]:
    """The label of each raw name, in upper case where possible; no two get the same one.

    Names that differ only in case keep their spelling.

    Args:
        names: raw names, each once.
        remembered: labels of this wallet that are still served. One that is not upper case belongs to names that
            differ only in case. They keep their spelling even while just one of them is held; otherwise a label
            would read 0 while its coin is there.
    """
    own = texts(names)
    upper = {name: folded(text) for name, text in own.items()}
    count = Counter(upper.values())
    twins = {fold for label in remembered if (fold := folded(label)) != label}
    return {name: fold if count[fold] == 1 and fold not in twins else own[name] for name, fold in upper.items()}


class Labels:
    """The labels of one wallet's currencies, kept from answer to answer."""

    __slots__ = ("_labels",)

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def by_label(self, balances: Sequence[Balance], remembered: Iterable[str]) -> dict[str, Balance]:
        """Balances by label, rows of one raw name added.

        An answer of the same names as the one before keeps their labels, and nothing is worked out: after `btc` and
        `eth`, an answer of `eth` and `btc` comes back under `ETH` and `BTC`.

        Args:
            balances: an answer's rows.
            remembered: labels of this wallet that are still served; see `labels`.

        Raises:
            BadPayload: rows of one name add up to more than a float holds.
        """
        known = self._labels
        names = [balance.currency for balance in balances]
        if len(names) == len(known) and known.keys() == set(names):
            return dict(zip(map(known.__getitem__, names), balances, strict=True))
        by_name: dict[str, Balance] = {}
        for balance in balances:
            first = by_name.get(balance.currency)
            by_name[balance.currency] = balance if first is None else added(first, balance)
        # A label that was known stays the same object, so that memory holds it once.
        again = labels(by_name, remembered)
        self._labels = {name: known[name] if known.get(name) == label else label for name, label in again.items()}
        return {self._labels[name]: balance for name, balance in by_name.items()}


def added(one: Balance, other: Balance) -> Balance:
    """Two rows of one currency as one; a value of the whole that only one of them states is dropped.

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
