"""XT: the spot wallet, through v4 (the default) or through the legacy API; with v4 the futures of both kinds.

Source: XT.com API documents, v4 (doc.xt.com), "Get trading (spot) account assets" of the legacy API, and the futures
documents. A read-only key is enough. Limits: v4 balances 10 a second by key, public calls 10 a second by IP; legacy
balance 3 and other calls 10 a second by user, 1000 a minute by IP; futures as their file says. Breaking them locks the
API for ten minutes. XT's list of keys answers with every secret in clear; it is no endpoint here and must never become
one.

What is spoken and what its words mean stands in a file for each: `v4`, `futures`, `legacy`.
"""

from functools import partial
from typing import Final

from exporter.core.credentials import Credentials
from exporter.exchanges.base import Api, Exchange, Request, Signed, WalletSource
from exporter.exchanges.xt import futures, legacy, v4


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Futures are signed in a way of their own, everything else of v4 as spot is."""
    scheme = futures.sign if request.endpoint in futures.ENDPOINTS else v4.sign
    return scheme(request, credentials, host, now_ms)


V4: Final = Api(
    host=v4.HOST,
    endpoints=(v4.BALANCES, v4.TIME, v4.CLIENT, v4.TICKERS, *futures.ENDPOINTS),
    sign=sign,
    unwrap=v4.unwrap,
    time=v4.read_time,
    main="spot",
    wallets={
        "spot": WalletSource(v4.read_spot, (v4.BALANCES,)),
        "futures": WalletSource(partial(futures.read_futures, futures.USDT_M), (futures.USDT_M,)),
        "coin_futures": WalletSource(partial(futures.read_futures, futures.COIN_M), (futures.COIN_M,)),
    },
    prices=v4.read_prices,
    price_endpoints=(v4.TICKERS,),
    symbol=v4.symbol,
    address=v4.read_address,
    secret_names=("validate-appkey", "validate-signature"),
)

LEGACY: Final = Api(
    host=legacy.HOST,
    endpoints=(legacy.BALANCE, legacy.TIME, legacy.TICKERS),
    sign=legacy.sign,
    unwrap=legacy.unwrap,
    time=legacy.read_time,
    main="spot",
    wallets={"spot": WalletSource(legacy.read_spot, (legacy.BALANCE,), lists_zeros=True)},
    prices=legacy.read_prices,
    price_endpoints=(legacy.TICKERS,),
    symbol=v4.symbol,
    page_hint=legacy.HINT,
    secret_names=("accesskey", "signature"),
)

EXCHANGE: Final = Exchange(
    name="xt",
    credentials=("api_key", "secret"),
    apis={"v4": V4, "legacy": LEGACY},
    option="api",
    first="v4",
    ban_seconds=600.0,
)
