"""Sockets are opened where the operator said, or refused with the reason."""

import asyncio
import errno
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from exporter.core.errors import ExporterError
from exporter.web import listening

SYSTEM: Final = Path("/proc/sys/net/core/somaxconn")


def unheard(error: OSError) -> None:
    raise AssertionError(error)


@asynccontextmanager
async def listened(text: str) -> AsyncIterator[list[tuple[str, int]]]:
    """Where the sockets for an address listen while this is open."""
    server = await listening.listen(asyncio.Protocol, text, unheard)
    try:
        yield [each.getsockname()[:2] for each in server.sockets]
    finally:
        server.close()


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name stand for these addresses, as far as somebody asks for their family."""

    async def getaddrinfo(host: str, port: int, *, family: int = 0, **_: Any) -> list[Any]:
        found: list[Any] = []
        for address in addresses:
            own = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in (socket.AF_UNSPEC, own):
                where = (address, port, 0, 0) if ":" in address else (address, port)
                found.append((own, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where))
        if not found:
            raise socket.gaierror(socket.EAI_ADDRFAMILY, "Address family for hostname not supported")
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


async def test_port_0_takes_a_free_port() -> None:
    async with listened("127.0.0.1:0") as [(host, port)]:
        assert host == "127.0.0.1"
        assert port > 0


@pytest.mark.skipif(not SYSTEM.exists(), reason="Linux only")
async def test_as_many_as_come_at_once_may_wait_to_be_accepted() -> None:
    server = await listening.listen(asyncio.Protocol, "127.0.0.1:0", unheard)
    try:
        told = server.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    finally:
        server.close()
    # Of a socket that listens, linux/tcp.h's `tcpi_sacked` is how many may wait; the system has a bound of its own.
    assert struct.unpack_from("6I", told, 8)[5] == min(4096, int(SYSTEM.read_text()))


async def test_a_bare_port_listens_on_every_interface_of_both_families() -> None:
    async with listened(":0") as [(_, port)]:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
                continue
            with socket.socket(family) as client:
                client.settimeout(5)
                client.connect((host, port))


async def test_a_name_of_several_addresses_listens_on_each_with_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "127.0.0.1", "127.0.0.2", "127.0.0.3")
    port = free_port()
    async with listened(f"several:{port}") as found:
        assert sorted(found) == [("127.0.0.1", port), ("127.0.0.2", port), ("127.0.0.3", port)]


async def test_an_address_of_a_name_that_this_machine_does_not_have_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve(monkeypatch, "2001:db8::1", "127.0.0.1")
    async with listened("localhost:0") as [(host, _)]:
        assert host == "127.0.0.1"


async def test_a_name_of_addresses_that_this_machine_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "2001:db8::1", "2001:db8::2")
    with pytest.raises(ExporterError, match="cannot listen on elsewhere:80: ") as refused:
        await listening.listen(asyncio.Protocol, "elsewhere:80", unheard)
    assert "not known" not in str(refused.value)


async def test_a_name_of_addresses_of_no_known_family_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        return [(9999, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("::1", 80, 0, 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    with pytest.raises(ExporterError, match="cannot listen on elsewhere:80: "):
        await listening.listen(asyncio.Protocol, "elsewhere:80", unheard)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_ipv6_addresses_are_written_in_brackets() -> None:
    server = await listening.listen(asyncio.Protocol, "[::1]:0", unheard)
    [one] = server.sockets
    assert listening.host_and_port(one) == f"[::1]:{one.getsockname()[1]}"
    server.close()


async def test_an_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ExporterError, match="in use") as refused:
            await listening.listen(asyncio.Protocol, text, unheard)
        assert text in str(refused.value)


async def test_a_port_in_use_is_named_when_all_interfaces_are_asked_for() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        text = f":{taken.getsockname()[1]}"
        with pytest.raises(ExporterError, match="in use") as refused:
            await listening.listen(asyncio.Protocol, text, unheard)
        assert text in str(refused.value)


async def test_a_port_that_this_user_may_not_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "error while attempting to bind on address")

    monkeypatch.setattr(socket, "create_server", refuses)
    with pytest.raises(ExporterError, match=r"127\.0\.0\.1:80: this user may not use ports below 1024"):
        await listening.listen(asyncio.Protocol, "127.0.0.1:80", unheard)


@pytest.mark.parametrize("text", ["nonsense", "127.0.0.1:99999"])
async def test_what_is_not_an_address_is_named(text: str) -> None:
    with pytest.raises(ExporterError, match="listen address") as refused:
        await listening.listen(asyncio.Protocol, text, unheard)
    assert text in str(refused.value)


@pytest.mark.parametrize("text", ["no-such-host.invalid:1", f"{'x' * 70}.invalid:1", "192.0.2.1:1"])
async def test_what_this_machine_does_not_have_is_named(text: str) -> None:
    with pytest.raises(ExporterError, match="cannot listen on") as refused:
        await listening.listen(asyncio.Protocol, text, unheard)
    assert text in str(refused.value)
