"""How the exchanges check a signed request: pure functions, written from the vendors' rules alone.

Nothing here is shared with the code that signs, so that the one proves the other. Every function says
whether the signature fits; none looks at a clock.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import unquote


def _digest(secret: str, text: str) -> bytes:
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def pairs(query: str) -> list[tuple[str, str]]:
    """Split a raw query into its raw names and values, in the order they came."""
    items: list[tuple[str, str]] = []
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            items.append((name, value))
    return items


def decoded(query: str) -> dict[str, str]:
    """Read a raw query; the first of several equal names stands."""
    fields: dict[str, str] = {}
    for name, value in pairs(query):
        fields.setdefault(unquote(name), unquote(value))
    return fields


def xt_fits(
    secret: str,
    headers: Mapping[str, str],
    prefix: str,
    method: str,
    path: str,
    query: str,
    body: str = "",
) -> bool:
    """Check an XT v4 request: four headers, then the method and the percent-decoded, sorted query.

    `prefix` is `validate-` or `xt-validate-`: the signed text carries the names as they were sent. Clients
    in use send the digest in either case.
    """
    names = [prefix + name for name in ("algorithms", "appkey", "recvwindow", "timestamp")]
    text = "&".join(f"{name}={headers.get(name, '')}" for name in names)
    text += f"#{method}#{path}"
    items = sorted((unquote(name), unquote(value)) for name, value in pairs(query))
    if items:
        text += "#" + "&".join(f"{name}={value}" for name, value in items)
    if body:
        text += "#" + body
    return _same(headers.get(prefix + "signature", "").lower(), _digest(secret, text).hex())


def xt_legacy_fits(secret: str, query: str) -> bool:
    """Check a request of XT's first generation: its own sorted parameters, less the signature."""
    fields = decoded(query)
    given = fields.pop("signature", "")
    text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return _same(given.lower(), _digest(secret, text).hex())


def bingx_fits(secret: str, query: str) -> bool:
    """Check a BingX request: the query in the order it came, values decoded, less the signature.

    The path is no part of what is signed. The order of the names is the sender's.
    """
    items = [(unquote(name), unquote(value)) for name, value in pairs(query)]
    given = next((value for name, value in items if name == "signature"), "")
    text = "&".join(f"{name}={value}" for name, value in items if name != "signature")
    return _same(given, _digest(secret, text).hex())


def htx_fits(secret: str, method: str, host: str, path: str, query: str) -> bool:
    """Check an HTX request: method, host, path and the raw parameters in byte order of their names.

    The values are taken percent-encoded as they came, so that a client that sends another spelling than
    it signed is refused.
    """
    items = pairs(query)
    given = next((unquote(value) for name, value in items if name == "Signature"), "")
    joined = "&".join(f"{name}={value}" for name, value in sorted(items) if name != "Signature")
    text = f"{method}\n{host}\n{path}\n{joined}"
    return _same(given, base64.b64encode(_digest(secret, text)).decode())


def bitget_fits(secret: str, given: str, timestamp: str, method: str, path: str, query: str, body: str = "") -> bool:
    """Check a Bitget request: the query is percent-decoded first, in the order it came."""
    question = f"?{unquote(query)}" if query else ""
    text = f"{timestamp}{method}{path}{question}{body}"
    return _same(given, base64.b64encode(_digest(secret, text)).decode())
