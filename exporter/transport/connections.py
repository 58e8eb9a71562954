"""Connections to exchanges: kept for one call of one key, closed by the first byte that nobody asked for, and bounded.

An answer in HTTP/1.1 does not say which request it answers: whatever comes next on the connection is taken for it. So
a server that answers twice would have the balances of one account read as another's. aiohttp parses what comes on an
idle connection and hands it to the next request; here such a connection is closed, and so is one with bytes left
behind the answer. What is late beyond all that can only reach the same call of the same key.
"""

import asyncio
import logging
import socket
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from math import inf
from select import POLLIN, poll
from ssl import SSLContext
from typing import Any, Final, NamedTuple, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

log = logging.getLogger("exporter.transport")

KEEP_ALIVE: Final = 75.0
"""Seconds that an idle connection is kept, so that a poll each 30 s or 60 s needs no new one."""

KEPT: Final = 4096
"""Connections that may rest at once: each takes 67 KB with TLS, 7 KB without."""

TLS_BUFFER: Final = 17 * 1024
"""Bytes that each TLS connection reads into: a whole record. With asyncio's 256 KB, 2,000 take half a gigabyte."""

READ_BUFFER: Final = 8 * 1024
"""Bytes that are read and parsed in one go. 256 KB of one-byte chunks, asyncio's own size, hold the loop for 200 ms."""

TOLD_AGAIN: Final = 3600.0
"""Seconds after which the log names a host again that sends what nobody asked for."""


_WATCHED: Final = tuple(
    (level, getattr(socket, name), value)
    for level, name, value in (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 4000),  # milliseconds; Linux
    )
    if hasattr(socket, name)
)
"""Idle connections are probed, which also keeps them known to a NAT, and what is sent must be received within 4 s."""


class Asked(aiohttp.ClientRequest):
    """A request that shares a kept connection with the same call of the same key only.

    Attributes:
        call: who asks what.
    """

    call: Hashable = None

    @property
    def connection_key(self) -> ConnectionKey:
        """Which kept connections may carry this request."""
        return cast(ConnectionKey, _Key(*super().connection_key, self.call))


class _Key(NamedTuple):
    """aiohttp's key of its kept connections, and the call."""

    host: str
    port: int | None
    is_ssl: bool
    ssl: Any
    proxy: URL | None
    proxy_auth: Any
    proxy_headers_hash: int | None
    server_hostname: str | None
    call: Hashable


class _Connection(ResponseHandler):
    """One connection. Bytes on it are an answer only from a request on, and until its answer is whole."""

    def __init__(self, pool: "Connections", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.host = ""
        self._pool = pool
        self._asked = self._twice = self._kept = False
        self._since = self._patience = 0.0
        self._body: aiohttp.StreamReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there: have the system notice when the other side is not."""
        super().connection_made(transport)
        cast(Any, transport).max_size = READ_BUFFER
        with suppress(OSError):  # gone already
            for level, option, value in _WATCHED:
                transport.get_extra_info("socket").setsockopt(level, option, value)

    def set_response_params(self, *, read_timeout: float | None = None, **params: Any) -> None:
        """A request is about to be sent; on a connection that was kept, silence ends it after `read_timeout`."""
        self._pool.resting.pop(self, None)
        self._asked = True
        self._since = self._loop.time()
        self._patience = read_timeout or inf
        super().set_response_params(read_timeout=read_timeout if self._kept else None, **params)

    def data_received(self, data: bytes) -> None:
        """Parse bytes as an answer where one is awaited; else hang up. No bytes: go on with what was held back."""
        if not self._asked:
            if data:
                self._hang_up(data)
            return
        super().data_received(data)
        if self._body is None or not self._body.is_eof():
            return
        self._asked, self._body = False, None
        parser = self._parser
        if self._twice or (parser is not None and _begun(parser.feed_eof)):
            self._hang_up(data)
        elif parser is not None and self._loop.time() - self._since < self._patience:
            self._kept = True
            self._pool.rest(self)
        else:  # answers that are slow by nature have all their time on new connections
            self.abort()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take the parser's next message: an interim one (1xx), the answer, or one too many."""
        message, body = data
        if self._body is not None:
            self._twice = True
        elif message.code >= 200 or message.code == 101:
            self._body = body
        super().feed_data(data, size)

    def is_connected(self) -> bool:
        """Whether it can carry a request; what has come in the meantime may not have been read yet."""
        if self.transport is None or self.transport.is_closing() or self.should_close:
            return False
        unread = poll()
        unread.register(self.transport.get_extra_info("socket"), POLLIN)
        return not unread.poll(0)

    def close(self) -> None:
        """Close at once: TLS would wait half a minute for the other side's farewell, and keep the file as long."""
        self.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        self._pool.gone(self)
        super().connection_lost(exc)

    def _hang_up(self, data: bytes) -> None:
        self._pool.surprised(self.host, data)
        self.force_close()
        self.abort()


def _begun(feed_eof: Callable[[], object]) -> bool:
    """Whether the parser holds the beginning of another message: asked for the end, it gives it up or complains."""
    try:
        return feed_eof() is not None
    except Exception:
        return True


def _connection(pool: "Connections", loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Connection(pool, loop)


class Connections(aiohttp.TCPConnector):
    """All connections to exchanges.

    Args:
        tls: whom to trust; None: the system's authorities.
        most: how many may be open: to open one more, the one that has rested longest is closed.
            No more than `KEPT` of them rest.

    Attributes:
        resting: connections whose answer is whole, the longest first.
        open: all connections.
    """

    def __init__(self, tls: SSLContext | None, most: int) -> None:
        SSLProtocol.max_size = TLS_BUFFER
        super().__init__(limit=0, ssl=tls or True, ttl_dns_cache=60, keepalive_timeout=KEEP_ALIVE)
        self._factory = partial(_connection, self, self._loop)
        self._most = most
        self._opening = 0
        self._surprises: dict[str, float] = {}
        self.resting: dict[_Connection, None] = {}
        self.open: set[_Connection] = set()

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        self._opening += 1
        try:
            while self.resting and len(self.open) + self._opening > self._most:
                self._close_oldest()
            made = await super()._create_connection(req, traces, timeout)
        finally:
            self._opening -= 1
        assert isinstance(made, _Connection)
        made.host = req.url.raw_host or ""
        if made.transport is not None:
            self.open.add(made)
        return made

    def rest(self, connection: _Connection) -> None:
        """Keep a connection whose answer is whole."""
        self.resting[connection] = None
        while len(self.resting) > KEPT:
            self._close_oldest()

    def gone(self, connection: _Connection) -> None:
        """Forget a connection."""
        self.resting.pop(connection, None)
        self.open.discard(connection)

    def _close_oldest(self) -> None:
        oldest = next(iter(self.resting))
        self.gone(oldest)
        oldest.close()

    def surprised(self, host: str, data: bytes) -> None:
        """Say that a host sends what nobody asked for, once in a while; a farewell to an idle connection is usual."""
        now = self._loop.time()
        if data.startswith(b"HTTP/1.1 408") or now < self._surprises.get(host, 0.0):
            return
        self._surprises[host] = now + TOLD_AGAIN
        log.warning(
            "a server sends more than it was asked for; what is left over is dropped with its connection",
            extra={"host": host},
        )
