"""What may stand in an answer: exact numbers, times, names and lists, and nothing else where they belong."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO

MAX_ROWS: Final = 20_000
_PLAIN: Final = re.compile(r"\d{1,300}(?:\.\d{1,300})?", re.ASCII).fullmatch
_NUMBER: Final = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,4})?", re.ASCII).fullmatch
_LAST_WORD: Final = re.compile(r"(?![\d.+-]*$)[^\s\"'{}()\[\],;<>&]+$")
_MAX_EXPONENT: Final = 306
"""One below what a float holds, so that a sum of amounts is finite too."""

ZEROS: Final = frozenset({"0", *("0." + "0" * places for places in range(1, 19))})
"""The usual spellings of nothing, known without parsing."""


def decimal(value: Any, where: str, *, negative: bool = False) -> Decimal:
    """An exact amount from an answer: text or JSON number, finite also as a float.

    Raises:
        BadPayload: anything else, or a negative amount unless `negative` allows it.
    """
    kind = type(value)
    if kind is str:
        if value in ZEROS:
            return ZERO
        if _PLAIN(value):
            return Decimal(value)
    if not (kind is int or kind is Decimal or (kind is str and _NUMBER(value))):
        raise BadPayload(f"{where}: {shown(value)} where a number belongs")
    number = Decimal(value)
    if not number:
        return ZERO
    if not number.is_finite() or number.adjusted() > _MAX_EXPONENT:
        raise BadPayload(f"{where}: {shown(value)} is beyond what a float holds")
    if number.is_signed() and not negative:
        raise BadPayload(f"{where}: {shown(value)} is negative where it cannot be")
    return number


def total(first: Decimal, *others: Decimal) -> Decimal:
    """The exact sum, whatever the precision of the thread that asks; zeros cost nothing."""
    for other in others:
        if other:
            first = EXACT.add(first, other)
    return first


def rest(whole: Decimal, *parts: Decimal) -> Decimal:
    """What of the whole is none of the parts, exact, at least 0."""
    for part in parts:
        whole = EXACT.subtract(whole, part)
    return whole if whole > 0 else ZERO


def moment(value: Any, where: str) -> int:
    """A time in milliseconds since the epoch, within this century.

    Raises:
        BadPayload: no number, or another time.
    """
    milliseconds = int(decimal(value, where))
    if not 946_684_800_000 <= milliseconds < 4_102_444_800_000:
        raise BadPayload(f"{where}: {shown(value)} where a time in milliseconds belongs")
    return milliseconds


def optional(value: Any, where: str, *, negative: bool = False) -> Decimal:
    """Like `decimal`, but null, the empty text and (given as None) an absent field count as 0."""
    return ZERO if value is None or value == "" else decimal(value, where, negative=negative)


def shown(value: Any) -> str:
    """The beginning of a value, for an error message."""
    return cut(repr(value), 40)


def cut(text: str, length: int) -> str:
    """The beginning of a long text, without the word that the cut falls into, unless that is a number.

    A secret, where an exchange repeats one, may be cut as well. By the `...` masking knows where half of one may stand;
    so a text of others is cut by nothing else.
    """
    return text if len(text) <= length else _LAST_WORD.sub("", text[: length - 3]) + "..."


def field(mapping: Any, name: str) -> Any:
    """One field of a JSON object.

    Raises:
        BadPayload: not an object, or no such field; the message names the fields that are there.
    """
    if not isinstance(mapping, dict):
        raise BadPayload(f"{name}: {shown(mapping)} where an object belongs")
    try:
        return mapping[name]
    except KeyError:
        raise BadPayload(f"{name} is missing; there are {shown(sorted(map(str, mapping)))}") from None


def name_of(value: Any, where: str) -> str:
    """A currency or wallet name: a non-empty text.

    Raises:
        BadPayload: anything else.
    """
    if not isinstance(value, str) or not value:
        raise BadPayload(f"{where}: {shown(value)} where a name belongs")
    return value


def listing(value: Any, where: str) -> list[Any]:
    """A JSON list of at most `MAX_ROWS` rows.

    Raises:
        BadPayload: anything else.
    """
    if not isinstance(value, list):
        raise BadPayload(f"{where}: {shown(value)} where a list belongs")
    if len(value) > MAX_ROWS:
        raise BadPayload(f"{where}: {len(value)} rows, more than the {MAX_ROWS} that are worked on")
    return value


def header_count(headers: Mapping[str, str], name: str) -> int | None:
    """A small count in a response header; None where it is absent or something else."""
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
