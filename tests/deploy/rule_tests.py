"""Writes the rule tests in deploy/prometheus/tests from the tables in rule_cases.

`python -m tests.deploy.rule_tests` writes the files anew; with `--check` it only says which of them differ and exits
with 1. The tables hold what a test is about: series, times, labels and descriptions. What is the same for every
alert, such as the addresses of its runbook and dashboard, is added here.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import yaml

from tests.deploy.rule_cases import (
    accounts,
    balances,
    exporter,
    frozen,
    handover,
    limits,
    margin,
    movement,
    replicas,
    together,
    totals,
    usd,
    valuation,
)
from tests.deploy.rule_cases.table import Alert, Case, Suite, series
from tests.kit.scrape import Samples

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
RUNBOOKS = "https://github.com/exchange-balance-exporter/exchange-balance-exporter/blob/main/deploy/runbooks"
SUITES: tuple[Suite, ...] = (
    limits.SUITE,
    usd.SUITE,
    balances.SUITE,
    movement.SUITE,
    frozen.SUITE,
    handover.SUITE,
    replicas.SUITE,
    accounts.SUITE,
    valuation.SUITE,
    exporter.SUITE,
    together.SUITE,
    totals.SUITE,
    margin.SUITE,
)
ACCOUNT_DASHBOARD = {
    "AccountAuthFailing", "AccountIpRefused", "AccountPermissionMissing", "AccountRateLimited", "AccountUsdLow",
    "AccountUsdMissing", "ApiKeyCanWithdraw", "ApiKeyExpiring", "BalanceCritical", "BalanceDropped", "BalanceLow",
    "BalanceMissing", "BalanceRunningOut", "BalanceStale", "CoinVanished", "FrozenStuck", "MarginRatioHigh",
    "PollsSkipped",
    "UnpricedHoldings", "UnwatchedMoney",
}  # fmt: skip
TREASURY_DASHBOARD = {"ExchangeConcentrationHigh", "PricesStale", "StablecoinOffPeg", "TotalLow"}


@cache
def alert_rules() -> list[dict[str, Any]]:
    """Return every alert rule that ships, in the order of files and groups."""
    rules: list[dict[str, Any]] = []
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            rules += [rule for rule in group["rules"] if "alert" in rule]
    return rules


def fixed_text(alert: str, labels: dict[str, str], key: str) -> str:
    """Return the annotation `key` of the rule that raises `alert` with the severity of `labels`; no template in it."""
    for rule in alert_rules():
        if rule["alert"] == alert and rule["labels"]["severity"] == labels["severity"]:
            text: str = rule["annotations"][key]
            return text
    raise LookupError(f"no rule {alert} of severity {labels['severity']}")


def dashboard_url(alert: str, labels: dict[str, str]) -> str:
    """Return the path of the dashboard that explains an alert, with its labels as variables."""
    if alert in ACCOUNT_DASHBOARD and "account" in labels:
        exchange, account = quote_plus(labels["exchange"]), quote_plus(labels["account"])
        return f"/d/exchange-balance-account/account?var-exchange={exchange}&var-account={account}"
    if alert == "BalanceDropped":
        return f"/d/exchange-balance-treasury/treasury?var-currency={quote_plus(labels['currency'])}"
    name = "treasury" if alert in TREASURY_DASHBOARD else "exporter"
    variable = f"?var-exchange={quote_plus(labels['exchange'])}" if "exchange" in labels else ""
    return f"/d/exchange-balance-{name}/{name}{variable}"


def expected(alert: str, firing: Alert) -> dict[str, Any]:
    """Return one entry of promtool's exp_alerts."""
    return {
        "exp_labels": dict(sorted(firing.labels.items())),
        "exp_annotations": {
            "summary": fixed_text(alert, firing.labels, "summary"),
            "description": firing.description,
            "action": fixed_text(alert, firing.labels, "action"),
            "dashboard_url": dashboard_url(alert, firing.labels),
            "runbook_url": f"{RUNBOOKS}/{alert}.md",
        },
    }


def minutes(eval_time: str) -> float:
    """Return a promtool time, such as 90s, 12m or 3h, in minutes."""
    return float(eval_time[:-1]) * {"s": 1 / 60, "m": 1.0, "h": 60.0}[eval_time[-1]]


def with_limited(given: dict[str, str]) -> dict[str, str]:
    """Return the series of a case with what the exporter tells once more of each balance that has a threshold."""
    text = "\n".join(("# given", *(f"{name} 0" for name in given)))
    values = dict(zip(Samples(text), given.values(), strict=True))
    told = dict(given)
    for name, labels in values:
        if name == "exchange_balance_threshold":
            coin = {key: value for key, value in labels if key not in ("of", "severity")}
            for of in ("net", dict(labels)["of"]):
                amounts = values.get((f"exchange_balance_{of}", tuple(sorted(coin.items()))))
                if amounts is not None:
                    told[series("exchange_balance_limited", **coin, of=of)] = amounts
    return told


def test_group(case: Case, suite: Suite) -> dict[str, Any]:
    """Return one entry of promtool's tests."""
    checks: list[tuple[str, str, list[dict[str, Any]]]] = []
    for alert, times in case.silent.items():
        checks += [(time, alert, []) for time in times]
    for alert, firings in case.firing.items():
        for time, alerts in firings.items():
            checks.append((time, alert, [expected(alert, firing) for firing in alerts]))
    checks.sort(key=lambda check: (minutes(check[0]), check[1]))
    group: dict[str, Any] = {
        "name": case.says,
        "interval": case.interval or suite.interval,
        "input_series": [{"series": series, "values": values} for series, values in with_limited(case.series).items()],
    }
    if checks:
        group["alert_rule_test"] = [
            {"eval_time": time, "alertname": alert, "exp_alerts": alerts} for time, alert, alerts in checks
        ]
    if case.values:
        group["promql_expr_test"] = [
            {"expr": expr, "eval_time": time, "exp_samples": [{"labels": k, "value": v} for k, v in samples.items()]}
            for expr, time, samples in case.values
        ]
    return group


class _Dumper(yaml.SafeDumper):
    """Dumps without aliases, and with lists set in below their key."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def render(suite: Suite) -> str:
    """Return the text of one file of promtool tests."""
    groups = [
        group["name"]
        for name in suite.rules
        for group in yaml.safe_load((PROMETHEUS / "rules" / f"{name}.yml").read_text())["groups"]
    ]
    document = {
        "rule_files": [f"../rules/{name}.yml" for name in suite.rules],
        "evaluation_interval": suite.interval,
        "group_eval_order": groups,
        "tests": [test_group(case, suite) for case in suite.cases],
    }
    body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=200, allow_unicode=True)
    written = "Written by `python -m tests.deploy.rule_tests` from tests/deploy/rule_cases; change it there."
    return f"# {suite.about}\n# {written}\n{body}"


def main(arguments: list[str] | None = None) -> int:
    """Write or compare the test files; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args(arguments).check
    wanted = {PROMETHEUS / "tests" / f"{suite.name}_test.yml": render(suite) for suite in SUITES}
    present = set((PROMETHEUS / "tests").glob("*.yml"))
    different = sorted(
        [path for path, text in wanted.items() if path not in present or path.read_text() != text]
        + [path for path in present if path not in wanted]
    )
    for path in different:
        print(f"differs: {path.relative_to(PROMETHEUS)}")  # the reader of a failed run needs the names
        if not check and path in wanted:
            path.write_text(wanted[path])
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main())
