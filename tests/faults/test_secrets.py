"""No secret and no signature in anything that the exporter lets out, whatever goes wrong."""

import asyncio
import base64
import io
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

import pytest

from exporter.app import logs
from exporter.app.process import App
from exporter.cli.main import main
from exporter.config.load import load
from exporter.core.runtime import Dice
from exporter.core.settings import Settings
from exporter.exchanges import EXCHANGES
from tests.config.conftest import ENVIRON, HERE
from tests.faults.stage import Heard, Member, staged
from tests.faults.table import played
from tests.faults.variants import VARIANTS
from tests.kit.clock import FakeClock, in_virtual_time
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]

ECHOES = ("echo_of_secrets", "refusal_with_secrets")
"""Faults in which the exchange itself repeats a secret: only masking can keep it out."""

BEGINNINGS = ("Marked/", "MARKED/", "mARKED/", "Marked W", "Marked%2F", "Marked%20", "TWFya2VkL0", "TWFya2VkIFdvcmQ")
"""How every secret of the stage begins, so that a part of one is found as well."""

BAD = sorted(each.name for each in (HERE / "bad").glob("*.yaml"))


def spellings(secret: str) -> set[str]:
    """A secret as it could stand in a text: written here anew, not taken from the code that masks."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), raw.hex(), raw.hex().upper()}
    found |= {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    for before in range(3):  # inside a longer text, as in an Authorization header
        whole = base64.b64encode(b"\0" * before + raw).decode()
        found.add(whole[4 : (before + len(raw)) // 3 * 4])
    return found | {secret.replace("/", "\\/")}


def signatures(heard: Heard) -> set[str]:
    return {spelling for signature in heard.signatures for spelling in (signature, unquote(signature))}


def holding(texts: Iterable[str], forbidden: Iterable[str]) -> list[str]:
    """The forbidden pieces that stand in any of the texts."""
    whole = "\n".join(texts)
    return [each for each in forbidden if each in whole]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_fault_table_lets_no_secret_out(variant: str) -> None:
    heard = played(variant).heard
    assert sum(len(each.lines) for each in heard) > 100
    assert sum(len(each.pages) for each in heard) > 50
    for each in heard:
        texts = [*each.lines, *each.pages]
        assert holding(texts, {spelling for secret in each.secrets for spelling in spellings(secret)}) == []
        assert holding(texts, BEGINNINGS) == []
        assert holding(texts, signatures(each)) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_record_holds_a_secret_even_before_it_is_masked(variant: str) -> None:
    for each in played(variant).heard:
        texts = [text for text in each.unmasked if not any(echo in text for echo in ECHOES)]
        assert holding(texts, {spelling for secret in each.secrets for spelling in spellings(secret)}) == []
        assert holding(texts, signatures(each)) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_but_listed_paths_was_asked_for_and_only_by_get(variant: str) -> None:
    templates = {
        (name, endpoint.path.replace("{id}", "[0-9]+"))
        for name, exchange in EXCHANGES.items()
        for api in exchange.apis.values()
        for endpoint in api.endpoints
    }
    requested = set[tuple[str, str, str]]().union(*(each.requested for each in played(variant).heard))
    assert len(requested) >= 6
    for exchange, method, path in requested:
        assert method == "GET"
        assert any(name == exchange and re.fullmatch(template, path) for name, template in templates), path


@pytest.mark.parametrize("variant", VARIANTS)
def test_there_are_secrets_and_signatures_to_search_for(variant: str) -> None:
    heard = played(variant).heard
    found = set[str]().union(*(each.signatures for each in heard))
    assert (len(found) > 50) == bool(VARIANTS[variant].facts.signature)  # a few are of the stranger beside it
    echoed = [text for each in heard for text in each.unmasked if "Marked/Key" in text]
    assert echoed, "the exchange repeats a key, and that is seen before it is masked"


def test_the_configuration_is_shown_without_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """
accounts:
  - name: a
    exchange: bitget
    credentials: {api_key: Marked/Key+a=, secret: Marked/Secret+a=, passphrase: Marked Word+a=}
    proxy: http://user:Marked%2FProxy+a%3D@127.0.0.1:8080
"""
    file = tmp_path / "config.yaml"
    file.touch(mode=0o600)
    file.write_text(text)
    assert main(["check", "--print", "--config.file", str(file), "--log.level", "debug"], {}) == 0
    shown = capsys.readouterr()
    assert "proxy" in shown.out
    for secret in ("Marked/Key+a=", "Marked/Secret+a=", "Marked Word+a=", "Marked/Proxy+a="):
        assert holding([shown.out, shown.err], spellings(secret)) == []
    assert "Marked" not in shown.out + shown.err


def test_the_login_of_the_environments_proxy_is_masked(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    monkeypatch.setenv("https_proxy", "http://user:Marked%2FProxy+a%3D@127.0.0.1:8080")
    text = """
accounts:
  - name: a
    exchange: bitget
    credentials: {api_key: Marked/Key+a=, secret: Marked/Secret+a=, passphrase: Marked Word+a=}
"""

    async def scenario(file: Path) -> None:
        App(Settings(config_file=file), dict(os.environ), load(file, {}), FakeClock(), Dice(1))

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.touch(mode=0o600)
        file.write_text(text)
        asyncio.run(scenario(file))
    told = ["Marked%2FProxy+a%3D", "Marked/Proxy+a=", base64.b64encode(b"user:Marked/Proxy+a=").decode()]
    logging.getLogger("exporter.test").warning("407 %s", " ".join(told))
    assert log.getvalue().count("<secret>") == 3
    assert holding([log.getvalue()], (*BEGINNINGS, *spellings("Marked/Proxy+a="))) == []


def test_a_proxy_that_fails_does_not_tell_its_password() -> None:
    async def scenario() -> Heard:
        more = {"proxy": "http://user:Marked%2FProxy+a%3D@127.0.0.1:1", "base_url": "https://bitget.invalid"}
        async with staged([Member("a", VARIANTS["bitget"], more=more)]) as stage:
            stage.engine.start()
            await stage.until(lambda: stage.failing("a", "spot") == "network", 30, "the proxy refuses")
            await stage.look()
            return stage.heard

    heard = in_virtual_time(scenario())
    texts = [*heard.lines, *heard.pages, *heard.unmasked]
    assert holding(texts, spellings("Marked/Proxy+a=")) == []
    assert not any("Marked" in text for text in texts)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged at debug level, as it is written."""
    stream = io.StringIO()
    handler = logs.Lines(stream, logs._masking, as_json=False)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    shutil.copytree(HERE / "bad", folder / "bad")
    for file in (folder / "bad").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
    return folder / "bad"


@pytest.mark.parametrize("sample", BAD)
def test_no_mistake_in_a_configuration_quotes_a_secret(
    sample: str,
    samples: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    log: io.StringIO,
    untouched_logging: None,
) -> None:
    environ = {name: f"Marked/{name}+=" for name in ENVIRON}
    monkeypatch.chdir(samples)
    for command in (["check", "--print"], ["check", "--online"], ["balances"], []):
        assert main([*command, "--config.file", sample, "--log.level", "debug"], environ) == 1
    shown = capsys.readouterr()
    texts = [shown.out, shown.err, log.getvalue()]
    assert shown.err
    secrets = {*environ.values(), "s3cr3t-MARKER", *_file_secrets(samples)}
    assert holding(texts, {spelling for secret in secrets for spelling in spellings(secret)}) == []
    assert not any("MARKER" in text or "Marked" in text for text in texts)


def _file_secrets(samples: Path) -> set[str]:
    files = [file for file in (samples / "files").rglob("*") if file.is_file() and file.suffix not in {".yaml", ".yml"}]
    return {line for file in files for line in file.read_text("utf-8", "replace").split("\n") if len(line) > 5}
