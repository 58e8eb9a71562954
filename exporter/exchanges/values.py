"""What may stand in an answer: exact numbers, times, names and lists, and nothing else where they belong."""

import re
from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_DOWN, Context, Decimal, Rounded
from itertools import islice
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO

MAX_ROWS: Final = 20_000
A_HANDFUL: Final = 500
"""Rows of a list that is short by its nature, such as the kinds of wallets; worked on in one go."""

MAX_LETTERS: Final = 100
"""Of a name. One label that is longer than a Prometheus server allows costs it the whole scrape."""

MAX_DIGITS: Final = 100
"""Of a number, before and behind the point together."""

_PLAIN: Final = re.compile(r"\d{1,50}(?:\.\d{1,50})?", re.ASCII).fullmatch
_NUMBER: Final = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,4})?", re.ASCII).fullmatch
_BEYOND: Final[int] = 10**MAX_DIGITS
_WITHIN: Final = Context(prec=MAX_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Rounded])
_BEGINNING: Final = Context(prec=MAX_DIGITS, rounding=ROUND_DOWN, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_LAST_WORD: Final = re.compile(r"(?![\d.+-]*$)[^\s\"'{}()\[\],;<>&]+$")
_MAX_EXPONENT: Final = 306
"""One below what a float holds, so that a sum of amounts is finite too."""

_SHOWN: Final = 40
"""Letters of a value in an error message."""

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
        if _PLAIN(value) and len(value) <= MAX_DIGITS:
            return Decimal(value)
    if not (kind is int or kind is Decimal or (kind is str and _NUMBER(value))):
        raise BadPayload(f"{where}: {shown(value)} where a number belongs")
    if _is_too_long(value):
        raise BadPayload(f"{where}: {shown(value)} has more than the {MAX_DIGITS} digits that are read")
    number = Decimal(value)
    if not number:
        return ZERO
    if not number.is_finite() or number.adjusted() > _MAX_EXPONENT:
        raise BadPayload(f"{where}: {shown(value)} is beyond what a float holds")
    if number.is_signed() and not negative:
        raise BadPayload(f"{where}: {shown(value)} is negative where it cannot be")
    return number


def _is_too_long(number: str | int | Decimal) -> bool:
    if isinstance(number, int):
        return not -_BEYOND < number < _BEYOND
    if isinstance(number, str):
        return len(re.split("[eE]", number)[0].replace("-", "").replace(".", "")) > MAX_DIGITS
    try:
        _WITHIN.plus(number)
    except Rounded:
        return True
    return False


def total(first: Decimal, *others: Decimal) -> Decimal:
    """The exact sum, whatever the precision of the thread that asks; zeros cost nothing."""
    for other in others:
        if other:
            first = EXACT.add(first, other) if first else other
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
    """The beginning of a value, for an error message. No more of it is looked at than is shown."""
    return cut(_beginning(value, _SHOWN + 1), _SHOWN)


def text_of(value: Any, length: int = 200) -> str:
    """The beginning of an exchange's code or words: a text as it is, anything else as it is shown."""
    return cut(value, length) if isinstance(value, str) else shown(value)


def _beginning(value: Any, room: int) -> str:
    """So many letters of `repr(value)` or a few more, where it has as many; else all of them."""
    if room <= 0:
        return ""
    if isinstance(value, str):
        return repr(value[:room])
    if isinstance(value, Decimal):
        return repr(_BEGINNING.plus(value))
    if not isinstance(value, dict | list | tuple):
        return repr(value)
    text, closing = "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else "()"
    for part in value:
        if len(text) >= room:
            return text
        text += ", " if len(text) > 1 else ""
        text += _beginning(part, room - len(text))
        if isinstance(value, dict):
            text += ": "
            text += _beginning(value[part], room - len(text))
    return text + ("," if isinstance(value, tuple) and len(value) == 1 else "") + closing


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
        there = sorted(map(str, islice(mapping, MAX_LETTERS)))
        raise BadPayload(f"{name} is missing; there are {shown(there)}") from None


def name_of(value: Any, where: str) -> str:
    """A currency or wallet name: a text of one to `MAX_LETTERS` letters.

    Raises:
        BadPayload: anything else.
    """
    if not isinstance(value, str) or not value:
        raise BadPayload(f"{where}: {shown(value)} where a name belongs")
    if len(value) > MAX_LETTERS:
        raise BadPayload(f"{where}: {shown(value)} is longer than the {MAX_LETTERS} letters of a name")
    return value


def listing(value: Any, where: str, most: int = MAX_ROWS) -> list[Any]:
    """A JSON list of at most so many rows.

    Raises:
        BadPayload: anything else.
    """
    if not isinstance(value, list):
        raise BadPayload(f"{where}: {shown(value)} where a list belongs")
    if len(value) > most:
        raise BadPayload(f"{where}: {len(value)} rows, more than the {most} that are worked on")
    return value


def header_count(headers: Mapping[str, str], name: str) -> int | None:
    """A small count in a response header; None where it is absent or something else."""
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
