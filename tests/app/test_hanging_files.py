"""Files that do not answer: they hold up neither start nor reload nor stop, and no account but their own."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from exporter.app import logs
from exporter.app.process import App
from exporter.config.load import load
from exporter.core import plain_files
from exporter.core.credentials import Credentials
from exporter.core.runtime import Dice
from exporter.core.settings import Settings
from tests.kit.clock import FakeClock
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]

PATIENCE = 20.0
ROOT = Path(__file__).parents[2]
CONFIG = """\
accounts:
  - name: hanging
    exchange: xt
    base_url: http://127.0.0.1:9
    credentials: {api_key: the-key-of-hanging, secret_file: hanging}
  - name: healthy
    exchange: xt
    base_url: http://127.0.0.1:9
    credentials: {api_key: the-key-of-healthy, secret_file: healthy}
"""


class Disk:
    """A folder with a configuration, of which some files may not answer.

    Attributes:
        silent: the names of those files.
        asked: set once one of them is opened.
        answers: set to have them answer.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.path = folder / "config.yaml"
        self.silent: set[str] = set()
        self.asked = threading.Event()
        self.answers = threading.Event()
        self.write("config.yaml", CONFIG)
        for name in ("hanging", "healthy"):
            self.write(name, f"the-secret-of-{name}")
        self._open = plain_files.opened
        monkeypatch.setattr(plain_files, "opened", self._opened)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    def _opened(self, path: Path) -> int:
        if path.name in self.silent:
            self.asked.set()
            assert self.answers.wait(PATIENCE)
        return self._open(path)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk(tmp_path, monkeypatch)
    yield made
    made.answers.set()


@pytest.fixture
async def app(disk: Disk) -> AsyncIterator[App]:
    made = App(Settings(config_file=disk.path), {}, load(disk.path, {}), FakeClock(jumps=True), Dice(1))
    yield made
    await made.reloading.stop()
    await made.engine.stop(0)


async def fresh(app: App, name: str) -> Credentials | None:
    (state,) = (state for state in app.engine.accounts if state.account.name == name)
    return await app.reloading.fresh_credentials(state.account)


async def test_one_accounts_file_that_hangs_ends_no_other_accounts_wait(app: App, disk: Disk) -> None:
    disk.silent.add("hanging")
    waiting = asyncio.create_task(fresh(app, "hanging"))
    await asyncio.to_thread(disk.asked.wait, PATIENCE)
    assert (await fresh(app, "healthy")) is not None
    disk.write("healthy", "another-secret")
    found = await fresh(app, "healthy")
    assert found is not None
    assert found.secret.reveal() == "another-secret"
    assert "another-secret" not in logs.masked("another-secret")
    assert not waiting.done()
    disk.answers.set()
    unchanged = await waiting
    assert unchanged is not None
    assert unchanged.secret.reveal() == "the-secret-of-hanging"


async def test_a_file_that_hangs_is_told_once_by_account_and_not_by_its_name(
    app: App, disk: Disk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(plain_files, "SECONDS", 0.3)
    disk.silent.add("hanging")
    for _ in range(2):
        assert await fresh(app, "hanging") is None
    (record,) = (each for each in caplog.records if each.message == "a secret file cannot be used")
    assert record.__dict__["account"] == "hanging"
    assert record.__dict__["error"].startswith("secret_file: the file that this names cannot be read: it did not ans")
    assert str(disk.folder) not in record.__dict__["error"]


async def test_a_reload_with_a_file_that_hangs_keeps_the_old_configuration_and_says_so(
    app: App, disk: Disk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(plain_files, "SECONDS", 0.3)
    before = app.engine.config
    disk.write("config.yaml", CONFIG.replace("name: healthy", "name: renamed"))
    disk.silent.add("hanging")
    said = await app.reloading.reload()
    assert said is not None
    place = f"{disk.path}:5: accounts[0].credentials.secret_file: "
    assert said.startswith(place + "the file that this names cannot be read: it did not answer for 0.3 s; look at")
    assert app.engine.config is before
    assert "the configuration is bad; the old one stays in force" in caplog.messages
    disk.answers.set()
    assert await app.reloading.reload() is None
    assert {state.account.name for state in app.engine.accounts} == {"hanging", "renamed"}


async def test_a_configuration_that_hangs_is_named(app: App, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_files, "SECONDS", 0.3)
    disk.silent.add("config.yaml")
    said = await app.reloading.reload()
    assert said is not None
    assert said.startswith(f"{disk.path}: cannot be read: it did not answer for 0.3 s")


async def test_what_is_asked_for_during_a_reload_is_done_once_more(
    app: App, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    disk.silent.add("hanging")
    first = asyncio.create_task(app.reloading.reload())
    await asyncio.to_thread(disk.asked.wait, PATIENCE)
    disk.write("config.yaml", CONFIG.replace("name: healthy", "name: renamed"))
    others = [asyncio.create_task(app.reloading.reload()) for _ in range(100)]
    await asyncio.sleep(0)
    disk.answers.set()
    assert await first is None
    assert set(await asyncio.gather(*others)) == {None}
    assert {state.account.name for state in app.engine.accounts} == {"hanging", "renamed"}
    assert caplog.messages.count("the configuration was read again") == 2


async def test_a_stop_does_not_wait_for_a_file(app: App, disk: Disk) -> None:
    disk.silent.add("hanging")
    reload = asyncio.create_task(app.reloading.reload())
    await asyncio.to_thread(disk.asked.wait, PATIENCE)
    await app.reloading.stop()
    await asyncio.gather(reload, return_exceptions=True)
    assert reload.cancelled()
    assert not disk.answers.is_set()


@pytest.mark.parametrize(
    ("pipe", "arguments"),
    [
        *(("config.yaml", ["check"]), ("accounts.yaml", ["check"]), ("secret", ["check"])),
        *(("config.yaml", []), ("secret", ["balances"])),
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_a_sentence(tmp_path: Path, pipe: str, arguments: list[str]) -> None:
    account = "{name: a, exchange: bitmart, credentials: {api_key_file: secret}}"
    texts = {"config.yaml": "account_files: [accounts.yaml]", "accounts.yaml": f"- {account}", "secret": "the-secret"}
    for name, text in texts.items():
        if name == pipe:
            os.mkfifo(tmp_path / name)
        else:
            (tmp_path / name).write_text(f"{text}\n")
    done = subprocess.run(
        [sys.executable, "-m", "exporter", f"--config.file={tmp_path / 'config.yaml'}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith("cannot be read: it is a named pipe (FIFO), and only plain files are read")
    assert line.startswith(str(tmp_path))


STALLS = """
import sys, time
from pathlib import Path
from exporter.cli.main import main
from exporter.core import plain_files

folder = Path(sys.argv[1])
opened = plain_files.opened

def stalled(path):
    if (folder / "stall").exists():
        (folder / "stalled").touch()
        time.sleep(3600)
    return opened(path)

plain_files.opened = stalled
sys.exit(main(["--config.file", str(folder / "config.yaml"), "--web.listen-address=127.0.0.1:0"], {}))
"""


async def test_a_file_system_that_stops_answering_holds_up_neither_scrapes_nor_the_stop(tmp_path: Path) -> None:
    for name, text in {"config.yaml": CONFIG, "hanging": "a-secret-text", "healthy": "another-secret"}.items():
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STALLS, str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while b"addresses=" not in (line := await program.stderr.readline()):
                assert line, "it ended instead"
            address = line.split(b"addresses=")[1].split()[0].decode()
            (tmp_path / "stall").touch()
            program.send_signal(signal.SIGHUP)
            while not (tmp_path / "stalled").exists():  # noqa: ASYNC110  # another process has no event of ours
                await asyncio.sleep(0.02)
            async with (
                aiohttp.ClientSession() as client,
                client.get(f"http://{address}/metrics") as answer,
            ):
                assert answer.status == 200
            program.send_signal(signal.SIGTERM)
            assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
