"""Places for requests under way: who gets one, and who waits."""

import asyncio

import pytest

from exporter.transport.places import Places


def taken(places: Places, host: str) -> int:
    """Take every place that a host may have."""
    count = 0
    while places.take(host):
        count += 1
    return count


async def turns(*tasks: asyncio.Task[None]) -> list[bool]:
    """Which of them have a place, after everyone had a turn."""
    for _ in range(5):
        await asyncio.sleep(0)
    return [task.done() for task in tasks]


def test_one_host_alone_may_have_every_place() -> None:
    assert taken(Places(10), "a") == 10


def test_hosts_that_hang_leave_the_others_their_part() -> None:
    places = Places(24)
    for host in "abc":
        assert places.take(host)
        places.leave(host)
    assert taken(places, "a") == 16, "its own 4, and the common 12"
    assert taken(places, "b") == 4
    assert taken(places, "c") == 4
    assert taken(places, "d") == 0, "a new host waits until somebody is done"


def test_never_more_than_there_are() -> None:
    places = Places(5)
    assert taken(places, "a") == 5
    assert not places.take("b")
    places.leave("a")
    assert places.take("b")
    assert not places.take("b")


async def test_who_waits_is_served_in_order() -> None:
    places = Places(1)
    await places.wait("a")
    first, second = (asyncio.create_task(places.wait("a")) for _ in range(2))
    assert await turns(first, second) == [False, False]
    places.leave("a")
    assert not places.take("a"), "nobody overtakes"
    assert await turns(first, second) == [True, False]
    places.leave("a")
    assert await turns(first, second) == [True, True]


async def test_a_place_goes_to_whoever_may_have_it() -> None:
    places = Places(8)
    for _ in range(taken(places, "b")):
        places.leave("b")
    assert taken(places, "a") == 6
    waiting = [asyncio.create_task(places.wait("a")), asyncio.create_task(places.wait("b"))]
    assert await turns(*waiting) == [False, True]
    places.leave("b")
    assert await turns(*waiting) == [False, True], "it is b's own"
    places.leave("a")
    assert await turns(*waiting) == [True, True]


@pytest.mark.parametrize("when", ["before", "at once", "after"])
async def test_whoever_gives_up_takes_no_place_along(when: str) -> None:
    places = Places(1)
    await places.wait("a")
    waiting = asyncio.create_task(places.wait("a"))
    await turns(waiting)
    if when == "after":
        places.leave("a")
    waiting.cancel()
    if when == "at once":
        places.leave("a")
    await turns(waiting)
    assert waiting.cancelled()
    if when == "before":
        places.leave("a")
    assert places.take("a")
    assert not places.take("a")
