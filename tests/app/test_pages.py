"""The status page and the configuration of a running exporter, as a browser sees them."""

import re
from pathlib import Path
from typing import Any

import pytest

from exporter.app import process
from exporter.config import Config
from exporter.config.show import show
from exporter.core.settings import external_url
from exporter.web import pages
from tests.kit.whole import exporting


async def test_the_configuration_is_written_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Config] = []

    def counted(config: Config) -> str:
        written.append(config)
        return show(config)

    monkeypatch.setattr(process, "show", counted)
    monkeypatch.setattr(pages, "FRESH_SECONDS", 0.0)
    async with exporting(tmp_path, enable_lifecycle=True) as it:
        first = await it.get("/config")
        assert first == (200, show(it.app.engine.config))
        assert await it.get("/config") == first
        assert len(written) == 1
        it.write(it.path.read_text().replace("interval: ", "interval: 1", 1))
        assert await it.app.reloading.reload() is None
        assert (await it.get("/config"))[1] == show(it.app.engine.config) != first[1]
        assert len(written) == 2


async def test_the_page_lists_every_account_and_links_as_it_was_asked_for(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"external_urls": (external_url("https://ops.example/balances"),)}
    async with exporting(tmp_path, **settings) as it:
        status, page = await it.get("/")
        assert status == 200
        assert all(account.account.name in page for account in it.app.engine.accounts)
        assert 'href="metrics"' in page
        assert re.search(r"✔</span> total firm: [\d.]+ USDT \(warning 60000", page)
        assert re.search(r"✔</span> total trading: [\d.,]+ USD \(warning 50000\)", page)
        async with it.client.get(f"http://{it.app.web.addresses[0]}/", headers={"Host": "ops.example"}) as answer:
            assert 'href="/balances/metrics"' in await answer.text()
