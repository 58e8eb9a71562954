"""What a description of an exchange must say so that it can be used: looked at without asking the exchange anything.

Exchanges that other packages bring are looked at when they are loaded; ours by the contract (`contract`), in tests.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from math import isfinite
from typing import Final, get_args
from urllib.parse import parse_qsl

from exporter.core.credentials import Credentials, Secret
from exporter.exchanges.base import A_MARKET, Api, Exchange, Request, Scope, Signed

MOMENT: Final = 1767225600123
"""Milliseconds since the epoch, at which requests are signed here."""

_CREDENTIALS: Final = tuple(each.name for each in fields(Credentials))
_OURS: Final = ("MARKEDKEY1", "MARKEDSECRET2", "MARKEDPASSPHRASE3")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII).fullmatch
_WALLET: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(?:/[A-Z0-9]{1,40})?", re.ASCII).fullmatch
_RESERVED: Final = ("main", "all")
_HOST: Final = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?(?::\d{1,5})?", re.ASCII).fullmatch
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}|/\{id\}){1,20}", re.ASCII).fullmatch
_OVERVIEW_SECONDS: Final = 300.0


def faults(exchange: Exchange) -> list[str]:
    """What keeps a description from being used, one sentence each; none where it is good."""
    try:
        return list(_faults(exchange))
    except Exception as error:
        return [f"looking at it ends in {type(error).__name__}: {error}"]


def _faults(exchange: Exchange) -> Iterator[str]:
    if not _NAME(exchange.name):
        yield f"its name {exchange.name!r} is not made of small letters, digits, - and _"
    if exchange.credentials[:1] != ("api_key",) or not set(exchange.credentials) <= set(_CREDENTIALS):
        yield f"credentials are {exchange.credentials!r}: api_key first, and of others secret and passphrase"
    if exchange.first not in exchange.apis:
        yield f"there is no API {exchange.first!r}, which is to be asked first"
    if bool(exchange.option) != (len(exchange.apis) > 1) or (exchange.probes and not exchange.option):
        yield "an option chooses between several APIs, and only there is one"
    if not (isfinite(exchange.ban_seconds) and exchange.ban_seconds > 0 and exchange.ban_scope in get_args(Scope)):
        yield "ban_seconds and ban_scope do not tell how long a ban lasts, and whom it concerns"
    for name, api in exchange.apis.items():
        where = f"API {name}: " if name else ""
        for look in (_hosts, _endpoints, _limits, _wallets, _prices, _signing):
            yield from (where + fault for fault in look(exchange, api))


def _hosts(_: Exchange, api: Api) -> Iterator[str]:
    for host in sorted({api.host, *(each.host for each in api.endpoints if each.host)}):
        if not _HOST(host):
            yield f"the host {host!r} is not https:// and a name in small letters, without a path"


def _endpoints(_: Exchange, api: Api) -> Iterator[str]:
    for each in api.endpoints:
        if not _PATH(each.path) or each.path.count("{id}") > 1 or ".." in each.path:
            yield f"the path {each.path!r} is no plain path with at most one {{id}}"
        if each.post:
            yield f"{each.path} is asked by POST, and nothing but GET is sent for what is described here"
        if not 0 < each.most <= A_MARKET:
            yield f"{each.path}: an answer may have {each.most} bytes; at most {A_MARKET} are taken"
    asked = {
        "prices": api.price_endpoints,
        "markets": api.market_endpoints,
        "discover": api.list_endpoints,
        **{f"wallet {name}": wallet.endpoints for name, wallet in api.wallets.items()},
    }
    for what, endpoints in asked.items():
        for each in endpoints:
            if each not in api.endpoints:
                yield f"{what} asks {each.path}, which is not among the endpoints"


def _limits(_: Exchange, api: Api) -> Iterator[str]:
    said: dict[tuple[str, str, str], object] = {}
    for each in api.endpoints:
        scopes = {limit.scope for limit in each.limits}
        if not scopes or not scopes <= (set(get_args(Scope)) if each.signed else {"ip"}):
            wanted = "by uid, key or ip" if each.signed else "by ip alone"
            yield f"{each.path}: a {'signed' if each.signed else 'public'} path is limited {wanted}"
        if each.weight < 1:
            yield f"{each.path}: a request weighs {each.weight}; it counts for 1 at least"
        for limit in each.limits:
            if not (limit.requests > 0 and limit.seconds > 0 and isfinite(limit.seconds)):
                yield f"{each.path}: the limit {limit.name!r} is {limit.requests} requests in {limit.seconds} s"
            if said.setdefault((limit.scope, limit.name, each.host), limit) != limit:
                yield f"{each.path}: the limit {limit.name!r} has other numbers elsewhere"


def _wallets(_: Exchange, api: Api) -> Iterator[str]:
    if api.main not in api.wallets or api.wallets[api.main].overview:
        yield f"the main wallet {api.main!r} is none of its wallets that hold balances"
    for name, wallet in api.wallets.items():
        if not _WALLET(name) or name in _RESERVED:
            yield f"the wallet name {name!r} is not like spot, coin_futures or isolated_margin/BTCUSDT"
        if not wallet.endpoints:
            yield f"wallet {name} does not say what a read of it asks"
        if wallet.overview and wallet.every < _OVERVIEW_SECONDS:
            yield f"wallet {name}: an overview is read at most every {_OVERVIEW_SECONDS:.0f} s"


def _prices(_: Exchange, api: Api) -> Iterator[str]:
    if not api.price_endpoints:
        yield "price_endpoints do not say what a read of the prices asks"
    if (api.symbol is None) == (api.markets is None):
        yield "a pair is spelled by `symbol` or told by `markets`: one of the two is given"
    for reader, endpoints, what in (
        (api.markets, api.market_endpoints, "market_endpoints"),
        (api.discover, api.list_endpoints, "list_endpoints"),
    ):
        if (reader is None) != (not endpoints):
            yield f"{what} are given with the reader that asks them, and only then"


def _signing(exchange: Exchange, api: Api) -> Iterator[str]:
    for request in requests_of(api):
        if not request.endpoint.signed:
            continue
        sent = _sent(signed(api, request))
        if _OURS[1] in sent:
            yield f"{request.path}: the secret itself is sent"
        if "passphrase" not in exchange.credentials and _OURS[2] in sent:
            yield f"{request.path}: a passphrase is sent, which is none of its credentials"
    if unnamed := made_of_secrets(api).keys() - set(api.secret_names):
        yield f"secret_names lacks {', '.join(sorted(unnamed))}, so that it would not be masked"


def requests_of(api: Api) -> list[Request]:
    """A request of each endpoint."""
    return [Request(endpoint, id="1" if "{id}" in endpoint.path else "") for endpoint in api.endpoints]


def signed(api: Api, request: Request, *credentials: str) -> Signed:
    """What the API makes of a request with these credentials (made-up ones unless given), always at one moment."""
    key, secret, passphrase = credentials or _OURS
    return api.sign(request, Credentials(Secret(key), Secret(secret), Secret(passphrase)), "host", MOMENT)


def made_of_secrets(api: Api) -> dict[str, str]:
    """The headers and query fields that change with any of the credentials, and what stands there with ours."""
    found: dict[str, str] = {}
    for request in requests_of(api):
        if request.endpoint.signed:
            ours = sent_fields(signed(api, request))
            for changed in range(len(_OURS)):
                texts = [f"other-{text}" if place == changed else text for place, text in enumerate(_OURS)]
                others = sent_fields(signed(api, request, *texts))
                found |= {name: value for name, value in ours.items() if others.get(name) != value}
    return found


def sent_fields(sent: Signed) -> dict[str, str]:
    """The headers and query fields of a request, by their names."""
    return {**sent.headers, **dict(parse_qsl(sent.target.partition("?")[2]))}


def _sent(request: Signed) -> str:
    headers: Mapping[str, str] = request.headers
    return f"{request.target} {dict(headers)}"
