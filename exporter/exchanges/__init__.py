"""Every exchange that can be polled, by the name of its `exchange` label."""

from collections.abc import Mapping
from typing import Final

from exporter.exchanges import bingx, bitget, bitmart, gate, htx, okx, xt
from exporter.exchanges.base import Exchange

EXCHANGES: Final[Mapping[str, Exchange]] = {
    "bitmart": bitmart.EXCHANGE,
    "xt": xt.EXCHANGE,
    "bingx": bingx.EXCHANGE,
    "htx": htx.EXCHANGE,
    "bitget": bitget.EXCHANGE,
    "okx": okx.EXCHANGE,
    "gate": gate.EXCHANGE,
}
"""Adding one: CONTRIBUTING.md lists the places."""
