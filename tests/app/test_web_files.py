"""A changed web configuration is taken over while the exporter runs; what is bad, or protects less, changes nothing."""

import asyncio
from pathlib import Path

import pytest

from exporter.app.web_files import WebFiles, in_words, load_all, unprotected
from exporter.config.web_file import load_web
from exporter.core.errors import ConfigError
from exporter.core.web_config import OPEN
from exporter.web.access import Rules
from tests.kit.certificates import CLIENTS, HTTPS, Authority, users
from tests.kit.clock import FakeClock

WHOLE = HTTPS + CLIENTS + "  client_allowed_sans: [prometheus.example]\n" + users("prometheus")


class Watched:
    """A web configuration file that is looked at, and what was put in force since."""

    def __init__(self, folder: Path, text: str = WHOLE) -> None:
        self.authority = Authority(folder)
        self.authority.issue("server")
        self.path = self.authority.replace("web.yml", text)
        self.taken: list[Rules] = []
        self.files = WebFiles(self.path, load_web(self.path), self.taken.append, FakeClock())

    def write(self, text: str) -> None:
        self.authority.replace("web.yml", text)

    async def looks(self, number: int = 2) -> None:
        for _ in range(number):
            await self.files.look()


async def test_what_did_not_change_is_not_put_in_force_again(tmp_path: Path) -> None:
    it = Watched(tmp_path)
    it.write("# the same, a line further down\n" + WHOLE)
    await it.looks(3)
    assert it.taken == []


async def test_a_change_is_in_force_when_two_looks_have_found_it(tmp_path: Path) -> None:
    it = Watched(tmp_path)
    it.write(WHOLE + users("someone").partition("\n")[2])
    await it.looks(1)
    assert it.taken == []
    await it.looks(3)
    (ruled,) = it.taken
    assert set(ruled.config.users) == {"prometheus", "someone"}
    assert ruled.tls is not None


async def test_a_renewed_certificate_is_a_change_though_the_file_says_the_same(tmp_path: Path) -> None:
    it = Watched(tmp_path)
    it.authority.issue("server")
    await it.looks()
    assert len(it.taken) == 1
    assert it.taken[0].config.tls is not None
    assert it.taken[0].config.tls.certificate == (tmp_path / "server.crt").read_text()


async def test_a_certificate_whose_key_comes_a_moment_later_is_no_mistake(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    it = Watched(tmp_path)
    old = (tmp_path / "server.key").read_text()
    it.authority.issue("server")
    new = (tmp_path / "server.key").read_text()
    it.authority.replace("server.key", old)
    await it.looks(1)
    it.authority.replace("server.key", new)
    await it.looks(2)
    assert len(it.taken) == 1
    assert it.files.problem is None
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tls_server_config: [", "not valid YAML"),
        (WHOLE.replace("cert_file", "cert_fil"), 'did you mean "cert_file"?'),
        (WHOLE.replace("server.key", "gone.key"), "cannot be read"),
        (WHOLE.replace("server.crt", "ca.crt"), "do not belong together"),
        ("", "the file would switch TLS off; that takes a restart"),
        (users("prometheus"), "the file would switch TLS off; that takes a restart"),
        (WHOLE.partition("basic")[0], "the file would ask for no password any more; that takes a restart"),
        (HTTPS + users("prometheus"), "the file would need no certificates of clients any more; that takes a restart"),
        (
            HTTPS + CLIENTS + users("prometheus"),
            "the file would take certificates of clients by any name; that takes a restart",
        ),
    ],
)
async def test_what_is_bad_or_protects_less_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, problem: str
) -> None:
    it = Watched(tmp_path)
    it.write(text)
    await it.looks(5)
    assert it.taken == []
    assert it.files.problem is not None
    assert problem in it.files.problem
    (told,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert told.message == "the web configuration is bad; the old one stays in force"
    assert problem in vars(told)["error"]
    it.write(WHOLE)
    await it.looks(1)
    assert [it.files.problem, *it.taken] == [None]


async def test_tls_is_switched_on_by_a_restart_only(tmp_path: Path) -> None:
    it = Watched(tmp_path, users("prometheus"))
    it.write(WHOLE)
    await it.looks()
    assert it.taken == []
    assert it.files.problem == "the file would switch TLS on; that takes a restart"


def test_more_protection_and_other_protection_is_taken_over(tmp_path: Path) -> None:
    it = Watched(tmp_path, HTTPS)
    first = load_web(it.path)
    for text in (HTTPS + users("a"), HTTPS + CLIENTS, WHOLE):
        it.write(text)
        assert unprotected(first, load_web(it.path)) is None
    assert unprotected(OPEN, OPEN) is None


async def test_new_warnings_are_logged_and_old_ones_are_not_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    it = Watched(tmp_path, WHOLE + "http_server_config: {http2: true}\n")
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    it.write(WHOLE + "http_server_config: {http2: true, headers: {X-Frame-Options: deny}}\n")
    await it.looks()
    assert len(it.taken) == 1
    assert [each.levelname for each in caplog.records].count("WARNING") == 1


async def test_a_file_that_is_gone_keeps_what_there_was(tmp_path: Path) -> None:
    it = Watched(tmp_path)
    it.path.unlink()
    await it.looks()
    assert it.taken == []
    assert it.files.problem is not None
    assert "there is no such file" in it.files.problem


async def test_a_bug_ends_no_watch_and_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    it = Watched(tmp_path)
    broken: list[Rules] = []

    def breaks(ruled: Rules) -> None:
        broken.append(ruled)
        raise RuntimeError("no")

    files = WebFiles(it.path, load_web(it.path), breaks, FakeClock(jumps=True))
    it.write(WHOLE + users("someone").partition("\n")[2])
    watching = asyncio.create_task(files.watch())
    async with asyncio.timeout(10):
        while len(broken) < 3:  # noqa: ASYNC110 -- a thread looks, and sets no event
            await asyncio.sleep(0.005)
    watching.cancel()
    assert files.problem == "a bug, RuntimeError: the log has its traceback"
    assert [each.levelname for each in caplog.records] == ["ERROR"]


def test_the_mistakes_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    config, web = tmp_path / "config.yaml", tmp_path / "web.yml"
    config.write_text("account: []\n")
    web.write_text("tls: []\n")
    with pytest.raises(ConfigError) as caught:
        load_all(config, web, {})
    assert [each.split(": ")[1] for each in caught.value.mistakes] == ["account", "tls"]


def test_the_log_says_what_protects_the_exporter(tmp_path: Path) -> None:
    it = Watched(tmp_path)
    assert in_words(OPEN) == {"scheme": "http", "users": "0"}
    assert in_words(load_web(it.path)) == {"scheme": "https", "users": "1", "client_certificates": "required"}
