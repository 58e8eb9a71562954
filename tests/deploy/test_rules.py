"""The recording and alert rules: promtool accepts and tests them, and each keeps the conventions of its kind."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from exporter.exposition.families import FAMILIES
from tests.deploy.conftest import DEPLOY, ROOT, Run
from tests.deploy.rule_tests import SUITES
from tests.grafana.promql import selectors

RULES = DEPLOY / "prometheus" / "rules"
RUNBOOKS = DEPLOY / "runbooks"
GROUPS: list[tuple[str, dict[str, Any]]] = [
    (path.stem, group) for path in sorted(RULES.glob("*.yml")) for group in yaml.safe_load(path.read_text())["groups"]
]
ALERTS: list[dict[str, Any]] = [rule for _, group in GROUPS for rule in group["rules"] if "alert" in rule]
ALERT_NAMES = sorted({rule["alert"] for rule in ALERTS})
RECORDS: list[dict[str, Any]] = [rule for _, group in GROUPS for rule in group["rules"] if "record" in rule]
LONG_ENOUGH = 180.0  # seconds: more than two scrapes of a minute
OF_THE_LAST_SCRAPE = {"job_wallet:exchange_wallet_fresh:named"}  # sees at once what is named no more; remembers itself
LABELS: dict[str, tuple[str, ...]] = {name: tuple(family.labels) for name, family in FAMILIES.items()}
KEEP_THEIR_TARGET = {
    "job_wallet:exchange_wallet_fresh:named",  # whether all shards of its job answer decides what becomes of a wallet
    "coin:exchange_balance_net:remembered",  # dashboards choose by target; whoever adds these up folds them first
    "coin:exchange_balance_usd:remembered",
}
PROMISED = [
    "BalanceLow",
    "BalanceCritical",
    "AccountUsdLow",
    "AccountUsdMissing",
    "TotalLow",
    "BalanceStale",
    "BalanceMissing",
    "CoinVanished",
    "BalanceRunningOut",
    "BalanceDropped",
    "FrozenStuck",
    "ExchangeConcentrationHigh",
    "MarginRatioHigh",
    "AccountAuthFailing",
    "AccountPermissionMissing",
    "AccountIpRefused",
    "AccountRateLimited",
    "ExchangeUnreachable",
    "ExchangeMaintenance",
    "ClockOffsetHigh",
    "ApiKeyExpiring",
    "ApiKeyCanWithdraw",
    "UnpricedHoldings",
    "UnwatchedMoney",
    "StablecoinOffPeg",
    "PricesStale",
    "SchedulerLate",
    "PollsSkipped",
    "ConfigReloadFailed",
    "ConfigDrift",
    "ShardMissing",
    "ExporterDown",
    "DeadMansSwitch",
]


def folds(node: Any) -> bool:
    """Say whether a node is an aggregation whose result has neither job nor instance."""
    if isinstance(node, promql.Call):
        return bool(node.func.name == "absent")
    if not isinstance(node, promql.AggregateExpr):
        return False
    if node.modifier is None:
        return True
    return node.modifier.type == promql.AggModifierType.By and not {"job", "instance"} & set(node.modifier.labels)


def name_of(rule: dict[str, Any]) -> str:
    return f"{rule.get('alert') or rule['record']} {rule.get('labels', {}).get('severity', '')}".strip()


@pytest.mark.servers
def test_promtool_finds_nothing_to_say_about_any_rule(promtool: Run) -> None:
    files = sorted(f"rules/{path.name}" for path in RULES.glob("*.yml"))
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", *files, cwd=RULES.parent)
    assert said.returncode == 0, said.stdout
    assert said.stdout.count("SUCCESS") == len(files)


@pytest.mark.servers
@pytest.mark.parametrize("name", sorted(path.name for path in (DEPLOY / "prometheus" / "tests").glob("*_test.yml")))
def test_every_rule_does_what_its_tests_say(promtool: Run, name: str) -> None:
    said = promtool("test", "rules", name, cwd=DEPLOY / "prometheus" / "tests")
    assert said.returncode == 0, said.stdout


@pytest.mark.servers
def test_the_example_of_prometheus_is_accepted_with_its_rules(promtool: Run) -> None:
    said = promtool("check", "config", "prometheus.yml", cwd=DEPLOY / "prometheus")
    assert said.returncode == 0, said.stdout
    assert f"{len(list(RULES.glob('*.yml')))} rule files found" in said.stdout


def test_the_shipped_tests_are_those_of_the_tables() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.deploy.rule_tests", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_promised_alert_exists_and_no_other() -> None:
    assert sorted(PROMISED) == ALERT_NAMES


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == ALERT_NAMES


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_a_runbook_says_meaning_impact_diagnosis_and_what_to_do(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "What to do"]
    assert all(len(part.strip()) > 40 for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])


def test_runbooks_name_only_rules_and_alerts_that_exist() -> None:
    recorded = {rule["record"] for rule in RECORDS}
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text()
        assert set(re.findall(r"\b[a-z_]+:exchange_\w+:\w+", text)) <= recorded, path.name
        camel = set(
            re.findall(r"\b(?:Balance|Account|Exchange|ApiKey|Config|Shard|Exporter|Prices|Polls)[A-Z]\w+", text)
        )
        assert camel <= set(ALERT_NAMES), path.name


@pytest.mark.parametrize("alert", ALERT_NAMES)
def test_every_alert_is_tested_to_fire_and_to_be_silent(alert: str) -> None:
    cases = [case for suite in SUITES for case in suite.cases]
    assert any(case.firing.get(alert) for case in cases)
    assert any(case.silent.get(alert) for case in cases) or alert == "DeadMansSwitch"


@pytest.mark.parametrize("rule", ALERTS, ids=name_of)
def test_an_alert_carries_severity_text_and_links(rule: dict[str, Any]) -> None:
    notes = rule["annotations"]
    assert re.fullmatch(r"([A-Z][a-z0-9]*)+", rule["alert"])
    assert len(rule["alert"]) <= 40
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(notes) == {"summary", "description", "action", "dashboard_url", "runbook_url"}
    assert "{{" not in notes["summary"]
    assert re.fullmatch(r"[A-Z].*\.", notes["summary"])
    assert re.fullmatch(r"[A-Z].*\.", notes["action"])
    assert "$value" in notes["description"] or "| value" in notes["description"]
    assert notes["dashboard_url"].startswith("/d/exchange-balance-")
    assert notes["runbook_url"].endswith(f"/blob/main/deploy/runbooks/{rule['alert']}.md")


@pytest.mark.parametrize("rule", ALERTS, ids=name_of)
def test_an_alert_about_an_account_carries_its_team(rule: dict[str, Any]) -> None:
    about_an_account = "$labels.account" in rule["annotations"]["description"]
    assert ("team" in rule["labels"]) is about_an_account


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDS], ids=name_of)
def test_every_operand_looks_back_over_missed_scrapes(rule: dict[str, Any]) -> None:
    for selector, above in selectors(rule["expr"]):
        ranges = [node for node in above if isinstance(node, promql.MatrixSelector)]
        if not ranges and (":" in str(selector.name) or rule.get("record") in OF_THE_LAST_SCRAPE):
            continue  # a recorded series is there with every evaluation; what it records looked back already
        assert ranges, f"{selector.name} is read without a range"
        assert ranges[0].range.total_seconds() >= LONG_ENOUGH, selector.name


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDS], ids=name_of)
def test_job_and_instance_are_folded_out_of_every_scraped_operand(rule: dict[str, Any]) -> None:
    for selector, above in selectors(rule["expr"]):
        if rule.get("record") not in KEEP_THEIR_TARGET:
            assert ":" in str(selector.name) or any(folds(node) for node in above), f"{selector.name} keeps its target"


@pytest.mark.parametrize("rule", ALERTS, ids=name_of)
def test_failures_are_read_from_what_is_wrong_now(rule: dict[str, Any]) -> None:
    assert "exchange_poll_failures_total" not in rule["expr"]
    assert "increase(" not in rule["expr"] or rule["alert"] == "PollsSkipped"


def test_groups_are_named_and_small() -> None:
    names = [group["name"] for _, group in GROUPS]
    assert len(set(names)) == len(names)
    for _, group in GROUPS:
        assert re.fullmatch(r"[a-z-]{1,40}", group["name"])
        assert 1 <= len(group["rules"]) <= 20


def test_every_rule_file_says_first_what_it_is_for() -> None:
    for path in RULES.glob("*.yml"):
        assert re.match(r"# (Alert|Recording) rules[ :]", path.read_text()), path.name


def test_what_alerts_read_from_recording_rules_is_recorded() -> None:
    recorded = {rule["record"] for rule in RECORDS}
    read = {name for rule in [*ALERTS, *RECORDS] for name in re.findall(r"\b[a-z_]+:exchange_\w+:\w+", str(rule))}
    assert read == recorded & read
    assert all(re.fullmatch(r"[a-z_]+:exchange_\w+:\w+", name) for name in recorded)


def test_rules_and_runbooks_name_only_metrics_that_exist() -> None:
    recorded = {rule["record"] for rule in RECORDS}
    texts = [str(rule) for rule in [*ALERTS, *RECORDS]] + [path.read_text() for path in RUNBOOKS.glob("*.md")]
    for text in texts:
        outside = re.sub("|".join(map(re.escape, sorted(recorded, key=len, reverse=True))), "", text)
        outside = re.sub(r"https?://[^ '\"]+|exchange_balance_exporter", "", outside)
        assert set(re.findall(r"\bexchange_[a-z_]+", outside)) <= LABELS.keys()


def test_rules_match_only_labels_that_a_metric_has() -> None:
    for rule in [*ALERTS, *RECORDS]:
        for selector, _ in selectors(rule["expr"]):
            if selector.name in LABELS and selector.name != "exchange_account_info":
                names = {matcher.name for matcher in selector.matchers.matchers}
                assert names <= {*LABELS[selector.name]}, rule["expr"]


def test_the_series_of_the_tests_are_such_as_the_exporter_serves() -> None:
    for series in {series for suite in SUITES for case in suite.cases for series in case.series}:
        ((selector, _),) = selectors(series)
        name = str(selector.name)
        assert name == "up" or name in LABELS, series
        labels = {matcher.name for matcher in selector.matchers.matchers} - {"job", "instance"}
        if name in LABELS and name != "exchange_account_info":
            assert labels <= {*LABELS[name]}, series
