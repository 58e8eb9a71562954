"""The last good rows of every wallet: replaced whole, kept for a bound, emptied by rule, expired by clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter, is_
from typing import Final, cast

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, Reading, WalletValue, finite
from exporter.holdings.labels import Labels
from exporter.holdings.prices import PriceBook
from exporter.holdings.rows import Row, Shown, is_plain, repriced
from exporter.holdings.shown import Rules
from exporter.holdings.valuation import leans_on_tickers, value

ZERO_KEPT_SECONDS: Final = 24 * 3600.0
"""How long a currency that was held is published as 0 after it went."""

FOREVER: Final = float("inf")
_leans: Final = attrgetter("leans")
_net: Final = attrgetter("net")
NEVER: Final = float("-inf")

__all__ = ["ZERO_KEPT_SECONDS", "Failure", "Row", "Rules", "Wallet"]


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
        valued_until: the moment when values that lean on tickers end.
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
        "_empty",
        "_empty_seen",
        "_gone",
        "_held",
        "_names",
        "_nothing",
        "_priced_by",
        "_read_at",
        "_shown",
        "_zeros_end",
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
        "rules",
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
        every: float = 0.0,
        lists_zeros: bool = False,
        borrows: bool = False,
        overview: bool = False,
    ) -> None:
        """Args:
        name: the `wallet` label.
        rules: what the configuration says of its currencies.
        required: whether the account is up only with this wallet.
        stale_after: seconds for which the last good values stand; 0: until a read fails.
        strict_seconds: bounds their age when `stale_after` is 0: one interval and one timeout.
        every: seconds between two reads at least.
        lists_zeros: whether emptied currencies are listed, so that an empty list is no answer.
        borrows: whether amounts can be owed here.
        overview: holds no balance, but says what each wallet is worth.
        """
        self.name = name
        self.rules = rules
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
        self._names = Labels()
        self._answer: Sequence[Balance] | None = None
        self._read_at = NEVER
        self._empty_seen = False
        self._amounts: Mapping[str, Balance] = {}  # by label, only what is not zero
        self._gone: dict[str, float] = {}  # what was held -> first good read that lacked it
        self._zeros_end = FOREVER
        self._nothing: dict[str, Balance] = {}  # what is missing, but expected or lately held
        self._held: dict[str, Row] = {}  # by label, as it is valued
        self._empty: dict[str, Row] = {}
        self._priced_by: tuple[PriceBook, int, bool] | None = None
        self._shown = Shown()

    @property
    def holds(self) -> bool:
        """Whether the last good read held anything."""
        return bool(self._amounts) or any(worth.usd or worth.usdt for worth in self.values)

    @property
    def remembered(self) -> bool:
        """Whether anything is held, or was within the zero rule's time."""
        return bool(self._amounts or self._gone)

    def fresh(self, now: float) -> bool:
        """Whether balances are served at this moment."""
        return now <= self.good_until

    def reconfigure(self, rules: Rules, *, required: bool, stale_after: float, strict_seconds: float) -> None:
        """Go on under other rules and bounds; what was read stays."""
        self.required = required
        self.stale_after = stale_after
        self.strict_seconds = strict_seconds
        self._bound()
        if rules != self.rules:
            self.rules = rules
            self._shown.keep(rules)
            self._held, self._empty = {}, {}
            self._miss()

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
        balances, before = reading.balances, self._answer
        same = balances is before or (
            before is not None and len(balances) == len(before) and all(map(is_, balances, before))
        )
        if not same:
            by_label = self._names.by_label(balances, self._gone.keys() | self._amounts.keys())
            if not all(map(_net, balances)):
                by_label = {label: one for label, one in by_label.items() if one.net or not one.is_zero}
            self._replace(by_label, now)
            self._answer = balances
        elif now > self._zeros_end:
            self._replace(self._amounts, now)
            same = False
        same = same and self.values == reading.values and self.ignored == reading.ignored
        self.values, self.ignored = reading.values, reading.ignored
        self._empty_seen = False
        self._succeed()
        self.last_success = wall
        self._read_at = now
        self._bound()
        return not same

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
        priced_by = (book, book.version, alive) if book is not None else None
        if priced_by != self._priced_by:
            self._priced_by = priced_by
            self._held, self._empty = {}, {}
        self._held = self._rows(self._amounts, self._held, book, now)
        self._empty = self._rows(self._nothing, self._empty, book, now)
        held, empty = self._held.values(), self._empty.values()
        shown, expected = self._shown.labels, self.rules.expected
        all_shown = self._held.keys() <= shown.keys()
        if not all_shown:
            self._shown.decide(held, self.rules, certain=book is None or alive)
        rows = list(held) if all_shown else [row for row in held if row.label in shown]
        self.hidden = len(held) - len(rows)
        rows += [row for row in empty if row.label in shown or row.label in expected]
        self.rows = rows
        leaning = alive and (any(map(_leans, held)) or any(map(_leans, empty)))
        self.valued_until = book.good_until if book is not None and leaning else FOREVER
        wanted = held if all_shown else [row for row in held if row.wanted]  # what is shown is wanted
        priced = [row.usd for row in wanted if row.usd is not None]
        self.unpriced = len(wanted) - len(priced) if book is not None else 0
        # With no live tickers a sum of what is pegged would look like a loss.
        known = book is not None and (alive or len(priced) == len(wanted))
        usd = sum(priced, ZERO) if known else None
        self.usd = usd if usd is not None and finite(usd) else None

    def reported(self, book: PriceBook | None, now: float) -> dict[str, Decimal]:
        """What an overview says of each wallet in USD: its figures in USD, or in USDT times the price of this moment.

        Wallets that it cannot say that of are left out, all of them when valuation is off.
        """
        tether = book.price("USDT", now) if book is not None else None
        told: dict[str, Decimal] = {}
        leans = False
        for worth in self.values:
            usd = worth.usd
            if usd is None and worth.usdt is not None:
                leans = leans or (book is not None and "USDT" not in book.pegs)
                usd = worth.usdt * tether if tether is not None else None
            if usd is not None:
                told[worth.wallet] = told.get(worth.wallet, ZERO) + usd
        self.valued_until = book.good_until if book is not None and leans and tether is not None else FOREVER
        return {wallet: usd for wallet, usd in told.items() if finite(usd)}

    def _succeed(self) -> None:
        self.up = True
        self.failure = None

    def _bound(self) -> None:
        if self.failure is not None and not self.stale_after:
            self.good_until = NEVER
        else:
            self.good_until = self._read_at + (self.stale_after or self.strict_seconds)

    def _replace(self, amounts: Mapping[str, Balance], now: float) -> None:
        """Let these be what is held, and what they lack be missing, by the zero rule."""
        if self._answer is not None and amounts.keys() == self._amounts.keys() and now <= self._zeros_end:
            self._amounts = amounts
            return
        gone = self._gone
        for label in self._amounts:
            if label not in amounts:
                gone[label] = now
        for label in tuple(gone):
            if label in amounts:
                del gone[label]
            elif now - gone[label] > ZERO_KEPT_SECONDS:
                del gone[label]
                self._shown.labels.pop(label, None)
        self._zeros_end = min(gone.values(), default=FOREVER) + ZERO_KEPT_SECONDS
        self._amounts = amounts
        self._shown.small.intersection_update(amounts)
        self._miss()

    def _miss(self) -> None:
        missing = sorted((self._gone.keys() | self.rules.expected) - self._amounts.keys())
        borrowed, known = ZERO if self.borrows else None, self._nothing
        self._nothing = {
            label: known.get(label) or Balance(label, ZERO, ZERO, ZERO, ZERO, borrowed) for label in missing
        }

    def _rows(
        self, amounts: Mapping[str, Balance], before: Mapping[str, Row], book: PriceBook | None, now: float
    ) -> dict[str, Row]:
        known = list(map(before.get, amounts))
        pairs = enumerate(zip(known, amounts.values(), strict=True))
        new = [place for place, (row, balance) in pairs if row is None or row.balance is not balance]
        if 2 * len(new) > len(known) and (rows := repriced(known, list(amounts.values()))) is not None:
            return dict(zip(amounts, rows, strict=True))
        labels = list(amounts) if new else ()
        for place in new:
            label = labels[place]
            known[place] = self._row(label, amounts[label], book, now)
        return cast(dict[str, Row], dict(zip(amounts, known, strict=True)))

    def _row(self, label: str, balance: Balance, book: PriceBook | None, now: float) -> Row:
        leans = book is not None and leans_on_tickers(balance, label, book)
        price = book.price(label, now) if book is not None and is_plain(balance) else None
        return Row(label, balance, value(balance, label, book, now), price, leans, self.rules.wanted(label))
