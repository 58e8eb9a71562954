"""Every exchange that can be polled, by the name of its `exchange` label."""

from collections.abc import Mapping
from typing import Final

from exporter.exchanges import bitget
from exporter.exchanges.base import Exchange

EXCHANGES: Final[Mapping[str, Exchange]] = {exchange.name: exchange for exchange in (bitget.EXCHANGE,)}
"""Adding one: its file, one line here, its simulated twin, fixtures and test, a README row, a CHANGELOG line."""
