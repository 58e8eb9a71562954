"""Sample lines of one account: what is known of it, written the way it is exposed."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from exporter.exposition import Exposition, Owner
from exporter.metrics import labelled, quoted
from exporter.model import ZERO, WalletValue
from exporter.store import Row, Wallet

AMOUNTS: Final = (
    "exchange_balance_available",
    "exchange_balance_frozen",
    "exchange_balance_locked",
    "exchange_balance_net",
    "exchange_balance_usd",
    "exchange_balance_borrowed",
)
"""Families of a balance row, in the order of `Row.texts`."""

_COUNTS: Final = (
    "exchange_wallet_unpriced_currencies",
    "exchange_wallet_hidden_currencies",
    "exchange_wallet_ignored_rows",
)
_NOTHING: Final = "0.0"


def number(amount: Decimal) -> str:
    """An exact amount as the nearest float is written."""
    return repr(float(amount)) if amount else _NOTHING


def texts(row: Row) -> tuple[str | None, ...]:
    """The numbers of a row, in the order of `AMOUNTS`; None where there is no sample."""
    if row.texts is None:
        balance = row.balance
        free, net = number(balance.available), balance.net
        row.texts = (
            free,
            number(balance.frozen),
            number(balance.locked),
            free if net == balance.available else number(net),
            None if row.usd is None else number(row.usd),
            None if balance.borrowed is None else number(balance.borrowed),
        )
    return row.texts


class AccountSamples:
    """Puts the lines of one account into the exposition, whenever something about it has changed."""

    def __init__(self, exposition: Exposition, exchange: str, account: str) -> None:
        self._exposition = exposition
        self.owner: Owner = exposition.owner(exchange, account)
        self._labels = labelled((("exchange", exchange), ("account", account)))
        self._prefixes: dict[str, dict[str, str]] = {}
        self._seen: dict[str, tuple[object, ...]] = {}

    def drop(self) -> None:
        """Serve nothing of this account any more."""
        self._exposition.drop(self.owner)

    def value(self, family: str, number: float | None, key: str = "", **labels: str) -> None:
        """Serve one sample of the account, or none."""
        if number is None:
            self._exposition.remove(family, self.owner, key)
            return
        more = f",{labelled(labels.items())}" if labels else ""
        self._exposition.put(family, self.owner, key, f"{family}{{{self._labels}{more}}} {number!r}\n".encode())

    def values(self, family: str, samples: Iterable[tuple[Mapping[str, str], float]], key: str = "") -> None:
        """Serve several samples of the account under one family."""
        lines = [f"{family}{{{self._labels},{labelled(labels.items())}}} {number!r}\n" for labels, number in samples]
        self._exposition.put(family, self.owner, key, "".join(lines).encode())

    def balances(self, wallet: Wallet) -> None:
        """Serve the rows and the counts of a wallet."""
        prefixes = self._prefixes.setdefault(wallet.name, {})
        rows: Sequence[tuple[str, tuple[str | None, ...]]] = [
            (prefixes.get(row.label) or self._prefix(prefixes, wallet.name, row.label), row.texts or texts(row))
            for row in wallet.rows
        ]
        put, owner = self._exposition.put, self.owner
        for place, family in enumerate(AMOUNTS):
            lines = [f"{family}{prefix}{numbers[place]}\n" for prefix, numbers in rows if numbers[place] is not None]
            put(family, owner, wallet.name, "".join(lines).encode())
        counts = (wallet.unpriced, wallet.hidden, wallet.ignored)
        if self._changed("counts", wallet, counts):
            for family, count in zip(_COUNTS, counts, strict=True):
                self.value(family, count, wallet.name, wallet=wallet.name)

    def reported(self, wallet: Wallet, usdt_price: Decimal | None) -> None:
        """Serve what the exchange says of each wallet: figures in USD, or in USDT times the USDT price."""
        told: dict[str, Decimal] = {}
        for value in wallet.values:
            usd = _in_usd(value, usdt_price)
            if usd is not None:
                told[value.wallet] = told.get(value.wallet, ZERO) + usd
        family = "exchange_wallet_reported_usd"
        self.values(family, (({"wallet": name}, float(usd)) for name, usd in told.items()), wallet.name)

    def withdraw(self, wallet: Wallet) -> None:
        """Serve no balance of a wallet any more."""
        for family in (*AMOUNTS, *_COUNTS, "exchange_wallet_reported_usd"):
            self._exposition.remove(family, self.owner, wallet.name)
        self._prefixes.pop(wallet.name, None)
        self._seen.pop(f"counts {wallet.name}", None)

    def state(self, wallet: Wallet, *, fresh: bool) -> None:
        """Serve whether a wallet is up and fresh, since when it fails and why, and when it was last read."""
        name, failure = wallet.name, wallet.failure
        self.value("exchange_wallet_last_success_timestamp_seconds", wallet.last_success, name, wallet=name)
        if not self._changed(
            "state", wallet, (wallet.up, fresh, failure and failure.reason, failure and failure.since)
        ):
            return
        self.value("exchange_wallet_up", 1 if wallet.up else 0, name, wallet=name)
        self.value("exchange_wallet_fresh", 1 if fresh else 0, name, wallet=name)
        since = None if failure is None else failure.since
        self.value("exchange_wallet_failing_since_timestamp_seconds", since, name, wallet=name)
        if failure is None:
            self.value("exchange_wallet_failing", None, name)
        else:
            self.value("exchange_wallet_failing", 1, name, wallet=name, reason=failure.reason)

    def forget(self, wallet: Wallet) -> None:
        """Serve nothing of a wallet any more."""
        self.withdraw(wallet)
        self._seen.pop(f"state {wallet.name}", None)
        for family in (
            "exchange_wallet_up",
            "exchange_wallet_fresh",
            "exchange_wallet_last_success_timestamp_seconds",
            "exchange_wallet_failing",
            "exchange_wallet_failing_since_timestamp_seconds",
        ):
            self._exposition.remove(family, self.owner, wallet.name)

    def _changed(self, what: str, wallet: Wallet, now: tuple[object, ...]) -> bool:
        key = f"{what} {wallet.name}"
        if self._seen.get(key) == now:
            return False
        self._seen[key] = now
        return True

    def _prefix(self, prefixes: dict[str, str], wallet: str, currency: str) -> str:
        prefix = prefixes[currency] = f'{{{self._labels},wallet="{quoted(wallet)}",currency="{quoted(currency)}"}} '
        return prefix


def _in_usd(value: WalletValue, usdt_price: Decimal | None) -> Decimal | None:
    if value.usd is not None:
        return value.usd
    return None if value.usdt is None or usdt_price is None else value.usdt * usdt_price
