"""Which limits are undercut by what is served now, by how much, and who could give: pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from heapq import merge
from itertools import chain, islice, takewhile
from typing import Final, NamedTuple

from exporter.core.model import ZERO
from exporter.holdings.account import AccountState
from exporter.holdings.rows import Row
from exporter.holdings.totals import Part

GIVERS: Final = 3
"""Who could give: at most so many are named."""

_LEAST_SHARE: Final = 100
"""Who could give less than one part in so many of what is missing is not named."""

_URGENT_FIRST: Final = ("critical", "warning")


class Standing(NamedTuple):
    """One thing that has limits, and what is held of it now.

    Attributes:
        exchange, account: whose it is; empty for a total.
        wallet: by the name that it has now; empty where it is about a whole account or a total.
        total: the name of the total; empty for one account.
        currency: the label; empty: the value in USD.
        of: the amount that is compared: `net`, `available` or `usd`.
        limits: amounts by severity (`warning`, `critical`, `target`); at least one.
        amount: what is held; None while that is not known, which is neither low nor fine.
    """

    exchange: str
    account: str
    wallet: str
    total: str
    currency: str
    of: str
    limits: Mapping[str, Decimal]
    amount: Decimal | None

    @property
    def severity(self) -> str | None:
        """`critical` or `warning`, whichever is undercut and worse; None where neither is, or nothing is known."""
        amount = self.amount
        if amount is None:
            return None
        return next((each for each in _URGENT_FIRST if each in self.limits and amount < self.limits[each]), None)

    @property
    def goal(self) -> tuple[str, Decimal]:
        """What to fill up to: the target, else the warning, else the critical limit; its severity and its amount."""
        severity = next(each for each in ("target", *reversed(_URGENT_FIRST)) if each in self.limits)
        return severity, self.limits[severity]


class Giver(NamedTuple):
    """A wallet, or a whole account where `wallet` is empty, that holds more than its own limits ask for.

    Attributes:
        spare: how much of that is free: units of the currency, or USD.
    """

    exchange: str
    account: str
    wallet: str
    spare: Decimal


class Low(NamedTuple):
    """A limit that is undercut.

    Attributes:
        standing: what is held of what, and every limit on it.
        severity: the worst limit that is undercut.
        limit, amount: that one, and what is held.
        goal: what to fill up to, and whether that is the `target`, or the `warning` or `critical` limit itself.
        missing: from the amount to there.
        givers: who could give, the account's own other wallets first, then those of the same exchange, then the rest.
    """

    standing: Standing
    severity: str
    limit: Decimal
    amount: Decimal
    goal: tuple[str, Decimal]
    missing: Decimal
    givers: Sequence[Giver]

    @property
    def left(self) -> Decimal:
        """The amount as a share of the limit; 0 where nothing or less is left."""
        return max(self.amount, ZERO) / self.limit if self.limit > 0 else ZERO


class Judged(NamedTuple):
    """All limits against what is served now.

    Attributes:
        low: those that are undercut, critical ones first, and of each kind those of which the least share is left.
        unknown: those of which nothing can be said, since what is held is not known.
        good: how many are kept.
    """

    low: Sequence[Low]
    unknown: Sequence[Standing]
    good: int


def standings(account: AccountState, now: float) -> list[Standing]:
    """Everything of one account that has limits.

    Args:
        account: as it is served.
        now: this moment on the poller's clock.
    """
    config = account.account
    limits: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    for limit in account.limits:
        limits.setdefault((limit.wallet, limit.currency, limit.of), {})[limit.severity] = limit.amount
    found = []
    rows: dict[str, Mapping[str, Row]] = {}
    for (wallet, currency, of), amounts in limits.items():
        if wallet not in rows:
            rows[wallet] = _served(account, wallet, now)
        row = rows[wallet].get(currency)
        amount = None if row is None else row.balance.available if of == "available" else row.balance.net
        found.append(Standing(config.exchange, config.name, wallet, "", currency, of, amounts, amount))
    if config.usd:
        found.append(Standing(config.exchange, config.name, "", "", "", "usd", config.usd, account.usd))
    return found


def standing_of(part: Part) -> Standing:
    """A total as one thing that has limits; `part` is to be the whole of it."""
    total = part.total
    of = "net" if total.currency else "usd"
    return Standing("", "", "", total.name, total.currency, of, total.amounts, part.amount)


def judged(accounts: Sequence[AccountState], now: float, totals: Iterable[Part] = ()) -> Judged:
    """Hold every limit against what is served now.

    An amount that is not served is not known: its limit is neither kept nor undercut, like that of a wallet that is
    not fresh, of a currency whose row cannot be read, of an account or total that is not known whole.

    Args:
        accounts: as they are served; also those that may give.
        now: this moment on the poller's clock.
        totals: what several accounts hold together; only where that is known whole, not for the part of one shard.
    """
    found = [(each, frozenset[str]()) for account in accounts for each in standings(account, now)]
    found += [(_of_total(part), part.total.accounts) for part in totals]
    short = [(each, severity, within) for each, within in found if (severity := each.severity) is not None]
    spare = _Spare(accounts, now, {each.currency for each, _, _ in short})
    low = sorted((_low(each, severity, within, spare) for each, severity, within in short), key=_urgency)
    unknown = [each for each, _ in found if each.amount is None]
    return Judged(low, unknown, len(found) - len(low) - len(unknown))


def _of_total(part: Part) -> Standing:
    total = part.total
    of = "net" if total.currency else "usd"
    return Standing("", "", "", total.name, total.currency, of, total.amounts, part.amount)


def _low(standing: Standing, severity: str, within: Container[str], spare: "_Spare") -> Low:
    """Args: `within` are the accounts of a total, which cannot make it more by giving to each other."""
    amount = standing.amount
    assert amount is not None
    goal = standing.goal
    missing = goal[1] - amount
    givers = spare.givers(standing, missing, within)
    return Low(standing, severity, standing.limits[severity], amount, goal, missing, givers)


def _urgency(low: Low) -> tuple[object, ...]:
    standing = low.standing
    where = (standing.total, standing.exchange, standing.account, standing.wallet, standing.currency, standing.of)
    return (_URGENT_FIRST.index(low.severity), low.left, *where)


def _served(account: AccountState, wallet: str, now: float) -> dict[str, Row]:
    """The rows of a wallet by label; none of one that is not served."""
    found = account.wallets.get(wallet)
    return {} if found is None or not found.fresh(now) else {row.label: row for row in found.rows}


class _Spare:
    """What each wallet holds beyond its own limits, by currency (empty: each account, in USD); the most first.

    A wallet could give what is available and no debt, as far as that lies above the highest of its own limits on the
    currency, as the alert BalanceLow has it; and no more than keeps the account above its own limits in USD. An account
    that has such limits and whose value is not known gives nothing.
    """

    def __init__(self, accounts: Iterable[AccountState], now: float, currencies: Container[str]) -> None:
        """Args: `currencies` are those that somebody is short of; empty text among them: USD."""
        self._by_exchange: dict[str, dict[str, list[Giver]]] = {}
        self._own: dict[tuple[str, str], list[Giver]] = {}
        for account in accounts:
            self._add(account, now, currencies)
        lists = (*self._own.values(), *(one for some in self._by_exchange.values() for one in some.values()))
        for givers in lists:
            givers.sort(key=_most_first)

    def givers(self, standing: Standing, missing: Decimal, within: Container[str]) -> list[Giver]:
        """Who could give, the nearest first, and of equals who could give most."""
        others = self._by_exchange.get(standing.currency, {})
        near = (
            self._own.get((standing.currency, standing.account), ()),
            (each for each in others.get(standing.exchange, ()) if each.account != standing.account),
            merge(*(some for name, some in others.items() if name != standing.exchange), key=_most_first),
        )
        helpful = (takewhile(lambda each: each.spare * _LEAST_SHARE >= missing, some) for some in near)
        return list(islice((each for each in chain(*helpful) if each.account not in within), GIVERS))

    def _add(self, account: AccountState, now: float, currencies: Container[str]) -> None:
        config, room = account.account, None
        if config.usd:
            if account.usd is None:
                return
            room = account.usd - max(config.usd.values())
        floors: dict[tuple[str, str], Decimal] = {}
        for limit in account.limits:
            key = limit.wallet, limit.currency
            floors[key] = max(limit.amount, floors.get(key, limit.amount))
        together = ZERO
        for wallet in account.wallets.values():
            if wallet.bare or not wallet.fresh(now):
                continue
            for row in wallet.rows:
                if row.label not in currencies and "" not in currencies:
                    continue
                balance = row.balance
                spare = min(balance.available, balance.net) - floors.get((wallet.name, row.label), ZERO)
                price = row.usd / balance.net if row.usd and balance.net else None
                if price and room is not None:
                    spare = min(spare, room / price)
                if spare <= 0:
                    continue
                together += spare * price if price else ZERO
                if row.label in currencies:
                    self._note(row.label, Giver(config.exchange, config.name, wallet.name, spare))
        if "" in currencies and (usd := together if room is None else min(together, room)) > 0:
            self._note("", Giver(config.exchange, config.name, "", usd))

    def _note(self, currency: str, giver: Giver) -> None:
        self._by_exchange.setdefault(currency, {}).setdefault(giver.exchange, []).append(giver)
        self._own.setdefault((currency, giver.account), []).append(giver)


def _most_first(giver: Giver) -> Decimal:
    return -giver.spare
