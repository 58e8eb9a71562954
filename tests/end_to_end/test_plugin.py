"""The package of `examples/plugin`: installed apart, held to its own tests, and polled by the program."""

import asyncio
import importlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.exchanges import NAMES
from tests.kit.processes import ROOT, Process, exporter
from tests.kit.scrape import Samples

EXAMPLE = ROOT / "examples" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a program needs in its environment to find the package, which nobody else finds."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", folder, EXAMPLE], check=True, timeout=100)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example's own simulated exchange, running."""
    monkeypatch.syspath_prepend(EXAMPLE / "tests")
    simulated = importlib.import_module("simulated")
    with simulated.acme() as server:
        yield server
    for name in ("simulated", "answers"):
        del sys.modules[name]


def configured(folder: Path, acme: Any, secret: str = "made-up-secret-2", more: str = "") -> Path:
    file = folder / "config.yaml"
    file.touch(mode=0o600)
    file.write_text(f"""
defaults: {{interval: 1s, base_url: {acme.url}}}
accounts:
  - name: desk
    exchange: acme
    wallets: [main, earn]
    credentials: {{api_key: made-up-key-1, secret: {secret}}}
    thresholds: [{{currency: BTC, warning: 1, critical: 0.1}}]
{more}""")
    return file


def run(*command: str | Path, env: dict[str, str], **other: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        **other,
    )


def test_its_own_tests_pass_where_it_is_installed(installed: dict[str, str], tmp_path: Path) -> None:
    env = {**installed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = run("pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'pytest'}", EXAMPLE, env=env)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) == len(re.findall("^def test_", (EXAMPLE / "tests/test_acme.py").read_text(), re.MULTILINE))


async def scraped(process: Process, wanted: str = "exchange_account_up") -> Samples:
    """What is served once every account was tried and there is a sample of this family."""
    await process.ready()
    async with asyncio.timeout(20):
        while not (samples := Samples((await process.get("/metrics"))[1])).of(wanted):  # noqa: ASYNC110  it has no event of ours
            await asyncio.sleep(0.05)
    return samples


async def test_its_exchange_is_polled_priced_served_and_masked_as_those_that_are_built_in(
    installed: dict[str, str], acme: Any, tmp_path: Path
) -> None:
    config = configured(tmp_path, acme)
    async with exporter(config, "--log.level=debug", env=installed) as process:
        samples = await scraped(process, "exchange_balance_usd")
        _, page = await process.get("/")
        _, shown = await process.get("/config")
    desk = {"exchange": "acme", "account": "desk"}
    spot = {**desk, "wallet": "spot", "currency": "BTC"}
    assert samples.one("exchange_account_up", **desk) == 1
    assert samples.one("exchange_balance_available", **spot) == 0.5
    assert samples.one("exchange_balance_frozen", **spot) == 0.1
    assert samples.one("exchange_balance_locked", **{**spot, "wallet": "earn", "currency": "USDT"}) == 250
    assert samples.one("exchange_balance_usd", **spot) == pytest.approx(0.6 * 95000.1)
    assert samples.one("exchange_balance_threshold", **spot, of="net", severity="critical") == 0.1
    assert samples.one("exchange_api_key_permission", **desk, permission="read") == 1
    assert samples.one("exchange_api_key_permission", **desk, permission="withdraw") == 0
    assert samples.one("exchange_api_key_ip_restricted", **desk) == 1
    assert "desk" in page
    assert "acme" in shown
    told = "\n".join([*process.log, page, shown])
    assert not [secret for secret in ("made-up-key-1", "made-up-secret-2") if secret in told]
    paths = {f"GET {path}" for path in ("/v1/balances", "/v1/earn/positions", "/v1/key", "/v1/time", "/v1/tickers")}
    assert set(acme.asked) == paths


async def test_a_wrong_secret_is_refused_and_told(installed: dict[str, str], acme: Any, tmp_path: Path) -> None:
    async with exporter(configured(tmp_path, acme, "made-up-secret-3"), env=installed) as process:
        samples = await scraped(process)
    assert samples.one("exchange_account_up", account="desk") == 0
    assert samples.one("exchange_wallet_failing", account="desk", wallet="spot", reason="auth") == 1
    assert "made-up-secret-3" not in "\n".join(process.log)


async def test_a_reader_that_returns_nonsense_costs_its_own_wallet_only(
    installed: dict[str, str], acme: Any, tmp_path: Path
) -> None:
    text = (EXAMPLE / "acme_exchange.py").read_text()
    lines = '    return (yield from rows(unused(answer, memory), itemgetter("asset", "amount"), _lent, memory))\n'
    assert lines in text
    (tmp_path / "acme_exchange.py").write_text(text.replace(lines, "    return len(answer)\n"))
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{installed['PYTHONPATH']}"}
    async with exporter(configured(tmp_path, acme), env=env) as process:
        samples = await scraped(process)
    assert samples.one("exchange_balance_available", account="desk", wallet="spot", currency="BTC") == 0.5
    assert samples.one("exchange_wallet_failing", account="desk", wallet="earn", reason="internal") == 1
    assert samples.one("exchange_wallet_up", account="desk", wallet="spot") == 1


def test_where_it_is_not_installed_its_name_is_unknown(acme: Any, tmp_path: Path) -> None:
    done = run("exporter", "check", f"--config.file={configured(tmp_path, acme)}", env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 1
    assert f'accounts[0].exchange: unknown exchange "acme"; there are {min(NAMES)}, ' in done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_of_the_tests_does_not_know_it() -> None:
    assert importlib.util.find_spec("acme_exchange") is None


def test_one_that_cannot_be_loaded_is_a_sentence_at_the_start(
    installed: dict[str, str], acme: Any, tmp_path: Path
) -> None:
    (tmp_path / "acme_exchange.py").write_text("from exporter.exchanges.plugin_v2 import Exchange\n")
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{installed['PYTHONPATH']}"}
    done = run("exporter", f"--config.file={configured(tmp_path, acme)}", env=env)
    assert done.returncode == 1
    assert "was written for version 2 of the interface for plug-ins, and this exporter has 1: update " in done.stderr
    assert "Traceback" not in done.stderr


def test_check_tells_of_a_package_beside_a_built_in_exchange(tmp_path: Path) -> None:
    info = tmp_path / "own_xt-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-xt\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[exchange_balance_exporter.exchanges]\nxt = own:EXCHANGE\n")
    file = tmp_path / "config.yaml"
    file.touch(mode=0o600)
    file.write_text("accounts: [{name: x, exchange: xt, credentials: {api_key: key-1, secret: words-1}}]")
    done = run("exporter", "check", f"--config.file={file}", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert done.returncode == 0, done.stderr
    assert "warning: the package own-xt 1 brings an exchange xt, too; the built-in one is read" in done.stderr
