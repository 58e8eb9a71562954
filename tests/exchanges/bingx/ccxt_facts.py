"""How ccxt's own class reads the simulated BingX."""

from tests.with_ccxt.native import SPOT, CcxtFacts, Seen

CCXT = CcxtFacts(wallets={("", "spot"): Seen(SPOT, {"type": "spot"})})
