"""The effective configuration as text, and the fingerprint of it."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config import Config
from exporter.config.load import load
from exporter.config.show import show

Written = Callable[[str], Config]


@pytest.mark.parametrize("sample", ["minimal", "words", "layers", "account-files", "wallets", "totals"])
def test_what_is_shown_loads_to_the_same_configuration(
    sample: str, good: Path, environ: dict[str, str], written: Written
) -> None:
    config = load(good / f"{sample}.yaml", environ)
    again = written(_distinct_keys(show(config)))
    secret = config.accounts[0].credentials
    expected = [replace(account, credentials=secret, secret_files={}) for account in config.accounts]
    assert [replace(account, credentials=secret) for account in again.accounts] == expected
    assert (again.rate_share, again.valuation, again.totals) == (config.rate_share, config.valuation, config.totals)
    assert again.hash == config.hash


def _distinct_keys(text: str) -> str:
    """The same key twice would be refused, so each mask becomes another secret."""
    first, *rest = text.split("<secret>")
    return first + "".join(f"made-up-{count}{each}" for count, each in enumerate(rest))


def test_each_account_is_shown_with_what_it_inherits(good: Path, environ: dict[str, str]) -> None:
    text = show(load(good / "layers.yaml", environ))
    account = text[text.index("  - name: grid_2") : text.index("  - name: grid_3")]
    assert "    interval: 10s\n" in account
    assert "    labels:\n      team: grid\n" in account
    assert "      - currency: USDT\n        wallet: main\n        of: net\n        critical: 200\n" in account


def test_what_is_shown_of_many_accounts_is_never_in_memory_as_a_whole_but_as_text(written: Written) -> None:
    account = "{{name: a{}, exchange: bitmart, credentials: {{api_key: key-{}}}}}"
    config = written(f"accounts: [{', '.join(account.format(number, number) for number in range(300))}]")
    text = show(config)
    assert text.count("\n  - name: a") == 300
    tracemalloc.start()
    try:
        show(config)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 5 * len(text)


def test_the_hash_is_the_same_in_every_process(good: Path, environ: dict[str, str]) -> None:
    file = good / "layers.yaml"
    code = (
        "import os, sys; from pathlib import Path; from exporter.config.load import load; "
        "print(load(Path(sys.argv[1]), os.environ).hash)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(file)], env=environ, capture_output=True, check=True)
    assert int(run.stdout) == load(file, environ).hash


def test_the_hash_follows_the_configuration_but_not_the_secrets(written: Written) -> None:
    text = "accounts: [{name: a, exchange: bitmart, credentials: {api_key: one}, proxy: 'http://u:one@127.0.0.1'}]"
    before = written(text).hash
    assert written(text.replace("one", "two")).hash == before
    assert written(text.replace("name: a", "name: b")).hash != before
    assert written(text + "\ntotals: [{name: all, currency: BTC, warning: 1}]").hash != before
    assert 0 <= before < 2**53


def test_a_configuration_can_not_be_changed(good: Path, environ: dict[str, str]) -> None:
    config = load(good / "layers.yaml", environ)
    with pytest.raises(AttributeError):
        config.accounts[0].interval = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.accounts[0].labels["team"] = "other"  # type: ignore[index]
