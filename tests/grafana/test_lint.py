"""The dashboards pass every lint rule, and every rule catches the mistake that it is for."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from promql_parser import parse

from grafana.pictures.queries import fill, panels
from tests.grafana.lint import RULES
from tests.grafana.queries import dashboards

Break = Callable[[dict[str, Any]], object]
ALL = dashboards()


def _variable(dashboard: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in dashboard["templating"]["list"] if item["name"] == name)
    return found


def _panel(dashboard: dict[str, Any]) -> dict[str, Any]:
    return next(panels(dashboard))


def _query(expr: str) -> Break:
    return lambda dashboard: _panel(dashboard)["targets"][0].update(expr=expr)


def _loki(expr: str) -> Break:
    source = {"type": "loki", "uid": "${datasource}"}
    return lambda dashboard: _panel(dashboard)["targets"][0].update(expr=expr, datasource=source)


MISTAKES: list[tuple[str, Break]] = [
    ("template-datasource-rule", lambda d: _variable(d, "datasource").update(name="source")),
    ("template-datasource-rule", lambda d: d["templating"]["list"].pop(0)),
    ("template-job-rule", lambda d: _variable(d, "job").update(multi=False)),
    ("template-job-rule", lambda d: d["templating"]["list"].remove(_variable(d, "job"))),
    ("template-instance-rule", lambda d: _variable(d, "instance").update(allValue=".*")),
    ("template-label-promql-rule", lambda d: _variable(d, "account").update(query="label_values(up{, account)")),
    ("template-label-promql-rule", lambda d: _variable(d, "account").update(query="query_result(up)")),
    ("template-on-time-change-reload-rule", lambda d: _variable(d, "currency").update(refresh=1)),
    ("panel-datasource-rule", lambda d: _panel(d).update(datasource={"type": "prometheus", "uid": "mine"})),
    ("panel-datasource-rule", lambda d: _panel(d)["targets"][0].pop("datasource")),
    ("panel-title-description-rule", lambda d: _panel(d).pop("description")),
    ("panel-title-description-rule", lambda d: _panel(d).update(title="")),
    ("panel-units-rule", lambda d: _panel(d)["fieldConfig"]["defaults"].pop("unit")),
    ("panel-units-rule", lambda d: _panel(d)["fieldConfig"]["defaults"].update(unit="dollars")),
    ("panel-no-targets-rule", lambda d: _panel(d).update(targets=[])),
    ("target-logql-rule", _loki("rate(app)")),
    ("target-logql-auto-rule", _loki('rate({app="x"}[5m])')),
    ("target-promql-rule", _query("sum(up")),
    ("target-rate-interval-rule", _query('rate(a_total{job=~"$job",instance=~"$instance"}[5m])')),
    ("target-job-rule", _query('up{job="mine",instance=~"$instance"}')),
    ("target-instance-rule", _query('up{job=~"$job"}')),
    ("target-counter-agg-rule", _query('sum(a_total{job=~"$job",instance=~"$instance"})')),
    ("target-counter-agg-rule", _query('delta(a_total{job=~"$job",instance=~"$instance"}[5m])')),
    ("uneditable-dashboard", lambda d: d.update(editable=True)),
]


def test_all_seventeen_rules_are_here_and_each_has_a_mistake_to_catch() -> None:
    assert len(RULES) == 17
    assert {name for name, _ in MISTAKES} == set(RULES)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("rule", RULES)
def test_dashboards_are_clean(rule: str, name: str) -> None:
    assert list(RULES[rule](ALL[name])) == []


@pytest.mark.parametrize(("rule", "break_it"), MISTAKES)
def test_the_rule_catches_the_mistake(rule: str, break_it: Break) -> None:
    dashboard = copy.deepcopy(ALL["treasury.json"])
    break_it(dashboard)
    assert list(RULES[rule](dashboard))


def test_variables_are_filled_in_every_spelling() -> None:
    filled = fill('rate(a{b=~"$b",c=~"${c}",d=~"${d:regex}"}[$__rate_interval])', rate_interval="20s")
    assert filled == 'rate(a{b=~".+",c=~".+",d=~".+"}[20s])'
    assert parse(filled)
