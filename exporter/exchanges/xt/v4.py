"""XT's spot wallet through v4: how it is asked, what its answers say, and what their rows mean.

Words: available = `availableAmount`; frozen = `frozenAmount`; net = `totalAmount`; locked = what of it is neither;
`convertUsdtAmount` values the whole in USDT where the answer has it. Amounts come as text or as numbers.
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
    Endpoint,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
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
from exporter.exchanges.readers import price_book, read_clock, rows, unused
from exporter.exchanges.signing import hmac_hex, query_encoded, query_raw

HOST: Final = "https://sapi.xt.com"
WINDOW_MS: Final = "5000"


def _public(path: str, most: int) -> Endpoint:
    return Endpoint(path, (Limit("ip", path, 10, 1.0),), signed=False, most=most)


BALANCES: Final = Endpoint("/v4/balances", (Limit("key", "/v4/balances", 10, 1.0),))
TIME: Final = _public("/v4/public/time", A_FEW)
CLIENT: Final = _public("/v4/public/client", A_FEW)
TICKERS: Final = _public("/v4/public/ticker/price", A_MARKET)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys((f"AUTH_00{number}" for number in range(1, 8)), AuthError),
    **dict.fromkeys(("AUTH_101", "AUTH_102", "AUTH_103"), AuthError),
    "AUTH_104": IpRefused,
    "AUTH_105": ClockRefused,
    **dict.fromkeys(("AUTH_106", "NO_OPERATION_PERMISSION", "PERMISSION_LIMIT"), PermissionMissing),
}
TEMPORARY: Final = frozenset({"COMMON_002", "COMMON_003"})

RISK: Final = "XT's risk control has stopped this request: look for a notice in the account, then ask XT's support."
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
    **dict.fromkeys((f"GATEWAY_000{number}" for number in range(1, 5)), RISK),
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


read_time: Final = partial(read_clock, TIME, "serverTime")


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


def symbol(base: str, quote: str) -> str:
    """`btc_usdt`, in both generations."""
    return f"{base}_{quote}".lower()
