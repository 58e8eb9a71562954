"""The walls of the house hold: no import between rooms runs against the table."""

import shutil
from pathlib import Path

import pytest

from tests.docs.rooms import PACKAGE, PATH, PURE, ROOMS, against_the_table, out_of_the_house


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGE, tmp_path / "exporter", ignore=shutil.ignore_patterns("__pycache__")))


def test_the_package_has_these_rooms_and_nothing_beside_them() -> None:
    entries = {each.name for each in PACKAGE.iterdir()} - {"__pycache__"}
    assert entries == {*ROOMS, "__init__.py", "__main__.py", "py.typed"}


def test_the_path_of_a_balance_passes_each_of_its_rooms_once_in_the_order_of_the_table() -> None:
    assert [room for room in ROOMS if room in PATH] == list(PATH)
    assert set(ROOMS) - set(PATH) == {"core", "app", "cli", "sandbox"}


def test_no_import_runs_against_the_table() -> None:
    assert against_the_table() == []


def test_pure_rooms_import_no_network_no_loop_and_no_clock() -> None:
    assert out_of_the_house() == []


def test_the_table_has_no_circle() -> None:
    left = dict(ROOMS)
    while free := [room for room, others in left.items() if not set(others) & set(left)]:
        for room in free:
            del left[room]
    assert left == {}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("core/errors.py", "from exporter.config import Account"),
        ("holdings/rows.py", "def late() -> None:\n    from exporter.transport import limits"),
        ("web/status.py", "import exporter.polling.poller"),
        ("sandbox/server.py", "from exporter import exchanges"),
    ],
)
def test_an_import_against_the_table_is_named_with_its_place(copy: Path, file: str, line: str) -> None:
    before = set(against_the_table(copy))
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    (found,) = set(against_the_table(copy)) - before
    assert found.startswith(f"{file}:")


@pytest.mark.parametrize("room", PURE)
@pytest.mark.parametrize(
    "line",
    [
        *("import asyncio", "from time import monotonic", "import aiohttp.web", "import socket"),
        "from exporter.core.runtime import Clock",
    ],
)
def test_a_clock_loop_or_socket_in_a_pure_room_is_found(copy: Path, room: str, line: str) -> None:
    (copy / room / "zz.py").write_text(f"{line}\n", "utf-8")
    (found,) = out_of_the_house(copy)
    assert found.startswith(f"{room}/zz.py:1 imports ")
