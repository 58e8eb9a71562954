"""The log: one line per record, in logfmt or JSON, without any secret."""

import json
import logging
import math
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, Final, TextIO

from exporter.app.masking import Masking
from exporter.core.wording import moment, visible

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
FORMATS: Final = ("logfmt", "json")

_OWN_KEYS: Final = frozenset({"ts", "level", "logger", "msg", "exception", "stack"})
_RECORD_KEYS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_BARE: Final = re.compile(r"[^\s\"=\\]+")
_NO_KEY: Final = re.compile(r"[^A-Za-z0-9_.-]")

_masking: Final = Masking()


def setup(level: str, layout: str, stream: TextIO | None = None) -> None:
    """Send all records of this level and above to the stream; may be called again, which replaces the first.

    Args:
        level: one of `LEVELS`.
        layout: one of `FORMATS`.
        stream: standard error unless given.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(handler)
    root.addHandler(Lines(stream or sys.stderr, _masking, as_json=layout == "json"))
    root.setLevel(LEVELS[level])
    # At debug level asyncio logs only which selector it uses.
    logging.getLogger("asyncio").setLevel(max(LEVELS[level], logging.INFO))
    logging.captureWarnings(capture=True)


def mask(secrets: Iterable[str]) -> None:
    """Keep these texts, too, and their encoded forms out of every line from now on."""
    _masking.add(secrets)


def replace(secrets: Iterable[str]) -> None:
    """Keep exactly these texts and their encoded forms out of every line from now on."""
    _masking.replace(secrets)


def mask_behind(names: Iterable[str]) -> None:
    """Keep what stands behind these names of headers and query fields out of every line from now on."""
    _masking.add_names(names)


def masked(text: str) -> str:
    """The text with every known secret and every signature replaced; for pages that quote what an exchange said."""
    return _masking(text)


class Lines(logging.StreamHandler[TextIO]):
    """Writes each record as one line: time, level, logger, message, then the record's extra fields.

    A field's text is masked before it is quoted, since quoting may change a secret beyond recognition. The finished
    line is masked once more, for secrets that only show across fields.
    """

    def __init__(self, stream: TextIO, masking: Masking, *, as_json: bool) -> None:
        super().__init__(stream)
        self._masking = masking
        self._written = _json if as_json else _logfmt

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, without its end."""
        pairs = [(key, self._masking(value) if isinstance(value, str) else value) for key, value in _fields(record)]
        return self._masking(self._written(pairs))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the name is logging's
        """Do nothing: a log that cannot be written stops no poll, and a report would quote arguments unmasked."""


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, str | int | float | bool]]:
    yield "ts", moment(record.created)
    yield "level", _level(record.levelno)
    yield "logger", record.name
    yield "msg", _message(record)
    for key, value in record.__dict__.items():
        if key not in _RECORD_KEYS and value is not None:
            name = _NO_KEY.sub("_", key)
            yield f"extra_{name}" if name in _OWN_KEYS or not name else name, _plain(value)
    if record.exc_info:
        yield "exception", "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    if record.stack_info:
        yield "stack", record.stack_info


def _level(number: int) -> str:
    for name, least in reversed(LEVELS.items()):
        if number >= least:
            return name
    return "debug"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        return f"{record.msg!s} (its arguments do not fit)"


def _plain(value: Any) -> str | int | float | bool:
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__} that cannot be written>"


def _logfmt(pairs: Iterable[tuple[str, str | int | float | bool]]) -> str:
    return " ".join(f"{key}={_quoted(value)}" for key, value in pairs)


def _quoted(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if _BARE.fullmatch(text) and text.isprintable():
        return text
    return '"' + visible(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _json(pairs: Iterable[tuple[str, str | int | float | bool]]) -> str:
    return json.dumps(dict(pairs), separators=(",", ":"))
