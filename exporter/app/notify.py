"""Tells systemd how the process fares: datagrams to the socket that it names, as sd_notify(3) describes them."""

import logging
import socket
from collections.abc import Callable, Mapping
from typing import Final

log = logging.getLogger("exporter.app")

VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What systemd says by the environment: where it listens, and how long it waits for a sign of life of which process."""

SIGNS: Final = 4
"""How many signs of life are sent in the time after which the lack of one ends the process."""

LOOK_SECONDS: Final = 5.0
"""Seconds between two looks at what the status line says, and the most between two signs of life."""


class Notifier:
    """What is told to systemd; without its socket, nothing.

    Nothing that goes wrong here hurts: what cannot be sent since systemd's queue is full (it holds ten) is sent at the
    next beat, and what cannot be sent at all is left.

    Attributes:
        on: whether anybody listens.
    """

    def __init__(self, address: str = "", watchdog: float = 0.0) -> None:
        """Args:
        address: path of a datagram socket, or an abstract one with `@` for its first byte; empty: nobody listens.
        watchdog: seconds after which the lack of a sign of life ends the process; 0: it is never ended.
        """
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._every = min(watchdog / SIGNS, LOOK_SECONDS) if watchdog else 0.0
        self._signed = self._looked = float("-inf")
        self._status = ""
        self._unsent: list[str] = []
        self._socket: socket.socket | None = None
        if not address:
            return
        if address[0] not in "/@":
            log.warning("NOTIFY_SOCKET is no address that can be told anything", extra={"address": address})
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    @property
    def on(self) -> bool:
        """Whether anybody listens."""
        return self._socket is not None

    def ready(self) -> None:
        """The process serves, or is done with a reload."""
        self._tell("READY=1")

    def reloading(self, microseconds: int) -> None:
        """A reload begins; `ready` ends it. Args: `microseconds` is the moment on CLOCK_MONOTONIC."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self) -> None:
        """An orderly stop begins."""
        self._tell("STOPPING=1")

    def beat(self, now: float, problem: str | None, status: Callable[[], str]) -> None:
        """The event loop runs.

        Args:
            now: this moment, in seconds.
            problem: why the process counts as unhealthy; then there is no sign of life. None: all is well.
            status: the line that an operator sees; asked for now and then.
        """
        if not self.on:
            return
        self._tell()
        if self._unsent:
            return  # systemd does not read: more would only pile up
        if self._every and problem is None and now - self._signed >= self._every:
            self._signed = now
            self._tell("WATCHDOG=1")
        if problem is not None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            line = " ".join((problem or status()).split())
            if line != self._status:
                self._status = line
                self._tell(f"STATUS={line}")

    def close(self) -> None:
        """Tell nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, *said: str) -> None:
        if self._socket is None:
            return
        self._unsent += said
        while self._unsent:
            try:
                self._socket.sendto(self._unsent[0].encode("utf-8", "replace"), self._address)
            except BlockingIOError:
                return
            except (OSError, ValueError) as error:
                log.debug("systemd cannot be told", extra={"error": str(error)})
            del self._unsent[0]


def notifier(environ: Mapping[str, str], pid: int) -> Notifier:
    """Who listens, and what it waits for, by the environment; a watchdog for another process is none for this one."""
    text = environ.get("WATCHDOG_USEC", "")
    mine = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
    watchdog = int(text) / 1_000_000 if mine and text.isascii() and text.isdigit() else 0.0
    return Notifier(environ.get("NOTIFY_SOCKET", ""), watchdog)
