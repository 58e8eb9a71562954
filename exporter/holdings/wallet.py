"""One wallet: the last good rows, replaced whole, kept for a bound, emptied by rule, expired by clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from operator import is_
from typing import Final

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, Reading, Unreadable, WalletValue, finite
from exporter.core.wording import spelled
from exporter.exchanges.base import shown as told
from exporter.holdings.doubt import empties_most
from exporter.holdings.labels import Labels, Named
from exporter.holdings.prices import PriceBook
from exporter.holdings.rows import Row, valued
from exporter.holdings.shown import Choice, Shown
from exporter.holdings.slices import SLICE, Slices, finish, parts
from exporter.holdings.zeros import FOREVER, Zeros

NEVER: Final = float("-inf")

MAX_VALUES: Final = 500
"""Wallets of which an overview tells the value, at most."""

_GONE: Final = (
    "Nothing, if the exchange has renamed or removed the currency: its answer is believed once what was held is "
    "withdrawn. Else report it: a currency must not drop out of its list."
)

__all__ = ["FOREVER", "Failure", "Row", "Wallet"]


@dataclass(slots=True)
class Failure:
    """Why the last read of a wallet failed, and since when reads fail (seconds since the epoch)."""

    reason: str
    message: str
    advice: str
    since: float


class Wallet:
    """One wallet of one account: what it said last, what of that is served, and until when.

    Amounts change only through `accepting`, and only whole; `refuse` leaves them alone. `revaluing` works out the rows
    that are served; it is to be called after `accepting` and `reconfigure`, and whenever prices changed. Both are work
    in slices, at the end of which everything changes at once; `accept` and `revalue` do the same without a stop.

    Attributes:
        rows: what is served while `fresh`, in the order of the answer, zeros last; a new list when it changes.
        values: for an overview, what the exchange says of each wallet.
        margin_ratio: what the last good answer states, unless no ratio can be that; goes with the rows.
        good_until: the moment (on the poller's clock) when the rows are withdrawn.
        valued_until: the moment when values from tickers end.
        last_success: seconds since the epoch; 0 until the first good read.
        up: whether the last read was good; None before the first.
        failure: None unless the last read failed.
        unpriced, ignored: how many currencies have no price, and how many rows are of a kind that we do not know.
        unreadable_rows: of rows whose amounts are no numbers, and so are not served: why, by label.
        unreadable_count: how many rows these are.
        hidden: how many currencies are held but not shown, or were let go before their 24 hours at 0 were over.
        usd: sum over everything wanted that has a price; None when nothing is known.
        nets: what was held of each currency that totals count when the wallet was last served, as `net` says it; kept
            by whoever serves it.
        unserved: whether something has changed since it was last served; kept by whoever serves it.
        busy: whether somebody is about to serve it; likewise.
    """

    __slots__ = (
        "_amounts",
        "_answer",
        "_bad_rows",
        "_doubted",
        "_ever_held",
        "_held",
        "_labels",
        "_missing",
        "_read_at",
        "_shown",
        "_unknown",
        "_worked_out",
        "_worked_out_by",
        "_zeros",
        "borrows",
        "busy",
        "every",
        "failure",
        "good_until",
        "group",
        "hidden",
        "ignored",
        "last_success",
        "lists_zeros",
        "many",
        "margin_ratio",
        "name",
        "nets",
        "overview",
        "required",
        "rows",
        "stale_after",
        "strict_seconds",
        "unpriced",
        "unreadable_count",
        "unreadable_rows",
        "unserved",
        "up",
        "usd",
        "valued_until",
        "values",
    )

    def __init__(
        self,
        name: str,
        choice: Choice,
        *,
        required: bool,
        stale_after: float,
        strict_seconds: float,
        every: float = 0.0,
        lists_zeros: bool = False,
        borrows: bool = False,
        overview: bool = False,
        many: bool = False,
        group: str = "",
        masked: Callable[[str], str] = str,
    ) -> None:
        """Args:
        name: the `wallet` label.
        choice: what the configuration says of its currencies.
        required: whether the account is up only with this wallet.
        stale_after: seconds for which the last good values stand; 0: until a read fails.
        strict_seconds: bounds their age when `stale_after` is 0: one interval and one timeout.
        every: seconds between two reads at least.
        lists_zeros: whether emptied currencies are listed, so that an answer without them is none.
        borrows: whether amounts can be owed here.
        overview: holds no balance, but says what each wallet is worth.
        many: holds no balance, but stands for the answer that tells of several wallets.
        group: the wallet that stands for the answer that tells of this one; empty where it has one of its own.
        masked: takes secrets out of the name of a currency, or of a wallet of the overview.
        """
        self.name = name
        self.required = required
        self.stale_after = stale_after
        self.strict_seconds = strict_seconds
        self.every = every
        self.lists_zeros = lists_zeros
        self.borrows = borrows
        self.overview = overview
        self.many = many
        self.group = group
        self.rows: Sequence[Row] = ()
        self.values: Sequence[WalletValue] = ()
        self.margin_ratio: Decimal | None = None
        self.good_until = NEVER
        self.valued_until = FOREVER
        self.last_success = 0.0
        self.up: bool | None = None
        self.failure: Failure | None = None
        self.unpriced = self.hidden = self.ignored = 0
        self.usd: Decimal | None = None
        self._labels = Labels(masked)
        self._answer: Sequence[Balance] | None = None
        self._amounts: dict[str, Balance] = {}  # by label, only what is not zero
        self._zeros = Zeros(choice.expected, borrows=borrows)
        self._shown = Shown(choice)
        self._held: dict[str, Row] = {}  # by label, as `_amounts` are valued
        self._missing: dict[str, Row] = {}  # by label, as the zeros are valued
        self._worked_out_by: tuple[object, ...] = ()
        self._worked_out: tuple[Mapping[str, Balance], Mapping[str, str]] = ({}, {})  # amounts, and what is unreadable
        self._read_at = NEVER
        self._doubted = self._ever_held = False
        self.unreadable_rows: Mapping[str, str] = {}
        self.unreadable_count = 0
        self._bad_rows: Sequence[Unreadable] = ()
        self._unknown: dict[str, Row] = {}  # by label, what was held when its amounts were last read
        self.nets: Mapping[str, Decimal | None] = {}
        self.unserved = self.busy = False

    @property
    def holds(self) -> bool:
        """Whether the last good read held anything."""
        return bool(self._amounts or self._unknown) or any(worth.usd or worth.usdt for worth in self.values)

    @property
    def bare(self) -> bool:
        """Whether it holds no balance of its own."""
        return self.overview or self.many

    @property
    def remembered(self) -> bool:
        """Whether anything is held, or was within the zero rule's time."""
        return bool(self._amounts or self._unknown or self._zeros.gone)

    @property
    def unreadable(self) -> Set[str]:
        """Labels that were held or are expected, and of which the last good answer has amounts that are no numbers.

        Without them a sum over this wallet would be a part that looks like the whole.
        """
        if not self.unreadable_rows:
            return frozenset()
        known = self._unknown.keys() | self._zeros.gone | self._shown.choice.expected
        return self.unreadable_rows.keys() & known

    def net(self, label: str) -> Decimal | None:
        """What is held of a currency by the answer that the rows are of, shown or not.

        None where its amount cannot be read. A currency that the answer leaves out, or that `include` and `exclude`
        leave out, is held not at all.
        """
        amounts, unreadable = self._worked_out
        if not self._shown.choice.wanted(label):
            return ZERO
        if label in unreadable:
            return None
        balance = amounts.get(label)
        return ZERO if balance is None else balance.net

    @property
    def zeros_end(self) -> float:
        """The moment (on the poller's clock) after which the first of its zeros goes."""
        return self._zeros.end

    @property
    def large(self) -> bool:
        """Whether working out what is served takes more than one slice."""
        return len(self._amounts) + len(self._zeros.balances) > SLICE

    def fresh(self, now: float) -> bool:
        """Whether balances are served at this moment."""
        return now <= self.good_until

    def reconfigure(self, choice: Choice, *, required: bool, stale_after: float, strict_seconds: float) -> None:
        """Go on under another choice and other bounds; what was read stays. Call `revalue` afterwards."""
        self.required = required
        self.stale_after = stale_after
        self.strict_seconds = strict_seconds
        self._bound()
        if choice != self._shown.choice:
            self._shown.reconfigure(choice)
            self._zeros.expect(choice.expected)

    def accept(self, reading: Reading, now: float, wall: float, *, trusted: bool = False) -> bool:
        """Do what `accepting` does, all at once."""
        return finish(self.accepting(reading, now, wall, trusted=trusted))

    def accepting(self, reading: Reading, now: float, wall: float, *, trusted: bool = False) -> Slices[bool]:
        """Take a good answer, unless it has yet to be repeated.

        That is one after which more than half of what was held would read 0, by count or by worth in USD at the prices
        of this moment (`doubt.empties_most`), be it an empty list, one with a row of zeros, or one from which rows are
        missing; or one in which two names differ only in case that did not before. The next good read decides: if it
        is such an answer too, it is believed. Until then everything stands.

        Args:
            reading: the answer; replaces everything that stood.
            now: the moment of the read, on the poller's clock.
            wall: the same, seconds since the epoch.
            trusted: the answer needs no repetition (the exchange's own list says that the wallet is gone).

        Returns:
            Whether what is served may have changed.

        Raises:
            BadPayload: where the exchange lists zero rows, an empty list from a wallet that ever held something, or one
                without a row of a currency that was held, as long as what was held is served; sums beyond what a float
                holds; too many wallets, or names in which a secret stands.
        """
        if reading.empty and self.lists_zeros and self._ever_held and not trusted:
            raise BadPayload("an empty list, though this exchange lists emptied currencies too")
        if len(reading.values) > MAX_VALUES:
            raise BadPayload(f"the values of {len(reading.values)} wallets, more than the {MAX_VALUES} that are kept")
        if reading.values:
            reading = replace(reading, values=self._named(reading.values))
        named = None
        amounts, bad = self._amounts, self.unreadable_rows
        if not self._is_as_before(reading):
            named = yield from self._labels.of(_all_rows(reading), (self._amounts, self._unknown, self._zeros.balances))
            if len(reading.balances) > SLICE:
                yield
            amounts = {label: one for label, one in named.balances.items() if one.net or not one.is_zero}
            bad = {named.labels[name]: why for name, why in reading.unreadable}
        if len(amounts) > SLICE:
            yield
        if not trusted and self._is_to_be_repeated(reading, named, amounts, bad, now) and not self.doubt():
            return False
        if len(amounts) > SLICE:
            yield
        counts = len(reading.unreadable), reading.ignored
        changed = self.values != reading.values or (self.unreadable_count, self.ignored) != counts
        ratio = _possible(reading.margin_ratio)
        changed = changed or not _is_written_alike(self.margin_ratio, ratio)
        if named is not None or now > self._zeros.end:
            changed = True
            self._replace(reading.balances, named, amounts, bad, now)
        self.values, self.ignored, self.unreadable_count = reading.values, reading.ignored, len(reading.unreadable)
        self._bad_rows = reading.unreadable
        self.margin_ratio = ratio
        self._doubted = False
        self._succeed()
        self.last_success = wall
        self._read_at = now
        self._bound()
        return changed

    def doubt(self) -> bool:
        """Take note of a good answer that has to be repeated before it is believed; returns whether this repeats it."""
        was, self._doubted = self._doubted, True
        self._succeed()
        return was

    def stands(self) -> None:
        """Take note that the last read was good, though what it said is not believed yet."""
        self._succeed()

    def refuse(self, failure: Failure) -> None:
        """Note a failed read; the rows stand until their time is over."""
        if self.failure is not None:
            failure.since = self.failure.since
        self.failure = failure
        self.up = False
        self._doubted = False
        self._bound()

    def revalue(self, book: PriceBook | None, now: float) -> None:
        """Do what `revaluing` does, all at once."""
        finish(self.revaluing(book, now))

    def revaluing(self, book: PriceBook | None, now: float) -> Slices[None]:
        """Work out rows, counts and sum with the prices of this moment.

        A row stays the same object while its amounts, the prices and the configuration do: after an answer in which
        only BTC moved, ETH keeps its row and BTC is valued.
        """
        alive = book is not None and book.alive(now)
        by = (book, None if book is None else book.version, alive, self._shown.choice)
        held, missing = (self._held, self._missing) if by == self._worked_out_by else ({}, {})
        amounts, zeros, unreadable = self._amounts, self._zeros.balances, self.unreadable_rows
        held = yield from self._rows(amounts, held, book, now)
        missing = yield from self._rows(zeros, missing, book, now)
        if self.large:
            yield
        self._held, self._missing, self._worked_out_by = held, missing, by
        self._worked_out = amounts, unreadable
        self._choose(certain=book is None or alive)
        self._date(book, alive=alive)
        self._sum(book, alive=alive)

    def forget_values(self) -> None:
        """Have no value in USD until `revaluing` is called."""
        self.usd, self.valued_until = None, FOREVER
        self._held, self._missing, self._worked_out_by = {}, {}, ()

    def reported(self, book: PriceBook | None, now: float) -> dict[str, Decimal]:
        """What an overview says of each wallet in USD: its figures in USD, or in USDT times the price of this moment.

        Wallets that it cannot say that of are left out, all of them when valuation is off.
        """
        tether = book.price("USDT", now) if book is not None else None
        reported: dict[str, Decimal] = {}
        on_tickers = False
        for worth in self.values:
            usd = worth.usd
            if usd is None and worth.usdt is not None:
                on_tickers = on_tickers or (book is not None and "USDT" not in book.pegs)
                usd = worth.usdt * tether if tether is not None else None
            if usd is not None:
                wallet = spelled(worth.wallet)  # as it is written: no two of them may be the same there
                reported[wallet] = reported.get(wallet, ZERO) + usd
        self.valued_until = book.good_until if book is not None and on_tickers and tether is not None else FOREVER
        return {wallet: usd for wallet, usd in reported.items() if finite(usd)}

    def _named(self, values: Sequence[WalletValue]) -> Sequence[WalletValue]:
        """The values under the names that may be shown."""
        masked = self._labels.masked.among(value.wallet for value in values) if values else {}
        return [value._replace(wallet=masked.get(value.wallet, value.wallet)) for value in values] if masked else values

    def _succeed(self) -> None:
        self.up = True
        self.failure = None

    def _bound(self) -> None:
        if self.failure is not None and not self.stale_after:
            self.good_until = NEVER
        else:
            self.good_until = self._read_at + (self.stale_after or self.strict_seconds)

    def _is_as_before(self, reading: Reading) -> bool:
        """Whether an answer is of the very same rows: an exchange's reader gives the same object for the same texts."""
        before, balances = self._answer, reading.balances
        return (
            before is not None
            and len(balances) == len(before)
            and all(map(is_, balances, before))
            and reading.unreadable == self._bad_rows
        )

    def _is_to_be_repeated(
        self,
        reading: Reading,
        named: Named | None,
        amounts: Mapping[str, Balance],
        bad: Mapping[str, str],
        now: float,
    ) -> bool:
        """Whether an answer with these amounts is one that a single read does not prove.

        Raises:
            BadPayload: it lacks a row that this exchange would list, were it a whole answer.
        """
        if self.overview:
            return empties_most(
                _worth(self.values), _worth(reading.values).keys() | {row.name for row in reading.unreadable}
            )
        left = amounts.keys() | bad.keys() if bad else amounts.keys()
        if named is None or (self._amounts.keys() <= left and self._unknown.keys() <= left):
            return named is not None and named.twins
        if self.lists_zeros and self.fresh(now):
            self._find_all(left, reading)
        if named.twins:
            return True
        held = self._held
        worth = {label: held[label].usd if label in held else None for label in self._amounts}
        worth |= {label: row.usd for label, row in self._unknown.items()}
        return empties_most(worth, left)

    def _find_all(self, left: Set[str], reading: Reading) -> None:
        """See that the answer has a row, if only of zeros, of whatever was held."""
        listed = reading.listed or {balance.currency for balance in reading.balances}
        unknown = ((label, row.balance) for label, row in self._unknown.items())
        for label, balance in chain(self._amounts.items(), unknown):
            if label not in left and balance.currency not in listed:
                raise BadPayload(
                    f"{told(label)} was held and has no row, though this exchange lists emptied currencies too",
                    advice=_GONE,
                )

    def _replace(
        self,
        balances: Sequence[Balance],
        named: Named | None,
        amounts: dict[str, Balance],
        bad: Mapping[str, str],
        now: float,
    ) -> None:
        """Let these amounts be what is held."""
        if named is not None:
            self._labels.keep(named)
            self._unknown = {label: row for label in bad if (row := self._last_known(label)) is not None}
            self._amounts, self._answer, self.unreadable_rows = amounts, balances, bad
            self._ever_held = self._ever_held or bool(amounts or bad)
        gone = self._zeros.replace(self._amounts, now, self._shown.labels, self.unreadable_rows.keys())
        self._shown.forget(gone, self._amounts.keys() | self._unknown.keys() if self._unknown else self._amounts)

    def _last_known(self, label: str) -> Row | None:
        """What was held of a currency when its amounts were last read; None where nothing was."""
        if label in self._unknown:
            return self._unknown[label]
        if label not in self._amounts:
            return None
        return self._held.get(label) or Row(label, self._amounts[label], None, False, True)

    def _rows(
        self, amounts: Mapping[str, Balance], before: Mapping[str, Row], book: PriceBook | None, now: float
    ) -> Slices[dict[str, Row]]:
        """Rows by label; of `before` those whose balance is still the same object."""
        if len(amounts) <= SLICE:
            return self._some_rows(amounts.items(), before, book, now)
        rows: dict[str, Row] = {}
        for part in parts(amounts.items()):
            rows |= self._some_rows(part, before, book, now)
            yield
        return rows

    def _some_rows(
        self, amounts: Iterable[tuple[str, Balance]], before: Mapping[str, Row], book: PriceBook | None, now: float
    ) -> dict[str, Row]:
        wanted = self._shown.choice.wanted
        rows = {}
        for label, balance in amounts:
            row = before.get(label)
            if row is None or row.balance is not balance:
                row = valued(label, balance, book, now, wanted=wanted(label) if row is None else row.wanted)
            rows[label] = row
        return rows

    def _choose(self, *, certain: bool) -> None:
        """Decide which rows are served, and count those that are not."""
        held, labels, expected = self._held, self._shown.labels, self._shown.choice.expected
        rows = list(held.values())
        if not held.keys() <= labels.keys():
            self._shown.decide(rows, certain=certain)
            rows = [row for row in rows if row.label in labels]
        self.hidden = len(held) - len(rows) + self._zeros.let_go
        rows += [row for label, row in self._missing.items() if label in labels or label in expected]
        self.rows = rows

    def _date(self, book: PriceBook | None, *, alive: bool) -> None:
        """Set the moment at which values end."""
        rows = chain(self._held.values(), self._missing.values())
        on_tickers = alive and any(row.on_tickers for row in rows)
        self.valued_until = book.good_until if book is not None and on_tickers else FOREVER

    def _sum(self, book: PriceBook | None, *, alive: bool) -> None:
        """Add up what is wanted and has a price, and count what has none."""
        wanted = [row for row in self._held.values() if row.wanted]
        priced = [row.usd for row in wanted if row.usd is not None]
        self.unpriced = len(wanted) - len(priced) if book is not None else 0
        # With no live tickers a sum of what is pegged would look like a loss.
        known = book is not None and (alive or not self.unpriced)
        usd = sum(priced, ZERO) if known else None
        self.usd = usd if usd is not None and finite(usd) else None


def _all_rows(reading: Reading) -> Sequence[Balance]:
    """The rows of an answer, with a row of zeros for each name of which nothing else can be read: it has its label."""
    if not reading.unreadable:
        return reading.balances
    names = dict.fromkeys(row.name for row in reading.unreadable)
    return [*reading.balances, *(Balance(name, ZERO, ZERO, ZERO, ZERO) for name in names)]


def _possible(ratio: Decimal | None) -> Decimal | None:
    """A margin ratio; None where it is one that none can be: then the ratio is not known, and the balances are."""
    return ratio if ratio is not None and finite(ratio) and ratio >= 0 else None


def _is_written_alike(one: Decimal | None, other: Decimal | None) -> bool:
    """Whether two figures are the same to the last digit: 0.5 and 0.50 are not."""
    return one is other or (one is not None and other is not None and one.compare_total(other) == 0)


def _worth(values: Iterable[WalletValue]) -> dict[str, Decimal | None]:
    """What an overview says of each wallet, in USD or USDT; none of nothing."""
    worth: dict[str, Decimal | None] = {}
    for value in values:
        amount = value.usd or value.usdt
        if amount:
            worth[value.wallet] = (worth.get(value.wallet) or ZERO) + amount
    return worth
