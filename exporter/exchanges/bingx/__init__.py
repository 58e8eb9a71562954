"""BingX: spot, funding and futures by currency, and an overview of every wallet's value.

Source: BingX API documents (bingx-api.github.io/docs), "Asset overview" and its neighbours. A read-only key is enough
for all but funding, which is said to ask for "Universal Transfer"; a key for reading should not get that.
Limits: by UID for each path, and by IP for each path and for a numbered group of paths. Going over them blocks for
about five minutes.

How BingX is spoken to stands in `protocol`, what its rows mean in `wallets` and `futures`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import KeyInfo
from exporter.exchanges.base import (
    A_HANDFUL,
    Api,
    Exchange,
    Reader,
    Request,
    WalletSource,
    listing,
    shown,
    text_of,
)
from exporter.exchanges.bingx.futures import read_coin_futures, read_standard_futures, read_usdt_futures
from exporter.exchanges.bingx.protocol import (
    COIN_FUTURES,
    FUNDING,
    FUTURES,
    HOST,
    OVERVIEW,
    PERMISSIONS,
    RESTRICTIONS,
    SPOT,
    STANDARD_FUTURES,
    TICKERS,
    TIME,
    public,
    read_time,
    remaining,
    sign,
    unwrap,
)
from exporter.exchanges.bingx.wallets import read_assets, read_overview
from exporter.exchanges.readers import price_book

__all__ = [
    "COIN_FUTURES",
    "EXCHANGE",
    "FUNDING",
    "FUTURES",
    "OVERVIEW",
    "PERMISSIONS",
    "RESTRICTIONS",
    "SPOT",
    "STANDARD_FUTURES",
    "TICKERS",
    "TIME",
    "public",
    "read_assets",
    "read_coin_futures",
    "read_key_info",
    "read_overview",
    "read_standard_futures",
    "read_usdt_futures",
    "sign",
    "unwrap",
]


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every spot pair; prices are numbers or text."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "symbol", "lastPrice"))


def symbol(base: str, quote: str) -> str:
    """`BTC-USDT`."""
    return f"{base}-{quote}"


_NUMBERED: Final = {"read": {"2"}, "trade": {"1", "3"}, "transfer": {"4", "7"}, "withdraw": {"5"}}
_FLAGGED: Final = {
    "read": ("enableReading",),
    "trade": ("enableSpotAndMarginTrading", "enableFutures"),
    "transfer": ("permitsUniversalTransfer",),
    "withdraw": ("enableWithdrawals",),
}


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do and whether it is bound to addresses; BingX tells no expiry.

    One answer numbers the permissions, the other flags them; the documents mix the two up, so both are read by the
    fields that they have, and a permission that either of them grants counts as granted.

    Raises:
        BadPayload: neither of them says anything of permissions, or one is no object.
    """
    permissions: dict[str, bool] = {}
    bound: bool | None = None
    for endpoint in (PERMISSIONS, RESTRICTIONS):
        answer = yield Request(endpoint)
        if not isinstance(answer, dict):
            raise BadPayload(f"{endpoint.path}: {shown(answer)} where an object belongs")
        if "permissions" in answer:
            numbers = {text_of(number) for number in listing(answer["permissions"], "permissions", A_HANDFUL)}
            for name, meant in _NUMBERED.items():
                permissions[name] = permissions.get(name, False) or bool(numbers & meant)
        for name, flags in _FLAGGED.items():
            told = [answer[flag] is True for flag in flags if flag in answer]
            if told:
                permissions[name] = permissions.get(name, False) or any(told)
        if "ipAddresses" in answer:
            bound = bool(answer["ipAddresses"])
        if "ipRestrict" in answer:
            bound = answer["ipRestrict"] is True
    if not permissions:
        raise BadPayload("neither permissions nor flags in what BingX tells of the key")
    return KeyInfo(permissions, bound)


EXCHANGE: Final = Exchange(
    name="bingx",
    credentials=("api_key", "secret"),
    apis={
        "": Api(
            host=HOST,
            endpoints=(
                *(SPOT, FUNDING, FUTURES, COIN_FUTURES, STANDARD_FUTURES, OVERVIEW),
                *(PERMISSIONS, RESTRICTIONS, TIME, TICKERS),
            ),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={
                "spot": WalletSource(partial(read_assets, SPOT), (SPOT,)),
                "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
                "funding": WalletSource(partial(read_assets, FUNDING), (FUNDING,), default=True),
                # USDT and USDC are listed also when nothing of them is held; of the other two nobody has shown that.
                "futures": WalletSource(read_usdt_futures, (FUTURES,), lists_zeros=True),
                "coin_futures": WalletSource(read_coin_futures, (COIN_FUTURES,)),
                "standard_futures": WalletSource(read_standard_futures, (STANDARD_FUTURES,)),
            },
            prices=read_prices,
            price_endpoints=(TICKERS,),
            symbol=symbol,
            key_info=read_key_info,
            public=public,
            remaining=remaining,
            secret_names=("X-BX-APIKEY", "signature"),
        )
    },
)
