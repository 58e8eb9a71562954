"""Programs that tests run: the exporter in its own process; Prometheus and Alertmanager as shipped, but quicker."""

import asyncio
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest


def require(*names: str) -> str:
    """The path of the first of these programs that is installed."""
    for name in names:
        if found := shutil.which(name):
            return found
    reason = f"{' or '.join(names)} is not installed"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


_EXPORTER_LISTENS = re.compile(r"addresses=(\S+)")


class Process:
    """A running exporter.

    Attributes:
        url: where it serves.
        log: its log lines so far.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.url = ""
        self.log: list[str] = []
        self._serving = asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = raw.decode().rstrip()
            self.log.append(line)
            if not self.url and (found := _EXPORTER_LISTENS.search(line)):
                self.url = f"http://{found[1]}"
                self._serving.set()

    async def serving(self) -> None:
        """Return once it serves.

        Raises:
            AssertionError: it ended instead; holds its log.
        """
        await asyncio.wait([self.reading, asyncio.create_task(self._serving.wait())], return_when="FIRST_COMPLETED")
        assert self.url, "\n".join(self.log)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and body of an answer."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def ready(self) -> None:
        """Return once every account was tried."""
        async with asyncio.timeout(20):
            while (await self.get("/-/ready"))[0] != 200:  # noqa: ASYNC110  # another process has no event of ours
                await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """End it as an operator does; its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            status = await self.process.wait()
        await self.reading
        return status


@asynccontextmanager
async def exporter(
    config: Path, *flags: str, env: Mapping[str, str] | None = None, **started: Any
) -> AsyncIterator[Process]:
    """The program with this configuration; ended by pid when the block is left.

    `env` is added to our environment; `started` says more of how, as `asyncio.create_subprocess_exec` takes it.
    """
    process = Process(
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "exporter",
            f"--config.file={config}",
            "--web.listen-address=127.0.0.1:0",
            *flags,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(env or {})},
            **started,
        )
    )
    try:
        await process.serving()
        yield process
    finally:
        await process.stop()


ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_DURATION = r"(?P<count>\d+)(?P<unit>[smhd])"
_RULE_DURATION = re.compile(
    rf"(?P<before>\[|:(?=\w+\])|\boffset |^ +(?:for|keep_firing_for|interval): ){_DURATION}(?=[\]:\s)]|$)", re.MULTILINE
)
_SETTING_DURATION = re.compile(rf"(?P<before>^ *\w+_(?:wait|interval|timeout): ){_DURATION}$", re.MULTILINE)
_SERVER_LISTENS = re.compile(r'msg="?Listening on"?(?: component=\S+)? address=(\S+)')
_START_SECONDS = 20.0


def seconds(duration: str) -> float:
    """A duration of the shipped files, like 5m, in seconds."""
    return int(duration[:-1]) * UNITS[duration[-1]]


def quicker_rules(text: str, factor: int) -> str:
    """Rules or a query with `for`, look-backs (also those in texts), offsets and intervals divided; nothing else."""
    return _RULE_DURATION.sub(lambda found: _divided(found, factor), text)


def quicker_settings(text: str, factor: int) -> str:
    """The configuration of a server with its waits, intervals and timeouts divided; nothing else."""
    return _SETTING_DURATION.sub(lambda found: _divided(found, factor), text)


def _divided(found: re.Match[str], factor: int) -> str:
    return f"{found['before']}{1000 * seconds(found['count'] + found['unit']) / factor:.0f}ms"


def replaced(text: str, addresses: Mapping[str, str]) -> str:
    """A configuration with other addresses in it; each must be there."""
    for old, new in addresses.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """A real Alertmanager with the folder's alertmanager.yml; gives its URL.

    Raises:
        AssertionError: it did not start; holds its log.
    """
    with _running(
        folder,
        require("prometheus-alertmanager", "alertmanager"),
        "--config.file=alertmanager.yml",
        "--storage.path=data",
        "--cluster.listen-address=",
        "--web.listen-address=127.0.0.1:0",
    ) as url:
        yield url


@contextmanager
def prometheus(folder: Path, resend_delay: str) -> Iterator[str]:
    """A real Prometheus with the folder's prometheus.yml, which sends alerts again after a delay; gives its URL.

    Raises:
        AssertionError: it did not start; holds its log.
    """
    with _running(
        folder,
        require("prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--rules.alert.resend-delay={resend_delay}",
        "--web.listen-address=127.0.0.1:0",
    ) as url:
        yield url


@contextmanager
def _running(folder: Path, *command: str) -> Iterator[str]:
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield f"http://{_address(process, log)}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        found = _SERVER_LISTENS.search(log.read_text(encoding="utf-8"))
        if found and _is_ready(*found.groups()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} is not ready:\n{log.read_text(encoding='utf-8')}")


def _is_ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    finally:
        connection.close()
