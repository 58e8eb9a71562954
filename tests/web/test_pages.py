"""Pages for people never hold the loop, and are written once for all who ask."""

import asyncio
import threading
import weakref

import pytest

from exporter.web import pages
from exporter.web.pages import Page, Shared
from exporter.web.server import PAGE_SECONDS, PAGES, Asked
from tests.kit.web import serving


class Writer:
    """Writes pages when it is let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = 0
        self.problem: Exception | None = None

    async def write(self, way: str) -> str:
        self.begun += 1
        await self.go.wait()
        if self.problem is not None:
            raise self.problem
        return f"{self.begun}{way}"

    async def page(self, asked: Asked) -> str:
        return await self.write(asked.links)


async def test_all_who_ask_at_once_get_the_same_page() -> None:
    writer = Writer()
    page = Page(writer.write)
    asking = [asyncio.create_task(page.get("")) for _ in range(10)]
    await asyncio.sleep(0)
    writer.go.set()
    answers = await asyncio.gather(*asking)
    assert answers == [b"1\n"] * 10
    assert all(answer is answers[0] for answer in answers)
    assert await page.get("") is answers[0]


async def test_a_page_is_written_again_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    writer.go.set()
    page = Page(writer.write)
    assert await page.get("") == b"1\n"
    monkeypatch.setattr(pages, "FRESH_SECONDS", 0.0)
    assert await page.get("") == b"2\n"


async def test_each_way_of_writing_is_kept_by_itself() -> None:
    writer = Writer()
    writer.go.set()
    page = Page(writer.write)
    assert [await page.get(way) for way in ("/a/", "", "/a/")] == [b"1/a/\n", b"2\n", b"1/a/\n"]


class Made:
    """Something that can be seen to be gone."""


async def test_what_was_made_is_forgotten_after_its_second_so_that_ever_new_ways_fill_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "FRESH_SECONDS", 0.01)

    async def make(way: int) -> Made:
        return Made()

    shared: Shared[int, Made] = Shared(make)
    made = [weakref.ref(await shared.get(number)) for number in range(100)]
    async with asyncio.timeout(10):
        while any(each() is not None for each in made):  # noqa: ASYNC110 -- until a timer runs
            await asyncio.sleep(0.01)


async def test_one_who_goes_away_takes_the_page_from_nobody() -> None:
    writer = Writer()
    page = Page(writer.write)
    first, second = asyncio.create_task(page.get("")), asyncio.create_task(page.get(""))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    writer.go.set()
    assert await second == b"1\n"


async def test_a_page_that_cannot_be_written_is_tried_again_by_the_next_who_asks() -> None:
    writer = Writer()
    writer.go.set()
    writer.problem = RuntimeError("a bug")
    page = Page(writer.write)
    with pytest.raises(RuntimeError):
        await page.get("")
    writer.problem = None
    assert await page.get("") == b"2\n"


async def test_the_configuration_is_written_in_a_thread_while_others_are_answered() -> None:
    writing, go = threading.Event(), threading.Event()
    threads = []

    def slow() -> str:
        threads.append(threading.current_thread())
        writing.set()
        assert go.wait(10)
        return "accounts: []"

    async with serving(config_text=slow) as served:
        asking = [asyncio.create_task(served.ask("/config")) for _ in range(3)]
        await asyncio.to_thread(writing.wait, 10)
        assert (await served.ask("/-/healthy"))[0] == 200
        assert (await served.ask("/metrics"))[0] == 200
        go.set()
        assert [(await one)[::2] for one in asking] == [(200, b"accounts: []\n")] * 3
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_more_pages_than_allowed_get_503_and_scrapes_and_health_go_on() -> None:
    writer = Writer()
    async with serving(page=writer.page) as served:
        for_one = PAGES - PAGES // 4
        asking = [asyncio.create_task(served.ask("/")) for _ in range(for_one)]
        while sum(not one.done() for one in asking) < for_one or not writer.begun:  # noqa: ASYNC110 -- until it came in
            await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            while (await served.ask("/config"))[0] != 503:  # noqa: ASYNC110 -- each round is a request
                await asyncio.sleep(0.01)
        status, _, body = await served.ask("/")
        assert (status, b"pages" in body) == (503, True)
        assert (await served.ask("/metrics"))[0] == 200
        assert (await served.ask("/-/healthy"))[0] == 200
        writer.go.set()
        assert {(await one)[0] for one in asking} == {200}
        assert (await served.ask("/"))[0] == 200


async def test_a_client_that_asks_again_at_once_gets_every_page_and_no_more_of_them_than_places_are_free_for() -> None:
    writer = Writer()
    writer.go.set()
    for_one = PAGES - PAGES // 4
    loop = asyncio.get_running_loop()
    async with serving(page=writer.page) as served:
        began = loop.time()
        assert {(await served.ask("/"))[0] for _ in range(3 * for_one + 1)} == {200}
        assert loop.time() - began >= 3 * PAGE_SECONDS


async def test_closing_ends_a_page_that_is_being_written() -> None:
    writer = Writer()
    async with serving(page=writer.page) as served:
        asking = asyncio.create_task(served.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        async with asyncio.timeout(10):
            while not writer.begun:  # noqa: ASYNC110 -- until the request came in
                await asyncio.sleep(0.01)
        await served.web.close(0)
        assert b" 200 " not in await asking
