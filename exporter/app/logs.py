"""The log: one line per record, in logfmt or JSON, without any secret."""

import json
import logging
import math
import os
import re
import select
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, TextIO

from exporter.app.line_writer import LineWriter
from exporter.app.masking import Masking
from exporter.core.wording import moment, visible

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
FORMATS: Final = ("logfmt", "json")

FLUSH_SECONDS: Final = 1.0
"""How long the last lines may take to be written at the end."""

_OWN_KEYS: Final = frozenset({"ts", "level", "logger", "msg", "exception", "stack"})
_RECORD_KEYS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_BARE: Final = re.compile(r"[^\s\"=\\]+")
_NO_KEY: Final = re.compile(r"[^A-Za-z0-9_.-]")

_masking: Final = Masking()


def setup(level: str, layout: str, stream: TextIO | None = None, *, queued: bool = False) -> None:
    """Send all records of this level and above to the stream; may be called again, which replaces the first.

    Args:
        level: one of `LEVELS`.
        layout: one of `FORMATS`.
        stream: standard error unless given.
        queued: write in a thread, so that nobody waits for whoever reads the stream; `flush` at the end. Without it a
            line is written before the call that logs it returns.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(handler)
        handler.close()
    kind = QueuedLines if queued else Lines
    root.addHandler(kind(stream or sys.stderr, _masking, as_json=layout == "json"))
    root.setLevel(LEVELS[level])
    # At debug level asyncio logs only which selector it uses.
    logging.getLogger("asyncio").setLevel(max(LEVELS[level], logging.INFO))
    logging.captureWarnings(capture=True)


def flush(seconds: float = FLUSH_SECONDS) -> None:
    """Wait until the lines that are queued have been written, at most so long."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, QueuedLines):
            handler.written(seconds)


def log_what_python_prints() -> None:
    """Have the log tell of errors that Python would print to standard error, unmasked, and wait for its reader."""
    log = logging.getLogger("exporter.app")

    def in_thread(hook: threading.ExceptHookArgs) -> None:
        error = hook.exc_value
        log.error("a thread ended in a bug", exc_info=(hook.exc_type, error, hook.exc_traceback) if error else None)

    def ignored(hook: "sys.UnraisableHookArgs") -> None:
        error = hook.exc_value
        log.error("an error had nowhere to go", exc_info=(hook.exc_type, error, hook.exc_traceback) if error else None)

    threading.excepthook, sys.unraisablehook = in_thread, ignored


def mask(secrets: Iterable[str]) -> None:
    """Keep these texts, too, and their encoded forms out of every line from now on."""
    _masking.add(secrets)


def replace(secrets: Iterable[str]) -> None:
    """Keep exactly these texts and their encoded forms out of every line from now on."""
    _masking.replace(secrets)


def keep(secrets: Iterable[str], now: float) -> None:
    """Keep these texts out of every line, and for an hour those that were kept out so far; see `Masking.keep`."""
    _masking.keep(secrets, now)


def mask_behind(names: Iterable[str]) -> None:
    """Keep what stands behind these names of headers and query fields out of every line from now on."""
    _masking.add_names(names)


def masked(text: str) -> str:
    """The text with every known secret and every signature replaced; for pages that quote what an exchange said."""
    return _masking(text)


def masked_name(text: str) -> str:
    """The name of a coin or wallet as an exchange gave it, with every secret replaced that is no short word."""
    return _masking.name(text)


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


class QueuedLines(Lines):
    """Leaves each finished line to a thread that writes it; masked before that, whatever becomes of the thread."""

    def __init__(self, stream: TextIO, masking: Masking, *, as_json: bool) -> None:
        super().__init__(stream, masking, as_json=as_json)
        self._writer = LineWriter(_writing(stream), self._dropped)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line."""
        try:
            self._writer.put(self.format(record) + "\n")
        except Exception:
            self.handleError(record)

    def written(self, seconds: float) -> bool:
        """Wait until every line is written, at most so long; whether that is so."""
        return self._writer.flush(seconds)

    def close(self) -> None:
        """Take no more lines, and end the thread once it has written what waits."""
        self._writer.close()
        super().close()

    def _dropped(self, lines: int) -> str:
        text = "log lines were dropped, since nobody read them in time or they could not be written"
        fields = {"name": "exporter.app", "levelno": logging.WARNING, "msg": text, "lines": lines}
        return self.format(logging.makeLogRecord(fields)) + "\n"


def _writing(stream: TextIO) -> Callable[[str], None]:
    """Writes to the stream's file where it has one.

    The stream's own buffer has a lock, which Python needs at its end while the thread may still hold it.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return partial(_written_by, stream)
    return partial(_written_to, descriptor, stream.encoding)


def _written_by(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _written_to(descriptor: int, encoding: str, text: str) -> None:
    left = memoryview(text.encode(encoding, "backslashreplace"))
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:  # somebody who shares the pipe or terminal made it so
            select.select((), (descriptor,), ())


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
