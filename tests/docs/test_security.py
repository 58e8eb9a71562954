"""What SECURITY.md promises is held by tests that exist."""

import re
from pathlib import Path

import pytest

from tests.siege.attacks import ATTACKS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT)))


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_it_names_exists(named: str) -> None:
    file, _, function = named.partition("::")
    text = (ROOT / file).read_text("utf-8")
    assert not function or re.search(rf"^(async )?def {function}\(", text, re.MULTILINE)


def test_every_attacker_is_answered_by_a_test_or_by_what_is_not_promised() -> None:
    surfaces = re.split(r"^### ", TEXT.partition("## What is not promised")[0], flags=re.MULTILINE)[1:]
    assert len(surfaces) == 8
    assert [surface.partition("\n")[0] for surface in surfaces if "`tests/" not in surface] == []


def test_the_attacks_that_it_names_are_rows_of_the_siege() -> None:
    (rows,) = re.findall(r"attacks\.py` \(([^)]+)\)", TEXT)
    assert set(re.findall("`([^`]+)`", rows)) <= {attack.name for attack in ATTACKS}
