"""Which exchanges are read through ccxt, and every request that may be sent to them: reviewed by eye, one by one.

What is not in this table is not sent, whatever ccxt asks for: a `fetch_...` of ccxt is no promise to read only. The
rows were taken from what ccxt 4.5.90 asks, and each exchange's own pages were looked at for what its paths do. A POST
stands here only where the path alone decides that it reads. CONTRIBUTING tells how an exchange is proposed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from exporter.exchanges.base import A_FEW, A_MARKET, A_WALLET, Limit
from exporter.exchanges.ccxt.known import Known, Method, Row, Wallet


def _private(
    method: Method,
    host: str,
    path: str,
    call: str,
    holds: str,
    limit: tuple[int, float],
    needs: str = "",
    nought: str = "",
) -> Row:
    """A row with a key; the limit is of the key's user, for all such rows of the exchange."""
    limits = (Limit("uid", "private", *limit),)
    fields = tuple(needs.split()), tuple(nought.split())
    return Row(method, host, path, call, holds, True, limits, A_WALLET, "", *fields)


def _public(host: str, path: str, call: str, holds: str, limit: tuple[int, float], use: str) -> Row:
    """A row without a key; the limit is of our address, for all such rows of the exchange."""
    most = A_FEW if use == "time" else A_MARKET
    return Row("GET", host, path, call, holds, False, (Limit("ip", "public", *limit),), most, use)


def _spot(*calls: str, **params: Any) -> dict[str, Wallet]:
    return {"spot": Wallet(params, calls)}


_KRAKEN_PREFIXED: Final = tuple(
    f"X{name}" for name in ("ETC", "ETH", "LTC", "MLN", "REP", "XBT", "XDG", "XLM", "XMR", "XRP", "ZEC")
) + tuple(f"Z{name}" for name in ("AUD", "CAD", "EUR", "GBP", "JPY", "USD"))
_KRAKEN_NAMES: Final = {name: name[1:] for name in _KRAKEN_PREFIXED} | {
    "XXBT": "BTC",
    "XBT": "BTC",
    "XXDG": "DOGE",
    "XDG": "DOGE",
    "KFEE": "FEE",
}
"""An encoding, which Kraken's other pages undo; every other name is what it says, also one that begins with X or Z."""

TABLE: Final[Mapping[str, Known]] = MappingProxyType(
    {
        "kucoin": Known(
            title="KuCoin",
            rows=(
                _private(
                    "GET",
                    "api.kucoin.com",
                    "/api/v1/accounts",
                    "private accounts",
                    "data[]",
                    (60, 30),
                    "currency type",
                ),
                _private(
                    "GET",
                    "api.kucoin.com",
                    "/api/ua/v1/account/mode",
                    "utaPrivate account/mode",
                    "data.selfAccountMode=CLASSIC|UNIFIED",
                    (60, 30),
                ),
                _private(
                    "GET",
                    "api.kucoin.com",
                    "/api/ua/v1/unified/account/balance",
                    "utaPrivate {accountMode}/account/balance",
                    "data.accounts.0.currencies[]",
                    (60, 30),
                    "currency",
                    "interest",
                ),
                _private(
                    "GET",
                    "api.kucoin.com",
                    "/api/ua/v1/account/balance",
                    "utaPrivate account/balance",
                    "data.accounts.0.currencies[]",
                    (60, 30),
                    "currency",
                    "interest",
                ),
                _public("api.kucoin.com", "/api/v1/timestamp", "public timestamp", "{}", (100, 30), "time"),
                _public(
                    "api.kucoin.com",
                    "/api/v1/market/allTickers",
                    "public market/allTickers",
                    "data.ticker[]",
                    (100, 30),
                    "prices",
                ),
                _public("api.kucoin.com", "/api/v2/symbols", "public symbols", "data[]", (100, 30), "markets"),
            ),
            wallets={
                "spot": Wallet({}, ("utaPrivate account/mode", "private accounts")),
                "funding": Wallet({"type": "main"}, ("utaPrivate account/mode", "private accounts"), default=True),
            },
            secret_names=("KC-API-KEY", "KC-API-SIGN", "KC-API-PASSPHRASE"),
            passphrase=True,
            options={"fetchMarkets": {"types": ["spot"], "fetchTickersFees": False}},
            borrows=True,
        ),
        "mexc": Known(
            title="MEXC",
            rows=(
                _private(
                    "GET",
                    "api.mexc.com",
                    "/api/v3/account",
                    "spot private account",
                    "balances[]",
                    (30, 10),
                    "asset",
                ),
                _public("api.mexc.com", "/api/v3/time", "spot public time", "{}", (7, 10), "time"),
                _public("api.mexc.com", "/api/v3/ticker/24hr", "spot public ticker/24hr", "[]", (7, 10), "prices"),
                _public(
                    "api.mexc.com", "/api/v3/exchangeInfo", "spot public exchangeInfo", "symbols[]", (7, 10), "markets"
                ),
            ),
            wallets=_spot("spot private account"),
            secret_names=("X-MEXC-APIKEY", "signature"),
            markets="fetch_spot_markets",
            headers={"Content-Type": "application/json"},
        ),
        "kraken": Known(
            title="Kraken",
            rows=(
                _private("POST", "api.kraken.com", "/0/private/BalanceEx", "private BalanceEx", "result{}", (15, 45)),
                _public("api.kraken.com", "/0/public/Ticker", "public Ticker", "result{}", (10, 10), "prices"),
                _public("api.kraken.com", "/0/public/AssetPairs", "public AssetPairs", "result{}", (10, 10), "markets"),
            ),
            wallets=_spot("private BalanceEx"),
            secret_names=("API-Key", "API-Sign"),
            nonce=True,
            names=_KRAKEN_NAMES,
            suffixes=(".F",),
        ),
        "coinbase": Known(
            title="Coinbase",
            rows=(
                _private(
                    "GET",
                    "api.coinbase.com",
                    "/api/v3/brokerage/accounts",
                    "v3 private brokerage/accounts",
                    "accounts[]",
                    (30, 1),
                    "currency type available_balance hold",
                ),
                _public("api.coinbase.com", "/v2/time", "v2 public time", "{}", (10, 1), "time"),
                _public(
                    "api.coinbase.com",
                    "/api/v3/brokerage/market/products",
                    "v3 public brokerage/market/products",
                    "products[]",
                    (10, 1),
                    "prices markets",
                ),
            ),
            wallets={"spot": Wallet({"v3": True}, ("v3 private brokerage/accounts",), adds=True)},
            secret_names=("Authorization", "CB-ACCESS-KEY", "CB-ACCESS-SIGN"),
            words={
                "Unauthorized": (
                    "Check the key's name, its private key and its list of addresses: Coinbase answers all alike."
                )
            },
            pem=True,
        ),
        "cryptocom": Known(
            title="Crypto.com",
            rows=(
                _private(
                    "POST",
                    "api.crypto.com",
                    "/exchange/v1/private/user-balance",
                    "v1 private private/user-balance",
                    "result.data.0.position_balances[]",
                    (3, 0.1),
                    "instrument_name",
                ),
                _public(
                    "api.crypto.com",
                    "/exchange/v1/public/get-tickers",
                    "v1 public public/get-tickers",
                    "result.data[]",
                    (100, 1),
                    "prices",
                ),
                _public(
                    "api.crypto.com",
                    "/exchange/v1/public/get-instruments",
                    "v1 public public/get-instruments",
                    "result.data[]",
                    (100, 1),
                    "markets",
                ),
            ),
            wallets={"unified": Wallet({}, ("v1 private private/user-balance",))},
            secret_names=("api_key", "sig"),
        ),
        "bitfinex": Known(
            title="Bitfinex",
            rows=(
                _private(
                    "POST",
                    "api.bitfinex.com",
                    "/v2/auth/r/wallets",
                    "private auth/r/wallets",
                    "[[]]",
                    (90, 60),
                    "1 0 3",
                ),
                _public("api-pub.bitfinex.com", "/v2/tickers", "public tickers", "[]", (30, 60), "prices"),
                _public(
                    "api-pub.bitfinex.com",
                    "/v2/conf/pub:info:pair,pub:info:pair:futures,pub:list:pair:securities,pub:list:pair:margin",
                    "public conf/{config}",
                    "[]",
                    (30, 60),
                    "markets",
                ),
            ),
            wallets={
                "spot": Wallet({"type": "exchange"}, ("private auth/r/wallets",), part=True),
                "margin": Wallet({"type": "margin"}, ("private auth/r/wallets",), part=True),
                "funding": Wallet({"type": "funding"}, ("private auth/r/wallets",), part=True),
            },
            secret_names=("bfx-apikey", "bfx-signature"),
            nonce=True,
            borrows=True,
            names={"ust": "USDT", "UST": "USDT"},
        ),
        "bitstamp": Known(
            title="Bitstamp",
            rows=(
                _private(
                    "POST",
                    "www.bitstamp.net",
                    "/api/v2/account_balances/",
                    "private account_balances/",
                    "[]",
                    (400, 1),
                    "currency",
                ),
                _public("www.bitstamp.net", "/api/v2/ticker/", "public ticker/", "[]", (400, 1), "prices"),
                _public("www.bitstamp.net", "/api/v2/markets/", "public markets/", "[]", (400, 1), "markets"),
            ),
            wallets=_spot("private account_balances/"),
            secret_names=("X-Auth", "X-Auth-Signature"),
            symbol="symbol",
        ),
        "gemini": Known(
            title="Gemini",
            rows=(
                _private(
                    "POST",
                    "api.gemini.com",
                    "/v1/balances",
                    "private v1/balances",
                    "[]",
                    (600, 60),
                    "currency",
                ),
            ),
            wallets=_spot("private v1/balances"),
            secret_names=("X-GEMINI-APIKEY", "X-GEMINI-SIGNATURE"),
            nonce=True,
        ),
        "bitvavo": Known(
            title="Bitvavo",
            rows=(
                _private(
                    "GET",
                    "api.bitvavo.com",
                    "/v2/balance",
                    "private balance",
                    "[]",
                    (200, 60),
                    "symbol",
                ),
                _public("api.bitvavo.com", "/v2/time", "public time", "{}", (40, 60), "time"),
                _public("api.bitvavo.com", "/v2/ticker/24h", "public ticker/24h", "[]", (40, 60), "prices"),
                _public("api.bitvavo.com", "/v2/markets", "public markets", "[]", (40, 60), "markets"),
            ),
            wallets=_spot("private balance"),
            secret_names=("BITVAVO-ACCESS-KEY", "BITVAVO-ACCESS-SIGNATURE"),
        ),
        "whitebit": Known(
            title="WhiteBIT",
            rows=(
                _private(
                    "POST",
                    "whitebit.com",
                    "/api/v4/trade-account/balance",
                    "v4 private trade-account/balance",
                    "{{}}",
                    (100, 10),
                ),
                _private(
                    "POST",
                    "whitebit.com",
                    "/api/v4/main-account/balance",
                    "v4 private main-account/balance",
                    "{{}}",
                    (100, 10),
                ),
                _public("whitebit.com", "/api/v4/public/ticker", "v4 public ticker", "{{}}", (100, 10), "prices"),
                _public("whitebit.com", "/api/v4/public/markets", "v4 public markets", "[]", (100, 10), "markets"),
            ),
            wallets={
                "spot": Wallet({}, ("v4 private trade-account/balance",)),
                "funding": Wallet({"account": "main"}, ("v4 private main-account/balance",), default=True),
            },
            secret_names=("X-TXC-APIKEY", "X-TXC-SIGNATURE"),
            nonce=True,
        ),
        "poloniex": Known(
            title="Poloniex",
            rows=(
                _private(
                    "GET",
                    "api.poloniex.com",
                    "/accounts/balances",
                    "private accounts/balances",
                    "0.balances[]",
                    (50, 1),
                    "currency",
                ),
                _public("api.poloniex.com", "/timestamp", "public timestamp", "{}", (10, 1), "time"),
                _public("api.poloniex.com", "/markets/ticker24h", "public markets/ticker24h", "[]", (10, 1), "prices"),
                _public("api.poloniex.com", "/markets", "public markets", "[]", (10, 1), "markets"),
            ),
            wallets=_spot("private accounts/balances"),
            secret_names=("key", "signature"),
            markets="fetch_spot_markets",
        ),
        "lbank": Known(
            title="LBank",
            rows=(
                _private(
                    "POST",
                    "api.lbank.info",
                    "/v2/supplement/user_info_account.do",
                    "spot private supplement/user_info_account",
                    "data.balances[]",
                    (200, 10),
                    "asset",
                ),
                _public("api.lbank.info", "/v2/timestamp.do", "spot public timestamp", "{}", (200, 10), "time"),
                _public(
                    "api.lbank.info", "/v2/ticker/24hr.do", "spot public ticker/24hr", "data[]", (200, 10), "prices"
                ),
                _public("api.lbank.info", "/v2/accuracy.do", "spot public accuracy", "data[]", (200, 10), "markets"),
            ),
            wallets=_spot(
                "spot private supplement/user_info_account", method="spotPrivatePostSupplementUserInfoAccount"
            ),
            secret_names=("api_key", "sign"),
            markets="fetch_spot_markets",
        ),
        "upbit": Known(
            title="Upbit",
            rows=(
                _private(
                    "GET",
                    "api.upbit.com",
                    "/v1/accounts",
                    "private accounts",
                    "[]",
                    (30, 1),
                    "currency",
                ),
                _public("api.upbit.com", "/v1/ticker/all", "public ticker/all", "[]", (10, 1), "prices"),
                _public("api.upbit.com", "/v1/market/all", "public market/all", "[]", (10, 1), "markets"),
            ),
            wallets=_spot("private accounts"),
            secret_names=("Authorization",),
            tickers={"quote_currencies": "KRW,BTC,USDT"},
        ),
        "bithumb": Known(
            title="Bithumb",
            rows=(
                _private(
                    "GET",
                    "api.bithumb.com",
                    "/v1/accounts",
                    "private v1/accounts",
                    "[]",
                    (100, 1),
                    "currency",
                ),
            ),
            wallets=_spot("private v1/accounts"),
            secret_names=("Authorization",),
        ),
        "deribit": Known(
            title="Deribit",
            rows=(
                _private(
                    "GET",
                    "www.deribit.com",
                    "/api/v2/private/get_account_summaries",
                    "private get_account_summaries",
                    "result.summaries[]",
                    (5, 1),
                    "currency available_funds maintenance_margin equity",
                ),
                _public("www.deribit.com", "/api/v2/public/get_time", "public get_time", "{}", (5, 1), "time"),
            ),
            wallets={"unified": Wallet({}, ("private get_account_summaries",))},
            secret_names=("Authorization",),
            equity=True,
        ),
        "hitbtc": Known(
            title="HitBTC",
            rows=(
                _private(
                    "GET",
                    "api.hitbtc.com",
                    "/api/3/spot/balance",
                    "private spot/balance",
                    "[]",
                    (20, 1),
                    "currency",
                ),
                _private(
                    "GET",
                    "api.hitbtc.com",
                    "/api/3/wallet/balance",
                    "private wallet/balance",
                    "[]",
                    (20, 1),
                    "currency",
                ),
                _public("api.hitbtc.com", "/api/3/public/ticker", "public public/ticker", "{{}}", (30, 1), "prices"),
                _public("api.hitbtc.com", "/api/3/public/symbol", "public public/symbol", "{{}}", (30, 1), "markets"),
            ),
            wallets={
                "spot": Wallet({}, ("private spot/balance",)),
                "funding": Wallet({"type": "wallet"}, ("private wallet/balance",), default=True),
            },
            secret_names=("Authorization",),
        ),
        "woo": Known(
            title="WOO X",
            rows=(
                _private(
                    "GET",
                    "api.woox.io",
                    "/v3/asset/balances",
                    "v3 private asset/balances",
                    "data.holding[]",
                    (10, 1),
                    "token",
                ),
                _public("api.woox.io", "/v3/public/systemInfo", "v3 public systemInfo", "{}", (10, 1), "time"),
            ),
            wallets={"unified": Wallet({}, ("v3 private asset/balances",))},
            secret_names=("x-api-key", "x-api-signature"),
        ),
        "binanceus": Known(
            title="Binance.US",
            rows=(
                _private(
                    "GET",
                    "api.binance.us",
                    "/api/v3/account",
                    "private account",
                    "balances[]",
                    (60, 60),
                    "asset",
                ),
                _public("api.binance.us", "/api/v3/time", "public time", "{}", (15, 60), "time"),
                _public("api.binance.us", "/api/v3/ticker/24hr", "public ticker/24hr", "[]", (15, 60), "prices"),
                _public(
                    "api.binance.us", "/api/v3/exchangeInfo", "public exchangeInfo", "symbols[]", (15, 60), "markets"
                ),
            ),
            wallets=_spot("private account"),
            secret_names=("X-MBX-APIKEY", "signature"),
        ),
        "luno": Known(
            title="Luno",
            rows=(
                _private(
                    "GET",
                    "api.luno.com",
                    "/api/1/balance",
                    "private balance",
                    "balance[]",
                    (300, 60),
                    "asset",
                ),
                _public("api.luno.com", "/api/1/tickers", "public tickers", "tickers[]", (60, 60), "prices"),
                _public(
                    "api.luno.com", "/api/exchange/1/markets", "exchange markets", "markets[]", (60, 60), "markets"
                ),
            ),
            wallets={"spot": Wallet({}, ("private balance",), adds=True)},
            secret_names=("Authorization",),
            names={"XBT": "BTC"},
        ),
        "coinbaseexchange": Known(
            title="Coinbase Exchange",
            rows=(
                _private(
                    "GET",
                    "api.exchange.coinbase.com",
                    "/accounts",
                    "private accounts",
                    "[]",
                    (10, 1),
                    "currency",
                ),
                _public("api.exchange.coinbase.com", "/time", "public time", "{}", (10, 1), "time"),
                _public(
                    "api.exchange.coinbase.com",
                    "/products/spark-lines",
                    "public products/spark-lines",
                    "{[]}",
                    (10, 1),
                    "prices",
                ),
                _public("api.exchange.coinbase.com", "/products", "public products", "[]", (10, 1), "markets"),
            ),
            wallets=_spot("private accounts"),
            secret_names=("CB-ACCESS-KEY", "CB-ACCESS-SIGN", "CB-ACCESS-PASSPHRASE"),
            passphrase=True,
        ),
    }
)
"""By ccxt's id, in the order in which they are asked for most."""
