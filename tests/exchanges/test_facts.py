"""An exchange that is in the map without twin, facts or fixtures is objected to, by a sentence that says which."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.exchanges import EXCHANGES
from exporter.sandbox import EXCHANGES as TWINS
from tests.exchanges import facts
from tests.exchanges.facts import FOLDER, Facts, MissingFacts, facts_of

SEVENTH = {**EXCHANGES, "sixth": EXCHANGES["bitget"], "seventh": replace(EXCHANGES["xt"], name="seventh")}
"""The map with clones of exchanges, as somebody registers them who does nothing else."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `copied_exchanges` with a whole folder for `seventh`, made of XT's."""
    own = tmp_path / "copied_exchanges"
    shutil.copytree(FOLDER / "xt", own / "seventh", ignore=shutil.ignore_patterns("__pycache__"))
    (own / "seventh" / "test_xt.py").rename(own / "seventh" / "test_seventh.py")
    monkeypatch.syspath_prepend(tmp_path)
    yield own
    for name in [name for name in sys.modules if name.partition(".")[0] == "copied_exchanges"]:
        del sys.modules[name]


def collected(folder: Path) -> Facts:
    return facts_of("seventh", SEVENTH, [*TWINS, "seventh"], folder, "copied_exchanges")


def test_the_facts_of_every_exchange_are_whole() -> None:
    assert set(facts.everything()) == set(EXCHANGES)


def test_a_name_that_is_only_in_the_map_is_objected_to() -> None:
    with pytest.raises(MissingFacts) as error:
        facts_of("sixth", SEVENTH)
    assert "sixth: it has no simulated twin: exporter/sandbox/vendors/sixth.py" in str(error.value)
    assert "there is no folder tests/exchanges/sixth/ with facts.py, test_sixth.py and fixtures/" in str(error.value)


def test_every_shared_test_collects_its_cases_and_so_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "EXCHANGES", SEVENTH)
    facts.everything.cache_clear()
    try:
        with pytest.raises(MissingFacts, match="sixth"):
            list(facts.apis())
    finally:
        facts.everything.cache_clear()


def test_a_whole_folder_is_enough(folder: Path) -> None:
    assert collected(folder).apis["v4"].wallets["spot"].read is not None


@pytest.mark.parametrize("file", ["facts.py", "test_seventh.py", "fixtures/SOURCE.md", "fixtures/v4.balances.json"])
def test_a_file_that_is_missing_is_named(folder: Path, file: str) -> None:
    (folder / "seventh" / file).unlink()
    with pytest.raises(MissingFacts, match=rf"{file} is missing"):
        collected(folder)


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        ('"legacy": LEGACY', "", "facts.py lacks the API 'legacy'"),
        ('"v4": V4', '"v4": V4, "v5": V4', "facts.py has an API 'v5', which the exchange does not have"),
        ('"spot": Shape(', '"other": Shape(', "facts.py, API 'v4': `wallets` lacks a Shape of 'spot'"),
        ('signature="signature"', 'signature=""', "facts.py, API 'legacy': `signature` is to be told"),
        ('price="price"', 'price=""', "facts.py, API 'legacy': neither `price` nor `values_itself` is told"),
        ("FACTS = ", "OTHER = ", "facts.py has no `FACTS`"),
    ],
)
def test_a_fact_that_is_missing_is_named(folder: Path, written: str, instead: str, sentence: str) -> None:
    file = folder / "seventh" / "facts.py"
    text = file.read_text("utf-8")
    assert written in text
    file.write_text(text.replace(written, instead), "utf-8")
    with pytest.raises(MissingFacts) as error:
        collected(folder)
    assert sentence in str(error.value)
