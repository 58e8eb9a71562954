"""From text to typed: durations, amounts, names, URLs and dates, each by the key under which the text stands.

Every function raises `PydanticCustomError` with the end of a sentence, and none quotes a URL, since it may hold a
password.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from exporter.config.mistakes import listed, nearest, quoted
from exporter.core.addresses import is_loopback
from exporter.core.errors import UnusableExchange
from exporter.core.wording import folded
from exporter.exchanges import EXCHANGES, ccxt

RESERVED_LABELS: Final = ("exchange", "account", "shard", "job", "instance")
DAY: Final = 86_400.0

MAX_NAME: Final = 200
"""Letters of a name that stands in a label."""

_DURATION: Final = re.compile(
    r"(?:(\d{1,6})d)?(?:(\d{1,7})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?", re.ASCII
).fullmatch
_UNITS: Final = (DAY, 3600.0, 60.0, 1.0, 0.001)
_AMOUNT: Final = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?", re.ASCII).fullmatch
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII).fullmatch
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


def mistake(text: str, below: str | None = None) -> PydanticCustomError:
    """The error that carries the end of a sentence to the report, and the key below, where it is about one."""
    return PydanticCustomError("mistake", "{text}", {"text": text, "below": below})


def word(value: Any) -> str:
    """A single value as it was written, without control characters."""
    if not isinstance(value, str):
        raise mistake("must be a single value" if value is not None else "has no value")
    if not value.isprintable():
        raise mistake("holds a control character or a line break")
    return value


def name(value: Any) -> str:
    """A word of at least one letter, without blanks around it."""
    text = word(value)
    if not text or text != text.strip():
        raise mistake("must not be empty, nor begin or end with a blank")
    return text


def account_name(value: Any) -> str:
    """The name of an account; it stands in file names and labels."""
    text = name(value)
    if "/" in text:
        raise mistake(f"{quoted(text)} holds a slash; take another name")
    if text in {".", ".."}:
        raise mistake(f"{quoted(text)} means a folder where {{account}} stands in a file name; take another name")
    if len(text) > MAX_NAME:
        raise mistake(f"is longer than {MAX_NAME} letters")
    return text


def total_name(value: Any) -> str:
    """The name of a total; it stands in a label."""
    text = name(value)
    if len(text) > MAX_NAME:
        raise mistake(f"is longer than {MAX_NAME} letters")
    return text


def exchange_name(value: Any) -> str:
    """The name of an exchange that we know."""
    text = name(value)
    if text.startswith(ccxt.PREFIX):
        return _through_ccxt(text)
    found = EXCHANGES.canonical(text)
    if found is None:
        if f"{ccxt.PREFIX}{text}" in EXCHANGES:
            raise mistake(f"{quoted(text)} is read through ccxt; write {ccxt.PREFIX}{text}")
        there = [*EXCHANGES, *(each for each in EXCHANGES.elsewhere() if not each.startswith(ccxt.PREFIX))]
        near = nearest(text, [*there, *EXCHANGES.aliases])
        raise mistake(f"unknown exchange {quoted(text)}{near or '; there are ' + listed(sorted(there), 'and')}")
    return found


def exchange_to_read(value: Any) -> str:
    """The name of an exchange that can be read here."""
    found = exchange_name(value)
    try:
        EXCHANGES[found]
    except UnusableExchange as error:
        raise mistake(f"{quoted(found)} {error}") from None
    return found


def _through_ccxt(text: str) -> str:
    """The name of an exchange that is read through ccxt, if it may be."""
    ccxt_id = text.removeprefix(ccxt.PREFIX)
    if own := EXCHANGES.canonical(ccxt_id):
        raise mistake(f"{own} is read without ccxt, which tells more; write {own}")
    if text not in EXCHANGES:
        ids = [each.removeprefix(ccxt.PREFIX) for each in ccxt.names()]
        near = nearest(ccxt_id, ids) or f"; there are {listed(sorted(ids), 'and')}"
        raise mistake(f"the table of what may be asked through ccxt has no {quoted(ccxt_id)}{near}; {_PROPOSE}")
    return text


_PROPOSE: Final = 'CONTRIBUTING.md, "Proposing an exchange of ccxt", says how it gets there'


def exchange_pattern(value: Any) -> str:
    """A pattern over exchange names; without a wildcard it must be the name of one."""
    text = name(value)
    return text if set("*?[") & set(text) else exchange_name(text)


def currency(value: Any) -> str:
    """A currency, or a pattern of currencies, in ASCII upper case."""
    return folded(name(value))


def wallet(value: Any) -> str:
    """One of our wallet names; the pair after a slash is written in upper case."""
    kind, slash, pair = name(value).partition("/")
    if not kind or (slash and not pair):
        raise mistake("is no wallet name; write one like futures or isolated_margin/BTCUSDT")
    return kind.lower() + slash + folded(pair)


def label_name(value: Any) -> str:
    """The name of a label that the operator may give."""
    if not isinstance(value, str) or not _LABEL(value):
        raise mistake("is no label name; use letters, digits and underscores, and no digit at the beginning")
    if value.startswith("__"):
        raise mistake("label names that begin with two underscores belong to Prometheus; take another")
    if value in RESERVED_LABELS:
        raise mistake(f"the labels {listed(RESERVED_LABELS, 'and')} are taken; take another name")
    return value


def label_value(value: Any) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise mistake("must be a single value")
    return value


def boolean(value: Any) -> bool:
    """`true` or `false`; YAML's other words for them too."""
    text = word(value).lower()
    if text not in _TRUE | _FALSE:
        raise mistake(f"{quoted(text)} is neither true nor false")
    return text in _TRUE


def duration(least: float, most: float, *, zero: bool = False) -> Callable[[Any], float]:
    """Makes the reader of a duration in seconds within a range, or 0 where that has a meaning."""

    def read(value: Any) -> float:
        text = word(value)
        if text == "0" and zero:
            return 0.0
        match = _DURATION(text)
        if not match or not text:
            raise mistake(f"{quoted(text)} is no duration; write one like 500ms, 10s, 5m or 1h")
        seconds = sum(int(count) * unit for count, unit in zip(match.groups(), _UNITS, strict=True) if count)
        if seconds == 0 and zero:
            return 0.0
        if not least <= seconds <= most:
            within = f"it may be {spelled(least)} to {spelled(most)}{', or 0' if zero else ''}"
            raise mistake(f"{quoted(text)} is out of range; {within}")
        return seconds

    return read


def spelled(seconds: float) -> str:
    """A duration as the configuration writes it: `1h30m`."""
    left = round(seconds * 1000)
    text = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0"


def amount(value: Any) -> Decimal:
    """An exact number, not negative, that a float can hold."""
    text = word(value)
    if not _AMOUNT(text):
        raise mistake(f"{quoted(text)} is no number; write one like 5000 or 0.25")
    number = Decimal(text)
    if number < 0:
        raise mistake(f"{quoted(text)} is negative")
    if not isfinite(float(number)) or (number and not float(number)):
        raise mistake(f"{quoted(text)} is beyond what can be counted")
    return abs(number)  # -0 is 0


def price(value: Any) -> Decimal:
    """A number above 0."""
    number = amount(value)
    if not number:
        raise mistake("must be above 0; write null to unpeg the currency")
    return number


def share(value: Any) -> float:
    """A number above 0, at most 1."""
    number = amount(value)
    if not 0 < number <= 1:
        raise mistake(f"{quoted(word(value))} is out of range; it may be above 0, up to 1")
    return float(number)


def count(value: Any) -> int:
    """A whole number of at least 1."""
    text = word(value)
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not int(text):
        raise mistake(f"{quoted(text)} is no whole number of at least 1")
    return int(text)


def end_of_day(value: Any) -> float:
    """The end of a day in UTC, in seconds since the epoch. The day is not quoted: it stands under `credentials`."""
    text = word(value)
    try:
        if not _DATE(text):
            raise ValueError
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() + DAY
    except (ValueError, OverflowError):
        raise mistake("is no day; write one like 2027-01-15") from None


def base_url(value: Any) -> str:
    """Scheme and host of an API: https, or http on this machine."""
    parts, host = _url(value)
    if parts.scheme not in ("https", "http"):
        raise mistake("must begin with https://")
    if parts.scheme == "http" and not is_loopback(host):
        raise mistake("must begin with https://; http is for 127.0.0.0/8, ::1 and localhost only")
    if parts.username is not None or parts.password is not None:
        raise mistake("must not hold a user or password")
    if parts.path not in ("", "/") or parts.query or parts.fragment or word(value).endswith(("?", "#")):
        raise mistake("must end after host and port; paths and queries are the exchange's own")
    return word(value).rstrip("/")


def proxy(value: Any) -> str:
    """The URL of a proxy that speaks HTTP."""
    parts, _ = _url(value)
    if parts.scheme not in ("http", "https"):
        raise mistake("must begin with http:// or https://; other kinds of proxy are not spoken")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise mistake("must end after host and port")
    return word(value).rstrip("/")


def _url(value: Any) -> tuple[Any, str]:
    text = word(value)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise mistake("is no URL; write one like https://example.com:8443") from None
    if not host or port == 0 or not text.isascii() or re.search(r"[\s\\%]", host + parts.netloc.rpartition("@")[2]):
        raise mistake("is no URL with a host; write one like https://example.com:8443")
    return parts, host
