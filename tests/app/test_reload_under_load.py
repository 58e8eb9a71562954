"""Reloads of the running exporter while it polls and is scraped without a pause: DESIGN part 3's rules, one by one."""

import asyncio
import gzip
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from exporter.sandbox import Fault
from tests.kit.scrape import Samples, Series
from tests.kit.whole import Exporter, exporting

AVAILABLE: Final = "exchange_balance_available"
POLLS: Final = "exchange_polls_total"
RELOADED: Final = "exchange_exporter_config_last_reload_successful"
SCRAPERS: Final = 4


class Load:
    """Scrapes without a pause, every answer read strictly, the latest kept."""

    def __init__(self, exporter: Exporter) -> None:
        self.exporter = exporter
        self.answers = 0
        self.seen: list[Samples] = []

    async def scrape(self, encoding: str) -> None:
        """Scrape until cancelled."""
        url = f"http://{self.exporter.app.web.addresses[0]}/metrics"
        async with aiohttp.ClientSession(auto_decompress=False) as client:
            while True:
                async with client.get(url, headers={"Accept-Encoding": encoding}) as answer:
                    body = await answer.read()
                    assert answer.status == 200
                text = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
                self.seen.append(Samples(text.decode()))
                self.answers += 1
                await asyncio.sleep(0.01)


@asynccontextmanager
async def loaded(folder: Path) -> AsyncIterator[tuple[Exporter, Load]]:
    """The exporter under scrapes, with a wallet that answers late, so that reloads meet polls in their middle."""
    async with exporting(folder, enable_lifecycle=True) as it:
        slow = Fault("slow_drip", path="/api/v3/account/funding-assets", seconds=0.0001)
        it.sandbox.exchange("bitget").faults.append(slow)
        load = Load(it)
        scrapers = [asyncio.create_task(load.scrape(("gzip", "identity")[number % 2])) for number in range(SCRAPERS)]
        try:
            yield it, load
            # Reloads that merge are over before the first scrapes are.
            await it.until(lambda _: load.answers >= SCRAPERS)
            assert not any(scraper.done() for scraper in scrapers), "a scrape failed"
        finally:
            for scraper in scrapers:
                scraper.cancel()
            await asyncio.gather(*scrapers, return_exceptions=True)


async def reload(it: Exporter) -> tuple[int, str]:
    """Reload over HTTP; status and words of the answer."""
    async with it.client.post(f"http://{it.app.web.addresses[0]}/-/reload") as answer:
        return answer.status, await answer.text()


def without(text: str, name: str) -> str:
    """The configuration without one account."""
    return re.sub(rf"  - name: {name}\n(?:    .*\n)+", "", text)


def polls(samples: Samples) -> dict[str, float]:
    return {own["account"]: value for own, value in samples.of(POLLS)}


def served(samples: Samples) -> set[Series]:
    """Whose available balances are there."""
    return {series for series in samples if series[0] == AVAILABLE}


async def test_a_bad_file_changes_nothing_but_what_is_said_of_it(tmp_path: Path) -> None:
    async with loaded(tmp_path) as (it, load):
        before, config = await it.scrape(), (await it.get("/config"))[1]
        it.write(without(it.config(), "treasury") + "accuonts: []\n")
        load.seen.clear()
        status, words = await reload(it)
        assert (status, "accounts" in words, "demo-" in words) == (500, True, False)
        samples = await it.until(lambda samples: polls(samples)["treasury"] > polls(before)["treasury"])
        assert samples.one(RELOADED) == 0
        assert (await it.get("/config"))[1] == config
        assert all(each.one(AVAILABLE, account="treasury", wallet="unified", currency="BTC") for each in load.seen)
        assert samples.one("exchange_exporter_config_hash") == before.one("exchange_exporter_config_hash")
        it.write(it.config())
        assert (await reload(it))[0] == 200
        assert (await it.scrape()).one(RELOADED) == 1


async def test_unchanged_and_retouched_accounts_keep_data_counters_and_schedule(tmp_path: Path) -> None:
    async with loaded(tmp_path) as (it, load):
        pollers = dict(it.app.engine.pollers)
        tasks = dict(it.app.engine._tasks)
        retouched = it.config().replace("labels: {team: arbitrage}", "labels: {team: other}\n    min_usd: 0.5")
        assert retouched != it.config()
        before = await it.scrape()
        load.seen.clear()
        it.write(retouched)
        for _ in range(10):
            assert (await reload(it))[0] == 200
        samples = await it.polled("arbitrage")
        assert it.app.engine.pollers == pollers
        assert it.app.engine._tasks == tasks
        assert samples.one("exchange_account_info", account="arbitrage", team="other") == 1
        assert samples.one("exchange_account_info", account="arbitrage", team="arbitrage") is None
        for each in load.seen:
            assert all(value >= polls(before)[name] for name, value in polls(each).items()), "a counter fell"
            assert polls(each).keys() == polls(before).keys()
            assert served(each) == served(before), "data was withdrawn"


async def test_a_removed_account_is_gone_at_the_next_scrape_and_an_added_one_comes_at_once(tmp_path: Path) -> None:
    async with loaded(tmp_path) as (it, load):
        whole = it.config()
        it.write(without(whole, "arbitrage"))
        assert (await reload(it))[0] == 200
        assert 'account="arbitrage"' not in (await it.scrape()).text
        load.seen.clear()
        await it.polled("grid-bots")
        # The first answers may have been under way before the reload was over.
        await it.until(lambda _: len(load.seen) > SCRAPERS)
        assert not any('account="arbitrage"' in each.text for each in load.seen[SCRAPERS:])
        it.write(whole)
        assert (await reload(it))[0] == 200
        samples = await it.until(lambda samples: samples.one("exchange_account_up", account="arbitrage"))
        assert samples.of(AVAILABLE, account="arbitrage")
        assert polls(samples)["arbitrage"] < polls(samples)["grid-bots"]


async def test_a_changed_secret_starts_that_account_anew_and_no_other(tmp_path: Path) -> None:
    async with loaded(tmp_path) as (it, load):
        before = await it.scrape()
        it.write(it.config().replace("demo-perp-desk-secret", "another-secret-altogether"))
        assert (await reload(it))[0] == 200
        samples = await it.scrape()
        assert samples.of(AVAILABLE, account="perp-desk") == []
        assert samples.one("exchange_wallet_last_success_timestamp_seconds", account="perp-desk", wallet="spot") == 0
        load.seen.clear()
        samples = await it.until(
            lambda samples: samples.one("exchange_wallet_failing", account="perp-desk", wallet="spot", reason="auth")
        )
        assert (samples.one(POLLS, account="perp-desk") or 0) < polls(before)["perp-desk"] + 2
        assert all(value >= polls(before)[name] for name, value in polls(samples).items() if name != "perp-desk")
        # The first answers may have been under way before the reload was over.
        await it.until(lambda _: len(load.seen) > SCRAPERS)
        assert all(not each.of(AVAILABLE, account="perp-desk") for each in load.seen[SCRAPERS:])
        assert all(each.of(AVAILABLE, account="treasury") for each in load.seen)
        it.write(it.config())
        os.kill(os.getpid(), signal.SIGHUP)
        await it.until(lambda samples: samples.one("exchange_account_up", account="perp-desk"))
        assert "another-secret" not in (await it.get("/config"))[1] + (await it.get("/"))[1]


async def test_many_reloads_at_once_end_in_the_last_file(tmp_path: Path) -> None:
    async with loaded(tmp_path) as (it, _):
        whole = it.config()
        it.write(without(whole, "exit-desk"))
        answers = await asyncio.gather(*(reload(it) for _ in range(8)))
        assert {status for status, _ in answers} == {200}
        samples = await it.scrape()
        assert samples.one("exchange_exporter_accounts") == len(it.scenario.accounts) - 1
        assert it.app.problem() is None
        assert 'account="exit-desk"' not in samples.text
