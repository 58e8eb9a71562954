"""Exchanges that are read through ccxt, in the configuration: by name, if they are in the table and ccxt is there."""

import re
from pathlib import Path

import pytest

from exporter.config.load import load
from exporter.core.errors import ConfigError
from exporter.exchanges import EXCHANGES
from exporter.exchanges.ccxt import loading

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def write(
    folder: Path, exchange: str, more: str = "", credentials: str = "api_key: aaaa1111, secret: bbbb2222"
) -> Path:
    path = folder / "config.yaml"
    path.touch(mode=0o600)
    path.write_text(
        f"{more}\naccounts:\n  - name: desk\n    exchange: {exchange}\n    credentials: {{{credentials}}}\n"
    )
    return path


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "installed", lambda: "4.5.90")
    monkeypatch.setattr(EXCHANGES, "_found", {})  # what is found is kept


def mistake(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    (sentence,) = caught.value.mistakes
    return sentence.removeprefix(f"{path}:")


@pytest.mark.usefixtures("there")
def test_an_exchange_of_the_table_is_configured_like_any_other(tmp_path: Path) -> None:
    config = load(write(tmp_path, "ccxt/kraken", "rate_share: 0.25"), {})
    assert config.accounts[0].exchange == "ccxt/kraken"
    assert config.rate_share["ccxt/kraken"] == 0.25


@pytest.mark.usefixtures("there")
def test_a_share_may_be_given_to_one_of_them(tmp_path: Path) -> None:
    config = load(write(tmp_path, "ccxt/kraken", "rate_share: {ccxt/kraken: 0.1}"), {})
    assert (config.rate_share["ccxt/kraken"], config.rate_share["bitget"]) == (0.1, 0.5)


def test_without_ccxt_a_sentence_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "installed", lambda: None)
    monkeypatch.setattr(EXCHANGES, "_found", {})
    assert mistake(write(tmp_path, "ccxt/kraken")) == (
        '4: accounts[0].exchange: "ccxt/kraken" needs ccxt, which is not installed: '
        "pip install 'exchange-balance-exporter[ccxt]'"
    )


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("exchange", "says"),
    [
        ("ccxt/aster", 'the table of what may be asked through ccxt has no "aster"; there are binanceus, '),
        ("ccxt/krakn", 'did you mean "kraken"?'),
        ("ccxt/bitget", "bitget is read without ccxt, which tells more; write bitget"),
        ("ccxt/huobi", "htx is read without ccxt, which tells more; write htx"),
        ("kraken", "write ccxt/kraken"),
    ],
)
def test_another_name_is_refused_with_the_next_step(tmp_path: Path, exchange: str, says: str) -> None:
    assert says in mistake(write(tmp_path, exchange))


@pytest.mark.usefixtures("there")
def test_what_is_not_in_the_table_is_told_how_to_get_there(tmp_path: Path) -> None:
    told = mistake(write(tmp_path, "ccxt/aster"))
    heading = re.search(r'CONTRIBUTING.md, "([^"]+)"', told)
    assert heading is not None
    assert f"## {heading[1]}\n" in (EXAMPLE.parent / "CONTRIBUTING.md").read_text("utf-8")


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("exchange", "credentials", "says"),
    [
        ("ccxt/kucoin", "api_key: aaaa1111, secret: bbbb2222", "ccxt/kucoin needs passphrase, and it is missing"),
        ("ccxt/kraken", "api_key: aaaa1111", "ccxt/kraken needs secret, and it is missing"),
        (
            "ccxt/kraken",
            "api_key: aaaa1111, secret: bbbb2222, passphrase: cccc3333",
            "ccxt/kraken does not use this; take it out",
        ),
    ],
)
def test_credentials_are_those_that_the_exchange_asks_for(
    tmp_path: Path, exchange: str, credentials: str, says: str
) -> None:
    assert says in mistake(write(tmp_path, exchange, credentials=credentials))


@pytest.mark.usefixtures("there")
def test_a_private_key_of_several_lines_may_stand_in_a_secret_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.touch(mode=0o600)
    file.write_text("-----BEGIN EC PRIVATE KEY-----\r\nMHcCAQEE\r\nIMkkeyG2\r\n-----END EC PRIVATE KEY-----\r\n")
    config = load(write(tmp_path, "ccxt/coinbase", credentials="api_key: aaaa1111, secret_file: key.pem"), {})
    secret = config.accounts[0].credentials.secret.reveal()
    assert secret == r"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nIMkkeyG2\n-----END EC PRIVATE KEY-----"


@pytest.mark.usefixtures("there")
def test_the_commented_example_of_an_exchange_through_ccxt_loads(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if "exchange: ccxt/" in line) - 1
    account = []
    for line in lines[start:]:
        if not re.match(r"  #  ? ?[-\w ]", line):
            break
        account.append(re.sub(r"^  # ", "  ", line))
    path = tmp_path / "config.yaml"
    path.write_text("accounts:\n" + "\n".join(account) + "\n")
    names = re.findall(r"(\w+)_env: (\w+)", "\n".join(account))
    config = load(path, {variable: f"{name}-11112222" for name, variable in names})
    assert config.accounts[0].exchange.startswith("ccxt/")
