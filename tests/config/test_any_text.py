"""Any text is a configuration or a list of mistakes, and never anything else."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config import schema
from exporter.config.load import load
from exporter.config.show import show
from exporter.core.errors import ConfigError

HERE = Path(__file__).parent
SAMPLES = [file.read_text() for kind in ("good", "bad") for file in sorted((HERE / kind).rglob("*.yaml"))]
KEYS = sorted(
    {
        key
        for model in (
            schema.Document,
            schema.Entry,
            schema.Rule,
            schema.Match,
            schema.TotalMatch,
            schema.TotalEntry,
            schema.CredentialKeys,
            schema.ThresholdEntry,
            schema.Currencies,
            schema.ValuationKeys,
        )
        for key in model.model_fields
    }
)
WORDS = ["main", "spot", "bitget", "huobi", "xt", "*", "[", "null", "0", "1", "-1", "1e3", "1e999999999", "10s", "1d"]
WORDS += ["https://x", "http://[", "KEY", "${KEY}", "{account}", "{", "2027-01-15", "9999-12-31", "true", "net", "a/b"]

words = st.one_of(st.sampled_from(WORDS), st.text(max_size=8), st.none(), st.integers(), st.floats())
keys = st.one_of(st.sampled_from(KEYS), st.text(max_size=4))
trees = st.recursive(
    words, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=25
)
account = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b"]), "exchange": st.sampled_from(["bitget", "xt", "bitmart", "huobi"])},
    optional=dict.fromkeys(schema.AccountSettings.model_fields, trees),
)
documents = st.fixed_dictionaries(
    {"accounts": st.lists(account, max_size=3)},
    optional={
        "defaults": st.dictionaries(st.sampled_from(sorted(schema.AccountSettings.model_fields)), trees, max_size=3),
        "rules": st.lists(st.fixed_dictionaries({"match": st.just({"account": "*"})}, optional={"labels": trees})),
        "totals": st.lists(st.dictionaries(st.sampled_from(sorted(schema.TotalEntry.model_fields)), trees, max_size=4)),
        "valuation": trees,
        "rate_share": trees,
    },
)


@pytest.fixture(scope="module")
def file() -> Any:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "config.yaml"
        path.touch(0o600)
        yield path


def check(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    mistakes: tuple[str, ...] | None = None
    try:
        config = load(file, {"KEY": "k", "SECRET": "s", "PASSPHRASE": "p"})
    except ConfigError as error:
        mistakes = error.mistakes
    if mistakes is None:
        assert show(config)
    else:
        assert mistakes
        assert all(each.startswith(str(file)) and "\n" not in each for each in mistakes)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_mistakes(file: Path, content: bytes) -> None:
    check(file, content)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@,? \n\t0~<", max_size=60))
def test_any_yaml_punctuation_is_a_configuration_or_mistakes(file: Path, text: str) -> None:
    check(file, text.encode())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(documents, trees))
def test_any_tree_is_a_configuration_or_mistakes(file: Path, tree: Any) -> None:
    check(file, yaml.safe_dump(tree, allow_unicode=True).encode())


@given(st.sampled_from(SAMPLES), st.data())
def test_a_sample_with_lines_taken_out_or_moved_is_a_configuration_or_mistakes(
    file: Path, sample: str, data: st.DataObject
) -> None:
    lines = sample.splitlines()
    chosen = data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=len(lines) + 3))
    indents = data.draw(st.lists(st.sampled_from(["", "  "]), min_size=len(chosen), max_size=len(chosen)))
    text = "\n".join(indent + lines[index] for index, indent in zip(chosen, indents, strict=True))
    check(file, text.encode())
