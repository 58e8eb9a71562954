"""Connections of clients: how many there may be, how long each may take to say what it wants, and who has to go.

When the last place is taken, somebody goes for each who comes: of the client with the most connections, the one that
waits longest for a request that it has not finished, else the one that was idle longest. So a flood drives out itself.
"""

import asyncio
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

from aiohttp import web

from exporter.web.answers import text
from exporter.web.telling import Rarely

HEADERS_SECONDS: Final = 10.0
"""From accept, or from the first byte of a later request, to the end of its headers."""

KEEP_ALIVE_SECONDS: Final = 120.0
"""How long a connection is kept without a request: two intervals of a Prometheus that scrapes once a minute."""

_HEADERS_BYTES: Final = 64 * 1024

_log: Final = logging.getLogger("exporter.web")


def client_of(peer: object) -> str:
    """Whom a connection counts for: its IPv4 address, or the /64 of IPv6 that one household or machine has."""
    host = str(peer[0]) if isinstance(peer, tuple) else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


class Connections:
    """All connections of clients, by client and in the order in which they came."""

    def __init__(self, most: int, rarely: Rarely) -> None:
        """Args:
        most: how many there may be.
        rarely: tells when there are more.
        """
        self._most = most
        self._rarely = rarely
        self._clients: dict[str, dict[Connection, None]] = {}
        self._count = 0
        self._numbers = count()

    def __len__(self) -> int:
        return self._count

    def came(self, one: "Connection") -> None:
        """Count one more; where there are too many, another goes, or this one when all others are being answered."""
        self._clients.setdefault(one.client, {})[one] = None
        one.number = next(self._numbers)
        self._count += 1
        if self._count > self._most:
            self._rarely.warn("too many connections; those that wait longest for a request are closed", most=self._most)
            if not self.make_room(besides=one):
                self.left(one)
                one.drop()

    def left(self, one: "Connection") -> None:
        """Count one less."""
        own = self._clients.get(one.client, {})
        if one in own:
            del own[one]
            self._count -= 1
            if not own:
                del self._clients[one.client]

    def renew(self) -> None:
        """Have everybody connect anew, by other rules: who is being answered after that, all others at once."""
        for one in [one for own in self._clients.values() for one in own]:
            if one.answering:
                one.last = True
            else:
                self.left(one)
                one.drop()

    def make_room(self, *, besides: "Connection | None" = None) -> bool:
        """Close the connection that is missed least; whether there was one that is not being answered.

        That is one that was never answered, of the client that has most of those, and the oldest of that one's. Where
        several have as many, it is the oldest of all: who has just come is about to ask.

        Args: `besides` is the one for which there is to be room.
        """
        for answered in (False, True):  # a client that was answered once speaks HTTP, and comes again
            waiting = (
                [one for one in own if one.answered is answered and not one.answering and one is not besides]
                for own in self._clients.values()
            )
            if most := max(filter(None, waiting), key=lambda own: (len(own), -own[0].number), default=[]):
                self.left(most[0])
                most[0].drop()
                return True
        return False


class Connection(web.RequestHandler):
    """One connection: hands requests over, bounds what comes before them, and answers what never becomes one.

    Attributes:
        client: whom it counts for.
        number: in the order in which all came.
        answering: whether a request is being answered.
        answered: whether one ever was.
        last: whether it is closed after the request that is being answered.
    """

    __slots__ = ("_all", "_deadline", "_give_up", "_unread", "answered", "answering", "client", "last", "number")

    def __init__(self, server: web.Server, connections: Connections, **other: Any) -> None:
        super().__init__(server, **other)
        self._all = connections
        self._deadline: asyncio.TimerHandle | None = None
        self._give_up: Callable[[], object] | None = None
        self._unread = 0
        self.client = ""
        self.number = 0
        self.answering = False
        self.answered = False
        self.last = False

    def shakes_hands(self, peer: object, give_up: Callable[[], object]) -> None:
        """TLS is agreed on first: the connection counts, and its ten seconds run, before it is made.

        Args:
            peer: the client's address.
            give_up: ends the handshake.
        """
        self._give_up = give_up
        self._comes(peer)

    def agreed(self) -> None:
        """The handshake is over; where it failed, the connection is never made."""
        self._give_up = None
        if self.transport is None:
            self._end_wait()
            self._all.left(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if self._give_up is None:
            self._comes(self.peername)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave."""
        self._end_wait()
        self._all.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless a request's head has become too long."""
        if not self.answering:
            if self._unread > _HEADERS_BYTES:
                self.drop()
                return
            self._unread += len(data)
            if self._deadline is None:
                self._await_headers()
        super().data_received(data)

    @contextmanager
    def answers(self) -> Iterator[None]:
        """While a request of this connection is answered it has no deadline of ours, and does not go."""
        self._end_wait()
        self._unread = 0
        self.answering = self.answered = True
        try:
            yield
        finally:
            self.answering = False

    def drop(self) -> None:
        """Close at once."""
        transport = self.transport
        if transport is None and self._give_up is not None:
            self._give_up()
        self.force_close()
        if transport is not None:
            transport.abort()

    def cut_off(self) -> None:
        """Close at once, and have the system forget what the client has not taken yet: up to 4 MiB."""
        own = self.transport.get_extra_info("socket") if self.transport is not None else None
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop()

    def _comes(self, peer: object) -> None:
        self.client = client_of(peer)
        self._await_headers()
        self._all.came(self)

    def _await_headers(self) -> None:
        self._deadline = self._loop.call_later(HEADERS_SECONDS, self.drop)

    def _end_wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer bugs of ours, and what is no request, without the library's name and without a traceback."""
        if status >= 500:
            _log.error("a request could not be answered", extra={"path": request.path}, exc_info=exc)
        else:
            _log.debug("a request could not be understood", extra={"client": request.remote, "error": message})
        if request.writer.output_size > 0:
            raise ConnectionError("half of another answer is sent already")
        sentence = "This is a bug; the log has its traceback." if status >= 500 else "This is not an HTTP request."
        response = text(status, sentence)
        response.force_close()
        return response
