"""Bybit: the unified account, funding and earn, and an overview of their values in USD.

Source: Bybit API v5 (github.com/bybit-exchange/docs, July 2026): "Get Wallet Balance", "Get All Coins Balance", "Get
Asset Overview", "Get Staked Position", "Get API Key Information", "Get Tickers", "Get Instruments Info", "Rate Limit
Rules", "Error Codes". A read-only key is enough; `funding` asks the right Wallet and `earn` the right Earn, which a
read-only key can have. Limits are per path and user in each second, and 600 calls in 5 s for an address. The limit of
the earn calls is not told: the lowest of the others is kept.

An account belongs to the site where it was opened, and its key does not exist at another: `base_url` names
https://api.bybit.eu, https://api.bybit.nl, https://api.bybit.kz and so on, or the testnet. The sites of single regions
have no overview. Classic accounts are not read: Bybit answers them with an empty 404.

Words: unified: available = `walletBalance` - `locked` - `totalOrderIM` - `totalPositionIM` - `bonus`, at least 0;
frozen = `locked` + `totalOrderIM`; borrowed = `borrowAmount` + `accruedInterest`; net = `equity`, with the profit of
open positions; locked = what of equity and debt is neither. Whether `borrowAmount` has the interest in it is not said;
it is added, as other clients do. Funding: available = `transferBalance`, net = `walletBalance`. Earn: all of it is
locked.

How Bybit is spoken to stands in `protocol`, what its rows mean in `wallets`.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import KeyInfo
from exporter.exchanges.base import (
    A_HANDFUL,
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
    shown,
)
from exporter.exchanges.bybit.protocol import (
    EARN,
    FUNDING,
    HOST,
    KEY,
    MARKETS,
    OVERVIEW,
    PAGE_HINT,
    SECRET_NAMES,
    TICKERS,
    TIME,
    UNIFIED,
    no_json,
    remaining,
    sign,
    unwrap,
)
from exporter.exchanges.bybit.wallets import earn_balance, read_earn, read_funding, read_overview, read_unified
from exporter.exchanges.readers import market_list, price_book

__all__ = [
    "EARN",
    "EXCHANGE",
    "FUNDING",
    "KEY",
    "OVERVIEW",
    "UNIFIED",
    "earn_balance",
    "no_json",
    "read_earn",
    "read_unified",
    "sign",
    "unwrap",
]

_SPOT: Final = ("category", "spot")


def read_time() -> Reader[int]:
    """Read the exchange's clock, in milliseconds since the epoch; it is told in nanoseconds."""
    answer = yield Request(TIME)
    return moment(int(decimal(field(answer, "timeNano"), "timeNano")) // 1_000_000, "timeNano")


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every spot pair."""
    answer = yield Request(TICKERS, (_SPOT,))
    return (yield from price_book(field(answer, "list"), "symbol", "lastPrice"))


def _market(row: Any) -> tuple[str, str, str, str]:
    return row["symbol"], row["baseCoin"], row["quoteCoin"], row["status"]


def read_markets() -> Reader[Mapping[Pair, str]]:
    """Read which pair each symbol is; symbols are written without a separator. Spot is told on one page."""
    answer = yield Request(MARKETS, (_SPOT,))
    return (yield from market_list(field(answer, "list"), _market, {"Closed", "Delivering", "PreLaunch"}))


_TRADES: Final = ("ContractTrade", "Spot", "Options", "Derivatives", "CopyTrading", "BlockTrade")
_TRANSFERS: Final = frozenset({"AccountTransfer", "SubMemberTransfer"})


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do, whether it is bound to addresses, and when it ends.

    `readOnly` overrules the lists of rights, which a read-only key has too. A key that is bound to addresses has no
    end: its moment is that of 1970.

    Raises:
        BadPayload: no such words.
    """
    answer = yield Request(KEY)
    writes = field(answer, "readOnly") != 1
    rights = field(answer, "permissions")
    wallet = {str(right) for right in listing(field(rights, "Wallet") or [], "Wallet", A_HANDFUL)}
    trades = [right for name in _TRADES for right in listing(rights.get(name) or [], name, A_HANDFUL)]
    addresses = listing(answer.get("ips") or [], "ips", A_HANDFUL)
    return KeyInfo(
        permissions={
            "read": True,
            "trade": writes and bool(trades),
            "transfer": writes and bool(wallet & _TRANSFERS),
            "withdraw": writes and "Withdraw" in wallet,
        },
        ip_restricted=bool(addresses) and "*" not in addresses,
        expires=_end(answer.get("expiredAt")),
    )


def _end(told: Any) -> float | None:
    """Seconds since the epoch, of a moment in ISO form with its zone; None for none and for that of 1970."""
    if not told:
        return None
    with suppress(TypeError, ValueError):
        end = datetime.fromisoformat(told)
        if end.tzinfo is not None:  # without a zone it would be read in that of this machine
            return max(end.timestamp(), 0.0) or None
    raise BadPayload(f"expiredAt: {shown(told)} where a moment belongs")


API: Final = Api(
    host=HOST,
    endpoints=(UNIFIED, FUNDING, OVERVIEW, EARN, KEY, TIME, TICKERS, MARKETS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="unified",
    wallets={
        "unified": WalletSource(read_unified, (UNIFIED,), borrows=True),
        "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
        "funding": WalletSource(read_funding, (FUNDING,)),
        "earn": WalletSource(read_earn, (EARN, EARN)),
    },
    prices=read_prices,
    price_endpoints=(TICKERS,),
    markets=read_markets,
    market_endpoints=(MARKETS,),
    key_info=read_key_info,
    remaining=remaining,
    page_hint=PAGE_HINT,
    secret_names=SECRET_NAMES,
    no_json=no_json,
)

EXCHANGE: Final = Exchange(
    name="bybit",
    credentials=("api_key", "secret"),
    apis={"": API},
    ban_seconds=600.0,
)
