"""The log writes one line per record, whatever is in it."""

import io
import json
import logging
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.app import logs
from exporter.app.masking import Masking
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]


def written(shape: str, message: str, *args: object, level: str = "debug", **kwargs: object) -> str:
    stream = io.StringIO()
    logs.setup(level, shape, stream)
    logging.getLogger("exporter.test").warning(message, *args, **kwargs)  # type: ignore[arg-type]
    return stream.getvalue()


def test_a_logfmt_line_has_time_level_logger_and_message_then_the_extra_fields() -> None:
    line = written("logfmt", "poll failed", extra={"exchange": "xt", "error": 'said "no"', "polls": 3})
    ts, rest = line.split(" ", 1)
    assert ts.startswith("ts=20")
    assert ts.endswith("Z")
    assert len(ts) == len("ts=2026-01-01T00:00:00.000Z")
    assert rest == 'level=warn logger=exporter.test msg="poll failed" exchange=xt error="said \\"no\\"" polls=3\n'


def test_a_json_line_has_the_same_fields() -> None:
    record = json.loads(written("json", "poll failed", extra={"exchange": "xt", "usd": Decimal("1.50"), "ok": False}))
    assert record.pop("ts")[-1] == "Z"
    assert record == {
        "level": "warn",
        "logger": "exporter.test",
        "msg": "poll failed",
        "exchange": "xt",
        "usd": "1.50",
        "ok": False,
    }


@pytest.mark.parametrize("shape", logs.FORMATS)
@settings(max_examples=60)
@given(text=st.text(st.characters(), max_size=30), other=st.text(st.characters(), max_size=30))
def test_any_text_stays_on_one_line(shape: str, text: str, other: str) -> None:
    line = written(shape, "%s", text, extra={"error": other})
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert all(character.isprintable() for character in line[:-1])


@settings(max_examples=60)
@given(text=st.text(st.characters(), max_size=30))
def test_json_keeps_every_text_as_it_was(text: str) -> None:
    assert json.loads(written("json", "x", extra={"error": text}))["error"] == logs.masked(text)


def test_a_terminal_is_not_obeyed() -> None:
    assert "\x1b" not in written("logfmt", "name \x1b[2J gone")
    assert r"\u001b[2J" in written("logfmt", "name \x1b[2J gone")


@pytest.mark.parametrize("shape", logs.FORMATS)
def test_a_traceback_is_one_field(shape: str) -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        line = written(shape, "bug", exc_info=True)
    assert line.count("\n") == 1
    assert r"ValueError: first\nsecond" in line
    assert "Traceback" in line


def test_fields_that_are_none_are_left_out() -> None:
    assert "advice" not in written("logfmt", "x", extra={"advice": None})


def test_an_extra_field_can_not_pose_as_one_of_ours() -> None:
    line = written("logfmt", "x", extra={"level": "info", "a b=c": "1"})
    assert "level=warn" in line
    assert "extra_level=info" in line
    assert "a_b_c=1" in line


def test_arguments_that_do_not_fit_lose_no_record_and_quote_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    record = logging.makeLogRecord({"msg": "poll %d failed", "args": ("not a number",), "levelno": logging.INFO})
    logs.Lines(stream, Masking(), as_json=False).handle(record)
    assert 'msg="poll %d failed (its arguments do not fit)"' in stream.getvalue()
    assert capsys.readouterr().err == ""


def test_a_closed_stream_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logs.setup("info", "logfmt", stream)
    stream.close()
    logging.getLogger("exporter.test").warning("unheard")
    assert capsys.readouterr().err == ""


def test_records_below_the_level_are_not_written() -> None:
    assert written("logfmt", "poll failed", level="error") == ""
    assert written("logfmt", "poll failed", level="warn") != ""


def test_a_second_setup_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.setup("info", "logfmt", first)
    logs.setup("info", "logfmt", second)
    logging.getLogger("exporter.test").warning("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_secrets_are_masked_in_message_fields_and_traceback() -> None:
    logs.mask(["very-secret"])
    try:
        raise ValueError("with very-secret")
    except ValueError:
        line = written("logfmt", "said %s", "very-secret", extra={"error": "very-secret!"}, exc_info=True)
    assert "very-secret" not in line
    assert line.count("<secret>") >= 4  # the source line of the raise is in the traceback, too


@pytest.mark.parametrize("shape", logs.FORMATS)
@pytest.mark.parametrize("secret", ['a"quoted"one', "back\\slash", "line\nend", "schlüssel", "tab\tbed", "bell\x07s"])
def test_a_secret_is_found_before_quoting_changes_it(shape: str, secret: str) -> None:
    logs.replace([secret])
    line = written(shape, "said %s", secret, extra={"error": repr({"k": secret}), "more": json.dumps([secret])})
    assert line.count("<secret>") == 3


def test_replace_forgets_the_secrets_before() -> None:
    logs.mask(["first-secret"])
    logs.replace(["second-secret"])
    line = written("logfmt", "first-secret second-secret")
    assert 'msg="first-secret <secret>"' in line


def test_a_handler_masks_with_what_it_was_given() -> None:
    stream, masking = io.StringIO(), Masking()
    masking.add(["very-secret"])
    handler = logs.Lines(stream, masking, as_json=False)
    handler.emit(logging.makeLogRecord({"msg": "very-secret", "levelno": logging.INFO}))
    assert "level=info" in stream.getvalue()
    assert "msg=<secret>" in stream.getvalue()


def test_warnings_of_python_are_lines_of_the_log() -> None:
    code = (
        "import sys, warnings; from exporter.app import logs; logs.setup('info', 'logfmt', sys.stdout);"
        "warnings.warn('a\\nb', stacklevel=1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert "logger=py.warnings" in done.stdout
