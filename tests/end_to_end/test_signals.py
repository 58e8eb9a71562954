"""SIGTERM and SIGINT to the real process, in the middle of polls and scrapes."""

import asyncio
import gzip
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from exporter.sandbox import Fault, Sandbox

PATIENCE: Final = 20.0
"""Seconds after which a test gives up."""

PROMISED: Final = 10.0
"""Seconds within which the process ends after a signal."""


@dataclass
class Running:
    """The process, its sandbox, and where it serves."""

    process: asyncio.subprocess.Process
    sandbox: Sandbox
    host: str
    port: int
    log: list[str]

    def requested(self) -> int:
        return len(self.sandbox.exchange("bitget").requests)

    async def end(self) -> int:
        """Wait for the exit status."""
        async with asyncio.timeout(PROMISED):
            return await self.process.wait()

    async def get(self, path: str, encoding: str = "identity") -> tuple[int, bytes]:
        """One whole answer; refuses one that is cut short."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {encoding}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        try:
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        status = int(head.split()[1])
        (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
        assert len(body) == int(length), "half an answer"
        return status, gzip.decompress(body) if encoding == "gzip" and b"gzip" in head else body


async def becomes(condition: Callable[[], bool]) -> None:
    """Return once another process has brought something about."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - no event comes from there
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(folder: Path, timeout: str) -> AsyncIterator[Running]:
    """The process, with twenty accounts of which every second one's answers hang."""
    sandbox = Sandbox()
    lines = [f"defaults: {{interval: 1s, timeout: {timeout}, stale_after: 60s}}", "accounts:"]
    await sandbox.start()
    for number in range(20):
        account = sandbox.add_account("bitget", key=f"key-{number}", secret=f"secret-{number}", passphrase="words")
        account.set("spot", "USDT", "100.5")
        credentials = f"{{api_key: key-{number}, secret: secret-{number}, passphrase: words}}"
        lines.append(f"  - {{name: account-{number}, exchange: bitget, credentials: {credentials},")
        lines.append(f"     base_url: '{sandbox.urls['bitget']}'}}")
        if number % 2:
            sandbox.exchange("bitget").faults.append(Fault("hang_after_headers", account=f"key-{number}"))
    file = folder / "config.yaml"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    arguments = ("-m", "exporter", "--config.file", str(file), "--web.listen-address", "127.0.0.1:0")
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env=environ
    )
    log: list[str] = []
    pipe = process.stderr
    assert pipe is not None

    async def listen() -> None:
        while line := await pipe.readline():
            log.append(line.decode())

    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(r"msg=serving addresses=(\S+):(\d+)", "".join(log))):
                assert process.returncode is None, "".join(log)
                await asyncio.sleep(0.01)
        run = Running(process, sandbox, found[1], int(found[2]), log)
        await becomes(lambda: run.requested() >= 20)  # polls are under way, and ten of them hang
        yield run
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await listening
        await sandbox.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_the_middle_of_polls_and_scrapes_ends_in_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with running(tmp_path, timeout="1s") as run:
        answers: list[tuple[int, bytes]] = []

        async def scrape(encoding: str) -> None:
            try:
                while True:
                    answers.append(await run.get("/metrics", encoding))
            except (ConnectionError, IndexError):  # nobody listens any more; nothing came back
                return

        scrapes = [asyncio.create_task(scrape(encoding)) for encoding in ("identity", "gzip") * 4]
        await becomes(lambda: len(answers) >= 8)
        run.process.send_signal(number)
        assert await run.end() == 0
        await asyncio.gather(*scrapes)
        assert {status for status, _ in answers} <= {200}
        assert all(body.endswith(b"\n") and b"exchange_account_up" in body for _, body in answers)
    text = "".join(run.log)
    assert "Traceback" not in text
    assert "exception" not in text
    assert text.count("msg=stopping") == 1
    assert not any("level=error" in line for line in run.log)


async def test_the_process_is_not_ready_while_it_stops(tmp_path: Path) -> None:
    async with running(tmp_path, timeout="1500ms") as run:
        run.process.send_signal(signal.SIGTERM)
        statuses: set[int] = set()
        try:
            while 503 not in statuses:
                statuses.add((await run.get("/-/ready"))[0])
        except ConnectionError:
            pass
        assert statuses >= {503}
        assert await run.end() == 0


async def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    """The polls would go on for a minute and are given five seconds: only the second signal ends with this status."""
    async with running(tmp_path, timeout="50s") as run:
        run.process.send_signal(signal.SIGINT)
        await becomes(lambda: "msg=stopping" in "".join(run.log))
        assert run.process.returncode is None
        run.process.send_signal(signal.SIGINT)
        assert await run.end() == 130
    assert "Traceback" not in "".join(run.log)
