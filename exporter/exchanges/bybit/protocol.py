"""What Bybit is asked, how that is signed, and what its answers say when they refuse."""

import re
from collections.abc import Mapping
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AddressLimited,
    AuthError,
    Banned,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
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
)
from exporter.exchanges.signing import hmac_hex, query_encoded

HOST: Final = "https://api.bybit.com"

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("10003", "10004", "10007", "33004", "-2015"), AuthError),
    **dict.fromkeys(("10002", "-1"), ClockRefused),
    "10005": PermissionMissing,
    "10006": RateLimited,
    "10010": IpRefused,
    "10018": AddressLimited,
    "429": RateLimited,
}
"""Codes of one meaning; the rest of the vendor's list is `exchange`. None says that Bybit is being worked on."""

TEMPORARY: Final = frozenset({"10000", "10016", "131003", "131200", "131201", "131230", "170001", "170007", "170032"})
"""Codes of a system that is late, broken or starting, which a repeat may change."""

_FROZEN: Final = "Bybit has barred this account from something: sign in, look for a notice, then ask its support."
_REGION: Final = (
    "Bybit refuses this account or address by region or missing identity check: sign in and look for a notice."
)
_CLASSIC: Final = "Upgrade the account to a unified one on Bybit's site: a classic account cannot be read."
ADVICE: Final = {
    "10003": "Check the key. One of the testnet, of demo trading or of another region needs its own `base_url`.",
    "10004": "Check the secret. Only a system-generated key (HMAC) signs here, no RSA key.",
    "10017": (
        "Check `base_url`. Where `overview` alone is refused, Bybit's site of that region has none: set "
        "`wallets: [main]`."
    ),
    "10005": (
        "Tick the right for the key on Bybit's API page, which a read-only key can have too: Wallet (Account Transfer) "
        "for `funding`, Earn for `earn`; or leave the wallet out of `wallets`."
    ),
    "33004": "The key has expired: a key without bound addresses lives for three months. Make a new one, and bind it.",
    **dict.fromkeys(("10008", "10027"), _FROZEN),
    **dict.fromkeys(("10009", "10024", "20096", "131004"), _REGION),
    "10028": _CLASSIC,
}

PAGE_HINT: Final = (
    "With status 403 Bybit serves nobody from this country, such as the US and mainland China: run the exporter "
    "elsewhere, or set the `base_url` of the account's region. For `unified` with status 404 the account is a classic "
    "one: upgrade it to a unified one on Bybit's site. For `overview` alone, the site of that region has none: set "
    "`wallets: [main]`."
)
"""The sites of single regions have no overview; how they refuse it is not told: by 404 or by 10017, it is assumed."""

SECRET_NAMES: Final = ("X-BAPI-API-KEY", "X-BAPI-SIGN")

_WINDOW: Final = "5000"
"""For how many milliseconds after its timestamp a request is good; one that is a second ahead never is."""

_BANNED: Final = re.compile(r"access too frequent", re.IGNORECASE)


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC-SHA256 over time, key, window and the query as it is sent; the path is not signed.

    Raises:
        AuthError: the secret is the private half of an RSA key, which would need a library of its own.
    """
    del host
    if "PRIVATE KEY" in credentials.secret.reveal():
        raise AuthError(
            "the secret is a private key (PEM), and only keys with a secret (HMAC) are supported",
            advice='On Bybit\'s API page make a "system-generated" key, read-only, and use its secret.',
        )
    key, stamp, query = credentials.api_key.reveal(), str(now_ms), query_encoded(request.query)
    return Signed(
        f"{request.path}?{query}" if query else request.path,
        {
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": _WINDOW,
            "X-BAPI-SIGN": hmac_hex(credentials.secret, f"{stamp}{key}{_WINDOW}{query}"),
        },
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"retCode", "retMsg", "result"}`; success is exactly the number 0.

    Raises:
        BadPayload: no such envelope.
        BadStatus: a status from 400 on without a code, as a classic account is answered with 404.
        Banned: status 403 and words of a ban; other words with that status are those of a country that is shut out.
        PollError: what any other code means.
    """
    if isinstance(payload, dict) and "retCode" not in payload and status != 200:
        raise _without_code(status, shown(payload))
    code = field(payload, "retCode")
    if type(code) is int and code == 0 and status < 400:
        return field(payload, "result")
    words = payload.get("retMsg")
    if status == 403 and _BANNED.search(text_of(words)):
        raise forbidden(text_of(words))
    raise refused(status, code, words, errors=ERRORS, temporary=TEMPORARY, advice=ADVICE)


def _without_code(status: int, words: str) -> PollError:
    if status == 403:
        return forbidden(words)
    failure = refusal(status, words)
    if status == 404:
        failure.advice = PAGE_HINT
    return failure


def forbidden(words: str) -> PollError:
    """What status 403 means, by its words: a ban of our address, or a country that is shut out."""
    if _BANNED.search(words):
        return Banned(f"HTTP 403: {words}")
    return ExchangeRefused(f"HTTP 403: {words}", advice=PAGE_HINT)


def no_json(body: str) -> PollError | None:
    """A ban also where it is told by a page; every other page is left to its status."""
    return forbidden("access too frequent") if _BANNED.search(body) else None


_OF_ADDRESS: Final = Limit("ip", "all", 600, 5.0)
"""Over all paths and hosts; beyond that our address is banned for ten minutes at least."""


def _signed(path: str, a_second: int, most: int = A_WALLET) -> Endpoint:
    return Endpoint(path, (Limit("uid", path, a_second, 1.0), _OF_ADDRESS), most=most)


def _public(path: str, most: int) -> Endpoint:
    return Endpoint(path, (_OF_ADDRESS,), signed=False, most=most)


UNIFIED: Final = _signed("/v5/account/wallet-balance", 50)
FUNDING: Final = _signed("/v5/asset/transfer/query-account-coins-balance", 5)
OVERVIEW: Final = _signed("/v5/asset/asset-overview", 50, A_FEW)
EARN: Final = _signed("/v5/earn/position", 5)
KEY: Final = _signed("/v5/user/query-api", 10, A_FEW)
TIME: Final = _public("/v5/market/time", A_FEW)
TICKERS: Final = _public("/v5/market/tickers", A_MARKET)
MARKETS: Final = _public("/v5/market/instruments-info", A_MARKET)


def remaining(headers: Mapping[str, str]) -> int | None:
    """`X-Bapi-Limit-Status`: calls left in this second for the endpoint."""
    return header_count(headers, "X-Bapi-Limit-Status")
