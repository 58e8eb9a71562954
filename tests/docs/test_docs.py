"""What users read is true: README, CONTRIBUTING and CHANGELOG against the code, the files and the command line."""

import re
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import exporter
from exporter.cli.flags import make_parser
from exporter.config import Config
from exporter.config.load import load
from exporter.config.scalars import spelled
from exporter.core.errors import REASONS
from exporter.core.settings import ACCOUNT_PATH, LISTEN_ADDRESS, OWN_PATHS, Settings, listen_address
from exporter.exchanges import EXCHANGES
from exporter.exposition.families import FAMILIES
from tests.docs.readme_tables import CONTRIBUTING, README, ROOT, TABLES, between, commands, rooms
from tests.docs.rooms import PACKAGE, ROOMS

CHANGELOG = ROOT / "CHANGELOG.md"
PAGES = (README, CONTRIBUTING, CHANGELOG)
OTHERS_FLAGS = {"--build", "--build-arg", "--cacert", "--cert", "--config", "--key", "--suite"}
"""Flags of other programs, in commands that README shows."""


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a line, without its head."""
    _, found, below = page.read_text("utf-8").partition(heading + "\n")
    assert found, f"{page.name} has no line {heading!r}"
    lines = [line.strip() for line in below.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip() for cell in line.strip("|").split("|")])
    return cells


def first_words(page: Path, heading: str) -> list[str]:
    """The first word of each row, without its marks."""
    return [re.split(r"[^\w/.-]", row[0].lstrip("`"))[0] for row in rows(page, heading)]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def flags() -> set[str]:
    """Every long flag of the program and its commands."""
    spelled_out = {option for action in make_parser()._actions for option in action.option_strings}
    return {each for each in spelled_out if each.startswith("--")} | set(re.findall(r"--[a-z][\w.-]*", commands()))


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, tables in TABLES.items() for name in tables])
def test_a_table_says_what_the_code_says(page: Path, name: str) -> None:
    stands = between(page.read_text("utf-8"), name)
    assert stands == TABLES[page][name](), f"{page.name}: run `.venv/bin/python -m tests.docs.readme_tables`"


def test_every_reason_is_explained_once_and_in_order() -> None:
    assert first_words(README, "<!-- reasons:start -->") == list(REASONS)


def test_every_metric_is_in_the_table_once_and_in_order() -> None:
    assert first_words(README, "<!-- metrics:start -->") == list(FAMILIES)


def test_every_metric_that_is_named_exists() -> None:
    named = set(re.findall(r"\bexchange_[a-z_]+", README.read_text("utf-8")))
    assert named - set(FAMILIES) == set()


@pytest.mark.parametrize("heading", ["<!-- exchanges:start -->", "<!-- cost:start -->", "<!-- capacity:start -->"])
def test_a_table_has_every_exchange_and_no_other(heading: str) -> None:
    assert set(first_words(README, heading)) == set(EXCHANGES)


def test_the_permissions_are_told_for_every_exchange_and_no_other() -> None:
    told = first_words(
        README, "2. Create an API key that may only read, and bind it to the address that the exporter leaves from:"
    )
    assert sorted(name.lower() for name in told) == sorted(EXCHANGES)


def files_of(exchange: str) -> list[Path]:
    """An exchange's file, or the files of its folder."""
    place = ROOT / "exporter" / "exchanges"
    return sorted((place / exchange).glob("*.py")) or [place / f"{exchange}.py"]


def test_the_mapping_has_every_exchange_and_only_words_of_its_file() -> None:
    table = rows(README, "### From the exchange's words to ours")
    assert {row[0].split("`")[1] for row in table} == set(EXCHANGES)
    for head, *cells in table:
        source = "".join(file.read_text("utf-8") for file in files_of(head.split("`")[1]))
        words = [word for cell in cells for word in re.findall(r"`(\w+)`", cell)]
        assert words
        assert [word for word in words if f'"{word}"' not in source] == []


def test_the_paths_are_those_that_are_served() -> None:
    served = {"/", f"{ACCOUNT_PATH}NAME", Settings(config_file=Path()).telemetry_path, *OWN_PATHS}
    assert set(first_words(README, "## HTTP")) == served


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"(?:^ *|`)make ([a-z-]+)", text, re.MULTILINE))
    assert named or page == CHANGELOG
    assert named - makefile_targets() == set()


def test_every_make_target_that_is_offered_is_explained() -> None:
    told = set(re.findall(r"'make ([a-z-]+) ", (ROOT / "Makefile").read_text("utf-8")))
    assert told == makefile_targets() - {"help"}


def test_every_room_is_in_the_picture_with_the_rooms_that_it_may_import() -> None:
    assert [row[0] for row in rows(CONTRIBUTING, "<!-- rooms:start -->")] == [f"`{room}/`" for room in ROOMS]
    other = rooms({"core": (), "web": ("core", "holdings")})
    assert re.findall(r"^\| `(\w+)/` \|.*\| ([^|]+) \|$", other, re.MULTILINE) == [
        ("core", "no other room"),
        ("web", "core, holdings"),
    ]


def test_every_file_of_the_package_that_is_named_by_its_room_exists() -> None:
    prose = re.sub(r"<!-- files:start -->.*<!-- files:end -->", "", CONTRIBUTING.read_text("utf-8"), flags=re.DOTALL)
    named = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w/]+\.py)`", prose)
    assert named
    assert sorted(name for name in named if not (PACKAGE / name).exists()) == []


def named_files(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    yield from re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    yield from re.findall(r"(?<![\w/.-])(?:deploy|grafana|tests|exporter|\.ci)/[\w./-]*[\w/]", text)
    yield from re.findall(r"`([\w-]+\.(?:md|toml|txt)|config\.example\.yaml|Makefile)`", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = {name.replace("NAME", exchange) for name in named_files(page) for exchange in EXCHANGES}
    assert named or page == CHANGELOG
    assert sorted(name for name in named if not is_there(ROOT / name)) == []


def is_there(place: Path) -> bool:
    """Whether a file or folder is there; a file that has become a folder is."""
    return place.exists() or (place.suffix == ".py" and (place.with_suffix("") / "__init__.py").exists())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_flag_is_named_that_the_command_line_does_not_have(page: Path) -> None:
    prose = re.sub(r"<!-- \S+ -->|\|[ -]+(?=\|)", "", page.read_text("utf-8"))
    named = set(re.findall(r"(?<![\w-])--[a-z][\w.-]*\w", prose))
    assert named - flags() - OTHERS_FLAGS == set()


def test_no_command_is_shown_that_does_not_exist() -> None:
    shown = set(re.findall(r"bin/exchange-balance-exporter +([a-z]\S*)", README.read_text("utf-8")))
    assert shown
    assert shown <= set(re.findall(r"^\| `(\w+)` \|", commands(), re.MULTILINE))


def configurations() -> list[str]:
    return [text for text in blocks(README, "yaml") if re.search(r"^accounts:", text, re.MULTILINE)]


def loaded(text: str, folder: Path) -> Config:
    """A configuration of README, with the variables and secret files that it names in place."""
    environ = {name: f"{name}-of-test" for name in re.findall(r"_env: (\w+)", text)}
    environ["CREDENTIALS_DIRECTORY"] = str(folder)
    keys = folder / "keys" if '"keys/' in text else folder
    keys.mkdir(exist_ok=True)
    for account in re.findall(r"\bname: ([\w-]+)", text):
        for secret in ("key", "secret", "passphrase"):
            file = keys / f"{account}-{secret}"
            file.write_text(f"{account}-{secret}-of-test\n")
            file.chmod(0o600)
    file = folder / "config.yaml"
    file.write_text(text, "utf-8")
    return load(file, environ)


def test_readme_shows_a_minimal_and_a_typical_configuration_and_one_of_sub_accounts() -> None:
    assert len(configurations()) == 3


@pytest.mark.parametrize("text", configurations(), ids=["minimal", "sub-accounts", "typical"])
def test_a_configuration_in_the_readme_loads_without_a_warning(text: str, tmp_path: Path) -> None:
    config = loaded(text, tmp_path)
    assert config.accounts
    assert config.warnings == ()


def test_what_the_typical_configuration_says_of_merging_holds(tmp_path: Path) -> None:
    config = loaded(configurations()[2], tmp_path)
    (grid,) = [account for account in config.accounts if account.name == "grid-1"]
    (threshold,) = grid.thresholds
    assert (threshold.warning, threshold.critical, threshold.target) == (Decimal(5000), Decimal(2000), Decimal(10000))
    assert grid.labels == {"team": "grid"}


def test_sub_accounts_are_three_lines_each_with_a_key_of_its_own(tmp_path: Path) -> None:
    text = configurations()[1]
    assert len(text.strip().splitlines()) == 3
    accounts = {account.name: account for account in loaded(text, tmp_path).accounts}
    assert accounts["grid-2"].credentials.api_key.reveal() == "grid-2-key-of-test"
    assert accounts["grid-2"].wallets == ("all",)
    assert accounts["treasury"].wallets is None


def test_the_defaults_that_are_told_are_the_defaults(tmp_path: Path) -> None:
    text, config = README.read_text("utf-8"), loaded(configurations()[0], tmp_path)
    (account,) = config.accounts
    assert f"`interval` {spelled(account.interval)}, `timeout` the smaller of {spelled(account.timeout)}" in text
    assert f"`stale_after` the larger of {spelled(account.stale_after)}" in text
    assert f"`valuation.interval` ({spelled(config.valuation.interval)})" in text
    (share,) = set(config.rate_share.values())
    assert f"`rate_share` ({share:g})" in text


def test_the_scrape_configuration_meets_the_default_address() -> None:
    (found,) = [text for text in blocks(README, "yaml") if "scrape_configs:" in text]
    document: Any = yaml.safe_load(found)
    (job,) = document["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    assert target.partition(":")[2] == str(listen_address(LISTEN_ADDRESS).port)
    assert f"http://{LISTEN_ADDRESS}/" in README.read_text("utf-8")


def test_the_table_of_the_benchmarks_has_its_place() -> None:
    text = README.read_text("utf-8")
    assert text.count("<!-- bench:start -->") == text.count("<!-- bench:end -->") == 1
    assert text.index("## Speed") < text.index("<!-- bench:start -->") < text.index("<!-- bench:end -->")


def test_the_changelog_tells_of_the_version_that_this_is() -> None:
    found = re.search(r"^## \[(?:Unreleased|[\d.]+)\] - ([\d.]+)?", CHANGELOG.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == exporter.__version__


def test_no_page_names_a_place_on_somebodys_machine() -> None:
    for page in PAGES:
        assert re.findall(r"(?<![\w.])/(?:root|home|work|tmp|Users)/\S*", page.read_text("utf-8")) == []
