"""HTX (formerly Huobi): every numbered account that the key lists, futures, and an overview of four kinds in USD.

Source: HTX API (www.htx.com/en-us/opend/newApiPages), "Get Account Balance of a Specific Account" and its neighbours.
A read-only key is enough; a sub-user's key may not ask for valuation and key information. A key without bound
addresses ends after 90 days. Limits: 100 in 2 s by UID for each path; where none is printed, 10 a second by key.

How HTX is spoken to stands in `protocol`, what its rows mean in `wallets` and `futures`.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import KeyInfo
from exporter.exchanges.base import (
    Api,
    Exchange,
    Pair,
    Reader,
    Request,
    WalletSource,
    decimal,
    field,
    listing,
    moment,
    name_of,
)
from exporter.exchanges.htx.futures import FUTURES, read_futures
from exporter.exchanges.htx.protocol import (
    ACCOUNTS,
    API_KEY,
    BALANCE,
    HOST,
    MARKETS,
    TICKERS,
    TIME,
    UID,
    VALUATION,
    number,
    read_time,
    remaining,
    sign,
    unwrap,
)
from exporter.exchanges.htx.wallets import VALUED, discover, may_be_absent, read_accounts, read_overview, read_spot
from exporter.exchanges.readers import market_list, price_book

__all__ = [
    "ACCOUNTS",
    "API_KEY",
    "BALANCE",
    "EXCHANGE",
    "FUTURES",
    "MARKETS",
    "TICKERS",
    "VALUATION",
    "discover",
    "may_be_absent",
    "read_accounts",
    "read_futures",
    "read_key_info",
    "read_overview",
    "sign",
    "unwrap",
]


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair; the prices are numbers."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "symbol", "close"))


_MARKET: Final = itemgetter("symbol", "base-currency", "quote-currency", "state")


def read_markets() -> Reader[Mapping[Pair, str]]:
    """Read which pair each symbol is; symbols are written without a separator."""
    answer = yield Request(MARKETS)
    return (yield from market_list(answer, _MARKET, {"offline"}))


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do, whether it is bound to addresses, and when it ends.

    Three steps: the user's number, the key of that user (`sign` names the key itself, since without it every key
    is listed), and the exchange's clock, because `validDays` counts from now (-1: never).

    Raises:
        BadPayload: not exactly one key in the answer, or a field of another shape.
    """
    uid = number((yield Request(UID)), "uid")
    keys = listing((yield Request(API_KEY, (("uid", uid),))), "keys")
    if len(keys) != 1:
        raise BadPayload(f"{len(keys)} keys where one was asked for")
    words = {word.strip() for word in name_of(field(keys[0], "permission"), "permission").split(",")}
    days = decimal(field(keys[0], "validDays"), "validDays", negative=True)
    now = moment((yield Request(TIME)), "timestamp")
    return KeyInfo(
        permissions={name: word in words for name, word in _PERMISSIONS.items()},
        ip_restricted=bool(field(keys[0], "ipAddresses")),
        expires=now / 1000 + float(days) * 86_400 if 0 <= days <= 36_500 else None,
    )


_PERMISSIONS: Final = {"read": "readOnly", "trade": "trade", "withdraw": "withdraw"}

EXCHANGE: Final = Exchange(
    name="htx",
    credentials=("api_key", "secret"),
    apis={
        "": Api(
            host=HOST,
            endpoints=(ACCOUNTS, BALANCE, FUTURES, VALUATION, UID, API_KEY, TIME, TICKERS, MARKETS),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={
                "spot": WalletSource(read_spot, (ACCOUNTS, BALANCE), lists_zeros=True),
                "overview": WalletSource(read_overview, (VALUATION,) * len(VALUED), overview=True, every=300.0),
                "futures": WalletSource(read_futures, (FUTURES,)),
            },
            prices=read_prices,
            price_endpoints=(TICKERS,),
            markets=read_markets,
            market_endpoints=(MARKETS,),
            discover=discover,
            list_endpoints=(ACCOUNTS,),
            may_be_absent=may_be_absent,
            key_info=read_key_info,
            remaining=remaining,
            secret_names=("AccessKeyId", "accessKey", "Signature"),
        )
    },
)
