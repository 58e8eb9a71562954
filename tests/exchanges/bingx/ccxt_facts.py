"""How ccxt's own class reads the simulated BingX. It lists the virtual VST among futures, which we leave out.

Its used of futures is the margin of positions, and its total that and what is free: what orders hold is in none of its
numbers. Of standard futures it finds no more than what is free.
"""

from decimal import Decimal

from exporter.core.model import Balance
from exporter.exchanges.values import total
from tests.with_ccxt.native import COIN_MARGIN, MARGIN, SPOT, CcxtFacts, Seen, available

VST = frozenset({"VST"})


def in_positions(row: Balance) -> Decimal:
    return row.locked


def without_orders(row: Balance) -> Decimal:
    return total(row.available, row.locked)


FUTURES = {"free": available, "used": in_positions, "total": without_orders}

CCXT = CcxtFacts(
    wallets={
        ("", "spot"): Seen(SPOT, {"type": "spot"}),
        ("", "funding"): Seen(SPOT, {"type": "funding"}),
        ("", "futures"): Seen(MARGIN, {"type": "swap"}, FUTURES, besides=VST),
        ("", "coin_futures"): Seen(COIN_MARGIN, {"type": "swap", "subType": "inverse"}, FUTURES),
        ("", "standard_futures"): Seen(MARGIN, {"standard": True}, {"free": available}, besides=VST),
    }
)
