"""The running program over HTTPS, with certificates of clients and passwords: asked by curl and by Prometheus."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from grafana.pictures.server import Server
from tests.kit.certificates import CLIENTS, HTTPS, PASSWORD, Authority, users
from tests.kit.processes import Process, exporter, prometheus, require
from tests.kit.whole import PATIENCE, World, world

__all__ = ["world"]

SCRAPES = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: allowed
    scheme: https
    tls_config: {{ca_file: ca.crt, cert_file: prometheus.crt, key_file: prometheus.key}}
    basic_auth: {{username: prometheus, password_file: password}}
    static_configs: [{{targets: ["{address}"]}}]
  - job_name: no-certificate
    scheme: https
    tls_config: {{ca_file: ca.crt}}
    basic_auth: {{username: prometheus, password_file: password}}
    static_configs: [{{targets: ["{address}"]}}]
  - job_name: no-password
    scheme: https
    tls_config: {{ca_file: ca.crt, cert_file: prometheus.crt, key_file: prometheus.key}}
    static_configs: [{{targets: ["{address}"]}}]
  - job_name: plain
    static_configs: [{{targets: ["{address}"]}}]
"""


class Protected:
    """A running exporter that asks for a certificate and a password.

    Attributes:
        authority: of its certificate, and of its clients'.
        process: the program.
        address: `host:port`.
    """

    def __init__(self, authority: Authority, process: Process) -> None:
        self.authority = authority
        self.process = process
        self.address = process.url.removeprefix("http://")

    async def get(
        self, path: str, *, by: Authority | None = None, name: str = "prometheus", password: str = PASSWORD
    ) -> tuple[int | str, str]:
        """Status and body of an answer, or the name of what went wrong with the connection and nothing.

        `by` trusts another authority, and shows no certificate.
        """
        login = {"Authorization": aiohttp.encode_basic_auth(name, password)}
        context = (by or self.authority).client("prometheus" if by is None else None)
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"https://{self.address}{path}", ssl=context, headers=login) as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, ssl.SSLError) as error:
            return type(error).__name__, ""

    async def status(self, path: str = "/-/healthy", **asked: Any) -> int | str:
        """The status alone."""
        return (await self.get(path, **asked))[0]

    async def logged(self, words: str) -> str:
        """The line with these words, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [line for line in self.process.log if words in line]):  # noqa: ASYNC110 -- a thread logs
                await asyncio.sleep(0.05)
        return found[0]


@asynccontextmanager
async def protected(folder: Path, world: World, text: str = HTTPS + CLIENTS) -> AsyncIterator[Protected]:
    authority = Authority(folder)
    authority.issue("server")
    authority.issue("prometheus", "prometheus.example")
    file = authority.replace("web.yml", text + users("prometheus"))
    async with exporter(Path(world.config()), f"--web.config.file={file}") as process:
        yield Protected(authority, process)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 -- another process tells nobody
            await asyncio.sleep(0.05)


async def test_the_first_line_of_the_log_says_what_protects_the_exporter(tmp_path: Path, world: World) -> None:
    async with protected(tmp_path, world) as it:
        line = await it.logged("msg=serving")
        assert "scheme=https users=1 client_certificates=required" in line
        assert await it.status("/metrics") == 200
        assert await it.status("/metrics", password="wrong") == 401
        assert isinstance(await it.status("/metrics", by=it.authority), str)
        assert PASSWORD not in "\n".join(it.process.log)
        assert "$2b$" not in "\n".join(it.process.log)


async def test_curl_asks_with_certificate_and_password(tmp_path: Path, world: World) -> None:
    curl = require("curl")
    async with protected(tmp_path, world) as it:

        async def asked(*flags: str) -> tuple[int, str]:
            command = [curl, "--silent", "--show-error", "--write-out", "%{http_code}", "--output", "/dev/null", *flags]
            started = await asyncio.create_subprocess_exec(
                *command, f"https://{it.address}/metrics", stdout=asyncio.subprocess.PIPE, cwd=tmp_path
            )
            out, _ = await started.communicate()
            assert started.returncode is not None
            return started.returncode, out.decode()

        (tmp_path / "curlrc").touch(mode=0o600)
        (tmp_path / "curlrc").write_text(f'user = "prometheus:{PASSWORD}"\n')
        certificate = ("--cacert", "ca.crt", "--cert", "prometheus.crt", "--key", "prometheus.key")
        assert await asked(*certificate, "--config", "curlrc") == (0, "200")
        assert await asked(*certificate) == (0, "401")
        status, code = await asked("--cacert", "ca.crt", "--config", "curlrc")
        assert (status != 0, code) == (True, "000")


@pytest.mark.servers
async def test_prometheus_scrapes_with_certificate_and_password_and_not_without(tmp_path: Path, world: World) -> None:
    require("prometheus")
    async with protected(tmp_path, world) as it:
        (tmp_path / "password").write_text(PASSWORD)
        (tmp_path / "prometheus.yml").write_text(SCRAPES.format(address=it.address))
        running = prometheus(tmp_path, "1m")
        server = Server(await asyncio.to_thread(running.__enter__))
        try:

            async def all_were_tried() -> bool:
                return len(await asyncio.to_thread(server.instant, "up")) == 4

            async def allowed() -> bool:
                return bool(await asyncio.to_thread(server.instant, 'up{job="allowed"} == 1'))

            await until(all_were_tried)
            await until(allowed)
            ups = {each.labels["job"]: each.last for each in await asyncio.to_thread(server.instant, "up")}
            assert ups == {"allowed": 1, "no-certificate": 0, "no-password": 0, "plain": 0}
            (balance,) = await asyncio.to_thread(server.instant, 'exchange_balance_available{currency="USDT"}')
            assert balance.last == 1000.5
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


async def test_a_renewed_certificate_and_changed_users_are_served_without_a_restart(
    tmp_path: Path, world: World
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    async with protected(tmp_path / "first", world, HTTPS) as it:
        assert await it.status() == 200
        second = Authority(tmp_path / "second")
        second.issue("server")
        for name in ("server.key", "server.crt"):
            it.authority.replace(name, (second.folder / name).read_text())

        async def renewed() -> bool:
            return await it.status(by=second) == 200

        await until(renewed)
        assert isinstance(await it.status(), str)

        it.authority.replace("web.yml", HTTPS + users("someone", password="another"))

        async def changed() -> bool:
            return await it.status(by=second, name="someone", password="another") == 200

        await until(changed)
        assert await it.status(by=second) == 401


async def test_a_broken_file_keeps_the_old_one_and_says_so_in_log_and_page(tmp_path: Path, world: World) -> None:
    async with protected(tmp_path, world) as it:
        assert await it.status() == 200
        it.authority.replace("web.yml", "")
        line = await it.logged("the web configuration is bad")
        problem = "the file would switch TLS off; that takes a restart"
        assert problem in line
        status, page = await it.get("/")
        assert (status, problem in page) == (200, True)
        assert await it.status() == 200
        assert await it.status(password="wrong") == 401


async def test_it_stops_in_order_with_connections_open(tmp_path: Path, world: World) -> None:
    async with protected(tmp_path, world, HTTPS) as it:
        host, _, port = it.address.rpartition(":")
        _, idle = await asyncio.open_connection(host, int(port), ssl=it.authority.client())
        _, silent = await asyncio.open_connection(host, int(port))  # never begins to agree on TLS
        assert await it.process.stop() == 0
        assert not [line for line in it.process.log if "Traceback" in line or "level=error" in line]
        for each in (idle, silent):
            each.transport.abort()


async def test_what_cannot_be_used_is_told_at_the_start(tmp_path: Path, world: World) -> None:
    (tmp_path / "web.yml").write_text("tls_server_config: {cert_file: a.crt, min_version: TLS10}\nusers: {}\n")
    with pytest.raises(AssertionError) as caught:
        async with exporter(Path(world.config()), f"--web.config.file={tmp_path / 'web.yml'}"):
            pass
    told = str(caught.value).replace(f"{tmp_path}/", "").split("\n")
    assert {each.rpartition(": ")[0] for each in told} == {
        "web.yml:1: tls_server_config",
        "web.yml:1: tls_server_config.cert_file: the file that this names cannot be read",
        "web.yml:1: tls_server_config.min_version",
        "web.yml:2: users",
    }
