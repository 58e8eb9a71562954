"""The exchange's time: measured, kept through steps of ours, measured again when it is refused."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from exporter.core.errors import ClockRefused
from exporter.core.runtime import SystemClock
from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.kit.exchange import FakeMeters, Seen, answering, caller, good, no, read, script, transporting


async def test_timestamps_follow_the_exchanges_clock_not_ours(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=lambda: clock.wall() + 300)) as server:
        await read(transport, caller(server.url))
    assert int(server.signed()[0].query["ts"]) == int((clock.wall() + 300) * 1000)
    assert transport.clock_offsets() == {"tiny": pytest.approx(300.0, abs=0.002)}


@pytest.mark.parametrize("step", [90.0, -90.0])
async def test_a_step_of_our_wall_clock_changes_no_timestamp(
    transport: Transport, clock: FakeClock, step: float
) -> None:
    truth = clock.wall_offset
    async with answering(script(good(), time=clock.wall)) as server:
        await read(transport, caller(server.url))
        clock.step_wall(step)
        await clock.sleep(30.0)
        await read(transport, caller(server.url))
    assert int(server.signed()[1].query["ts"]) == int((clock.now() + truth) * 1000)
    assert transport.clock_offsets() == {"tiny": pytest.approx(-step, abs=0.002)}


async def test_the_middle_of_the_round_trip_is_when_the_exchange_looked_at_its_clock(
    transport: Transport, clock: FakeClock
) -> None:
    async def slow(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path != "/time":
            return good()
        await clock.sleep(0.4)
        told = good(int(clock.wall() * 1000))
        await clock.sleep(0.4)
        return told

    async with answering(slow) as server:
        await read(transport, caller(server.url))
    assert transport.clock_offsets() == {"tiny": pytest.approx(0.0, abs=0.002)}


async def test_many_accounts_measure_a_host_once_before_their_first_request(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        await asyncio.gather(*(read(transport, caller(server.url, str(number))) for number in range(20)))
    assert server.paths.count("/time") == 1
    assert server.paths[0] == "/time"


async def test_a_host_is_measured_again_every_hour(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        for after, measured in ((0.0, 1), (3599.0, 1), (2.0, 2), (3601.0, 3)):
            await clock.sleep(after)
            await read(transport, caller(server.url))
            assert server.paths.count("/time") == measured


async def test_a_host_that_does_not_tell_its_time_gets_ours_and_is_asked_again_after_a_minute(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(good())) as server:
        for after, asked in ((0.0, 1), (59.0, 1), (2.0, 2)):
            await clock.sleep(after)
            await read(transport, caller(server.url))
            assert server.paths.count("/time") == asked
            assert int(server.signed()[-1].query["ts"]) == int(clock.wall() * 1000)
    assert transport.clock_offsets() == {}


async def test_a_time_that_can_not_be_is_not_believed(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=lambda: 10.0)) as server:
        await read(transport, caller(server.url))
    assert int(server.signed()[0].query["ts"]) == int(clock.wall() * 1000)


async def test_a_hanging_time_call_leaves_enough_for_the_read() -> None:
    async def hang(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path == "/time":
            await asyncio.sleep(60)
        return good()

    async with transporting(SystemClock()) as transport, answering(hang) as server:
        assert await read(transport, caller(server.url), timeout=0.6) == "fine"


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that takes a request and never answers."""
    with suppress(ConnectionError):
        await reader.read()
    writer.close()


async def test_a_dead_proxy_of_one_account_holds_back_no_others_first_request() -> None:
    proxy = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    async with transporting(SystemClock()) as transport, answering(script(good())) as server:
        dead = caller(server.url, "dead", proxy=f"http://127.0.0.1:{port}")
        waits = asyncio.create_task(read(transport, dead, timeout=60.0))
        await asyncio.sleep(0.05)
        assert await asyncio.gather(*(read(transport, caller(server.url, each)) for each in "abc")) == ["fine"] * 3
        assert not waits.done()
        assert server.paths.count("/time") == 1
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
    proxy.close()


async def test_nobody_waits_long_for_the_time_that_another_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.transport.conversation.FOR_OTHERS", 0.05)
    asked = asyncio.Event()

    async def hang(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path == "/time":
            asked.set()
            await asyncio.sleep(60)
        return good()

    async with transporting(SystemClock()) as transport, answering(hang) as server:
        first = asyncio.create_task(read(transport, caller(server.url, "a"), timeout=60.0))
        await asked.wait()
        assert await read(transport, caller(server.url, "b")) == "fine"
        assert not first.done()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


def windowed(clock: FakeClock, ahead: dict[str, float], tells: bool = True) -> Any:
    """An exchange that refuses timestamps more than 30 s from its own time."""

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        now = clock.now() + 1_000_000_000.0 + 767_000_000.0 + ahead["by"]
        if seen.path == "/time":
            return good(int(now * 1000)) if tells else no("no time")
        return good() if abs(int(seen.query["ts"]) / 1000 - now) < 30 else no("clock")

    return respond


async def test_a_refused_timestamp_is_measured_again_and_the_request_repeated_once(
    transport: Transport, clock: FakeClock, meters: FakeMeters
) -> None:
    ahead = {"by": 0.0}
    async with answering(windowed(clock, ahead)) as server:
        await read(transport, caller(server.url))
        for by in (90.0, -90.0):
            ahead["by"] = by
            await clock.sleep(100.0)
            assert await read(transport, caller(server.url)) == "fine"
    assert server.paths.count("/time") == 3
    assert len(server.signed()) == 5
    assert meters.retries["tiny"] == 2


async def test_a_timestamp_refused_again_is_a_clock_failure(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(no("clock"), time=clock.wall)) as server:
        with pytest.raises(ClockRefused):
            await read(transport, caller(server.url))
    assert len(server.signed()) == 2


async def test_refused_timestamps_measure_at_most_once_in_ten_seconds(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(no("clock"), time=clock.wall)) as server:
        for after, measured in ((0.0, 2), (5.0, 2), (6.0, 3)):
            await clock.sleep(after)
            with pytest.raises(ClockRefused):
                await read(transport, caller(server.url))
            assert server.paths.count("/time") == measured


async def test_two_steps_within_a_minute_are_both_followed(transport: Transport, clock: FakeClock) -> None:
    ahead = {"by": 0.0}
    async with answering(windowed(clock, ahead)) as server:
        for by in (0.0, 90.0, -90.0):
            ahead["by"] = by
            await clock.sleep(15.0)
            assert await read(transport, caller(server.url)) == "fine"


async def test_a_time_call_from_a_cache_gives_way_to_our_own_clock(transport: Transport, clock: FakeClock) -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path == "/time":
            return good(int((clock.wall() - 300) * 1000))
        return good() if abs(int(seen.query["ts"]) / 1000 - clock.wall()) < 30 else no("clock")

    async with answering(respond) as server:
        for signed in (3, 4):  # by the cache twice, then by ours, which counts from then on
            assert await read(transport, caller(server.url)) == "fine"
            assert len(server.signed()) == signed
            await clock.sleep(60.0)
        assert transport.clock_offsets() == {"tiny": pytest.approx(0.0, abs=0.002)}


async def test_where_our_own_clock_is_refused_too_the_exchanges_counts_again(
    transport: Transport, clock: FakeClock
) -> None:
    async with answering(script(no("clock"), time=lambda: clock.wall() + 120)) as server:
        with pytest.raises(ClockRefused):
            await read(transport, caller(server.url))
        assert len(server.signed()) == 3
    assert transport.clock_offsets() == {"tiny": pytest.approx(120.0, abs=0.002)}


@pytest.mark.parametrize("truth", [0.0, 40.0])
async def test_a_slow_first_connection_is_no_offset(transport: Transport, clock: FakeClock, truth: float) -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path == "/time" and server.paths.count("/time") == 1:
            clock.time += 2.6  # setting up the connection, before the exchange looks at its clock
        return good(int((clock.wall() + truth) * 1000)) if seen.path == "/time" else good()

    async with answering(respond) as server:
        await read(transport, caller(server.url))
        assert server.paths.count("/time") == 2
    assert transport.clock_offsets() == {"tiny": pytest.approx(truth, abs=0.002)}


async def test_long_round_trips_move_the_offset_no_further_than_they_can_prove(
    transport: Transport, clock: FakeClock
) -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path == "/time":
            clock.time += 1.4
        return good(int(clock.wall() * 1000)) if seen.path == "/time" else good()

    async with answering(respond) as server:
        await read(transport, caller(server.url))
    assert transport.clock_offsets() == {"tiny": pytest.approx(0.0, abs=0.002)}


async def test_accounts_refused_together_share_one_measurement(transport: Transport, clock: FakeClock) -> None:
    ahead = {"by": 0.0}
    async with answering(windowed(clock, ahead)) as server:
        await asyncio.gather(*(read(transport, caller(server.url, str(number))) for number in range(10)))
        ahead["by"] = 90.0
        answers = await asyncio.gather(*(read(transport, caller(server.url, str(number))) for number in range(10)))
    assert answers == ["fine"] * 10
    assert server.paths.count("/time") == 2


async def test_the_timestamps_of_one_key_always_rise(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        await asyncio.gather(*(read(transport, caller(server.url)) for _ in range(10)))
    moments = [int(seen.query["ts"]) for seen in server.signed()]
    assert len(set(moments)) == 10
