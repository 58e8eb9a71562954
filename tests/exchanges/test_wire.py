"""What was signed is what is sent: the raw request of each exchange as a local server receives it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from yarl import URL

from exporter.exchanges import bingx, bitget, bitmart, htx, xt
from exporter.exchanges.base import Endpoint, Request, Signed

from .driver import NOW, credentials

BINGX = credentials("demo-bingx-key-001", "demo-bingx-secret-002")
XT = credentials("demo-xt-appkey-001", "demo-xt-secret-002")
HTX_KEY = "a1b2c3d4-e5f60718-29304152-6a7b8"
HTX = credentials(HTX_KEY, "5e6f7a8b-9c0d1e2f-3a4b5c6d-7e8f9")
BITGET = credentials(
    "bg_00112233445566778899aabbccddeeff",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "MadeUpPass1",
)
NEW_YEAR = 1735689600000
HTX_AUTH = f"AccessKeyId={HTX_KEY}&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2025-01-01T00%3A00%3A00"


@dataclass
class Recorder:
    """A server that keeps the raw head of each request, byte for byte."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)

    async def record(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    recorder = Recorder()
    server = await asyncio.start_server(recorder.record, "127.0.0.1", 0)
    recorder.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield recorder


async def send(recorder: Recorder, signed: Signed) -> tuple[str, dict[str, str]]:
    """Send as the transport does; returns the request line and the headers as they arrived."""
    async with aiohttp.ClientSession() as session:
        url = URL(recorder.url + signed.target, encoded=True)
        async with session.get(url, headers=signed.headers, allow_redirects=False) as response:
            await response.read()
    line, *headers = recorder.heads[-1].decode().rstrip().split("\r\n")
    return line, dict(header.split(": ", 1) for header in headers)


@pytest.mark.parametrize(
    ("signed", "line"),
    [
        pytest.param(
            bitmart.sign(Request(bitmart.WALLET, (("needUsdValuation", "true"),)), credentials("key"), "", NOW),
            "/account/v1/wallet?needUsdValuation=true",
            id="bitmart",
        ),
        pytest.param(xt.sign(Request(xt.BALANCES), XT, "sapi.xt.com", NOW), "/v4/balances", id="xt v4"),
        pytest.param(
            xt.sign(Request(xt.BALANCES, (("currencies", "usdt,btc"),)), XT, "sapi.xt.com", NOW),
            "/v4/balances?currencies=usdt%2Cbtc",
            id="xt v4 with a comma",
        ),
        pytest.param(
            xt.sign_legacy(Request(xt.LEGACY_BALANCE), XT, "api.xt.com", NOW),
            "/trade/api/v1/getBalance?accesskey=demo-xt-appkey-001&nonce=1767225600123"
            "&signature=330455fde99a5fb4f4b5cf659432f2e36b2f138ac8c447fe33c1ee9619602cb5",
            id="xt legacy",
        ),
        pytest.param(
            bingx.sign(Request(bingx.OVERVIEW), BINGX, "open-api.bingx.com", NOW),
            "/openApi/account/v1/allAccountBalance?recvWindow=5000&timestamp=1767225600123"
            "&signature=1e5e069b5fc7dd2a155034044fcabb685a9957c1f8f645cb0eb7a8911a57d6f3",
            id="bingx",
        ),
        pytest.param(
            bingx.public(Request(bingx.TICKERS), NOW),
            "/openApi/spot/v1/ticker/24hr?timestamp=1767225600123",
            id="bingx public",
        ),
        pytest.param(
            htx.sign(Request(htx.ACCOUNTS), HTX, "api.huobi.pro", NEW_YEAR),
            f"/v1/account/accounts?{HTX_AUTH}&Signature=reMVey%2FyIsQtEzpvme%2BiUDRIO%2BButMmtbfhpRsvb3yo%3D",
            id="htx accounts",
        ),
        pytest.param(
            htx.sign(Request(htx.BALANCE, id="100009"), HTX, "api.huobi.pro", NEW_YEAR),
            f"/v1/account/accounts/100009/balance?{HTX_AUTH}"
            "&Signature=Qso5gM6LwQzQ6OIOYdmDxbXFxWkPA%2BU3lUpI%2BRUqWEo%3D",
            id="htx balance",
        ),
        pytest.param(
            htx.sign(Request(htx.API_KEY, (("uid", "123456"),)), HTX, "api.huobi.pro", NEW_YEAR),
            f"/v2/user/api-key?{HTX_AUTH}&accessKey={HTX_KEY}&uid=123456"
            "&Signature=5tPvLmQMZwvPmlaFThvclej3RwEpR5w%2Fy5TroHToFOk%3D",
            id="htx key",
        ),
        pytest.param(
            bitget.sign(Request(bitget.ASSETS), BITGET, "api.bitget.com", NEW_YEAR),
            "/api/v2/spot/account/assets",
            id="bitget classic",
        ),
        pytest.param(
            bitget.sign(Request(bitget.ASSETS, (("coin", "$ALT"),)), BITGET, "api.bitget.com", NEW_YEAR),
            "/api/v2/spot/account/assets?coin=%24ALT",
            id="bitget with a dollar",
        ),
        pytest.param(
            bitget.sign(Request(bitget.UNIFIED_ASSETS), BITGET, "api.bitget.com", NEW_YEAR),
            "/api/v3/account/assets",
            id="bitget unified",
        ),
    ],
)
async def test_the_request_line_is_the_signed_target(recorder: Recorder, signed: Signed, line: str) -> None:
    got, _ = await send(recorder, signed)
    assert got == f"GET {line} HTTP/1.1"


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        pytest.param(
            xt.sign(Request(xt.BALANCES), XT, "sapi.xt.com", NOW),
            {"validate-signature": "135ffec56ee858933df188de7b86e3d8198c2a32e8775d142ce6bf23f0bf17c5"},
            id="xt",
        ),
        pytest.param(
            bitget.sign(Request(bitget.ASSETS), BITGET, "api.bitget.com", NEW_YEAR),
            {
                "ACCESS-SIGN": "wQU1l5ZU1Ja4XIFmF6UoM2nckcnAaJNvwIxhJM1rCQI=",
                "ACCESS-TIMESTAMP": "1735689600000",
                "ACCESS-PASSPHRASE": "MadeUpPass1",
            },
            id="bitget",
        ),
        pytest.param(
            bitmart.sign(Request(bitmart.WALLET), credentials("key"), "", NOW), {"X-BM-KEY": "key"}, id="bitmart"
        ),
        pytest.param(
            bingx.sign(Request(bingx.SPOT), BINGX, "", NOW), {"X-BX-APIKEY": "demo-bingx-key-001"}, id="bingx"
        ),
    ],
)
async def test_the_signed_headers_arrive_as_they_are(
    recorder: Recorder, signed: Signed, expected: dict[str, Any]
) -> None:
    _, headers = await send(recorder, signed)
    assert expected.items() <= headers.items()


async def test_a_read_has_no_body(recorder: Recorder) -> None:
    _, headers = await send(recorder, htx.sign(Request(htx.ACCOUNTS), HTX, "api.huobi.pro", NEW_YEAR))
    assert "Content-Length" not in headers


async def test_names_outside_ascii_stay_encoded_on_the_wire(recorder: Recorder) -> None:
    request = Request(Endpoint("/api/v2/spot/account/assets", ()), (("coin", "MØTH 1"),))
    got, _ = await send(recorder, bitget.sign(request, BITGET, "api.bitget.com", NEW_YEAR))
    assert got == "GET /api/v2/spot/account/assets?coin=M%C3%98TH%201 HTTP/1.1"
