"""Which way requests leave: what the environment says, as curl takes it, and never a proxy to this machine itself."""

import pytest

from exporter.core.errors import Unreachable
from exporter.transport.conversation import Transport
from exporter.transport.proxies import proxy_for
from tests.kit.exchange import answering, caller, good, read, script

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def way(base: str) -> str | None:
    """The proxy of a host, as text."""
    proxy = proxy_for(base, None)
    return str(proxy.url).rstrip("/") if proxy else None


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_requests_to_this_machine_pass_no_proxy(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    async with answering(script(good("from the proxy"))) as proxy, answering(script(good("direct"))) as server:
        monkeypatch.setenv(variable, proxy.url)
        for host in ("127.0.0.1", "localhost"):
            assert await read(transport, caller(server.url.replace("127.0.0.1", host))) == "direct"
        assert proxy.seen == []


@pytest.mark.parametrize(
    "base", ["https://127.0.0.1", "http://127.8.9.1:80", "http://[::1]:8080", "https://LocalHost", "http://localhost."]
)
def test_every_name_of_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    for name in NAMES[:3]:
        monkeypatch.setenv(name, PROXY)
    assert way(base) is None
    assert way("https://127.0.0.1.example.com") == PROXY


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_the_variables_that_curl_knows_are_heeded(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, PROXY)
    assert way("https://api.tiny.example") == PROXY


def test_the_variable_of_the_scheme_goes_before_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(Unreachable, match="socks5"):
        way("https://api.tiny.example")
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert way("https://api.tiny.example") == PROXY


@pytest.mark.parametrize(
    ("exceptions", "base", "direct"),
    [
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://10.example.com", False),
        ("10.1.2.3/8", "https://10.200.0.1", True),
        ("fd00::/8", "https://[fd00::1]:8443", True),
        ("[fd00::1]", "https://[fd00::1]:8443", True),
        ("192.0.2.1", "https://192.0.2.1:8443", True),
        ("a.example, 10.0.0.0/8", "https://10.1.2.3", True),
        ("a.example b.example 10.0.0.0/8", "https://10.1.2.3", True),
        (".tiny.example", "https://api.tiny.example", True),
        ("tiny.example", "https://api.tiny.example", True),
        ("tiny.example", "https://api.nottiny.example", False),
        ("*", "https://api.tiny.example", True),
        ("", "https://api.tiny.example", False),
        ("nonsense/99,10.1.2", "https://10.1.2.3", False),
    ],
)
def test_exceptions_are_hosts_domains_and_networks(
    monkeypatch: pytest.MonkeyPatch, exceptions: str, base: str, direct: bool
) -> None:
    monkeypatch.setenv("https_proxy", PROXY)
    monkeypatch.setenv("no_proxy", exceptions)
    assert (way(base) is None) == direct
