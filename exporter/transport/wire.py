"""One GET on the network: connections, deadlines, a bounded body, and every failure under our own names."""

import logging
import ssl
from collections.abc import Mapping
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from exporter import __version__
from exporter.core.errors import BadPayload, BadStatus, InternalError, PollError, TimedOut, TlsFailed, Unreachable
from exporter.transport.answers import MAX_BYTES

log = logging.getLogger("exporter.transport")

CONNECT: Final = 5.0
"""Seconds for DNS, TCP, proxy and TLS together."""

KEEP_ALIVE: Final = 75.0
"""Seconds that an idle connection is kept, so that a poll each 30 s or 60 s needs no new one."""

HEADERS: Final = {
    "User-Agent": f"exchange-balance-exporter/{__version__}",
    "Accept-Encoding": "gzip, deflate",
}


class Response(NamedTuple):
    """What came back; the body as it was on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Proxy(NamedTuple):
    """Where requests go first, and the header that lets them through."""

    url: URL
    login: Mapping[str, str]


class _Dropped(Exception):
    """The connection broke before the answer: told apart so that aiohttp does not repeat the request by itself.

    A repeat has to count against the limits and needs a new signature.
    """


async def _only_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except aiohttp.ServerDisconnectedError:
        raise _Dropped("the connection was closed without an answer") from None
    except aiohttp.ClientOSError as error:
        raise _Dropped(f"the connection broke: {error.strerror or 'reset'}") from None


_PROXY_ADVICE: Final = "Set `proxy`, or the environment's proxy variables, to an http or https proxy."


def proxy_for(base: str, chosen: str | None) -> Proxy | None:
    """The proxy for a host: the chosen one, or what the usual environment variables say.

    Raises:
        Unreachable: no address, or a kind of proxy that cannot be used.
    """
    url = URL(base)
    text = chosen
    if text is None and not proxy_bypass(f"{url.host}:{url.port}"):
        text = getproxies().get(url.scheme)
    if not text:
        return None
    try:
        proxy: URL | None = URL(text if "://" in text else f"http://{text}")
    except ValueError:  # its text may quote a password
        proxy = None
    if proxy is None:
        raise Unreachable("the address of the proxy is no URL", repeat=False, advice=_PROXY_ADVICE)
    if proxy.scheme not in {"http", "https"}:
        kind = f"a proxy of the kind {proxy.scheme!r} cannot be used"
        raise Unreachable(kind, repeat=False, advice=_PROXY_ADVICE)
    if proxy.user is None:
        return Proxy(proxy, {})
    login = aiohttp.encode_basic_auth(proxy.user, proxy.password or "")
    return Proxy(proxy.with_user(None), {"Proxy-Authorization": login})


class Wire:
    """One connection pool for every exchange, made at the first request.

    Args:
        tls: whom to trust; None: the system's authorities.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        session = self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # no account waits for another's connection; the rate limits bound what is under way
                ssl=self._tls or True,
                ttl_dns_cache=60,
                keepalive_timeout=KEEP_ALIVE,
            ),
            headers=HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT),
            auto_decompress=False,
            trust_env=False,
            middlewares=(_only_once,),
        )
        return session

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str], proxy: Proxy | None, seconds: float) -> Response:
        """Send one GET, byte for byte as given, and read the whole answer.

        Args:
            url: finished, percent-encoded.
            headers: besides our own.
            proxy: from `proxy_for`.
            seconds: for all of it.

        Raises:
            PollError: `TimedOut`, `Unreachable`, `TlsFailed`, `BadPayload`, `BadStatus` or `InternalError`; none of
                them, nor their causes, hold the URL.
        """
        session = self._session or self._open()
        if proxy and proxy.login and url.startswith("http:"):
            headers = {**headers, **proxy.login}  # aiohttp shows the login only to tunnels
        try:
            response = await session.get(
                URL(url, encoded=True),
                headers=headers,
                timeout=_total(seconds),
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
                proxy_headers=proxy.login if proxy else None,
            )
            try:
                body = await _body(response)
            except BaseException:
                response.close()
                raise
        except PollError:
            raise
        except Exception as error:
            failure = as_poll_error(error, seconds)
        else:
            return Response(response.status, response.headers, body)
        raise failure


@lru_cache(maxsize=64)
def _total(seconds: float) -> aiohttp.ClientTimeout:
    """Most reads are one request that has the whole of the configured time."""
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT, ceil_threshold=inf)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    if 300 <= response.status < 400:
        response.close()
        return b""
    if (response.content_length or 0) > MAX_BYTES:
        raise BadPayload(f"a body of {response.content_length} bytes, more than the {MAX_BYTES} that are read")
    stream = response.content
    try:
        chunk = await stream.readany()
        if stream.at_eof():
            return chunk
        chunks, size = [], 0
        while chunk:
            size += len(chunk)
            if size > MAX_BYTES:
                raise BadPayload(f"a body of more than the {MAX_BYTES} bytes that are read")
            chunks.append(chunk)
            chunk = await stream.readany()
    except aiohttp.ClientPayloadError:
        if response.status < 400:
            raise
        response.close()
        return b""  # the status says it all
    return b"".join(chunks)


def as_poll_error(error: Exception, seconds: float) -> PollError:
    """The `PollError` for what went wrong on the network; what fits none is logged with its traceback."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return TimedOut(f"no connection within {CONNECT:g} s")
        case TimeoutError():
            return TimedOut(f"no whole answer within {seconds:.3g} s")
        case _Dropped():
            return Unreachable(str(error))
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            return TlsFailed(f"the certificate is refused: {getattr(cause, 'verify_message', None) or cause}")
        case aiohttp.ClientConnectorSSLError():
            return TlsFailed(f"no TLS with this server: {error.strerror or 'handshake failed'}")
        case ssl.SSLError():
            return TlsFailed(f"TLS broke: {error.reason or 'no reason given'}")
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(f"the name {error.host} is not resolved: {error.strerror or error.os_error}")
        case aiohttp.ClientProxyConnectionError():
            return Unreachable(f"the proxy is not reached: {error.strerror or error.os_error}")
        case aiohttp.ClientHttpProxyError():
            return Unreachable(f"the proxy answered {error.status}")
        case aiohttp.ClientConnectorError():
            return Unreachable(f"{error.host} port {error.port} is not reached: {error.strerror or error.os_error}")
        case aiohttp.ClientPayloadError():
            # aiohttp tells a reset from an orderly but early end in the text only.
            if "ConnectionResetError" in str(error):
                return Unreachable("the connection was reset in the middle of the answer")
            return BadPayload("the body is cut short", repeat=True)
        case aiohttp.ClientResponseError():
            return BadStatus("what came back is not HTTP")
        case OSError():
            return Unreachable(error.strerror or "the connection broke")
        case aiohttp.ClientConnectionError():
            return Unreachable("the connection broke")
    log.error("A request failed in a way that has no name", exc_info=error)
    return InternalError(f"{type(error).__name__} while sending a request")
