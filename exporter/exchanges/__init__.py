"""Every exchange that can be polled, by the name of its `exchange` label."""

from collections.abc import Mapping
from typing import Final

from exporter.exchanges import bingx, bitget, bitmart, ccxt, htx, okx, xt
from exporter.exchanges.base import Exchange

_OWN: Final[Mapping[str, Exchange]] = {
    "bitmart": bitmart.EXCHANGE,
    "xt": xt.EXCHANGE,
    "bingx": bingx.EXCHANGE,
    "htx": htx.EXCHANGE,
    "bitget": bitget.EXCHANGE,
    "okx": okx.EXCHANGE,
}
"""Adding one: CONTRIBUTING.md lists the places."""


class _Exchanges(dict[str, Exchange]):
    """Lists those that have files of their own; those through ccxt are found by name, such as `ccxt/kraken`."""

    def __missing__(self, name: str) -> Exchange:
        return ccxt.exchange(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (str(name).startswith(ccxt.PREFIX) and name in ccxt.names())


EXCHANGES: Final[Mapping[str, Exchange]] = _Exchanges(_OWN)
"""Where a name becomes an exchange."""
