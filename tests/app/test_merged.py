"""What is asked for while it runs is done once more afterwards, for all who asked."""

import asyncio

import pytest

from exporter.app.merged import Merged
from tests.kit.clock import FakeClock, settle


class Work:
    """Something that runs until it is told to end; its outcome is the number of the run."""

    def __init__(self) -> None:
        self.begun = 0
        self.running = 0
        self.ended: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def run(self) -> int:
        self.begun += 1
        self.running += 1
        assert self.running == 1
        number = self.begun
        try:
            error = await self.ended.get()
        finally:
            self.running -= 1
        if error is not None:
            raise error
        return number


async def test_a_hundred_calls_during_a_run_lead_to_one_more_that_answers_them_all() -> None:
    work = Work()
    merged = Merged(work.run, FakeClock(jumps=True), 0.2)
    first = asyncio.create_task(merged())
    await settle()
    others = [asyncio.create_task(merged()) for _ in range(100)]
    await settle()
    assert work.begun == 1
    work.ended.put_nowait(None)
    await settle()
    assert (first.result(), work.begun) == (1, 2)
    assert not any(other.done() for other in others)
    late = asyncio.create_task(merged())
    work.ended.put_nowait(None)
    await settle()
    assert {other.result() for other in others} == {2}
    assert not late.done()
    work.ended.put_nowait(None)
    assert await late == 3


async def test_a_call_while_nothing_runs_begins_at_once() -> None:
    work = Work()
    merged = Merged(work.run, FakeClock(jumps=True), 0.2)
    for number in (1, 2, 3):
        work.ended.put_nowait(None)
        assert await merged() == number


async def test_a_run_that_was_asked_for_during_another_begins_after_a_rest() -> None:
    work = Work()
    clock = FakeClock()
    merged = Merged(work.run, clock, 0.2)
    first = asyncio.create_task(merged())
    await settle()
    second = asyncio.create_task(merged())
    await settle()
    work.ended.put_nowait(None)
    assert await first == 1
    await clock.advance(0.19)
    third = asyncio.create_task(merged())
    await settle()
    assert work.begun == 1
    await clock.advance(0.01)
    assert work.begun == 2
    work.ended.put_nowait(None)
    assert (await second, await third) == (2, 2)


async def test_an_error_reaches_everybody_who_waited_for_that_run_and_nobody_else() -> None:
    work = Work()
    merged = Merged(work.run, FakeClock(jumps=True), 0.2)
    callers = [asyncio.create_task(merged()) for _ in range(2)]
    await settle()
    late = asyncio.create_task(merged())
    work.ended.put_nowait(ZeroDivisionError())
    work.ended.put_nowait(None)
    for caller in callers:
        with pytest.raises(ZeroDivisionError):
            await caller
    assert await late == 2


async def test_a_caller_that_gives_up_leaves_the_run_to_the_others() -> None:
    work = Work()
    merged = Merged(work.run, FakeClock(jumps=True), 0.2)
    impatient, patient = (asyncio.create_task(merged()) for _ in range(2))
    await settle()
    impatient.cancel()
    await settle()
    work.ended.put_nowait(None)
    assert await patient == 1
    assert impatient.cancelled()


async def test_a_run_that_fails_after_everybody_gave_up_is_forgotten() -> None:
    work = Work()
    merged = Merged(work.run, FakeClock(jumps=True), 0.2)
    caller = asyncio.create_task(merged())
    await settle()
    caller.cancel()
    work.ended.put_nowait(ZeroDivisionError())
    await settle()
    assert (merged._running, merged._next) == (None, None)


async def test_stop_cancels_what_runs_and_what_waits() -> None:
    work = Work()
    merged = Merged(work.run, FakeClock(jumps=True), 0.2)
    running = asyncio.create_task(merged())
    await settle()
    waiting = asyncio.create_task(merged())
    await settle()
    await merged.stop()
    await asyncio.gather(running, waiting, return_exceptions=True)
    assert running.cancelled()
    assert waiting.cancelled()
    assert (work.begun, work.running) == (1, 0)
