"""The web server answers every path as documented, starts where it was told, and stops in order."""

import asyncio
import socket
from typing import Any

import pytest
from aiohttp import ClientSession

from exporter.core.errors import ExporterError
from exporter.web.chosen import Chosen
from exporter.web.frame import STYLE_HASH
from exporter.web.server import Asked, Web
from tests.kit.web import PAGE, Held, exposition, nothing, page, serving


async def test_the_status_page_is_html_that_nobody_can_frame_cache_or_script() -> None:
    async with serving() as served:
        status, headers, body = await served.ask("/")
    assert (status, body.decode()) == (200, PAGE + "\n")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["style-src"] == STYLE_HASH
    assert not any("unsafe" in part for part in policy.values())
    assert "script-src" not in policy


async def test_the_configuration_is_plain_text() -> None:
    async with serving() as served:
        status, headers, body = await served.ask("/config")
    assert (status, body) == (200, b"accounts: []\n")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("path", "probe"), [("/-/healthy", "healthy"), ("/-/ready", "ready")])
async def test_a_probe_is_200_or_503_with_the_reason(path: str, probe: str) -> None:
    problems: list[str | None] = [None, "the scheduler has stalled"]
    probes: dict[str, Any] = {probe: lambda: problems.pop(0)}
    async with serving(**probes) as served:
        assert (await served.ask(path))[0] == 200
        assert (await served.ask(path))[::2] == (503, b"the scheduler has stalled\n")


async def test_a_reload_tells_how_it_went() -> None:
    problems: list[str | None] = [None, "config.yaml:3: no"]

    async def reload() -> str | None:
        return problems.pop(0)

    async with serving(reload=reload) as served:
        assert (await served.ask("/-/reload", "POST"))[0] == 200
        status, _, body = await served.ask("/-/reload", "POST")
        assert (status, b"config.yaml:3: no" in body) == (500, True)


async def test_a_reload_without_lifecycle_is_forbidden_and_names_the_flag() -> None:
    async with serving(reload=None) as served:
        status, _, body = await served.ask("/-/reload", "POST")
        assert (status, b"--web.enable-lifecycle" in body) == (403, True)


async def test_a_reload_by_get_does_nothing() -> None:
    async def reload() -> str | None:
        raise AssertionError("reloaded by GET")

    async with serving(reload=reload) as served:
        status, headers, _ = await served.ask("/-/reload")
        assert (status, headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/metrics", "/", "/config", "/-/healthy", "/-/ready"])
async def test_only_reading_methods_are_allowed(path: str, method: str) -> None:
    async with serving() as served:
        status, headers, _ = await served.ask(path, method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


async def test_an_unknown_path_says_what_there_is() -> None:
    async with serving() as served:
        status, _, body = await served.ask("/metrics/")
        assert status == 404
        assert b" /metrics" in body


async def test_a_bug_is_500_without_a_word_about_it(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(asked: Asked) -> str:
        raise RuntimeError(f"holdings: 12345{asked.links}")

    async with serving(page=broken) as served:
        status, headers, body = await served.ask("/", Accept="text/html")
        assert status == 500
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert b"12345" not in body
        assert b"Traceback" not in body
        assert (await served.ask("/-/healthy"))[0] == 200
    assert "holdings: 12345" in caplog.text


async def test_no_answer_names_the_library() -> None:
    async with serving() as served:
        for request in (
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"PUT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        ):
            head = (await served.raw(request)).partition(b"\r\n\r\n")[0].lower()
            assert head.startswith(b"http/1.")
            assert b"aiohttp" not in head
            assert b"python" not in head


async def test_every_address_is_listened_on() -> None:
    web = Web(
        exposition(),
        before_scrape=nothing,
        page=page,
        healthy=nothing,
        ready=nothing,
        config_text=str,
        reload=None,
    )
    await web.start(["127.0.0.1:0", "127.0.0.1:0"])
    assert len(set(web.addresses)) == 2
    async with ClientSession() as client:
        for address in web.addresses:
            async with client.get(f"http://{address}/-/healthy") as answer:
                assert answer.status == 200
    await web.close(1)


async def test_one_bad_address_leaves_none_open() -> None:
    async with serving() as other:
        taken = other.web.addresses[0]
        with socket.create_server(("127.0.0.1", 0)) as free:
            good = f"127.0.0.1:{free.getsockname()[1]}"
        web = Web(
            exposition(),
            before_scrape=nothing,
            page=page,
            healthy=nothing,
            ready=nothing,
            config_text=str,
            reload=None,
        )
        with pytest.raises(ExporterError, match="in use"):
            await web.start([good, taken])
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*good.split(":"))


async def test_closing_lets_a_running_scrape_end_and_accepts_no_other() -> None:
    held = Held()
    async with serving(held) as served:
        address = served.host_and_port
        running = asyncio.create_task(served.ask("/metrics"))
        await held.reached(1)
        closing = asyncio.create_task(served.web.close(10))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        assert not closing.done()
        held.go.set()
        status, headers, body = await running
        assert (status, body, headers["Connection"]) == (200, b"x 1\n", "close")
        await closing


async def test_closing_drops_what_does_not_end_in_time() -> None:
    held = Held()
    async with serving(held) as served:
        running = asyncio.create_task(served.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        await held.reached(1)
        await served.web.close(0)
        assert await running == b""


async def test_closing_does_not_wait_for_idle_connections() -> None:
    async with serving() as served:
        assert (await served.ask("/-/healthy"))[0] == 200  # its connection is kept alive by the client
        async with asyncio.timeout(5):
            await served.web.close(60)


async def test_closing_twice_is_closing_once() -> None:
    async with serving() as served:
        await served.web.close(1)
        await served.web.close(1)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(*served.host_and_port)


async def echoed(asked: Asked) -> str | None:
    """What the server understood; there is no account of the name `none`."""
    return None if asked.account == "none" else repr(tuple(asked))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/account/desk", "desk"),
        ("/account/x%20%26%3F%23%25", "x &?#%"),
        ("/account/%C3%BC", "ü"),
        ("/account/a%2Fb", "a/b"),
        ("/account/%ff", "\udcff"),
        ("/account/", ""),
        ("/account/a/b", "a/b"),
    ],
)
async def test_the_name_of_an_account_is_decoded_once(path: str, name: str) -> None:
    async with serving(page=echoed) as served:
        answer = await served.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"Content-Type: text/html; charset=utf-8\r\n" in answer
        assert answer.partition(b"\r\n\r\n")[2].decode() == f"{('../', name, Chosen())!r}\n"


async def test_an_account_that_is_not_polled_here_is_404() -> None:
    async with serving(page=echoed) as served:
        assert (await served.ask("/account/none"))[::2] == (404, b"No such account is polled here.\n")
        assert (await served.ask("/account/desk", "POST"))[0] == 405


async def test_the_query_chooses_accounts() -> None:
    async with serving(page=echoed) as served:
        body = (await served.ask("/?exchange=xt&exchange=htx&label=team:a%26b&refresh=off&page=2"))[2]
        assert body.decode() == f"{('', None, Chosen(('xt', 'htx'), (), ('team:a&b',), '', 2, False))!r}\n"
        body = (await served.ask("/account/desk?exchange=xt&refresh=off"))[2]
        assert body.decode() == f"{('../', 'desk', Chosen(refresh=False))!r}\n"
