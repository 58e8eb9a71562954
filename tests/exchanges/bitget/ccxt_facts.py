"""How ccxt's own class reads the simulated Bitget, classic; it has no unified account without an option of its own."""

from tests.with_ccxt.native import SPOT, CcxtFacts, Seen

CCXT = CcxtFacts(wallets={("classic", "spot"): Seen(SPOT, {"type": "spot"})})
