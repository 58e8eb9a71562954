"""Sample lines of one account, written when something about it changes."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from operator import is_
from typing import Final

from exporter.core.errors import REASONS
from exporter.core.model import KeyInfo
from exporter.exposition.escaping import labelled, quoted
from exporter.exposition.exposition import Exposition, Owner
from exporter.exposition.packing import packing
from exporter.holdings.publisher import SKIPS, Limit
from exporter.holdings.slices import SLICE, Slices
from exporter.holdings.wallet import Row, Wallet

AMOUNTS: Final = (
    "exchange_balance_available",
    "exchange_balance_frozen",
    "exchange_balance_locked",
    "exchange_balance_net",
    "exchange_balance_usd",
    "exchange_balance_borrowed",
    "exchange_balance_unrealized_pnl",
)
"""Families of a balance row."""

_SPLICED_UP_TO: Final = 0.5
"""Share of rows that changed up to which it pays to write only their lines."""

_COUNTS: Final = (
    "exchange_wallet_unpriced_currencies",
    "exchange_wallet_hidden_currencies",
    "exchange_wallet_ignored_rows",
    "exchange_wallet_unreadable_rows",
)
_LIMITED: Final = "exchange_balance_limited"
_MARGIN_RATIO: Final = "exchange_wallet_margin_ratio"
_QUOTA: Final = "exchange_api_rate_limit_remaining"
_REPORTED: Final = "exchange_wallet_reported_usd"
_STATE: Final = (
    "exchange_wallet_up",
    "exchange_wallet_fresh",
    "exchange_wallet_last_success_timestamp_seconds",
    "exchange_wallet_failing",
    "exchange_wallet_failing_since_timestamp_seconds",
)


def _amounts(rows: Sequence[Row]) -> Mapping[str, Sequence[Decimal | None]]:
    """The numbers of these rows, by family."""
    if not rows:
        return dict.fromkeys(AMOUNTS, ())
    _, available, frozen, locked, net, borrowed, _, _, _, pnl = zip(*(row.balance for row in rows), strict=True)
    columns = available, frozen, locked, net, [row.usd for row in rows], borrowed, pnl
    return dict(zip(AMOUNTS, columns, strict=True))


def _changed(before: Sequence[Row], rows: Sequence[Row]) -> Sequence[int] | None:
    """The places of the rows that are not the same objects; None where so much is new that all lines are."""
    if len(before) != len(rows):
        return None
    changed = [place for place, (old, new) in enumerate(zip(before, rows, strict=True)) if old is not new]
    few = len(changed) <= _SPLICED_UP_TO * len(rows)
    return changed if few and all(before[place].label == rows[place].label for place in changed) else None


class _Served:
    """What was last written of one wallet, to tell what has changed.

    Attributes:
        label: its label, as it follows those of the account.
        rows: as they were written; None: none are.
        counts, state: likewise.
        turn: who is about to write the rows; None once they are not to be written any more.
    """

    __slots__ = ("counts", "label", "rows", "state", "turn")

    def __init__(self, wallet: str) -> None:
        self.label = f',wallet="{quoted(wallet)}"'
        self.forget_rows()
        self.state: tuple[object, ...] | None = None

    def forget_rows(self) -> None:
        self.rows: Sequence[Row] | None = None
        self.counts: tuple[int, ...] | None = None
        self.turn: object = None


class AccountLines:
    """Puts the lines of one account into the exposition (`holdings.publisher.AccountPublisher`)."""

    def __init__(self, exposition: Exposition, exchange: str, account: str) -> None:
        self._exposition = exposition
        self.owner: Owner = exposition.owner(exchange, account)
        self._labels = labelled((("exchange", exchange), ("account", account)))
        self._wallets: dict[str, _Served] = {}
        self._limited: dict[str, dict[str, dict[str, None]]] = {}
        """Of each wallet the currencies with a threshold, and which amounts of those are told once more."""
        self._told = False

    def configured(
        self, *, interval: float, stale_after: float, usd: Mapping[str, Decimal], labels: Mapping[str, str]
    ) -> None:
        """Serve what the configuration says of the account, and at first that it was never polled."""
        self._value("exchange_account_poll_interval_seconds", interval)
        self._value("exchange_account_stale_after_seconds", stale_after)
        self._put("exchange_account_info", 1, "", f",{labelled(labels.items())}")
        self._values(
            "exchange_account_usd_threshold", "severity", {severity: float(limit) for severity, limit in usd.items()}
        )
        if not self._told:
            self._told = True
            self._polled(0, 0.0, failures=0, up=False)
            self.failed({})
            self.skipped({})

    def thresholds(self, limits: Iterable[Limit]) -> None:
        """Serve the account's thresholds on currencies, and what is held of those."""
        told, self._limited = [], {}
        for wallet, currency, of, severity, amount in limits:
            labels = {"wallet": wallet, "currency": currency, "of": of, "severity": severity}
            told.append((labels, float(amount)))
            self._limited.setdefault(wallet, {}).setdefault(currency, {"net": None})[of] = None
        self._several("exchange_balance_threshold", told)
        for name, served in self._wallets.items():
            self._tell_limited(name, served)

    def polled(self, polls: int, started: float, seconds: float, *, failures: int, up: bool) -> None:
        """Serve how many polls there were, and what the last one came to."""
        self._polled(polls, started, failures=failures, up=up)
        self._value("exchange_account_last_poll_duration_seconds", seconds)

    def up(self, *, up: bool) -> None:
        """Serve whether the account is up."""
        self._value("exchange_account_up", int(up))

    def failed(self, polls: Mapping[str, int]) -> None:
        """Serve how many polls failed, by reason."""
        self._values("exchange_poll_failures_total", "reason", {reason: polls.get(reason, 0) for reason in REASONS})

    def skipped(self, polls: Mapping[str, int]) -> None:
        """Serve how many polls were left out, by reason."""
        self._values("exchange_polls_skipped_total", "reason", {reason: polls.get(reason, 0) for reason in SKIPS})

    def due(self, at: float) -> None:
        """Serve when the next poll starts, in seconds since the epoch."""
        self._value("exchange_account_next_poll_timestamp_seconds", at)

    def quota(self, endpoint: str, left: int) -> None:
        """Serve how many requests the exchange says are left."""
        self._put(_QUOTA, left, endpoint, f',endpoint="{quoted(endpoint)}"')

    def forget_quotas(self) -> None:
        """Serve no number of requests that are left until the exchange tells one again."""
        for family, endpoint in tuple(self.owner.lines):
            if family == _QUOTA:
                self._exposition.remove(family, self.owner, endpoint)

    def key(self, key: KeyInfo | None, expires: float | None) -> None:
        """Serve what is known of the key."""
        permissions, bound = ({}, None) if key is None else (key.permissions, key.ip_restricted)
        self._values("exchange_api_key_permission", "permission", {name: int(may) for name, may in permissions.items()})
        self._value("exchange_api_key_ip_restricted", None if bound is None else int(bound))
        self._value("exchange_api_key_expiry_timestamp_seconds", expires)

    def total(self, usd: Decimal | None) -> None:
        """Serve what the account is worth, if that is known."""
        self._value("exchange_account_usd", None if usd is None else float(usd))

    def drop(self) -> None:
        """Serve nothing of this account any more."""
        self._exposition.drop(self.owner)

    def balances(self, wallet: Wallet) -> Slices[None]:
        """Serve the rows and the counts of a wallet; lines in which no number changed are left alone."""
        served, name, rows = self._served(wallet), wallet.name, wallet.rows
        counts = (wallet.unpriced, wallet.hidden, wallet.ignored, wallet.unreadable_count)
        served.turn = turn = object()
        written = []
        for family, lines in (yield from self._rewritten(name, served, rows)):
            if lines != self._exposition.lines(family, self.owner, name):
                written.append((family, lines, (yield from packing(lines))))
        if served.turn is not turn:
            return
        # All families with nothing in between: a scrape sees the old rows or the new ones.
        for family, lines, piece in written:
            self._exposition.put(family, self.owner, name, lines, piece)
        served.rows = rows
        self._tell_limited(name, served)
        if served.counts != counts:
            served.counts = counts
            for family, count in zip(_COUNTS, counts, strict=True):
                self._put(family, count, name, served.label)
        self._put(_MARGIN_RATIO, wallet.margin_ratio, name, served.label)

    def unvalued(self, wallet: Wallet) -> None:
        """Serve no value in USD of a wallet's rows."""
        self._exposition.remove("exchange_balance_usd", self.owner, wallet.name)
        served = self._served(wallet)
        served.rows = served.turn = None

    def reported(self, wallet: Wallet, usd: Mapping[str, Decimal]) -> None:
        """Serve what an overview says of each wallet, in USD."""
        self._values(_REPORTED, "wallet", {name: float(worth) for name, worth in usd.items()}, wallet.name)

    def withdraw(self, wallet: Wallet) -> None:
        """Serve no balance of a wallet any more."""
        for family in (*AMOUNTS, *_COUNTS, _LIMITED, _MARGIN_RATIO, _REPORTED):
            self._exposition.remove(family, self.owner, wallet.name)
        self._served(wallet).forget_rows()

    def state(self, wallet: Wallet, *, fresh: bool) -> None:
        """Serve whether a wallet is up and fresh, since when it fails and why, and when it was last read."""
        served, name, failure = self._served(wallet), wallet.name, wallet.failure
        label = served.label
        self._put("exchange_wallet_last_success_timestamp_seconds", wallet.last_success, name, label)
        state = (wallet.up, fresh, failure and failure.reason, failure and failure.since)
        if served.state == state:
            return
        served.state = state
        self._put("exchange_wallet_up", 1 if wallet.up else 0, name, label)
        self._put("exchange_wallet_fresh", 1 if fresh else 0, name, label)
        since, failing = (None, None) if failure is None else (failure.since, 1)
        self._put("exchange_wallet_failing_since_timestamp_seconds", since, name, label)
        reason = "" if failure is None else f'{label},reason="{quoted(failure.reason)}"'
        self._put("exchange_wallet_failing", failing, name, reason)

    def forget(self, wallet: Wallet) -> None:
        """Serve nothing of a wallet any more."""
        self.withdraw(wallet)
        del self._wallets[wallet.name]
        for family in _STATE:
            self._exposition.remove(family, self.owner, wallet.name)

    def _served(self, wallet: Wallet) -> _Served:
        served = self._wallets.get(wallet.name)
        if served is None:
            served = self._wallets[wallet.name] = _Served(wallet.name)
        return served

    def _tell_limited(self, name: str, served: _Served) -> None:
        """Serve once more what a wallet holds of the coins that have a threshold, as its rows were written."""
        limited = self._limited.get(name)
        if not limited:
            self._exposition.remove(_LIMITED, self.owner, name)
        elif served.rows is not None:
            lines = []
            for label, amounts in ((row.label, row.balance) for row in served.rows if row.label in limited):
                head = f'{_LIMITED}{{{self._labels}{served.label},currency="{quoted(label)}",of="'
                lines += [f'{head}{of}"}} {getattr(amounts, of)!s}\n' for of in limited[label]]
            self._exposition.put(_LIMITED, self.owner, name, "".join(lines).encode())

    def _lines(
        self, family: str, served: _Served, labels: Sequence[str], amounts: Sequence[Decimal | None]
    ) -> list[str]:
        """A line for each amount that there is; the labels are quoted."""
        if not amounts or (amounts[0] is None and all(map(is_, amounts, repeat(None)))):
            return []  # most wallets owe nothing and have no positions: two columns of nothing
        head = f'{family}{{{self._labels}{served.label},currency="'
        # `!s` keeps a Decimal's own text; `__format__` would write the same text at twice the cost.
        return [
            f'{head}{label}"}} {amount!s}' for label, amount in zip(labels, amounts, strict=True) if amount is not None
        ]

    def _rewritten(self, key: str, served: _Served, rows: Sequence[Row]) -> Slices[list[tuple[str, bytes]]]:
        """All lines of each family in which something may have changed.

        Where few rows changed, their lines are written, each in the place of the one that stands there. Of BTC, ETH
        and XRP only what is free of ETH has moved: the second line of `available`, `net` and `usd` is written, and the
        first and the third stay as they are served. `frozen` is not touched. A family is written whole where a row has
        no line in it, now or before, so that a line's place does not tell whose it is.
        """
        before = served.rows
        changed = None if before is None else _changed(before, rows)
        if before is None or changed is None:
            return (yield from self._whole(AMOUNTS, served, rows))
        found, whole = [], []
        new = [rows[place] for place in changed]
        labels, amounts = [quoted(row.label) for row in new], _amounts(new)
        for family, was in _amounts([before[place] for place in changed]).items():
            if all(map(is_, was, amounts[family])):
                continue
            written = self._lines(family, served, labels, amounts[family])
            lines = self._exposition.lines(family, self.owner, key).split(b"\n")
            if len(lines) != len(rows) + 1 or len(written) != len(changed):
                whole.append(family)
                continue
            for place, line in zip(changed, written, strict=True):
                lines[place] = line.encode()
            found.append((family, b"\n".join(lines)))
            if len(rows) > SLICE:
                yield
        return found + (yield from self._whole(whole, served, rows)) if whole else found

    def _whole(self, families: Iterable[str], served: _Served, rows: Sequence[Row]) -> Slices[list[tuple[str, bytes]]]:
        """All lines of these families, written anew."""
        found = []
        labels, amounts = [quoted(row.label) for row in rows], _amounts(rows)
        for family in families:
            if len(rows) <= SLICE:
                lines = self._lines(family, served, labels, amounts[family])
            else:
                lines = []
                for start in range(0, len(rows), SLICE):
                    yield
                    part = slice(start, start + SLICE)
                    lines += self._lines(family, served, labels[part], amounts[family][part])
                yield
            found.append((family, "\n".join((*lines, "")).encode()))
        return found

    def _polled(self, polls: int, started: float, *, failures: int, up: bool) -> None:
        self._value("exchange_polls_total", polls)
        self._value("exchange_account_last_poll_timestamp_seconds", started)
        self._value("exchange_account_consecutive_failures", failures)
        self.up(up=up)

    def _value(self, family: str, number: float | None) -> None:
        """Serve the one sample that a family has of the account, or none."""
        self._put(family, number, "", "")

    def _values(self, family: str, label: str, numbers: Mapping[str, float], key: str = "") -> None:
        """Serve a sample for each value of a label."""
        self._several(family, (({label: value}, number) for value, number in numbers.items()), key)

    def _several(self, family: str, samples: Iterable[tuple[Mapping[str, str], float]], key: str = "") -> None:
        """Serve several samples under one key."""
        lines = [f"{family}{{{self._labels},{labelled(labels.items())}}} {number!r}\n" for labels, number in samples]
        self._exposition.put(family, self.owner, key, "".join(lines).encode())

    def _put(self, family: str, number: float | Decimal | None, key: str, more: str) -> None:
        """Serve one sample, or none; `more` is labels as they follow those of the account."""
        if number is None:
            self._exposition.remove(family, self.owner, key)
        else:
            self._exposition.put(family, self.owner, key, f"{family}{{{self._labels}{more}}} {number!s}\n".encode())
