"""The status page and the configuration of a running exporter, as a browser sees them."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.app import process
from exporter.config import Config
from exporter.config.show import show
from exporter.core.settings import external_url
from exporter.web import pages
from exporter.web.view import View, view_of
from tests.kit.whole import Exporter, exporting


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


async def test_every_account_has_a_page_and_others_have_none(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        _, page = await it.get("/")
        links = re.findall(r'href="(account/[^"]+)"', page)
        assert {f"account/{account.account.name}" for account in it.app.engine.accounts} == set(links)
        for link in links:
            status, own = await it.get(f"/{link}")
            assert status == 200
            assert f"<h1>{link.removeprefix('account/')} " in own
            assert 'href="../metrics"' in own
        for nobody in ("nobody", "%ff", "%00", "..%2f..%2fetc", "<script>", "x" * 2000):
            assert (await it.get(f"/account/{nobody}"))[0] == 404
        for odd in ("%ff", "%00", "%ed%a0%80", "x" * 1000, "&page=-1&page=x", "%22%3E%3Cscript%3E"):
            assert (await it.get(f"/?account={odd}&label={odd}&state={odd}"))[0] == 200


async def test_a_low_balance_stands_on_the_page_with_its_limit(tmp_path: Path) -> None:
    def drained(it: Exporter) -> None:
        wallet = it.account(it.scenario.draining).wallet("main")
        wallet["USDT"] = replace(wallet["USDT"], available=Decimal("812.5"))

    async with exporting(tmp_path, drained) as it:
        _, page = await it.get("/")
        assert f"Act now: USDT of {it.scenario.draining} critically low" in page
        assert "<b>812.5 USDT</b> left, below critical 1,000 USDT" in page
        _, own = await it.get(f"/account/{it.scenario.draining}")
        assert "<b>9,187.5 USDT missing</b> to the target of 10,000 USDT" in own


async def test_however_many_pages_are_asked_for_accounts_are_looked_at_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(*args: Any, **other: Any) -> View:
        looked.append(1)
        return view_of(*args, **other)

    monkeypatch.setattr(process, "view_of", counted)
    monkeypatch.setattr(pages, "FRESH_SECONDS", 3600.0)
    async with exporting(tmp_path) as it:
        for number in range(5):
            assert (await it.get(f"/?account={number}"))[0] == 200
        assert (await it.get(f"/account/{it.scenario.draining}"))[0] == 200
        assert (await it.get("/account/nobody"))[0] == 404
    assert len(looked) == 1
