"""The example Alertmanager: amtool accepts it, alerts reach their receivers, inhibition silences what it should."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conftest import DEPLOY, Run
from tests.deploy.rule_tests import alert_rules
from tests.kit.processes import alertmanager

FILES = DEPLOY / "alertmanager"
CONFIG: dict[str, Any] = yaml.safe_load((FILES / "alertmanager.yml").read_text())
SPOT = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
USDT = {**SPOT, "currency": "USDT"}


@pytest.mark.servers
def test_amtool_accepts_the_configuration_and_its_templates(amtool: Run) -> None:
    said = amtool("check-config", "alertmanager.yml", cwd=FILES)
    assert said.returncode == 0, said.stdout
    assert "1 templates" in said.stdout


@pytest.mark.servers
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"alertname": "BalanceLow", "severity": "warning"}, "operations"),
        ({"alertname": "BalanceLow", "severity": "warning", "team": "grid"}, "operations"),
        ({"alertname": "BalanceLow", "severity": "warning", "team": "market-making"}, "team-market-making"),
        ({"alertname": "BalanceCritical", "severity": "critical"}, "page"),
        ({"alertname": "BalanceCritical", "severity": "critical", "team": "market-making"}, "page,team-market-making"),
        ({"alertname": "UnpricedHoldings", "severity": "info"}, "operations"),
        ({"alertname": "DeadMansSwitch", "severity": "info"}, "dead-mans-switch"),
    ],
)
def test_an_alert_reaches_its_receivers(amtool: Run, labels: dict[str, str], receivers: str) -> None:
    matchers = [f"{name}={value}" for name, value in labels.items()]
    said = amtool(
        "config", "routes", "test", "--config.file=alertmanager.yml", f"--verify.receivers={receivers}", *matchers,
        cwd=FILES,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout
    assert receivers in said.stdout


def test_alerts_are_grouped_by_name_exchange_and_team() -> None:
    assert CONFIG["route"]["group_by"] == ["alertname", "exchange", "team"]
    assert not any("group_by" in route for route in CONFIG["route"]["routes"])


def test_two_prometheus_servers_send_the_same_alert() -> None:
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert "replica" in prometheus["global"]["external_labels"]
    assert prometheus["alerting"]["alert_relabel_configs"] == [{"regex": "replica", "action": "labeldrop"}]


def test_a_maintenance_window_is_ready_to_be_uncommented(tmp_path: Path) -> None:
    text = (FILES / "alertmanager.yml").read_text()
    block = text[text.index("# time_intervals:") :]
    window = yaml.safe_load(re.sub(r"^# ?", "", block, flags=re.MULTILINE))
    assert window["time_intervals"][0]["name"] == "maintenance"
    assert "# mute_time_intervals: [maintenance]" in text


@pytest.mark.servers
def test_everything_that_is_commented_is_accepted_when_uncommented(amtool: Run, tmp_path: Path) -> None:
    text = (FILES / "alertmanager.yml").read_text()
    text = re.sub(
        r"^( *)# (?=slack_|pagerduty_|opsgenie_|email_|mute_| {2,}|time_intervals:)", r"\1", text, flags=re.MULTILINE
    )
    (tmp_path / "alertmanager.yml").write_text(text)
    said = amtool("check-config", "alertmanager.yml", cwd=tmp_path)
    assert said.returncode == 0, said.stdout
    page = next(entry for entry in yaml.safe_load(text)["receivers"] if entry["name"] == "page")
    assert {"slack_configs", "pagerduty_configs", "opsgenie_configs", "email_configs"} <= set(page)


def notification(*alerts: dict[str, Any]) -> str:
    return json.dumps(
        {
            "receiver": "page",
            "status": "firing",
            "alerts": list(alerts),
            "groupLabels": {"alertname": "BalanceLow", "exchange": "bitget", "team": "grid"},
            "commonLabels": {},
            "commonAnnotations": {"runbook_url": "https://runbook.example/BalanceLow.md"},
            "externalURL": "http://alertmanager.example",
        }
    )


def alert(status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "BalanceLow", **USDT, **labels},
        "annotations": {
            "summary": "A balance is under its warning limit.",
            "description": "4999.5 USDT, under the limit of 5000.",
            "action": "Move funds.",
            "dashboard_url": "/d/exchange-balance-account/account",
            "runbook_url": "https://runbook.example/BalanceLow.md",
        },
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2026-01-01T00:00:00Z",
    }


def rendered(amtool: Run, tmp_path: Path, template: str, data: str, kind: str = "text") -> str:
    (tmp_path / "data.json").write_text(data)
    said = amtool(
        "template", "render", "--template.glob=templates/*.tmpl", f"--template.data={tmp_path / 'data.json'}",
        f"--template.type={kind}", f'--template.text={{{{ template "exchange_balance.{template}" . }}}}', cwd=FILES,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout
    return said.stdout.strip()


@pytest.mark.servers
def test_a_notification_says_what_where_and_what_to_do(amtool: Run, tmp_path: Path) -> None:
    assert rendered(amtool, tmp_path, "title", notification(alert())) == "[FIRING 1] BalanceLow bitget (grid)"
    assert rendered(amtool, tmp_path, "text", notification(alert())).splitlines() == [
        "4999.5 USDT, under the limit of 5000.",
        "What to do: Move funds.",
        "Dashboard: http://localhost:3000/d/exchange-balance-account/account",
        "Runbook: https://runbook.example/BalanceLow.md",
    ]


@pytest.mark.servers
def test_telegram_gets_one_alert_in_full_and_many_in_short(amtool: Run, tmp_path: Path) -> None:
    assert rendered(amtool, tmp_path, "telegram", notification(alert(account="a<b")), "html").splitlines() == [
        "<b>[FIRING 1] BalanceLow bitget (grid)</b>",
        "A balance is under its warning limit.",
        "bitget / a&lt;b / spot / USDT",
        "4999.5 USDT, under the limit of 5000.",
        "Move funds.",
        '<a href="https://runbook.example/BalanceLow.md">Runbook</a>',
    ]
    many = rendered(amtool, tmp_path, "telegram", notification(*[alert(account=f"a{n}") for n in range(13)]), "html")
    assert "bitget / a9 / spot / USDT" in many
    assert "a10" not in many
    assert "... and 3 more" in many


@pytest.fixture(scope="module", name="url")
def _url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Alertmanager with the inhibition rules of the example and a receiver that sends nothing."""
    folder = tmp_path_factory.mktemp("alertmanager")
    config = {
        "route": {"receiver": "nobody"},
        "receivers": [{"name": "nobody"}],
        "inhibit_rules": CONFIG["inhibit_rules"],
    }
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    with alertmanager(folder) as url:
        yield url


def silenced(url: str, alerts: list[dict[str, str]]) -> set[str]:
    """Send alerts, each with a `mark`, and return the marks of those that another one inhibits."""
    body = json.dumps([{"labels": labels, "annotations": {}} for labels in alerts]).encode()
    request = urllib.request.Request(
        f"{url}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{url}/api/v2/alerts?inhibited=true", timeout=10) as answer:
        return {entry["labels"]["mark"] for entry in json.load(answer) if entry["status"]["inhibitedBy"]}


def named(name: str, mark: str, severity: str, **labels: str) -> dict[str, str]:
    return {"alertname": name, "mark": mark, "severity": severity, **labels}


@pytest.mark.servers
def test_what_says_more_silences_what_says_less(url: str) -> None:
    """One scene of each inhibition in an exchange of its own, with a neighbour that has to stay audible."""
    other = {**USDT, "account": "other"}
    htx = {"exchange": "htx", "account": "one", "wallet": "spot"}
    alerts = [
        named("BalanceMissing", "missing", "critical", **SPOT),
        named("BalanceStale", "STALE", "warning", **SPOT),
        named("BalanceStale", "stale of another wallet", "warning", **{**SPOT, "wallet": "funding"}),
        named("BalanceCritical", "critical", "critical", of="net", **other),
        named("BalanceLow", "LOW", "warning", of="net", **other),
        named("BalanceLow", "LOW AVAILABLE", "warning", of="available", **other),
        named("BalanceLow", "low of another coin", "warning", of="net", **{**other, "currency": "BTC"}),
        named("BalanceRunningOut", "RUNNING OUT", "warning", **other),
        named("AccountUsdLow", "usd critical", "critical", exchange="bitget", account="other"),
        named("AccountUsdLow", "USD WARNING", "warning", exchange="bitget", account="other"),
        named("MarginRatioHigh", "margin critical", "critical", **{**SPOT, "wallet": "futures"}),
        named("MarginRatioHigh", "MARGIN WARNING", "warning", **{**SPOT, "wallet": "futures"}),
        named("MarginRatioHigh", "margin of another wallet", "warning", **{**SPOT, "wallet": "coin_futures"}),
        named("AccountUsdMissing", "USD MISSING", "warning", exchange="bitget", account="grid-1"),
        named("AccountUsdMissing", "usd of another account missing", "warning", exchange="bitget", account="other"),
        named("TotalLow", "total critical", "critical", total="firm", of="net", currency="USDT"),
        named("TotalLow", "TOTAL WARNING", "warning", total="firm", of="net", currency="USDT"),
        named("TotalLow", "total in usd", "warning", total="firm", of="usd"),
        named("TotalLow", "total of others", "warning", total="grid", of="net", currency="USDT"),
        named("ExchangeUnreachable", "unreachable", "warning", exchange="htx"),
        named("BalanceStale", "STALE OF UNREACHABLE", "warning", **htx),
        named("BalanceMissing", "missing of unreachable", "critical", **htx),
        named("PricesStale", "prices of unreachable", "warning", exchange="htx"),
        named("BalanceStale", "stale of another exchange", "warning", **{**htx, "exchange": "xt"}),
        named("ExporterDown", "down", "critical"),
        named("ExporterDown", "REPLICA DOWN", "warning"),
        named("ConfigReloadFailed", "reload", "warning"),
    ]
    silent = {labels["mark"] for labels in alerts if labels["mark"].isupper()}
    assert silenced(url, alerts) == silent


def test_inhibition_and_routes_name_only_alerts_that_exist() -> None:
    names = {rule["alert"] for rule in alert_rules()}
    matchers = [
        matcher for rule in CONFIG["inhibit_rules"] for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    matchers += [matcher for route in CONFIG["route"]["routes"] for matcher in route["matchers"]]
    named_alerts = {
        name
        for matcher in matchers
        if matcher.startswith("alertname")
        for name in re.split(r"\|", re.sub(r'^alertname =~? |"', "", matcher))
    }
    assert named_alerts
    assert named_alerts <= names
