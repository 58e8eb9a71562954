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
    NotOpened,
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

_COPY_TRADER: Final = (
    "Bitget does not show this wallet to keys of copy traders: create a key without copy trading, "
    "or leave the wallet out of `wallets`."
)
_NO_EARN: Final = (
    "Bitget does not show earn of this unified account, whatever its key may do: leave `earn` out of `wallets`."
)

PRODUCT_ERRORS: Final[Mapping[str, type[PollError]]] = {
    **ERRORS,
    **dict.fromkeys(("50021", "40054"), NotOpened),
    "40731": PermissionMissing,
}
"""What codes mean where an account may never have opened the product, and where a refusal says nothing of its mode."""

PRODUCT_ADVICE: Final = {**ADVICE, "40731": _COPY_TRADER}

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
    return _content(status, payload, ERRORS, ADVICE)


@ending
def unwrap_product(status: int, payload: Any) -> Any:
    """As `unwrap`, for the wallets beside spot.

    Raises:
        NotOpened: the account never opened this product.
        PermissionMissing: also where the key is a copy trader's: of the mode spot tells, which is read as well.
        PollError: as `unwrap`.
    """
    return _content(status, payload, PRODUCT_ERRORS, PRODUCT_ADVICE)


def unwrap_futures(status: int, payload: Any) -> Any:
    """As `unwrap_product`, but a product type that was never opened is told, not raised: another may hold something.

    Returns:
        The content, or the `NotOpened` that stands in its place.

    Raises:
        PollError: as `unwrap_product`.
    """
    try:
        return unwrap_product(status, payload)
    except NotOpened as refusal:
        return refusal.bare()


@ending
def unwrap_unified_earn(status: int, payload: Any) -> Any:
    """As `unwrap_product`, for the one path of v2 that unified accounts are asked.

    Reports contradict each other on whether they are answered. What elsewhere proves that an account is unified is no
    news here: taken for that, it would be followed back to this path, again and again.

    Raises:
        PermissionMissing: also where Bitget shows earn to classic accounts only (40085).
        PollError: as `unwrap_product`.
    """
    errors = {**PRODUCT_ERRORS, "40085": PermissionMissing}
    return _content(status, payload, errors, {**PRODUCT_ADVICE, "40085": _NO_EARN})


def _content(status: int, payload: Any, errors: Mapping[str, type[PollError]], advice: Mapping[str, str]) -> Any:
    if isinstance(payload, dict) and "code" not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, "code")
    if code == "00000" and status < 400:
        return field(payload, "data")
    words = payload.get("msg") or payload.get("message")
    error = refused(status, code, words, errors=errors, temporary=TEMPORARY, advice=advice)
    if isinstance(code, str) and code in WRONG_API and code not in errors:
        raise WrongApi(str(error), api=WRONG_API[code], advice=_ELITE if code == "40731" else _MODE)
    raise error


FUNDING: Final = _endpoint("/api/v2/account/funding-assets", 10)._replace(unwrap=unwrap_product)
FUTURES: Final = _endpoint("/api/v2/mix/account/accounts", 10)._replace(unwrap=unwrap_futures)
MARGIN: Final = _endpoint("/api/v2/margin/crossed/account/assets", 10)._replace(unwrap=unwrap_product)
ISOLATED: Final = _endpoint("/api/v2/margin/isolated/account/assets", 10)._replace(unwrap=unwrap_product)
BOTS: Final = _endpoint("/api/v2/account/bot-assets", 5)._replace(unwrap=unwrap_product)  # 10 on an older page
EARN: Final = _endpoint("/api/v2/earn/account/assets", 10)._replace(unwrap=unwrap_product)
UNIFIED_EARN: Final = EARN._replace(unwrap=unwrap_unified_earn)


def remaining(headers: Mapping[str, str]) -> int | None:
    """`x-mbx-used-remain-limit`: calls left in the current second for the endpoint."""
    return header_count(headers, "x-mbx-used-remain-limit")


read_time: Final = partial(read_clock, TIME, "serverTime")
