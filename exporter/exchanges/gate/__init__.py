"""Gate (gate.com, formerly gate.io): classic accounts by spot, unified ones by the unified wallet; all by API v4.

Source: Gate API v4 (www.gate.com/docs/developers/apiv4): "List spot trading accounts", "Get unified account
information", "Query personal account totals", "Margin account list", "Get futures account", "Get options account",
"Query user's lending order list", "Retrieve user account information", "Query all main account keys". A key that may
only read is enough: Spot (classic) or Unified, and Wallet for the overview; each other wallet asks a right of its own.
Limits are per path, by user (each sub-account its own) or, for public calls, by IP.

`INVALID_UNIFIED_ACCOUNT` and its kin prove that an account is classic. Nothing proves the other: a unified account's
spot call is answered with less than there is. So the unified wallet is asked first, and a key without the right to it
fails for that, since a guess may be wrong. An account that becomes unified while it is read as a classic one is seen at
the next start, or by its futures.

Words: spot: available = `available`, frozen = `locked`. Unified: available = `available`, frozen = `freeze`, borrowed =
`total_liab`, net = `equity`, locked = what of equity and debt is neither. Lending: all of it is locked.

Left out: cross margin, which is part of unified accounts since; lending of margin (`funding_accounts`), which repeats
spot; staking, see `read_earn`; what a main account may ask of its sub-accounts, which have keys of their own. Contracts
of unified accounts are inside their wallet. Gate EU (`base_url: https://api.gateeu.com`) is the same API; it is said to
have no futures.

How Gate is spoken to stands in `protocol`, what its rows mean in `wallets` and `contracts`.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from exporter.core.model import KeyInfo
from exporter.exchanges.base import A_HANDFUL, Api, Exchange, Reader, Request, WalletSource, field, listing, text_of
from exporter.exchanges.gate.contracts import futures_of, options_of, read_futures, read_options
from exporter.exchanges.gate.protocol import (
    COIN_FUTURES,
    DELIVERY,
    DETAIL,
    EARN,
    FUTURES,
    HOST,
    ISOLATED,
    KEYS,
    OPTIONS,
    OVERVIEW,
    SECRET_NAMES,
    SPOT,
    TICKERS,
    TIME,
    UNIFIED,
    remaining,
    sign,
    unwrap,
    unwrap_keys,
    unwrap_product,
    unwrap_unified,
)
from exporter.exchanges.gate.wallets import (
    PAGE,
    pair_balance,
    pair_fields,
    pair_wallet,
    read_earn,
    read_isolated,
    read_overview,
    read_spot,
    read_unified,
)
from exporter.exchanges.readers import price_book, read_clock

__all__ = [
    "CLASSIC_API",
    "COIN_FUTURES",
    "DELIVERY",
    "DETAIL",
    "EARN",
    "EXCHANGE",
    "FUTURES",
    "ISOLATED",
    "KEYS",
    "OPTIONS",
    "OVERVIEW",
    "PAGE",
    "SPOT",
    "UNIFIED",
    "UNIFIED_API",
    "futures_of",
    "options_of",
    "pair_balance",
    "pair_fields",
    "pair_wallet",
    "read_earn",
    "read_unified",
    "sign",
    "unwrap",
    "unwrap_keys",
    "unwrap_product",
    "unwrap_unified",
]


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every spot pair."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "currency_pair", "last"))


def _symbol(base: str, quote: str) -> str:
    return f"{base}_{quote}"


_TRADED: Final = frozenset({"spot", "futures", "delivery", "options", "margin", "unified"})
"""Rights that, unless they are to read only, place orders."""


def read_key_info() -> Reader[KeyInfo]:
    """Read whether the key is bound to addresses and, where that is certain, what it may do; both ask Account (read).

    The list of the user's keys shows only how each begins, so ours is known by addresses, pairs and mode alone: what
    all that look like ours agree on is told. Nothing is told to the key of a sub-account, nor of the end of a key. The
    right to withdraw is in no published list of rights: it is told if one is called so.

    Raises:
        BadPayload: no such lists.
    """
    detail = yield Request(DETAIL)
    keys = listing((yield Request(KEYS)), "keys", A_HANDFUL)
    own = _seen(detail, field(field(detail, "key"), "mode"))
    rights = [_rights(key) for key in keys if field(key, "state") == 1 and _seen(key, key.get("mode")) == own]
    first = rights[0] if rights else {}
    return KeyInfo(
        permissions={right: may for right, may in first.items() if all(other.get(right) is may for other in rights)},
        ip_restricted=bool(own[0]),
    )


def _seen(key: Any, mode: Any) -> tuple[frozenset[str], frozenset[str], str]:
    lists = (listing(field(key, name), name, A_HANDFUL) for name in ("ip_whitelist", "currency_pairs"))
    addresses, pairs = (frozenset(map(text_of, listed)) for listed in lists)
    return addresses, pairs, text_of(mode)


def _rights(key: Any) -> Mapping[str, bool]:
    """What a key may do; a right that is not said to be for reading alone is more."""
    perms = listing(field(key, "perms"), "perms", A_HANDFUL)
    writes = {text_of(field(perm, "name")).lower(): field(perm, "read_only") is not True for perm in perms}
    rights = {
        "read": True,
        "trade": any(writes.get(name) for name in _TRADED),
        "transfer": writes.get("wallet", False),
    }
    withdrawing = [may for name, may in writes.items() if "withdraw" in name]
    return rights | {"withdraw": any(withdrawing)} if withdrawing else rights


CLASSIC_API: Final = Api(
    host=HOST,
    endpoints=(SPOT, OVERVIEW, ISOLATED, FUTURES, COIN_FUTURES, DELIVERY, OPTIONS, EARN, DETAIL, KEYS, TIME, TICKERS),
    sign=sign,
    unwrap=unwrap,
    time=partial(read_clock, TIME, "server_time"),
    main="spot",
    wallets={
        "spot": WalletSource(read_spot, (SPOT,)),
        "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
        "isolated_margin": WalletSource(read_isolated, (ISOLATED,), borrows=True, many=True),
        "futures": WalletSource(partial(read_futures, FUTURES), (FUTURES,)),
        "coin_futures": WalletSource(partial(read_futures, COIN_FUTURES), (COIN_FUTURES,)),
        "delivery": WalletSource(partial(read_futures, DELIVERY), (DELIVERY,)),
        "options": WalletSource(partial(read_options, OPTIONS), (OPTIONS,)),
        "earn": WalletSource(read_earn, (EARN,)),
    },
    prices=read_prices,
    price_endpoints=(TICKERS,),
    symbol=_symbol,
    key_info=read_key_info,
    remaining=remaining,
    secret_names=SECRET_NAMES,
)

UNIFIED_API: Final = replace(
    CLASSIC_API,
    endpoints=(UNIFIED, OVERVIEW, EARN, DETAIL, KEYS, TIME, TICKERS),
    main="unified",
    wallets={
        "unified": WalletSource(read_unified, (UNIFIED,), borrows=True),
        **{name: CLASSIC_API.wallets[name] for name in ("overview", "earn")},
    },
)

EXCHANGE: Final = Exchange(
    name="gate",
    credentials=("api_key", "secret"),
    apis={"unified": UNIFIED_API, "classic": CLASSIC_API},
    option="mode",
    first="unified",
    probes=True,
)
