"""What BingX is asked, how that is signed, and what its answers say when they refuse."""

from collections.abc import Mapping
from functools import partial
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
)
from exporter.exchanges.base import (
    A_FEW,
    A_MARKET,
    A_WALLET,
    Endpoint,
    Limit,
    Request,
    Signed,
    ending,
    field,
    header_count,
    refusal,
    refused,
    shown,
    text_of,
    unsigned,
)
from exporter.exchanges.readers import read_clock
from exporter.exchanges.signing import hmac_hex, query_encoded, query_raw

HOST: Final = "https://open-api.bingx.com"
WINDOW_MS: Final = "5000"

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
FUTURES: Final = _endpoint("/openApi/swap/v3/user/balance", 5, 3)
COIN_FUTURES: Final = _endpoint("/openApi/cswap/v1/user/balance", 5, 2)
STANDARD_FUTURES: Final = _endpoint("/openApi/contract/v1/balance", 2, 2)
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
CLOCK: Final = frozenset({"100421", "109400", "80001", "80014"})
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
    **dict.fromkeys(
        ("100400", "100404"),
        "BingX does not take this call. Its pages contradict each other on `standard_futures`: if only that wallet "
        "fails, take it out of `wallets`. Else look for a newer version of this exporter.",
    ),
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


read_time: Final = partial(read_clock, TIME, "serverTime")


def remaining(headers: Mapping[str, str]) -> int | None:
    """`X-RateLimit-Requests-Remain`: calls left in the window."""
    return header_count(headers, "X-RateLimit-Requests-Remain")
