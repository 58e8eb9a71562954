"""Connections have a number and a deadline: whoever drips, idles or floods, the next scrape is answered."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from exporter.web import connections, listening
from exporter.web.connections import client_of
from tests.kit.web import Held, Served, serving

HALF = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Drip: "
WHOLE = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def connected(served: Served, source: str = "127.0.0.1", sent: bytes = HALF) -> Iterator[socket.socket]:
    """A connection from this address on which these bytes were sent."""
    with socket.create_connection(served.host_and_port, timeout=10, source_address=(source, 0)) as client:
        client.sendall(sent)
        yield client


async def is_closed(client: socket.socket) -> bool:
    """Whether the server ends the connection, rather than keep it for half a second."""
    client.settimeout(0.5)
    try:
        while await asyncio.to_thread(client.recv, 65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


async def open_connections(served: Served, number: int) -> None:
    """Return once the server knows of so many."""
    async with asyncio.timeout(10):
        while len(served.web.connections) != number:  # noqa: ASYNC110 -- the server tells nobody
            await asyncio.sleep(0.01)


async def test_headers_that_drip_have_a_deadline_however_often_they_drip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_SECONDS", 0.3)
    async with serving() as served:
        reader, writer = await asyncio.open_connection(*served.host_and_port)
        writer.write(HALF)
        async with asyncio.timeout(10):
            while not reader.at_eof():
                writer.write(b"x")
                try:
                    async with asyncio.timeout(0.05):
                        assert await reader.read(1) == b""
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
        writer.close()


async def test_a_connection_that_says_nothing_has_the_same_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_SECONDS", 0.1)
    async with serving() as served:
        assert await served.raw(b"") == b""


async def test_a_later_request_has_the_deadline_from_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_SECONDS", 0.2)
    async with serving() as served:
        reader, writer = await asyncio.open_connection(*served.host_and_port)
        writer.write(WHOLE)
        assert await reader.readuntil(b"Healthy.\n")
        await asyncio.sleep(0.4)  # idle for longer than headers may take
        writer.write(WHOLE)
        assert await reader.readuntil(b"Healthy.\n")
        writer.write(HALF)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_an_idle_connection_is_closed_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.web.server.KEEP_ALIVE_SECONDS", 0.1)
    async with serving() as served:
        assert (await served.raw(WHOLE)).endswith(b"Healthy.\n")


async def test_a_head_that_does_not_end_is_not_collected() -> None:
    async with serving() as served:
        reader, writer = await asyncio.open_connection(*served.host_and_port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        sent = 0
        try:
            async with asyncio.timeout(10):
                while not reader.at_eof() and sent < 1_000_000:
                    writer.write(b"X-%d: %s\r\n" % (sent, b"x" * 4000))
                    await writer.drain()
                    await asyncio.sleep(0)
                    sent += 4000
        except ConnectionError:
            pass
        assert sent < 400_000
        writer.close()


async def test_a_flood_that_drips_goes_for_those_who_ask(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(connections=10) as served:
        with ExitStack() as flood:
            drips = [flood.enter_context(connected(served)) for _ in range(40)]
            await open_connections(served, 10)
            for _ in range(20):
                assert (await served.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))[
                    9:12
                ] == b"200"
            assert len(served.web.connections) <= 10
            assert all([await is_closed(drip) for drip in drips[:30]])
    assert caplog.text.count("too many connections") == 1


async def test_connections_that_are_being_answered_stay_and_one_more_goes() -> None:
    held = Held()
    async with serving(held, connections=3) as served:
        scrape = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        running = [asyncio.create_task(served.raw(scrape)) for _ in range(3)]
        await held.reached(3)
        with connected(served, sent=WHOLE) as refused:
            assert await is_closed(refused)
        held.go.set()
        assert [(await one)[9:12] for one in running] == [b"200"] * 3


async def test_who_comes_is_answered_though_all_others_were_answered_before() -> None:
    async with serving(connections=3) as served:
        with ExitStack() as idle:
            for number in range(3):
                idle.enter_context(connected(served, sent=WHOLE))
                await open_connections(served, number + 1)
            for _ in range(5):
                with connected(served, sent=WHOLE) as client:
                    assert await asyncio.to_thread(client.recv, 65536)


async def test_the_client_with_the_most_connections_loses_them_first() -> None:
    async with serving(connections=6) as served:
        with connected(served, "127.0.0.2", WHOLE) as kept, ExitStack() as flood:
            await open_connections(served, 1)
            for _ in range(30):
                flood.enter_context(connected(served, "127.0.0.3"))
            await open_connections(served, 6)
            assert not await is_closed(kept)
            kept.sendall(WHOLE)
            kept.settimeout(5)
            assert await asyncio.to_thread(kept.recv, 65536)


async def test_of_one_client_those_that_never_asked_go_before_those_that_did() -> None:
    async with serving(connections=3) as served:
        with connected(served, sent=WHOLE) as kept, ExitStack() as flood:
            await asyncio.to_thread(kept.recv, 65536)
            for _ in range(10):
                flood.enter_context(connected(served))
            await open_connections(served, 3)
            assert not await is_closed(kept)


async def test_many_clients_that_never_ask_go_before_one_with_several_that_did() -> None:
    async with serving(connections=6) as served:
        with ExitStack() as several, ExitStack() as flood:
            kept = [several.enter_context(connected(served, "127.0.0.2", WHOLE)) for _ in range(3)]
            for one in kept:
                await asyncio.to_thread(one.recv, 65536)
            for number in range(3, 30):
                flood.enter_context(connected(served, f"127.0.0.{number}"))
            await open_connections(served, 6)
            for one in kept:
                one.sendall(WHOLE)
                one.settimeout(5)
                assert await asyncio.to_thread(one.recv, 65536)


async def test_of_clients_with_one_each_the_connection_that_waits_longest_goes() -> None:
    async with serving(connections=4) as served:
        with ExitStack() as clients:
            known = clients.enter_context(connected(served, sent=WHOLE))
            assert await asyncio.to_thread(known.recv, 65536)
            drips = []
            for number in (2, 3):
                drips.append(clients.enter_context(connected(served, f"127.0.0.{number}")))
                await open_connections(served, 1 + len(drips))
            new = clients.enter_context(connected(served, sent=b""))  # of the client that came first of all
            await open_connections(served, 4)
            clients.enter_context(connected(served, "127.0.0.4"))
            assert await is_closed(drips[0])
            assert not await is_closed(drips[1])
            new.sendall(WHOLE)
            new.settimeout(10)
            assert (await asyncio.to_thread(new.recv, 65536))[9:12] == b"200"


async def test_connections_that_are_closed_are_counted_no_longer() -> None:
    async with serving() as served:
        with connected(served), connected(served, sent=b"nonsense\r\n\r\n"):
            await open_connections(served, 1)
        await open_connections(served, 0)


async def test_without_a_file_nobody_is_accepted_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "PAUSE_SECONDS", 0.02)
    full = True

    class Full(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if full:
                raise OSError(24, "Too many open files")
            return super().accept()

    create = socket.create_server

    def create_full(*arguments: object, **named: object) -> socket.socket:
        made = create(*arguments, **named)  # type: ignore[arg-type]  # the same arguments, whatever they are
        return Full(fileno=made.detach())

    monkeypatch.setattr(socket, "create_server", create_full)
    async with serving() as served:
        asking = asyncio.create_task(served.ask("/-/healthy"))
        await asyncio.sleep(0.3)
        assert not asking.done()
        full = False
        assert (await asking)[0] == 200
    assert caplog.text.count("too many open files") == 1
    assert "asyncio" not in {record.name for record in caplog.records}


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        (("192.0.2.7", 1234), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1234, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1, 0, 0), "fe80::/64"),
        (("", 0), ""),
        (None, ""),
    ],
)
def test_connections_count_for_an_address_or_a_network_of_ipv6(peer: object, client: str) -> None:
    assert client_of(peer) == client
