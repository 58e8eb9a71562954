"""What the dashboards' queries answer on known series, worked out by Prometheus's rule tester with the rules loaded."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.boards.account import MARGIN_LIMITS
from grafana.pictures.queries import fill, panels
from tests.grafana.queries import ROOT, dashboards
from tests.kit.processes import require

pytestmark = pytest.mark.servers

DESK = 'exchange="xt",account="desk",wallet="spot",currency="BTC"'
WALLET = 'exchange="xt",account="desk",wallet="spot"'
HOURS_25 = 1500  # minutes, one sample each
RECORDING = ROOT / "deploy" / "prometheus" / "rules" / "recording.yml"


CHOICES: tuple[dict[str, str], ...] = (
    {},
    {"$account": "desk|main"},
    {"$job": "exporter"},
    {"$currency": "BTC"},
    {"$rows": "0"},
)
"""What is chosen above a dashboard: everything, one thing by name, or all rows; the answers have to be the same."""


def _expr(panel: str, ref: str = "A", dashboard: str = "treasury.json") -> tuple[str, ...]:
    """A query of a panel, once for each of the choices."""
    found = next(item for item in panels(dashboards()[dashboard]) if item["title"] == panel)
    expr: str = next(target["expr"] for target in found["targets"] if target["refId"] == ref)
    filled = []
    for choice in CHOICES:
        chosen = expr
        for variable, value in choice.items():
            chosen = chosen.replace(variable, value)
        filled.append(fill(chosen))
    return tuple(filled)


def _answers(
    tmp_path: Path, series: dict[str, str], minute: int, expected: dict[tuple[str, ...], dict[str, float]]
) -> None:
    """Demand that expressions answer so at a minute; `expected` has label sets and values by expressions."""
    promtool = require("promtool")
    asked: list[dict[str, Any]] = [
        {
            "expr": expr,
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
        }
        for choices, samples in expected.items()
        for expr in choices
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    group = {"interval": "1m", "input_series": inputs, "promql_expr_test": asked}
    path = tmp_path / "test.yml"
    groups = [group["name"] for group in yaml.safe_load(RECORDING.read_text(encoding="utf-8"))["groups"]]
    test = {"evaluation_interval": "1m", "rule_files": [str(RECORDING)], "group_eval_order": groups, "tests": [group]}
    path.write_text(yaml.safe_dump(test), encoding="utf-8")
    ran = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _at(instance: str, family: str, labels: str) -> str:
    return f'{family}{{job="exporter",instance="{instance}",{labels}}}'


def _account(instance: str, usd: str, fresh: str, name: str = "desk") -> dict[str, str]:
    """One account with one coin: the values of its USD family and whether its wallet is fresh."""
    return {
        _at(instance, "exchange_balance_usd", DESK.replace("desk", name)): usd,
        **_wallet(instance, fresh, name),
    }


def _wallet(instance: str, fresh: str, name: str = "desk") -> dict[str, str]:
    """A wallet's state; it was read a minute after the beginning."""
    labels = WALLET.replace("desk", name)
    read = " ".join(re.sub("^[01]", "60", values) for values in fresh.split())
    return {
        _at(instance, "exchange_wallet_fresh", labels): fresh,
        _at(instance, "exchange_wallet_last_success_timestamp_seconds", labels): read,
    }


def test_an_account_on_two_exporters_counts_once(tmp_path: Path) -> None:
    series = _account("a", "100x20", "1x20") | _account("b", "100x20", "1x20")
    _answers(
        tmp_path,
        series,
        10,
        {
            _expr("Total, as last known"): {"{}": 100},
            _expr("By exchange"): {'{exchange="xt"}': 100},
            _expr("Wallets", "A"): {"{}": 1},
            _expr("Wallets", "B"): {"{}": 1},
        },
    )


def test_an_account_that_moved_counts_with_the_exporter_that_has_it_now(tmp_path: Path) -> None:
    series = _account("a", "900x9 stale", "1x9 stale") | _account("b", "_x10 100x50", "_x10 1x50")
    _answers(tmp_path, series, 40, {_expr("Total, as last known"): {"{}": 100}, _expr("Of that fresh"): {"{}": 1}})


def test_an_account_that_moved_and_failed_is_remembered_from_the_later_exporter(tmp_path: Path) -> None:
    series = _account("a", "900x9 stale", "1x9 stale") | _account("b", "_x10 100x20 stale", "_x10 1x20 0x40")
    _answers(tmp_path, series, 60, {_expr("Total, as last known"): {"{}": 100}})


@pytest.mark.parametrize("minute", [10, 60])
def test_what_is_withdrawn_is_remembered_and_at_once_shown_as_not_fresh(tmp_path: Path, minute: int) -> None:
    series = _account("a", "300x9 stale", "1x9 0x60") | _account("a", "100x60", "1x60", "main")
    _answers(
        tmp_path,
        series,
        minute,
        {
            _expr("Total, as last known"): {"{}": 400},
            _expr("Of that fresh"): {"{}": 0.25},
            _expr("By exchange", "A"): {'{exchange="xt"}': 100},
            _expr("By exchange", "B"): {'{exchange="xt"}': 300},
            _expr("By exchange over time", "B"): {"{}": 300},
        },
    )


def test_an_account_that_is_renamed_counts_once(tmp_path: Path) -> None:
    series = _account("a", "100x9 stale", "1x9 stale") | _account("a", "_x10 100x50", "_x10 1x50", "main")
    for name, value in (("exchange_exporter_shards", 1), ("exchange_exporter_shard_ordinal", 0)):
        series[f'{name}{{job="exporter",instance="a"}}'] = f"{value}x60"
    for minute in (10, 12, 20, 50):
        # A choice by name is worked out from what was scraped within three minutes.
        exact = slice(None) if minute > 12 else slice(1)
        _answers(
            tmp_path,
            series,
            minute,
            {
                _expr("Total, as last known")[exact]: {"{}": 100},
                _expr("By account")[exact]: {'{account="main", exchange="xt"}': 100},
                _expr("By exchange", "B"): {},
            },
        )


def test_an_exporter_that_is_down_leaves_what_was_last_known(tmp_path: Path) -> None:
    series = _account("a", "100x9 stale", "1x9 stale")
    _answers(tmp_path, series, 60, {_expr("Total, as last known"): {"{}": 100}, _expr("By exchange", "A"): {}})


def test_the_biggest_moves_are_split_into_flow_and_price(tmp_path: Path) -> None:
    series = _a_day(f"2x1439 3x{HOURS_25}", f"200x1439 360x{HOURS_25}")
    row = '{account="desk", currency="BTC", exchange="xt"}'
    moves = {ref: _expr("Biggest moves in 24 h", ref) for ref in "ABCDE"}
    expected = {"A": 160.0, "B": 160.0, "C": 120.0, "D": 40.0, "E": 1.0}
    _answers(tmp_path, series, 1460, {moves[ref]: {row: value} for ref, value in expected.items()})


def test_what_lost_its_price_has_not_moved(tmp_path: Path) -> None:
    series = _a_day(f"2x{HOURS_25}", "200x1439 stale")
    _answers(tmp_path, series, 1460, {_expr("Biggest moves in 24 h", ref): {} for ref in "ABCDE"})


def test_what_was_not_read_for_over_a_day_has_not_moved(tmp_path: Path) -> None:
    series = {
        name.replace("desk", "main"): values for name, values in _a_day("2x1500", f"200x{HOURS_25}").items()
    }  # so that the currency still has a value
    series |= _a_day("2x60 stale", "200x60 stale") | _wallet("a", f"1x60 0x{HOURS_25}")
    _answers(tmp_path, series, 1475, {_expr("Biggest moves in 24 h", "A")[:1]: {}})


def test_a_wallet_that_is_younger_than_a_day_has_moved_since_an_hour_ago(tmp_path: Path) -> None:
    series = _a_day("2x80 3x100", "200x80 360x100")
    row = '{account="desk", currency="BTC", exchange="xt"}'
    for minute, moved in ((130, {row: 160.0}), (170, {})):
        _answers(tmp_path, series, minute, {_expr("Biggest moves in 24 h", ref)[:1]: moved for ref in "AB"})


def test_what_has_not_moved_by_a_cent_is_no_move(tmp_path: Path) -> None:
    for usd in ("200x60", "200x29 200.004x31"):
        series = _a_day("2x60", usd) | _wallet("a", "1x60")
        _answers(tmp_path, series, 45, {_expr("Biggest moves in 24 h", ref): {} for ref in "ABCDE"})


def test_a_total_adds_up_shards_and_is_absent_while_one_of_them_is(tmp_path: Path) -> None:
    series = {}
    for instance, shard, values in (("a", "0", "600x20"), ("b", "0", "600x20"), ("c", "1", "300x9 stale")):
        labels = f'total="firm",shard="{shard}"'
        series[_at(instance, "exchange_total_net", f'{labels},currency="BTC"')] = values
        series[_at(instance, "exchange_total_usd", labels)] = values
        series[f'exchange_exporter_shards{{job="exporter",instance="{instance}"}}'] = "2x20"
        for severity, limit in (("warning", 1200), ("critical", 500)):
            limits = f'total="firm",of="net",severity="{severity}",currency="BTC"'
            series[_at(instance, "exchange_total_threshold", limits)] = f"{limit}x20"
    net, usd = '{currency="BTC", of="net", total="firm"}', '{of="usd", total="firm"}'
    panel = "Totals and their limits"
    together, distance, critical, warning = (_expr(panel, ref) for ref in "ABCD")
    known = {together: {net: 900.0, usd: 900.0}, distance: {net: -0.25}}
    _answers(tmp_path, series, 9, {**known, critical: {net: 500.0}, warning: {net: 1200.0}})
    _answers(tmp_path, series, 15, {together: {}, distance: {}})


def test_a_missed_scrape_changes_nothing(tmp_path: Path) -> None:
    series = _account("a", "100x9 stale 100x20", "1x9 stale 1x20")
    _answers(tmp_path, series, 10, {_expr("Total, as last known"): {"{}": 100}, _expr("Of that fresh"): {"{}": 1}})


def test_a_balance_of_zero_is_a_row(tmp_path: Path) -> None:
    series = _account("a", "5x5 0x20", "1x25") | {_at("a", "exchange_balance_net", DESK): "5x5 0x20"}
    labels = '{account="desk", currency="BTC", exchange="xt", wallet="spot"}'
    _answers(tmp_path, series, 20, {_expr("Holdings", "A"): {labels: 0}, _expr("Holdings", "B"): {labels: 0}})


@pytest.mark.parametrize("choice", CHOICES[:3])
def test_holdings_lists_the_largest_and_says_how_many_there_are(tmp_path: Path, choice: dict[str, str]) -> None:
    """As many as are chosen; a debt is as large as what it could be paid with, and what has no price comes last."""
    worth = {f"C{place:02}": 100 + place for place in range(10)} | {"DEBT": -500}
    series = _wallet("a", "1x25")
    for coin in (*worth, "UNPRICED"):
        series[_at("a", "exchange_balance_net", DESK.replace("BTC", coin))] = "2x25"
    for coin, usd in worth.items():
        series[_at("a", "exchange_balance_usd", DESK.replace("BTC", coin))] = f"{usd}x25"

    def rows(panel: str, ref: str, count: int) -> tuple[str, ...]:
        found = next(item for item in panels(dashboards()["treasury.json"]) if item["title"] == panel)
        (expr,) = [target["expr"] for target in found["targets"] if target["refId"] == ref]
        for variable, value in {**choice, "$rows": str(count)}.items():
            expr = expr.replace(variable, value)
        return (fill(expr),)

    def listed(*coins: str) -> dict[str, float]:
        return {f'{{account="desk", currency="{coin}", exchange="xt", wallet="spot"}}': worth[coin] for coin in coins}

    largest = sorted(worth, key=lambda coin: -abs(worth[coin]))[:9]
    expected = {
        rows("Holdings", "A", 9): listed(*largest),
        rows("Balances", "A", 9): {"{}": 9.0},
        rows("Balances", "B", 9): {"{}": 12.0},
        rows("Holdings", "A", 0): listed(*worth),
        rows("Balances", "A", 0): {"{}": 12.0},
        rows("Balances", "A", 200): {"{}": 12.0},
    }
    _answers(tmp_path, series, 10, expected)


def test_a_failure_is_gone_as_soon_as_the_wallet_is_up(tmp_path: Path) -> None:
    series = {
        _at("a", "exchange_wallet_up", WALLET): "0x9 1x20",
        _at("a", "exchange_wallet_failing", f'{WALLET},reason="timeout"'): "1x9 stale",
    }
    failing = _expr("Up and fresh", "D", "account.json")
    row = '{account="desk", exchange="xt", reason="timeout", wallet="spot"}'
    _answers(tmp_path, series, 9, {failing: {row: 1}})
    _answers(tmp_path, series, 10, {failing: {}})


def _a_day(net: str, usd: str) -> dict[str, str]:
    return {
        _at("a", "exchange_balance_net", DESK): net,
        _at("a", "exchange_balance_usd", DESK): usd,
        **_wallet("a", f"1x{HOURS_25}"),
        _at("a", "exchange_wallet_last_success_timestamp_seconds", WALLET): f"0+60x{HOURS_25}",
        'exchange_price_usd{job="exporter",instance="a",exchange="xt",currency="BTC"}': f"100x1439 120x{HOURS_25}",
    }


def test_a_days_change_is_split_into_flow_and_price(tmp_path: Path) -> None:
    series = _a_day(f"2x1439 3x{HOURS_25}", f"200x1439 360x{HOURS_25}")
    _answers(
        tmp_path,
        series,
        1460,
        {_expr("Change in 24 h", "A"): {"{}": 120}, _expr("Change in 24 h", "B"): {"{}": 40}},
    )


def test_a_coin_that_came_within_the_day_is_all_flow(tmp_path: Path) -> None:
    series = _a_day(f"_x1440 3x{HOURS_25}", f"_x1440 360x{HOURS_25}")
    _answers(
        tmp_path,
        series,
        1460,
        {_expr("Change in 24 h", "A"): {"{}": 360}, _expr("Change in 24 h", "B"): {"{}": 0}},
    )


def test_a_wallet_seen_for_the_first_time_today_is_no_inflow(tmp_path: Path) -> None:
    series = {name: values.replace("x1439", "x30") for name, values in _a_day("3x200", "300x200").items()}
    series |= _wallet("a", "1x200")
    _answers(tmp_path, series, 25, {_expr("Change in 24 h", "A"): {"{}": 0}, _expr("Change in 24 h", "B"): {"{}": 0}})


def test_the_distance_to_a_threshold_is_taken_from_the_higher_one(tmp_path: Path) -> None:
    series = {_at(name, "exchange_balance_net", DESK): "6x20" for name in ("a", "b")}
    series |= {_at(name, "exchange_balance_limited", f'{DESK},of="net"'): "6x20" for name in ("a", "b")}
    for severity, limit in (("warning", 8), ("critical", 2), ("target", 20)):
        labels = f'{DESK},of="net",severity="{severity}"'
        series |= {_at(name, "exchange_balance_threshold", labels): f"{limit}x20" for name in ("a", "b")}
    series |= _wallet("a", "1x20") | _wallet("b", "1x20")
    row = '{account="desk", currency="BTC", exchange="xt", of="net", wallet="spot"}'
    panel = "Balances and their thresholds"
    _answers(
        tmp_path,
        series,
        10,
        {
            _expr(panel, "A"): {row: 6},
            _expr(panel, "B"): {row: -0.25},
            _expr(panel, "C"): {row: 2},
            _expr(panel, "E"): {row: 20},
            _expr("Under a limit", "A"): {"{}": 0},
            _expr("Under a limit", "B"): {"{}": 1},
        },
    )


def test_a_wallet_that_nobody_reads_stands_out_with_all_that_it_is_worth(tmp_path: Path) -> None:
    series = {
        _at("a", "exchange_wallet_reported_usd", WALLET.replace("spot", "earn")): "700x20",
        _at("a", "exchange_wallet_reported_usd", WALLET): "101x20",
    }
    series |= _account("a", "100x20", "1x20")
    row = '{account="desk", exchange="xt", wallet="%s"}'
    unexplained = _expr("Reported value against our sum", "C")
    _answers(tmp_path, series, 10, {unexplained: {row % "earn": 700, row % "spot": 1}})


def test_a_coin_that_the_price_list_lacks_moves_at_the_price_in_its_value(tmp_path: Path) -> None:
    series = _a_day(f"2x1439 3x{HOURS_25}", f"200x1439 360x{HOURS_25}")
    del series['exchange_price_usd{job="exporter",instance="a",exchange="xt",currency="BTC"}']
    row = '{account="desk", currency="BTC", exchange="xt", wallet="spot"}'
    _answers(
        tmp_path,
        series,
        1460,
        {
            _expr("Change in 24 h", "A"): {"{}": 120},
            _expr("Change in 24 h", "B"): {"{}": 40},
            _expr("Holdings", "G"): {row: 120},
        },
    )


FUTURES = WALLET.replace("spot", "futures")
MARGIN = WALLET.replace("spot", "margin")
COIN = '{account="desk", currency="BTC", exchange="xt", wallet="futures"}'


def _positions(ratio: str = "0.62x30", fresh: str = "1x30") -> dict[str, str]:
    """A spot wallet, a margin wallet that states a ratio, and a futures wallet that states everything."""
    return {
        _at("a", "exchange_balance_net", DESK): "2x30",
        _at("a", "exchange_wallet_fresh", WALLET): "1x30",
        _at("a", "exchange_balance_net", f'{MARGIN},currency="BTC"'): "3x30",
        _at("a", "exchange_wallet_fresh", MARGIN): "1x30",
        _at("a", "exchange_wallet_margin_ratio", MARGIN): "0.1x30",
        _at("a", "exchange_balance_net", f'{FUTURES},currency="BTC"'): "-14.5x30",
        _at("a", "exchange_balance_unrealized_pnl", f'{FUTURES},currency="BTC"'): "-864.75x30",
        _at("a", "exchange_wallet_fresh", FUTURES): fresh,
        _at("a", "exchange_wallet_margin_ratio", FUTURES): ratio,
        _at("b", "exchange_wallet_margin_ratio", FUTURES): ratio,
    }


def test_equity_is_that_of_wallets_with_positions_and_may_be_below_zero(tmp_path: Path) -> None:
    borrowing = '{account="desk", currency="BTC", exchange="xt", wallet="margin"}'
    expected = {
        _expr("Equity", dashboard="account.json"): {COIN: -14.5, borrowing: 3},
        _expr("Unrealized profit", dashboard="account.json"): {COIN: -864.75},
    }
    _answers(tmp_path, _positions(), 10, expected)


def test_the_margin_ratio_counts_once_stands_beside_its_limits_and_goes_with_the_wallet(tmp_path: Path) -> None:
    ratio, warning, critical = (_expr("Margin ratio", ref, "account.json") for ref in "ABC")
    futures, margin = (f'{{account="desk", exchange="xt", wallet="{name}"}}' for name in ("futures", "margin"))
    expected = {ratio: {futures: 0.62, margin: 0.1}, warning: {"{}": 0.6}, critical: {"{}": 0.8}}
    _answers(tmp_path, _positions(fresh="1x10 0x20"), 10, expected)
    _answers(tmp_path, _positions(ratio="0.62x10 stale", fresh="1x10 0x20"), 11, {ratio: {margin: 0.1}})


def test_without_a_margin_ratio_its_limits_are_not_drawn(tmp_path: Path) -> None:
    series = {name: values for name, values in _positions().items() if "ratio" not in name}
    _answers(tmp_path, series, 10, {_expr("Margin ratio", ref, "account.json"): {} for ref in "ABC"})


def test_the_margin_limits_on_the_dashboard_are_those_of_the_alert() -> None:
    path = ROOT / "deploy" / "prometheus" / "rules" / "margin.yml"
    [group] = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    alerts = {rule["labels"]["severity"]: float(rule["expr"].rpartition(">")[2]) for rule in group["rules"]}
    assert alerts == MARGIN_LIMITS
