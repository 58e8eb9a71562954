"""The image's health check, `python -m exporter.cli.healthy`: asks the running exporter, wherever it listens.

The flags are read from the exporter's own command line in `/proc`, its environment is the container's. So a changed
`--web.listen-address` or `--web.config.file` needs no other health check. No proxy is asked.
"""

import http.client
import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from exporter.cli.flags import PROGRAM, parse, settings_of
from exporter.config.web_file import load_web
from exporter.core.errors import ConfigError
from exporter.core.settings import listen_address

TIMEOUT_SECONDS: Final = 4.0
"""Below the five seconds that the image gives the whole check."""

_ALIVE: Final = (200, 401)
"""Healthy, or healthy enough to ask who is there: the check knows no password."""


def running(proc: Path) -> list[str]:
    """The arguments of the exporter that runs: the process of the lowest number that is one.

    It is process 1, unless an init stands before it (`docker run --init`).

    Args:
        proc: where the processes are listed: `/proc`.

    Raises:
        LookupError: there is none.
    """
    for number in sorted(int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()):
        try:
            words = (proc / str(number) / "cmdline").read_text(encoding="utf-8", errors="surrogateescape").split("\0")
        except OSError:  # it has just ended, or belongs to someone else
            continue
        # A script's line begins with its interpreter; an init's has the program further behind.
        for place, word in enumerate(words[:2]):
            if Path(word).name == PROGRAM:
                return words[place + 1 : -1]
    raise LookupError(f"no {PROGRAM} runs here")


def why_unhealthy(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Ask the exporter that these arguments started; None if it is well, or else what is wrong.

    Over TLS no certificate is verified, as nothing secret is sent and the name asked for is an address. An exporter
    that refuses the check for want of a client certificate or a password has answered, so it is well.

    Args:
        argv: the exporter's arguments.
        environ: its environment.
    """
    settings = settings_of(parse(argv, environ))
    address = listen_address(settings.listen_addresses[0])
    host = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 -- nothing binds to it
    tls = settings.web_config_file is not None and _asks_for_tls(settings.web_config_file)
    try:
        status = _status(host, address.port, tls=tls)
        if status is None and settings.web_config_file is not None:
            # The file has changed, and the exporter has not taken it over.
            status = _status(host, address.port, tls=not tls)
    except OSError as error:
        return f"{host} port {address.port} does not answer: {error}"
    if status is None:
        return f"{host} port {address.port} closed the connection without an answer"
    return None if status in _ALIVE else f"/-/healthy answered {status}"


def _asks_for_tls(web_config_file: Path) -> bool:
    """Whether it does; a file that cannot be used was a good one when the exporter began, most likely with TLS."""
    try:
        return load_web(web_config_file).tls is not None
    except ConfigError:
        return True


def _status(host: str, port: int, *, tls: bool) -> int | None:
    """The status of `/-/healthy`; 401 too if a certificate is asked for; None if the other side spoke no HTTP."""
    connection = socket.create_connection((host, port), timeout=TIMEOUT_SECONDS / 2)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            connection = context.wrap_socket(connection)
        except ssl.SSLError as error:
            connection.close()
            # An alert is an answer: TLS 1.2 refuses a client without a certificate so.
            return 401 if "ALERT" in (error.reason or "") else None
    with connection:
        asked = http.client.HTTPConnection(host, port)
        asked.sock = connection
        try:
            asked.request("GET", "/-/healthy")
            return asked.getresponse().status
        except (http.client.HTTPException, ConnectionError, ssl.SSLError):
            # TLS 1.3 refuses a client without a certificate after the handshake, which the exporter took part in.
            return 401 if tls else None


def main() -> int:
    """Exit status 0 for a healthy exporter, and 1 with a sentence for any other."""
    try:
        wrong = why_unhealthy(running(Path("/proc")), os.environ)
    except LookupError as error:
        wrong = str(error)
    if wrong is not None:
        print(f"unhealthy: {wrong}", file=sys.stderr)
    return int(wrong is not None)


if __name__ == "__main__":
    sys.exit(main())
