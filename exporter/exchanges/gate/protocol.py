"""What Gate is asked, how that is signed, and what its answers say when they refuse.

A good answer has no envelope: it is what was asked for, as a list or as an object. A refusal is an object with a
`label`. Labels that clients have seen and the vendor's list lacks are taken as the clients understand them.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AuthError,
    ClockRefused,
    IpRefused,
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
    address_in,
    ending,
    header_count,
    refusal,
    refused,
    shown,
    text_of,
)
from exporter.exchanges.signing import hmac_sha512_hex, query_encoded, query_raw

HOST: Final = "https://api.gateio.ws"

NO_BODY: Final = (
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)
"""SHA-512 of nothing, which every GET has for its body."""

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("INVALID_KEY", "INVALID_SIGNATURE", "INVALID_CREDENTIALS"), AuthError),
    **dict.fromkeys(("MISSING_REQUIRED_HEADER", "AUTHENTICATION_FAILED"), AuthError),
    "REQUEST_EXPIRED": ClockRefused,
    **dict.fromkeys(("FORBIDDEN", "READ_ONLY"), PermissionMissing),
    **dict.fromkeys(("TOO_MANY_REQUESTS", "TOO_FAST"), RateLimited),
}
"""Labels of one meaning; the rest of the vendor's list is `exchange`. None says that Gate is being worked on."""

TEMPORARY: Final = frozenset({"INTERNAL", "SERVER_ERROR", "TOO_BUSY", "TIMEOUT"})
"""Labels of a system that is late or broken, which a repeat may change."""

_FROZEN: Final = "Gate has locked this account, or sees something wrong in it: look for a notice, then ask its support."
_TICK: Final = (
    "Gate's words name the right that the key lacks: tick it as read only for the key on Gate's API page, "
    "or leave the wallet out of `wallets`. A change takes up to five minutes."
)
ADVICE: Final = {
    "FORBIDDEN": _TICK,
    "INVALID_KEY": "Check the key. One of Gate's testnet or of another region's Gate needs its own `base_url`.",
    **dict.fromkeys(("ACCOUNT_LOCKED", "SUB_ACCOUNT_LOCKED"), _FROZEN),
    **dict.fromkeys(("ACCOUNT_EXCEPTION", "MARGIN_BALANCE_EXCEPTION"), _FROZEN),
}

PRODUCT_ERRORS: Final[Mapping[str, type[PollError]]] = {
    **ERRORS,
    **dict.fromkeys(("USER_NOT_FOUND", "CROSS_ACCOUNT_NOT_FOUND"), NotOpened),
}
"""What labels mean where an account may never have opened the product: the first transfer into it does."""

CLASSIC_LABELS: Final = frozenset({"INVALID_UNIFIED_ACCOUNT", "UNIFIED_ACCOUNT_NOT_ACTIVATED"})
"""Labels that prove a classic account, where the unified wallet is asked."""

MODE: Final = "Set `options: {mode: auto}`, or `mode: classic`."
_UNIFIED_RIGHT: Final = (
    "Tick Unified (read only) for the key on Gate's API page: without it the account's mode cannot be found out. "
    "If the account is classic, `options: {mode: classic}` does as well."
)

SECRET_NAMES: Final = ("KEY", "SIGN")

_OF_ADDRESSES: Final = re.compile(r"\bip\b.*\b(?:white|allow)-?\s?list", re.IGNORECASE)


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC-SHA512 over method, path, query before percent-encoding, hash of no body, and seconds."""
    del host
    stamp = str(now_ms // 1000)
    text = "\n".join(("GET", request.path, query_raw(request.query), NO_BODY, stamp))
    return Signed(
        f"{request.path}?{query_encoded(request.query)}" if request.query else request.path,
        {
            "KEY": credentials.api_key.reveal(),
            "Timestamp": stamp,
            "SIGN": hmac_sha512_hex(credentials.secret, text),
        },
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """The answer as it is: a good one has a status of success, and no label or an empty one.

    Raises:
        IpRefused: also where a missing right is said (FORBIDDEN) and the words tell of a list of addresses.
        PollError: what any other label means.
    """
    return _content(status, payload, ERRORS, ADVICE)


@ending
def unwrap_product(status: int, payload: Any) -> Any:
    """As `unwrap`, for wallets that the first transfer into them opens.

    Raises:
        NotOpened: nothing was ever put into this one.
        PollError: as `unwrap`.
    """
    return _content(status, payload, PRODUCT_ERRORS, ADVICE)


@ending
def unwrap_unified(status: int, payload: Any) -> Any:
    """As `unwrap`, for the unified wallet.

    Raises:
        WrongApi: the account is a classic one.
        PermissionMissing: says nothing of the mode.
        PollError: as `unwrap`.
    """
    label = payload.get("label") if isinstance(payload, dict) else None
    if isinstance(label, str) and label in CLASSIC_LABELS:
        raise WrongApi(f"{label}: {text_of(_words(payload))}", api="classic", advice=MODE)
    return _content(status, payload, ERRORS, {**ADVICE, "FORBIDDEN": _UNIFIED_RIGHT})


@ending
def unwrap_keys(status: int, payload: Any) -> Any:
    """As `unwrap`, but a list of keys that is not shown to this one, as to a sub-account's, is an empty list."""
    try:
        return _content(status, payload, ERRORS, ADVICE)
    except PermissionMissing:
        return []


def _words(payload: Mapping[str, Any]) -> Any:
    return payload.get("message") or payload.get("detail") or ""


def _content(status: int, payload: Any, errors: Mapping[str, type[PollError]], advice: Mapping[str, str]) -> Any:
    label = payload.get("label") if isinstance(payload, dict) else None
    if label is None or label == "":
        if status < 300:
            return payload
        raise refusal(status, shown(payload))
    words = _words(payload)
    if label == "IP_FORBIDDEN" or (label == "FORBIDDEN" and _OF_ADDRESSES.search(text_of(words))):
        raise IpRefused(f"{label}: {text_of(words)}", advice=_add(address_in(text_of(words))))
    raise refused(status, label, words, errors=errors, temporary=TEMPORARY, advice=advice)


def _add(address: str | None) -> str | None:
    return address and f"Add {address}, the address that Gate sees, to the key's list on Gate's API page."


def _endpoint(path: str, requests: int, scope: str = "uid", most: int = A_WALLET) -> Endpoint:
    limit = Limit("uid" if scope == "uid" else "ip", path, requests, 10.0)
    return Endpoint(path, (limit,), signed=scope == "uid", most=most)


SPOT: Final = _endpoint("/api/v4/spot/accounts", 200)
UNIFIED: Final = _endpoint("/api/v4/unified/accounts", 150)._replace(unwrap=unwrap_unified)
OVERVIEW: Final = _endpoint("/api/v4/wallet/total_balance", 80, most=A_FEW)
ISOLATED: Final = _endpoint("/api/v4/margin/accounts", 150)._replace(unwrap=unwrap_product)
FUTURES: Final = _endpoint("/api/v4/futures/usdt/accounts", 200, most=A_FEW)._replace(unwrap=unwrap_product)
COIN_FUTURES: Final = _endpoint("/api/v4/futures/btc/accounts", 200, most=A_FEW)._replace(unwrap=unwrap_product)
DELIVERY: Final = _endpoint("/api/v4/delivery/usdt/accounts", 150, most=A_FEW)._replace(unwrap=unwrap_product)
OPTIONS: Final = _endpoint("/api/v4/options/accounts", 150, most=A_FEW)._replace(unwrap=unwrap_product)
EARN: Final = _endpoint("/api/v4/earn/uni/lends", 150)._replace(unwrap=unwrap_product)
DETAIL: Final = _endpoint("/api/v4/account/detail", 150, most=A_FEW)
KEYS: Final = _endpoint("/api/v4/account/main_keys", 150, most=A_FEW)._replace(unwrap=unwrap_keys)
TIME: Final = _endpoint("/api/v4/spot/time", 200, "ip", A_FEW)
TICKERS: Final = _endpoint("/api/v4/spot/tickers", 200, "ip", A_MARKET)


def remaining(headers: Mapping[str, str]) -> int | None:
    """`X-Gate-RateLimit-Requests-Remain`: calls left in the window for the endpoint."""
    return header_count(headers, "X-Gate-RateLimit-Requests-Remain")
