"""What every exchange must keep, run over all of them: a new exchange is held to it by being in the map."""

from typing import Any

import pytest

from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import AUTO, Exchange
from exporter.exchanges.contract import broken_promises
from exporter.exchanges.contract.case import Case
from exporter.exchanges.contract.sound import unsound
from tests.exchanges.driver import text
from tests.exchanges.facts import FOLDER, everything

APIS = [(exchange, api) for exchange in EXCHANGES.values() for api in exchange.apis.values()]
API_IDS = [f"{exchange.name}-{name}".rstrip("-") for exchange in EXCHANGES.values() for name in exchange.apis]

every_api = pytest.mark.parametrize(("exchange", "api"), APIS, ids=API_IDS)


def answers(exchange: Exchange) -> dict[str, str]:
    """A good answer for each of its endpoints."""
    return {each.path: text(exchange.name, each.path) for api in exchange.apis.values() for each in api.endpoints}


def promises_broken_by(exchange: Exchange, **other: Any) -> list[str]:
    told = everything()[exchange.name].apis.values()
    known: dict[str, Any] = {
        "names_key_again": [path for api in told for path in api.names_key_again],
        "null_is_empty": [name for api in told for name, shape in api.wallets.items() if shape.null_is_empty],
        "harmless": [path for api in told for path in api.harmless],
    }
    return broken_promises(exchange, other.pop("answers", answers(exchange)), **{**known, **other})


READERS = [
    pytest.param(exchange, api, reader, id=f"{exchange.name}-{name}".rstrip("-") + f"-{what}")
    for exchange in EXCHANGES.values()
    for name, api in exchange.apis.items()
    for what, reader in Case(exchange, name, api, answers(exchange)).readers()
]


def assert_sound(result: Any) -> None:
    """Whatever a reader returns is of the promised types and finite."""
    assert list(unsound(result)) == []


def test_the_map_names_each_exchange_as_it_names_itself() -> None:
    assert {name: exchange.name for name, exchange in EXCHANGES.items()} == {name: name for name in EXCHANGES}
    assert set(EXCHANGES) == {file.parent.name for file in FOLDER.glob("*/facts.py")}


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_an_exchange_keeps_what_every_exchange_keeps(exchange: Exchange) -> None:
    assert promises_broken_by(exchange) == []


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_without_a_choice_the_first_api_is_asked_and_others_only_where_the_answers_decide(exchange: Exchange) -> None:
    first, *others = exchange.apis_for({})
    assert first is exchange.api_for({}) is exchange.apis[exchange.first]
    assert len(others) == (len(exchange.apis) - 1 if exchange.probes else 0)
    if exchange.probes:
        assert exchange.apis_for({exchange.option: AUTO}) == (first, *others)


@pytest.mark.parametrize("name", EXCHANGES)
def test_fixtures_say_where_they_come_from(name: str) -> None:
    assert "invented" in (FOLDER / name / "fixtures" / "SOURCE.md").read_text(encoding="utf-8")
