"""Runs the real program as a process of its own, on a free port, for tests that look at it from outside."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

LISTENING = re.compile(r"addresses=(\S+)")


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
            if not self.url and (found := LISTENING.search(line)):
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
async def exporter(config: Path, *flags: str) -> AsyncIterator[Process]:
    """The program with this configuration; ended by pid when the block is left."""
    process = Process(
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "exporter",
            f"--config.file={config}",
            "--web.listen-address=127.0.0.1:0",
            *flags,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    )
    try:
        await process.serving()
        yield process
    finally:
        await process.stop()
