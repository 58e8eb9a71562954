"""Scalars stay what was written and are typed by their key."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.config import Account, Config
from exporter.config.load import load

Written = Callable[[str], Config]
Mistaken = Callable[[str], list[str]]


@pytest.fixture
def words(good: Path, environ: dict[str, str]) -> Account:
    return load(good / "words.yaml", environ).accounts[0]


def test_currencies_called_no_and_on_stay_currencies(words: Account) -> None:
    assert words.expect == ("NO", "ON", "USDT", "NULL")
    assert words.thresholds[0].currency == "NO"


def test_names_that_look_like_times_and_dates_stay_names(words: Account) -> None:
    assert (words.name, words.shard_key) == ("12:30", "2027-01-15")


def test_labels_are_text(words: Account) -> None:
    assert words.labels == {"version": "1e3", "mode": "0777", "on": "yes", "empty": ""}


def test_a_number_with_an_exponent_is_a_number(words: Account) -> None:
    assert words.thresholds[0].critical == Decimal(1000)


def test_amounts_are_exact(written: Written) -> None:
    number = "12345678901234567890.123456789012345678"
    config = written(
        "accounts: [{name: a, exchange: bitmart, credentials: {api_key_env: KEY}, "
        f"thresholds: [{{currency: X, critical: {number}}}]}}]"
    )
    assert str(config.accounts[0].thresholds[0].critical) == number


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("10s", 10), ("9m", 540), ("1m30s", 90), ("0.5s", None)])
def test_durations_have_units(written: Written, mistakes: Mistaken, text: str, seconds: float | None) -> None:
    config = f"accounts: [{{name: a, exchange: bitmart, credentials: {{api_key_env: KEY}}, timeout: {text}}}]"
    if seconds is None:
        assert mistakes(config)[0].endswith(f'"{text}" is no duration; write one like 500ms, 10s, 5m or 1h')
    else:
        assert written(config).accounts[0].timeout == seconds


@pytest.mark.parametrize(
    "number", ["1_000", "١٢", "NaN", "Infinity", "1e400", "1e-400", "+1", ".5", "5.", "1 2", "0x10", "true"]
)
def test_what_is_no_number_is_refused(mistakes: Mistaken, number: str) -> None:
    text = f'accounts: [{{name: a, exchange: bitmart, credentials: {{api_key_env: KEY}}, min_usd: "{number}"}}]'
    assert mistakes(text)[0].startswith(f'config.yaml:1: accounts[0].min_usd: "{number}" is ')


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hush@example.com",
        "https://example.com/?a=b",
        "https://example.com#x",
        "https://example.com:0",
        "https://example.com:99999",
        "https://[::1",
        "https://",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "ftp://localhost",
        "example.com",
    ],
)
def test_a_base_url_that_is_none_is_refused_without_quoting_it(mistakes: Mistaken, url: str) -> None:
    text = f'accounts: [{{name: a, exchange: bitmart, credentials: {{api_key_env: KEY}}, base_url: "{url}"}}]'
    found = mistakes(text)
    assert len(found) == 1
    assert found[0].startswith("config.yaml:1: accounts[0].base_url: ")
    assert "hush" not in found[0]


@pytest.mark.parametrize(
    "url", ["http://127.9.9.9:80", "http://[::1]:8080", "http://localhost", "https://example.com/"]
)
def test_a_base_url_may_be_https_or_on_this_machine(written: Written, url: str) -> None:
    text = f'accounts: [{{name: a, exchange: bitmart, credentials: {{api_key_env: KEY}}, base_url: "{url}"}}]'
    assert written(text).accounts[0].base_url == url.rstrip("/")


def test_aliases_that_nest_ever_deeper_are_refused(mistakes: Mistaken) -> None:
    deeper = "".join(f"  - &a{i} {'[' * 15}*a{i - 1}{']' * 15}\n" for i in range(1, 100))
    assert mistakes(f"rules:\n  - &a0 x\n{deeper}") == [
        "config.yaml:4: rules[2]: nested too deeply to be a configuration"
    ]


def test_an_hour_is_3600_seconds(written: Written) -> None:
    text = "accounts: [{name: a, exchange: bitmart, credentials: {api_key_env: KEY}, stale_after: 1h}]"
    assert written(text).accounts[0].stale_after == 3600
