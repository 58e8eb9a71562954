"""config.example.yaml loads as it stands, given the variables that it names, and knows every key."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from exporter.config import Config, schema
from exporter.config.load import load
from exporter.exchanges import EXCHANGES

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
MODELS = (
    schema.Document,
    schema.Entry,
    schema.Rule,
    schema.Match,
    schema.TotalMatch,
    schema.TotalEntry,
    schema.CredentialKeys,
    schema.ThresholdEntry,
    schema.UsdEntry,
    schema.Currencies,
    schema.ValuationKeys,
)


@pytest.fixture(scope="module")
def example() -> Config:
    """Loaded with what the command in its first lines sets."""
    text = EXAMPLE.read_text()
    head = text[: text.index("check --config.file")]
    return load(EXAMPLE, dict(re.findall(r"\b([A-Z_]+)=(\w+)", head)))


def test_the_example_has_an_account_of_every_exchange(example: Config) -> None:
    assert {account.exchange for account in example.accounts} == set(EXCHANGES)


def test_the_example_gives_no_cause_for_a_warning(example: Config) -> None:
    assert example.warnings == ()


@pytest.mark.parametrize("model", MODELS)
def test_the_example_mentions_every_key(model: type[BaseModel]) -> None:
    text = EXAMPLE.read_text()
    spelled = {key for key in model.model_fields if re.search(rf"(?<![\w]){key}:", text)}
    spelled |= {key for key in model.model_fields if key.endswith("_file") and key in text}
    assert spelled == set(model.model_fields)


def test_the_example_mentions_every_option_of_every_exchange() -> None:
    text = EXAMPLE.read_text()
    options = [each.option for each in EXCHANGES.values() if each.option]
    assert [option for option in options if not re.search(rf"\b{option}:", text)] == []
    values = [value for each in EXCHANGES.values() if each.option for value in each.apis]
    assert [value for value in values if not re.search(rf"\b{value}\b", text)] == []
