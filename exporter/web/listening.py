"""Opens the addresses that the web server listens on, says in a sentence why one cannot be, and accepts who connects.

Sockets that systemd hands over (socket activation) are taken instead, where there are any.

asyncio would accept too, but it takes as many connections at once as may wait, and when no file is left it logs an
error for each of them, each second.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from exporter.core.errors import ExporterError
from exporter.core.settings import listen_address
from exporter.web.connections import Connection
from exporter.web.handshakes import shake_hands
from exporter.web.telling import Rarely

PAUSE_SECONDS: Final = 0.5
"""How long nobody is accepted after the system had no file left."""

HANDED_OVER: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
"""What systemd says by the environment of sockets that it hands over: to which process, how many, and their names."""

LEAVE_SECONDS: Final = 1.0
"""How long who has just come may take, when nobody more is accepted, to agree on TLS."""

_BACKLOG: Final = 4096
"""How many may wait to be accepted. Of a flood of more, the system forgets some, and others with them, for a second."""
_AT_ONCE: Final = 16
_FIRST_HANDED: Final = 3  # SD_LISTEN_FDS_START
_NO_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class Listener:
    """One address that is listened on.

    Attributes:
        sockets: those that listen; none once it is closed.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        full: Callable[[OSError], None],
        tls: Callable[[], ssl.SSLContext | None],
        rarely: Rarely,
    ) -> None:
        """Args: see `listen`."""
        self.sockets = tuple(sockets)
        self._protocol = protocol
        self._full = full
        self._tls = tls
        self._rarely = rarely
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[None]] = set()
        for each in self.sockets:
            each.setblocking(False)
            self._loop.add_reader(each, self._accept, each)

    def close(self) -> None:
        """Accept nobody more."""
        sockets, self.sockets = self.sockets, ()
        for each in sockets:
            self._loop.remove_reader(each)
            each.close()

    async def settled(self) -> None:
        """Wait until everybody who was accepted is connected; a turn or two of the loop, unless TLS takes longer."""
        if self._arriving:
            await asyncio.wait(self._arriving, timeout=LEAVE_SECONDS)
        arriving = tuple(self._arriving)
        for each in arriving:
            each.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _NO_FILES:
                    continue  # this one is gone already
                self._loop.remove_reader(listening)
                self._loop.call_later(PAUSE_SECONDS, self._resume, listening)
                self._full(error)
                return
            task = self._loop.create_task(self._connect(connection))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    def _resume(self, listening: socket.socket) -> None:
        if listening in self.sockets:
            self._loop.add_reader(listening, self._accept, listening)

    async def _connect(self, connection: socket.socket) -> None:
        tls, protocol = self._tls(), self._protocol()
        try:
            if tls is None:
                await self._loop.connect_accepted_socket(lambda: protocol, connection)
            else:
                assert isinstance(protocol, Connection)
                await shake_hands(protocol, connection, tls, self._rarely)
        except OSError:  # gone before it was connected
            connection.close()


def plain() -> None:
    """Plain HTTP."""
    return


async def listen(
    protocol: Callable[[], asyncio.Protocol],
    text: str,
    full: Callable[[OSError], None],
    tls: Callable[[], ssl.SSLContext | None] = plain,
    rarely: Rarely | None = None,
) -> Listener:
    """Listen on `host:port`, `:port` (all interfaces, IPv4 and IPv6) or `[v6]:port`.

    A name that stands for several addresses (`localhost`) is listened on at each that this machine has.

    Args:
        protocol: makes what answers one connection.
        text: the address.
        full: told when nobody can be accepted since the system has no file left.
        tls: what the next connection is encrypted with; None for plain HTTP.
        rarely: tells of clients with which there is no agreement on TLS.

    Raises:
        ExporterError: the address is malformed, unknown or in use; names it. Nothing stays open.
    """
    try:
        host, port = listen_address(text)
    except ValueError as error:
        raise ExporterError(str(error)) from None
    try:
        return Listener(await _sockets(host, port), protocol, full, tls, rarely or Rarely())
    except (socket.gaierror, UnicodeError) as error:
        raise ExporterError(f"cannot listen on {text}: the host name is not known ({error.args[-1]})") from None
    except OSError as error:
        raise ExporterError(f"cannot listen on {text}: {_reason(error)}") from None


def handed_over(environ: Mapping[str, str], pid: int) -> list[socket.socket]:
    """The sockets that systemd handed over to this process, as sd_listen_fds(3) describes it; none for another one.

    Raises:
        ExporterError: one of them cannot be listened on by HTTP; names it. All of them are closed.
    """
    if environ.get("LISTEN_PID") != str(pid):
        return []
    count, names = environ.get("LISTEN_FDS", ""), environ.get("LISTEN_FDNAMES", "").split(":")
    if not (count.isascii() and count.isdigit()):
        raise ExporterError(f"LISTEN_FDS={count!r} does not tell how many sockets were handed over")
    found: list[socket.socket] = []
    try:
        for number in range(int(count)):
            name = names[number] if number < len(names) and names[number] else str(_FIRST_HANDED + number)
            found.append(_handed(_FIRST_HANDED + number, name))
    except ExporterError:
        for each in found:
            each.close()
        raise
    return found


def taken_over(
    sockets: Sequence[socket.socket],
    protocol: Callable[[], asyncio.Protocol],
    full: Callable[[OSError], None],
    tls: Callable[[], ssl.SSLContext | None] = plain,
    rarely: Rarely | None = None,
) -> Listener:
    """Accept who connects to sockets that listen already. Args: see `listen`."""
    return Listener(sockets, protocol, full, tls, rarely or Rarely())


def _handed(descriptor: int, name: str) -> socket.socket:
    wrong = f"the socket {name!r} that was handed over cannot be used"
    try:
        one = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ExporterError(f"{wrong}: {os.strerror(error.errno or errno.EBADF)}") from None
    if one.family not in (socket.AF_INET, socket.AF_INET6) or one.type != socket.SOCK_STREAM:
        problem = "it is not of TCP; the socket unit needs ListenStream= with an address and a port"
    elif not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        problem = "it does not listen; the socket unit needs Accept=no"
    else:
        one.set_inheritable(False)
        return one
    one.close()
    raise ExporterError(f"{wrong}: {problem}")


def host_and_port(listening: socket.socket) -> str:
    """`host:port` of a socket that listens, the host of IPv6 in brackets."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if listening.family == socket.AF_INET6 else f"{host}:{port}"


async def _sockets(host: str, port: int) -> list[socket.socket]:
    if not host:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        return [socket.create_server(("", port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    missing = OSError(errno.EADDRNOTAVAIL, "no address is left")
    for family, _, _, _, where in dict.fromkeys(found):
        try:
            opened.append(socket.create_server(where, family=family, backlog=_BACKLOG))
        except OSError as error:
            # Where IPv6 is switched off, `localhost` may still have its address `::1`.
            if error.errno in _NOT_HERE:
                missing = error
                continue
            for each in opened:
                each.close()
            raise
    if not opened:
        raise missing
    return opened


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the address is in use, perhaps by another exporter"
    if error.errno == errno.EACCES:
        return "this user may not use ports below 1024"
    return os.strerror(error.errno or errno.EADDRNOTAVAIL)
