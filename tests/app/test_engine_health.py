"""What is wrong with the tasks of the engine is told as a problem, and a stop ends them."""

import asyncio
from typing import Any

from exporter.app.engine import STALL_SECONDS
from exporter.app.lag import Lag
from exporter.core.errors import TimedOut
from tests.app.works import Works, account, config, works
from tests.kit.clock import FakeClock, settle

__all__ = ["works"]


async def test_a_dead_task_is_a_problem(works: Any) -> None:
    async with works(config(account("a"))) as it:
        assert it.engine.problem() is None
        it.engine._tasks["a"].cancel()
        await settle()
        assert "account a" in it.engine.problem()


async def test_a_scheduler_that_stands_still_is_a_problem(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.clock.time += 30 + STALL_SECONDS + 1
        assert "account a" in it.engine.problem()
        await it.clock.advance(0)
        assert it.engine.problem() is None


async def test_a_read_that_never_ends_is_a_problem(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.transport.takes["spot"] = 1e9
        await it.clock.advance(600)
        assert "account a" in it.engine.problem()


async def test_an_account_that_waits_long_after_a_refusal_is_none(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.transport.says["spot"] = TimedOut("slow")
        for _ in range(100):
            await it.clock.advance(37)
            assert it.engine.problem() is None


async def test_before_the_start_and_after_the_stop_there_is_no_problem() -> None:
    it = Works(config(account("a")))
    it.clock.time += 1_000
    assert it.engine.problem() is None
    it.engine.start()
    await it.clock.advance(1)
    await it.engine.stop(0)
    it.clock.time += 1_000
    assert it.engine.problem() is None


def test_lag_is_the_worst_of_the_last_minute() -> None:
    clock = FakeClock()
    lag = Lag(clock)
    lag(0.5)
    clock.time += 20
    lag(0.1)
    assert lag.worst() == 0.5
    clock.time += 20
    assert lag.worst() == 0.5
    clock.time += 45
    assert lag.worst() == 0.0


# -- stop


async def test_stopping_lets_a_running_poll_end_and_starts_no_other() -> None:
    it = Works(config(account("a"), account("b")))
    it.engine.start()
    await it.clock.advance(1)
    it.transport.takes["spot"] = 2.0
    it.transport.says["spot"] = {"USDT": "6", "BTC": "1"}
    while not it.engine.pollers["a"].polling:
        await it.clock.advance(0.5)
    polls = len(it.transport.asked)
    stopping = asyncio.ensure_future(it.engine.stop(5))
    await it.clock.advance(60)
    await stopping
    assert await it.value("exchange_balance_available", account="a") == 6.0
    assert len(it.transport.asked) == polls
    assert it.transport.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_does_not_end_in_time_is_cut_off() -> None:
    it = Works(config(account("a")))
    it.transport.takes["spot"] = 1e9
    it.engine.start()
    await it.clock.advance(1)
    await it.engine.stop(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}
