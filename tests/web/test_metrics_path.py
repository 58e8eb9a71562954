"""Scrapes: format, compression, filters, and how many at once."""

import asyncio
import gzip
import socket
import zlib
from urllib.parse import quote

import pytest

from exporter.exposition.filters import Filters
from exporter.exposition.packing import OPENMETRICS, TEXT, Scrape
from tests.kit.web import Held, free_again, serving


async def test_metrics_are_text_unless_openmetrics_is_preferred() -> None:
    async with serving() as served:
        status, headers, body = await served.ask("/metrics")
        assert (status, headers["Content-Type"]) == (200, TEXT)
        assert b'exchange_account_up{exchange="xt",account="grid"} 1\n' in body
        assert body.endswith(b"tail 1.0\n")
        status, headers, body = await served.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        assert (status, headers["Content-Type"]) == (200, OPENMETRICS)
        assert body.endswith(b"tail 1.0\n# EOF\n")


async def test_gzip_is_sent_on_request_only_and_holds_the_same_lines() -> None:
    async with serving() as served:
        _, headers, plain = await served.ask("/metrics")
        assert "Content-Encoding" not in headers
        _, headers, packed = await served.ask("/metrics", Accept_Encoding="gzip, deflate")
        assert headers["Content-Encoding"] == "gzip"
        assert int(headers["Content-Length"]) == len(packed)
        assert gzip.decompress(packed) == plain
        assert zlib.decompressobj(31).decompress(packed) == plain


async def test_caches_are_told_what_the_answer_depends_on() -> None:
    async with serving() as served:
        for path in ("/metrics", "/metrics?account=nobody"):
            _, headers, _ = await served.ask(path)
            assert headers["Vary"] == "Accept, Accept-Encoding"
            assert headers["Cache-Control"] == "no-store"


async def test_several_accept_headers_are_one_list() -> None:
    async with serving() as served:
        answer = await served.raw(
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/plain;q=0.1\r\n"
            b"Accept: application/openmetrics-text\r\n\r\n"
        )
        assert answer.endswith(b"# EOF\n")


@pytest.mark.parametrize("path", ["/metrics", "/", "/config", "/-/healthy", "/-/ready", "/nowhere"])
async def test_head_tells_the_same_length_and_sends_no_body(path: str) -> None:
    async with serving() as served:
        status, headers, body = await served.ask(path)
        head = await served.ask(path, "HEAD")
        assert head[0] == status
        assert int(head[1]["Content-Length"]) == len(body) == int(headers["Content-Length"])
        assert head[2] == b""


async def test_filters_choose_or_within_a_key_and_and_between_keys() -> None:
    async with serving() as served:

        async def accounts(query: str) -> list[str]:
            status, _, body = await served.ask(f"/metrics?{query}")
            assert status == 200
            return [line.split('account="')[1].split('"')[0] for line in body.decode().splitlines() if line[0] != "#"]

        assert await accounts("exchange=xt") == ["grid"]
        assert await accounts("exchange=xt&exchange=bitget") == ["grid", "desk ü"]
        assert await accounts("exchange=xt&account=grid") == ["grid"]
        assert await accounts(f"account={quote('desk ü')}") == ["desk ü"]
        assert await accounts("exchange=xt&unknown=1&account=grid&account=other") == ["grid"]


async def test_filters_that_match_nothing_are_404_with_a_sentence() -> None:
    async with serving() as served:
        for query in ("exchange=kraken", "exchange=xt&account=desk", "account="):
            status, headers, body = await served.ask(f"/metrics?{query}")
            assert status == 404
            assert headers["Content-Type"] == "text/plain; charset=utf-8"
            assert b"No account" in body


async def test_unknown_query_keys_are_ignored() -> None:
    async with serving() as served:
        assert await served.ask("/metrics?format=json&x") == await served.ask("/metrics")


async def test_what_is_too_old_is_withdrawn_before_a_scrape() -> None:
    calls: list[int] = []
    async with serving(before_scrape=lambda: calls.append(1)) as served:
        await served.ask("/metrics")
        await served.ask("/")
        assert calls == [1]


async def test_more_scrapes_than_allowed_get_503_and_nothing_else_does() -> None:
    held = Held()
    async with serving(held, max_requests=2) as served:
        running = [asyncio.create_task(served.ask("/metrics")) for _ in range(2)]
        await held.reached(2)
        status, _, body = await served.ask("/metrics")
        assert (status, b"--web.max-requests" in body) == (503, True)
        assert (await served.ask("/-/healthy"))[0] == 200
        held.go.set()
        assert [(await task)[0] for task in running] == [200, 200]
        assert (await served.ask("/metrics"))[0] == 200


async def test_a_client_that_goes_away_gives_its_place_back() -> None:
    held = Held()
    async with serving(held, max_requests=1) as served:
        _, writer = await asyncio.open_connection(*served.host_and_port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await held.reached(1)
        writer.transport.abort()
        held.go.set()
        await free_again(served)


async def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class FirstBig(Held):
        big = True

        async def scrape(self, *, openmetrics: bool, gzip: bool, filters: Filters | None = None) -> Scrape | None:
            self._waiting.release()
            big, self.big = self.big, False
            return Scrape((bytes(32 * 1024 * 1024) if big else b"x 1\n",), TEXT, gzip=False)

    monkeypatch.setattr("exporter.web.server.SEND_SECONDS", 0.05)
    source = FirstBig()
    async with serving(source, max_requests=1) as served:
        with socket.create_connection(served.host_and_port) as deaf:
            deaf.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await source.reached(1)
            await free_again(served)


async def test_metrics_may_live_elsewhere() -> None:
    async with serving(telemetry_path="/balances") as served:
        assert (await served.ask("/balances"))[0] == 200
        status, _, body = await served.ask("/metrics")
        assert (status, b"/balances" in body) == (404, True)
