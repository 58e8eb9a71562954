"""How ccxt's own class reads the simulated Gate; isolated margin it refuses to read by itself."""

from tests.with_ccxt.native import MARGIN, OWED, SPOT, CcxtFacts, Seen, available, gross, owed, tied

CCXT = CcxtFacts(
    wallets={
        ("unified", "unified"): Seen(OWED, {}, {"free": available, "used": tied, "total": gross, "debt": owed}),
        ("classic", "spot"): Seen(SPOT, {"unifiedAccount": False}),
        ("classic", "futures"): Seen(MARGIN, {"type": "swap", "settle": "usdt", "unifiedAccount": False}),
    }
)
