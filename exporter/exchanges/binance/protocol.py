"""What Binance is asked, how that is signed, and what its answers say when they refuse.

A good answer has no envelope: it is what was asked for, as a list or as an object. A refusal is an object whose `code`
is a negative number. Some answers of `/sapi` say `code: 200` or `success: true` beside what was asked for.

Calls are weighed, and weights are counted by address: all of `/api` together, all of each futures host together, and
each path of `/sapi` by itself. So a refusal for want of weight speaks of the whole address, but for `/sapi`, where it
speaks of the one path.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AddressLimited,
    AuthError,
    ClockRefused,
    IpRefused,
    Maintenance,
    NotOpened,
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
    address_in,
    ending,
    header_count,
    refusal,
    refused,
    shown,
    text_of,
)
from exporter.exchanges.signing import hmac_hex, query_encoded

HOST: Final = "https://api.binance.com"
FUTURES_HOST: Final = "https://fapi.binance.com"
COIN_FUTURES_HOST: Final = "https://dapi.binance.com"

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("-2008", "-2014", "-2015", "-2017", "-1022"), AuthError),
    "-1002": PermissionMissing,
    **dict.fromkeys(("-1005", "-1011"), IpRefused),
    "-1021": ClockRefused,
    "-1034": RateLimited,
}
"""Codes of one meaning, but for -2015 (see `OF_A_WALLET`). -1003 is either too fast or banned: its status decides."""

OF_A_WALLET: Final[Mapping[str, type[PollError]]] = {
    **ERRORS,
    "-2015": PermissionMissing,
    **dict.fromkeys(("-3003", "-11001", "-4109"), NotOpened),
}
"""The same beside spot. -2015 means key, address or right, and with the first two wrong spot fails as well."""

TEMPORARY: Final = frozenset({"-1000", "-1001", "-1004", "-1006", "-1007", "-1008", "-3000"})
"""Codes of a system that is late, busy or broken, which a repeat may change."""

_ELSEWHERE: Final = (
    "Binance serves nobody from this place. Run the exporter where it may be used, or set `proxy`; for an account of "
    "another house, such as Binance.US, set `base_url`."
)
_KEY: Final = "Check the key. One of Binance.US, of the testnet or of demo trading needs its own `base_url`."
_ONE_OF_THREE: Final = (
    "One of three is wrong, and Binance does not say which: the key, its right to read (Enable Reading), or the list "
    "of addresses it is bound to. A key that does not exist usually has another code."
)
_TICK: Final = (
    "Spot is read, so the key lacks the right: tick Enable Margin or Enable Futures for it, which also lets it trade, "
    "or leave the wallet out of `wallets`. A key that is older than the futures account never gets the right: make a "
    "new one."
)
ADVICE: Final = {
    "0": _ELSEWHERE,
    "-2008": _KEY,
    "-2014": _KEY,
    "-2015": _ONE_OF_THREE,
    "-1022": "Check the secret. Only a key that Binance generated with a secret (HMAC) signs here; see README.",
    "-2017": "Binance has locked the keys of this account: look for a notice on its site.",
}
OF_A_WALLET_ADVICE: Final = {**ADVICE, "-2015": _TICK, "-1002": _TICK}

PAGE_HINT: Final = (
    "A page with status 403 is Binance's firewall: too many requests, or an address that it does not like. Lower "
    "`rate_share`."
)
SECRET_NAMES: Final = ("X-MBX-APIKEY", "signature")

_MAINTENANCE: Final = re.compile(r"\bunder maintenance\b", re.IGNORECASE)
_WINDOW: Final = ("recvWindow", "5000")
"""For how many milliseconds after its timestamp a request is good; one that is a second ahead never is."""


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC-SHA256 over the whole query as it is sent, put behind it; path and host are not signed.

    Raises:
        AuthError: the secret is the private half of an Ed25519 or RSA key, which would need a library of its own.
    """
    del host
    if "PRIVATE KEY" in credentials.secret.reveal():
        raise AuthError(
            "the secret is a private key (PEM), and only keys with a secret (HMAC) are supported",
            advice='On Binance\'s API page make a "system generated" key, for reading alone, and use its secret.',
        )
    query = query_encoded((*request.query, _WINDOW, ("timestamp", str(now_ms))))
    return Signed(
        f"{request.path}?{query}&signature={hmac_hex(credentials.secret, query)}",
        {"X-MBX-APIKEY": credentials.api_key.reveal()},
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """The answer as it is, of `/api`: spot, prices and time.

    Raises:
        AddressLimited: the weight of this minute is used up, by whomever on our address.
        PollError: what any other code means.
    """
    return _of_the_address(status, payload, ERRORS, ADVICE)


@ending
def unwrap_contracts(status: int, payload: Any) -> Any:
    """As `unwrap`, of the futures: of a wallet for which the key may lack the right, or that was never opened.

    Raises:
        NotOpened: there is no such wallet.
        PermissionMissing: the key may not read it.
        PollError: as `unwrap`.
    """
    return _of_the_address(status, payload, OF_A_WALLET, OF_A_WALLET_ADVICE)


@ending
def unwrap_path(status: int, payload: Any) -> Any:
    """As `unwrap_contracts`, of `/sapi`, where each path is limited by itself and nobody is banned.

    Raises:
        PollError: as `unwrap_contracts`.
    """
    return _content(status, payload, OF_A_WALLET, OF_A_WALLET_ADVICE)


def _of_the_address(status: int, payload: Any, errors: Mapping[str, type[PollError]], advice: Mapping[str, str]) -> Any:
    try:
        return _content(status, payload, errors, advice)
    except RateLimited as error:
        raise AddressLimited(str(error)) from None


def _content(status: int, payload: Any, errors: Mapping[str, type[PollError]], advice: Mapping[str, str]) -> Any:
    told = payload if isinstance(payload, dict) else {}
    code, words = told.get("code"), told.get("msg") or ""
    if status < 300 and not _says_no(code) and told.get("success") is not False:
        return payload
    if isinstance(words, str) and _MAINTENANCE.search(words):
        raise Maintenance(f"{text_of(code, 60)}: {text_of(words)}")
    if code is None:
        raise refusal(status, shown(payload))
    error = refused(status, code, words, errors=errors, temporary=TEMPORARY, advice=advice)
    if isinstance(error, AuthError) and (seen := address_in(text_of(words))):
        error.advice = f"{error.advice} Binance sees {seen}."
    raise error


def _says_no(code: Any) -> bool:
    return isinstance(code, int) and code < 0


_OF_API: Final = Limit("ip", "api", 6_000, 60.0)
_OF_FUTURES: Final = Limit("ip", "fapi", 2_400, 60.0)
_OF_COIN_FUTURES: Final = Limit("ip", "dapi", 2_400, 60.0)


def _api(path: str, weight: int, most: int = A_WALLET, *, signed: bool = False) -> Endpoint:
    return Endpoint(path, (_OF_API,), signed=signed, most=most, weight=weight)


def _sapi(path: str, weight: int, most: int = A_WALLET) -> Endpoint:
    return Endpoint(path, (Limit("ip", path, 12_000, 60.0),), most=most, unwrap=unwrap_path, weight=weight)


SPOT: Final = _api("/api/v3/account", 20, signed=True)
TIME: Final = _api("/api/v3/time", 1, A_FEW)
TICKERS: Final = _api("/api/v3/ticker/price", 4, A_MARKET)
MARKETS: Final = _api("/api/v3/exchangeInfo", 20, A_MARKET)
OVERVIEW: Final = _sapi("/sapi/v1/asset/wallet/balance", 60, A_FEW)
MARGIN: Final = _sapi("/sapi/v1/margin/account", 10)
ISOLATED: Final = _sapi("/sapi/v1/margin/isolated/account", 10)
FLEXIBLE: Final = _sapi("/sapi/v1/simple-earn/flexible/position", 150)
STAKED: Final = _sapi("/sapi/v1/simple-earn/locked/position", 150)
KEY: Final = _sapi("/sapi/v1/account/apiRestrictions", 1, A_FEW)
FUTURES: Final = Endpoint("/fapi/v3/account", (_OF_FUTURES,), host=FUTURES_HOST, unwrap=unwrap_contracts, weight=5)
COIN_FUTURES: Final = Endpoint(
    "/dapi/v1/account", (_OF_COIN_FUTURES,), host=COIN_FUTURES_HOST, unwrap=unwrap_contracts, weight=5
)


def used(endpoint: Endpoint, headers: Mapping[str, str]) -> Mapping[str, int]:
    """Weight of this minute that our address has used, of the one limit that an endpoint counts against."""
    by_path = endpoint.path.startswith("/sapi/")
    count = header_count(headers, "X-SAPI-USED-IP-WEIGHT-1M" if by_path else "X-MBX-USED-WEIGHT-1M")
    return {} if count is None else {endpoint.limits[0].name: count}
