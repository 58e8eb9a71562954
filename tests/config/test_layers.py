"""Defaults, rules, accounts and account files: who decides."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.config import Account, Config, Threshold
from exporter.config.load import load
from exporter.exchanges import EXCHANGES

Written = Callable[[str], Config]
Mistaken = Callable[[str], list[str]]

BITMART = "{name: a, exchange: bitmart, credentials: {api_key_env: KEY}"


@pytest.fixture
def layers(good: Path, environ: dict[str, str]) -> dict[str, Account]:
    return {account.name: account for account in load(good / "layers.yaml", environ).accounts}


def test_the_account_wins_over_rules_and_later_rules_over_earlier(layers: dict[str, Account]) -> None:
    assert {name: account.interval for name, account in layers.items()} == {"plain": 60, "grid_2": 10, "grid_3": 30}


def test_mappings_merge_by_key_and_null_takes_back(layers: dict[str, Account]) -> None:
    assert layers["plain"].labels == {"team": "treasury", "floor": "3"}
    assert layers["grid_2"].labels == {"team": "grid"}
    assert layers["grid_2"].usd == {"critical": Decimal(10)}


def test_lists_replace(layers: dict[str, Account]) -> None:
    assert layers["plain"].expect == ("USDT", "BTC")
    assert layers["grid_2"].expect == ("ETH",)


def test_thresholds_merge_by_currency_wallet_and_of(layers: dict[str, Account]) -> None:
    assert layers["plain"].thresholds == (
        Threshold("USDT", warning=Decimal(500), critical=Decimal(100)),
        Threshold("BTC", of="available", critical=Decimal(1)),
    )
    assert layers["grid_2"].thresholds == (Threshold("USDT", critical=Decimal(200), target=Decimal(5000)),)


def test_null_drops_every_inherited_threshold(layers: dict[str, Account]) -> None:
    assert layers["grid_3"].thresholds == ()


def test_an_own_secret_replaces_an_inherited_one_of_another_spelling(layers: dict[str, Account], good: Path) -> None:
    assert layers["grid_2"].credentials.secret.reveal() == "own"
    assert layers["grid_2"].secret_files == {}
    assert layers["grid_3"].credentials.secret.reveal() == "shared-secret"
    assert layers["grid_3"].secret_files == {"secret": good / "secrets/shared"}


def test_account_in_braces_is_the_name_of_the_account(layers: dict[str, Account]) -> None:
    assert layers["grid_2"].credentials.api_key.reveal() == "key-of-grid-2"


def test_inherited_keys_of_other_exchanges_are_left_alone(layers: dict[str, Account]) -> None:
    assert not layers["plain"].credentials.secret
    assert layers["plain"].options == {}
    assert layers["grid_2"].options == {"mode": "classic"}


def test_a_rule_needs_all_its_patterns_to_match(layers: dict[str, Account]) -> None:
    assert {name: account.max_currencies for name, account in layers.items()} == {
        "plain": 9,
        "grid_2": 9,
        "grid_3": 500,
    }


def test_huobi_means_htx(layers: dict[str, Account]) -> None:
    assert layers["grid_3"].exchange == "htx"


def test_account_files_are_read_in_order_with_secrets_from_their_own_directory(
    good: Path, environ: dict[str, str]
) -> None:
    config = load(good / "account-files.yaml", environ)
    assert [account.name for account in config.accounts] == ["first", "second", "third"]
    assert config.accounts[0].credentials.api_key.reveal() == "shared-secret"
    assert config.accounts[2].labels == {"desk": "a"}
    assert config.label_names == ("desk",)


def test_a_pattern_without_files_is_warned_about(good: Path, environ: dict[str, str]) -> None:
    warnings = load(good / "account-files.yaml", environ).warnings
    expected = 'account_files[1]: no file matches "nothing.d/*.yaml", so no account comes from it'
    assert [each for each in warnings if "nothing.d" in each] == [f"{good}/account-files.yaml:1: {expected}"]


def test_a_rule_that_matches_nobody_is_warned_about(written: Written) -> None:
    config = written(f"rules: [{{match: {{account: nobody}}, interval: 1m}}]\naccounts: [{BITMART}}}]\n")
    assert len(config.warnings) == 1
    assert config.warnings[0].endswith("config.yaml:1: rules[0].match: matches no account, so this rule does nothing")


def test_what_is_left_out_has_its_default(good: Path, environ: dict[str, str]) -> None:
    config = load(good / "minimal.yaml", environ)
    account = config.accounts[0]
    assert (account.interval, account.timeout, account.stale_after) == (30, 10, 600)
    assert (account.wallets, account.include, account.exclude) == (None, ("*",), ())
    assert (account.min_usd, account.max_currencies, account.shard_key) == (Decimal(0), 500, "")
    assert config.rate_share == dict.fromkeys(EXCHANGES, 0.5)
    assert config.valuation.pegs == {"USD": 1, "USDT": 1, "USDC": 1}
    assert (config.valuation.enabled, config.valuation.interval, config.valuation.also) == (True, 60, ())


@pytest.mark.parametrize(("interval", "timeout", "stale_after"), [("5s", 4, 600), ("5m", 10, 1500)])
def test_timeout_and_stale_after_follow_the_interval(
    written: Written, interval: str, timeout: float, stale_after: float
) -> None:
    account = written(f"accounts: [{BITMART}, interval: {interval}}}]\n").accounts[0]
    assert (account.timeout, account.stale_after) == (timeout, stale_after)


def test_stale_after_may_be_zero(written: Written) -> None:
    assert written(f"accounts: [{BITMART}, stale_after: 0}}]\n").accounts[0].stale_after == 0


def test_the_main_wallet_has_one_name_whatever_it_is_called(good: Path, environ: dict[str, str]) -> None:
    auto, _ = load(good / "wallets.yaml", environ).accounts
    assert auto.wallets == ("main", "funding")
    assert [each.wallet for each in auto.thresholds] == ["main", "funding"]


def test_thresholds_may_watch_wallets_that_only_the_exchange_knows(good: Path, environ: dict[str, str]) -> None:
    _, listed = load(good / "wallets.yaml", environ).accounts
    assert [each.wallet for each in listed.thresholds] == ["isolated_margin/BTCUSDT"]


def test_a_share_may_be_given_by_exchange(written: Written) -> None:
    share = written(f"rate_share: {{huobi: 0.1, xt: 1}}\naccounts: [{BITMART}}}]\n").rate_share
    assert (share["htx"], share["xt"], share["bitget"]) == (0.1, 1.0, 0.5)


def test_a_peg_can_be_added_and_taken_away(written: Written) -> None:
    pegs = written(f"valuation: {{pegs: {{usdc: null, dai: 0.99}}}}\naccounts: [{BITMART}}}]\n").valuation.pegs
    assert pegs == {"USD": 1, "USDT": 1, "DAI": Decimal("0.99")}


def test_a_base_url_map_keeps_the_hosts_of_the_exchange(written: Written) -> None:
    hosts = '{api-cloud.bitmart.com: "http://127.0.0.1:9", api.bitget.com: "https://[::1]:9/"}'
    accounts = written(f"defaults: {{base_url: {hosts}}}\naccounts: [{BITMART}}}]\n").accounts
    assert accounts[0].base_url == {"api-cloud.bitmart.com": "http://127.0.0.1:9"}


def test_a_mistake_in_the_defaults_is_told_once(mistakes: Mistaken) -> None:
    two = f"{BITMART}}}, {{name: b, exchange: bitmart, credentials: {{api_key_env: KEY2}}}}"
    assert mistakes(f"defaults: {{timeout: never}}\naccounts: [{two}]\n") == [
        'config.yaml:1: defaults.timeout: "never" is no duration; write one like 500ms, 10s, 5m or 1h'
    ]


def test_a_value_with_a_mistake_draws_no_second_sentence(mistakes: Mistaken) -> None:
    assert len(mistakes(f"accounts: [{BITMART}, interval: 1x, stale_after: 20s, timeout: 15s}}]\n")) == 1


BITGET = "{name: a, exchange: bitget, credentials: {api_key_env: KEY, secret_env: SECRET, passphrase_env: PASSPHRASE}"


@pytest.mark.parametrize("mode", ["auto", "classic", "unified"])
def test_a_wallet_of_another_mode_may_be_named(written: Written, mode: str) -> None:
    text = f"accounts: [{BITGET}, options: {{mode: {mode}}}, wallets: [main, futures, earn]}}]"
    assert written(text).accounts[0].wallets == ("main", "futures", "earn")


def test_a_limit_on_a_wallet_of_another_mode_would_never_fire(mistakes: Mistaken) -> None:
    limit = "thresholds: [{currency: BTC, wallet: futures, critical: 1}]"
    (mistake,) = mistakes(f"accounts: [{BITGET}, options: {{mode: unified}}, wallets: [main, futures], {limit}}}]")
    assert "another mode" in mistake


def test_a_wallet_of_no_mode_is_refused_in_each(mistakes: Mistaken) -> None:
    (mistake,) = mistakes(f"accounts: [{BITGET}, options: {{mode: unified}}, wallets: [main, overviews]}}]")
    assert 'no wallet "overviews"' in mistake


def test_all_wallets_may_be_asked_for_beside_named_ones(written: Written) -> None:
    account = written(f"accounts: [{BITGET}, wallets: [all, spot, funding]}}]").accounts[0]
    assert account.wallets == ("all", "main", "funding")


@pytest.mark.parametrize("mode", ["auto", "unified"])
def test_with_all_wallets_each_that_the_exchange_has_may_have_a_limit(written: Written, mode: str) -> None:
    limit = "thresholds: [{currency: BTC, wallet: funding, critical: 1}]"
    account = written(f"accounts: [{BITGET}, options: {{mode: {mode}}}, wallets: [all], {limit}}}]").accounts[0]
    assert account.thresholds[0].wallet == "funding"


@pytest.mark.parametrize(
    ("wallet", "words"),
    [("all", "all is no wallet"), ("fundings", "is not read"), ("overview", "exchange's own value")],
)
def test_a_limit_needs_a_wallet_also_where_all_are_read(mistakes: Mistaken, wallet: str, words: str) -> None:
    limit = f"thresholds: [{{currency: BTC, wallet: {wallet}, critical: 1}}]"
    (mistake,) = mistakes(f"accounts: [{BITGET}, wallets: [all], {limit}}}]")
    assert words in mistake


@pytest.fixture
def with_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """BitMart and classic accounts of Bitget have a group of wallets that one answer tells of."""
    for name, mode in (("bitmart", ""), ("bitget", "classic")):
        exchange = EXCHANGES[name]
        api = exchange.apis[mode]
        pairs = replace(api.wallets["spot"], many=True)
        grouped = replace(api, wallets={**api.wallets, "isolated_margin": pairs})
        other = replace(exchange, apis={**exchange.apis, mode: grouped})
        monkeypatch.setattr(f"exporter.exchanges.{name}.EXCHANGE", other)


@pytest.mark.usefixtures("with_pairs")
@pytest.mark.parametrize(
    ("named", "limited"),
    [
        ("isolated_margin", "isolated_margin"),
        ("isolated_margin", "isolated_margin/BTCUSDT"),
        ("isolated_margin/btcusdt", "isolated_margin/BTCUSDT"),
        ("isolated_margin/BTCUSDT", "isolated_margin"),
        ("all", "isolated_margin/BTCUSDT"),
    ],
)
def test_a_group_of_wallets_and_each_of_them_may_be_named(written: Written, named: str, limited: str) -> None:
    limit = f"thresholds: [{{currency: BTC, wallet: {limited}, critical: 1}}]"
    account = written(f"accounts: [{BITMART}, wallets: [main, {named}], {limit}}}]").accounts[0]
    assert account.thresholds[0].wallet == limited


@pytest.mark.usefixtures("with_pairs")
def test_a_pair_that_is_not_among_the_named_ones_is_not_read(mistakes: Mistaken) -> None:
    limit = "thresholds: [{currency: BTC, wallet: isolated_margin/ETHUSDT, critical: 1}]"
    (mistake,) = mistakes(f"accounts: [{BITMART}, wallets: [isolated_margin/BTCUSDT], {limit}}}]")
    assert "is not read" in mistake


@pytest.mark.usefixtures("with_pairs")
def test_a_pair_of_another_mode_may_be_named_and_not_limited(written: Written, mistakes: Mistaken) -> None:
    text = f"accounts: [{BITGET}, options: {{mode: unified}}, wallets: [main, isolated_margin/BTCUSDT]"
    assert written(f"{text}}}]").accounts[0].wallets == ("main", "isolated_margin/BTCUSDT")
    limit = "thresholds: [{currency: BTC, wallet: isolated_margin/BTCUSDT, critical: 1}]"
    (mistake,) = mistakes(f"{text}, {limit}}}]")
    assert "another mode" in mistake


def test_a_pair_of_an_exchange_without_pairs_is_refused(mistakes: Mistaken) -> None:
    text = "{name: a, exchange: bingx, credentials: {api_key_env: KEY, secret_env: SECRET}"
    (mistake,) = mistakes(f"accounts: [{text}, wallets: [main, isolated_margin/BTCUSDT]}}]")
    assert "no wallet" in mistake
