"""How ccxt's own class reads the simulated HTX, whose signature holds the host.

It does not know the number by which V5 refuses a signature: such an answer is an empty wallet to it. Margin it asks for
at another path than we do, which the simulated one does not have.
"""

from tests.with_ccxt.native import MARGIN, SPOT, CcxtFacts, Seen

CCXT = CcxtFacts(
    wallets={
        ("", "spot"): Seen(SPOT, {"type": "spot"}),
        ("", "futures"): Seen(MARGIN, {"type": "swap"}, refusal=""),
    },
    signs_host=True,
)
