"""From an exchange's own no, or from an HTTP status that says it all, to the error that names it, and until when."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Final, NamedTuple

from exporter.core.errors import (
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ExchangeRefused,
    PollError,
    RateLimited,
    UserLimited,
)
from exporter.exchanges.values import cut, shown


def refused(
    status: int,
    code: Any,
    message: Any,
    *,
    errors: Mapping[str, type[PollError]],
    temporary: frozenset[str] = frozenset(),
    advice: Mapping[str, str] = {},
) -> PollError:
    """The error for an answer whose own code says no; what can be no code makes it an answer of another shape.

    Args:
        status: of HTTP; decides where the code says nothing to us.
        code: as it stands in the answer.
        message: the exchange's words, for the log.
        errors: codes of one meaning.
        temporary: codes that a repeat may change.
        advice: where a code deserves better advice than its class gives.
    """
    if not isinstance(code, str | int | None) and status < 400:
        return BadPayload(f"{shown(code)} where a code belongs")
    key = code if isinstance(code, str) else shown(code)
    words = cut(message, 200) if isinstance(message, str) else shown(message)
    text = f"{cut(key, 60)}: {words}" if message else cut(key, 60)
    if status == 418:  # says that we are banned, also with a code that elsewhere means no more than being too fast
        return Banned(f"HTTP 418: {text}")
    if kind := errors.get(key):
        return kind(text, advice=advice.get(key))
    if status in {401, 429} or (status >= 500 and key not in temporary):
        return refusal(status, text)
    if key in temporary:
        return ExchangeRefused(text, repeat=True, advice="Wait: the exchange calls this temporary.")
    return ExchangeRefused(text, advice=advice.get(key))


def refusal(status: int, text: str) -> PollError:
    """The error for an HTTP status that says it all, when the answer's own code does not."""
    if status == 429:
        return RateLimited(f"HTTP 429: {text}")
    if status == 418:
        return Banned(f"HTTP 418: {text}")
    if status == 401:
        return AuthError(f"HTTP 401: {text}")
    if status >= 400:
        return BadStatus(f"HTTP {status}: {text}", repeat=status >= 500)
    return ExchangeRefused(text)


def address_in(text: str) -> str | None:
    """The first address that a refusal names, of either version of IP, as it is spelled there; None where none is."""
    words: list[str] = re.findall(r"[0-9A-Fa-f.:]{2,45}", text)
    for word in words:
        spelled = word.strip(":.") if "." in word else word.removeprefix(":")
        try:
            ipaddress.ip_address(spelled)
        except ValueError:
            continue
        return spelled
    return None


class Until(NamedTuple):
    """When a refusal ends, as the exchange tells it; both None where it tells nothing.

    Attributes:
        at: by the exchange's clock, milliseconds since the epoch; the latest that is told.
        seconds: from the answer on; the longest that is told.
    """

    at: int | None = None
    seconds: float | None = None


_BLOCKS: Final = r"(?:un|re)?(?:block|banned|bans?|lock|disabl|suspend|frozen|restrict|lift)\w*"
_WAITS: Final = (
    r"(?:re-?)?try|retry\w*|wait\w*|come|back|resum\w*|available|cool-?down|expir\w*|remain\w*|left"
    r"|until|till|after|before"
)
_ENDS: Final = rf"\b(?:{_BLOCKS}|{_WAITS})\b"
_AND_SO_ON: Final = (
    r"(?:[\s:=,._([-]|\b(?:a|about|access|account|after|again|another|api|at|automatically|be|currently|for|in|ip|is|it|key"
    r"|later|least|next|of|period|please|request|requests|temporarily|the|them|this|till|time|to|until|will|within|your)\b)"
)
_UNITS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_UNIT: Final = r"\s{0,2}(ms|milli[a-z]*|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"

_MOMENT: Final = re.compile(
    rf"{_ENDS}(?:[\s:=,([-]|\b(?:after|at|be|by|is|it|on|the|till|time|timestamp|until|will)\b){{0,12}}"
    r"(?<!\d)(\d{13}|\d{10})(?!\d|\.\d)",
    re.ASCII | re.IGNORECASE,
)
_SPAN: Final = re.compile(
    rf"{_ENDS}{_AND_SO_ON}{{0,20}}(?<![\w.])(\d{{1,9}}(?:\.\d{{1,9}})?|(?:an?|one)(?=\s)){_UNIT}"
    rf"(?:\s{{0,2}}(?:and|,)?\s{{0,2}}(\d{{1,9}}){_UNIT})?",
    re.ASCII | re.IGNORECASE,
)
_BLOCKED: Final = re.compile(rf"\b{_BLOCKS}\b", re.ASCII | re.IGNORECASE)
_NAMED: Final = re.compile(
    r"retry_?(?:after|at|in|time)\w{0,8}|wait_?(?:time|seconds|ms|until)\w{0,8}"
    r"|(?:un)?(?:ban|bann|block|lock)(?:ed)?_?(?:until|till|after|at|end|time|expir)\w{0,12}|until",
    re.ASCII | re.IGNORECASE,
)
_FIELD: Final = re.compile(r"\d{1,13}(?:\.\d{1,9})?", re.ASCII)
_NODES: Final = 60
"""Parts of an answer that are looked at; a refusal has a handful."""
_LETTERS: Final = 1000
"""Of one text."""


def until(text: str) -> Until:
    """When a refusal ends, by its words: a moment in milliseconds or seconds since the epoch, or a span.

    Only a number that follows a word of ending or waiting counts: a refusal may also tell a limit ("20 requests in 10
    seconds"), the time, or the number of an order.
    """
    text = text[:_LETTERS]
    moments = [moment for found in _MOMENT.findall(text) if (moment := _moment(found)) is not None]
    spans = [_seconds(parts[0], parts[1]) + _seconds(parts[2], parts[3]) for parts in _SPAN.findall(text)]
    return Until(max(moments, default=None), max(spans, default=None))


def _moment(digits: str) -> int | None:
    """A moment of this century in milliseconds, from digits that are those or seconds; None for another number."""
    milliseconds = int(digits) * (1 if len(digits) == 13 else 1000)
    return milliseconds if 1_500_000_000_000 <= milliseconds < 4_102_444_800_000 else None


def _seconds(number: str, unit: str) -> float:
    if not number:
        return 0.0
    lower = unit.lower()
    size = _UNITS["ms" if lower == "ms" or lower.startswith("milli") else lower[0]]
    return (float(number) if number[0].isdigit() else 1.0) * size


def told(payload: Any) -> Until:
    """When a refusal ends, by all words and by the fields that are named for it, of an answer of any shape."""
    moments: list[int] = []
    spans: list[float] = []
    for name, value in _leaves(payload):
        found = _by_field(name, value)
        if found == Until() and isinstance(value, str):
            found = until(value)
        if found.at is not None:
            moments.append(found.at)
        if found.seconds is not None:
            spans.append(found.seconds)
    return Until(max(moments, default=None), max(spans, default=None))


def _by_field(name: str, value: Any) -> Until:
    """What a field says whose name is of ending or waiting: a moment, or as many seconds (`...Ms`: milliseconds)."""
    if isinstance(value, bool) or not _NAMED.fullmatch(name) or not _FIELD.fullmatch(text := str(value)):
        return Until()
    whole = text.partition(".")[0]
    if len(whole) in {10, 13}:
        return Until(at=_moment(whole))
    seconds = float(text) / (1000 if name.lower().endswith(("ms", "millis", "milliseconds")) else 1)
    return Until(seconds=seconds) if 0 < seconds <= 31 * 86_400 else Until()


def _leaves(payload: Any) -> Iterator[tuple[str, Any]]:
    """The values of an answer with the names of their fields, as far as a refusal goes."""
    left: list[tuple[str, Any]] = [("", payload)]
    for _ in range(_NODES):
        if not left:
            return
        name, value = left.pop()
        if isinstance(value, dict):
            left += [(str(key), each) for key, each in list(value.items())[:_NODES]]
        elif isinstance(value, list):
            left += [(name, each) for each in value[:_NODES]]
        else:
            yield name, value


Unwrap = Callable[[int, Any], Any]


def ending(unwrap: Unwrap) -> Unwrap:
    """An `unwrap` whose refusals also say when they end, wherever the answer tells that.

    Being too fast, with words of a block that ends, is told to the user and not to one call: all of the user's calls
    then wait for it. So is what the exchange has no code of ours for, if its words are those.
    """

    @wraps(unwrap)
    def with_end(status: int, payload: Any) -> Any:
        try:
            return unwrap(status, payload)
        except PollError as error:
            raise _ended(error, payload) from None

    return with_end


def _ended(error: PollError, payload: Any) -> PollError:
    plain = type(error) in {ExchangeRefused, BadStatus}
    if not plain and not isinstance(error, RateLimited | Banned):
        return error
    end = told(payload)
    if end == Until():
        return error
    if plain or type(error) is RateLimited:
        blocked = any(isinstance(value, str) and _BLOCKED.search(value[:_LETTERS]) for _, value in _leaves(payload))
        if blocked:
            error = UserLimited(str(error), advice=vars(error).get("advice") if not plain else None)
        elif plain:
            return error
    error.retry_at, error.retry_after = end.at, end.seconds
    return error
