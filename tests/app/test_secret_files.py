"""Which secret files count as rewritten."""

import os
from pathlib import Path

import pytest

from exporter.app.secret_files import SecretFiles
from tests.kit.accounts import configured

LONG_AGO = 1_700_000_000.0
NOW = LONG_AGO + 1_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A secret file that was written long before it is read."""
    made = tmp_path / "secret"
    write(made, "one", LONG_AGO)
    return made


def write(path: Path, text: str, at: float) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def test_a_file_that_stays_is_not_rewritten(path: Path) -> None:
    account, files = configured(secret_files=(path,)), SecretFiles()
    files.were_read([account], NOW)
    assert not files.rewritten(account)


def test_a_rewritten_file_counts_until_it_is_read(path: Path) -> None:
    account, files = configured(secret_files=(path,)), SecretFiles()
    files.were_read([account], NOW)
    write(path, "two", NOW + 10)
    assert files.rewritten(account)
    assert files.rewritten(account)
    files.were_read([account], NOW + 20)
    assert not files.rewritten(account)


def test_a_file_that_is_replaced_by_another_of_the_same_time_and_size_is_noticed(path: Path, tmp_path: Path) -> None:
    account, files = configured(secret_files=(path,)), SecretFiles()
    files.were_read([account], NOW)
    other = tmp_path / "other"
    write(other, "two", LONG_AGO)
    other.replace(path)
    assert files.rewritten(account)


def test_a_file_that_was_written_while_it_was_read_is_looked_at_again(path: Path) -> None:
    account, files = configured(secret_files=(path,)), SecretFiles()
    write(path, "two", NOW + 0.1)
    files.were_read([account], NOW)
    assert files.rewritten(account)


def test_a_file_that_disappears_or_comes_back_counts_as_rewritten(path: Path) -> None:
    account, files = configured(secret_files=(path,)), SecretFiles()
    files.were_read([account], NOW)
    path.unlink()
    assert files.rewritten(account)
    files.were_read([account], NOW)
    assert not files.rewritten(account)
    write(path, "one", LONG_AGO)
    assert files.rewritten(account)


def test_an_account_without_secret_files_has_none_rewritten() -> None:
    account, files = configured(), SecretFiles()
    files.were_read([account], NOW)
    assert not files.rewritten(account)
