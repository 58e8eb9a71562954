"""Agrees on TLS with a client that has just connected, within the time that it has for its first request."""

import asyncio
import socket
import ssl
from typing import Final

from exporter.web.connections import HEADERS_SECONDS, Connection
from exporter.web.telling import Rarely

FAREWELL_SECONDS: Final = 1.0
"""How long a client may take, when the connection ends, to say that it has read everything."""


async def shake_hands(connection: Connection, accepted: socket.socket, tls: ssl.SSLContext, rarely: Rarely) -> None:
    """Make the connection over TLS.

    Args:
        connection: what answers it; it counts from now on.
        accepted: its socket.
        tls: what it is encrypted with.
        rarely: tells of clients with which there is no agreement.

    Raises:
        OSError: there is none, or the client is gone.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    connection.shakes_hands(accepted.getpeername(), task.cancel)
    try:
        await loop.connect_accepted_socket(
            lambda: connection,
            accepted,
            ssl=tls,
            # The connection's own deadline comes first.
            ssl_handshake_timeout=HEADERS_SECONDS + 1,
            ssl_shutdown_timeout=FAREWELL_SECONDS,
        )
    except ssl.SSLError as error:
        reason = (error.reason or "unknown").lower().replace("_", " ")
        rarely.warn("no agreement on TLS with a client", client=connection.client, reason=reason)
        raise
    finally:
        connection.agreed()
