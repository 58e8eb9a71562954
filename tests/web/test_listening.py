"""Sockets are opened where the operator said, or refused with the reason."""

import socket

import pytest

from exporter.core.errors import ExporterError
from exporter.web import listening


async def opened(text: str) -> list[socket.socket]:
    return await listening.sockets(text)


async def test_port_0_takes_a_free_port() -> None:
    [one] = await opened("127.0.0.1:0")
    with one:
        host, _, port = listening.spelled(one).rpartition(":")
        assert host == "127.0.0.1"
        assert int(port) > 0


async def test_a_bare_port_listens_on_every_interface_of_both_families() -> None:
    [one] = await opened(":0")
    with one:
        port = one.getsockname()[1]
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
                continue
            with socket.socket(family) as client:
                client.settimeout(5)
                client.connect((host, port))


async def test_a_name_of_several_addresses_listens_on_each_with_one_port() -> None:
    found = await opened("localhost:0")
    try:
        assert "127.0.0.1" in {one.getsockname()[0] for one in found}
        assert len({one.getsockname()[1] for one in found}) == 1
    finally:
        for one in found:
            one.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_ipv6_addresses_are_told_in_brackets() -> None:
    [one] = await opened("[::1]:0")
    with one:
        assert listening.spelled(one) == f"[::1]:{one.getsockname()[1]}"


async def test_an_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ExporterError, match="in use") as refused:
            await opened(text)
        assert text in str(refused.value)


async def test_a_port_in_use_is_named_when_all_interfaces_are_asked_for() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        text = f":{taken.getsockname()[1]}"
        with pytest.raises(ExporterError, match="in use") as refused:
            await opened(text)
        assert text in str(refused.value)


@pytest.mark.parametrize("text", ["nonsense", "127.0.0.1:99999"])
async def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ExporterError, match="listen address") as refused:
        await opened(text)
    assert text in str(refused.value)


@pytest.mark.parametrize("text", ["no-such-host.invalid:1", f"{'x' * 70}.invalid:1", "192.0.2.1:1"])
async def test_what_this_machine_does_not_have_is_named(text: str) -> None:
    with pytest.raises(ExporterError, match="cannot listen on") as refused:
        await opened(text)
    assert text in str(refused.value)
