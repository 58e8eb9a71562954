"""What several accounts hold together: one sum for each total, in one currency or in USD, whole or not at all.

Each instance of the exporter knows the accounts of its own shard only, and so tells a part of each total. A part is
0 where no account of the total is polled here, and nothing where it is not known whole. So a total is known once
there are as many parts as shards, and a reader of the metrics need not know which shard polls which account.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from exporter.config import Total
from exporter.holdings.account import Accounts, AccountState, sum_of
from exporter.holdings.publisher import TotalLimit, TotalPublisher


class Part(NamedTuple):
    """What is known here of one total, for a person.

    Attributes:
        total: name, currency and limits.
        amount: what the accounts that are polled here hold; None while it is not known whole.
    """

    total: Total
    amount: Decimal | None


class _Sum:
    """One total, over those of its accounts that are polled here.

    Attributes:
        total: its configuration.
        parts: what each account adds; None while that is not known.
        changed: whether `amount` is of other parts.
        amount: their sum when it was last worked out.
    """

    __slots__ = ("amount", "changed", "parts", "total")

    def __init__(self, total: Total, polled: Collection[str]) -> None:
        self.total = total
        self.parts: dict[str, Decimal | None] = dict.fromkeys(sorted(total.accounts.intersection(polled)))
        self.changed = True
        self.amount: Decimal | None = None

    def take(self, account: str, part: Decimal | None) -> bool:
        """Have an account add this from now on; returns whether that is another part than before."""
        if self.parts[account] == part:
            return False
        self.parts[account] = part
        self.changed = True
        return True

    def add_up(self) -> None:
        """Work out the amount.

        All parts are added anew: a difference added to the sum before would leave rounding behind, where a number of a
        hundred digits comes and goes, and two thousand additions take a fifth of a millisecond.
        """
        self.changed = False
        self.amount = None
        if self.total.accounts:  # of none at all nothing is known, rather than that they hold nothing
            self.amount = sum_of(self.parts.values())


class Totals:
    """Every total of the configuration, kept up to date by the accounts and told to a publisher by `serve`."""

    def __init__(self, publisher: TotalPublisher) -> None:
        self._publisher = publisher
        self._sums: Sequence[_Sum] = ()
        self._of: Mapping[str, Sequence[_Sum]] = {}
        self._changed = False

    def configure(self, totals: Sequence[Total], polled: Collection[str], accounts: Accounts) -> None:
        """Go on with these totals.

        An account that is to be polled here and is not served yet makes its totals unknown until it was read.

        Args:
            totals: all of the configuration.
            polled: names of the accounts that are polled here.
            accounts: those that are served at this moment.
        """
        self._sums = [_Sum(total, polled) for total in totals]
        of: dict[str, list[_Sum]] = {}
        for each in self._sums:
            for name in each.parts:
                of.setdefault(name, []).append(each)
        self._of = of
        self._changed = True
        for state in accounts:
            self.told(state)
        self._publisher.limits(
            TotalLimit(total.name, total.currency, severity, amount)
            for total in totals
            for severity, amount in total.amounts.items()
        )

    def currencies(self, account: str) -> frozenset[str]:
        """Of which currencies the account has to say what it holds."""
        return frozenset(each.total.currency for each in self._of.get(account, ()) if each.total.currency)

    def told(self, state: AccountState) -> None:
        """Take over what an account says of itself."""
        for each in self._of.get(state.account.name, ()):
            currency = each.total.currency
            part = state.nets.get(currency) if currency else state.usd
            self._changed |= each.take(state.account.name, part)

    def left(self, account: str) -> None:
        """Know nothing of an account that is not served any more; it may come back, or not be polled here any more."""
        for each in self._of.get(account, ()):
            self._changed |= each.take(account, None)

    def serve(self) -> None:
        """Tell what has changed; a scrape waits for this."""
        if not self._changed:
            return
        self._changed = False
        for each in self._sums:
            if each.changed:
                each.add_up()
        known = [(each.total, each.amount) for each in self._sums if each.amount is not None]
        self._publisher.nets({(total.name, total.currency): amount for total, amount in known if total.currency})
        self._publisher.usd({total.name: amount for total, amount in known if not total.currency})

    def parts(self) -> Sequence[Part]:
        """Every total as it was last served, in the order of the configuration."""
        return [Part(each.total, each.amount) for each in self._sums]
