"""Bitget: classic accounts through v2, unified accounts through v3, of one host and one signature.

Source: Bitget API (www.bitget.com/api-doc), "Get Account Assets" and its neighbours. A read-only key is enough
(classic: spot read; unified: "UTA mgt. (read)"). Limits are per endpoint, by UID or, for public calls, by IP;
all of them together 6000 a minute by IP.

The mode is proven by the answer codes 40085 (a unified account asked v2, answered before the signature is
checked) and 40084 (a classic account asked v3), never guessed from anything else. 40731 (v2 refuses the key of an
elite trader) says that v3 is to be tried, whose good answer proves it.

Words: available = `available`; frozen = `frozen`, unified `locked`; locked = `locked`, unified what of equity and
debt is neither available nor frozen. `limitAvailable` (copy trading) is of unknown relation to the whole and left out.
"""

from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AuthError,
    ClockRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
    WrongApi,
)
from exporter.core.model import Balance, KeyInfo, Reading
from exporter.exchanges.base import (
    A_FEW,
    A_HANDFUL,
    A_MARKET,
    A_WALLET,
    Api,
    Endpoint,
    Exchange,
    Limit,
    Pair,
    Reader,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    decimal,
    ending,
    field,
    header_count,
    listing,
    name_of,
    optional,
    refusal,
    refused,
    rest,
    shown,
    text_of,
    total,
)
from exporter.exchanges.readers import holding, holdings, market_list, price_book, read_clock, rows, unused, usdt_values
from exporter.exchanges.signing import hmac_base64, query_encoded, query_raw

HOST: Final = "https://api.bitget.com"
ALL: Final = Limit("ip", "all", 6000, 60.0)


def _endpoint(path: str, requests: int, scope: str = "uid", most: int = A_WALLET) -> Endpoint:
    limit = Limit("uid" if scope == "uid" else "ip", path, requests, 1.0)
    return Endpoint(path, (limit, ALL), signed=scope == "uid", most=most)


ASSETS: Final = _endpoint("/api/v2/spot/account/assets", 10)
OVERVIEW: Final = _endpoint("/api/v2/account/all-account-balance", 1, most=A_FEW)
INFO: Final = _endpoint("/api/v2/spot/account/info", 1, most=A_FEW)
TIME: Final = _endpoint("/api/v2/public/time", 20, "ip", A_FEW)
TICKERS: Final = _endpoint("/api/v2/spot/market/tickers", 20, "ip", A_MARKET)
MARKETS: Final = _endpoint("/api/v2/spot/public/symbols", 20, "ip", A_MARKET)
UNIFIED_ASSETS: Final = _endpoint("/api/v3/account/assets", 20)
UNIFIED_FUNDING: Final = _endpoint("/api/v3/account/funding-assets", 20)
UNIFIED_INFO: Final = _endpoint("/api/v3/account/info", 5, most=A_FEW)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("40001", "40006", "40037", "40041", "40011", "40012", "40036"), AuthError),
    **dict.fromkeys(("40002", "40003", "40009"), AuthError),
    **dict.fromkeys(("40004", "40005", "40008", "40078", "40911"), ClockRefused),
    **dict.fromkeys(("40018", "40038", "49003", "22010"), IpRefused),
    **dict.fromkeys(("40014", "40025", "40040", "40061", "40068"), PermissionMissing),
    **dict.fromkeys(("429", "30007", "25004", "1001"), RateLimited),
    **dict.fromkeys(("40200", "45001"), Maintenance),
}
"""Codes of one meaning; the rest of the vendor's list is `exchange`."""

TEMPORARY: Final = frozenset({"40010", "40015", "40725", "40808", "40910", "25000", "25001", "25003"})
"""Codes that come and go, mostly in release windows (Tuesday to Thursday, 14:00 to 18:00 UTC+8)."""

WRONG_API: Final[Mapping[str, str]] = {"40085": "unified", "40084": "classic", "40731": "unified"}
_MODE: Final = "Set `options: {mode: auto}`, or the mode that the code names."
_ELITE: Final = (
    "Bitget's v2 refuses keys of elite traders, its v3 takes them: set `options: {mode: unified}`, or `mode: auto`. "
    "If v3 refuses too, create a key without copy trading."
)

_FROZEN: Final = (
    "Bitget has frozen, disabled or cancelled this account or key: look for a notice, then ask its support."
)
_REGION: Final = "Bitget refuses this account by region or missing identity check: sign in and look for a notice."
ADVICE: Final = {
    **dict.fromkeys(("40011", "40012", "40036"), "Check the passphrase: it was chosen when the key was made."),
    **dict.fromkeys(("40013", "40022", "40023", "40024", "40026", "40031"), _FROZEN),
    **dict.fromkeys(("40000", "40035", "40100", "40101", "40103", "40104", "40111"), _REGION),
    "40099": "The key belongs to demo trading: create one for the real account.",
}

SECRET_NAMES: Final = ("ACCESS-KEY", "ACCESS-SIGN", "ACCESS-PASSPHRASE")


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Base64 HMAC over timestamp, method, path and the query as it is before percent-encoding."""
    del host
    query = sorted(request.query)
    text = f"{request.path}?{query_raw(query)}" if query else request.path
    return Signed(
        f"{request.path}?{query_encoded(query)}" if query else request.path,
        {
            "ACCESS-KEY": credentials.api_key.reveal(),
            "ACCESS-SIGN": hmac_base64(credentials.secret, f"{now_ms}GET{text}"),
            "ACCESS-TIMESTAMP": str(now_ms),
            "ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
            "locale": "en-US",
        },
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"code", "msg", "data"}`; success is exactly the text "00000".

    Raises:
        BadPayload: no such envelope.
        WrongApi: the account is of the other mode.
        PollError: what any other code means.
    """
    if isinstance(payload, dict) and "code" not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, "code")
    if code == "00000" and status < 400:
        return field(payload, "data")
    words = payload.get("msg") or payload.get("message")
    error = refused(status, code, words, errors=ERRORS, temporary=TEMPORARY, advice=ADVICE)
    if isinstance(code, str) and code in WRONG_API:
        raise WrongApi(str(error), api=WRONG_API[code], advice=_ELITE if code == "40731" else _MODE)
    raise error


def remaining(headers: Mapping[str, str]) -> int | None:
    """`x-mbx-used-remain-limit`: calls left in the current second for the endpoint."""
    return header_count(headers, "x-mbx-used-remain-limit")


_SPOT_FIELDS: Final = itemgetter("coin", "available", "frozen", "locked")
_UNIFIED_FIELDS: Final = itemgetter("coin", "equity", "usdValue", "available", "debt", "locked")


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every held asset of the classic spot wallet in one call; emptied ones are left out of the answer.

    Whether v2 lists a wallet that was never used as null, as v3 does, is not known: null is believed of no other.
    """
    answer = yield Request(ASSETS)
    return (yield from rows(unused(answer, memory), _SPOT_FIELDS, holding, memory, holdings))


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each wallet in USDT, as the exchange reports it."""
    del memory
    answer = yield Request(OVERVIEW)
    return usdt_values(
        (
            name_of(field(row, "accountType"), "accountType").lower(),
            field(row, "usdtBalance"),
        )
        for row in listing(answer, "data", A_HANDFUL)
    )


def read_unified(memory: RowMemory) -> Reader[Reading]:
    """Read every non-zero asset of the unified wallet, with the exchange's own USD value."""
    answer = yield Request(UNIFIED_ASSETS)
    return (yield from rows(_held(field(answer, "assets")), _UNIFIED_FIELDS, _unified, memory))


def _unified(coin: Any, equity: Any, value: Any, available: Any, debt: Any, locked: Any) -> Balance:
    net = decimal(equity, "equity", negative=True)
    free = decimal(available, "available", negative=True)
    owed = optional(debt, "debt", negative=True)
    tied = optional(locked, "locked", negative=True)
    usd = optional(value, "usdValue", negative=True)
    return Balance(
        name_of(coin, "coin"),
        free,
        tied,
        rest(total(net, owed), free, tied),
        net,
        borrowed=owed,
        usd=usd or None,  # 0 is what Bitget says of a coin that it has no price for
    )


def _held(answer: Any) -> Any:
    """v3 answers null where there is nothing to list; null is no list anywhere else."""
    return [] if answer is None else answer


def read_unified_funding(memory: RowMemory) -> Reader[Reading]:
    """Read the funding wallet of a unified account."""
    answer = yield Request(UNIFIED_FUNDING)
    return (yield from rows(_held(answer), itemgetter("coin", "available", "frozen"), _funding, memory))


def _funding(coin: Any, available: Any, frozen: Any) -> Balance:
    return holding(coin, available, optional(frozen, "frozen", negative=True))  # comes as an empty text too


read_time: Final = partial(read_clock, TIME, "serverTime")


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
    endpoints=(ASSETS, OVERVIEW, INFO, TIME, TICKERS, MARKETS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="spot",
    wallets={
        "spot": WalletSource(read_spot, (ASSETS,)),
        "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
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
    endpoints=(UNIFIED_ASSETS, UNIFIED_FUNDING, UNIFIED_INFO, TIME, TICKERS, MARKETS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="unified",
    wallets={
        "unified": WalletSource(read_unified, (UNIFIED_ASSETS,), borrows=True),
        "funding": WalletSource(read_unified_funding, (UNIFIED_FUNDING,), default=True),
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
