"""What HTX is asked, how that is signed, and what its answers say when they refuse.

One code stands for a bad key, secret, clock, address and permission: only the text tells them apart. The host is part
of the signed text.
"""

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
    UnknownAccount,
    UserLimited,
)
from exporter.exchanges.base import (
    A_FEW,
    A_MARKET,
    A_WALLET,
    Endpoint,
    Limit,
    Reader,
    Request,
    Signed,
    address_in,
    ending,
    field,
    header_count,
    moment,
    refusal,
    refused,
    shown,
    text_of,
)
from exporter.exchanges.signing import hmac_base64, query_encoded, utc_seconds

HOST: Final = "https://api.huobi.pro"


_SUB_USER: Final = (
    "Tick the read permission for the key on HTX's API page. A sub-user's key may read accounts and balances only: "
    "leave `overview` out of `wallets` for it."
)
"""HTX answers a sub-user with a 403 page, not with its own envelope, where it asks a path that only main users may."""

EXPIRED: Final = "The key has expired: create a new one on HTX's API page, bound to addresses."
UNKNOWN_KEY: Final = "HTX does not know this access key: copy it again from HTX's API page."
BAD_SIGNATURE: Final = "The secret does not belong to the access key, or a proxy rewrites the host."


def _by_uid(path: str, most: int = A_WALLET) -> Endpoint:
    return Endpoint(path, (Limit("uid", path, 100, 2.0),), most=most)


ACCOUNTS: Final = _by_uid("/v1/account/accounts")
BALANCE: Final = _by_uid("/v1/account/accounts/{id}/balance")
VALUATION: Final = _by_uid("/v2/account/asset-valuation", A_FEW)._replace(forbids=_SUB_USER)
UID: Final = Endpoint("/v2/user/uid", (Limit("key", "/v2/user/uid", 10, 1.0),), most=A_FEW, forbids=_SUB_USER)
API_KEY: Final = Endpoint(
    "/v2/user/api-key", (Limit("key", "/v2/user/api-key", 10, 1.0),), most=A_FEW, forbids=_SUB_USER
)
TIME: Final = Endpoint(
    "/v1/common/timestamp", (Limit("ip", "/v1/common/timestamp", 10, 1.0),), signed=False, most=A_FEW
)
TICKERS: Final = Endpoint(
    "/market/tickers", (Limit("ip", "/market/tickers", 4500, 300.0),), signed=False, most=A_MARKET
)
MARKETS: Final = Endpoint(
    "/v1/common/symbols", (Limit("ip", "/v1/common/symbols", 10, 1.0),), signed=False, most=A_MARKET
)

NOT_VALID: Final = frozenset({"api-signature-not-valid", "1003"})
"""One code for key, secret, clock, address and permission: only the text tells them apart."""

ERRORS: Final[Mapping[str, type[PollError]]] = {
    "login-required": AuthError,
    **dict.fromkeys(("1002", "403"), PermissionMissing),
    "system-maintenance": Maintenance,
    **dict.fromkeys(("base-request-exceed-frequency-limit", "rate-too-many-requests"), RateLimited),
    "base-user-request-exceed-limit": UserLimited,
    **dict.fromkeys(("510", "1006", "429"), RateLimited),
    **dict.fromkeys(
        ("account-get-accounts-inexistent-error", "account-account-id-inexistent", "base-record-invalid"),
        UnknownAccount,
    ),
}
TEMPORARY: Final = frozenset({"gateway-internal-error", "base-system-error", "timeout"})


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Base64 HMAC over method, host, path and the encoded query in byte order, which it then ends."""
    query = [
        *request.query,
        ("AccessKeyId", credentials.api_key.reveal()),
        ("SignatureMethod", "HmacSHA256"),
        ("SignatureVersion", "2"),
        ("Timestamp", utc_seconds(now_ms)),
    ]
    if request.endpoint is API_KEY:
        query.append(("accessKey", credentials.api_key.reveal()))
    joined = query_encoded(sorted(query))
    signature = hmac_base64(credentials.secret, f"GET\n{host.lower()}\n{request.path}\n{joined}")
    return Signed(f"{request.path}?{joined}&{query_encoded([('Signature', signature)])}")


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off one of three envelopes: v1 (`status`, `err-code`), v2 (`code`, `message`), futures (`err_code`).

    Raises:
        BadPayload: none of these envelopes.
        PollError: what a refusal means, by its text where the code says too little.
    """
    if isinstance(payload, dict) and not payload.keys() & {"status", "code"} and status >= 400:
        raise refusal(status, shown(payload))
    if not isinstance(payload, dict) or not payload.keys() & {"status", "code"}:
        raise BadPayload(f"{shown(payload)} where `status` or `code` belongs")
    refuses = payload.get("success") is False or payload.get("ok") is False or status >= 400
    if not refuses and (payload.get("status") == "ok" or text_of(payload.get("code")) == "200"):
        return field(payload, "data")
    raise _refused(status, payload)


def code_and_words(payload: Any) -> tuple[Any, Any]:
    """What a refusal gives for its code and its words, in whichever envelope; empty texts where there is none."""
    if not isinstance(payload, dict):
        return "", ""
    code = next((payload[name] for name in ("err-code", "err_code", "code", "status") if name in payload), "")
    words = next((payload[name] for name in ("err-msg", "err_msg", "message", "msg") if payload.get(name)), "")
    return code, words


def _refused(status: int, payload: Mapping[str, Any]) -> PollError:
    code, words = code_and_words(payload)
    name = text_of(code, 60)
    said = f"{name}: {text_of(words)}"
    text = f"{said} {text_of(payload.get('status', ''))}".lower()
    if name in NOT_VALID or name == "2000":
        return _not_valid(said)
    if "maintain" in text or "maintenance" in text:
        return Maintenance(said)
    if "request limit" in text:
        return RateLimited(said)
    return refused(
        status, code, words, errors=ERRORS, temporary=TEMPORARY, advice={"1002": _SUB_USER, "403": _SUB_USER}
    )


def _not_valid(text: str) -> PollError:
    lower = text.lower()
    if "ip address" in lower or lower.startswith("2000"):
        return IpRefused(text, advice=bind(text))
    if "submission time" in lower:
        return ClockRefused(text)
    if "expired" in lower:
        return AuthError(text, advice=EXPIRED)
    if "permission" in lower:
        return PermissionMissing(text)
    if "access key" in lower:
        return AuthError(text, advice=UNKNOWN_KEY)
    if "verification failure" in lower:
        return AuthError(text, advice=BAD_SIGNATURE)
    return AuthError(text)


def bind(text: str) -> str | None:
    """The advice for an IP refusal, with the address that HTX's message names after its last bracket."""
    address = address_in(text.rpartition("]")[2])
    return address and f"Add {address}, the address that HTX sees, to the key's allow-list on HTX's API page."


def read_time() -> Reader[int]:
    """Read the exchange's clock."""
    answer = yield Request(TIME)
    return moment(answer, "timestamp")


def remaining(headers: Mapping[str, str]) -> int | None:
    """`X-HB-RateLimit-Requests-Remain`, of futures `ratelimit-remaining`: calls left in the window."""
    left = header_count(headers, "X-HB-RateLimit-Requests-Remain")
    return header_count(headers, "ratelimit-remaining") if left is None else left


def number(value: Any, where: str) -> str:
    """An id as it goes into a path or query: digits only, whatever the answer says.

    Raises:
        BadPayload: anything else.
    """
    text = str(value) if type(value) is int else value
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 20):
        raise BadPayload(f"{where}: {shown(value)} where digits belong")
    return text
