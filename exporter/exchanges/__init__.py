"""Every exchange that can be polled, by the name of its `exchange` label."""

from collections.abc import Mapping
from typing import Final

from exporter.exchanges.loading import Exchanges

NAMES: Final = (
    "bitmart",
    "xt",
    "bingx",
    "htx",
    "bitget",
    "okx",
    "gate",
    "binance",
    "bybit",
)
"""Each is the name of its file or folder, too. Adding one: CONTRIBUTING.md lists the places."""

ALIASES: Final[Mapping[str, str]] = {"huobi": "htx", "okex": "okx", "gateio": "gate"}
"""Other names that are accepted in a configuration."""

SOURCES: Final[Mapping[str, str]] = {"": "plugins", "ccxt/": "ccxt"}
"""Files that bring others, by how their names begin."""

EXCHANGES: Final = Exchanges(NAMES, ALIASES, SOURCES)
