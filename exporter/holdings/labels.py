"""Currency labels: upper case where that keeps the exchange's names apart, and an answer's rows by label."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, count
from typing import Final, NamedTuple

from exporter.core.credentials import MASK
from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, finite
from exporter.core.wording import folded, spelled
from exporter.holdings.slices import SLICE, Slices, finish, parts

MOST_MASKED: Final = 100
"""Names of one account or wallet that hold a secret; an exchange that sends more of them makes them up."""


def texts(names: Iterable[str]) -> dict[str, str]:
    r"""Each raw name as a text that UTF-8 can carry; no two get the same one.

    A lone surrogate is written as its escape, with one more backslash where a coin is really called like that escape:

    >>> texts(["BTC", "\ud800", "\\ud800"])
    {'BTC': 'BTC', '\ud800': '\\\\ud800', '\\ud800': '\\ud800'}
    """
    return finish(_texts(list(names)))


def _texts(names: Sequence[str]) -> Slices[dict[str, str]]:
    found: dict[str, str] = {}
    for part in parts(names):
        found.update(zip(part, map(spelled, part), strict=True))
        if len(names) > SLICE:
            yield
    odd = [name for name, text in found.items() if text != name]
    taken = found.keys() - odd
    for part in parts(odd):
        for name in part:
            text = found[name]
            while text in taken:
                text = text.replace("\\", "\\\\")
            taken.add(text)
            found[name] = text
        if len(odd) > SLICE:
            yield
    return found


class Named(NamedTuple):
    """What an answer's names come to.

    Attributes:
        labels: by raw name.
        owners: by upper-case label, the raw name that had it before another one came that differs only in case; None
            where no name had it.
        twins: whether names differ only in case that did not in the answer before.
        balances: by label, in the order of the answer, rows of one raw name added.
    """

    labels: Mapping[str, str]
    owners: Mapping[str, str | None]
    twins: bool
    balances: dict[str, Balance]


class MaskedNames:
    """Names from an exchange in which a secret stands, by what is shown in their place.

    Each keeps its own for good, so that no two of them are ever taken for one: `<secret>`, `<secret>-2`. A name that
    only looks like one of these is treated like them.

    Args:
        masked: takes secrets out of a name.
    """

    __slots__ = ("_masked", "_shown")

    def __init__(self, masked: Callable[[str], str] = str) -> None:
        self._masked = masked
        self._shown: dict[str, str] = {}

    def among(self, names: Iterable[str]) -> Mapping[str, str]:
        """Those of the names that are shown as something else, and as what.

        Raises:
            BadPayload: there are too many of them.
        """
        names = tuple(names)
        together = "\n".join(names)
        if MASK not in together.lower() and self._masked(together) == together and self._shown.keys().isdisjoint(names):
            return {}
        return {name: shown for name in names if (shown := self._instead(name)) is not None}

    def _instead(self, name: str) -> str | None:
        if name in self._shown:
            return self._shown[name]
        masked = self._masked(name)
        if masked == name and MASK not in name.lower():
            return None
        if len(self._shown) == MOST_MASKED:
            raise BadPayload(f"more than {MOST_MASKED} names that hold a secret of this configuration")
        first = spelled(masked)
        taken = set(map(folded, self._shown.values()))
        candidates = chain((first,), (f"{first}-{number}" for number in count(2)))
        shown = self._shown[name] = next(each for each in candidates if folded(each) not in taken)
        return shown


class Labels:
    """The labels of one wallet's currencies, kept from answer to answer.

    A label is the name in upper case. Names that differ only in case keep their own spelling. When just one of them is
    left, it gets the upper-case label back if that was its own before, and at once: `usdt`, known as USDT for months,
    is USDT again after a single answer with `usdt` and `USDT`. If the label was another's, it waits until that one no
    longer reads 0; otherwise an emptied coin would seem to hold what its namesake holds.

    Args:
        masked: takes secrets out of a name.

    Attributes:
        masked: the names in which one stands.
    """

    __slots__ = ("_labels", "_owners", "masked")

    def __init__(self, masked: Callable[[str], str] = str) -> None:
        self._labels: Mapping[str, str] = {}
        self._owners: Mapping[str, str | None] = {}
        self.masked = MaskedNames(masked)

    def of(self, balances: Sequence[Balance], served: Sequence[Container[str]]) -> Slices[Named]:
        """Balances by label; `keep` makes it what the next answer is held against.

        An answer of the same names as the one before keeps their labels, and nothing is worked out: after `btc` and
        `eth`, an answer of `eth` and `btc` comes back under `ETH` and `BTC`.

        Args:
            balances: an answer's rows.
            served: labels of this wallet that are served so far; of what is held, of what reads 0.

        Raises:
            BadPayload: rows of one name add up to more than a float holds, or too many names hold a secret.
        """
        known = self._labels
        names = [balance.currency for balance in balances]
        if len(names) == len(known) and known.keys() == set(names):
            return Named(known, self._owners, False, dict(zip(map(known.__getitem__, names), balances, strict=True)))
        by_name: dict[str, Balance] = {}
        folds: dict[str, str] = {}
        own = yield from _texts(names)
        for part in parts(balances):
            for balance in part:
                name = balance.currency
                first = by_name.get(name)
                by_name[name] = balance if first is None else added(first, balance)
                if first is None:
                    folds[name] = folded(own[name])
            if len(balances) > SLICE:
                yield
        masked: dict[str, str] = {}
        for some in parts(by_name):
            masked |= self.masked.among(some)
            if len(by_name) > SLICE:
                yield
        for name in masked:
            del folds[name]
        times = Counter(folds.values())
        owners = self._owned(folds, times, served)
        labels: dict[str, str] = {}
        for named in parts(folds.items()):
            for name, fold in named:
                labels[name] = fold if times[fold] == 1 and owners.get(fold) in (None, name) else own[name]
            if len(folds) > SLICE:
                yield
        labels |= masked
        by_label: dict[str, Balance] = {}
        for held in parts(by_name.items()):
            for name, balance in held:
                label = labels[name]
                # A label that was known, or is the name itself, is that object, so that memory holds it once.
                same = known[name] if known.get(name) == label else name if name == label else label
                labels[name] = same
                by_label[same] = balance
            if len(by_name) > SLICE:
                yield
        twins = bool(known) and any(times[fold] > 1 for fold in owners.keys() - self._owners.keys())
        return Named(labels, owners, twins, by_label)

    def keep(self, named: Named) -> None:
        """Go on from these labels."""
        self._labels, self._owners = named.labels, named.owners

    def _owned(
        self, folds: Mapping[str, str], count: Mapping[str, int], served: Sequence[Container[str]]
    ) -> Mapping[str, str | None]:
        """Whose the upper-case labels are that several names of this answer, or of one before, could have."""
        if not self._owners and len(count) == len(folds):
            return {}
        had = {label: name for name, label in self._labels.items()}
        owners = {fold: had.get(fold) for fold, names in count.items() if names > 1}
        for fold, owner in self._owners.items():
            waits = owner is not None and owner not in folds and any(fold in labels for labels in served)
            if fold in owners or waits:
                owners[fold] = owner
        return owners


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
        _sum(one.pnl, other.pnl),
    )
    amounts = (both.available, both.frozen, both.locked, both.net, both.borrowed or ZERO, both.pnl or ZERO)
    if not all(map(finite, amounts)):
        raise BadPayload("rows of one currency add up to more than a float holds")
    return both


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
