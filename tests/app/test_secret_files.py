"""Which accounts' secret files count as rewritten."""

import os
from pathlib import Path

import pytest

from exporter.app.secret_files import rewritten
from exporter.config import Account
from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import ConfigError
from tests.kit.accounts import configured

LONG_AGO = 1_700_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A secret file that was written long before it is read."""
    made = tmp_path / "secret"
    write(made, "one", LONG_AGO)
    return made


def write(path: Path, text: str, at: float) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def with_secret(path: Path, secret: str = "one") -> Account:
    return configured(secret_files={"secret": path}, credentials=Credentials(Secret("key"), Secret(secret)))


def test_a_file_that_stays_is_not_rewritten(path: Path) -> None:
    assert not rewritten(with_secret(path))


def test_a_file_that_was_only_touched_is_not_rewritten(path: Path) -> None:
    write(path, "one\n", LONG_AGO + 10)
    assert not rewritten(with_secret(path))


def test_a_rewritten_file_counts_until_the_account_has_what_it_holds(path: Path) -> None:
    write(path, "two", LONG_AGO + 10)
    assert rewritten(with_secret(path))
    assert rewritten(with_secret(path))
    assert not rewritten(with_secret(path, "two"))


def test_a_file_that_is_replaced_by_another_of_the_same_time_and_size_is_noticed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, "two", LONG_AGO)
    other.replace(path)
    assert rewritten(with_secret(path))


def test_a_file_that_was_rewritten_in_place_within_one_tick_is_noticed(path: Path) -> None:
    write(path, "two", LONG_AGO)
    assert rewritten(with_secret(path))


def test_two_files_that_changed_places_are_noticed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "key"
    write(other, "key", LONG_AGO)
    files = {"api_key": other, "secret": path}
    account = configured(secret_files=files, credentials=Credentials(Secret("key"), Secret("one")))
    assert not rewritten(account)
    write(other, "one", LONG_AGO)
    write(path, "key", LONG_AGO)
    assert rewritten(account)


def test_a_file_that_disappears_is_told_and_counts_again_when_it_comes_back(path: Path) -> None:
    path.unlink()
    with pytest.raises(ConfigError, match="secret_file: the file that this names cannot be read: No such file"):
        rewritten(with_secret(path))
    write(path, "two", LONG_AGO)
    assert rewritten(with_secret(path))


def test_a_file_that_holds_no_secret_is_told_without_what_it_holds(path: Path) -> None:
    write(path, "one two\nthree", LONG_AGO)
    with pytest.raises(ConfigError, match=r"^secret_file: the secret holds line breaks or letters beyond ASCII"):
        rewritten(with_secret(path))


def test_a_file_that_became_a_pipe_is_told_at_once(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="it is a named pipe"):
        rewritten(with_secret(path))


def test_an_account_without_secret_files_has_none_rewritten() -> None:
    assert not rewritten(configured())
