"""How ccxt's own class reads the simulated Gate. Its debt has no interest in it, so that none is owed here.

Of the unified account it takes what is free and what orders hold, and the two together for the total: the margin of
positions is in none of its numbers.
"""

from decimal import Decimal

from exporter.core.model import Balance
from exporter.exchanges.values import total
from tests.with_ccxt.native import (
    BALANCE,
    COIN_MARGIN,
    MARGIN,
    OWING,
    SPOT,
    UNIFIED,
    CcxtFacts,
    Seen,
    available,
    owed,
)

LOAN = {"BTC": {"available": "0.5", "debt": "0.2"}}
CLASSIC = {"unifiedAccount": False}


def in_orders(row: Balance) -> Decimal:
    return row.frozen


def without_positions(row: Balance) -> Decimal:
    return total(row.available, row.frozen)


CCXT = CcxtFacts(
    wallets={
        ("unified", "unified"): Seen(
            {**UNIFIED, **LOAN},
            {},
            {"free": available, "used": in_orders, "total": without_positions, "debt": owed},
        ),
        ("classic", "spot"): Seen(SPOT, CLASSIC),
        ("classic", "isolated_margin/BTCUSDT"): Seen(
            {**SPOT, **LOAN}, {"type": "spot", "marginMode": "isolated", **CLASSIC}, OWING
        ),
        ("classic", "futures"): Seen(MARGIN, {"type": "swap", "settle": "usdt", **CLASSIC}, BALANCE),
        ("classic", "coin_futures"): Seen(COIN_MARGIN, {"type": "swap", "settle": "btc", **CLASSIC}, BALANCE),
        ("classic", "delivery"): Seen(MARGIN, {"type": "future", "settle": "usdt", **CLASSIC}, BALANCE),
        ("classic", "options"): Seen(MARGIN, {"type": "option", **CLASSIC}, BALANCE),
    }
)
