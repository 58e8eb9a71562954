"""Binance: spot, margin, futures, Simple Earn, and its own value of every wallet; all by GET.

Source: Binance's spot API (github.com/binance/binance-spot-api-docs: "Account information", "Symbol price ticker",
"Exchange information", "Limits", "Error codes") and the pages of its other products: "Query user wallet balance",
"Query cross margin account details", "Query isolated margin account info", "Get flexible product position", "Get locked
product position", "Get API key permission", "Account information V3" (USD-M) and "Account information" (COIN-M). A key
with Enable Reading alone is enough for spot, overview, earn and margin; futures ask for Enable Futures, which also lets
the key trade.

Weights are counted by address, whatever the key: all accounts behind one address share them. Every answer tells how
much of the present minute is used.

Words: spot: available = `free`, frozen = `locked`. Margin: the same, borrowed = `borrowed` + `interest`, net =
`netAsset`. Earn: all of it is locked. Futures: see `futures`.

Left out: funding, which Binance tells by POST alone; portfolio margin, whose account is at a host of its own; options;
what a main account may ask of its sub-accounts, which have keys of their own. The overview has the value of all that.

Keys with a secret (HMAC) alone: Ed25519 and RSA keys would need a library of their own, and are refused with a
sentence. `base_url` maps each host where another house is meant: https://api.binance.us is an API of the same kind with
other accounts (no futures, no overview), https://testnet.binance.vision has `/api` alone.

How Binance is spoken to stands in `protocol`, what its rows mean in `wallets` and `futures`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.model import KeyInfo
from exporter.exchanges.base import Api, Exchange, Pair, Reader, Request, WalletSource, field
from exporter.exchanges.binance.futures import read_coin_futures, read_futures
from exporter.exchanges.binance.protocol import (
    COIN_FUTURES,
    FLEXIBLE,
    FUTURES,
    HOST,
    ISOLATED,
    KEY,
    MARGIN,
    MARKETS,
    OVERVIEW,
    PAGE_HINT,
    SECRET_NAMES,
    SPOT,
    STAKED,
    TICKERS,
    TIME,
    sign,
    unwrap,
    unwrap_contracts,
    unwrap_path,
    used,
)
from exporter.exchanges.binance.wallets import (
    PAGE,
    earn_balance,
    margin_balance,
    margin_fields,
    pair_wallet,
    read_earn,
    read_isolated,
    read_margin,
    read_overview,
    read_spot,
)
from exporter.exchanges.readers import market_list, price_book, read_clock

__all__ = [
    "COIN_FUTURES",
    "EXCHANGE",
    "FLEXIBLE",
    "FUTURES",
    "ISOLATED",
    "KEY",
    "MARGIN",
    "MARKETS",
    "OVERVIEW",
    "PAGE",
    "SPOT",
    "STAKED",
    "TICKERS",
    "earn_balance",
    "margin_balance",
    "margin_fields",
    "pair_wallet",
    "sign",
    "unwrap",
    "unwrap_contracts",
    "unwrap_path",
    "used",
]

_TRADED: Final = ("symbolStatus", "TRADING")
"""A market that is halted or gone keeps its last price, which is no price any more."""


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every market that is traded."""
    answer = yield Request(TICKERS, (_TRADED,))
    return (yield from price_book(answer, "symbol", "price"))


def _market(row: Any) -> tuple[str, str, str, str]:
    return row["symbol"], row["baseAsset"], row["quoteAsset"], row["status"]


def read_markets() -> Reader[Mapping[Pair, str]]:
    """Read which pair each symbol is; symbols are written without a separator."""
    answer = yield Request(MARKETS, (("showPermissionSets", "false"), _TRADED))
    return (yield from market_list(field(answer, "symbols"), _market, {"BREAK", "HALT"}))


_TRADES: Final = (
    *("enableSpotAndMarginTrading", "enableMargin", "enableFutures", "enableVanillaOptions"),
    *("enablePortfolioMarginTrading", "enableFixApiTrade"),
)
_TRANSFERS: Final = ("enableInternalTransfer", "permitsUniversalTransfer")


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do and whether it is bound to addresses; no end of a key is told.

    Enable Futures is also what lets a key read futures, so that one that only watches them is told as one that trades.

    Raises:
        BadPayload: the right to read is not told.
    """
    answer = yield Request(KEY)
    return KeyInfo(
        permissions={
            "read": field(answer, "enableReading") is True,
            "trade": any(answer.get(right) is True for right in _TRADES),
            "transfer": any(answer.get(right) is True for right in _TRANSFERS),
            "withdraw": answer.get("enableWithdrawals") is True,
        },
        ip_restricted=answer.get("ipRestrict") is True,
    )


API: Final = Api(
    host=HOST,
    endpoints=(
        *(SPOT, OVERVIEW, MARGIN, ISOLATED, FUTURES, COIN_FUTURES, FLEXIBLE, STAKED),
        *(KEY, TIME, TICKERS, MARKETS),
    ),
    sign=sign,
    unwrap=unwrap,
    time=partial(read_clock, TIME, "serverTime"),
    main="spot",
    wallets={
        "spot": WalletSource(read_spot, (SPOT,)),
        "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
        "margin": WalletSource(read_margin, (MARGIN,), borrows=True),
        "isolated_margin": WalletSource(read_isolated, (ISOLATED,), borrows=True, many=True),
        "futures": WalletSource(read_futures, (FUTURES,)),
        "coin_futures": WalletSource(read_coin_futures, (COIN_FUTURES,)),
        "earn": WalletSource(read_earn, (FLEXIBLE, STAKED), every=300.0),
    },
    prices=read_prices,
    price_endpoints=(TICKERS,),
    markets=read_markets,
    market_endpoints=(MARKETS,),
    key_info=read_key_info,
    used=used,
    page_hint=PAGE_HINT,
    secret_names=SECRET_NAMES,
)

EXCHANGE: Final = Exchange(
    name="binance",
    credentials=("api_key", "secret"),
    apis={"": API},
)
