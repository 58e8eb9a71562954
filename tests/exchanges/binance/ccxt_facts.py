"""How ccxt's own class reads the simulated Binance; it asks for earn in ways that Binance has given up.

In its total of futures is the profit of open positions, in its used it is not.
"""

from tests.with_ccxt.native import COIN_MARGIN, MARGIN, OWED, OWING, SPOT, CcxtFacts, Seen, available, net, unfree

FUTURES = {"free": available, "used": unfree, "total": net}

CCXT = CcxtFacts(
    wallets={
        ("", "spot"): Seen(SPOT),
        ("", "margin"): Seen(OWED, {"type": "margin"}, OWING),
        ("", "isolated_margin/BTCUSDT"): Seen(OWED, {"type": "margin", "marginMode": "isolated"}, OWING),
        ("", "futures"): Seen(MARGIN, {"type": "future"}, FUTURES),
        ("", "coin_futures"): Seen(COIN_MARGIN, {"type": "future", "subType": "inverse"}, FUTURES),
    }
)
