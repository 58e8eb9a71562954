"""What accounts and prices tell whoever serves them: every change by a verb, and nothing of how it is written."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from exporter.core.model import KeyInfo
from exporter.holdings.slices import Slices
from exporter.holdings.wallet import Wallet

SKIPS: Final = ("late", "rate", "paused")
"""Why a poll is left out."""


class Limit(NamedTuple):
    """One threshold on one currency of an account.

    Attributes:
        wallet: by the name that it has now, whether or not it is the main one.
        currency: the label.
        of: the amount that is compared: `net` or `available`.
        severity: `warning`, `critical` or `target`.
        amount: in units of the currency.
    """

    wallet: str
    currency: str
    of: str
    severity: str
    amount: Decimal


class TotalLimit(NamedTuple):
    """One limit on what several accounts hold together.

    Attributes:
        total: the name of the total.
        currency: the label; empty for the value in USD.
        severity: `warning`, `critical` or `target`.
        amount: in units of the currency, or in USD.
    """

    total: str
    currency: str
    severity: str
    amount: Decimal


class AccountPublisher(Protocol):
    """Serves what one account tells. Before anything else it is told the configuration."""

    def configured(
        self, *, interval: float, stale_after: float, usd: Mapping[str, Decimal], labels: Mapping[str, str]
    ) -> None:
        """The configuration is this one from now on.

        Args:
            interval: seconds from poll to poll.
            stale_after: seconds for which the last good values stand.
            usd: thresholds on the value of the account, by severity.
            labels: what the account is joined by: its shard and the operator's own labels.
        """

    def thresholds(self, limits: Iterable[Limit]) -> None:
        """The account's thresholds on currencies are these from now on."""

    def polled(self, polls: int, started: float, seconds: float, *, failures: int, up: bool) -> None:
        """A poll ended.

        Args:
            polls: how many have ended by now.
            started: seconds since the epoch.
            seconds: how long it took.
            failures: polls that failed since the last good one.
            up: whether the last read of every required wallet was good.
        """

    def up(self, *, up: bool) -> None:
        """Every required wallet is read, or not, without a poll that says so."""

    def failed(self, polls: Mapping[str, int]) -> None:
        """So many polls have failed by now, by reason of `errors.REASONS`; none for one that is not named."""

    def skipped(self, polls: Mapping[str, int]) -> None:
        """So many polls have been left out by now, by reason of `SKIPS`; none for one that is not named."""

    def due(self, at: float) -> None:
        """The next poll starts then, in seconds since the epoch."""

    def quota(self, endpoint: str, left: int) -> None:
        """The exchange says that so many requests are left."""

    def forget_quotas(self) -> None:
        """What the exchange said of requests that are left was of calls that are not made any more."""

    def key(self, key: KeyInfo | None, expires: float | None) -> None:
        """The exchange tells this of the key; it ends then (seconds since the epoch), by whoever knows it."""

    def state(self, wallet: Wallet, *, fresh: bool) -> None:
        """A wallet was read, or failed, or it was made; or its balances came or went."""

    def balances(self, wallet: Wallet) -> Slices[None]:
        """The rows or the counts of a wallet may be other ones; all that changes does so with the last slice."""

    def unvalued(self, wallet: Wallet) -> None:
        """The values in USD of a wallet's rows do not count any more; the rest stays."""

    def reported(self, wallet: Wallet, usd: Mapping[str, Decimal]) -> None:
        """An overview says this of each wallet, in USD."""

    def withdraw(self, wallet: Wallet) -> None:
        """The balances of a wallet are too old, or do not count any more."""

    def forget(self, wallet: Wallet) -> None:
        """A wallet is gone, with everything that was told of it."""

    def total(self, usd: Decimal | None) -> None:
        """The account is worth this; None while it is not known whole."""

    def drop(self) -> None:
        """The account is gone; what a poll that is still ending tells is to be ignored."""


class TotalPublisher(Protocol):
    """Serves what several accounts hold together."""

    def limits(self, limits: Iterable[TotalLimit]) -> None:
        """The limits of all totals are these from now on."""

    def nets(self, amounts: Mapping[tuple[str, str], Decimal]) -> None:
        """The accounts that are polled here hold this together, by total and currency; of others nothing is known."""

    def usd(self, amounts: Mapping[str, Decimal]) -> None:
        """All that the accounts that are polled here hold is worth this in USD, by total; likewise."""


class PricePublisher(Protocol):
    """Serves the prices of one exchange."""

    def prices(self, usd: Mapping[str, Decimal]) -> None:
        """Valuation uses these prices, in USD by currency."""

    def market_prices(self, usd: Mapping[str, Decimal]) -> None:
        """The market says this of the pegged currencies."""

    def last_success(self, wall: float) -> None:
        """The tickers were last read then, in seconds since the epoch; 0: never."""

    def drop(self) -> None:
        """The prices are not served any more."""
