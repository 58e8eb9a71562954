"""A log that nobody reads holds up nothing: lines wait in order, within a bound, and what is dropped is told."""

import asyncio
import fcntl
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from exporter.app import line_writer, logs
from exporter.app.line_writer import LineWriter
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]

PATIENCE = 10.0


class Reader:
    """Stands in for the file of a stream: takes one piece of text at a time, when it is told to."""

    def __init__(self) -> None:
        self.text = ""
        self.broken = False
        self.reading = threading.Semaphore(0)
        self.asked = threading.Semaphore(0)

    def write(self, text: str) -> None:
        self.asked.release()
        assert self.reading.acquire(timeout=PATIENCE)
        if self.broken:
            raise BrokenPipeError
        self.text += text


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def writer(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Iterator[LineWriter]:
    """Has room for 30 characters; the first line is on its way already."""
    monkeypatch.setattr(line_writer, "QUEUED", 30)
    made = LineWriter(reader.write, lambda lines: f"({lines} dropped)\n")
    made.put("first\n")
    assert reader.asked.acquire(timeout=PATIENCE)
    yield made
    made.close()
    reader.reading.release(100)


def test_lines_that_wait_are_written_in_their_order(reader: Reader, writer: LineWriter) -> None:
    for number in range(4):
        writer.put(f"line {number}\n")
    assert not writer.flush(0)
    reader.reading.release(2)
    assert writer.flush(PATIENCE)
    assert reader.text == "first\nline 0\nline 1\nline 2\nline 3\n"


def test_what_finds_no_room_is_dropped_and_told_in_its_place(reader: Reader, writer: LineWriter) -> None:
    for number in range(10):
        writer.put(f"line {number}\n")
    writer.put("\n")  # it would fit, but those before it were dropped
    reader.reading.release(2)
    assert writer.flush(PATIENCE)
    writer.put("later\n")
    reader.reading.release()
    assert writer.flush(PATIENCE)
    assert reader.text == "first\nline 0\nline 1\nline 2\nline 3\n(7 dropped)\nlater\n"


def test_a_line_longer_than_the_queue_is_dropped_and_the_next_one_written(reader: Reader, writer: LineWriter) -> None:
    reader.reading.release(3)
    assert writer.flush(PATIENCE)
    writer.put("x" * 100)
    assert writer.flush(PATIENCE)
    writer.put("next\n")
    assert writer.flush(PATIENCE)
    assert reader.text == "first\n(1 dropped)\nnext\n"


def test_lines_that_cannot_be_written_are_counted_until_they_can(reader: Reader, writer: LineWriter) -> None:
    reader.broken = True
    reader.reading.release()
    assert writer.flush(PATIENCE)
    for _ in range(2):
        writer.put("lost\n")
        reader.reading.release()
        assert writer.flush(PATIENCE)
    reader.broken = False
    writer.put("kept\n")
    reader.reading.release()
    assert writer.flush(PATIENCE)
    assert reader.text == "(3 dropped)\nkept\n"


def test_a_closed_writer_ends_its_thread_after_the_last_line(reader: Reader) -> None:
    before = {*threading.enumerate()}
    writer = LineWriter(reader.write, str)
    (thread,) = {*threading.enumerate()} - before
    writer.put("last\n")
    writer.close()
    reader.reading.release()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert reader.text == "last\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe with room for a page only; its two ends."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            pass


def read(end: int, *, until: bytes) -> bytes:
    content = b""
    while until not in content and (piece := os.read(end, 65_536)):
        content += piece
    return content


def test_a_secret_is_masked_before_its_line_waits(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    logs.mask(["very-secret"])
    with os.fdopen(os.dup(writing), "w") as stream:
        logs.setup("info", "logfmt", stream, queued=True)
        log = logging.getLogger("exporter.test")
        for _ in range(100):
            log.info("%s very-secret", "x" * 100)
        logs.replace(())
        logs.flush(0.01)
        log.info("the end")
        written = read(reading, until=b"the end").decode()
        logs.flush(PATIENCE)
    assert written.count("<secret>") == 100
    assert "very-secret" not in written


def test_the_log_says_how_many_lines_are_missing(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_writer, "QUEUED", 10_000)
    reading, writing = pipe
    with os.fdopen(os.dup(writing), "w") as stream:
        logs.setup("info", "json", stream, queued=True)
        for number in range(1000):
            logging.getLogger("exporter.test").info("line %d", number, extra={"filling": "x" * 100})
        told = 0
        with os.fdopen(os.dup(reading)) as lines:
            while told < 1000:
                record = json.loads(lines.readline())
                if "filling" in record:
                    assert record["msg"] == f"line {told}"
                    told += 1
                else:
                    assert (record["level"], record["logger"]) == ("warn", "exporter.app")
                    assert record["msg"].startswith("log lines were dropped")
                    told += record["lines"]
        assert told == 1000


def test_what_a_stream_without_a_file_is_told_is_written_by_the_thread_too() -> None:
    stream = io.StringIO()
    logs.setup("info", "logfmt", stream, queued=True)
    logging.getLogger("exporter.test").info("heard")
    logs.flush(PATIENCE)
    assert "msg=heard" in stream.getvalue()


CRASHES = """
import logging
from exporter.app import logs, process
from exporter.cli.main import main

async def run(settings, environ):
    logs.setup("info", "logfmt", queued=True)
    logging.getLogger("exporter.test").info("last words")
    raise ZeroDivisionError("a bug")

process.run = run
main(["--config.file=none.yaml"], {})
"""


def test_after_a_crash_the_last_lines_stand_above_the_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", CRASHES], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    first, second, *_, last = done.stderr.splitlines()
    assert 'msg="last words"' in first
    assert second.startswith("Traceback")
    assert last == "ZeroDivisionError: a bug"


PRINTS = """
import threading
from exporter.app import logs

class Odd:
    def __del__(self):
        raise ValueError("very-secret")

def fails():
    raise KeyError("very-secret")

logs.setup("info", "logfmt", queued=True)
logs.mask(["very-secret"])
logs.log_what_python_prints()
Odd()
thread = threading.Thread(target=fails)
thread.start()
thread.join()
logs.flush()
"""


def test_what_python_would_print_by_itself_is_a_masked_line() -> None:
    done = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, text=True, check=True, timeout=60)
    first, second = done.stderr.splitlines()
    assert 'msg="an error had nowhere to go"' in first
    assert "ValueError: <secret>" in first
    assert 'msg="a thread ended in a bug"' in second
    assert "very-secret" not in done.stderr


ACCOUNTS = 60


def configuration(folder: Path) -> Path:
    """Accounts whose exchange nobody answers for, so that each of them logs a failure."""
    path = folder / "config.yaml"
    path.touch(mode=0o600)
    entries = (
        f"  - {{name: a{number}, exchange: xt, base_url: 'http://127.0.0.1:9', "
        f"credentials: {{api_key: key-{number}-key, secret: secret-{number}}}}}\n"
        for number in range(ACCOUNTS)
    )
    path.write_text("defaults: {interval: 1s}\naccounts:\n" + "".join(entries))
    return path


async def status(client: aiohttp.ClientSession, url: str) -> int:
    async with client.get(url) as answer:
        return answer.status


async def test_a_pipe_that_nobody_reads_holds_up_neither_scrapes_nor_the_stop(
    tmp_path: Path, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    flags = (f"--config.file={configuration(tmp_path)}", "--web.listen-address=127.0.0.1:0", "--log.level=debug")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", *flags),
        stderr=writing,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        os.close(writing)
        said = await asyncio.to_thread(read, reading, until=b"addresses=127.0.0.1:")
        while b" version=" not in said:
            said += os.read(reading, 100)
        address = said.split(b"addresses=")[1].split()[0].decode()
        async with aiohttp.ClientSession() as client, asyncio.timeout(PATIENCE):
            for path in ("/-/ready", "/metrics"):
                # The failures of these accounts are four times what the pipe holds.
                while (await status(client, f"http://{address}{path}")) != 200:  # noqa: ASYNC110  # another process
                    await asyncio.sleep(0.05)
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
