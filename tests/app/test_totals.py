"""Totals in the running engine: reload, shards, and a scheduler that is dead."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from exporter.app.sharding import shard_of
from exporter.config import Account, Config, Total
from exporter.core.errors import TimedOut
from exporter.exposition.filters import Filters
from tests.app.works import account, config, works
from tests.kit.accounts import over
from tests.kit.scrape import Samples

__all__ = ["works"]

NET = "exchange_total_net"


def counting(first: Config, *totals: Total) -> Config:
    return replace(first, totals=totals)


def firm(*accounts: Account, **other: Any) -> Config:
    """A configuration with a total of USDT over all of these accounts."""
    return counting(config(*accounts, **other), over(*(each.name for each in accounts)))


async def test_a_total_is_served_from_the_first_polls_on(works: Any) -> None:
    both = over("a", "b"), over("a", "b", currency="")
    async with works(counting(config(account("a"), account("b")), *both), advance=1) as it:
        assert await it.value(NET, total="firm", shard="0", currency="USDT") == 10
        assert await it.value("exchange_total_usd", total="firm", shard="0") == 100_010
        assert await it.value("exchange_total_threshold", total="firm", of="net", severity="warning") == 100


async def test_totals_change_on_reload_without_a_poll_or_a_gap(works: Any) -> None:
    async with works(firm(account("a"), account("b"))) as it:
        polls = len(it.polls("a")), len(it.polls("b"))
        accounts = config(account("a"), account("b"))
        coins, kept = over("a", "b", name="coins", currency="BTC", critical="7"), over("a", "b", critical="5")
        it.transport.takes["spot"] = 60.0  # nothing new is read
        await it.engine.apply(counting(accounts, coins, kept, over("b", name="b")))
        assert await it.value(NET, total="firm") == 10
        assert await it.value(NET, total="b") == 5
        assert await it.value(NET, total="coins", currency="BTC") == 2
        assert Samples(await it.text()).by("exchange_total_threshold", "total", "severity") == {
            ("coins", "critical"): 7,
            ("firm", "critical"): 5,
            ("b", "warning"): 100,
        }
        assert (len(it.polls("a")), len(it.polls("b"))) == polls
        await it.engine.apply(accounts)
        assert "exchange_total_" not in await it.text()


async def test_a_removed_account_is_out_of_the_total_at_the_next_scrape(works: Any) -> None:
    async with works(firm(account("a"), account("b"))) as it:
        assert await it.value(NET) == 10
        await it.engine.apply(firm(account("a")))
        assert await it.value(NET) == 5


async def test_an_added_account_makes_the_total_absent_until_it_was_read(works: Any) -> None:
    async with works(firm(account("a"))) as it:
        it.transport.takes["spot"] = 5.0
        await it.engine.apply(firm(account("a"), account("b")))
        assert await it.value(NET) is None
        await it.clock.advance(4)
        assert await it.value(NET) is None
        await it.clock.advance(2)
        assert await it.value(NET) == 10


async def test_no_scrape_during_a_reload_sees_a_part_of_the_total(works: Any) -> None:
    """Accounts go at once and come one by one; in between, scrapes are answered."""
    names = [f"desk-{number}" for number in range(10)]
    async with works(firm(*map(account, names)), advance=1) as it:
        assert await it.value(NET) == 50
        it.transport.takes["spot"] = 5.0
        seen = []
        reload = it.engine.apply(firm(*(account(f"new-{name}") for name in names)))
        with suppress(StopIteration):
            while True:
                reload.send(None)  # up to where it gives others their turn
                seen.append(await it.value(NET))
        assert seen == [None] * 10
        await it.clock.advance(6)
        assert await it.value(NET) == 50


@pytest.mark.parametrize("change", [{"base_url": "https://other.example"}, {"wallets": ("main",)}])
async def test_an_account_that_starts_anew_makes_the_total_absent_until_it_was_read(
    works: Any, change: dict[str, Any]
) -> None:
    def both(**more: Any) -> Config:
        """One that is counted in a currency and in USD, and one in USD only."""
        worth = over("b", name="worth", currency=""), over("a", "b", name="worth too", currency="")
        return counting(config(account("a", **more), account("b", **more)), over("a"), *worth)

    async with works(both()) as it:
        assert await it.value(NET) == 5
        assert await it.value("exchange_total_usd", total="worth") == 50_005
        it.transport.says["spot"] = TimedOut("slow")
        await it.engine.apply(both(**change))
        await it.clock.advance(1)
        assert await it.value(NET) is None
        assert await it.value("exchange_total_usd") is None
        it.transport.says["spot"] = {"USDT": "7"}
        await it.clock.advance(300)
        assert await it.value(NET) == 7
        assert await it.value("exchange_total_usd", total="worth too") == 14


async def test_a_dead_scheduler_withdraws_the_total_too(works: Any) -> None:
    async with works(firm(account("a"), account("b"))) as it:
        for task in it.engine._tasks.values():
            task.cancel()
        await it.clock.advance(500)
        assert await it.value(NET) == 10
        await it.clock.advance(110)
        assert await it.value(NET) is None


# -- shards


async def parts(works: Any, everything: Config, shards: int) -> list[Samples]:
    """A scrape of each shard."""
    found = []
    for shard in range(shards):
        async with works(everything, advance=1, shard=shard, shards=shards) as it:
            found.append(Samples(await it.text()))
    return found


async def test_shards_tell_parts_that_add_up_and_are_as_many_as_there_are_shards(works: Any) -> None:
    accounts = [account(f"desk-{number}") for number in range(20)]
    some = over("desk-0", "desk-1", name="some")
    found = await parts(works, counting(config(*accounts), over(*(each.name for each in accounts)), some), 3)
    assert sum(each.one(NET, total="firm") or 0 for each in found) == 100
    assert [each.one(NET, total="firm", shard=str(shard)) is not None for shard, each in enumerate(found)] == [True] * 3
    polled = {shard_of(accounts[number], 3) for number in (0, 1)}
    values = {shard: each.one(NET, total="some") for shard, each in enumerate(found)}
    assert {shard for shard, value in values.items() if value == 0} == {0, 1, 2} - polled
    assert sum(value or 0 for value in values.values()) == 10
    for each in found:
        assert each.one("exchange_exporter_shards") == 3
        assert each.by("exchange_total_threshold", "total") == {"firm": 100, "some": 100}


async def test_a_shard_that_cannot_read_tells_no_part_and_one_that_polls_none_of_the_accounts_tells_0(
    works: Any,
) -> None:
    desk = account("desk-0", stale_after=0.0)
    for shard in range(2):
        async with works(firm(desk), shard=shard, shards=2) as it:
            it.transport.says["spot"] = TimedOut("slow")
            await it.clock.advance(100)
            assert await it.value(NET) == (None if shard == shard_of(desk, 2) else 0)


async def test_an_account_that_moves_to_another_shard_moves_its_part(works: Any) -> None:
    here, there = account("a", shard_key="k0"), account("a", shard_key="k1")
    ordinal = shard_of(here, 2)
    assert shard_of(there, 2) != ordinal
    kept = next(each for n in range(99) if shard_of(each := account(f"kept-{n}"), 2) == ordinal)
    async with works(firm(here, kept), shard=ordinal, shards=2) as it:
        assert await it.value(NET, shard=str(ordinal)) == 10
        it.transport.takes["spot"] = 5.0
        await it.engine.apply(firm(there, kept))
        assert await it.value(NET) == 5
        await it.engine.apply(firm(here, kept))
        assert await it.value(NET) is None
        await it.clock.advance(6)
        assert await it.value(NET) == 10


async def test_totals_are_not_served_where_an_account_is_asked_for(works: Any) -> None:
    async with works(counting(config(account("a")), over("a"), over("a", currency=""))) as it:
        it.engine.before_scrape()
        for filters in (Filters(accounts=("a",)), Filters(exchanges=("tiny",))):
            scrape = await it.engine.exposition.scrape(openmetrics=False, gzip=False, filters=filters)
            assert scrape is not None
            assert b"exchange_balance_net{" in scrape.body
            assert b"exchange_total_" not in scrape.body
        assert await it.value("exchange_account_usd", account="a") == 50_005
