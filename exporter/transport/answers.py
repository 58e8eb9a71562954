"""Turns the bytes of an answer into its JSON, or into the failure that they mean: bounded and pure."""

import json
import json.scanner
import re
import zlib
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from exporter.core.errors import AuthError, BadPayload, BadStatus, PollError
from exporter.exchanges.base import A_FEW, A_MARKET, MAX_ROWS, cut, refusal

MAX_BYTES: Final = A_MARKET
"""Largest body in bytes, compressed and decompressed; most endpoints take less."""

LARGE: Final = A_FEW
"""Bytes of JSON beyond which unpacking and parsing would hold up everybody else for milliseconds."""

MAX_VALUES: Final = 300_000
"""Values in an answer: 20,000 rows of 14. What a hostile one may cost goes by their number more than by its bytes."""

SHOWN: Final = 200
"""Characters of a refused body in the debug log."""

SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 3600.0

LONG_GONE: Final = 60.0
"""Seconds after which a moment that is named as an end is none: what is slow in between takes less."""


def begun(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """The first `LARGE` bytes of a body without its `Content-Encoding`, and whether they are all of it.

    Raises:
        BadPayload: unknown encoding, or no beginning of it (may be repeated).
    """
    if encoding in {"", "identity"}:
        return body[:LARGE], len(body) <= LARGE
    return _unpacked(body, encoding, LARGE)


def inflate(body: bytes, encoding: str, most: int = MAX_BYTES) -> bytes:
    """Undo the `Content-Encoding` of a body; a gzip bomb costs so many bytes at most.

    Raises:
        BadPayload: unknown encoding, no end (may be repeated), or too much inside.
    """
    if encoding in {"", "identity"}:
        return body
    plain, whole = _unpacked(body, encoding, most + 1)
    if len(plain) > most:
        raise BadPayload(f"the {encoding} body holds more than {most} bytes")
    if not whole:
        raise BadPayload(f"the {encoding} body is cut short", repeat=True)
    return plain


def _unpacked(body: bytes, encoding: str, most: int) -> tuple[bytes, bool]:
    if encoding in {"gzip", "x-gzip"}:
        window = zlib.MAX_WBITS | 16
    elif encoding == "deflate":
        # The standard means zlib's form; some servers send the bare stream, which never starts like that.
        window = zlib.MAX_WBITS if body[:1] and body[0] & 0x0F == 8 else -zlib.MAX_WBITS
    else:
        raise BadPayload(f"the body is encoded as {cut(encoding, 20)!r}, which was not asked for")
    if not body:
        return body, True
    stream = zlib.decompressobj(window)
    try:
        return stream.decompress(body, most), stream.eof
    except zlib.error as error:
        raise BadPayload(f"the {encoding} body is broken: {error}", repeat=True) from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _number(text: str) -> Decimal | str:
    return Decimal(text) if len(text) < _ENDLESS else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) < _ENDLESS else text


_ENDLESS: Final = 400
"""Letters of a number that nobody can read as one: in a large answer it stays text, and costs nothing to make."""

_ROW: Final = 2_000
"""Letters of an object or list, with none inside, that C parses in no time."""

_in_c: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_number)
_decode: Final = _in_c.decode


class _InTurns(json.JSONDecoder):
    """The library's decoder in Python, between any two steps of which other threads may run; only rows are left to C.

    C alone would be faster by half, and hold the interpreter for a quarter of a second over half a million keys.
    """

    def __init__(self) -> None:
        super().__init__(parse_float=_number, parse_int=_whole, parse_constant=_no_number)
        decoder, scanner = vars(json.decoder), vars(json.scanner)
        self._object, self._array = decoder["JSONObject"], decoder["JSONArray"]
        self.parse_object, self.parse_array = self._object_at, self._array_at
        self.scan_once = scanner["py_make_scanner"](self)

    def _object_at(self, place: tuple[str, int], strict: bool, scan: Callable[[str, int], Any], *more: Any) -> Any:
        return _row(*place, "{", "}") or self._object(place, strict, self._counted(scan), *more)

    def _array_at(self, place: tuple[str, int], scan: Callable[[str, int], Any], *more: Any) -> Any:
        return _row(*place, "[", "]") or self._array(place, scan, *more)

    def _counted(self, scan: Callable[[str, int], Any]) -> Callable[[str, int], Any]:
        """The scanner for the values of one object, which may have as many as there may be rows."""
        left = MAX_ROWS

        def scan_next(text: str, at: int) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise BadPayload(f"an object of more than the {MAX_ROWS} keys that are worked on")
            return scan(text, at)

        return scan_next


def _row(text: str, start: int, opening: str, closing: str) -> tuple[Any, int] | None:
    """What begins before this place and where it ends, if it is short and holds nothing of its kind."""
    end = text.find(closing, start, start + _ROW)
    if end < 0 or text.find(opening, start, end) >= 0:
        return None
    try:
        value, stop = _in_c.raw_decode(text[start - 1 : end + 1])
    except ValueError:  # what looked like the end stands in a text, or it is no JSON at all
        return None
    return value, start - 1 + stop


_decode_in_turns: Final = _InTurns().decode

_START: Final = re.compile(rb'[ \t\r\n]*+(?:[{\["]|\Z)').match
"""The beginning of an answer that is no page. A number or word alone may be JSON, too, but is none of an API."""


def is_json(beginning: bytes) -> bool:
    """Whether a body that begins like this may be JSON."""
    return _START(beginning) is not None


def _decoded(body: bytes) -> Any:
    if len(body) <= LARGE:
        return _decode(body.decode())
    values = len(body) - len(body.translate(None, b",[{"))
    if values > MAX_VALUES:
        raise BadPayload(f"more than the {MAX_VALUES} values that an answer may have")
    return _decode_in_turns(body.decode())


_PORTAL: Final = (
    "Somebody between us and the exchange wants a login: look for a captive portal or a proxy, and who answers at this "
    "address. The API key is not at fault."
)


def parse(status: int, body: bytes, page_hint: str = "") -> Any:
    """The JSON of a body, numbers with a fraction as exact decimals.

    Safe to run in a thread: a `LARGE` body is parsed so that other threads get their turns.

    Raises:
        PollError: what `status` says, where that says it all; else `BadStatus` for a page and `BadPayload` for
            broken JSON or (may be repeated) an empty body.
    """
    try:
        return _decoded(body)
    except (ValueError, ArithmeticError, RecursionError) as error:  # ArithmeticError: an exponent beyond any
        kind = type(error).__name__
    start = body[:64].lstrip()
    if not start:
        if status >= 400:
            raise _hinted(refusal(status, "an empty body"), page_hint)
        raise BadPayload(f"HTTP {status} with an empty body", repeat=True)
    if start[:1] in b'{["':
        if status >= 400:
            raise refusal(status, "broken JSON")
        raise BadPayload(f"HTTP {status} with broken JSON ({kind})")
    failure = refusal(status, "a page instead of an answer") if status >= 400 else None
    if failure is None:
        failure = BadStatus(f"HTTP {status} with a page instead of an answer")
    if isinstance(failure, AuthError):  # a captive portal or a proxy wants to be logged in to; the key is not at fault
        failure = BadStatus(f"HTTP {status}: a page instead of an answer", repeat=False, advice=_PORTAL)
    raise _hinted(failure, page_hint)


def _hinted(failure: PollError, page_hint: str) -> PollError:
    if page_hint and isinstance(failure, BadStatus):
        failure.advice = f"{failure.advice} {page_hint}"
    return failure


def opened(status: int, body: bytes, encoding: str, most: int, page_hint: str = "") -> Any:
    """The JSON of a packed body, as `inflate` and `parse` make it; for a thread.

    Raises:
        PollError: as they do.
    """
    return parse(status, inflate(body, encoding, most), page_hint)


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

    Whatever the header holds, nothing is raised: what the answer itself says has yet to be heeded.

    Args:
        text: seconds, or a date of HTTP.
        wall: seconds since the epoch, now.
    """
    if not text:
        return None
    if _SECONDS(text):
        return bounded_wait(float(text))
    try:
        moment = parsedate_to_datetime(text[:SHOWN])
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - wall
    except Exception:  # the library raises what it happens to meet: a zone of a million hours is an OverflowError
        return None
    return bounded_wait(seconds) if seconds > -LONGEST_WAIT else None  # what is long over is no moment to wait for


_SECONDS: Final = re.compile(r"[ \t]*\d+(?:\.\d+)?[ \t]*", re.ASCII).fullmatch


def seconds_until(at: int, now: int) -> float | None:
    """Seconds to a moment that an exchange named; None for one long gone, which says nothing of this refusal.

    Args:
        at: by the exchange's clock, milliseconds since the epoch.
        now: by the same clock.
    """
    seconds = (at - now) / 1000
    return seconds if seconds > -LONG_GONE else None


def bounded_wait(seconds: float) -> float:
    """The seconds that an exchange asks us to wait, kept within a second and an hour."""
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def beginning(body: bytes) -> str:
    """The first characters of a refused body for the log, control characters escaped."""
    head = body[: 4 * SHOWN + 4].decode("utf-8", "replace")  # of what is longer, always more than is shown
    return ascii(cut(head, SHOWN))
