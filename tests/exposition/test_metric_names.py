"""Metric names stand in exposition/ and nowhere else: all other rooms tell what happened, by verbs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import exporter

PACKAGE = Path(exporter.__file__).parent
METRIC = re.compile(r"^exchange_\w*(?![\w.])", re.MULTILINE)
"""A line of an exposition begins with it, and so does a name; a sentence to a person may speak of one.

No metric has a dot: `exchange_balance_exporter.exchanges` is where packages are looked for.
"""


def metric_names(source: str) -> Iterator[str]:
    """Every metric that a text of this source begins with, f-strings included and docstrings apart."""
    tree = ast.parse(source)
    sentences = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in sentences:
            yield from METRIC.findall(node.value)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('put("exchange_account_up", 1)', ["exchange_account_up"]),
        ("put(f'exchange_price_usd{{exchange=\"{name}\"}} 1')", ["exchange_price_usd"]),
        ("f'exchange_{name}_total'", ["exchange_"]),
        ('"""exchange_polls_total of an account."""\npolls = 0\n"""exchange_polls_total."""', []),
        ('GROUP = "exchange_balance_exporter.exchanges"', []),
        ('advice = "Look at exchange_api_clock_offset_seconds."', []),
    ],
)
def test_a_metric_is_found_in_a_text_that_begins_with_it(source: str, found: list[str]) -> None:
    assert list(metric_names(source)) == found


@pytest.mark.parametrize("room", sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()))
def test_only_exposition_knows_a_metric_name(room: str) -> None:
    found = {
        file.relative_to(PACKAGE).as_posix(): names
        for file in sorted((PACKAGE / room).rglob("*.py"))
        if (names := set(metric_names(file.read_text("utf-8"))))
    }
    assert bool(found) == (room == "exposition"), found
