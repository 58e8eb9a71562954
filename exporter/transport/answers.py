"""Turns the bytes of an answer into its JSON, or into the failure that they mean: bounded and pure."""

import json
import zlib
from datetime import UTC
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from exporter.core.errors import BadPayload, BadStatus
from exporter.exchanges.base import cut, refusal

MAX_BYTES: Final = 8 * 1024 * 1024
"""Largest body in bytes, compressed and decompressed."""

LARGE: Final = 256 * 1024
"""Bytes of JSON beyond which parsing would hold up everybody else for milliseconds."""

SHOWN: Final = 200
"""Characters of a refused body in the debug log."""

SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 3600.0


def inflate(body: bytes, encoding: str) -> bytes:
    """Undo the `Content-Encoding` of a body; a gzip bomb costs `MAX_BYTES` at most.

    Raises:
        BadPayload: unknown encoding, no end (may be repeated), or too much inside.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding in {"gzip", "x-gzip"}:
        window = zlib.MAX_WBITS | 16
    elif encoding == "deflate":
        # The standard means zlib's form; some servers send the bare stream, which never starts like that.
        window = zlib.MAX_WBITS if body[:1] and body[0] & 0x0F == 8 else -zlib.MAX_WBITS
    else:
        raise BadPayload(f"the body is encoded as {cut(encoding, 20)!r}, which was not asked for")
    if not body:
        return body
    stream = zlib.decompressobj(window)
    try:
        plain = stream.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise BadPayload(f"the {encoding} body is broken: {error}", repeat=True) from None
    if len(plain) > MAX_BYTES:
        raise BadPayload(f"the {encoding} body holds more than {MAX_BYTES} bytes")
    if not stream.eof:
        raise BadPayload(f"the {encoding} body is cut short", repeat=True)
    return plain


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _same(value: Any) -> Any:
    return value


def _number(text: str) -> Decimal:
    return Decimal(text)


def _whole(text: str) -> int:
    return int(text)


_decode: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_number).decode

# Python's functions instead of C's: between their calls the interpreter lets other threads run.
_decode_yielding: Final = json.JSONDecoder(
    object_hook=_same, parse_float=_number, parse_int=_whole, parse_constant=_no_number
).decode


def parse(status: int, body: bytes, page_hint: str = "") -> Any:
    """The JSON of a body, numbers with a fraction as exact decimals.

    Safe to run in a thread: a `LARGE` body is parsed so that other threads get their turns.

    Raises:
        PollError: what `status` says, where that says it all; else `BadStatus` for a page and `BadPayload` for
            broken JSON or (may be repeated) an empty body.
    """
    try:
        return (_decode if len(body) < LARGE else _decode_yielding)(body.decode())
    except (ValueError, ArithmeticError, RecursionError) as error:  # ArithmeticError: an exponent beyond any
        kind = type(error).__name__
    start = body[:64].lstrip()
    if not start:
        if status >= 400:
            raise refusal(status, "an empty body")
        raise BadPayload(f"HTTP {status} with an empty body", repeat=True)
    if start[:1] in b'{["':
        if status >= 400:
            raise refusal(status, "broken JSON")
        raise BadPayload(f"HTTP {status} with broken JSON ({kind})")
    failure = refusal(status, "a page instead of an answer") if status >= 400 else None
    if failure is None:
        failure = BadStatus(f"HTTP {status} with a page instead of an answer")
    if page_hint and isinstance(failure, BadStatus):
        failure.advice = f"{failure.advice} {page_hint}"
    raise failure


def redirect(status: int, location: str) -> BadStatus:
    """The failure for an answer that sends us elsewhere; names the host only, since a path may carry anything."""
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    where = f"to {cut(host, 100)!r}" if host else "within the same host" if location else "to nowhere"
    return BadStatus(
        f"HTTP {status}: a redirect {where}, which is not followed",
        repeat=False,
        advice="See who answers at this address, and set `base_url` if the API has moved.",
    )


def retry_after(text: str | None, wall: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, kept within a second and an hour; None where it says nothing.

    Args:
        text: seconds, or a date of HTTP.
        wall: seconds since the epoch, now.
    """
    if not text:
        return None
    if text.isascii() and text.strip().isdigit():
        return bounded_wait(float(text))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return bounded_wait((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - wall)


def bounded_wait(seconds: float) -> float:
    """The seconds that an exchange asks us to wait, kept within a second and an hour."""
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def beginning(body: bytes) -> str:
    """The first characters of a refused body for the log, control characters escaped."""
    head = body[: 4 * SHOWN + 4].decode("utf-8", "replace")  # of what is longer, always more than is shown
    return ascii(cut(head, SHOWN))
