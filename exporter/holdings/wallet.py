"""One wallet: the last good rows, replaced whole, kept for a bound, emptied by rule, expired by clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from operator import is_
from typing import Final

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, Reading, WalletValue, finite
from exporter.holdings.labels import Labels
from exporter.holdings.prices import PriceBook
from exporter.holdings.rows import Row, valued
from exporter.holdings.shown import Choice, Shown
from exporter.holdings.zeros import FOREVER, Zeros

NEVER: Final = float("-inf")

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

    Amounts change only through `accept`, and only whole; `refuse` leaves them alone. `revalue` works out the rows
    that are served; it is to be called after `accept` and `reconfigure`, and whenever prices changed.

    Attributes:
        rows: what is served while `fresh`, in the order of the answer, zeros last; a new list when it changes.
        values: for an overview, what the exchange says of each wallet.
        good_until: the moment (on the poller's clock) when the rows are withdrawn.
        valued_until: the moment when values from tickers end.
        last_success: seconds since the epoch; 0 until the first good read.
        up: whether the last read was good; None before the first.
        failure: None unless the last read failed.
        unpriced, hidden, ignored: how many currencies have no price or are not shown, and how many rows are of a kind
            that we do not know.
        usd: sum over everything wanted that has a price; None when nothing is known.
    """

    __slots__ = (
        "_amounts",
        "_answer",
        "_empty_seen",
        "_held",
        "_labels",
        "_missing",
        "_priced_by",
        "_read_at",
        "_shown",
        "_zeros",
        "borrows",
        "every",
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
        choice: Choice,
        *,
        required: bool,
        stale_after: float,
        strict_seconds: float,
        every: float = 0.0,
        lists_zeros: bool = False,
        borrows: bool = False,
        overview: bool = False,
    ) -> None:
        """Args:
        name: the `wallet` label.
        choice: what the configuration says of its currencies.
        required: whether the account is up only with this wallet.
        stale_after: seconds for which the last good values stand; 0: until a read fails.
        strict_seconds: bounds their age when `stale_after` is 0: one interval and one timeout.
        every: seconds between two reads at least.
        lists_zeros: whether emptied currencies are listed, so that an empty list is no answer.
        borrows: whether amounts can be owed here.
        overview: holds no balance, but says what each wallet is worth.
        """
        self.name = name
        self.required = required
        self.stale_after = stale_after
        self.strict_seconds = strict_seconds
        self.every = every
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
        self._labels = Labels()
        self._answer: Sequence[Balance] | None = None
        self._amounts: Mapping[str, Balance] = {}  # by label, only what is not zero
        self._zeros = Zeros(choice.expected, borrows=borrows)
        self._shown = Shown(choice)
        self._held: dict[str, Row] = {}  # by label, as `_amounts` are valued
        self._missing: dict[str, Row] = {}  # by label, as the zeros are valued
        self._priced_by: tuple[PriceBook, int, bool] | None = None
        self._read_at = NEVER
        self._empty_seen = False

    @property
    def holds(self) -> bool:
        """Whether the last good read held anything."""
        return bool(self._amounts) or any(worth.usd or worth.usdt for worth in self.values)

    @property
    def remembered(self) -> bool:
        """Whether anything is held, or was within the zero rule's time."""
        return bool(self._amounts or self._zeros.gone)

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
            self._held, self._missing = {}, {}

    def accept(self, reading: Reading, now: float, wall: float, *, trusted: bool = False) -> bool:
        """Take a good answer, unless it is an empty one that has yet to be repeated.

        Args:
            reading: the answer; replaces everything that stood.
            now: the moment of the read, on the poller's clock.
            wall: the same, seconds since the epoch.
            trusted: an empty answer needs no repetition (the exchange's own list says that the wallet is gone).

        Returns:
            Whether what is served may have changed.

        Raises:
            BadPayload: an empty list where the exchange lists zero rows, or sums beyond what a float holds.
        """
        if reading.empty and not trusted:
            if self.lists_zeros:
                raise BadPayload("an empty list, though this exchange lists emptied currencies too")
            if self.holds and not self._empty_seen:
                self._empty_seen = True
                self._succeed()
                return False
        changed = self._replace(reading.balances, now)
        changed = changed or self.values != reading.values or self.ignored != reading.ignored
        self.values, self.ignored = reading.values, reading.ignored
        self._empty_seen = False
        self._succeed()
        self.last_success = wall
        self._read_at = now
        self._bound()
        return changed

    def refuse(self, failure: Failure) -> None:
        """Note a failed read; the rows stand until their time is over."""
        if self.failure is not None:
            failure.since = self.failure.since
        self.failure = failure
        self.up = False
        self._empty_seen = False
        self._bound()

    def revalue(self, book: PriceBook | None, now: float) -> None:
        """Work out rows, counts and sum with the prices of this moment."""
        alive = book is not None and book.alive(now)
        self._value(book, now, alive=alive)
        self._choose(certain=book is None or alive)
        self._date(book, alive=alive)
        self._sum(book, alive=alive)

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
                reported[worth.wallet] = reported.get(worth.wallet, ZERO) + usd
        self.valued_until = book.good_until if book is not None and on_tickers and tether is not None else FOREVER
        return {wallet: usd for wallet, usd in reported.items() if finite(usd)}

    def _succeed(self) -> None:
        self.up = True
        self.failure = None

    def _bound(self) -> None:
        if self.failure is not None and not self.stale_after:
            self.good_until = NEVER
        else:
            self.good_until = self._read_at + (self.stale_after or self.strict_seconds)

    def _replace(self, balances: Sequence[Balance], now: float) -> bool:
        """Let these rows be what is held; whether that may change what is served.

        An answer of the very same rows (an exchange's reader gives the same object for the same texts) changes
        nothing but the age, until the 24 hours of a zero are over.
        """
        before = self._answer
        if before is not None and len(balances) == len(before) and all(map(is_, balances, before)):
            if now <= self._zeros.end:
                return False
        else:
            by_label = self._labels.by_label(balances, chain(self._zeros.gone, self._amounts))
            self._amounts = {label: one for label, one in by_label.items() if one.net or not one.is_zero}
            self._answer = balances
        self._shown.forget(self._zeros.replace(self._amounts, now), self._amounts)
        return True

    def _value(self, book: PriceBook | None, now: float, *, alive: bool) -> None:
        """Value what is held and what is missing; a row stays while its amounts and the prices do."""
        priced_by = (book, book.version, alive) if book is not None else None
        if priced_by != self._priced_by:
            self._priced_by = priced_by
            self._held, self._missing = {}, {}
        self._held = self._rows(self._amounts, self._held, book, now)
        self._missing = self._rows(self._zeros.balances, self._missing, book, now)

    def _rows(
        self, amounts: Mapping[str, Balance], before: Mapping[str, Row], book: PriceBook | None, now: float
    ) -> dict[str, Row]:
        """Rows by label; of `before` those whose balance is still the same object.

        After an answer in which only BTC moved, ETH keeps its row and BTC is valued.
        """
        wanted = self._shown.choice.wanted
        rows = {}
        for label, balance in amounts.items():
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
        self.hidden = len(held) - len(rows)
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
