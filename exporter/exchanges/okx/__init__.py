"""OKX: the trading account (unified), funding and earn, and an overview of their values in USD.

Source: OKX API v5 (www.okx.com/docs-v5), "Get balance", "Get asset balances", "Get account asset valuation", "Get
saving balance", "Active orders" (on-chain earn) and "Get account configuration". A key with Read alone is enough.
Limits are per path, by UID or, for public calls, by IP; no header tells what is left of them.

An account belongs to the host of the region where it was opened; a key asked at another region's host does not exist
there. `base_url` names the other hosts: https://eea.okx.com for accounts of my.okx.com, https://us.okx.com for those of
app.okx.com.

Words: unified: available = `availBal`, or `availEq` where that is empty; frozen = `ordFrozen`; locked = what of equity
and debt is neither; borrowed = `liab`; net = `eq`, which has the profit of open positions and what bots hold in it.
Funding: available = `availBal`, frozen = `frozenBal`. Earn: all of it is locked.

How OKX is spoken to stands in `protocol`, what its rows mean in `wallets`.
"""

from collections.abc import Mapping
from typing import Any, Final

from exporter.core.model import KeyInfo
from exporter.exchanges.base import Api, Exchange, Reader, Request, WalletSource, field, moment, text_of
from exporter.exchanges.okx.protocol import (
    BALANCE,
    CONFIG,
    FUNDING,
    HOST,
    ONCHAIN,
    SAVINGS,
    SECRET_NAMES,
    TICKERS,
    TIME,
    VALUATION,
    only,
    sign,
    unwrap,
)
from exporter.exchanges.okx.wallets import read_earn, read_funding, read_overview, read_unified
from exporter.exchanges.readers import price_book

__all__ = [
    "BALANCE",
    "CONFIG",
    "EXCHANGE",
    "FUNDING",
    "ONCHAIN",
    "SAVINGS",
    "VALUATION",
    "read_earn",
    "read_unified",
    "sign",
    "unwrap",
]


def read_time() -> Reader[int]:
    """Read the exchange's clock, in milliseconds since the epoch."""
    answer = only((yield Request(TIME)))
    return moment(field(answer, "ts"), "ts")


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every spot pair; a pair that is not traded yet has an empty one."""
    answer = yield Request(TICKERS, (("instType", "SPOT"),))
    return (yield from price_book(answer, "instId", "last"))


def _symbol(base: str, quote: str) -> str:
    return f"{base}-{quote}"


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do, from `perm`, and whether it is bound to addresses, from `ip`.

    The right to trade includes transfers between the account's own wallets. No end of a key is told; one that may trade
    or withdraw and is bound to no address ends after 14 days without use.

    Raises:
        BadPayload: no such words.
    """
    answer = only((yield Request(CONFIG)))
    rights = {right.strip() for right in text_of(field(answer, "perm")).split(",")}
    return KeyInfo(
        permissions={
            "read": True,
            "trade": "trade" in rights,
            "transfer": "trade" in rights,
            "withdraw": "withdraw" in rights,
        },
        ip_restricted=bool(field(answer, "ip")),
    )


API: Final = Api(
    host=HOST,
    endpoints=(BALANCE, FUNDING, VALUATION, SAVINGS, ONCHAIN, CONFIG, TIME, TICKERS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="unified",
    wallets={
        "unified": WalletSource(read_unified, (BALANCE,), borrows=True),
        "funding": WalletSource(read_funding, (FUNDING,), default=True),
        "overview": WalletSource(read_overview, (VALUATION,), default=True, overview=True, every=300.0),
        "earn": WalletSource(read_earn, (SAVINGS, ONCHAIN)),
    },
    prices=read_prices,
    price_endpoints=(TICKERS,),
    symbol=_symbol,
    key_info=read_key_info,
    secret_names=SECRET_NAMES,
)

EXCHANGE: Final = Exchange(
    name="okx",
    credentials=("api_key", "secret", "passphrase"),
    apis={"": API},
)
