"""Signs requests as ccxt does, at the moment at which they are sent, and sees that they came out as the table says."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from exporter.core.credentials import Credentials
from exporter.core.errors import InternalError, PollError
from exporter.exchanges.base import Request, Signed
from exporter.exchanges.ccxt.driving import Call
from exporter.exchanges.ccxt.known import Known
from exporter.exchanges.ccxt.loading import copied
from exporter.exchanges.ccxt.refusing import misused

_NOT_OURS: Final = frozenset(
    (
        *("user-agent", "accept-encoding", "source", "referrer", "referer", "input-source", "broker_sign"),
        *("x-broker-id", "open-api-partner", "kc-api-partner", "kc-api-partner-sign", "kc-api-partner-verify"),
        "kc-broker-name",
    )
)
"""Headers by which ccxt says who it is, or earns; what says who we are is added where the request is sent."""


def signer(name: str, known: Known, calls: Mapping[Any, Call]) -> Callable[[Request, Credentials, str, int], Signed]:
    """What signs for one exchange; the host that a signature names is the exchange's own, wherever it is sent.

    Args:
        name: ccxt's id.
        known: what the table says of it.
        calls: its rows, by their endpoints.
    """

    def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
        del host
        made = _at(copied(name, known.options), now_ms)
        made.apiKey, made.secret = credentials.api_key.reveal(), credentials.secret.reveal()
        made.password = credentials.passphrase.reveal()
        if known.pem:
            made.secret = made.secret.replace("\\n", "\n")
        return _signed(made, request, calls[request.endpoint], known.headers)

    return sign


def unsigner(name: str, known: Known, calls: Mapping[Any, Call]) -> Callable[[Request, int], Signed]:
    """What makes the requests that carry no key."""

    def public(request: Request, now_ms: int) -> Signed:
        return _signed(_at(copied(name, known.options), now_ms), request, calls[request.endpoint], {})

    return public


def _at(made: Any, now_ms: int) -> Any:
    """The instance, with a clock that stands at this moment."""
    made.milliseconds = lambda: now_ms
    made.seconds = lambda: now_ms // 1000
    made.microseconds = lambda: now_ms * 1000
    return made


def _signed(made: Any, request: Request, call: Call, headers: Mapping[str, str]) -> Signed:
    row = call.row
    api, _, path = row.call.rpartition(" ")
    try:
        sent = made.sign(path, api.split(" "), row.method, dict(request.query))
    except PollError:
        raise
    except Exception as error:
        failure = misused(error)
    else:
        return _checked(sent, call, {**made.headers, **headers})
    raise failure


def _checked(sent: Any, call: Call, headers: Mapping[str, str]) -> Signed:
    """What goes on the wire, if it is what the table says.

    Raises:
        InternalError: another method, host or path, or a body in a GET.
    """
    row = call.row
    url = urlsplit(sent["url"])
    if (sent["method"], url.scheme, url.netloc, url.path) != (row.method, "https", row.host, row.path):
        raise InternalError(f"ccxt made another request of {row.method} {row.host}{row.path}: nothing was sent")
    body = sent.get("body") or b""
    if body and row.method == "GET":
        raise InternalError(f"ccxt gave the GET of {row.path} a body: nothing was sent")
    headers = {**headers, **(sent.get("headers") or {})}
    ours = {str(each): str(value) for each, value in headers.items() if each.lower() not in _NOT_OURS}
    target = f"{url.path}?{url.query}" if url.query else url.path
    return Signed(target, ours, body.encode() if isinstance(body, str) else body)
