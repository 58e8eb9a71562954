"""Whose answer is whose, on real sockets: servers that answer twice, late or early, and connections of one key."""

import asyncio
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
from aiohttp.client_proto import ResponseHandler

from exporter.core.errors import TimedOut
from exporter.transport import connections
from exporter.transport.connections import Connections
from exporter.transport.conversation import Transport
from exporter.transport.wire import Wire
from tests.kit.clock import FakeClock
from tests.kit.exchange import Seen, Server, answer, answering, caller, good, no, read, script, transporting

HOLDINGS = {"key-a": "111", "key-b": "222", "key-c": "333"}


def holding(seen: Seen) -> bytes:
    """What the account of this request holds; the time is not told."""
    return good(HOLDINGS[seen.headers["X-KEY"]]) if "X-KEY" in seen.headers else no("no time")


def trusted() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a client and for the server on `localhost` that it trusts."""
    authority = trustme.CA()
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(client)
    authority.issue_cert("localhost").configure_cert(server)
    return client, server


def pool(wire: Wire) -> Connections:
    """The connections of a wire."""
    assert wire._session is not None
    assert isinstance(wire._session.connector, Connections)
    return wire._session.connector


@pytest.fixture(params=["plain", "tls"])
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Transport, ssl.SSLContext | None]]:
    """A transport, and the context of a server that it trusts."""
    client, server = trusted() if request.param == "tls" else (None, None)
    async with transporting(FakeClock(jumps=True), tls=client) as transport:
        yield transport, server


Exchange = tuple[Transport, ssl.SSLContext | None]


def beside(whole: bytes, kind: str) -> bytes:
    """What a server sends beside a whole answer."""
    return {
        "an answer": whole,
        "half an answer": whole[: len(whole) // 2],
        "a few letters": whole[:10],
        "408": answer("", 408, Connection="close"),
        "an empty line": b"\r\n",
    }[kind]


async def rounds(transport: Transport, server: Server, times: int = 3) -> list[Any]:
    """What each account is told in turn, several times."""
    accounts = [caller(server.url, name) for name in "abc"]
    return [await read(transport, account) for _ in range(times) for account in accounts]


@pytest.mark.parametrize("extra", ["an answer", "half an answer", "a few letters", "408"])
@pytest.mark.parametrize("apart", [False, True], ids=["in one piece", "head and rest apart"])
async def test_what_comes_behind_an_answer_is_nobodys(exchange: Exchange, extra: str, apart: bool) -> None:
    transport, tls = exchange

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        whole = holding(seen)
        if not apart:
            return whole + beside(whole, extra)
        head = whole.index(b"\r\n\r\n") + 4
        writer.write(whole[:head])
        await writer.drain()
        for _ in range(20):  # the client reads the head by itself
            await asyncio.sleep(0)
        return whole[head:] + beside(whole, extra)

    async with answering(respond, tls) as server:
        assert await rounds(transport, server) == ["111", "222", "333"] * 3
        assert server.connections == 10, "a connection with bytes left was used again"


class Repeating:
    """Answers, keeps its connections, and says more on one of them when it is told to."""

    def __init__(self) -> None:
        self.last: asyncio.StreamWriter | None = None
        self.said = b""

    async def respond(self, seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if "X-KEY" in seen.headers:
            self.last, self.said = writer, holding(seen)
        return holding(seen)

    def more(self, extra: bytes) -> asyncio.StreamWriter:
        """Send this on the connection that was asked last."""
        assert self.last is not None
        self.last.write(extra)
        return self.last


async def closed(writer: asyncio.StreamWriter) -> None:
    """Return once the other side has closed."""
    async with asyncio.timeout(10):
        await writer.wait_closed()


@pytest.mark.parametrize("extra", ["an answer", "half an answer", "a few letters", "408", "an empty line"])
async def test_a_connection_on_which_anything_comes_between_requests_is_closed(exchange: Exchange, extra: str) -> None:
    transport, tls = exchange
    repeating = Repeating()
    async with answering(repeating.respond, tls) as server:
        for name, held in (("a", "111"), ("b", "222"), ("a", "111"), ("c", "333"), ("a", "111")):
            assert await read(transport, caller(server.url, name)) == held
            await closed(repeating.more(beside(repeating.said, extra)))


async def test_what_came_too_late_to_be_read_is_not_the_answer_to_the_next_request(exchange: Exchange) -> None:
    transport, tls = exchange
    repeating = Repeating()
    async with answering(repeating.respond, tls) as server:
        account = caller(server.url, "a")
        assert await read(transport, account) == "111"
        HOLDINGS["key-a"] = "112"
        try:
            repeating.more(repeating.said)  # is on the socket, and the loop has had no turn to read it
            assert await read(transport, account) == "112"
        finally:
            HOLDINGS["key-a"] = "111"


async def test_each_key_keeps_a_connection_of_its_own(exchange: Exchange) -> None:
    transport, tls = exchange
    ports: dict[str, set[int]] = {}

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        ports.setdefault(seen.headers.get("X-KEY", ""), set()).add(writer.get_extra_info("peername")[1])
        return holding(seen)

    async with answering(respond, tls) as server:
        assert await rounds(transport, server, 4) == ["111", "222", "333"] * 4
    assert [len(used) for used in ports.values()] == [1, 1, 1, 1]
    assert len(set.union(*ports.values())) == 4


async def test_an_interim_answer_is_not_the_answer(exchange: Exchange) -> None:
    transport, tls = exchange

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        return b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + holding(seen)

    async with answering(respond, tls) as server:
        assert await rounds(transport, server) == ["111", "222", "333"] * 3
        assert server.connections == 4


# -- that die in silence


class Forgotten:
    """Answers each connection so many times, and then nothing more on it."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._left: dict[asyncio.StreamWriter, int] = {}

    async def respond(self, seen: Seen, writer: asyncio.StreamWriter) -> bytes | None:
        left = self._left[writer] = self._left.get(writer, self._times) - 1
        if left < 0:
            await asyncio.sleep(60)
        return holding(seen)


async def test_a_kept_connection_that_died_in_silence_leaves_time_for_a_new_one(exchange: Exchange) -> None:
    transport, tls = exchange
    async with answering(Forgotten(1).respond, tls) as server:
        account = caller(server.url, "a")
        for _ in range(3):
            assert await read(transport, account, timeout=0.6) == "111"
        assert server.connections == 4, "one for the time, and a new one for each read"


async def test_where_nobody_answers_the_advice_names_what_forgets(exchange: Exchange) -> None:
    transport, tls = exchange
    async with answering(Forgotten(0).respond, tls) as server:
        with pytest.raises(TimedOut) as caught:
            await read(transport, caller(server.url, "a"), timeout=0.3)
        assert "NAT" in caught.value.advice


async def test_an_answer_that_is_slow_by_nature_has_all_its_time_again() -> None:
    async def slow(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        await asyncio.sleep(1.2)
        return good()

    wire = Wire()
    async with answering(slow) as server:
        try:
            assert [await get(wire, server.url, "a", 2.0) for _ in range(2)] == [200, 200]
            assert server.connections == 2
        finally:
            await wire.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
async def test_the_system_watches_connections() -> None:
    wire = Wire()
    async with answering(script(good())) as server:
        try:
            await get(wire, server.url, "a")
            [connection] = pool(wire).open
            assert connection.transport is not None
            file = connection.transport.get_extra_info("socket")
            assert file.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert file.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < 75
            assert file.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4000
        finally:
            await wire.close()


# -- how many


class Crowd:
    """Answers when it is let, and counts its connections."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.open: list[str] = []
        self.busy = self.busiest = 0

    async def respond(self, seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        name = seen.path.strip("/")
        if name not in self.open:
            self.open.append(name)
            task = asyncio.current_task()
            assert task is not None
            task.add_done_callback(lambda _: self.open.remove(name))
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        await self.go.wait()
        self.busy -= 1
        return good()


@asynccontextmanager
async def crowded(most: int) -> AsyncIterator[tuple[Crowd, Wire, str]]:
    """A crowd, and a wire with so many connections."""
    crowd, wire = Crowd(), Wire(most=most)
    async with answering(crowd.respond) as server:
        try:
            yield crowd, wire, server.url
        finally:
            await wire.close()


async def get(wire: Wire, url: str, name: str, seconds: float = 10.0) -> int:
    return (await wire.get(f"{url}/{name}", {}, None, seconds, name)).status


async def test_no_more_connections_are_open_than_may_be() -> None:
    async with crowded(4) as (crowd, wire, url):
        asking = [asyncio.create_task(get(wire, url, f"{number:02}")) for number in range(20)]
        async with asyncio.timeout(10):
            while crowd.busy < 4:  # noqa: ASYNC110 -- each round lets the others go on
                await asyncio.sleep(0)
        crowd.go.set()
        assert set(await asyncio.gather(*asking)) == {200}
        assert crowd.busiest == 4


async def test_the_connection_that_rested_longest_goes_first() -> None:
    async with crowded(3) as (crowd, wire, url):
        crowd.go.set()
        for name in ("a", "b", "c", "a", "d"):
            assert await get(wire, url, name) == 200
        async with asyncio.timeout(10):
            while "b" in crowd.open:  # noqa: ASYNC110 -- each round lets the server go on
                await asyncio.sleep(0)
        assert sorted(crowd.open) == ["a", "c", "d"]


async def test_connections_rest_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEPT", 2)
    async with crowded(100) as (crowd, wire, url):
        crowd.go.set()
        for name in "abcde":
            assert await get(wire, url, name) == 200
        async with asyncio.timeout(10):
            while len(crowd.open) > 2:  # noqa: ASYNC110 -- each round lets the server go on
                await asyncio.sleep(0)
        assert crowd.open == ["d", "e"]


async def test_what_has_to_go_goes_at_once_though_the_server_does_not_say_goodbye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "KEPT", 1)
    client, server_side = trusted()

    async def deaf(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(good())
        await writer.drain()
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()
        try:
            await asyncio.sleep(60)
        finally:
            writer.transport.abort()

    wire = Wire(client)
    async with answering(deaf, server_side) as server:
        try:
            await get(wire, server.url, "a")
            [first] = pool(wire).open
            assert first.transport is not None
            file = first.transport.get_extra_info("socket")
            await get(wire, server.url, "b")
            await asyncio.sleep(0)
            assert file.fileno() == -1
        finally:
            await wire.close()


async def test_a_connection_with_tls_takes_little_memory() -> None:
    client, server_side = trusted()
    wire = Wire(client)
    async with answering(script(good()), server_side) as server:
        try:
            await get(wire, server.url, "first")
            tracemalloc.start()
            for number in range(10):
                await get(wire, server.url, str(number))
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            await wire.close()
    assert taken / 20 < 60_000, "both sides of ten connections are in this process"


async def test_a_request_that_finds_no_connection_free_says_what_to_do() -> None:
    async with crowded(4) as (crowd, wire, url):
        asking = [asyncio.create_task(get(wire, url, name)) for name in "abcd"]
        await asyncio.sleep(0)
        with pytest.raises(TimedOut) as caught:
            await get(wire, url, "e", 0.05)
        assert "open files" not in str(caught.value)
        assert "ulimit -n" in caught.value.advice
        assert not caught.value.repeat
        crowd.go.set()
        await asyncio.gather(*asking)


async def test_a_server_that_sends_too_much_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    async def twice(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        return holding(seen) * 2

    async with transporting(FakeClock(jumps=True)) as transport, answering(twice) as server:
        await rounds(transport, server)
    [record] = caplog.records
    assert "more than it was asked for" in record.message
    assert vars(record)["host"] == "127.0.0.1"


async def test_a_farewell_to_an_idle_connection_is_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    repeating = Repeating()
    async with transporting(FakeClock(jumps=True)) as transport, answering(repeating.respond) as server:
        assert await read(transport, caller(server.url, "a")) == "111"
        await closed(repeating.more(answer("", 408, Connection="close")))
    assert caplog.records == []


async def test_keys_do_not_share_a_tunnel_and_closed_ones_are_forgotten() -> None:
    client, server_side = trusted()

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        return holding(seen) * 2

    async with (
        answering(respond, server_side) as server,
        tunnelling() as proxy,
        transporting(FakeClock(jumps=True), tls=client) as transport,
    ):
        accounts = [caller(server.url, name, proxy=proxy) for name in "abc"]
        told = [await read(transport, account) for _ in range(3) for account in accounts]
        assert told == ["111", "222", "333"] * 3
        assert server.connections == 10
        await asyncio.sleep(0)
        assert len(pool(transport._wire).open) <= 1


@asynccontextmanager
async def tunnelling() -> AsyncIterator[str]:
    """The URL of a proxy that tunnels anywhere."""
    pipes: set[asyncio.Task[None]] = set()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host, _, port = head.split()[1].decode().rpartition(":")
        there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pipes.update({asyncio.create_task(pipe(reader, there[1])), asyncio.create_task(pipe(there[0], writer))})

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for task in pipes:
            task.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)


async def test_no_more_is_parsed_in_one_go_than_leaves_the_loop_its_turns(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport, tls = exchange
    parsed: list[int] = []
    received = ResponseHandler.data_received

    def watched(self: ResponseHandler, data: bytes) -> None:
        parsed.append(len(data))
        received(self, data)

    monkeypatch.setattr(ResponseHandler, "data_received", watched)
    async with answering(script(good("x" * 200_000)), tls) as server:
        assert await read(transport, caller(server.url)) == "x" * 200_000
    assert sum(parsed) > 200_000
    assert max(parsed) <= 2 * max(connections.READ_BUFFER, connections.TLS_BUFFER)
