"""The assembled gzip answer is one ordinary gzip member: everything that reads gzip reads the same text from it."""

import asyncio
import gzip
import json
import shutil
import tempfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.web.server import Asked, Web
from tests.benchmarks.fleet import Fleet
from tests.kit.processes import require


def nothing(openmetrics: bool, filters: object) -> bytes:
    """No tail: what is compared must not change between two requests."""
    del openmetrics, filters
    return b""


async def no_page(asked: Asked) -> str:
    """Nobody looks at it."""
    return asked.links


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Metrics of 30 accounts that stand still."""
    exposition = Exposition(RENDERED, nothing)
    fleet = Fleet(exposition, 30, 20)
    fleet.publish(fleet.prepare())
    fleet.publish(fleet.prepare())
    web = Web(
        exposition,
        before_scrape=lambda: None,
        page=no_page,
        healthy=lambda: None,
        ready=lambda: None,
        config_text=str,
        reload=None,
    )
    await web.start(["127.0.0.1:0"])
    yield f"http://{web.addresses[0]}/metrics"
    await web.close(0)


async def fetch(url: str, encoding: str) -> bytes:
    """The body as it is on the wire."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url, headers={"Accept-Encoding": encoding}) as answer,
    ):
        return await answer.read()


async def output(*command: str) -> bytes:
    """What a command prints."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        printed, _ = await process.communicate()
    return printed


async def test_python_reads_one_member_with_nothing_after_it(url: str) -> None:
    plain, packed = await fetch(url, "identity"), await fetch(url, "gzip")

    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert reader.decompress(packed) == plain
    assert reader.eof
    assert not reader.unused_data
    assert gzip.decompress(packed) == plain


@pytest.mark.servers
async def test_the_gzip_command_reads_it(url: str, tmp_path: Path) -> None:
    plain, packed = await fetch(url, "identity"), await fetch(url, "gzip")
    path = tmp_path / "metrics.gz"
    path.write_bytes(packed)

    assert await output(require("gzip"), "--decompress", "--stdout", str(path)) == plain


@pytest.mark.servers
async def test_curl_reads_it(url: str) -> None:
    assert await output(require("curl"), "--silent", "--compressed", url) == await fetch(url, "identity")


@pytest.mark.servers
async def test_chromium_reads_it(url: str) -> None:
    profile = tempfile.mkdtemp()
    try:
        page = await output(
            require("chromium"),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            "--dump-dom",
            url,
        )
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    text = (await fetch(url, "identity")).decode()

    line = json.dumps(text.splitlines()[-1])[1:-1].replace('\\"', '"')
    assert page.decode().count("exchange_balance_available{") == text.count("exchange_balance_available{") == 600
    assert line in page.decode()
