"""What OKX is asked, how that is signed, and what its answers say when they refuse."""

from collections.abc import Mapping
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
    listing,
    refusal,
    refused,
    shown,
)
from exporter.exchanges.signing import hmac_base64, query_encoded, utc_milliseconds

HOST: Final = "https://www.okx.com"


def _endpoint(path: str, requests: int, seconds: float, scope: str = "uid", most: int = A_WALLET) -> Endpoint:
    limit = Limit("uid" if scope == "uid" else "ip", path, requests, seconds)
    return Endpoint(path, (limit,), signed=scope == "uid", most=most)


ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("50100", "50101", "50103", "50104", "50105", "50106", "50107"), AuthError),
    **dict.fromkeys(("50111", "50113", "50114", "50119"), AuthError),
    **dict.fromkeys(("50102", "50112"), ClockRefused),
    "50110": IpRefused,
    **dict.fromkeys(("50030", "50035", "50120"), PermissionMissing),
    **dict.fromkeys(("50011", "50013", "50040", "50061", "58102"), RateLimited),
    "50001": Maintenance,
}
"""Codes of one meaning; the rest of the vendor's list is `exchange`."""

TEMPORARY: Final = frozenset({"50004", "50026", "50046", "50062", "58007"})
"""Codes of a system that is late or partly off, which a repeat may change."""

_FROZEN: Final = "OKX has blocked or frozen this account: look for a notice, then ask its support."
_REGION: Final = (
    "OKX refuses this account or address by region or missing identity check: sign in and look for a notice."
)
ADVICE: Final = {
    "50101": "The key belongs to demo trading: create one for the real account.",
    "50105": "Check the passphrase: it was chosen when the key was made.",
    "50110": "Add the address that OKX saw to the key's list there; a machine with IPv6 may be seen by that one.",
    "50119": "Check the key. A key of an account of my.okx.com needs `base_url: https://eea.okx.com`, "
    "one of app.okx.com `base_url: https://us.okx.com`.",
    **dict.fromkeys(("50007", "50008", "50009", "50012", "50017", "50018", "50019", "50020"), _FROZEN),
    **dict.fromkeys(("50021", "50022", "50023", "50027", "50029"), _FROZEN),
    **dict.fromkeys(("50041", "50051", "50052", "50059", "50060", "50121"), _REGION),
}

SECRET_NAMES: Final = ("OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-PASSPHRASE")


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Base64 HMAC over time, method, and path with its query as it is sent."""
    del host
    target = f"{request.path}?{query_encoded(request.query)}" if request.query else request.path
    stamp = utc_milliseconds(now_ms)
    return Signed(
        target,
        {
            "OK-ACCESS-KEY": credentials.api_key.reveal(),
            "OK-ACCESS-SIGN": hmac_base64(credentials.secret, f"{stamp}GET{target}"),
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
        },
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"code", "msg", "data"}`; success is exactly the text "0".

    Raises:
        BadPayload: no such envelope.
        PollError: what any other code means.
    """
    if isinstance(payload, dict) and "code" not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, "code")
    if code == "0" and status < 400:
        return field(payload, "data")
    raise refused(status, code, payload.get("msg"), errors=ERRORS, temporary=TEMPORARY, advice=ADVICE)


BALANCE: Final = _endpoint("/api/v5/account/balance", 10, 2.0)
FUNDING: Final = _endpoint("/api/v5/asset/balances", 6, 1.0)
VALUATION: Final = _endpoint("/api/v5/asset/asset-valuation", 1, 1.0, most=A_FEW)
SAVINGS: Final = _endpoint("/api/v5/finance/savings/balance", 6, 1.0)
ONCHAIN: Final = _endpoint("/api/v5/finance/staking-defi/orders-active", 3, 1.0)
CONFIG: Final = _endpoint("/api/v5/account/config", 5, 2.0, most=A_FEW)
TIME: Final = _endpoint("/api/v5/public/time", 10, 2.0, "ip", A_FEW)
TICKERS: Final = _endpoint("/api/v5/market/tickers", 20, 2.0, "ip", A_MARKET)


def only(data: Any) -> Any:
    """What stands alone in the list that OKX puts everything into.

    Raises:
        BadPayload: no list of exactly one thing.
    """
    if len(listing(data, "data", 1)) != 1:
        raise BadPayload("data: an empty list where one thing belongs")
    return data[0]
