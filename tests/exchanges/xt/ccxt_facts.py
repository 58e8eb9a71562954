"""How ccxt's own class reads the simulated XT, by v4; of futures it asks an older call than we do.

There it knows the refusal of a signature as we do, 403, but has no error of its own for it.
"""

from tests.with_ccxt.native import BALANCE, COIN_MARGIN, MARGIN, SPOT, CcxtFacts, Seen

CCXT = CcxtFacts(
    wallets={
        ("v4", "spot"): Seen(SPOT),
        ("v4", "futures"): Seen(MARGIN, {"type": "swap"}, BALANCE, refusal="ExchangeError"),
        ("v4", "coin_futures"): Seen(COIN_MARGIN, {"subType": "inverse"}, BALANCE, refusal="ExchangeError"),
    }
)
