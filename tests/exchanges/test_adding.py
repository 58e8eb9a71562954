"""CONTRIBUTING's walk "Adding an exchange", done in a copy: `toy` is polled, priced, served and masked there."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.exchanges import EXCHANGES
from tests.exchanges.places import ROOT, Place, lacking, places
from tests.kit.processes import Process

ADDING = Path(__file__).parent / "adding"
PLACES = places()
COPIED = ("exporter", "tests", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config.example.yaml", "pyproject.toml")
LINKED = ("Makefile", "SECURITY.md", "constraints.txt", "deploy", "grafana", ".ci")
"""What pages refer to, and no exchange touches."""


def copied(folder: Path) -> Path:
    """A copy of the repository, as far as an exchange could touch it."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    return folder


def add(place: Place, root: Path) -> None:
    """Do at one place what the list says for `toy`."""
    path = place.path.replace("NAME", "toy")
    if path != place.path:
        copy: Callable[[Path, Path], object] = shutil.copytree if (ADDING / path).is_dir() else shutil.copy
        copy(ADDING / path, root / path)
        return
    text = (root / path).read_text("utf-8")
    if path == "config.example.yaml":
        text = text.replace("#   BITGET_KEY=a ", "#   TOY_KEY=k TOY_SECRET=l BITGET_KEY=a ", 1)
        text = text.replace(" or bitget\n", ", bitget or toy\n", 1) + "\n".join(place.lines) + "\n"
    elif path == "CHANGELOG.md":
        text = text.replace("### Added\n\n", "### Added\n\n" + "\n".join(place.lines) + "\n", 1)
    elif path == "README.md":
        permission, words = place.lines
        text = re.sub(r"\A([^.]*) and (\w+)\.", r"\1, \2 and Toy.", text)
        text = below(text, r"^   \| exchange \| tick \|", permission)
        text = below(text, r"^### From the exchange's words to ours$", words)
    else:
        imported, line = place.lines
        text = re.sub(r"((?:^from .*\n)+)", rf"\1{imported}\n", text, count=1, flags=re.MULTILINE)
        text = re.sub(r"^}", f"{line}\n}}", text, count=1, flags=re.MULTILINE)
    (root / path).write_text(text, "utf-8")


def below(text: str, heading: str, row: str) -> str:
    """The text with a row at the end of the first table from a heading on."""
    found = re.search(heading + r"(?:.*\n)(?:(?! *\|).*\n)*(?: *\|.*\n)+", text, re.MULTILINE)
    assert found is not None, heading
    return f"{text[: found.end()]}{row}\n{text[found.end() :]}"


def run(root: Path, *command: str) -> str:
    """What a Python command in the copy writes; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def files(root: Path) -> dict[str, bytes]:
    """Every file of what was copied, by its path."""
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for name in COPIED
        for file in ([root / name] if (root / name).is_file() else (root / name).rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
    }


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy after the whole walk."""
    root = copied(tmp_path_factory.mktemp("walked"))
    for place in PLACES:
        add(place, root)
    run(root, "tests.docs.readme_tables")
    return root


@asynccontextmanager
async def demo(root: Path) -> AsyncIterator[Process]:
    """The demo of the copy, which plays every exchange and polls it."""
    process = Process(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "exporter", "demo", "--web.listen-address=127.0.0.1:0", "--log.level=debug"),
            cwd=root,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
    )
    try:
        await process.serving()
        yield process
    finally:
        await process.stop()


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_exchange_is_in_every_place(name: str) -> None:
    assert lacking(name) == []


def test_an_exchange_touches_the_eight_places_of_the_list_and_no_other(walked: Path) -> None:
    before, after = files(ROOT), files(walked)
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    listed = [place.path.replace("NAME", "toy") for place in PLACES]
    assert len(listed) == 8
    assert [path for path in listed if not any(each.startswith(path) for each in touched)] == []
    others = {each for each in touched if not any(each.startswith(path) for path in listed)}
    assert others <= {"CONTRIBUTING.md"}, "its table of files is written by the code"
    assert lacking("toy", walked) == []


@pytest.mark.parametrize("left_out", PLACES, ids=[place.path for place in PLACES])
def test_a_place_that_is_left_out_is_named(left_out: Place, tmp_path: Path) -> None:
    for place in PLACES:
        there = tmp_path / place.path.replace("NAME", "toy")
        there.parent.mkdir(parents=True, exist_ok=True)
        if "NAME" not in place.path:
            shutil.copy(ROOT / place.path, there)
    shutil.copy(ROOT / "CONTRIBUTING.md", tmp_path)
    for place in PLACES:
        if place != left_out:
            add(place, tmp_path)
    sentences = lacking("toy", tmp_path)
    assert sentences
    assert all(each.startswith("toy lacks ") and left_out.path.replace("NAME", "toy") in each for each in sentences)


def test_toy_is_held_to_what_holds_for_every_exchange(walked: Path) -> None:
    tests = ("tests/exchanges", "tests/sandbox", "--ignore=tests/exchanges/test_adding.py")
    told = run(walked, "pytest", "-q", "-p", "no:cacheprovider", "-k", "toy and not test_vendors", *tests)
    passed = re.search(r"(\d+) passed", told)
    assert passed is not None, told
    assert int(passed[1]) > 100


def test_the_pages_and_the_example_know_toy(walked: Path) -> None:
    run(walked, "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/test_docs.py", "tests/config/test_example.py")


def test_faults_of_toy_are_met_as_they_should_be(walked: Path) -> None:
    faults = ("500", "vendor_key", "vendor_rate", "empty_list", "numbers_as_numbers", "refusal_with_secrets", "hang")
    told = run(walked, "tests.faults", "--exchange=toy", *(f"--fault={each}" for each in faults))
    assert f"{len(faults)} hold, 0 fail, 0 were not played" in told


def test_the_pairs_of_toy_are_wallets_of_one_answer(walked: Path) -> None:
    told = run(walked, "pytest", "-q", "-p", "no:cacheprovider", "-k", "toy", "tests/faults/test_groups.py")
    passed = re.search(r"(\d+) passed", told)
    assert passed is not None, told
    assert int(passed[1]) >= 8


async def test_toy_is_polled_priced_and_served(walked: Path) -> None:
    async with demo(walked) as process:
        await process.ready()
        status, text = await process.get("/metrics?exchange=toy")
        assert status == 200
        _, config = await process.get("/config")
    lines = text.splitlines()
    desk = 'exchange="toy",account="toy-desk"'
    assert f"exchange_account_up{{{desk}}} 1" in lines
    assert any(line.startswith(f'exchange_balance_available{{{desk},wallet="spot",currency="BTC"}}') for line in lines)
    worth = re.search(rf'^exchange_balance_usd{{{desk},wallet="spot",currency="BTC"}} (\S+)$', text, re.MULTILINE)
    price = re.search(r'^exchange_price_usd{exchange="toy",currency="BTC"} (\S+)$', text, re.MULTILINE)
    assert worth is not None
    assert price is not None
    assert float(worth[1]) > 0.1 * float(price[1])
    assert "toy-desk" in config
    assert "demo-toy-desk" not in config + "\n".join(process.log)
