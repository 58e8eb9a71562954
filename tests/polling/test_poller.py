"""When accounts are polled: the rhythm, its delays, what is left out, and what an outage costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import AuthError, Banned, IpRefused, PermissionMissing, PollError, TimedOut, Unreachable
from exporter.polling.poller import Poller
from exporter.transport.limits import Skipped
from tests.kit.accounts import configured
from tests.kit.clock import settle
from tests.kit.scripted import PAUSED, RATE, ScriptedAccount, wallet

INTERVAL = 30.0
LATE = "exchange_polls_skipped_total"


class Running(ScriptedAccount):
    """A scripted account whose poller runs as long as it is entered."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.transport.says = {"spot": {"USDT": "5"}}
        self.poller = Poller(self.state, self.caller, self.context)
        self.task: asyncio.Task[None]

    @property
    def polls(self) -> list[float]:
        """When the main wallet was asked, in seconds since the start."""
        return [at - 1_000.0 for at in self.transport.times("spot")]

    async def skipped(self, reason: str) -> float | None:
        return await self.one("exchange_polls_skipped_total", reason=reason)


@asynccontextmanager
async def running(*args: Any, **more: Any) -> AsyncIterator[Running]:
    stage = Running(*args, **more)
    stage.task = asyncio.create_task(stage.poller.run())
    try:
        yield stage
    finally:
        stage.task.cancel()
        await asyncio.gather(stage.task, return_exceptions=True)


def gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


async def test_the_first_poll_starts_at_once_and_the_others_keep_the_interval() -> None:
    async with running() as it:
        await it.clock.advance(310)
        first, second, *rest = it.polls
        assert first == 0
        assert 0 < second <= INTERVAL
        assert gaps([second, *rest]) == pytest.approx([INTERVAL] * 10)


async def test_the_phase_is_the_name_s_whenever_the_process_starts() -> None:
    phases = set()
    for start in (0.0, 7.0, 19.5):
        async with running(account=configured("same", exchange="tiny")) as it:
            it.clock.time += start
            it.poller.due += start
            await it.clock.advance(95)
            phases.add(round(it.transport.times("spot")[-1] % INTERVAL, 3))
    assert len(phases) == 1


async def test_names_spread_their_polls_over_the_interval() -> None:
    seconds = []
    for number in range(60):
        async with running(account=configured(f"desk-{number}", exchange="tiny")) as it:
            await it.clock.advance(31)
            seconds.append(it.polls[1])
    assert max(gaps(sorted(seconds))) < 5


@pytest.mark.parametrize("interval", [1.0, 3.3, 7.7, 30.0, 61.7])
async def test_the_rhythm_survives_rounding(interval: float) -> None:
    account = configured("a", exchange="tiny", interval=interval, timeout=0.5)
    async with running(account=account) as it:
        it.clock.time += 1e7 + 0.1
        it.poller.due = it.clock.time
        await it.clock.advance(500 * interval)
        assert len(it.polls) == 501
        assert gaps(it.polls[1:]) == pytest.approx([interval] * 499, abs=1e-6)
        assert await it.skipped("late") == 0


async def test_polls_of_one_account_never_overlap_and_late_ones_are_counted() -> None:
    async with running() as it:
        it.transport.takes["spot"] = 70.0
        await it.clock.advance(INTERVAL * 20)
        assert min(gaps(it.polls)) >= 70.0
        assert await it.skipped("late") == pytest.approx(2 * (len(it.polls) - 1), abs=2)
        assert it.state.polls == len(it.polls) - 1


async def test_an_exact_fit_is_not_late() -> None:
    async with running() as it:
        it.transport.takes["spot"] = 20.0
        await it.clock.advance(INTERVAL * 10)
        assert await it.skipped("late") == 0


async def test_after_a_suspend_one_poll_starts_and_the_rest_is_late() -> None:
    async with running() as it:
        await it.clock.advance(100)
        before = len(it.polls)
        it.clock.time += 3_600
        await it.clock.advance(1)
        assert len(it.polls) == before + 1
        assert await it.skipped("late") == pytest.approx(120, abs=1)


async def test_however_many_polls_a_suspend_left_out_they_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as it:
        await it.clock.advance(100)
        counted: list[tuple[Any, ...]] = []
        monkeypatch.setattr(it.state, "skipped", lambda *args: counted.append(args))
        it.clock.time += 8 * 3_600
        await it.clock.advance(1)
        [(reason, count)] = counted
        assert reason == "late"
        assert count == pytest.approx(960, abs=1)


async def test_the_first_poll_may_wait_for_the_limits_a_whole_interval_and_others_until_the_next_slot() -> None:
    async with running() as it:
        await it.clock.advance(100)
        patience = [asked.give_up_at - asked.at for asked in it.transport.asked]
        assert patience == pytest.approx([INTERVAL] * len(patience))


@pytest.mark.parametrize("skip", [RATE, PAUSED])
async def test_skipped_polls_keep_the_rhythm_and_are_tried_again_in_the_next_slot(skip: Any) -> None:
    async with running() as it:
        it.transport.says["spot"] = skip
        await it.clock.advance(300)
        before = it.poller.tried, it.state.polls
        assert await it.skipped(skip.reason) == len(it.polls) == 11
        it.transport.says["spot"] = {"USDT": "5"}
        await it.clock.advance(30)
        assert before == (False, 0)
        assert it.poller.tried
        assert gaps(it.polls[1:]) == pytest.approx([INTERVAL] * 10)


async def test_an_account_that_was_left_out_waits_longer_each_time_until_it_had_its_turn() -> None:
    async with running() as it:
        await it.clock.advance(100)
        it.transport.says["spot"] = RATE
        await it.clock.advance(90)
        it.transport.says["spot"] = {"USDT": "5"}
        await it.clock.advance(60)
        patience = [asked.give_up_at - asked.at for asked in it.transport.asked]
        assert patience[-6:] == pytest.approx([30, 30, 60, 90, 120, 30])


async def test_during_a_pause_the_moment_of_its_end_is_told_and_kept() -> None:
    """The pause begins after 100 s and ends off the rhythm; each poll that it leaves out is counted when it was due."""
    async with running() as it:
        await it.clock.advance(100)
        before, opens = len(it.polls), it.clock.now() + 307.0
        it.transport.says["spot"] = Skipped("paused", opens, banned=True)
        await it.clock.advance(32)
        told = await it.one("exchange_account_next_poll_timestamp_seconds")
        assert told == pytest.approx(it.clock.wall() + opens - it.clock.now(), abs=0.01)
        assert await it.skipped("paused") == len(it.polls) - before == 1
        await it.clock.advance(opens - it.clock.now() - 0.5)
        assert await it.one("exchange_account_next_poll_timestamp_seconds") == pytest.approx(told, abs=0.01)
        assert await it.skipped("paused") == len(it.polls) - before == pytest.approx(10, abs=1)
        it.transport.says["spot"] = {"USDT": "5"}
        asked = len(it.polls)
        await it.clock.advance(1)
        assert it.polls[asked] == pytest.approx(opens - 1_000.0)
        await it.clock.advance(100)
        assert it.polls[-1] % INTERVAL == pytest.approx(it.polls[1] % INTERVAL), "back in its rhythm"
        assert await it.skipped("late") == 0


async def test_a_banned_account_tells_when_it_is_asked_next() -> None:
    async with running() as it:
        await it.clock.advance(100)
        it.transport.says["spot"] = Banned("too many", retry_after=300.0)
        await it.clock.advance(30)
        opens = it.transport.times("spot")[-1] + 300.0
        it.transport.says["spot"] = Skipped("paused", opens, banned=True)
        while it.clock.now() < opens - 60:
            told = await it.one("exchange_account_next_poll_timestamp_seconds")
            assert told is not None
            assert told == pytest.approx(it.clock.wall() + opens - it.clock.now(), abs=0.01)
            await it.clock.advance(20)
        assert await it.one("exchange_poll_failures_total", reason="banned") == 1
        assert await it.one("exchange_account_consecutive_failures") == 1


@pytest.mark.parametrize(("error", "cap"), [(TimedOut("slow"), 120.0), (AuthError("no"), 900.0), (Banned("x"), 900.0)])
async def test_failed_polls_move_apart_up_to_the_cap_of_their_kind(error: PollError, cap: float) -> None:
    async with running() as it:
        it.transport.says["spot"] = error
        await it.clock.advance(60_000)
        delays = gaps(it.polls)
        for failures, delay in enumerate(delays, 1):
            assert INTERVAL <= delay <= min(cap, INTERVAL * 2**failures) + 1e-6
        assert max(delays) > 0.8 * cap


async def test_a_poll_that_fails_for_longer_than_its_delay_leaves_the_late_one_out() -> None:
    async with running() as it:
        it.transport.says["spot"] = TimedOut("slow")
        it.transport.takes["spot"] = 200.0
        await it.clock.advance(2_000)
        assert min(gaps(it.polls)) > 200.0
        assert await it.skipped("late") == len(it.polls) - 1


async def test_after_a_recovery_the_rhythm_is_that_of_before() -> None:
    async with running() as it:
        await it.clock.advance(100)
        phase = it.polls[-1] % INTERVAL
        it.transport.says["spot"] = TimedOut("slow")
        await it.clock.advance(500)
        it.transport.says["spot"] = {"USDT": "5"}
        await it.clock.advance(500)
        assert it.polls[-1] % INTERVAL == pytest.approx(phase)
        assert await it.one("exchange_account_consecutive_failures") == 0


async def test_an_account_of_which_no_wallet_may_be_read_waits_for_the_first_that_may() -> None:
    async with running() as it:
        it.transport.says["spot"] = PermissionMissing("not ticked")
        await it.clock.advance(20_000)
        assert len(it.polls) < 60
        assert max(gaps(it.polls)) > 500


async def test_the_next_poll_is_told_in_seconds_since_the_epoch() -> None:
    async with running() as it:
        await it.clock.advance(100)
        told = await it.one("exchange_account_next_poll_timestamp_seconds")
        assert told == pytest.approx(it.clock.wall_offset + it.poller.due)
        assert it.poller.due > it.clock.now()


@pytest.mark.parametrize("error", [AuthError("no"), IpRefused("no")])
async def test_a_rewritten_secret_is_seen_within_an_interval_and_polled_at_once(error: PollError) -> None:
    async with running() as it:
        it.transport.says["spot"] = error
        await it.clock.advance(5_000)
        fresh = Credentials(Secret("another-key"), Secret("another-secret"))
        it.secrets = fresh
        it.transport.says["spot"] = {"USDT": "5"}
        before = len(it.polls)
        await it.clock.advance(INTERVAL)
        assert len(it.polls) > before
        assert it.poller.account_poll.caller.credentials == it.state.account.credentials == fresh
        assert await it.one("exchange_account_up") == 1
        await it.clock.advance(INTERVAL)
        assert it.transport.asked[-1].give_up_at <= it.clock.now() + INTERVAL


async def test_a_secret_file_that_was_not_rewritten_changes_nothing() -> None:
    async with running() as it:
        it.transport.says["spot"] = AuthError("no")
        it.secrets = it.account.credentials
        await it.clock.advance(60_000)
        assert max(gaps(it.polls)) > 700


async def test_secret_files_are_left_alone_while_an_account_is_not_refused() -> None:
    async with running() as it:
        it.secrets = Credentials(Secret("another-key"))
        it.transport.says["spot"] = TimedOut("slow")
        await it.clock.advance(1_000)
        assert it.poller.account_poll.caller.credentials == it.account.credentials


async def test_nothing_but_cancellation_ends_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as it:
        bugs = iter([ZeroDivisionError("a"), KeyError("b")])

        async def broken(*args: Any) -> None:
            raise next(bugs, RuntimeError("c"))

        good = it.poller.account_poll.poll
        it.poller.account_poll.poll = broken  # type: ignore[method-assign,assignment]
        await it.clock.advance(200)
        assert caplog.text.count("a poll ended in a bug") == 8
        it.poller.account_poll.poll = good  # type: ignore[method-assign]
        await it.clock.advance(31)
        assert it.state.polls == 1
        assert not it.task.done()


async def test_a_bug_in_reading_secret_files_does_not_end_the_loop() -> None:
    async with running() as it:

        async def broken(account: Any) -> Credentials | None:
            raise OSError("a bug")

        it.poller._credentials = broken
        it.transport.says["spot"] = AuthError("no")
        await it.clock.advance(300)
        assert not it.task.done()
        assert len(it.polls) > 2


async def test_the_last_poll_ends_the_loop() -> None:
    async with running() as it:
        it.transport.takes["spot"] = 3.0
        await it.clock.advance(1)
        before = it.task.done()
        it.poller.last = True
        await it.clock.advance(3)
        assert not before
        assert it.task.done()
        assert it.state.polls == 1


async def test_a_loop_that_comes_round_is_never_taken_for_a_stalled_one() -> None:
    async with running() as it:
        worst = 0.0
        for takes, says in ((25.0, {"USDT": "5"}), (9.9, TimedOut("slow")), (0.0, AuthError("no"))):
            it.transport.takes["spot"], it.transport.says["spot"] = takes, says
            for _ in range(300):
                await it.clock.advance(7)
                worst = max(worst, it.clock.now() - it.poller.back_by)
        assert worst <= 0


async def test_how_late_the_loop_woke_up_is_told() -> None:
    async with running() as it:
        await it.clock.advance(100)
        it.clock.time = it.poller.due + 4.0
        await it.clock.advance(0)
        await settle()
        assert it.lags[-1] == pytest.approx(4.0)


# -- an outage, over many seeds


async def test_a_short_outage_withdraws_nothing_once_the_exchange_is_healthy_again() -> None:
    """Any outage that ends two intervals and a timeout before the data would: the numbers stay throughout."""
    for seed in range(120):
        random = Random(seed)
        interval = random.choice([5.0, 30.0, 60.0])
        timeout = min(10.0, 0.8 * interval)
        stale_after = random.choice([1.0, 2.0, 5.0, 20.0]) * interval + 3 * interval + timeout
        error = random.choice([TimedOut("slow"), Unreachable("gone"), AuthError("no"), Banned("too many")])
        account = replace(configured("a", exchange="tiny"), interval=interval, timeout=timeout, stale_after=stale_after)
        async with running(account=account, seed=seed) as it:
            await it.clock.advance(random.uniform(2, 4) * interval)
            it.transport.says["spot"] = error
            if isinstance(error, TimedOut):
                it.transport.takes["spot"] = timeout
            await it.clock.advance(stale_after - 2 * interval - 2 * timeout)
            it.transport.says["spot"], it.transport.takes = {"USDT": "5"}, {}
            for _ in range(40):
                spot = it.state.wallets["spot"]
                assert spot.fresh(it.clock.now()), (seed, interval, stale_after, error)
                await it.clock.advance(interval / 4)
            assert it.state.failures == 0


async def test_after_any_outage_a_healthy_exchange_is_read_within_its_patience() -> None:
    """A number that is withdrawn after the exchange is healthy again was within an interval of its end."""
    for seed in range(80):
        random = Random(1_000 + seed)
        account = replace(configured("a", exchange="tiny"), stale_after=600.0)
        async with running(account=account, seed=seed) as it:
            await it.clock.advance(random.uniform(60, 120))
            it.transport.says["spot"] = TimedOut("slow")
            await it.clock.advance(random.uniform(10, 700))
            it.transport.says["spot"] = {"USDT": "5"}
            healthy, spot = it.clock.now(), it.state.wallets["spot"]
            ends = spot.good_until
            before = len(it.polls)
            while len(it.polls) == before:
                await it.clock.advance(1)
            read_at = it.transport.times("spot")[-1]
            assert read_at - healthy <= 120
            if healthy < ends < read_at:
                assert ends - healthy < INTERVAL + account.timeout


async def test_an_outage_beyond_stale_after_withdraws_the_numbers() -> None:
    async with running() as it:
        await it.clock.advance(100)
        it.transport.says["spot"] = TimedOut("slow")
        await it.clock.advance(620)
        assert await it.one("exchange_balance_available", currency="USDT") is None
        assert await it.one("exchange_wallet_fresh", wallet="spot") == 0


async def test_side_wallets_do_not_change_the_rhythm() -> None:
    names = ("spot", "futures", "earn")
    async with running({name: wallet(name, default=True) for name in names}) as it:
        it.transport.says = {"spot": {"USDT": "5"}, "futures": TimedOut("slow"), "earn": PermissionMissing("no")}
        await it.clock.advance(310)
        assert gaps(it.polls[1:]) == pytest.approx([INTERVAL] * 10)
