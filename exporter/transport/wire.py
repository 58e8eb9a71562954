"""One request on the network: deadlines, a bounded body, and every failure under our own names."""

import asyncio
import logging
import ssl
from collections.abc import Hashable, Mapping
from functools import lru_cache, partial
from math import inf
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from exporter import __version__
from exporter.core import files
from exporter.core.errors import BadPayload, BadStatus, InternalError, PollError, TimedOut, TlsFailed, Unreachable
from exporter.transport.answers import MAX_BYTES, is_json
from exporter.transport.connections import Asked, Connections
from exporter.transport.places import Places
from exporter.transport.proxies import Proxy

log = logging.getLogger("exporter.transport")

CONNECT: Final = 5.0
"""Seconds for DNS, TCP, proxy and TLS together."""

HEADERS: Final = {
    "User-Agent": f"exchange-balance-exporter/{__version__}",
    "Accept-Encoding": "gzip, deflate",
}


class Response(NamedTuple):
    """What came back; the body as it was on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Dropped(Exception):
    """The connection broke before the answer: told apart so that aiohttp does not repeat the request by itself.

    A repeat has to count against the limits and needs a new signature.
    """


async def _only_once(
    call: Hashable, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    assert isinstance(request, Asked)
    request.call = call
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except aiohttp.ServerDisconnectedError:
        raise _Dropped("the connection was closed without an answer") from None
    except aiohttp.ClientOSError as error:
        raise _Dropped(f"the connection broke: {error.strerror or 'reset'}") from None


class Wire:
    """All that goes out, from the first request on.

    Args:
        tls: whom to trust; None: the system's authorities.
        most: how many connections may be open; None: what the process may open, but for a part.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, most: int | None = None) -> None:
        self._tls = tls
        self._most = most or 0
        self._session: aiohttp.ClientSession | None = None
        self._places: Places

    def _open(self) -> aiohttp.ClientSession:
        self._most = self._most or files.budget(files.limit()).exchanges
        self._places = Places(self._most)
        session = self._session = aiohttp.ClientSession(
            connector=Connections(self._tls, self._most),
            headers=HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT),
            auto_decompress=False,
            trust_env=False,
            request_class=Asked,
        )
        return session

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        headers: Mapping[str, str],
        proxy: Proxy | None,
        seconds: float,
        call: Hashable,
        most: int = MAX_BYTES,
        post: bytes | None = None,
    ) -> Response:
        """Send one request, byte for byte as given, and read the whole answer.

        Args:
            url: finished, percent-encoded.
            headers: besides our own.
            proxy: from `proxy_for`.
            seconds: for all of it.
            call: who asks what; no connection is used for two of them.
            most: bytes of the largest body that is read.
            post: the body of a POST; None: a GET.

        Raises:
            PollError: `TimedOut`, `Unreachable`, `TlsFailed`, `BadPayload`, `BadStatus` or `InternalError`; none of
                them, nor their causes, hold the URL.
        """
        session = self._session or self._open()
        target = URL(url, encoded=True)
        place = target.raw_authority, proxy and proxy.url
        if not self._places.take(place):
            seconds -= await self._wait(place, seconds)
        try:
            return await self._get(session, target, headers, proxy, seconds, call, most, post)
        finally:
            self._places.leave(place)

    async def _wait(self, place: Hashable, seconds: float) -> float:
        """Wait for a place, for half of the time at most; the seconds that it took."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            async with asyncio.timeout(seconds / 2):
                await self._places.wait(place)
        except TimeoutError:
            failure = TimedOut(f"no connection was free for {seconds / 2:.3g} s", repeat=False, advice=_FILES_ADVICE)
        else:
            return loop.time() - since
        raise failure

    async def _get(
        self,
        session: aiohttp.ClientSession,
        target: URL,
        headers: Mapping[str, str],
        proxy: Proxy | None,
        seconds: float,
        call: Hashable,
        most: int,
        post: bytes | None,
    ) -> Response:
        if proxy and proxy.login and target.scheme == "http":
            headers = {**headers, **proxy.login}  # aiohttp shows the login only to tunnels
        try:
            response = await session.request(
                "GET" if post is None else "POST",
                target,
                data=post,
                headers=headers,
                timeout=_total(seconds),
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
                proxy_headers=proxy.login if proxy else None,
                middlewares=(partial(_only_once, call),),
            )
            try:
                body = await _body(response, most)
            except BaseException:
                response.close()
                raise
        except PollError:
            raise
        except Exception as error:
            failure = as_poll_error(error, seconds)
            error.__traceback__ = None  # aiohttp's stream keeps its error, whose frames keep the stream and the body
        else:
            return Response(response.status, response.headers, body)
        raise failure


_FILES_ADVICE: Final = (
    "This process may open too few files for so many slow answers: raise its limit (`ulimit -n`, `LimitNOFILE=`), or "
    "`interval`."
)


@lru_cache(maxsize=64)
def _total(seconds: float) -> aiohttp.ClientTimeout:
    """Most reads are one request that has the whole of the configured time; a kept connection may be dumb for half."""
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT, sock_read=seconds / 2, ceil_threshold=inf)


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    if 300 <= response.status < 400:
        response.close()
        return b""
    announced, stream = response.content_length or 0, response.content
    try:
        chunk = await stream.readany()
        if announced > most:
            return _too_large(response, chunk, f"a body of {announced} bytes, more than the {most} that are read")
        if stream.at_eof():
            return chunk
        chunks: list[bytes] = []
        size = 0
        while chunk:
            size += len(chunk)
            if size > most:
                return _too_large(response, b"".join(chunks), f"a body of more than the {most} bytes that are read")
            chunks.append(chunk)
            chunk = await stream.readany()
    except aiohttp.ClientPayloadError as error:
        if response.status < 400:
            raise
        error.__traceback__ = None
        response.close()
        return b""  # the status says it all
    return b"".join(chunks)


def _too_large(response: aiohttp.ClientResponse, beginning: bytes, text: str) -> bytes:
    """The beginning of a body that is not read to its end, where it says enough: a page, or beside a status that does.

    Raises:
        BadPayload: it was the answer that was asked for.
    """
    page = "Content-Encoding" not in response.headers and not is_json(beginning)
    if response.status < 400 and not page:
        raise BadPayload(text)
    response.close()
    return beginning


def as_poll_error(error: Exception, seconds: float) -> PollError:
    """The `PollError` for what went wrong on the network; what fits none is logged with its traceback."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return TimedOut(f"no connection within {CONNECT:g} s")
        case aiohttp.SocketTimeoutError():
            return TimedOut(f"a kept connection stayed silent for {seconds / 2:.3g} s")
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
