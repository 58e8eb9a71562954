"""What Bitget is asked, how that is signed, and what its answers say when they refuse."""

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
    WrongApi,
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
)
from exporter.exchanges.readers import read_clock
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


read_time: Final = partial(read_clock, TIME, "serverTime")
