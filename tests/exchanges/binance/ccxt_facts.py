"""How ccxt's own class reads the simulated Binance; it asks for earn in ways that Binance has given up."""

from tests.with_ccxt.native import MARGIN, OWED, SPOT, CcxtFacts, Seen, available, gross, net, owed, tied

OWING = {"free": available, "used": tied, "total": gross, "debt": owed}

CCXT = CcxtFacts(
    wallets={
        ("", "spot"): Seen(SPOT),
        ("", "margin"): Seen(OWED, {"type": "margin"}, OWING),
        ("", "isolated_margin/BTCUSDT"): Seen(OWED, {"type": "margin", "marginMode": "isolated"}, OWING),
        ("", "futures"): Seen(MARGIN, {"type": "future"}, {"free": available, "used": tied, "total": net}),
        ("", "coin_futures"): Seen({"BTC": MARGIN["USDT"]}, {"type": "future", "subType": "inverse"}),
    }
)
