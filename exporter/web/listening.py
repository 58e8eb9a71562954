"""Opens the addresses that the web server listens on, and says in a sentence why one cannot be opened."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Final

from exporter.core.errors import ExporterError
from exporter.core.settings import listen_address

_BACKLOG: Final = 128


async def listen(protocol: Callable[[], asyncio.Protocol], text: str) -> asyncio.Server:
    """Listen on `host:port`, `:port` (all interfaces, IPv4 and IPv6) or `[v6]:port`.

    A name that stands for several addresses (`localhost`) is listened on at each that this machine has.

    Args:
        protocol: makes what answers one connection.
        text: the address.

    Raises:
        ExporterError: the address is malformed, unknown or in use; names it. Nothing stays open.
    """
    try:
        host, port = listen_address(text)
    except ValueError as error:
        raise ExporterError(str(error)) from None
    try:
        return await _server(protocol, host, port)
    except (socket.gaierror, UnicodeError) as error:
        raise ExporterError(f"cannot listen on {text}: the host name is not known ({error.args[-1]})") from None
    except OSError as error:
        raise ExporterError(f"cannot listen on {text}: {_reason(error)}") from None


def host_and_port(listening: socket.socket) -> str:
    """`host:port` of a socket that listens, the host of IPv6 in brackets."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if listening.family == socket.AF_INET6 else f"{host}:{port}"


async def _server(protocol: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if not host:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        everywhere = socket.create_server(("", port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
        return await loop.create_server(protocol, sock=everywhere, backlog=_BACKLOG)
    try:
        server = await loop.create_server(protocol, host, port, backlog=_BACKLOG)
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        # Where IPv6 is switched off, `localhost` may still have its address `::1`; before Python 3.12.5 asyncio gives
        # up then, instead of leaving it out.
        try:
            server = await loop.create_server(protocol, host, port, family=socket.AF_INET, backlog=_BACKLOG)
        except socket.gaierror:
            raise error from None
    if not server.sockets:  # those versions also leave out every address of a family that the kernel does not know
        raise OSError(errno.EAFNOSUPPORT, "no address is left")
    return server


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the address is in use, perhaps by another exporter"
    if error.errno == errno.EACCES:
        return "this user may not use ports below 1024"
    # asyncio raises without a number when none of a name's addresses belongs to this machine.
    return os.strerror(error.errno or errno.EADDRNOTAVAIL)
