"""One exchange of ccxt is loaded alone, when it is first used; another version of ccxt is loaded as it wants."""

import json
import subprocess
import sys
from typing import Any

import pytest

LOOK = """
import json, sys
%s
from exporter.exchanges.ccxt import loading
before = sorted(name for name in sys.modules if name.partition(".")[0] == "ccxt")
%s
for name in ("kraken", "binanceus"):
    loading.copied(name)
modules = sorted(name for name in sys.modules if name.startswith("ccxt.async_support.") and ".base" not in name)
print(json.dumps([before, modules, sys.modules["ccxt"].__dict__.get("kraken") is not None]))
"""


def loaded(first: str = "", then: str = "") -> list[Any]:
    """Ccxt's modules before its first use, those of exchanges after it, and whether all of ccxt was loaded."""
    asked = [sys.executable, "-c", LOOK % (first, then)]
    found = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60)
    result: list[Any] = json.loads(found.stdout)
    return result


def test_nothing_is_loaded_before_its_first_use_and_then_one_exchange() -> None:
    before, modules, everything = loaded()
    assert before == []
    assert modules == [f"ccxt.async_support.{name}" for name in ("binance", "binanceus", "kraken")]
    assert not everything


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("", "loading.TESTED = '0.0'"),
        ("", "loading._stand_in = lambda: 1 / 0"),
        ("import ccxt.async_support", ""),
    ],
)
def test_the_ordinary_import_is_as_good(first: str, then: str) -> None:
    *_, everything = loaded(first, then)
    assert everything
