"""HTTPS as the file asks for it: versions, suites, curves, certificates of clients; connections stay bounded."""

import asyncio
import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from exporter.config.web_file import load_web
from exporter.core.errors import ConfigError
from exporter.core.web_config import CIPHERS
from exporter.web import connections, places, tls
from exporter.web.access import Rules, rules
from exporter.web.server import Asked
from tests.kit.certificates import CLIENTS, HTTPS, Authority
from tests.kit.web import Held, Served, serving

WHOLE = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("tls"))
    made.issue("server")
    made.issue("prometheus", "prometheus.example", "192.0.2.7", "2001:db8::1", "ops@example.com")
    made.issue("other", "other.example")
    return made


def ruled(authority: Authority, more: str = "") -> Rules:
    return rules(load_web(authority.replace("web.yml", HTTPS + more)))


@asynccontextmanager
async def https(authority: Authority, more: str = "", **other: Any) -> AsyncIterator[Served]:
    async with serving(rules=ruled(authority, more), **other) as served:
        yield served


def limited(authority: Authority, *, newest: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLContext:
    """A client that speaks no newer version, and these suites alone."""
    context = authority.client()
    context.maximum_version = newest
    if ciphers:
        context.set_ciphers(ciphers)
    return context


async def asked(served: Served, context: ssl.SSLContext, sent: bytes = WHOLE) -> tuple[bytes, ssl.SSLObject]:
    """Everything that comes back over TLS, and what was agreed on."""
    reader, writer = await asyncio.open_connection(*served.host_and_port, ssl=context, server_hostname="localhost")
    try:
        agreed = writer.get_extra_info("ssl_object")
        writer.write(sent)
        async with asyncio.timeout(10):
            return await reader.read(), agreed
    finally:
        writer.close()


async def is_refused(served: Served, context: ssl.SSLContext) -> bool:
    """Whether there is no agreement; a client of TLS 1.3 hears of that only when it reads."""
    try:
        answer, _ = await asked(served, context)
    except (ssl.SSLError, ConnectionError):
        return True
    return answer == b""


async def test_https_is_served_by_the_certificate_and_the_newest_version(authority: Authority) -> None:
    async with https(authority) as served:
        answer, agreed = await asked(served, authority.client())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert agreed.version() == "TLSv1.3"
    assert agreed.compression() is None


async def test_plain_http_gets_no_answer_where_https_is_spoken(authority: Authority) -> None:
    async with https(authority) as served:
        assert b"HTTP/1.1 200" not in await served.raw(WHOLE)


async def test_a_client_that_offers_http2_is_answered_by_http_1_1(authority: Authority) -> None:
    context = authority.client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with https(authority) as served:
        answer, agreed = await asked(served, context)
    assert agreed.selected_alpn_protocol() == "http/1.1"
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("line", "newest", "version"),
    [
        ("min_version: TLS12", ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ("max_version: TLS12", ssl.TLSVersion.TLSv1_3, "TLSv1.2"),
        ("min_version: TLS13", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ("min_version: TLS13", ssl.TLSVersion.TLSv1_2, None),
        ("cipher_suites: [TLS_AES_128_GCM_SHA256]", ssl.TLSVersion.TLSv1_2, None),
    ],
)
async def test_versions_are_those_that_the_file_allows(
    authority: Authority, line: str, newest: ssl.TLSVersion, version: str | None
) -> None:
    async with https(authority, f"  {line}\n") as served:
        if version is None:
            assert await is_refused(served, limited(authority, newest=newest))
        else:
            _, agreed = await asked(served, limited(authority, newest=newest))
            assert agreed.version() == version


@pytest.mark.parametrize("name", [name for name in CIPHERS if "ECDHE_ECDSA" in name])
async def test_a_suite_that_the_file_names_is_the_one_that_is_spoken(authority: Authority, name: str) -> None:
    client = limited(authority, newest=ssl.TLSVersion.TLSv1_2, ciphers="ALL")
    async with https(authority, f"  cipher_suites: [{name}]\n") as served:
        _, agreed = await asked(served, client)
        cipher = agreed.cipher()
        assert cipher is not None
        assert cipher[0] == CIPHERS[name]


@pytest.mark.parametrize("name", CIPHERS)
def test_openssl_knows_every_suite(authority: Authority, name: str) -> None:
    made = ruled(authority, f"  cipher_suites: [{name}]\n").tls
    assert made is not None
    assert CIPHERS[name] in {each["name"] for each in made.get_ciphers()}


@pytest.mark.parametrize(("says", "first"), [("true", 0), ("false", -1)])
async def test_our_order_of_suites_decides_unless_the_file_says_otherwise(
    authority: Authority, says: str, first: int
) -> None:
    ours = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
    theirs = ":".join(CIPHERS[name] for name in reversed(ours))
    more = f"  cipher_suites: [{', '.join(ours)}]\n  prefer_server_cipher_suites: {says}\n"
    async with https(authority, more) as served:
        _, agreed = await asked(served, limited(authority, newest=ssl.TLSVersion.TLSv1_2, ciphers=theirs))
        cipher = agreed.cipher()
        assert cipher is not None
        assert cipher[0] == CIPHERS[ours[first]]


async def test_a_curve_that_the_file_names_is_the_only_one(authority: Authority) -> None:
    client = authority.client()
    client.set_ecdh_curve("secp384r1")
    async with https(authority, "  curve_preferences: [CurveP384]\n") as served:
        answer, _ = await asked(served, client)
        assert answer.startswith(b"HTTP/1.1 200 ")
    async with https(authority, "  curve_preferences: [CurveP521]\n") as served:
        assert await is_refused(served, client)


def test_more_curves_than_python_can_set_are_refused_with_their_place(authority: Authority) -> None:
    more = "  curve_preferences: [X25519, CurveP256]\n"
    if hasattr(ssl.SSLContext, "set_groups"):
        assert ruled(authority, more).tls is not None
        return
    with pytest.raises(ConfigError, match=r"web\.yml:4: tls_server_config\.curve_preferences: only one curve"):
        ruled(authority, more)


def test_a_key_of_another_certificate_is_refused_with_its_place(authority: Authority) -> None:
    with pytest.raises(ConfigError, match=r"web\.yml:2: tls_server_config\.cert_file: .* do not belong together"):
        rules(load_web(authority.replace("web.yml", HTTPS.replace("server.key", "other.key"))))


@pytest.mark.parametrize(("key", "text"), [("cert", "server.crt"), ("key", "server.key"), ("client_ca", "ca.crt")])
def test_a_torn_file_is_refused_with_its_place(authority: Authority, tmp_path: Path, key: str, text: str) -> None:
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy(authority.folder / name, tmp_path)
    whole = (tmp_path / text).read_text()
    (tmp_path / text).write_text(whole[: len(whole) // 2])
    (tmp_path / "web.yml").write_text(HTTPS + CLIENTS)
    with pytest.raises(ConfigError, match=r"tls_server_config\.(cert|client_ca)_file: .* cannot be used") as caught:
        rules(load_web(tmp_path / "web.yml"))
    assert len(caught.value.mistakes) == 1
    assert (key == "client_ca") == ("client_ca_file" in str(caught.value))


def test_no_file_of_ours_holds_the_key(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such folder"))
    assert ruled(authority).tls is not None  # it stays in memory
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delattr(os, "memfd_create")
    assert ruled(authority).tls is not None  # where there is no such memory, it was in a file of ours for a moment
    assert list(tmp_path.iterdir()) == []


async def test_a_required_certificate_is_required_and_has_to_be_of_the_authority(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    stranger.issue("prometheus", "prometheus.example")
    foreign = authority.client()
    foreign.load_cert_chain(tmp_path / "prometheus.crt", tmp_path / "prometheus.key")
    async with https(authority, CLIENTS) as served:
        for context in (authority.client(), foreign):
            assert await is_refused(served, context)
        answer, _ = await asked(served, authority.client("prometheus"))
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_certificate_may_be_optional_but_one_that_is_shown_has_to_be_good(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    stranger.issue("prometheus", "prometheus.example")
    foreign = authority.client()
    foreign.load_cert_chain(tmp_path / "prometheus.crt", tmp_path / "prometheus.key")
    async with https(authority, CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")) as served:
        for context in (authority.client(), authority.client("prometheus")):
            assert (await asked(served, context))[0].startswith(b"HTTP/1.1 200 ")
        assert await is_refused(served, foreign)


@pytest.mark.parametrize("name", ["prometheus.example", "192.0.2.7", "2001:db8::1", "ops@example.com"])
async def test_only_certificates_with_an_allowed_name_are_let_in(authority: Authority, name: str) -> None:
    async with https(authority, CLIENTS + f'  client_allowed_sans: ["nobody.example", "{name}"]\n') as served:
        answer, _ = await asked(served, authority.client("prometheus"))
        assert answer.startswith(b"HTTP/1.1 200 ")
        answer, _ = await asked(served, authority.client("other"))
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"client_allowed_sans" in answer


async def test_a_listed_authority_is_trusted_also_if_it_is_no_root(authority: Authority) -> None:
    desk = authority.below("desk")
    desk.issue("of-the-desk", "desk.example")
    text = f"# Größere Stelle\n{desk.file.read_text()}"
    authority.replace("desk.crt", text)
    async with https(authority, CLIENTS.replace("ca.crt", "desk.crt")) as served:
        answer, _ = await asked(served, authority.client("of-the-desk"))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert await is_refused(served, authority.client("prometheus"))


@pytest.mark.parametrize("name", ["prometheus", "other"])
async def test_names_count_also_where_a_session_is_resumed(authority: Authority, name: str) -> None:
    client = authority.client(name)
    client.maximum_version = ssl.TLSVersion.TLSv1_2

    def asked_twice(where: tuple[str, int]) -> tuple[list[bytes], bool]:
        answers: list[bytes] = []
        session, again = None, False
        for _ in range(2):
            with (
                socket.create_connection(where, timeout=10) as plain,
                client.wrap_socket(plain, server_hostname="localhost", session=session) as secured,
            ):
                session, again = secured.session, secured.session_reused or False
                secured.sendall(WHOLE)
                answers.append(secured.recv(12))
        return answers, again

    async with https(authority, CLIENTS + "  client_allowed_sans: [prometheus.example]\n") as served:
        answers, again = await asyncio.to_thread(asked_twice, served.host_and_port)
    assert again
    assert set(answers) == {b"HTTP/1.1 200" if name == "prometheus" else b"HTTP/1.1 403"}


def test_names_are_written_as_go_writes_them() -> None:
    shown = {
        "subjectAltName": (
            ("DNS", "a.example"),
            ("email", "ops@example.com"),
            ("URI", "spiffe://example.com/prometheus"),
            ("IP Address", "192.0.2.7"),
            ("IP Address", "2001:DB8:0:0:0:0:0:1"),
            ("DirName", ((("commonName", "a.example"),),)),
        )
    }
    assert tls.names(shown) == {
        *("a.example", "ops@example.com", "spiffe://example.com/prometheus", "192.0.2.7", "2001:db8::1")
    }
    assert tls.names(None) == tls.names({}) == frozenset()


async def test_the_names_that_may_be_asked_for_are_the_same_over_tls(authority: Authority) -> None:
    async with https(authority) as served:
        answer, _ = await asked(served, authority.client(), WHOLE.replace(b"localhost", b"evil.example"))
        assert answer.startswith(b"HTTP/1.1 403 ")


async def until_there_are(served: Served, number: int) -> None:
    async with asyncio.timeout(10):
        while len(served.web.connections) != number:  # noqa: ASYNC110 -- the server tells nobody
            await asyncio.sleep(0.01)


async def test_who_connects_and_does_not_agree_counts_and_makes_room_for_who_does(authority: Authority) -> None:
    async with https(authority, connections=5) as served:
        with ExitStack() as stack:
            for number in range(12):
                stack.enter_context(socket.create_connection(served.host_and_port, timeout=10))
                await until_there_are(served, min(number + 1, 5))
            answer, _ = await asked(served, authority.client())
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert len(served.web.connections) <= 5
        await until_there_are(served, 0)


async def test_a_handshake_that_goes_on_for_ever_has_the_deadline_of_headers(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADERS_SECONDS", 0.2)
    async with https(authority) as served:
        assert await served.raw(b"\x16\x03\x01") == b""
        assert len(served.web.connections) == 0


async def test_a_failed_handshake_is_told_once_and_leaves_nothing(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async with https(authority, CLIENTS) as served:
        for _ in range(3):
            await served.raw(WHOLE)
        await until_there_are(served, 0)
    told = [each for each in caplog.records if "no agreement on TLS" in each.message]
    assert len(told) == 1
    assert "http request" in str(vars(told[0])["reason"])
    assert not [each for each in caplog.records if each.name == "asyncio"]


async def test_a_stop_does_not_wait_for_who_has_not_agreed_on_tls(authority: Authority) -> None:
    async with https(authority) as served:
        with socket.create_connection(served.host_and_port, timeout=10):
            await until_there_are(served, 1)
            async with asyncio.timeout(5):
                await served.web.close(1)


async def test_a_large_answer_arrives_whole_over_tls(authority: Authority) -> None:
    body = b"x" * 5_000_000
    async with https(authority, page=page_of(body)) as served:
        answer, _ = await asked(served, authority.client(), WHOLE.replace(b"/-/healthy", b"/"))
    assert answer.partition(b"\r\n\r\n")[2] == body + b"\n"


def page_of(body: bytes) -> Callable[[Asked], Awaitable[str]]:
    async def page(asked: Asked) -> str:
        return body.decode() + asked.links

    return page


async def test_a_client_that_takes_nothing_of_a_large_answer_is_cut_off_over_tls_too(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(places, "PATIENCE_SECONDS", 1.0)
    async with https(authority, page=page_of(b"x" * 20_000_000)) as served:
        reader, writer = await asyncio.open_connection(
            *served.host_and_port, ssl=authority.client(), server_hostname="localhost", limit=1024
        )
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(WHOLE.replace(b"/-/healthy", b"/"))
        await until_there_are(served, 1)
        await until_there_are(served, 0)
        writer.transport.abort()
        del reader
    assert "a client was too slow to receive its answer and is cut off" in caplog.text


async def test_other_rules_make_idle_clients_connect_anew_and_end_no_answer(authority: Authority) -> None:
    held = Held()
    async with serving(held, rules=ruled(authority)) as served:
        context = authority.client()
        idle = await asyncio.open_connection(*served.host_and_port, ssl=context, server_hostname="localhost")
        scrape = WHOLE.replace(b"/-/healthy", b"/metrics").replace(b"close", b"x")
        busy = asyncio.create_task(asked(served, context, scrape))
        await held.reached(1)
        served.web.replace(ruled(authority, CLIENTS))
        async with asyncio.timeout(10):
            with suppress(ssl.SSLError, ConnectionError):
                assert await idle[0].read() == b""
        idle[1].close()
        held.go.set()
        answer, _ = await busy
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer.lower()


async def test_the_next_connection_gets_the_new_certificate(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other-ca")
    other.issue("server")
    async with https(authority) as served:
        assert await is_refused(served, other.client())
        served.web.replace(ruled(other))
        answer, _ = await asked(served, other.client())
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert await is_refused(served, authority.client())
