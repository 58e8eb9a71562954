"""From the entries under `totals` to the totals: what has to fit together in them, and over which accounts each is."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from exporter.config.checks import out_of_order
from exporter.config.merge import Source
from exporter.config.mistakes import KeyPath, Mistakes, listed, nearest, quoted, sentence
from exporter.config.model import SEVERITIES, Account, Selection, Total, Valuation
from exporter.config.schema import TotalEntry, TotalMatch
from exporter.config.text import line_of
from exporter.config.validate import Piece


class Written(NamedTuple):
    """An entry and where it stands."""

    source: Source
    path: KeyPath
    piece: Piece[TotalEntry]

    @property
    def entry(self) -> TotalEntry:
        """What is good of it."""
        return self.piece.value

    @property
    def amounts(self) -> Mapping[str, Decimal]:
        """The limits that are set, by severity."""
        place = self.entry if self.entry.usd is None else self.entry.usd
        pairs = ((severity, getattr(place, severity)) for severity in SEVERITIES)
        return {severity: amount for severity, amount in pairs if amount is not None}

    def line(self, path: KeyPath = ()) -> int:
        """The line of a key below this entry."""
        return line_of(self.source.root, (*self.path, *path))

    def place(self) -> str:
        """Where it stands, for a sentence about another one."""
        return f"{self.source.file}:{self.line()}"


def check(written: Sequence[Written], mistakes: Mistakes) -> None:
    """Report what does not fit together, within an entry and between those of one name."""
    limited: dict[tuple[str, str], Written] = {}
    named: dict[str, Written] = {}
    for each in written:
        for path, text in _mistakes(each, limited, named):
            mistakes.add(each.source.file, each.line(path), (*each.path, *path), text)


def _mistakes(
    each: Written, limited: dict[tuple[str, str], Written], named: dict[str, Written]
) -> Iterator[tuple[KeyPath, str]]:
    entry, broken = each.entry, each.piece.broken
    severities = [severity for severity in SEVERITIES if severity in entry.model_fields_set]
    if entry.currency and entry.usd is not None:
        yield ("usd",), "currency and usd stand side by side; make an entry of this name for each"
        return
    if broken.isdisjoint(("currency", "usd")):
        if entry.currency is None and entry.usd is None:
            if broken <= TotalEntry.model_fields.keys():  # else an unknown key may well be a currency misspelled
                yield (), "needs a currency with limits on its amount, or `usd` with limits on the value in USD"
            return
        if entry.usd is not None and severities:
            yield (severities[0],), f"{listed(severities, 'and')} beside usd: limits in USD stand under `usd`"
        elif not each.amounts and broken.isdisjoint(SEVERITIES):
            yield ("usd",) if entry.usd else (), "has none of warning, critical and target; give at least one"
        for severity, text in out_of_order(each.amounts):
            yield ("usd", severity) if entry.usd else (severity,), text
    if not entry.name or broken.intersection(("currency", "usd", "match")):
        return
    first = named.setdefault(entry.name, each)
    if first.entry.match != entry.match:
        text = f"{quoted(entry.name)} has another match at {first.place()}; take another name for other accounts"
        yield ("match",) if entry.match else ("name",), text
        return
    key = (entry.name, entry.currency or "")
    if key in limited:
        what = entry.currency or "USD"
        text = f"limits of {quoted(entry.name)} in {what} stand at {limited[key].place()} already; make one of the two"
        yield ("name",), text
    limited.setdefault(key, each)


def total(written: Written, accounts: Sequence[Account]) -> Total:
    """The total that an entry without mistakes makes, with the accounts that match.

    Args:
        written: the entry.
        accounts: every account of the configuration.
    """
    entry = written.entry
    match = entry.match or TotalMatch.model_construct()
    over = Selection(match.account, match.exchange, MappingProxyType(match.label))
    return Total(
        name=entry.name,
        currency=entry.currency or "",
        amounts=MappingProxyType(written.amounts),
        over=over,
        accounts=frozenset(each.name for each in accounts if matches(over, each)),
    )


def matches(over: Selection, account: Account) -> bool:
    """Whether a total is over this account."""
    return (
        _fits(over.account, account.name)
        and _fits(over.exchange, account.exchange)
        and all(
            account.labels.get(name, "") != "" and _fits(patterns, account.labels[name])
            for name, patterns in over.label.items()
        )
    )


def _fits(patterns: Sequence[str], text: str) -> bool:
    return not patterns or any(fnmatchcase(text, each) for each in patterns)


def warnings(written: Written, made: Total, accounts: Sequence[Account], valuation: Valuation) -> Iterator[str]:
    """Sentences about a total that is good, but does not say what it seems to."""

    def warning(path: KeyPath, text: str) -> str:
        return sentence(written.source.file, written.line(path), (*written.path, *path), text)

    if not made.accounts:
        used = {name for each in accounts for name in each.labels}
        near = "".join(nearest(name, used) for name in made.over.label if name not in used)
        yield warning(("match",), f"matches no account, so this total has no value and its limits do nothing{near}")
    if not made.currency and not valuation.enabled:
        yield warning(("usd",), "limits in USD do nothing while valuation is off")
    without = [each.name for each in accounts if each.name in made.accounts and not _counts(each, made.currency)]
    if made.currency and without:
        others = f" and {len(without) - 1} more" if len(without) > 1 else ""
        text = f"does not count in account {quoted(without[0])}{others}: `currencies` there leave {made.currency} out"
        yield warning(("currency",), text)


def _counts(account: Account, currency: str) -> bool:
    """Whether a currency is looked at in an account."""
    expected = currency in account.expect or any(each.currency == currency for each in account.thresholds)
    return expected or (
        any(fnmatchcase(currency, each) for each in account.include)
        and not any(fnmatchcase(currency, each) for each in account.exclude)
    )
