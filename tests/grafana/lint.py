"""The 17 rules of Grafana's dashboard-linter, over dashboards as they are committed, without exclusions.

Each rule takes a dashboard and yields what is wrong with it; docs/index.md of grafana/dashboard-linter says
what they are for.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser
from grafana_foundation_sdk.models import units
from promql_parser import Call, MatrixSelector

from grafana.pictures.queries import LABEL_VALUES, fill, panels
from tests.grafana.promql import selectors

Dashboard = dict[str, Any]
Rule = Callable[[Dashboard], Iterator[str]]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
RATES = {"rate", "irate", "increase"}
UNITS = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}


def template_datasource(dashboard: Dashboard) -> Iterator[str]:
    """Exactly one data source variable, of the usual name and label."""
    sources = [item for item in _variables(dashboard) if item["type"] == "datasource"]
    if len(sources) != 1:
        yield f"{len(sources)} data source variables"
    for source in sources:
        if source["name"] != "datasource" or source.get("label") != "Data source":
            yield f"data source variable {source['name']!r} labelled {source.get('label')!r}"
        if source["query"] != "prometheus":
            yield f"data source of type {source['query']!r}"


def template_job(dashboard: Dashboard) -> Iterator[str]:
    """A variable for the job."""
    yield from _template(dashboard, "job")


def template_instance(dashboard: Dashboard) -> Iterator[str]:
    """A variable for the instance."""
    yield from _template(dashboard, "instance")


def _template(dashboard: Dashboard, name: str) -> Iterator[str]:
    variable = next((item for item in _variables(dashboard) if item["name"] == name), None)
    if variable is None:
        yield f"no variable {name}"
        return
    wanted = {
        "type": "query",
        "label": name.title(),
        "multi": True,
        "allValue": ".+",
        "includeAll": True,
        "datasource": SOURCE,
    }
    for key, value in wanted.items():
        if variable.get(key) != value:
            yield f"variable {name}: {key} is {variable.get(key)!r}, not {value!r}"


def template_label_promql(dashboard: Dashboard) -> Iterator[str]:
    """Variables ask for the values of a label of series that PromQL can select."""
    for variable in _queried(dashboard):
        match = LABEL_VALUES.match(variable["query"])
        if match is None:
            yield f"variable {variable['name']}: {variable['query']!r}"
        elif _broken(match["series"]):
            yield f"variable {variable['name']}: {_broken(match['series'])}"


def template_on_time_change_reload(dashboard: Dashboard) -> Iterator[str]:
    """Variables are asked for anew when the time range changes."""
    for variable in _queried(dashboard):
        if variable.get("refresh") != 2:
            yield f"variable {variable['name']} has refresh {variable.get('refresh')!r}"


def panel_datasource(dashboard: Dashboard) -> Iterator[str]:
    """Panels and their targets take the data source that was chosen."""
    for panel in panels(dashboard):
        for holder in (panel, *panel.get("targets", [])):
            if holder.get("datasource") != SOURCE:
                yield f"{_name(panel)}: {holder.get('datasource')}"


def panel_title_description(dashboard: Dashboard) -> Iterator[str]:
    """Panels say what they are and what they mean."""
    for panel in panels(dashboard):
        if not panel.get("title") or not panel.get("description"):
            yield f"{_name(panel)} has no title or no description"


def panel_units(dashboard: Dashboard) -> Iterator[str]:
    """Panels have a unit that Grafana knows, and so have the columns and series that differ."""
    for panel in panels(dashboard):
        chosen = [panel["fieldConfig"]["defaults"].get("unit")]
        for override in panel["fieldConfig"]["overrides"]:
            chosen += [item["value"] for item in override["properties"] if item["id"] == "unit"]
        for unit in chosen:
            if unit not in UNITS:
                yield f"{_name(panel)}: unit {unit!r}"


def panel_no_targets(dashboard: Dashboard) -> Iterator[str]:
    """Panels ask for something."""
    for panel in panels(dashboard):
        if not panel.get("targets"):
            yield f"{_name(panel)} has no query"


def target_logql(dashboard: Dashboard) -> Iterator[str]:
    """Targets of Loki hold LogQL: a stream selector in braces comes first."""
    for panel, target in _loki(dashboard):
        if not re.search(r"(^|\()\s*\{[^}]+\}", target["expr"]):
            yield f"{_name(panel)}: {target['expr']!r}"


def target_logql_auto(dashboard: Dashboard) -> Iterator[str]:
    """Targets of Loki let Grafana choose the range."""
    for panel, target in _loki(dashboard):
        if re.search(r"\[(?!\$__auto\])", target["expr"]):
            yield f"{_name(panel)}: {target['expr']!r}"


def target_promql(dashboard: Dashboard) -> Iterator[str]:
    """Targets hold PromQL."""
    for panel, expr in _targets(dashboard):
        if _broken(expr):
            yield f"{_name(panel)}: {_broken(expr)}"


def target_rate_interval(dashboard: Dashboard) -> Iterator[str]:
    """Rates are taken over the interval that Grafana derives from the scrapes."""
    for panel, expr in _targets(dashboard):
        for duration in re.findall(r"\b(?:rate|irate|increase)\([^\[]*\[([^\]]*)\]", expr):
            if duration != "$__rate_interval":
                yield f"{_name(panel)}: a rate over {duration}"


def target_job(dashboard: Dashboard) -> Iterator[str]:
    """Every selector matches the job that was chosen."""
    yield from _matched(dashboard, "job")


def target_instance(dashboard: Dashboard) -> Iterator[str]:
    """Every selector matches the instance that was chosen."""
    yield from _matched(dashboard, "instance")


def _matched(dashboard: Dashboard, label: str) -> Iterator[str]:
    for panel, expr in _targets(dashboard):
        for selector, _ in _selectors(expr.replace(f"${label}", f"chosen {label}")):
            matchers = {(m.name, str(m.op), m.value) for m in selector.matchers.matchers}
            if (label, "MatchOp.Re", f"chosen {label}") not in matchers:
                yield f'{_name(panel)}: {selector.name} without {label}=~"${label}"'


def target_counter_agg(dashboard: Dashboard) -> Iterator[str]:
    """Counters are looked at through rate, irate or increase only."""
    for panel, expr in _targets(dashboard):
        for selector, above in _selectors(expr):
            if not (selector.name or "").endswith(("_total", "_bucket", "_count", "_sum")):
                continue
            ranged = len(above) > 1 and isinstance(above[-1], MatrixSelector) and isinstance(above[-2], Call)
            if not ranged or above[-2].func.name not in RATES:
                yield f"{_name(panel)}: {selector.name} as it stands"


def uneditable_dashboard(dashboard: Dashboard) -> Iterator[str]:
    """What is provisioned cannot be edited by hand, or the next start would undo it."""
    if dashboard.get("editable") is not False:
        yield "the dashboard is editable"


RULES: dict[str, Rule] = {
    f"{rule.__name__.replace('_', '-')}{'' if rule is uneditable_dashboard else '-rule'}": rule
    for rule in (
        template_datasource,
        template_job,
        template_instance,
        template_label_promql,
        template_on_time_change_reload,
        panel_datasource,
        panel_title_description,
        panel_units,
        panel_no_targets,
        target_logql,
        target_logql_auto,
        target_promql,
        target_rate_interval,
        target_job,
        target_instance,
        target_counter_agg,
        uneditable_dashboard,
    )
}


def _variables(dashboard: Dashboard) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard["templating"]["list"]
    return found


def _queried(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    return (item for item in _variables(dashboard) if item["type"] == "query")


def _targets(dashboard: Dashboard) -> Iterator[tuple[dict[str, Any], str]]:
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            if target.get("datasource", {}).get("type") != "loki":
                yield panel, target["expr"]


def _loki(dashboard: Dashboard) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            if target.get("datasource", {}).get("type") == "loki":
                yield panel, target


def _selectors(expr: str) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    return iter(()) if _broken(expr) else selectors(fill(expr))


def _broken(expr: str) -> str:
    try:
        promql_parser.parse(fill(expr))
    except ValueError as error:
        return f"{error}: {expr}"
    return ""


def _name(panel: dict[str, Any]) -> str:
    return f"panel {panel.get('id')} {panel.get('title')!r}"
