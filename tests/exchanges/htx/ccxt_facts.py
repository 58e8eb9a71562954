"""How ccxt's own class reads the simulated HTX, whose signature holds the host."""

from tests.with_ccxt.native import SPOT, CcxtFacts, Seen

CCXT = CcxtFacts(wallets={("", "spot"): Seen(SPOT, {"type": "spot"})}, signs_host=True)
