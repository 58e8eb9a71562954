"""Copies of the sample files with the permissions of a checkout, and the environment that they refer to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.config import Config
from exporter.config.load import load
from exporter.core.errors import ConfigError

HERE = Path(__file__).parent
ENVIRON = {
    "KEY": "key-1",
    "KEY2": "key-2",
    "SECRET": "hush",
    "SECRET2": "hush-2",
    "PASSPHRASE": "words",
    "KEY_plain": "key-of-plain",
    "KEY_grid_2": "key-of-grid-2",
    "KEY_grid_3": "key-of-grid-3",
    "OWN_SECRET": "own",
}


def _copied(name: str, tmp_path: Path) -> Path:
    shutil.copytree(HERE / name, tmp_path / name)
    for file in (tmp_path / name).rglob("*"):
        if file.is_file():
            file.chmod(0o644)
    return tmp_path / name


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return _copied("good", tmp_path)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return _copied("bad", tmp_path)


@pytest.fixture
def environ() -> dict[str, str]:
    return dict(ENVIRON)


@pytest.fixture
def written(tmp_path: Path, environ: dict[str, str]) -> Callable[[str], Config]:
    """Loads a text from a file that only its owner can read."""

    def load_text(text: str) -> Config:
        file = tmp_path / "config.yaml"
        file.write_text(text, "utf-8")
        file.chmod(0o600)
        return load(file, environ)

    return load_text


@pytest.fixture
def mistakes(written: Callable[[str], Config], tmp_path: Path) -> Callable[[str], list[str]]:
    """The mistakes of a text, without the name of the file."""

    def found(text: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            written(text)
        return [each.removeprefix(f"{tmp_path}/") for each in error.value.mistakes]

    return found
