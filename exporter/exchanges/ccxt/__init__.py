"""The exchanges that are read through ccxt: whatever ccxt asks, no more is sent than a reviewed table names.

ccxt signs, and makes balances of answers. All else is as with every other exchange: a coroutine of ccxt is driven as a
reader (`driving`), so that limits, deadlines, repeats, connections, masking and the one gate for what is sent are those
of `transport`. What ccxt cannot be trusted with stands in `loading` (it opens nothing by itself), `answers` (an answer
has to hold what it was asked for) and `refusing` (its words before its classes).
"""

from typing import Final

from exporter.core.errors import UnusableExchange
from exporter.exchanges.base import Exchange

PREFIX: Final = "ccxt/"
"""Before ccxt's id, in the configuration and in the `exchange` label."""


def names() -> tuple[str, ...]:
    """Every exchange that may be read through ccxt, those first that are asked for most."""
    from exporter.exchanges.ccxt.table import TABLE

    return tuple(f"{PREFIX}{each}" for each in TABLE)


def load(name: str) -> Exchange:
    """The exchange of one of these names; ccxt itself is loaded when it is first read.

    Raises:
        UnusableExchange: ccxt is not installed.
    """
    from exporter.exchanges.ccxt.loading import INSTALL, installed
    from exporter.exchanges.ccxt.making import exchange

    if not installed():
        raise UnusableExchange(f"needs ccxt, which is not installed: {INSTALL}")
    return exchange(name)
