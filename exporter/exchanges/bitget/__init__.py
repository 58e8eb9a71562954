"""Bitget: classic accounts through v2, unified accounts through v3, of one host and one signature.

Source: Bitget API (www.bitget.com/api-doc), "Get Account Assets" and its neighbours. A read-only key is enough
(classic: spot read; unified: "UTA mgt. (read)"). Limits are per endpoint, by UID or, for public calls, by IP;
all of them together 6000 a minute by IP.

The mode is proven by the answer codes 40085 (a unified account asked v2, answered before the signature is
checked) and 40084 (a classic account asked v3), never guessed from anything else. 40731 (v2 refuses the key of an
elite trader) says that v3 is to be tried, whose good answer proves it.

Words: available = `available`; frozen = `frozen`, unified `locked`; locked = `locked`, unified what of equity and
debt is neither available nor frozen. `limitAvailable` (copy trading) is of unknown relation to the whole and left out.
Futures use the same words for other things: see `futures`.

The overview values all product types of futures together, and cross margin together with every pair.

How Bitget is spoken to stands in `protocol`, what its rows mean in `classic`, `futures` and `unified`.
"""

from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.core.model import KeyInfo
from exporter.exchanges.base import (
    A_HANDFUL,
    Api,
    Endpoint,
    Exchange,
    Pair,
    Reader,
    Request,
    WalletSource,
    field,
    listing,
    text_of,
)
from exporter.exchanges.bitget.classic import (
    read_bots,
    read_earn,
    read_funding,
    read_isolated,
    read_margin,
    read_overview,
    read_spot,
)
from exporter.exchanges.bitget.futures import COIN, USDT_AND_USDC, read_futures
from exporter.exchanges.bitget.protocol import (
    ASSETS,
    BOTS,
    EARN,
    FUNDING,
    FUTURES,
    HOST,
    INFO,
    ISOLATED,
    MARGIN,
    MARKETS,
    OVERVIEW,
    SECRET_NAMES,
    TICKERS,
    TIME,
    UNIFIED_ASSETS,
    UNIFIED_EARN,
    UNIFIED_FUNDING,
    UNIFIED_INFO,
    read_time,
    remaining,
    sign,
    unwrap,
)
from exporter.exchanges.bitget.unified import read_unified, read_unified_funding
from exporter.exchanges.readers import market_list, price_book

__all__ = [
    "ASSETS",
    "CLASSIC",
    "EXCHANGE",
    "UNIFIED",
    "UNIFIED_ASSETS",
    "read_overview",
    "read_spot",
    "read_unified",
    "sign",
    "unwrap",
]


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every spot pair; works in both modes."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "symbol", "lastPr"))


_MARKET: Final = itemgetter("symbol", "baseCoin", "quoteCoin", "status")


def read_markets() -> Reader[Mapping[Pair, str]]:
    """Read which pair each symbol is; symbols are written without a separator."""
    answer = yield Request(MARKETS)
    return (yield from market_list(answer, _MARKET, {"offline"}))


_TRADE_CODES: Final = frozenset({"trade", "stow", "coow", "smow", "cpow", "ttow", "uta_trade", "copy_futures_order"})
_TRANSFER_CODES: Final = frozenset({"wtow", "transfer"})


def read_key_info(endpoint: Endpoint, listed: str) -> Reader[KeyInfo]:
    """Read what the key may do and whether it is bound to addresses; Bitget tells no expiry.

    Classic `authorities` mix words and short codes (`...r` reads, `...w` writes; `wwow` withdraws); unified
    `permissions` are words beside `permType`.

    Raises:
        BadPayload: no list of that name, or no word on addresses.
    """
    answer = yield Request(endpoint)
    codes = {text_of(code) for code in listing(field(answer, listed), listed, A_HANDFUL)}
    writes = answer.get("permType") != "read-only"
    return KeyInfo(
        permissions={
            "read": True,
            "trade": writes and bool(codes & _TRADE_CODES),
            "transfer": writes and bool(codes & _TRANSFER_CODES),
            "withdraw": writes and bool(codes & {"wwow", "withdraw"}),
        },
        ip_restricted=bool(field(answer, "ips")),
    )


CLASSIC: Final = Api(
    host=HOST,
    endpoints=(
        *(ASSETS, OVERVIEW, INFO, TIME, TICKERS, MARKETS),
        *(FUNDING, FUTURES, MARGIN, ISOLATED, BOTS, EARN),
    ),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="spot",
    wallets={
        "spot": WalletSource(read_spot, (ASSETS,)),
        "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
        "funding": WalletSource(read_funding, (FUNDING,)),
        "futures": WalletSource(partial(read_futures, USDT_AND_USDC), (FUTURES,) * len(USDT_AND_USDC)),
        "coin_futures": WalletSource(partial(read_futures, COIN), (FUTURES,) * len(COIN)),
        "margin": WalletSource(read_margin, (MARGIN,), borrows=True),
        "isolated_margin": WalletSource(read_isolated, (ISOLATED,), borrows=True, many=True),
        "bots": WalletSource(read_bots, (BOTS,)),
        "earn": WalletSource(partial(read_earn, EARN), (EARN,)),
    },
    prices=read_prices,
    price_endpoints=(TICKERS,),
    markets=read_markets,
    market_endpoints=(MARKETS,),
    key_info=partial(read_key_info, INFO, "authorities"),
    remaining=remaining,
    secret_names=SECRET_NAMES,
)

UNIFIED: Final = Api(
    host=HOST,
    endpoints=(UNIFIED_ASSETS, UNIFIED_FUNDING, UNIFIED_EARN, UNIFIED_INFO, TIME, TICKERS, MARKETS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="unified",
    wallets={
        "unified": WalletSource(read_unified, (UNIFIED_ASSETS,), borrows=True),
        "funding": WalletSource(read_unified_funding, (UNIFIED_FUNDING,), default=True),
        "earn": WalletSource(partial(read_earn, UNIFIED_EARN), (UNIFIED_EARN,)),
    },
    prices=read_prices,
    price_endpoints=(TICKERS,),
    markets=read_markets,
    market_endpoints=(MARKETS,),
    key_info=partial(read_key_info, UNIFIED_INFO, "permissions"),
    remaining=remaining,
    secret_names=SECRET_NAMES,
)

EXCHANGE: Final = Exchange(
    name="bitget",
    credentials=("api_key", "secret", "passphrase"),
    apis={"classic": CLASSIC, "unified": UNIFIED},
    option="mode",
    first="classic",
    probes=True,
)
