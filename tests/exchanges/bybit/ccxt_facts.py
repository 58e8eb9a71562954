"""How ccxt's own class reads the simulated Bybit, told that the account is unified: it would ask for that otherwise."""

from tests.with_ccxt.native import OWING, SPOT, UNIFIED, CcxtFacts, Seen

CCXT = CcxtFacts(
    wallets={
        ("", "unified"): Seen(UNIFIED, {}, OWING),
        ("", "funding"): Seen(SPOT, {"type": "funding"}),
    },
    options={"enableUnifiedMargin": False, "enableUnifiedAccount": True},
)
