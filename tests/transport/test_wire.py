"""Every way in which a network fails us, on real sockets: each has its own name, and none costs more than it may."""

import asyncio
import gzip
import socket
import ssl
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import trustme

from exporter.core.errors import BadPayload, BadStatus, PollError, TimedOut, TlsFailed, Unreachable
from exporter.transport.answers import MAX_BYTES, inflate
from exporter.transport.conversation import Transport
from exporter.transport.proxies import proxy_for
from tests.kit.clock import FakeClock
from tests.kit.exchange import (
    BALANCE,
    FakeMeters,
    Seen,
    Server,
    answer,
    answering,
    caller,
    good,
    read_balance,
    script,
    transporting,
)


async def failure(transport: Transport, url: str, timeout: float = 5.0) -> PollError:
    with pytest.raises(PollError) as caught:
        await transport.read(caller(url), read_balance(), timeout=timeout, give_up_at=2000.0)
    assert "sig=" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


async def test_a_refused_connection_is_network(transport: Transport, meters: FakeMeters) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = await failure(transport, f"http://127.0.0.1:{reserved.getsockname()[1]}")
    assert isinstance(error, Unreachable)
    assert set(meters.codes) == {"error"}


async def test_a_name_that_does_not_resolve_is_network(transport: Transport) -> None:
    error = await failure(transport, "https://no-such-host.invalid")
    assert isinstance(error, Unreachable)
    assert "no-such-host.invalid" in str(error)


async def test_a_server_that_never_answers_is_timeout(transport: Transport) -> None:
    async def hang(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with answering(hang) as server:
        assert isinstance(await failure(transport, server.url, timeout=0.2), TimedOut)


async def test_a_connection_that_hangs_in_the_handshake_is_timeout(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        assert isinstance(await failure(transport, url, timeout=0.2), TimedOut)


async def test_a_hang_after_the_headers_is_timeout(transport: Transport) -> None:
    async def hang(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        await asyncio.sleep(60)

    async with answering(hang) as server:
        assert isinstance(await failure(transport, server.url, timeout=0.2), TimedOut)


async def test_a_drip_is_timeout_though_every_byte_comes_in_time(transport: Transport) -> None:
    async def drip(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.02)

    async with answering(drip) as server:
        assert isinstance(await failure(transport, server.url, timeout=0.3), TimedOut)


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["before", "in mid-body"]
)
async def test_a_reset_is_network(transport: Transport, sent: bytes) -> None:
    async def reset(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await asyncio.sleep(0.02)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with answering(reset) as server:
        assert isinstance(await failure(transport, server.url), Unreachable)


async def test_an_orderly_close_before_any_answer_is_network(transport: Transport) -> None:
    async def close(seen: Seen, writer: asyncio.StreamWriter) -> None:
        return None

    async with answering(close) as server:
        assert isinstance(await failure(transport, server.url), Unreachable)
        assert len(server.signed()) == 3, "aiohttp itself repeats nothing: all repeats are ours, with a token each"
        assert len({seen.target for seen in server.signed()}) == 3


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", BadPayload),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"', BadPayload),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n<html", BadStatus),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", BadStatus),
    ],
    ids=["short", "cut chunk", "short page", "not HTTP"],
)
async def test_a_short_answer_has_a_name_and_may_be_repeated(
    transport: Transport, raw: bytes, kind: type[PollError]
) -> None:
    async def cut(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    async with answering(cut) as server:
        error = await failure(transport, server.url)
        assert type(error) is kind
        assert error.repeat


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
async def test_compressed_answers_are_read(transport: Transport, encoding: str) -> None:
    plain = b'{"code": "ok", "data": ["1.10"]}'
    body = {"gzip": gzip.compress, "deflate": zlib.compress, "raw deflate": lambda it: zlib.compress(it)[2:-4]}[
        encoding
    ](plain)
    async with answering(script(answer(body, Content_Encoding=encoding.split()[-1]))) as server:
        assert await transport.read(caller(server.url), read_balance(), timeout=5.0, give_up_at=2000.0) == ["1.10"]


async def test_a_truncated_gzip_is_payload_and_may_be_repeated(transport: Transport) -> None:
    async with answering(
        script(answer(gzip.compress(b'{"code": "ok"}' * 50)[:-12], Content_Encoding="gzip"))
    ) as server:
        error = await failure(transport, server.url)
        assert isinstance(error, BadPayload)
        assert error.repeat
        assert len(server.signed()) == 3


async def test_a_gzip_bomb_is_payload_and_unpacked_no_further_than_allowed(transport: Transport) -> None:
    bomb = gzip.compress(b"[" + b" " * (100 * 1024 * 1024), 9)
    async with answering(script(answer(bomb, Content_Encoding="gzip"))) as server:
        error = await failure(transport, server.url)
        assert isinstance(error, BadPayload)
        assert str(BALANCE.most) in str(error)
        assert len(server.signed()) == 1


def test_unpacking_a_bomb_takes_little_memory() -> None:
    bomb = gzip.compress(b" " * (64 * 1024 * 1024), 9)
    tracemalloc.start()
    try:
        with pytest.raises(BadPayload):
            inflate(bomb, "gzip")
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_of_200_megabytes_is_payload_and_not_read(transport: Transport, announced: bool) -> None:
    written = 0

    async def pour(seen: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        size = 200 * 1024 * 1024
        head = f"Content-Length: {size}" if announced else "Connection: close"
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        while written < size:
            writer.write(b" " * 65536)
            written += 65536
            await writer.drain()

    async with answering(pour) as server:
        error = await failure(transport, server.url)
        assert isinstance(error, BadPayload)
        assert not error.repeat
    assert written < 8 * BALANCE.most  # what the kernel buffers on the way comes on top


async def test_exactly_the_allowed_size_is_read(transport: Transport) -> None:
    body = b'{"code": "ok", "data": "' + b"x" * (BALANCE.most - 26) + b'"}'
    assert len(body) == BALANCE.most
    async with answering(script(answer(body))) as server:
        data = await transport.read(caller(server.url), read_balance(), timeout=20.0, give_up_at=2000.0)
    assert len(data) == BALANCE.most - 26


async def test_a_redirect_is_not_followed_and_named_by_its_host_only(transport: Transport) -> None:
    async with answering(script(good())) as other:
        hop = answer("", 302, Location=f"{other.url}/elsewhere?token=abc")
        async with answering(script(hop)) as server:
            error = await failure(transport, server.url)
            assert len(server.signed()) == 1
    assert isinstance(error, BadStatus)
    assert "127.0.0.1" in str(error)
    assert "token" not in str(error)
    assert other.seen == []


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
async def trusting(authority: trustme.CA) -> AsyncIterator[Transport]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    async with transporting(FakeClock(jumps=True), tls=context) as it:
        yield it


async def test_a_certificate_of_a_trusted_authority_is_accepted(trusting: Transport, authority: trustme.CA) -> None:
    async with answering(script(good()), tls_server(authority.issue_cert("localhost"))) as server:
        assert await trusting.read(caller(server.url), read_balance(), timeout=5.0, give_up_at=2000.0) == "fine"


async def test_an_unknown_authority_is_tls_and_not_repeated(transport: Transport, authority: trustme.CA) -> None:
    async with answering(script(good()), tls_server(authority.issue_cert("localhost"))) as server:
        error = await failure(transport, server.url)
        assert isinstance(error, TlsFailed)
        assert server.seen == []


async def test_an_expired_certificate_is_tls_and_says_so(trusting: Transport, authority: trustme.CA) -> None:
    old = authority.issue_cert(
        "localhost", not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)
    )
    async with answering(script(good()), tls_server(old)) as server:
        error = await failure(trusting, server.url)
    assert isinstance(error, TlsFailed)
    assert "expired" in str(error)


async def test_a_certificate_for_another_name_is_tls(trusting: Transport, authority: trustme.CA) -> None:
    async with answering(script(good()), tls_server(authority.issue_cert("other.example"))) as server:
        assert isinstance(await failure(trusting, server.url), TlsFailed)


async def test_a_server_without_tls_where_tls_belongs_is_tls(transport: Transport) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    try:
        error = await failure(transport, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert isinstance(error, TlsFailed)
    finally:
        server.close()


async def through(transport: Transport, proxy: str | None, url: str = "http://exchange.invalid") -> str:
    result = await transport.read(caller(url, proxy=proxy), read_balance(), timeout=5.0, give_up_at=2000.0)
    assert isinstance(result, str)
    return result


async def test_requests_go_through_the_accounts_proxy_with_its_login(transport: Transport) -> None:
    async with answering(script(good())) as proxy:
        assert await through(transport, proxy.url.replace("http://", "http://me:pass%20word@")) == "fine"
    assert proxy.signed()[0].target.startswith("http://exchange.invalid/balance?")
    assert proxy.signed()[0].headers["Proxy-Authorization"] == "Basic bWU6cGFzcyB3b3Jk"


async def test_the_usual_environment_variables_name_a_proxy(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answering(script(good())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await through(transport, None) == "fine"
        monkeypatch.setenv("no_proxy", "other.invalid")
        with pytest.raises(Unreachable):
            await through(transport, None, "http://other.invalid")


async def test_a_proxy_that_can_not_be_used_is_named(transport: Transport) -> None:
    with pytest.raises(Unreachable, match="socks5"):
        await through(transport, "socks5://127.0.0.1:1080")
    assert proxy_for("https://api.tiny.example", "proxy:3128") is not None


@pytest.mark.parametrize("garbage", ["http://user:Marked@host:port", "http://user:Marked@[::1", "http://user:Marked@"])
async def test_a_proxy_of_the_environment_that_is_no_address_is_named_without_its_password(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, garbage: str
) -> None:
    monkeypatch.setenv("http_proxy", garbage)
    with pytest.raises(Unreachable) as caught:
        await through(transport, None, "http://exchange.invalid")
    assert "proxy" in str(caught.value) + caught.value.advice
    assert "Marked" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


async def test_a_proxy_that_refuses_the_tunnel_is_network(transport: Transport) -> None:
    async with answering(script(answer("who are you?", 407, Connection="close"))) as proxy:
        with pytest.raises(Unreachable, match="407"):
            await through(transport, proxy.url, "https://exchange.invalid")


async def test_a_connection_serves_read_after_read(transport: Transport) -> None:
    server: Server
    async with answering(script(good())) as server:
        desk = caller(server.url)
        for _ in range(5):
            await transport.read(desk, read_balance(), timeout=5.0, give_up_at=2000.0)
        assert server.connections == 2, "one for the key, and one for the exchange's time"
