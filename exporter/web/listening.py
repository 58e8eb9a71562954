"""Opens the sockets that the web server listens on, and says in a sentence why one cannot be opened."""

import asyncio
import errno
import os
import socket
from typing import Final

from exporter.core.errors import ExporterError
from exporter.core.settings import listen_address

_BACKLOG: Final = 128
_NO_SUCH_FAMILY: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


async def sockets(text: str) -> list[socket.socket]:
    """Listening sockets for `host:port`, `:port` (all interfaces, IPv4 and IPv6) or `[v6]:port`.

    A name that stands for several addresses (`localhost`) gets a socket on each that this machine has, all with one
    port.

    Raises:
        ExporterError: the address is malformed, unknown or in use; names it. No socket stays open.
    """
    try:
        address = listen_address(text)
    except ValueError as error:
        raise ExporterError(str(error)) from None
    if not address.host:
        return [_everywhere(text, address.port)]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ExporterError(f"cannot listen on {text}: the host name is not known ({_reason(error)})") from None
    opened: list[socket.socket] = []
    missing: OSError | None = None
    for family, _, _, _, (host, *rest) in dict.fromkeys(found):
        port = opened[0].getsockname()[1] if opened else address.port
        try:
            opened.append(_listening(family, (str(host), port, *rest[1:])))
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY:
                missing = error
                continue
            _close(opened)
            raise _refused(text, error) from None
    if not opened:
        raise _refused(text, missing)
    return opened


def spelled(listening: socket.socket) -> str:
    """`host:port` of a socket that listens."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if listening.family == socket.AF_INET6 else f"{host}:{port}"


def _everywhere(text: str, port: int) -> socket.socket:
    try:
        if socket.has_dualstack_ipv6():
            try:
                return _listening(socket.AF_INET6, ("::", port), both=True)
            except OSError as error:
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
        return _listening(socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 -- `:port` asks for all interfaces
    except OSError as error:
        raise _refused(text, error) from None


def _listening(family: int, where: tuple[str | int, ...], *, both: bool = False) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
        opened.setblocking(False)
        opened.bind(where)
        opened.listen(_BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def _close(opened: list[socket.socket]) -> None:
    for each in opened:
        each.close()


def _refused(text: str, error: OSError | None) -> ExporterError:
    if error is None:
        return ExporterError(f"cannot listen on {text}: the host name stands for no address")
    if error.errno == errno.EADDRINUSE:
        return ExporterError(f"cannot listen on {text}: the address is in use, perhaps by another exporter")
    if error.errno == errno.EACCES:
        return ExporterError(f"cannot listen on {text}: this user may not use ports below 1024")
    return ExporterError(f"cannot listen on {text}: {_reason(error)}")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    return str(error.args[-1] if error.args else error)
