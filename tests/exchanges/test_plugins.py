"""Exchanges that installed packages bring: found by their entry points, or refused with a sentence."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from exporter.config import Config
from exporter.config.load import load
from exporter.core.errors import ConfigError, UnusableExchange
from exporter.exchanges import EXCHANGES, NAMES, plugins
from exporter.exchanges.base import Exchange

Package = Callable[..., Path]

GOOD = """
from dataclasses import replace
from exporter.exchanges.plugin_v1 import Exchange
from exporter.exchanges.xt import EXCHANGE as XT
EXCHANGE = replace(XT, name="acme")
"""
"""XT under another name: what matters here is how it gets there."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Installs packages into a folder of the test's own, and has them forgotten afterwards."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    modules, found = set(sys.modules), dict(EXCHANGES._found)

    def install(
        code: str = GOOD, name: str = "acme", *, entry: str | None = None, package: str = "acme-exchange"
    ) -> Path:
        module = f"plugin_{package.replace('-', '_')}"
        (folder / f"{module}.py").write_text(dedent(code))
        info = folder / f"{package.replace('-', '_')}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n")
        lines = f"[{plugins.GROUP}]\n{name} = {module}:EXCHANGE\n" if entry is None else entry
        (info / "entry_points.txt").write_text(lines)
        importlib.invalidate_caches()
        return info

    yield install
    for each in set(sys.modules) - modules:
        if each.startswith(("plugin_", "exporter.exchanges.plugin_")):
            del sys.modules[each]
    EXCHANGES._found.clear()
    EXCHANGES._found.update(found)


def refused(name: str = "acme") -> str:
    """Why the exchange of this name cannot be used."""
    with pytest.raises(UnusableExchange) as error:
        EXCHANGES[name]
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_exchange_of_an_installed_package_is_found_by_its_name(package: Package) -> None:
    assert "acme" not in EXCHANGES
    package()
    assert "acme" in EXCHANGES
    assert EXCHANGES.canonical("acme") == "acme"
    assert isinstance(EXCHANGES["acme"], Exchange)
    assert EXCHANGES["acme"] is EXCHANGES["acme"]
    assert EXCHANGES["acme"] in list(EXCHANGES.known())


def test_it_is_not_among_those_that_are_built_in(package: Package) -> None:
    package()
    assert EXCHANGES["acme"].name == "acme"
    assert "acme" not in tuple(EXCHANGES)
    assert EXCHANGES["acme"] not in EXCHANGES.values()


@pytest.mark.parametrize("name", ["", "nobody", "a/b", "/", "acme\n"])
def test_a_name_that_nobody_brings_is_unknown(package: Package, name: str) -> None:
    package()
    assert name not in EXCHANGES
    with pytest.raises(KeyError):
        EXCHANGES[name]


def test_a_package_is_not_loaded_before_somebody_asks_for_its_exchange(package: Package) -> None:
    package("raise SystemExit('loaded')")
    assert "acme" in EXCHANGES
    assert [name for name in EXCHANGES.elsewhere() if "/" not in name] == ["acme"]
    assert "plugin_acme_exchange" not in sys.modules


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import not_there", "cannot be loaded (ModuleNotFoundError: No module named 'not_there')"),
        ("EXCHANGE = ", "cannot be loaded (SyntaxError: "),
        ("raise RuntimeError('first\\nsecond\\x1b[31m')", "(RuntimeError: first\\nsecond\\u001b[31m)"),
        ("raise SystemExit(3)", "cannot be loaded (SystemExit: 3)"),
        ("OTHER = 1", "cannot be loaded (AttributeError: "),
        ("EXCHANGE = 'acme'", "gives a str where an Exchange belongs"),
        ("EXCHANGE = 5", "gives an int where an Exchange belongs"),
        (GOOD.replace('"acme"', '"other"'), 'calls its exchange "other" there'),
        (GOOD.replace('"acme"', '"htx"'), "gives an exchange that is built in: write htx"),
        (GOOD.replace('"acme"', '"huobi"'), "gives an exchange that is built in"),
        (GOOD.replace('"acme")', '"acme", credentials=("pin",))'), "refused: credentials are ('pin',)"),
        (
            "from exporter.exchanges.plugin_v2 import Exchange",
            "was written for version 2 of the interface for plug-ins, and this exporter has 1: update exchange-",
        ),
        (
            "import exporter.exchanges.plugin_v0",
            "version 0 of the interface for plug-ins, and this exporter has 1: ",
        ),
        ("from exporter.exchanges.plugin_v1 import Novelty", "needs a newer exporter (cannot import name 'Novelty'"),
    ],
)
def test_one_that_cannot_be_used_is_a_sentence(package: Package, code: str, words: str) -> None:
    package(code)
    told = refused()
    assert words in told
    assert told.startswith(
        "comes from the package acme-exchange 1.5 (entry point acme = plugin_acme_exchange:EXCHANGE), which "
    )
    assert len(told) < 600


def test_a_host_without_tls_is_refused_as_it_would_send_keys_in_clear(package: Package) -> None:
    code = f"{GOOD}\nAPI = replace(XT.apis['v4'], host='http://acme.example')\n"
    package(code + "EXCHANGE = replace(EXCHANGE, apis={'': API}, option='', first='')")
    assert "the host 'http://acme.example' is not https://" in refused()


def test_a_signature_that_would_not_be_masked_is_refused(package: Package) -> None:
    code = f"{GOOD}\nAPI = replace(XT.apis['v4'], secret_names=())\n"
    package(code + "EXCHANGE = replace(EXCHANGE, apis={'': API}, option='', first='')")
    assert "secret_names lacks validate-appkey, validate-signature, so that it would not be masked" in refused()


def test_what_was_mended_is_used_without_a_restart(package: Package) -> None:
    package("import not_there")
    assert "cannot be loaded" in refused()
    module = Path(sys.path[0]) / "plugin_acme_exchange.py"
    module.write_text(f"{GOOD}\n# mended")
    importlib.invalidate_caches()
    assert EXCHANGES["acme"].name == "acme"


def test_two_packages_of_one_exchange_are_named(package: Package) -> None:
    package()
    package(package="another-acme")
    assert "more than one package, acme-exchange 1.5 and another-acme 1.5: uninstall all but one" in refused()


def test_of_a_package_that_is_installed_twice_the_first_on_the_path_counts(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package()
    other = tmp_path / "other" / "acme_exchange-0.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: Acme_Exchange\nVersion: 0.9\n")
    (other / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nacme = nothing:EXCHANGE\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(other.parent)])
    assert EXCHANGES["acme"].name == "acme"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"entry_points.txt": b"\xff\xfe[exchange_balance_exporter.exchanges]"},
        {"entry_points.txt": f"no section\n[[[\n= x\n[{plugins.GROUP}]\nbroken\n= y\nworse = a b c\n".encode()},
        {"METADATA": b"\xff\xff"},
        {"METADATA": None, "entry_points.txt": f"[{plugins.GROUP}]\nnameless = x:Y\n".encode()},
    ],
)
def test_broken_metadata_hurt_nobody_who_does_not_use_them(package: Package, spoilt: dict[str, bytes | None]) -> None:
    package()
    info = package("", "spoilt", package="spoilt")
    for file, content in spoilt.items():
        (info / file).unlink()
        if content is not None:
            (info / file).write_bytes(content)
    assert EXCHANGES["acme"].name == "acme"
    assert "xt" in EXCHANGES
    assert "nobody" not in EXCHANGES
    assert "" not in EXCHANGES


@pytest.mark.parametrize("value", ["", "no object", "a:b:c", "../x:Y"])
def test_an_entry_point_that_names_no_object_is_told(package: Package, value: str) -> None:
    package(entry=f"[{plugins.GROUP}]\nacme = {value}\n")
    assert "does not name its description there" in refused()


def test_one_whose_package_was_taken_away_is_told(package: Package) -> None:
    info = package("import not_there")
    refused()
    (info / "entry_points.txt").unlink()
    with pytest.raises(UnusableExchange, match="comes from no installed package any more"):
        plugins.load("acme")


# -- in a configuration

ACME = "{name: a, exchange: acme, credentials: {api_key: key-1, secret: words-1}}"
XT = "{name: x, exchange: xt, credentials: {api_key: key-2, secret: words-2}}"


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Config]:
    def configured(text: str) -> Config:
        file = tmp_path / "config.yaml"
        file.touch(mode=0o600)
        file.write_text(text)
        return load(file, {})

    return configured


def mistakes(configured: Callable[[str], Config], text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        configured(text)
    return [each.partition("config.yaml:")[2] for each in error.value.mistakes]


def test_an_account_names_it_as_any_other(package: Package, configured: Callable[[str], Config]) -> None:
    package()
    config = configured(
        "defaults: {options: {api: v4}, base_url: {sapi.xt.com: 'https://x.example'}}\n"
        "rate_share: {acme: 0.2, xt: 0.3}\n"
        "rules: [{match: {exchange: acme}, labels: {team: a}}]\n"
        f"accounts: [{ACME}, {XT}]"
    )
    account = config.accounts[0]
    assert (account.exchange, account.labels["team"]) == ("acme", "a")
    assert (config.rate_share["acme"], config.rate_share["xt"], config.rate_share["htx"]) == (0.2, 0.3, 0.5)
    assert account.base_url == {"sapi.xt.com": "https://x.example"}


def test_one_share_is_everybody_s(package: Package, configured: Callable[[str], Config]) -> None:
    package()
    assert configured(f"rate_share: 0.25\naccounts: [{ACME}]").rate_share["acme"] == 0.25


def test_its_option_and_host_may_stand_in_the_defaults_of_others(
    package: Package, configured: Callable[[str], Config]
) -> None:
    code = f"{GOOD}\nAPI = replace(XT.apis['v4'], host='https://api.acme.example')\n"
    package(code + "EXCHANGE = replace(EXCHANGE, apis={'one': API, 'two': API}, option='acme_mode', first='one')")
    config = configured(
        "defaults: {options: {acme_mode: two}, base_url: {api.acme.example: 'https://x.example'}}\n"
        f"accounts: [{XT}, {ACME}]"
    )
    assert [dict(account.options) for account in config.accounts] == [{}, {"acme_mode": "two"}]


@pytest.mark.parametrize(
    "base_url", ["http://acme.example", "http://10.0.0.1:80", "{nobody.example: 'https://x.example'}"]
)
def test_the_rules_of_base_url_are_those_of_every_exchange(
    package: Package, configured: Callable[[str], Config], base_url: str
) -> None:
    package()
    account = ACME.replace("exchange: acme", f"exchange: acme, base_url: {base_url}")
    own = mistakes(configured, f"accounts: [{account}]")
    ours = mistakes(configured, f"accounts: [{account.replace('exchange: acme', 'exchange: xt')}]")
    assert own == [each.replace("xt does not", "acme does not").replace("xt has", "acme has") for each in ours]


def test_one_that_is_broken_is_told_at_its_account_beside_every_other_mistake(
    package: Package, configured: Callable[[str], Config]
) -> None:
    package("import not_there")
    first, second = mistakes(configured, f"accounts:\n- {ACME}\n- {{name: x, exchange: xtt}}\n")
    assert first.startswith('2: accounts[0].exchange: "acme" comes from the package acme-exchange 1.5 (entry point')
    assert 'unknown exchange "xtt"; did you mean "xt"?' in second


def test_one_that_is_broken_concerns_nobody_else(package: Package, configured: Callable[[str], Config]) -> None:
    package("import not_there")
    config = configured(f"rate_share: {{acme: 0.2}}\nrules: [{{match: {{exchange: acme}}}}]\naccounts: [{XT}]")
    assert [account.name for account in config.accounts] == ["x"]


@pytest.mark.parametrize(
    ("name", "words"), [("acne", 'did you mean "acme"?'), ("qqqq", f"there are acme, {min(NAMES)}")]
)
def test_a_name_that_is_unknown_is_told_with_those_of_packages(
    package: Package, configured: Callable[[str], Config], name: str, words: str
) -> None:
    package()
    (mistake,) = mistakes(configured, f"accounts: [{ACME.replace('acme', name)}]")
    assert words in mistake


def test_metadata_are_not_looked_at_where_all_names_are_built_in(
    configured: Callable[[str], Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def looked() -> tuple[()]:
        looks.append("once more")
        return ()

    monkeypatch.setattr(plugins, "distributions", looked)
    config = configured(f"rate_share: {{htx: 0.2}}\nrules: [{{match: {{exchange: huobi}}}}]\naccounts: [{XT}]")
    assert config.accounts[0].exchange == "xt"
    assert looks == []
    mistakes(configured, f"accounts: [{ACME}]")
    assert looks


@pytest.mark.parametrize(("brought", "wanted", "told"), [("htx", "htx", 1), ("huobi", "htx", 1), ("htx", "xt", 0)])
def test_a_package_beside_a_built_in_exchange_is_told(package: Package, brought: str, wanted: str, told: int) -> None:
    package(name=brought)
    sentences = plugins.shadowed({wanted, "acme"})
    expected = f"the package acme-exchange 1.5 brings an exchange {brought}, too; the built-in one is read"
    assert sentences == [expected] * told
    assert EXCHANGES["htx"].name == "htx"
