"""XT: the spot wallet, through v4 (the default) or through the legacy API for keys that know nothing else.

Source: XT.com API documents, v4 (doc.xt.com) and "Get trading (spot) account assets" of the legacy API.
A read-only key is enough. Limits: v4 balances 10 a second by key, public calls 10 a second by IP; legacy balance 3
and other calls 10 a second by user, 1000 a minute by IP. Breaking them locks the API for ten minutes.
XT's list of keys answers with every secret in clear; it is no endpoint here and must never become one.

Words, v4: available = `availableAmount`; frozen = `frozenAmount`; net = `totalAmount`; locked = what of it is
neither; `convertUsdtAmount` values the whole in USDT where the answer has it. Amounts come as text or as numbers.
Words, legacy: available = `available`; frozen = `freeze`, which `available` does not contain; no locked. Zero rows
are listed, keys are lower case, tickers come without an envelope, and 404 in a body tells of a bad key.
"""

import ipaddress
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import AuthError, BadPayload, ClockRefused, IpRefused, PermissionMissing, PollError
from exporter.core.model import Balance, Reading
from exporter.exchanges.base import (
    A_FEW,
    A_MARKET,
    Api,
    Endpoint,
    Exchange,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    decimal,
    ending,
    field,
    name_of,
    refusal,
    refused,
    rest,
    shown,
    text_of,
)
from exporter.exchanges.readers import NOTHING, holding, holdings, price_book, read_clock, rows, unused
from exporter.exchanges.signing import hmac_hex, query_encoded, query_raw

HOST: Final = "https://sapi.xt.com"
LEGACY_HOST: Final = "https://api.xt.com"
WINDOW_MS: Final = "5000"


def _public(path: str, most: int) -> Endpoint:
    return Endpoint(path, (Limit("ip", path, 10, 1.0),), signed=False, most=most)


BALANCES: Final = Endpoint("/v4/balances", (Limit("key", "/v4/balances", 10, 1.0),))
TIME: Final = _public("/v4/public/time", A_FEW)
CLIENT: Final = _public("/v4/public/client", A_FEW)
TICKERS: Final = _public("/v4/public/ticker/price", A_MARKET)

LEGACY_ALL: Final = Limit("ip", "legacy", 1000, 60.0)
LEGACY_BALANCE: Final = Endpoint(
    "/trade/api/v1/getBalance", (Limit("uid", "/trade/api/v1/getBalance", 3, 1.0), LEGACY_ALL)
)
LEGACY_TIME: Final = Endpoint("/trade/api/v1/getServerTime", (LEGACY_ALL,), signed=False, most=A_FEW)
LEGACY_TICKERS: Final = Endpoint("/data/api/v1/getTickers", (LEGACY_ALL,), signed=False, most=A_MARKET)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys((f"AUTH_00{number}" for number in range(1, 8)), AuthError),
    **dict.fromkeys(("AUTH_101", "AUTH_102", "AUTH_103"), AuthError),
    "AUTH_104": IpRefused,
    "AUTH_105": ClockRefused,
    **dict.fromkeys(("AUTH_106", "NO_OPERATION_PERMISSION", "PERMISSION_LIMIT"), PermissionMissing),
}
TEMPORARY: Final = frozenset({"COMMON_002", "COMMON_003"})

_RISK: Final = "XT's risk control has stopped this request: look for a notice in the account, then ask XT's support."
ADVICE: Final = {
    "AUTH_102": (
        "The key is not active: XT has not yet approved it, or its risk control has banned the account's API. "
        "Look at the API page and for a notice in the account, then ask XT's support; a new key may not help."
    ),
    "AUTH_103": "The secret does not belong to the key: copy both again from XT's API page.",
    "AUTH_104": (
        "Bind the address that this exporter leaves from to the key on XT's API page; "
        "XT's public call /v4/public/client tells which address that is."
    ),
    **dict.fromkeys((f"GATEWAY_000{number}" for number in range(1, 5)), _RISK),
}

LEGACY_ERRORS: Final[Mapping[str, type[PollError]]] = {"307": AuthError, "308": AuthError}
_LEGACY_HINT: Final = "XT's documents know only v4: try `options: {api: v4}`, with a key made for it."
LEGACY_ADVICE: Final = {
    **dict.fromkeys(("307", "308"), f"{AuthError.advice} {_LEGACY_HINT}"),
    "404": _LEGACY_HINT,
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """v4: hex HMAC over four headers in ASCII order, method, path and the query before percent-encoding."""
    del host
    headers = {
        "validate-algorithms": "HmacSHA256",
        "validate-appkey": credentials.api_key.reveal(),
        "validate-recvwindow": WINDOW_MS,
        "validate-timestamp": str(now_ms),
    }
    query = sorted(request.query)
    text = f"{query_raw(headers.items())}#GET#{request.path}" + (f"#{query_raw(query)}" if query else "")
    return Signed(
        f"{request.path}?{query_encoded(query)}" if query else request.path,
        {**headers, "validate-signature": hmac_hex(credentials.secret, text)},
    )


def sign_legacy(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Legacy: key (`accesskey`, all lower case) and time join the query, sorted; its hex HMAC ends it."""
    del host
    query = sorted((*request.query, ("accesskey", credentials.api_key.reveal()), ("nonce", str(now_ms))))
    signature = hmac_hex(credentials.secret, query_raw(query))
    return Signed(f"{request.path}?{query_encoded((*query, ('signature', signature)))}")


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"rc", "mc", "ma", "result"}`; success is rc 0, refusals come with HTTP 200 and a word in `mc`.

    Raises:
        BadPayload: no such envelope.
        PollError: what the word means.
    """
    if isinstance(payload, dict) and "rc" not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, "rc")
    if text_of(code) == "0" and status < 400:
        return field(payload, "result")
    word = payload.get("mc")
    raise refused(
        status,
        word if isinstance(code, str | int) and word is not None else code,
        shown(payload["ma"]) if payload.get("ma") else "",
        errors=ERRORS,
        temporary=TEMPORARY,
        advice=ADVICE,
    )


@ending
def unwrap_legacy(status: int, payload: Any) -> Any:
    """Take off `{"code", "data", "info"}`; success is 200, tickers come bare, the words of `info` vary.

    Raises:
        BadPayload: no such envelope.
        PollError: what the code means, and for 400 and 404 the words.
    """
    if isinstance(payload, dict) and "code" not in payload:
        if status != 200:
            raise refusal(status, shown(payload))
        return payload
    code = field(payload, "code")
    if text_of(code) == "200" and status < 400:
        return field(payload, "data")
    words = text_of(payload.get("info") or payload.get("msgInfo") or "")
    error = refused(status, code, words, errors=LEGACY_ERRORS, advice=LEGACY_ADVICE)
    if text_of(code) == "400" and "nonce" in words.lower():  # 400 stands for every parameter that is not in order
        raise ClockRefused(str(error))
    if text_of(code) == "404" and "accesskey" in words.lower():
        raise AuthError(str(error), advice=LEGACY_ADVICE["307"])
    raise error


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every asset of the spot wallet in one call; nothing promises that zero rows are listed.

    Whether a wallet that was never used has null for its list is not known: null is believed of no other.
    """
    answer = yield Request(BALANCES)
    return (yield from rows(unused(field(answer, "assets"), memory), _fields, _balance, memory))


def _fields(row: Any) -> tuple[Any, ...]:
    return (
        row["currency"],
        row["availableAmount"],
        row["frozenAmount"],
        row["totalAmount"],
        row.get("convertUsdtAmount"),
    )


def _balance(currency: Any, available: Any, frozen: Any, whole: Any, value: Any) -> Balance:
    free = decimal(available, "availableAmount", negative=True)
    tied = decimal(frozen, "frozenAmount", negative=True)
    net = decimal(whole, "totalAmount", negative=True)
    worth = None if value is None or value == "" else decimal(value, "convertUsdtAmount", negative=True)
    return Balance(
        name_of(currency, "currency"),
        free,
        tied,
        rest(net, free, tied),
        net,
        usdt=worth or None,  # 0 is what XT says of a coin that it has no price for
    )


def read_spot_legacy(memory: RowMemory) -> Reader[Reading]:
    """Read the spot wallet, an object of lower-case currencies in which emptied ones stay.

    Whether a wallet that was never used is null is not known: null is believed of no other.
    """
    answer = yield Request(LEGACY_BALANCE)
    return (yield from rows(_items(unused(answer, memory, dict)), _legacy_fields, holding, memory, holdings))


def _items(answer: Any) -> list[Any]:
    if not isinstance(answer, dict):
        raise BadPayload(f"data: {shown(answer)} where an object belongs")
    return list(answer.items())


def _legacy_fields(item: Any) -> tuple[Any, ...]:
    currency, row = item
    if not isinstance(row, dict):
        return currency, NOTHING, NOTHING
    return currency, row.get("available", NOTHING), row.get("freeze", NOTHING)


read_time: Final = partial(read_clock, TIME, "serverTime")


read_time_legacy: Final = partial(read_clock, LEGACY_TIME, "serverTime")


def read_address() -> Reader[str]:
    """Read the address that XT sees us at: what an operator has to bind to the key."""
    answer = yield Request(CLIENT)
    try:
        return str(ipaddress.ip_address(name_of(field(answer, "ip"), "ip")))
    except ValueError:
        raise BadPayload(f"ip: {shown(answer)} where an address belongs") from None


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "s", "p"))


def read_prices_legacy() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair, from an object of tickers by symbol."""
    answer = yield Request(LEGACY_TICKERS)
    tickers = [(name, row["price"]) if isinstance(row, dict) and "price" in row else () for name, row in _items(answer)]
    return (yield from price_book(tickers, 0, 1))


def symbol(base: str, quote: str) -> str:
    """`btc_usdt`, in both generations."""
    return f"{base}_{quote}".lower()


V4: Final = Api(
    host=HOST,
    endpoints=(BALANCES, TIME, CLIENT, TICKERS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="spot",
    wallets={"spot": WalletSource(read_spot, (BALANCES,))},
    prices=read_prices,
    price_endpoints=(TICKERS,),
    symbol=symbol,
    address=read_address,
    secret_names=("validate-appkey", "validate-signature"),
)

LEGACY: Final = Api(
    host=LEGACY_HOST,
    endpoints=(LEGACY_BALANCE, LEGACY_TIME, LEGACY_TICKERS),
    sign=sign_legacy,
    unwrap=unwrap_legacy,
    time=read_time_legacy,
    main="spot",
    wallets={"spot": WalletSource(read_spot_legacy, (LEGACY_BALANCE,), lists_zeros=True)},
    prices=read_prices_legacy,
    price_endpoints=(LEGACY_TICKERS,),
    symbol=symbol,
    page_hint=_LEGACY_HINT,
    secret_names=("accesskey", "signature"),
)

EXCHANGE: Final = Exchange(
    name="xt",
    credentials=("api_key", "secret"),
    apis={"v4": V4, "legacy": LEGACY},
    option="api",
    first="v4",
    ban_seconds=600.0,
)
