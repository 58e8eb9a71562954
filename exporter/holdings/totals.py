"""What several accounts hold together: one sum for each total, in one currency or in USD, whole or not at all.

Each instance of the exporter knows the accounts of its own shard only, and so tells a part of each total. A part is
0 where no account of the total is polled here, and nothing where it is not known whole. So a total is known once
there are as many parts as shards, and a reader of the metrics need not know which shard polls which account.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from exporter.config import Total
from exporter.holdings.account import AccountState, sum_of
from exporter.holdings.accounts import Accounts
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
        accounts: their names.
        amount: what they held together when that was last worked out; None where it is not known.
    """

    __slots__ = ("accounts", "amount", "total")

    def __init__(self, total: Total, accounts: Sequence[str]) -> None:
        self.total = total
        self.accounts = accounts
        self.amount: Decimal | None = None


class Totals:
    """Every total of the configuration, kept up to date by the accounts and told to a publisher by `serve`.

    What an account holds is kept once for all totals, so that a poll costs the same however many there are. A total
    of which something changed is added up anew: a difference added to the sum before would leave rounding behind,
    where a number of a hundred digits comes and goes, and two thousand additions take less than a millisecond.
    """

    def __init__(self, publisher: TotalPublisher) -> None:
        self._publisher = publisher
        self._sums: Sequence[_Sum] = ()
        # By currency (empty: in USD) and account, what is held; None while that is not known.
        self._held: Mapping[str, dict[str, Decimal | None]] = {}
        self._changed: set[str] = set()
        self._configured = False

    def configure(self, totals: Sequence[Total], polled: Collection[str], accounts: Accounts) -> None:
        """Go on with these totals.

        An account that is to be polled here and is not served yet makes its totals unknown until it was read.

        Args:
            totals: all of the configuration.
            polled: names of the accounts that are polled here.
            accounts: those that are served at this moment.
        """
        self._sums = [_Sum(total, tuple(filter(total.accounts.__contains__, polled))) for total in totals]
        counted: dict[str, dict[str, None]] = {}
        for each in self._sums:
            counted.setdefault(each.total.currency, {}).update(dict.fromkeys(each.accounts))
        self._held = {currency: dict.fromkeys(names) for currency, names in counted.items()}
        for state in accounts:
            self.told(state)
        self._changed.update(counted)
        self._configured = True
        self._publisher.limits(
            TotalLimit(total.name, total.currency, severity, amount)
            for total in totals
            for severity, amount in total.amounts.items()
        )

    def currencies(self, account: str) -> frozenset[str]:
        """Of which currencies the account has to say what it holds."""
        return frozenset(currency for currency, held in self._held.items() if currency and account in held)

    def told(self, state: AccountState) -> None:
        """Take over what an account says of itself."""
        name = state.account.name
        for currency, held in self._held.items():
            if name in held:
                self._take(currency, held, name, state.nets.get(currency) if currency else state.usd)

    def left(self, account: str) -> None:
        """Know nothing of an account that is not served any more; it may come back, or not be polled here any more."""
        for currency, held in self._held.items():
            if account in held:
                self._take(currency, held, account, None)

    def serve(self) -> None:
        """Tell what has changed; a scrape waits for this."""
        if not self._changed and not self._configured:
            return
        for each in self._sums:
            if each.total.currency in self._changed:
                held = self._held[each.total.currency]
                # Of no account at all nothing is known, rather than that they hold nothing.
                each.amount = sum_of(map(held.__getitem__, each.accounts)) if each.total.accounts else None
        self._changed.clear()
        self._configured = False
        known = [(each.total, each.amount) for each in self._sums if each.amount is not None]
        self._publisher.nets({(total.name, total.currency): amount for total, amount in known if total.currency})
        self._publisher.usd({total.name: amount for total, amount in known if not total.currency})

    def parts(self) -> Sequence[Part]:
        """Every total as it was last served, in the order of the configuration."""
        return [Part(each.total, each.amount) for each in self._sums]

    def _take(self, currency: str, held: dict[str, Decimal | None], account: str, amount: Decimal | None) -> None:
        if held[account] != amount:
            held[account] = amount
            self._changed.add(currency)
