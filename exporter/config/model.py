"""The configuration as the rest of the program sees it: frozen values, everything resolved and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from exporter.core.credentials import Credentials

Of = Literal["net", "available"]

SEVERITIES: Final = ("warning", "critical", "target")
"""What a threshold may be set for."""


ALL: Final = "all"
"""Stands under `wallets` for every wallet that the key may read."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Amounts of one currency in one wallet below which somebody wants to know.

    Attributes:
        currency: ASCII upper case.
        wallet: `main`, or our name of another wallet; the name of a group stands for each wallet of it.
        of: the amount that is compared: the whole holding, or what is free to use.
        warning: None where not set.
        critical: never above `warning`.
        target: what to fill up to; never below the other two.
    """

    currency: str
    wallet: str = "main"
    of: Of = "net"
    warning: Decimal | None = None
    critical: Decimal | None = None
    target: Decimal | None = None

    @property
    def amounts(self) -> dict[str, Decimal]:
        """The amounts that are set, by severity."""
        pairs = ((severity, getattr(self, severity)) for severity in SEVERITIES)
        return {severity: amount for severity, amount in pairs if amount is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as it results from defaults, rules and its own entry.

    Attributes:
        name: the `account` label.
        exchange: a key of `EXCHANGES`.
        credentials: what signs its requests.
        secret_files: the files that held secrets, by the name of the secret, so that a rewrite can be noticed.
        expires: when the key expires, seconds since the epoch (the end of the day in UTC); None where not said.
        wallets: the wallets to read beside the main one, `main` standing for it, `all` for every one that the key may
            read; None: the exchange's defaults.
        interval: seconds from start to start.
        timeout: seconds for one read of one wallet.
        stale_after: seconds for which the last good values stand; 0: they go when a read fails.
        labels: the operator's own labels, for `exchange_account_info`.
        thresholds: one for each (currency, wallet, of).
        usd: severity -> USD value of the whole account.
        expect: currencies that read 0 in the main wallet when a good answer leaves them out.
        include: patterns of the currencies that are shown.
        exclude: patterns of those that are not.
        min_usd: holdings worth less do not start to be shown.
        max_currencies: shown per wallet.
        shard_key: accounts of one key are polled by one instance; empty: the account's own name decides.
        options: what one exchange alone knows, and `rate_group`.
        base_url: replaces every host of the exchange, or by host name (`api.bitget.com`) those that are named.
        proxy: URL of an HTTP proxy; it may hold a password.
    """

    name: str
    exchange: str
    credentials: Credentials
    secret_files: Mapping[str, Path]
    expires: float | None
    wallets: tuple[str, ...] | None
    interval: float
    timeout: float
    stale_after: float
    labels: Mapping[str, str]
    thresholds: tuple[Threshold, ...]
    usd: Mapping[str, Decimal]
    expect: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    min_usd: Decimal
    max_currencies: int
    shard_key: str
    options: Mapping[str, str]
    base_url: str | Mapping[str, str] | None
    proxy: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """How holdings are valued in USD.

    Attributes:
        enabled: whether at all.
        interval: seconds between two readings of an exchange's prices.
        pegs: currencies with a fixed USD price.
        also: currencies that are priced although nobody holds them.
    """

    enabled: bool
    interval: float
    pegs: Mapping[str, Decimal]
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which accounts a total is over: all, or those that match each of the three that says something.

    Attributes:
        account: patterns of account names; any of them may match.
        exchange: likewise of exchanges.
        label: likewise of values of the accounts' own labels, by label; an account without the label does not match.
    """

    account: tuple[str, ...] = ()
    exchange: tuple[str, ...] = ()
    label: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Limits on what several accounts hold together, in one currency or in USD.

    Attributes:
        name: the `total` label; totals of one name are over the same accounts.
        currency: ASCII upper case; empty: the value in USD of everything that they hold.
        amounts: severity -> units of the currency, or USD; at least one.
        over: which accounts were asked for.
        accounts: the names of those that there are, whichever shard polls them.
    """

    name: str
    currency: str
    amounts: Mapping[str, Decimal]
    over: Selection
    accounts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration.

    Attributes:
        accounts: in the order of the files.
        rate_share: share of the published limits that may be used, for every exchange that is known.
        valuation: how holdings are valued.
        hash: of all this without secrets, below 2**53 and the same in every process.
        warnings: sentences about what works but should not stay.
        label_names: every label name that any account uses, sorted.
        totals: in the order of the file; no two of the same name and currency.
    """

    accounts: tuple[Account, ...]
    rate_share: Mapping[str, float]
    valuation: Valuation
    hash: int
    warnings: tuple[str, ...]
    label_names: tuple[str, ...]
    totals: tuple[Total, ...] = ()
