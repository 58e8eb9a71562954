"""How ccxt's own class reads the simulated XT, by v4."""

from tests.with_ccxt.native import SPOT, CcxtFacts, Seen

CCXT = CcxtFacts(wallets={("v4", "spot"): Seen(SPOT)})
