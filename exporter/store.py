"""The last good rows of every wallet: replaced whole, kept for a bound, emptied by rule, expired by clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from operator import is_
from typing import Final

from exporter.errors import BadPayload
from exporter.model import ZERO, Balance, Reading, WalletValue
from exporter.prices import PriceBook
from exporter.valuation import leans_on_tickers, value

ZERO_KEPT_SECONDS: Final = 24 * 3600.0
"""How long a currency that was held is published as 0 after it went."""

FOREVER: Final = float("inf")
NEVER: Final = float("-inf")

_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def spelled(raw: str) -> str:
    """A raw name as text that UTF-8 can carry: a lone surrogate becomes its escape."""
    return raw if raw.isascii() else raw.encode("utf-8", "backslashreplace").decode()


class Row:
    """One currency as it is served; the same object as long as amounts and value stay.

    Attributes:
        label: the `currency` label.
        balance: the amounts.
        usd: value of the whole holding; None where there is no price.
        leans: whether the value ends with the age of the tickers.
        texts: the numbers as the exposition writes them, kept here by `samples`.
    """

    __slots__ = ("balance", "label", "leans", "texts", "usd")

    def __init__(self, label: str, balance: Balance, usd: Decimal | None, *, leans: bool = False) -> None:
        self.label = label
        self.balance = balance
        self.usd = usd
        self.leans = leans
        self.texts: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says of one wallet's currencies.

    Attributes:
        expected: labels that read 0 when a good answer leaves them out; exempt from everything below.
        include, exclude: patterns on labels.
        min_usd: holdings worth less do not start to be shown.
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


@dataclass(slots=True)
class Failure:
    """Why the last read of a wallet failed, and since when reads fail (seconds since the epoch)."""

    reason: str
    message: str
    advice: str
    since: float


class Wallet:
    """One wallet of one account: what it said last, what of that is served, and until when.

    Rows change only through `accept`, and only whole; `refuse` leaves them alone. `revalue` works out the rows that
    are served; it is to be called after `accept` and whenever prices changed.

    Attributes:
        rows: what is served while `fresh`, in the order of the answer, zeros last.
        values: for an overview, what the exchange says of each wallet.
        good_until: the moment (on the poller's clock) when the rows are withdrawn.
        valued_until: the moment when values that lean on tickers end.
        last_success: seconds since the epoch; 0 until the first good read.
        up: whether the last read was good; None before the first.
        failure: None unless the last read failed.
        unpriced, hidden, ignored: the three counts of DESIGN part 4.
        usd: sum over everything wanted that has a price; None when nothing is known.
    """

    __slots__ = (
        "_amounts",
        "_answer",
        "_empty_seen",
        "_gone_since",
        "_names",
        "_priced_by",
        "_valued",
        "_zeros",
        "borrows",
        "failure",
        "good_until",
        "hidden",
        "ignored",
        "last_success",
        "lists_zeros",
        "name",
        "overview",
        "required",
        "rows",
        "rules",
        "shown",
        "stale_after",
        "strict_seconds",
        "unpriced",
        "up",
        "usd",
        "valued_until",
        "values",
    )

    def __init__(
        self,
        name: str,
        rules: Rules,
        *,
        required: bool,
        stale_after: float,
        strict_seconds: float,
        lists_zeros: bool = False,
        borrows: bool = False,
        overview: bool = False,
    ) -> None:
        """Args: `strict_seconds` bounds the age when `stale_after` is 0: one interval and one timeout."""
        self.name = name
        self.rules = rules
        self.required = required
        self.stale_after = stale_after
        self.strict_seconds = strict_seconds
        self.lists_zeros = lists_zeros
        self.borrows = borrows
        self.overview = overview
        self.rows: Sequence[Row] = ()
        self.values: Sequence[WalletValue] = ()
        self.good_until = NEVER
        self.valued_until = FOREVER
        self.last_success = 0.0
        self.up: bool | None = None
        self.failure: Failure | None = None
        self.unpriced = self.hidden = self.ignored = 0
        self.usd: Decimal | None = None
        self.shown: set[str] = set()
        self._amounts: dict[str, Balance] = {}  # by label, only what is not zero
        self._answer: Sequence[Balance] = ()
        self._names: dict[str, str] = {}
        self._zeros: set[str] = set()
        self._gone_since: dict[str, float | None] = {}  # what was held -> first good read that lacked it
        self._empty_seen = False
        self._valued: dict[str, Row] = {}
        self._priced_by: tuple[PriceBook, int, bool] | None = None

    @property
    def holds(self) -> bool:
        """Whether the last good read held anything."""
        return bool(self._amounts)

    @property
    def remembered(self) -> bool:
        """Whether anything is held, or was within the zero rule's time."""
        return bool(self._amounts or self._gone_since)

    def fresh(self, now: float) -> bool:
        """Whether balances are served at this moment."""
        return now <= self.good_until

    def accept(self, reading: Reading, now: float, wall: float, *, trusted: bool = False) -> bool:
        """Take a good answer, unless it is an empty one that has yet to be repeated.

        Args:
            reading: the answer; replaces everything that stood.
            now: the moment of the read, on the poller's clock.
            wall: the same, seconds since the epoch.
            trusted: an empty answer needs no repetition (the exchange's own list says that the wallet is gone).

        Returns:
            Whether the served rows may have changed.

        Raises:
            BadPayload: an empty list where the exchange lists zero rows.
        """
        if reading.empty and not trusted:
            if self.lists_zeros:
                raise BadPayload("an empty list, though this exchange lists emptied currencies too")
            if self.holds and not self._empty_seen:
                self._empty_seen = True
                self._succeed()
                return False
        self._empty_seen = False
        self._succeed()
        self.last_success = wall
        self.good_until = now + (self.stale_after or self.strict_seconds)
        self.ignored = reading.ignored
        same_values, self.values = reading.values == self.values, reading.values
        if self._same_as_before(reading.balances) and not self._zeros_end(now):
            return not same_values
        self._answer = reading.balances
        self._amounts = {
            label: balance for label, balance in self._folded(reading.balances).items() if not balance.is_zero
        }
        self._apply_zero_rule(now)
        return True

    def refuse(self, failure: Failure) -> None:
        """Note a failed read; the rows stand until their time is over."""
        if self.failure is not None:
            failure.since = self.failure.since
        self.failure = failure
        self.up = False
        if not self.stale_after:
            self.good_until = NEVER

    def revalue(self, book: PriceBook | None, now: float) -> None:
        """Work out rows, counts and sum with the prices of this moment."""
        priced_by = (book, book.version, book.alive(now)) if book is not None else None
        before = self._valued if priced_by == self._priced_by else {}
        self._priced_by = priced_by
        rules, valued = self.rules, {}
        for label, balance in self._amounts.items():
            row = before.get(label)
            if row is None or row.balance is not balance:
                leans = book is not None and leans_on_tickers(balance, label, book)
                row = Row(label, balance, value(balance, label, book, now), leans=leans)
            valued[label] = row
        self._valued = valued
        leaning = any(row.leans for row in valued.values())
        alive = book is not None and book.alive(now)
        visible = self._decide(undecided=leaning and not alive)
        rows = [row for label, row in valued.items() if label in visible]
        for label in sorted(self._zeros):
            if label in self.shown or label in rules.expected:
                priced = book is not None and book.price(label, now) is not None
                rows.append(Row(label, self._nothing(label), ZERO if priced else None))
        self.rows = rows
        self.hidden = len(valued.keys() - visible)
        wanted = [row.usd for label, row in valued.items() if rules.wanted(label)]
        self.unpriced = wanted.count(None) if book is not None else 0
        self.valued_until = book.good_until if book is not None and leaning and alive else FOREVER
        # With no live tickers a sum of what is pegged would look like a loss.
        known = book is not None and (alive or None not in wanted)
        self.usd = sum((usd for usd in wanted if usd is not None), ZERO) if known else None

    def _succeed(self) -> None:
        self.up = True
        self.failure = None

    def _same_as_before(self, balances: Sequence[Balance]) -> bool:
        before = self._answer
        return (
            len(balances) == len(before)
            and self.last_success > 0
            and bool(balances)
            and all(map(is_, balances, before))
        )

    def _zeros_end(self, now: float) -> bool:
        return any(
            since is not None and now - since > ZERO_KEPT_SECONDS for since in self._gone_since.values()
        ) or not self._zeros.issuperset(self.rules.expected - self._amounts.keys())

    def _folded(self, balances: Sequence[Balance]) -> dict[str, Balance]:
        """Balances by label: rows of one raw name added; names that would fold together keep their own spelling."""
        if len({balance.currency for balance in balances}) == len(balances) and all(
            balance.currency in self._names for balance in balances
        ):
            names = self._names
            if len(names) == len(balances):
                return {names[balance.currency]: balance for balance in balances}
        by_name: dict[str, Balance] = {}
        for balance in balances:
            known = by_name.get(balance.currency)
            by_name[balance.currency] = balance if known is None else added(known, balance)
        upper: dict[str, int] = {}
        for name in by_name:
            folded = spelled(name).translate(_UPPER)
            upper[folded] = upper.get(folded, 0) + 1
        labels: dict[str, Balance] = {}
        self._names = {}
        for name, balance in by_name.items():
            own = spelled(name)
            folded = own.translate(_UPPER)
            label = self._names[name] = folded if upper[folded] == 1 else own
            labels[label] = balance if label not in labels else added(labels[label], balance)
        if len(labels) != len(self._names):
            self._names = {}
        return labels

    def _apply_zero_rule(self, now: float) -> None:
        gone = self._gone_since
        for label in self._amounts:
            gone[label] = None
        for label in [label for label in gone if label not in self._amounts]:
            since = gone[label]
            if since is None:
                gone[label] = now
            elif now - since > ZERO_KEPT_SECONDS:
                del gone[label]
                self.shown.discard(label)
        self._zeros = (gone.keys() | self.rules.expected) - self._amounts.keys()

    def _decide(self, *, undecided: bool) -> set[str]:
        """Which currencies are shown. What is shown stays; what has no price keeps its last decision.

        While the tickers that would tell a worth are missing, new currencies are shown for now and decided later.
        """
        rules, valued = self.rules, self._valued
        new = [label for label in valued if label not in self.shown and rules.wanted(label)]
        if not new:
            return self.shown
        worthy = []
        for label in new:
            usd = valued[label].usd
            if label in rules.expected:
                self.shown.add(label)
            elif usd is None or usd >= rules.min_usd:
                worthy.append(label)
        free = rules.max_currencies - len((self.shown & valued.keys()) - rules.expected)
        if len(worthy) > free:
            worthy.sort(key=lambda label: _most_valuable_first(valued[label].usd))
        if undecided:
            return self.shown.union(worthy[: max(free, 0)])
        self.shown.update(worthy[: max(free, 0)])
        return self.shown

    def _nothing(self, label: str) -> Balance:
        return Balance(label, ZERO, ZERO, ZERO, ZERO, ZERO if self.borrows else None)


def added(one: Balance, other: Balance) -> Balance:
    """Two rows of one currency as one; a statement that only one of them makes is dropped."""
    borrowed = one.borrowed if other.borrowed is None else other.borrowed + (one.borrowed or ZERO)
    return Balance(
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


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def _most_valuable_first(usd: Decimal | None) -> Decimal:
    return -usd if usd is not None else ZERO
