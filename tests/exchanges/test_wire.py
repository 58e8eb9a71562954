"""What was signed is what is sent: the raw request of each exchange as a local server receives it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from yarl import URL

from exporter.exchanges.base import Signed
from tests.exchanges.facts import Sent, apis

SENT = [pytest.param(sent, id=f"{api} {sent.name}") for api, _, _, facts in apis() for sent in facts.sent]
every_request = pytest.mark.parametrize("sent", SENT)


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


@every_request
async def test_the_request_line_is_the_signed_target(recorder: Recorder, sent: Sent) -> None:
    line, _ = await send(recorder, sent.signed)
    assert line == f"GET {sent.line} HTTP/1.1"


@every_request
async def test_the_signed_headers_arrive_as_they_are(recorder: Recorder, sent: Sent) -> None:
    _, headers = await send(recorder, sent.signed)
    assert {**sent.signed.headers, **sent.headers}.items() <= headers.items()


@every_request
async def test_a_read_has_no_body(recorder: Recorder, sent: Sent) -> None:
    _, headers = await send(recorder, sent.signed)
    assert "Content-Length" not in headers


def test_names_outside_ascii_are_among_what_is_sent() -> None:
    assert any("%C3%98" in sent.line for _, _, _, facts in apis() for sent in facts.sent)
