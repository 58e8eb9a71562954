"""Work in slices leaves turns to others, and ends when its task does."""

import asyncio

import pytest

from exporter.holdings.slices import Slices
from exporter.polling.turns import in_turns


def work(done: list[str], slices: int) -> Slices[int]:
    try:
        for number in range(slices):
            done.append(f"slice {number}")
            yield
        return 7
    finally:
        done.append("end")


async def test_others_get_a_turn_after_every_slice() -> None:
    done: list[str] = []

    async def other() -> None:
        for number in range(3):
            done.append(f"other {number}")
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert await in_turns(work(done, 3)) == 7
    await task
    assert done == ["slice 0", "other 0", "slice 1", "other 1", "slice 2", "other 2", "end"]


async def test_small_work_takes_no_turn_at_all() -> None:
    done: list[str] = []
    task = asyncio.create_task(asyncio.sleep(0))
    assert await in_turns(work(done, 0)) == 7
    assert not task.done()
    await task


async def test_what_is_cut_off_is_told_so() -> None:
    done: list[str] = []
    task = asyncio.create_task(in_turns(work(done, 1_000_000)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done[-1] == "end"
    assert len(done) < 10


async def test_an_error_of_the_work_is_its_error() -> None:
    def broken() -> Slices[None]:
        yield
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        await in_turns(broken())
