"""Who may ask: on loopback only by known names, and no page of another origin may do anything."""

import pytest

from exporter.core.settings import external_url
from exporter.web.origin import Origins, host_name, only_loopback
from exporter.web.server import Asked
from tests.kit.web import serving

EXTERNAL = (external_url("https://ops.example/balances"), external_url("http://exporter:10118"))
PATHS = ("/", "/metrics", "/config", "/-/healthy", "/-/ready", "/-/reload", "/nowhere")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:10118", "127.0.0.1.evil.example", "localhost.evil", "@"]
)
async def test_on_loopback_a_strange_name_is_refused_on_every_path(host: str) -> None:
    async with serving(external=EXTERNAL) as served:
        for path in PATHS:
            status, _, body = await served.ask(path, Host=host)
            assert (status, b"--web.external-url" in body, b"account" in body) == (403, True, False)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:10118",
        "localhost.",
        "balances.localhost:1",
        "127.0.0.1:10118",
        "[::1]:10118",
        "10.1.2.3",
        "ops.example",
        "OPS.example:443",
        "exporter:10118",
    ],
)
async def test_on_loopback_known_names_and_addresses_are_answered(host: str) -> None:
    async with serving(external=EXTERNAL) as served:
        assert (await served.ask("/metrics", Host=host))[0] == 200


async def test_a_request_without_a_host_comes_from_no_browser() -> None:
    async with serving() as served:
        assert b" 200 " in (await served.raw(b"GET /-/healthy HTTP/1.0\r\n\r\n")).partition(b"\r\n")[0]


async def test_where_others_may_connect_any_name_is_answered() -> None:
    async with serving(address="0.0.0.0:0") as served:
        for host in ("exchange-balance-exporter.monitoring.svc:10118", "evil.example", "x"):
            assert (await served.ask("/metrics", Host=host))[0] == 200


async def test_a_refused_name_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as served:
        for _ in range(5):
            await served.ask("/", Host="evil.example")
    assert caplog.text.count("--web.external-url") == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "https://ops.example"}, 200),
        ({"Origin": "https://ops.example.evil"}, 403),
        ({"Origin": "http://localhost:10118", "Host": "localhost:10118"}, 200),
        ({"Origin": "http://localhost:8000", "Host": "localhost:10118"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_post_from_another_origin_is_refused(headers: dict[str, str], status: int) -> None:
    reloads = []

    async def reload() -> str | None:
        reloads.append(1)
        return None

    async with serving(reload=reload, external=EXTERNAL) as served:
        assert (await served.ask("/-/reload", "POST", **headers))[0] == status
    assert len(reloads) == (status == 200)


async def test_a_post_from_another_origin_is_refused_where_others_may_connect_too() -> None:
    async with serving(address="0.0.0.0:0") as served:
        assert (await served.ask("/-/reload", "POST", Origin="https://evil.example"))[0] == 403


async def test_no_answer_can_be_used_by_another_origin() -> None:
    async with serving() as served:
        for path in PATHS:
            assert (await served.ask(path))[1]["Cross-Origin-Resource-Policy"] == "same-origin"
        assert (await served.ask("/", Host="evil.example"))[1]["Cross-Origin-Resource-Policy"] == "same-origin"
        assert b"Cross-Origin-Resource-Policy: same-origin" in await served.raw(b"nonsense\r\n\r\n")


async def test_links_have_the_path_of_the_external_url_that_was_asked_for() -> None:
    async def page(asked: Asked) -> str:
        return f"<{asked.links}>"

    async with serving(page=page, external=EXTERNAL) as served:
        for host, links in (("ops.example", b"</balances/>"), ("exporter", b"</>"), ("127.0.0.1", b"<>")):
            assert (await served.ask("/", Host=host))[2] == links + b"\n"


def test_names_are_read_as_browsers_write_them() -> None:
    assert host_name("A.example:80") == "a.example"
    assert host_name("[::1]") == "::1"
    assert host_name("a.example.") == "a.example"
    for wrong in ("", "a b", "a@b", "a:b", "http://a", "[::1", "a:1:2", "a,b"[:0]):
        assert host_name(wrong) is None
    assert not Origins(()).foreign({})


@pytest.mark.parametrize(
    ("addresses", "only"),
    [
        (("127.0.0.1",), True),
        (("127.0.0.1", "::1", "127.8.8.8"), True),
        (("127.0.0.1", "10.0.0.1"), False),
        (("0.0.0.0",), False),
        (("::",), False),
        (("fe80::1%eth0",), False),
    ],
)
def test_loopback_is_loopback_only_when_all_of_it_is(addresses: tuple[str, ...], only: bool) -> None:
    assert only_loopback(addresses) is only
