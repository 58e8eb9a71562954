"""The `sandbox` command tells a client all that it needs, and answers it."""

import asyncio

import aiohttp
import pytest
import yaml

from exporter.cli.sandbox import serve


async def test_the_sandbox_prints_what_a_client_needs_and_serves_it() -> None:
    lines: list[str] = []
    started = asyncio.Event()

    def say(line: str) -> None:
        lines.append(line)
        if "accounts:" in line:
            started.set()

    task = asyncio.create_task(serve("127.0.0.1", 0, say))
    await started.wait()
    config = yaml.safe_load(next(line for line in lines if line.startswith("#")))
    (entry,) = [entry for entry in config["accounts"] if entry["exchange"] == "bitmart"]
    headers = {"X-BM-KEY": entry["credentials"]["api_key"]}
    async with (
        aiohttp.ClientSession() as session,
        session.get(entry["base_url"] + "/account/v1/wallet", headers=headers) as response,
    ):
        assert (await response.json())["code"] == 1000
    assert any(entry["credentials"]["api_key"] in line for line in lines)
    urls = {
        url for each in config["accounts"] if isinstance(each["base_url"], dict) for url in each["base_url"].values()
    }
    assert len(urls) > 1
    assert not [url for url in urls if not any(line.endswith(f" {url}") for line in lines)], "a host is not told"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
