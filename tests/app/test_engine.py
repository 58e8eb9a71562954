"""Accounts, prices and their tasks together: start and reload."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exporter.config import Threshold
from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import TimedOut
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Exchange
from tests.app.works import account, config, engine, works
from tests.kit.accounts import configured
from tests.kit.clock import FakeClock
from tests.kit.scrape import Samples
from tests.kit.scripted import ScriptedTransport

__all__ = ["works"]


async def test_all_accounts_are_polled_at_once_and_valued(works: Any) -> None:
    async with works(config(account("a"), account("b")), advance=1) as it:
        assert it.polls("a") == it.polls("b") == [1_000.0]
        assert it.engine.tried
        assert await it.value("exchange_account_usd", account="b") == 50_005.0
        assert await it.value("exchange_price_usd", currency="BTC") == 50_000.0


# -- reload


async def test_an_unchanged_account_keeps_everything(works: Any) -> None:
    async with works(config(account("a"))) as it:
        before = it.polls("a")
        poller = it.engine.pollers["a"]
        await it.engine.apply(config(account("a")))
        await it.clock.advance(60)
        assert it.engine.pollers["a"] is poller
        assert it.polls("a")[: len(before)] == before
        assert it.polls("a")[-1] - it.polls("a")[-2] == pytest.approx(30)
        assert await it.value("exchange_polls_total", account="a") == len(it.polls("a"))


async def test_a_retouched_account_keeps_data_counters_and_schedule(works: Any) -> None:
    async with works(config(account("a"))) as it:
        due, polls = it.engine.pollers["a"].due, len(it.polls("a"))
        threshold = Threshold("SOL", "main", "net", critical=Decimal(7))
        retouched = account("a", thresholds=(threshold,), labels={"team": "x"}, min_usd=Decimal(100))
        await it.engine.apply(config(retouched, labels=("team",)))
        assert await it.value("exchange_balance_available", currency="BTC") == 1.0
        assert await it.value("exchange_balance_threshold", currency="SOL", severity="critical") == 7.0
        assert await it.value("exchange_account_info", team="x") == 1
        assert await it.value("exchange_polls_total", account="a") == polls
        assert it.engine.pollers["a"].due == due


@pytest.mark.parametrize(
    "change",
    [
        {"credentials": Credentials(Secret("new-key"), Secret("new-secret"))},
        {"base_url": "https://other.example"},
        {"proxy": "http://proxy.example"},
        {"wallets": ("main",)},
        {"options": {"rate_group": "desk"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_an_account_of_which_the_identity_changed_starts_anew(works: Any, change: dict[str, Any]) -> None:
    async with works(config(account("a"), account("b"))) as it:
        it.transport.says["spot"] = TimedOut("slow")
        await it.engine.apply(config(account("a", **change), account("b")))
        await it.clock.advance(1)
        assert await it.value("exchange_balance_available", account="a") is None
        assert await it.value("exchange_polls_total", account="a") == 1
        assert await it.value("exchange_balance_available", account="b") == 5.0


async def test_a_removed_account_is_gone_at_the_next_scrape_and_is_polled_no_more(works: Any) -> None:
    async with works(config(account("a"), account("b"))) as it:
        polls = len(it.polls("b"))
        await it.engine.apply(config(account("a")))
        assert 'account="b"' not in await it.text()
        await it.clock.advance(100)
        assert len(it.polls("b")) == polls
        assert await it.value("exchange_balance_available", account="a") == 5.0


async def test_an_account_that_is_removed_in_the_middle_of_a_poll_leaves_nothing(works: Any) -> None:
    async with works(config(account("a"), account("b"))) as it:
        it.transport.takes["spot"] = 5.0
        await it.clock.advance(30)
        await it.engine.apply(config(account("a")))
        await it.clock.advance(30)
        assert 'account="b"' not in await it.text()


async def test_a_renamed_account_has_the_very_series_of_the_old_one_under_the_new_name_only(works: Any) -> None:
    own = {"usd": {"warning": Decimal(1)}, "thresholds": (Threshold("USDT", warning=Decimal(1)),), "expires": 2e9}
    async with works(config(account("old", **own), account("kept"))) as it:

        async def names() -> dict[str, set[tuple[tuple[str, str], ...]]]:
            """The series with an account label, by account, without that label."""
            found: dict[str, set[tuple[tuple[str, str], ...]]] = {}
            for family, labels in Samples(await it.text()):
                rest = tuple(sorted(pair for pair in labels if pair[0] != "account"))
                if len(rest) < len(labels):
                    found.setdefault(dict(labels)["account"], set()).add((("", family), *rest))
            return found

        state = it.engine.accounts["old"]
        for one in (state, it.engine.accounts["kept"]):
            one.quota("/spot", 9)
        before = await names()
        families = {first[1] for first, *_ in before["old"]}
        assert {"exchange_polls_total", "exchange_poll_failures_total", "exchange_api_rate_limit_remaining"} <= families
        assert {"exchange_account_usd", "exchange_balance_threshold", "exchange_api_key_permission"} <= families
        await it.engine.apply(config(account("new", **own), account("kept")))
        assert (await names()).keys() == {"new", "kept"}
        await it.clock.advance(1)
        it.engine.accounts["new"].quota("/spot", 9)
        state.quota("/spot", 8)  # what a poll that was still ending brings
        state.polled(0.0, 0.1, None, up=True)
        assert await names() == {"new": before["old"], "kept": before["kept"]}
        assert '"old"' not in await it.text()


async def test_an_added_account_is_polled_at_once(works: Any) -> None:
    async with works(config(account("a"))) as it:
        now = it.clock.now()
        await it.engine.apply(config(account("a"), account("b")))
        await it.clock.advance(1)
        assert it.polls("b") == [now]
        assert await it.value("exchange_account_usd", account="b") == 50_005.0


async def test_a_shorter_interval_counts_at_once(works: Any) -> None:
    async with works(config(account("a", interval=3_600.0, stale_after=18_000.0))) as it:
        await it.engine.apply(config(account("a", interval=5.0)))
        await it.clock.advance(51)
        assert len(it.polls("a")) >= 11
        assert it.engine.problem() is None


async def test_a_changed_interval_during_a_poll_never_starts_a_second_one(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.transport.takes["spot"] = 20.0
        while not it.engine.pollers["a"].polling:
            await it.clock.advance(1)
        polls = len(it.polls("a"))
        await it.engine.apply(config(account("a", interval=1.0, timeout=0.5)))
        await it.clock.advance(10)
        assert len(it.polls("a")) == polls


async def test_the_key_is_read_again_on_reload(works: Any) -> None:
    async with works(config(account("a"))) as it:
        assert it.transport.count("key") == 1
        await it.engine.apply(config(account("a")))
        await it.clock.advance(31)
        assert it.transport.count("key") == 2


async def test_other_pegs_are_in_force_at_once(works: Any) -> None:
    async with works(config(account("a"))) as it:
        await it.engine.apply(config(account("a"), pegs={"USDT": Decimal("0.5")}))
        assert await it.value("exchange_balance_usd", currency="USDT") == 2.5
        assert await it.value("exchange_balance_usd", currency="BTC") == 25_000.0


async def test_without_valuation_no_value_and_no_price_is_left(works: Any) -> None:
    async with works(config(account("a"))) as it:
        await it.engine.apply(config(account("a"), enabled=False))
        text = await it.text()
        assert "exchange_price_usd{" not in text
        assert "exchange_balance_usd{" not in text
        assert "exchange_account_usd{" not in text
        assert await it.value("exchange_balance_available", currency="BTC") == 1.0
        reads = it.transport.count("prices")
        await it.clock.advance(300)
        assert it.transport.count("prices") == reads


async def test_valuation_can_be_switched_on_later(works: Any) -> None:
    async with works(config(account("a"), enabled=False)) as it:
        assert await it.value("exchange_balance_usd") is None
        await it.engine.apply(config(account("a")))
        await it.clock.advance(1)
        assert await it.value("exchange_balance_usd", currency="BTC") == 50_000.0


async def test_prices_follow_another_rhythm_at_once(works: Any) -> None:
    async with works(config(account("a"), interval=3_600.0)) as it:
        assert it.transport.count("prices") == 1
        await it.engine.apply(config(account("a"), interval=10.0))
        await it.clock.advance(61)
        assert it.transport.count("prices") == 8


async def test_one_book_serves_all_accounts_of_one_address(works: Any) -> None:
    accounts = [account(name) for name in "abc"]
    async with works(config(*accounts, account("d", base_url="https://other.example"))) as it:
        assert len(it.engine.price_readers) == 2
        assert (await it.text()).count('exchange_price_usd{exchange="tiny",currency="BTC"}') == 1


async def test_when_the_book_that_is_served_goes_another_one_of_the_exchange_takes_its_place(works: Any) -> None:
    other = account("d", base_url="https://other.example")
    async with works(config(account("a"), other)) as it:
        await it.engine.apply(config(other))
        assert await it.value("exchange_price_usd", currency="BTC") == 50_000.0
        assert len(it.engine.price_readers) == 1


async def test_credentials_that_were_renewed_in_place_do_not_start_the_account_anew_on_reload(works: Any) -> None:
    fresh = Credentials(Secret("new-key"), Secret("new-secret"))
    async with works(config(account("a"))) as it:
        poller = it.engine.pollers["a"]
        poller.account_poll.renew(fresh)
        await it.engine.apply(config(replace(account("a"), credentials=fresh)))
        assert it.engine.pollers["a"] is poller


# -- shards


async def test_shards_divide_the_accounts_without_overlap(works: Any) -> None:
    everything = config(*(account(f"desk-{number}") for number in range(40)))
    found: list[str] = []
    for shard in range(3):
        async with works(everything, shard=shard, shards=3, advance=1) as it:
            found += it.engine.pollers
            assert await it.value("exchange_account_info", shard=str(shard)) == 1
    assert sorted(found) == sorted(each.name for each in everything.accounts)


# -- what it is handed


async def test_what_an_exchange_says_is_left_and_how_its_clock_runs_is_served(works: Any) -> None:
    async with works(config(account("a"), account("b"))) as it:
        it.engine.pollers["a"].account_poll.caller.quota("/balance", 7)
        it.transport.offsets = {"tiny": -1.5}
        left = "exchange_api_rate_limit_remaining"
        assert await it.value(left, account="a", endpoint="/balance") == 7
        assert await it.value(left, account="b") is None
        assert await it.value("exchange_api_clock_offset_seconds", exchange="tiny") == -1.5


class Loaded(Mapping[str, Exchange]):
    """Exchanges that note which of them were wanted."""

    def __init__(self) -> None:
        self.wanted: set[str] = set()

    def __getitem__(self, name: str) -> Exchange:
        self.wanted.add(name)
        return EXCHANGES[name]

    def __iter__(self) -> Iterator[str]:
        return iter(EXCHANGES)

    def __len__(self) -> int:
        return len(EXCHANGES)


async def test_only_the_exchanges_of_configured_accounts_are_looked_up() -> None:
    exchanges, clock = Loaded(), FakeClock()
    it = engine(config(configured("a", "htx"), configured("b", "xt")), exchanges, clock, ScriptedTransport(clock))
    assert it.oversubscribed() == []
    assert exchanges.wanted == {"htx", "xt"}
