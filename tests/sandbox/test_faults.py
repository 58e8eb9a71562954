"""Every kind of trouble that can be switched on, seen from a client's side of the wire."""

import asyncio
import ssl
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
import trustme

from exporter.sandbox import KINDS, Fault, Sandbox
from tests.sandbox.filled import NOW, FilledSandbox
from tests.sandbox.known import ACCOUNTS

QUICK = aiohttp.ClientTimeout(total=0.3)


def switch_on(filled: FilledSandbox, fault: Fault, exchange: str = "bitget") -> Fault:
    filled.sandbox.exchange(exchange).faults.append(fault)
    return fault


async def test_hang_says_nothing(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("hang", times=1))
    with pytest.raises(TimeoutError):
        await filled.client.raw("bitget", "/api/v2/public/time", timeout=QUICK)
    assert (await filled.client.raw("bitget", "/api/v2/public/time")).status == 200


async def test_stopping_does_not_wait_for_those_that_hang(filled: FilledSandbox) -> None:
    fault = switch_on(filled, Fault("hang"))
    waiting = asyncio.create_task(filled.client.raw("bitget", "/api/v2/public/time"))
    async with asyncio.timeout(5):
        while not fault.served:  # noqa: ASYNC110  the sandbox rings no bell when a request begins to hang
            await asyncio.sleep(0)
    await filled.sandbox.stop()
    with pytest.raises(aiohttp.ClientError):
        await waiting
    assert filled.sandbox.exchange("bitget").counts["/api/v2/public/time", 0] == 1


async def test_hang_after_headers_begins_and_never_ends(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("hang_after_headers"))
    url = filled.sandbox.urls["bitget"] + "/api/v2/public/time"
    async with filled.client.session.get(url) as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 10
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.1)


async def test_slow_drip_sends_a_byte_at_a_time(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("slow_drip", seconds=0.001))
    url = filled.sandbox.urls["bitget"] + "/api/v2/public/time"
    async with filled.client.session.get(url) as response:
        assert await response.content.readany() == b"{"
        rest = await response.content.read()
    assert rest.endswith(b"}")


async def test_reset_breaks_off_in_the_middle(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("reset"))
    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
        await filled.client.raw("bitget", "/api/v2/spot/market/tickers")


async def test_a_truncated_gzip_is_a_whole_body_of_half_a_file(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("truncated_gzip"))
    url = filled.sandbox.urls["bitget"] + "/api/v2/public/time"
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url) as response,
    ):
        body = await response.read()
    assert response.headers["Content-Encoding"] == "gzip"
    assert body.startswith(b"\x1f\x8b")
    assert len(body) == int(response.headers["Content-Length"])


async def test_a_gzip_bomb_is_small_until_it_is_opened(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("gzip_bomb"))
    url = filled.sandbox.urls["bitget"] + "/api/v2/public/time"
    async with filled.client.session.get(url) as response:
        assert int(response.headers["Content-Length"]) < 1_000_000
        unpacked = 0
        while unpacked < 50_000_000:
            unpacked += len(await response.content.readany())


async def test_a_huge_body_does_not_say_how_long_it_is(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("huge_body", size=3_000_000))
    reply = await filled.client.raw("bitget", "/api/v2/public/time")
    assert len(reply.body) == 3_000_000
    assert "Content-Length" not in reply.headers
    assert Fault("huge_body").size == 200_000_000


async def test_http_status_brings_body_and_headers(filled: FilledSandbox) -> None:
    page = "<html>busy</html>"
    switch_on(filled, Fault("http_status", status=429, body=page, headers={"Retry-After": "7"}))
    reply = await filled.read("bitget")
    assert (reply.status, reply.body, reply.headers["Retry-After"]) == (429, page.encode(), "7")
    assert reply.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("status", [403, 418, 429, 500, 502, 503, 504])
async def test_any_status_can_be_had(filled: FilledSandbox, status: int) -> None:
    switch_on(filled, Fault("http_status", status=status))
    assert (await filled.read("bitget")).status == status


async def test_empty_is_a_good_status_without_a_byte(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("empty"))
    reply = await filled.read("bitget")
    assert (reply.status, reply.body) == (200, b"")


async def test_html_comes_with_a_good_status(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("html"))
    reply = await filled.read("bitget")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.body.startswith(b"<!DOCTYPE html>")


async def test_redirect_points_where_it_is_told(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("redirect", location="http://127.0.0.1:9/elsewhere"))
    reply = await filled.read("bitget")
    assert (reply.status, reply.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


async def test_body_replaces_the_bytes(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("body", body=b"\xff\xfe{"))
    assert (await filled.read("bitget")).body == b"\xff\xfe{"


async def test_deep_nesting_is_only_brackets(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("deep_nesting"))
    assert (await filled.read("bitget")).body == b"[" * 100_000 + b"]" * 100_000


async def test_mutate_alters_or_replaces_the_payload(filled: FilledSandbox) -> None:
    fault = switch_on(filled, Fault("mutate", change=lambda payload: payload["data"].clear()))
    assert (await filled.read("bitget")).json()["data"] == []
    fault.change = lambda payload: [payload]
    assert isinstance((await filled.read("bitget")).json(), list)


@pytest.mark.parametrize("kind", ACCOUNTS)
@pytest.mark.parametrize("value", ["NaN", "-1", "1_000", "٣", "1" * 40, " 12 ", "", None, 12, Decimal("1e400"), {}])
async def test_amounts_can_be_replaced_by_anything(filled: FilledSandbox, kind: str, value: Any) -> None:
    switch_on(filled, Fault("replace_amounts", value=value), filled.accounts[kind].exchange)
    rows = await filled.rows(kind)
    assert {str(row[ACCOUNTS[kind].facts.amount]) for _, row in rows} == {str(value)}


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_the_list_can_be_emptied(filled: FilledSandbox, kind: str) -> None:
    switch_on(filled, Fault("empty_list"), filled.accounts[kind].exchange)
    assert await filled.rows(kind) == []


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_there_can_be_far_too_many_rows(filled: FilledSandbox, kind: str) -> None:
    switch_on(filled, Fault("many_rows"), filled.accounts[kind].exchange)
    assert len(await filled.rows(kind)) == 50_000


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_every_name_can_have_a_twin_in_the_other_case(filled: FilledSandbox, kind: str) -> None:
    switch_on(filled, Fault("twins"), filled.accounts[kind].exchange)
    names = {name for name, _ in await filled.rows(kind)}
    assert {"usdt", "USDT", "btc", "BTC"} <= names


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_every_row_can_come_twice(filled: FilledSandbox, kind: str) -> None:
    good = (await filled.read(kind)).body.lower().count(b'"usdt"')
    switch_on(filled, Fault("duplicate_rows"), filled.accounts[kind].exchange)
    body = (await filled.read(kind)).body.lower()
    assert body.count(b'"usdt"') == 2 * good


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_a_name_can_be_hostile(filled: FilledSandbox, kind: str) -> None:
    switch_on(filled, Fault("hostile_name"), filled.accounts[kind].exchange)
    names = [name for name, _ in await filled.rows(kind)]
    assert names.count('USDT"} 1\nfake_metric 2') == 1
    assert "usdt" in {name.lower() for name in names}


async def test_row_faults_spare_public_answers_unless_the_path_names_them(filled: FilledSandbox) -> None:
    path = "/api/v2/spot/market/tickers"
    fault = switch_on(filled, Fault("empty_list"))
    assert (await filled.client.raw("bitget", path)).json()["data"]
    fault.path = path
    assert (await filled.client.raw("bitget", path)).json()["data"] == []
    assert (await filled.read("bitget")).json()["data"]


async def test_a_skewed_clock_shows_in_time_date_and_window(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("clock_skew", seconds=90))
    reply = await filled.client.raw("bitget", "/api/v2/public/time")
    assert reply.json()["data"]["serverTime"] == str(int((NOW + 90) * 1000))
    assert reply.headers["Date"] == "Thu, 01 Jan 2026 00:01:30 GMT"
    assert (await filled.read("bitget")).json()["code"] == "40008"
    filled.client.now = NOW + 90
    assert (await filled.read("bitget")).json()["code"] == "00000"
    assert (await filled.client.raw("htx", "/v1/common/timestamp")).json()["data"] == int(NOW * 1000)


async def test_a_fault_may_hit_one_account_one_path_and_some_times(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    fault = switch_on(filled, Fault("http_status", status=500, account=account.key, path="/api/v2/spot", times=2))
    assert (await filled.client.get(account, "/api/v2/account/all-account-balance")).status == 200
    assert (await filled.read("bitget-unified")).status == 200
    assert (await filled.client.raw("bitget", "/api/v2/spot/market/tickers")).status == 200
    statuses = [(await filled.read("bitget")).status for _ in range(3)]
    assert (statuses, fault.served, fault.times) == ([500, 500, 200], 2, 0)


async def test_a_fault_may_name_the_account_by_its_name(filled: FilledSandbox) -> None:
    switch_on(filled, Fault("http_status", status=500, account="bitget"))
    assert (await filled.read("bitget")).status == 500
    assert (await filled.read("bitget-unified")).status == 200


async def test_a_closed_port_refuses_and_opens_again_on_the_same_number(filled: FilledSandbox) -> None:
    exchange = filled.sandbox.exchange("bitget")
    assert (await filled.read("bitget")).status == 200
    await exchange.close_port()
    with pytest.raises(aiohttp.ClientConnectorError):
        await filled.read("bitget")
    await exchange.open_port()
    assert (await filled.read("bitget")).status == 200
    assert exchange.url == filled.sandbox.urls["bitget"]


async def test_the_exchanges_can_speak_tls() -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    sandbox = Sandbox()
    await sandbox.start(ssl=server)
    connector = aiohttp.TCPConnector(ssl=client)
    async with aiohttp.ClientSession(connector=connector) as session:
        url = sandbox.urls["htx"] + "/v1/common/timestamp"
        assert url.startswith("https://")
        async with session.get(url) as response:
            assert (await response.json())["status"] == "ok"
    await sandbox.stop()


async def test_a_taken_port_leaves_none_open(filled: FilledSandbox) -> None:
    taken = filled.sandbox.exchange("bitget").port
    sandbox = Sandbox()
    with pytest.raises(OSError, match="address"):
        await sandbox.start(ports={"bitget": taken})
    with pytest.raises(aiohttp.ClientConnectorError):
        await filled.client.session.get(sandbox.exchange("htx").url)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fault_without_what_it_needs_is_refused(kind: str) -> None:
    needs = {"http_status", "vendor_error", "redirect", "body", "mutate", "clock_skew"}
    if kind in needs:
        with pytest.raises(ValueError, match="needs"):
            Fault(kind)
    else:
        assert Fault(kind).hits("/any", "", None, None, private=True)


def test_an_unknown_fault_or_situation_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault"):
        Fault("explode")
    with pytest.raises(ValueError, match="no situation"):
        Fault("vendor_error", situation="mood")
