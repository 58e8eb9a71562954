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
    "BTC": {"available": "0.5", "debt": "0.2", "interest": "0.01"},
}
UNIFIED: Final[Holdings] = {**OWED, "USDT": {**OWED["USDT"], "locked": "20", "pnl": "-3.5"}}
MARGIN: Final[Holdings] = {"USDT": {"available": "70", "frozen": "5.25", "locked": "20", "pnl": "-3.5"}}
COIN_MARGIN: Final[Holdings] = {"BTC": MARGIN["USDT"]}


def available(row: Balance) -> Decimal:
    """What ccxt calls free."""
    return row.available


def tied(row: Balance) -> Decimal:
    """What ccxt calls used, where it is told what is tied up."""
    return total(row.frozen, row.locked)


def net(row: Balance) -> Decimal:
    """What ccxt calls total, where debt is taken off and profit is in it."""
    return row.net


def paid_in(row: Balance) -> Decimal:
    """What ccxt calls total, where it is the wallet balance: with what is owed, without profit of open positions."""
    return total(row.net, owed(row), -(row.pnl or Decimal(0)))


def unfree(row: Balance) -> Decimal:
    """What ccxt calls used, where it is the rest of the wallet balance."""
    return total(paid_in(row), -row.available)


def owed(row: Balance) -> Decimal:
    """What ccxt calls debt."""
    return row.borrowed or Decimal(0)


PLAIN: Final = {"free": available, "used": tied, "total": net}
BALANCE: Final = {"free": available, "used": unfree, "total": paid_in}
OWING: Final = {**BALANCE, "debt": owed}


@dataclass(frozen=True)
class Seen:
    """A wallet as ccxt sees it.

    Attributes:
        holdings: what the simulated account has in it.
        params: how ccxt is asked for it.
        says: the name that ccxt has for a number, to ours; one that it makes otherwise is left out, and says why.
        besides: coins that ccxt lists and we do not.
        refusal: the name of the error that ccxt makes of a wrong secret; empty: it does not know the number by which
            that is refused, and reads an empty wallet.
    """

    holdings: Holdings
    params: Mapping[str, Any] = field(default_factory=dict)
    says: Mapping[str, Callable[[Balance], Decimal]] = field(default_factory=lambda: PLAIN)
    besides: frozenset[str] = frozenset()
    refusal: str = "AuthenticationError"


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


def turned(urls: Any, base: str | Mapping[str, str]) -> Any:
    """Addresses of ccxt with ours in the place of each scheme and host: one address for all, or one for each host.

    Raises:
        KeyError: there is none for a host.
    """
    if isinstance(urls, dict):
        return {name: turned(each, base) for name, each in urls.items()}
    return re.sub(r"https://([^/]+)", lambda found: base if isinstance(base, str) else base[found[1]], urls)
