"""A changed configuration is taken over whole or not at all, and a new key goes only where the old one went."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exporter.app import logs
from exporter.app.masking import FORMER_SECONDS
from exporter.app.process import App
from exporter.config.load import load
from exporter.core.runtime import Dice
from exporter.core.settings import Settings
from tests.kit.clock import FakeClock
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]

LONG_AGO = 1_700_000_000.0
CONFIG = """\
accounts:
  - name: desk
    exchange: xt
    base_url: http://127.0.0.1:9
    credentials: {api_key: the-key-of-desk, secret_file: SECRET}
"""


class Reloadable:
    """A configuration with one account, whose secret stands in a file, and the exporter that was made of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.yaml"
        self.secret = folder / "secret"
        self.text = CONFIG.replace("SECRET", str(self.secret))
        self.written = LONG_AGO
        self.write(self.path, self.text)
        self.write(self.secret, "the-first-secret")
        self.app = App(Settings(config_file=self.path), {}, load(self.path, {}), FakeClock(), Dice(1))
        self.reload = self.app.reloading.reload

    def write(self, path: Path, text: str) -> None:
        """Write a file, later than the last one and long before the clock's time."""
        self.written += 10
        path.touch(mode=0o600)
        path.write_text(text)
        os.utime(path, (self.written, self.written))

    async def fresh_secret(self) -> str | None:
        """The secret that the running account would go on with."""
        (state,) = self.app.engine.accounts
        credentials = await self.app.reloading.fresh_credentials(state.account)
        return None if credentials is None else credentials.secret.reveal()

    async def reload_counts_as_successful(self) -> bool:
        """What a scrape says of the last reload."""
        scrape = await self.app.engine.exposition.scrape(openmetrics=False, gzip=False)
        assert scrape is not None
        return b"\nexchange_exporter_config_last_reload_successful 1.0\n" in b"".join(scrape.pieces)


@pytest.fixture
async def reloadable(tmp_path: Path) -> AsyncIterator[Reloadable]:
    made = Reloadable(tmp_path)
    yield made
    await made.app.engine.stop(0)


async def test_a_rewritten_secret_file_gives_the_new_secret(reloadable: Reloadable) -> None:
    assert await reloadable.fresh_secret() == "the-first-secret"
    reloadable.write(reloadable.secret, "the-second-secret")
    assert await reloadable.fresh_secret() == "the-second-secret"


async def test_a_configuration_is_not_read_again_while_the_secret_file_stays(reloadable: Reloadable) -> None:
    reloadable.write(reloadable.path, "accounts: [1]\n")
    assert await reloadable.fresh_secret() == "the-first-secret"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("base_url: http://127.0.0.1:9", "base_url: http://127.0.0.1:10"),
        ("base_url: http://127.0.0.1:9", "base_url: http://127.0.0.1:9\n    proxy: http://127.0.0.1:10"),
        ("exchange: xt", "exchange: bingx"),
        ("name: desk", "name: another"),
    ],
)
async def test_a_key_that_now_belongs_elsewhere_is_not_sent_to_the_old_place(
    reloadable: Reloadable, old: str, new: str
) -> None:
    reloadable.write(reloadable.path, reloadable.text.replace(old, new))
    reloadable.write(reloadable.secret, "the-second-secret")
    assert await reloadable.fresh_secret() is None


async def test_a_bad_configuration_gives_no_new_key_and_is_logged_once(
    reloadable: Reloadable, caplog: pytest.LogCaptureFixture
) -> None:
    reloadable.write(reloadable.path, "accounts: [1]\n")
    reloadable.write(reloadable.secret, "the-second-secret")
    assert [await reloadable.fresh_secret() for _ in range(3)] == [None] * 3
    assert caplog.messages.count("a secret file was rewritten, but the configuration is bad") == 1


async def test_a_secret_that_was_read_is_masked_before_it_is_in_force(reloadable: Reloadable) -> None:
    reloadable.write(reloadable.secret, "the-second-secret")
    await reloadable.fresh_secret()
    text = logs.masked("the-first-secret the-second-secret")
    assert "the-first-secret" not in text
    assert "the-second-secret" not in text


async def test_an_hour_after_a_reload_only_the_secrets_in_force_are_masked(reloadable: Reloadable) -> None:
    reloadable.write(reloadable.secret, "the-second-secret")
    assert await reloadable.reload() is None
    assert logs.masked("the-first-secret the-second-secret") == "<secret> <secret>", "a late error may hold the first"
    assert isinstance(reloadable.app.clock, FakeClock)
    await reloadable.app.clock.advance(FORMER_SECONDS)
    assert await reloadable.reload() is None
    assert "the-first-secret" in logs.masked("the-first-secret the-second-secret")
    assert "the-second-secret" not in logs.masked("the-first-secret the-second-secret")


async def test_a_bug_in_the_engine_is_told_by_its_name_and_counted_as_a_failed_reload(
    reloadable: Reloadable, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(config: object) -> None:
        raise ZeroDivisionError("the-first-secret")

    monkeypatch.setattr(reloadable.app.engine, "apply", broken)
    assert await reloadable.reload() == "a bug, ZeroDivisionError: the log has its traceback"
    assert not await reloadable.reload_counts_as_successful()
    monkeypatch.undo()
    assert await reloadable.reload() is None
    assert await reloadable.reload_counts_as_successful()


async def test_a_warning_is_logged_once_and_again_when_it_comes_back(
    reloadable: Reloadable, caplog: pytest.LogCaptureFixture
) -> None:
    def warnings() -> int:
        return sum("others can read the file" in message for message in caplog.messages)

    reloadable.secret.chmod(0o644)
    for _ in range(3):
        assert await reloadable.reload() is None
    assert warnings() == 1
    reloadable.secret.chmod(0o600)
    await reloadable.reload()
    reloadable.secret.chmod(0o644)
    await reloadable.reload()
    assert warnings() == 2
