"""What takes most of a wallet away has to be repeated: by count, or by worth."""

from collections.abc import Collection
from decimal import Decimal

import pytest

from exporter.holdings.doubt import empties_most


def held(**worth: str | None) -> dict[str, Decimal | None]:
    return {name: None if usd is None else Decimal(usd) for name, usd in worth.items()}


@pytest.mark.parametrize(
    ("left", "most"),
    [("ABCD", False), ("ABC", False), ("AB", False), ("A", True), ("", True), ("ABCDE", False), ("EFGH", True)],
)
def test_more_than_half_by_count(left: Collection[str], most: bool) -> None:
    assert empties_most(held(A=None, B=None, C=None, D=None), left) is most


@pytest.mark.parametrize(("left", "most"), [("BCD", True), ("ACD", False), ("CD", True), ("AB", False), ("ABC", False)])
def test_more_than_half_by_worth(left: Collection[str], most: bool) -> None:
    assert empties_most(held(A="51", B="48", C="1", D="0"), left) is most


def test_exactly_half_is_not_most() -> None:
    assert not empties_most(held(A="50", B="50"), "A")


def test_the_only_coin_is_most_of_a_wallet() -> None:
    assert empties_most(held(A=None), "B")


def test_where_nothing_was_held_nothing_is_taken() -> None:
    assert not empties_most({}, "")


def test_a_debt_counts_as_much_as_a_holding() -> None:
    assert empties_most(held(A="-60", B="50", C="1"), "BC")
    assert not empties_most(held(A="-40", B="50", C="1"), "BC")


def test_what_has_no_price_counts_by_number_only() -> None:
    assert not empties_most(held(A=None, B="1", C=None), "BC")
    assert empties_most(held(A=None, B="1", C=None), "AC")
