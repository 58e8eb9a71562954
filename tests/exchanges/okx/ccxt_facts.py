"""How ccxt's own class reads the simulated OKX. Its "used" is total less free, so that a debt makes it negative."""

from tests.with_ccxt.native import SPOT, UNIFIED, CcxtFacts, Seen, available, net

CCXT = CcxtFacts(
    wallets={
        ("", "unified"): Seen(UNIFIED, {}, {"free": available, "total": net}),
        ("", "funding"): Seen(SPOT, {"type": "funding"}),
    }
)
