"""Limits on what several accounts hold together: over which accounts each is, and what is warned about."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from exporter.config import Config, Total
from tests.config.test_show import Written

ACCOUNTS = """
accounts:
  - {name: treasury, exchange: htx, credentials: {api_key: one1, secret: a}, labels: {team: mm}}
  - {name: grid-1, exchange: xt, credentials: {api_key: two2, secret: a}, labels: {team: grid, bot: ""}}
  - {name: grid-2, exchange: bitmart, credentials: {api_key: three}, labels: {team: grid, bot: a}}
"""


@pytest.fixture
def totals(written: Written) -> Callable[[str], tuple[Total, ...]]:
    return lambda entry: written(f"totals: [{entry}]{ACCOUNTS}").totals


@pytest.fixture
def warned(written: Written) -> Callable[..., list[str]]:
    """What is warned about, without the name of the file."""

    def found(entry: str, more: str = "", accounts: str = ACCOUNTS) -> list[str]:
        config: Config = written(f"totals: [{entry}]\n{more}{accounts}")
        return [each.partition(".yaml:")[2] for each in config.warnings]

    return found


@pytest.mark.parametrize(
    ("match", "over"),
    [
        ("", {"treasury", "grid-1", "grid-2"}),
        ("match: null,", {"treasury", "grid-1", "grid-2"}),
        ("match: {account: 'grid-*'},", {"grid-1", "grid-2"}),
        ("match: {account: [treasury, '*-2']},", {"treasury", "grid-2"}),
        ("match: {exchange: [huobi, 'bit*']},", {"treasury", "grid-2"}),
        ("match: {label: {team: grid}},", {"grid-1", "grid-2"}),
        ("match: {label: {team: [m*, other]}},", {"treasury"}),
        ("match: {label: {team: grid, bot: '*'}},", {"grid-2"}),
        ("match: {label: {bot: '*'}},", {"grid-2"}),
        ("match: {account: 'grid-*', exchange: xt, label: {team: grid}},", {"grid-1"}),
        ("match: {account: nobody},", set()),
    ],
)
def test_a_total_is_over_the_accounts_that_match_everything_that_is_asked_for(
    totals: Callable[[str], tuple[Total, ...]], match: str, over: set[str]
) -> None:
    (total,) = totals(f"{{name: some, {match} currency: BTC, warning: 1}}")
    assert total.accounts == over


def test_labels_that_rules_give_count(written: Written) -> None:
    rule = "rules: [{match: {exchange: htx}, labels: {desk: one}}]\n"
    text = rule + "totals: [{name: some, match: {label: {desk: one}}, usd: {warning: 1}}]" + ACCOUNTS
    assert written(text).totals[0].accounts == {"treasury"}


def test_currencies_are_upper_case_and_amounts_exact(totals: Callable[[str], tuple[Total, ...]]) -> None:
    amount, value = totals(
        "{name: firm, currency: usdt, warning: 0.10000000000000000000000001, target: 1e2, critical: null}, "
        "{name: firm, usd: {critical: 7}}"
    )
    assert (amount.name, amount.currency) == ("firm", "USDT")
    assert amount.amounts == {"warning": Decimal("0.10000000000000000000000001"), "target": Decimal(100)}
    assert (value.name, value.currency, value.amounts) == ("firm", "", {"critical": Decimal(7)})


def test_a_total_that_no_account_matches_is_warned_about(warned: Callable[..., list[str]]) -> None:
    assert warned("{name: firm, match: {account: nobody}, currency: BTC, warning: 1}") == [
        "1: totals[0].match: matches no account, so this total has no value and its limits do nothing"
    ]
    (near,) = warned("{name: firm, match: {label: {taem: grid}}, currency: BTC, warning: 1}")
    assert near.endswith('its limits do nothing; did you mean "team"?')


def test_a_currency_that_an_account_leaves_out_is_warned_about(warned: Callable[..., list[str]]) -> None:
    entry = "{name: firm, currency: BTC, warning: 1}, {name: firm, usd: {warning: 1}}"
    assert warned(entry) == []
    without = "defaults: {currencies: {exclude: [B*]}}"
    assert warned(entry, without) == [
        '1: totals[0].currency: does not count in account "treasury" and 2 more: `currencies` there leave BTC out'
    ]
    expected = ACCOUNTS.replace("secret: a}", "secret: a}, expect: [BTC]")
    assert warned(entry, without, expected) == [
        '1: totals[0].currency: does not count in account "grid-2": `currencies` there leave BTC out'
    ]


def test_limits_in_usd_without_valuation_are_warned_about(warned: Callable[..., list[str]]) -> None:
    entry = "{name: firm, currency: BTC, warning: 1}, {name: firm, usd: {warning: 1}}"
    assert warned(entry, "valuation: {enabled: false}") == [
        "1: totals[1].usd: limits in USD do nothing while valuation is off"
    ]


def test_every_mistake_in_totals_is_told_beside_those_of_accounts(mistakes: Callable[[str], list[str]]) -> None:
    text = "totals:\n  - {name: a, currency: A}\n  - {name: b, usd: {warnin: 1}}\naccounts: [{name: a, exchange: x}]"
    assert [each.partition(": ")[0] for each in mistakes(text)] == ["config.yaml:2", "config.yaml:3", "config.yaml:4"]
