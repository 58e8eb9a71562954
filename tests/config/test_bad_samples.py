"""Every mistake has a sample file named after it, and beside it the sentences that it gets.

`{exchanges}` in a sentence stands for the list of all exchanges.
"""

from pathlib import Path

import pytest

from exporter.config.load import load
from exporter.core.errors import ConfigError
from exporter.exchanges import EXCHANGES

SAMPLES = sorted(each.stem for each in (Path(__file__).parent / "bad").glob("*.yaml"))


def every_exchange() -> str:
    *names, last = sorted(EXCHANGES)
    return f"{', '.join(names)} and {last}"


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_mistake_gets_its_sentence(
    sample: str, bad: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bad)
    with pytest.raises(ConfigError) as error:
        load(Path(f"{sample}.yaml"), environ)
    expected = (bad / f"{sample}.txt").read_text().replace("{exchanges}", every_exchange())
    assert list(error.value.mistakes) == expected.splitlines()


def test_every_sentence_belongs_to_a_sample() -> None:
    directory = Path(__file__).parent / "bad"
    assert {each.stem for each in directory.glob("*.txt")} == set(SAMPLES)


def test_no_sentence_quotes_what_stands_under_credentials() -> None:
    directory = Path(__file__).parent / "bad"
    sentences = "".join(each.read_text() for each in directory.glob("*.txt"))
    assert "MARKER" not in sentences
    assert not any(value in sentences for value in ("NOT_THERE", "9-lives", "files/none", "files/{"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file; name the configuration with"):
        load(tmp_path / "none.yaml", {})


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"accounts:\n  - name: \xff\n")
    with pytest.raises(ConfigError, match=r"config\.yaml:2: not UTF-8"):
        load(file, {})


def test_a_byte_order_mark_is_no_mistake(good: Path, environ: dict[str, str]) -> None:
    file = good / "minimal.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load(file, environ).accounts[0].name == "treasury"
