"""How ccxt's own class reads the simulated Bitget, classic and unified.

Of what is free in margin it asks by a name that Bitget's pages do not have, and so has nothing; isolated margin it
lists by coin whatever the pair, so that it is asked for one.
"""

from tests.with_ccxt.native import (
    COIN_MARGIN,
    MARGIN,
    OWED,
    PLAIN,
    SPOT,
    UNIFIED,
    CcxtFacts,
    Seen,
    owed,
    paid_in,
)

LENT = {"total": paid_in, "debt": owed}

CCXT = CcxtFacts(
    wallets={
        ("classic", "spot"): Seen(SPOT, {"type": "spot"}),
        ("classic", "futures"): Seen(MARGIN, {"type": "swap", "productType": "USDT-FUTURES"}),
        ("classic", "coin_futures"): Seen(COIN_MARGIN, {"type": "swap", "productType": "COIN-FUTURES"}),
        ("classic", "margin"): Seen(OWED, {"marginMode": "cross"}, LENT),
        ("classic", "isolated_margin/BTCUSDT"): Seen(OWED, {"marginMode": "isolated", "symbol": "BTCUSDT"}, LENT),
        ("unified", "unified"): Seen(UNIFIED, {"uta": True}, {**PLAIN, "debt": owed}),
        ("unified", "funding"): Seen(SPOT, {"uta": True, "type": "funding"}),
    }
)
