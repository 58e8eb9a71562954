"""The words in which `tests/exchanges/NAME/ccxt_facts.py` says how ccxt's own class of NAME reads our simulated one.

ccxt is another client of the same exchange, written by others from the same pages. That it is understood by the
simulated exchange, and understands it, is what shows that the simulated one is like the real one and not only like us.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from exporter.core.model import Balance
from exporter.exchanges.values import total

Holdings = Mapping[str, Mapping[str, str]]
"""Coin to what the simulated account holds of it."""

SPOT: Final[Holdings] = {
    "USDT": {"available": "100.123456789012345678", "frozen": "7.5"},
    "BTC": {"available": "0.1"},
}
OWED: Final[Holdings] = {
    "USDT": {"available": "100.123456789012345678", "frozen": "7.5"},
    "BTC": {"available": "0.5", "debt": "0.2"},
}
MARGIN: Final[Holdings] = {"USDT": {"available": "70", "frozen": "5.25", "locked": "20"}}


def available(row: Balance) -> Decimal:
    """What ccxt calls free."""
    return row.available


def tied(row: Balance) -> Decimal:
    """What ccxt calls used, where it is all that is not free."""
    return total(row.frozen, row.locked)


def net(row: Balance) -> Decimal:
    """What ccxt calls total, where debt is taken off."""
    return row.net


def gross(row: Balance) -> Decimal:
    """What ccxt calls total, where what is owed is still in it."""
    return total(row.net, row.borrowed or Decimal(0))


def owed(row: Balance) -> Decimal:
    """What ccxt calls debt."""
    return row.borrowed or Decimal(0)


PLAIN: Final = {"free": available, "used": tied, "total": net}


@dataclass(frozen=True)
class Seen:
    """A wallet as ccxt sees it.

    Attributes:
        holdings: what the simulated account has in it.
        params: how ccxt is asked for it.
        says: the name that ccxt has for a number, to ours; one that it makes otherwise is left out, and says why.
    """

    holdings: Holdings
    params: Mapping[str, Any] = field(default_factory=dict)
    says: Mapping[str, Callable[[Balance], Decimal]] = field(default_factory=lambda: PLAIN)


@dataclass(frozen=True)
class CcxtFacts:
    """How ccxt's own class reads one exchange.

    Attributes:
        wallets: by mode of the account and our name of the wallet.
        options: of ccxt's class, such as what it need not ask first.
        signs_host: whether the host is in what is signed, so that ccxt has to know it as it is.
    """

    wallets: Mapping[tuple[str, str], Seen]
    options: Mapping[str, Any] = field(default_factory=dict)
    signs_host: bool = False


def turned(urls: Any, url: str) -> Any:
    """Addresses of ccxt with ours in the place of each scheme and host."""
    if isinstance(urls, dict):
        return {name: turned(each, url) for name, each in urls.items()}
    return re.sub(r"https://[^/]+", url, urls) if isinstance(urls, str) else urls
