"""Label values are written so that nothing in them can end them."""

import pytest

from exporter.exposition.escaping import labelled, quoted


@pytest.mark.parametrize(
    ("value", "written"),
    [("BTC", "BTC"), ('a"b', 'a\\"b'), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("\ud800", "\\\\ud800"), ("ü", "ü")],
)
def test_label_values_are_escaped(value: str, written: str) -> None:
    assert quoted(value) == written
    assert labelled([("one", value), ("two", "2")]) == f'one="{written}",two="2"'
