"""The image's health check finds the exporter by its own flags, and takes a refusal for the answer that it is."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6
from threading import Thread

import pytest

from exporter.cli import healthy
from exporter.core.settings import LISTEN_VARIABLE
from tests.kit.certificates import Authority

CLOSED = "127.0.0.1:9"
"""Where nobody listens."""


@contextmanager
def exporter(status: int = 200, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Something that answers `/-/healthy` so, at the port that is given back."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/-/healthy" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(HTTPServer):
        address_family = AF_INET6 if ":" in host else AF_INET

        def handle_error(self, *_: object) -> None:
            pass

    with Server((host, 0), Answering) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            serving.join()


def process(proc: Path, number: int, *words: str) -> None:
    (proc / str(number)).mkdir(parents=True)
    (proc / str(number) / "cmdline").write_text("".join(f"{word}\0" for word in words))


def web_file(folder: Path) -> Path:
    """A web configuration with TLS, and beside it the certificate that it names."""
    Authority(folder).issue("server")
    path = folder / "web.yml"
    path.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n")
    return path


def server_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


def test_the_exporter_is_found_behind_its_interpreter_and_behind_an_init(tmp_path: Path) -> None:
    process(tmp_path, 1, "/sbin/docker-init", "--", "exchange-balance-exporter", "demo")
    process(tmp_path, 12, "/opt/bin/python", "-m", "exporter.cli.healthy")
    process(tmp_path, 7, "/opt/bin/python", "/opt/bin/exchange-balance-exporter", "demo", "--web.listen-address=:9")
    (tmp_path / "self").mkdir()
    assert healthy.running(tmp_path) == ["demo", "--web.listen-address=:9"]


def test_no_exporter_is_no_health(tmp_path: Path) -> None:
    process(tmp_path, 1, "/usr/bin/sleep", "9")
    with pytest.raises(LookupError, match="no exchange-balance-exporter runs here"):
        healthy.running(tmp_path)


@pytest.mark.parametrize("host", ["", "127.0.0.1", "0.0.0.0", "[::1]"])
def test_the_flag_says_where_to_ask_whatever_the_variable_and_the_proxies_say(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{CLOSED}")
    with exporter(host="::1" if host == "[::1]" else "127.0.0.1") as port:
        flag = f"--web.listen-address={host}:{port}"
        assert healthy.why_unhealthy([flag], {LISTEN_VARIABLE: CLOSED}) is None


def test_without_a_flag_the_variable_says_where_to_ask() -> None:
    with exporter() as port:
        assert healthy.why_unhealthy(["demo"], {LISTEN_VARIABLE: f":{port}"}) is None


@pytest.mark.parametrize(("status", "why"), [(401, None), (503, "/-/healthy answered 503")])
def test_a_wish_for_a_password_is_health_and_an_error_is_not(status: int, why: str | None) -> None:
    with exporter(status) as port:
        assert healthy.why_unhealthy([], {LISTEN_VARIABLE: f":{port}"}) == why


def test_nobody_who_listens_is_no_health() -> None:
    why = healthy.why_unhealthy([], {LISTEN_VARIABLE: CLOSED})
    assert why is not None
    assert "127.0.0.1 port 9 does not answer" in why


@pytest.mark.parametrize("status", [200, 503])
def test_over_tls_the_answer_counts_as_it_does_without(status: int, tmp_path: Path) -> None:
    flag = f"--web.config.file={web_file(tmp_path)}"
    with exporter(status, tls=server_context(tmp_path)) as port:
        why = healthy.why_unhealthy([flag], {LISTEN_VARIABLE: f":{port}"})
    assert why == (None if status == 200 else "/-/healthy answered 503")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_wish_for_a_client_certificate_is_health(version: ssl.TLSVersion, tmp_path: Path) -> None:
    flag = f"--web.config.file={web_file(tmp_path)}"
    context = server_context(tmp_path)
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "ca.crt")
    with exporter(tls=context) as port:
        assert healthy.why_unhealthy([flag], {LISTEN_VARIABLE: f":{port}"}) is None


@pytest.mark.parametrize("text", ["{}", "no: such key"])
def test_a_file_of_which_the_exporter_knows_nothing_yet_is_no_harm(text: str, tmp_path: Path) -> None:
    path = web_file(tmp_path)
    path.write_text(text)
    for tls in (None, server_context(tmp_path)):
        with exporter(tls=tls) as port:
            assert healthy.why_unhealthy([f"--web.config.file={path}"], {LISTEN_VARIABLE: f":{port}"}) is None
