"""The queries of a finished dashboard, with Grafana's variables filled in as when everything is chosen."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

LABEL_VALUES = re.compile(r"^label_values\((?P<series>.+),\s*(?P<label>\w+)\)$", re.DOTALL)


class PanelQuery(NamedTuple):
    """One query of one panel, ready for a Prometheus server."""

    dashboard: str
    panel: str
    ref: str
    expr: str


def fill(expr: str, *, rate_interval: str = "1m", interval: str = "15s", span: str = "6h", account: str = ".*") -> str:
    """Put values in the place of variables: all of everything, and the durations that Grafana would choose.

    Args:
        expr: A PromQL expression of a dashboard.
        rate_interval: For `$__rate_interval`; Grafana takes four scrape intervals.
        interval: For `$__interval`, the step of the graph.
        span: For `$__range`.
        account: A regular expression for the accounts that are chosen.
    """
    for name, duration in (("rate_interval", rate_interval), ("interval", interval), ("range", span)):
        expr = re.sub(rf"\$(?:__{name}\b|{{__{name}}})", duration, expr)
    expr = expr.replace("$account", account).replace("$rows", "200")
    expr = re.sub(r"\$(?:exchange|currency)\b", ".*", expr)
    return re.sub(r"\$(?:\w+|\{\w+(?::\w+)?\})", ".+", expr)


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel that is not a row, also those inside collapsed rows."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def panel_queries(dashboard: dict[str, Any], *, rate_interval: str = "1m") -> Iterator[PanelQuery]:
    """Every query of every panel."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            expr = fill(target["expr"], rate_interval=rate_interval)
            yield PanelQuery(dashboard["uid"], panel["title"], target["refId"], expr)


def variable_queries(dashboard: dict[str, Any]) -> Iterator[PanelQuery]:
    """What the variables of a dashboard ask for: an expression with one series for each value.

    Raises:
        ValueError: a variable's query is not of the form `label_values(series, label)`.
    """
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        query = variable["query"]
        match = LABEL_VALUES.match(query if isinstance(query, str) else query["query"])
        if match is None:
            raise ValueError(f"variable {variable['name']}: {query!r} is not label_values(series, label)")
        expr = f"group by ({match['label']}) ({fill(match['series'])})"
        yield PanelQuery(dashboard["uid"], f"variable {variable['name']}", "variable", expr)
