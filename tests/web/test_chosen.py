"""The query of a page's address chooses accounts, and is written back the same."""

from urllib.parse import parse_qs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.web.chosen import Chosen, chosen_by
from tests.kit.accounts import NOW, WALL, up
from tests.kit.pages import Reader, page

GRID = up("grid-1", "bitget", labels={"team": "grid", "bot": "a:b"})
DESK = up("Desk", "xt", labels={"team": "desk"})


def names(query: str, states: tuple[str, ...] = ("up",)) -> list[str]:
    chosen = chosen_by(parse_qs(query))
    return [each.account.name for each in (GRID, DESK) if chosen.lets_in(each, states)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["grid-1", "Desk"]),
        ("exchange=bitget", ["grid-1"]),
        ("exchange=bitget&exchange=xt", ["grid-1", "Desk"]),
        ("exchange=htx", []),
        ("state=up", ["grid-1", "Desk"]),
        ("state=stale", []),
        ("state=stale&state=up", ["grid-1", "Desk"]),
        ("label=team:grid", ["grid-1"]),
        ("label=team:grid&label=team:desk", ["grid-1", "Desk"]),
        ("label=team:desk&label=bot:a:b", []),
        ("label=bot:a:b", ["grid-1"]),
        ("label=team", []),
        ("account=DESK", ["Desk"]),
        ("account=desk&exchange=bitget", []),
        ("exchange=&state=&label=&account=&nonsense=1", ["grid-1", "Desk"]),
    ],
)
def test_keys_are_joined_by_and_values_by_or(query: str, found: list[str]) -> None:
    assert names(query) == found


def test_a_query_is_written_back_the_same() -> None:
    chosen = Chosen(("xt", "bitget"), ("low",), ("team:a&b ü",), "x y", 3, refresh=False)
    assert chosen_by(parse_qs(chosen.query()[1:])) == chosen
    assert Chosen().query() == ""


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.text(st.characters(), max_size=20), max_size=3))
@example(["\ud800", "\udcff"])
def test_any_text_may_be_asked_for(values: list[str]) -> None:
    chosen = chosen_by(dict.fromkeys(("exchange", "state", "label", "account", "page", "refresh"), values))
    chosen.lets_in(GRID, ("up",))
    Reader(page([GRID, DESK], NOW, WALL, chosen=chosen))


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1e3", "٣", "9" * 5000])
def test_a_page_that_is_no_number_is_the_first_or_far_away(number: str) -> None:
    assert chosen_by({"page": [number]}).page in (1, 999_999_999)


def test_long_queries_are_cut() -> None:
    chosen = chosen_by({"exchange": [str(number) for number in range(5000)], "account": ["x" * 5000]})
    assert (len(chosen.exchange), len(chosen.account)) == (50, 200)
