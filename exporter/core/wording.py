"""Numbers, times and foreign text as they are shown: to people on pages and in tables, and as labels of metrics."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_LONGEST: Final = 60
"""Digits before or after the point that are still written out."""
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def visible(text: str) -> str:
    """The text with everything escaped that a terminal or log would obey instead of show, line ends included."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if short is not None:
        return short
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def folded(name: str) -> str:
    """The name with its ASCII letters in upper case; about the case of other letters programs do not agree."""
    upper = name.translate(_UPPER)
    return name if upper == name else upper  # an upper-case name stays the same object, so memory holds it once


def spelled(raw: str) -> str:
    """The text as UTF-8 can carry it: a lone surrogate becomes its escape."""
    return raw if raw.isascii() else raw.encode("utf-8", "backslashreplace").decode()


def exact(amount: Decimal) -> str:
    """Every digit of an amount, without an exponent unless it would take a line to write it out."""
    if not amount:
        return "0"
    short = abs(amount.adjusted()) < _LONGEST and len(amount.as_tuple().digits) < 2 * _LONGEST
    return f"{amount:f}" if short else str(amount)


def grouped(amount: Decimal) -> str:
    """Every digit of an amount as `exact` has it, with thousands apart, for the eye."""
    text = exact(amount)
    return f"{amount:,f}" if amount and "E" not in text else text


def dollars(usd: Decimal | None) -> str:
    """A value in USD for the eye: to the cent, with thousands apart; a dash when it is not known."""
    if usd is None:
        return "–"
    if 0 < abs(usd) < Decimal("0.01"):
        return "< 0.01" if usd > 0 else "> -0.01"
    return f"{usd:,.2f}" if abs(usd.adjusted()) < _LONGEST else f"{usd:.3e}"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `45 s`, `3 min 20 s`, `2 d 4 h`."""
    left = max(round(seconds), 0)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(left, size)
        if count or parts or unit == "s":
            if count or not parts:
                parts.append(f"{count} {unit}")
            else:
                break
            left = rest
        if len(parts) == 2:
            break
    return " ".join(parts)


def moment(wall: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond; empty for 0, which stands for never."""
    if not wall:
        return ""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def counted(count: int, one: str, several: str = "") -> str:
    """A number with its noun: `1 account`, `3 accounts`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
