"""How ccxt's own class reads the simulated Bybit, told that the account is unified: it would ask for that otherwise."""

from tests.with_ccxt.native import OWED, SPOT, CcxtFacts, Seen, available, gross, owed, tied

CCXT = CcxtFacts(
    wallets={
        ("", "unified"): Seen(OWED, {}, {"free": available, "used": tied, "total": gross, "debt": owed}),
        ("", "funding"): Seen(SPOT, {"type": "funding"}),
    },
    options={"enableUnifiedMargin": False, "enableUnifiedAccount": True},
)
