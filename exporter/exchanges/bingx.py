"""BingX: spot and funding by currency, and an overview of every wallet's value.

Source: BingX API documents (bingx-api.github.io/docs), "Asset overview" and its neighbours. A read-only key is enough
for spot and overview; funding is said to ask for "Universal Transfer", which a key for reading should not get.
Limits: by UID for each path, and by IP for each path and for a numbered group of paths. Going over them blocks for
about five minutes.

Words: available = `free`; frozen = `locked`; no locked. Answers seen in the wild differ from the documents: the
overview is a plain list (or `data.result`), with `sopt` for spot and `eran` for earn; funding lists `assets` (or
`balances`, or `balance`). Spot and funding were split in 2025, so both are read.

VST is play money of the simulated exchange that shows up in real answers. It is left out of every wallet, so that
it never counts as a holding, priced or unpriced.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AuthError,
    BadPayload,
    ClockRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.core.model import KeyInfo, Reading
from exporter.exchanges.base import (
    A_FEW,
    A_HANDFUL,
    A_MARKET,
    A_WALLET,
    Api,
    Endpoint,
    Exchange,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    ending,
    field,
    header_count,
    listing,
    name_of,
    refusal,
    refused,
    shown,
    text_of,
    unsigned,
)
from exporter.exchanges.readers import holding, holdings, price_book, read_clock, rows, unused, usdt_values
from exporter.exchanges.signing import hmac_hex, query_encoded, query_raw

HOST: Final = "https://open-api.bingx.com"
WINDOW_MS: Final = "5000"
PLAY_MONEY: Final = "VST"

MARKET: Final = (Limit("ip", "group 1", 500, 10.0), Limit("ip", "group 1 by minute", 1000, 60.0))


def _endpoint(path: str, requests: int, group: int, most: int = A_WALLET) -> Endpoint:
    limits = (
        Limit("uid", path, requests, 1.0),
        Limit("ip", path, 300, 10.0),
        Limit("ip", f"group {group}", 2000, 10.0),
    )
    return Endpoint(path, limits, most=most)


SPOT: Final = _endpoint("/openApi/spot/v1/account/balance", 5, 3)
FUNDING: Final = _endpoint("/openApi/fund/v1/account/balance", 2, 2)
OVERVIEW: Final = _endpoint("/openApi/account/v1/allAccountBalance", 5, 2, A_FEW)
PERMISSIONS: Final = _endpoint("/openApi/v1/account/apiPermissions", 2, 2, A_FEW)
RESTRICTIONS: Final = _endpoint("/openApi/v1/account/apiRestrictions", 2, 2, A_FEW)
TIME: Final = Endpoint("/openApi/spot/v1/server/time", MARKET, signed=False, most=A_FEW)
TICKERS: Final = Endpoint("/openApi/spot/v1/ticker/24hr", MARKET, signed=False, most=A_MARKET)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("100001", "100412", "100413"), AuthError),
    **dict.fromkeys(("100004", "100403"), PermissionMissing),
    "100419": IpRefused,
    **dict.fromkeys(("100410", "109429", "100409"), RateLimited),
}
"""Codes of one meaning, old numbers and those of October 2025."""

TEMPORARY: Final = frozenset({"100500", "100503", "109500", "80012"})
CLOCK: Final = frozenset({"100421", "109400"})
"""Codes that mean our timestamp only when their text says so; they serve for other refusals too."""

_RESTRICTED: Final = (
    "BingX calls the account abnormal or restricted: look for a notice in it, then ask BingX's support."
)
ADVICE: Final = {
    "100004": (
        'Tick "Read" for the key on BingX\'s API page. If only the funding wallet is refused, BingX asks "Universal '
        'Transfer" for it: rather than grant that, name the wallets to read, `wallets: [main, overview]`.'
    ),
    **dict.fromkeys(("100414", "100441", "109403", "80020"), _RESTRICTED),
}

OVERVIEW_NAMES: Final[Mapping[str, str]] = {
    "sopt": "spot",
    "spot": "spot",
    "eran": "earn",
    "earn": "earn",
    "USDTMPerp": "futures",
    "coinMPerp": "coin_futures",
    "stdFutures": "standard_futures",
    "copyTrading": "copy_trading",
    "grid": "grid",
    "c2c": "c2c",
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC over the sorted query before percent-encoding; the path is not part of it."""
    del host
    query = sorted((*request.query, ("recvWindow", WINDOW_MS), ("timestamp", str(now_ms))))
    signature = hmac_hex(credentials.secret, query_raw(query))
    return Signed(
        f"{request.path}?{query_encoded((*query, ('signature', signature)))}",
        {"X-BX-APIKEY": credentials.api_key.reveal()},
    )


def public(request: Request, now_ms: int) -> Signed:
    """Tickers ask for a `timestamp` although they are not signed."""
    if request.endpoint is TICKERS:
        request = request._replace(query=(*request.query, ("timestamp", str(now_ms))))
    return unsigned(request, now_ms)


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"code", "msg", "data"}`; success is code 0, as number or text; `apiPermissions` comes bare.

    Raises:
        BadPayload: no such envelope.
        PollError: what a refusal means, by its code and where that is of several meanings by its text.
    """
    if isinstance(payload, dict) and "code" not in payload:
        if status != 200:
            raise refusal(status, shown(payload))
        if "permissions" in payload:
            return payload
    code = field(payload, "code")
    if text_of(code) == "0" and status < 400:
        return field(payload, "data")
    words, name = text_of(payload.get("msg") or payload.get("debugMsg") or ""), text_of(code, 60)
    if name in CLOCK and ("time" in words.lower() or not words):
        raise ClockRefused(f"{name}: {words}")
    if "maint" in words.lower() and name not in ERRORS:
        raise Maintenance(f"{name}: {words}")
    raise refused(status, code, words, errors=ERRORS, temporary=TEMPORARY, advice=ADVICE)


def read_assets(endpoint: Endpoint, memory: RowMemory) -> Reader[Reading]:
    """Read every asset of the spot or the funding wallet; zero rows may be listed or not.

    A wallet that was never used is null, or has null for its list.
    """
    answer = yield Request(endpoint)
    assets = unused(_assets(answer), memory)
    read = yield from rows(assets, itemgetter("asset", "free", "locked"), holding, memory, holdings)
    return Reading(
        [balance for balance in read.balances if balance.currency != PLAY_MONEY],
        unreadable=[row for row in read.unreadable if row.name != PLAY_MONEY],
    )


def _assets(answer: Any) -> Any:
    if answer is None or isinstance(answer, list):
        return answer
    for name in ("balances", "assets", "balance"):
        if isinstance(answer, dict) and name in answer:
            return answer[name]
    raise BadPayload(f"data: {shown(answer)} where `balances`, `assets` or `balance` belongs")


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each wallet in USDT, as the exchange reports it."""
    del memory
    answer = yield Request(OVERVIEW)
    return usdt_values(_values(field(answer, "result") if isinstance(answer, dict) else answer))


def _values(answer: Any) -> Iterator[tuple[str, Any]]:
    for row in listing(answer, "data", A_HANDFUL):
        kind = name_of(field(row, "accountType"), "accountType")
        yield OVERVIEW_NAMES.get(kind, kind.lower()), field(row, "usdtBalance")


read_time: Final = partial(read_clock, TIME, "serverTime")


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


def remaining(headers: Mapping[str, str]) -> int | None:
    """`X-RateLimit-Requests-Remain`: calls left in the window."""
    return header_count(headers, "X-RateLimit-Requests-Remain")


EXCHANGE: Final = Exchange(
    name="bingx",
    credentials=("api_key", "secret"),
    apis={
        "": Api(
            host=HOST,
            endpoints=(SPOT, FUNDING, OVERVIEW, PERMISSIONS, RESTRICTIONS, TIME, TICKERS),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={
                "spot": WalletSource(partial(read_assets, SPOT), (SPOT,)),
                "overview": WalletSource(read_overview, (OVERVIEW,), default=True, overview=True, every=300.0),
                "funding": WalletSource(partial(read_assets, FUNDING), (FUNDING,), default=True),
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
