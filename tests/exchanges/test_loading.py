"""A file of an exchange is loaded when somebody asks for that exchange, and no sooner."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from exporter.exchanges import ALIASES, EXCHANGES, NAMES
from exporter.exchanges.loading import Exchanges
from tests.exchanges.places import ROOT
from tests.kit.processes import exporter

CONFIG = """
accounts:
  - name: desk
    exchange: {exchange}
    base_url: http://127.0.0.1:1
    credentials: {{api_key: k, secret: s, passphrase: p}}
"""

MODULE = re.compile(r"^import 'exporter\.exchanges\.(\w+)' ")


def loaded_by(code: str) -> set[str]:
    """The exchanges whose files a new Python has loaded after this code."""
    told = f"{code}\nimport sys\nprint(*(name for name in sys.modules if name.startswith('exporter.exchanges.')))"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.split(".")[2] for name in done.stdout.split()} & set(NAMES)


@pytest.mark.parametrize(("exchange", "loaded"), [("bitget", "bitget"), ("huobi", "htx")])
async def test_the_program_loads_the_exchange_that_its_configuration_names_and_no_other(
    exchange: str, loaded: str, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    text = CONFIG.format(exchange=exchange)
    config.write_text(text if loaded == "bitget" else text.replace(", passphrase: p", ""))
    config.chmod(0o600)
    async with exporter(config, env={"PYTHONVERBOSE": "1"}) as process:
        await process.ready()
    imported = {found[1] for line in process.log if (found := MODULE.match(line))}
    assert "base" in imported, "the imports are told"
    assert imported & set(NAMES) == {loaded}
    assert not imported & {"contract", "description", "plugins"}, "what is not built in costs nothing"


def test_names_are_known_without_loading_a_file() -> None:
    assert (
        loaded_by(
            "from exporter.exchanges import EXCHANGES\n"
            "assert 'okx' in EXCHANGES and 'nobody' not in EXCHANGES and len(EXCHANGES) == len(tuple(EXCHANGES))\n"
            "assert EXCHANGES.canonical('huobi') == 'htx' and EXCHANGES.canonical('nobody') is None"
        )
        == set()
    )


def test_a_mistyped_exchange_is_told_without_loading_a_file() -> None:
    assert (
        loaded_by(
            "from exporter.config.scalars import exchange_name\n"
            "try: exchange_name('bitgte')\n"
            "except ValueError as error: assert 'did you mean \"bitget\"?' in str(error), error\n"
            "else: assert False"
        )
        == set()
    )


def test_the_simulated_exchanges_are_named_without_loading_a_file() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from exporter.sandbox import EXCHANGES\nimport sys\nprint(*EXCHANGES, *sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(NAMES) <= set(done.stdout.split())
    assert not {f"exporter.sandbox.vendors.{name}" for name in NAMES} & set(done.stdout.split())


def test_several_threads_get_the_same_exchange() -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from exporter.exchanges import EXCHANGES\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    found = list(pool.map(lambda _: EXCHANGES['bitget'], range(64)))\n"
        "assert len({id(each) for each in found}) == 1 and found[0].name == 'bitget'"
    )
    assert loaded_by(code) == {"bitget"}


def test_an_alias_stands_for_an_exchange_and_is_none_itself() -> None:
    assert set(ALIASES.values()) <= set(NAMES)
    assert not set(ALIASES) & set(NAMES)
    for alias in ALIASES:
        assert alias not in EXCHANGES
        with pytest.raises(KeyError):
            EXCHANGES[alias]


def test_names_that_begin_alike_come_from_a_file_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    okx = EXCHANGES["okx"]
    source = SimpleNamespace(names=lambda: ["made/up"], load=lambda name: replace(okx, name=name))
    monkeypatch.setitem(sys.modules, "exporter.exchanges.made_up", cast(ModuleType, source))
    exchanges = Exchanges(NAMES, ALIASES, {"": "plugins", "made/": "made_up"})
    assert exchanges.canonical("made/up") == "made/up"
    assert exchanges["made/up"].name == "made/up"
    assert exchanges["made/up"] is exchanges["made/up"]
    assert "made/up" in exchanges.elsewhere()
    assert tuple(exchanges) == NAMES
    for unknown in ("made/down", "other/up", "made/", "up"):
        assert unknown not in exchanges
        with pytest.raises(KeyError):
            exchanges[unknown]
