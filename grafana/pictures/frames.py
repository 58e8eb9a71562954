"""From Prometheus's answers to Grafana's data frames, as its Prometheus data source makes them.

The data source is no component: its names for series and columns decide what overrides and transformations find.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from grafana.pictures.server import Series

Frame = dict[str, Any]
Cell = float | str


def frames(targets: Sequence[dict[str, Any]], answers: Sequence[Sequence[Series]], step: float) -> list[Frame]:
    """The frames of one panel.

    Args:
        targets: The panel's queries.
        answers: The series of each of them.
        step: Seconds between two points, by which Grafana knows a gap in a curve.
    """
    tables = sum(target.get("format") == "table" for target in targets)
    made: list[Frame] = []
    for target, series in zip(targets, answers, strict=True):
        if target.get("format") == "table":
            made.append(_table(target["refId"], series, f"Value #{target['refId']}" if tables > 1 else "Value"))
        else:
            made.extend(_curve(target, one, step) for one in series)
    return made


def legend(template: str, labels: dict[str, str]) -> str:
    """The name of a series: labels in the places that a template leaves for them."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: labels.get(match[1], ""), template)


def _curve(target: dict[str, Any], series: Series, step: float) -> Frame:
    name = legend(target.get("legendFormat", ""), series.labels)
    interval = {} if target.get("instant") else {"interval": 1000 * step}
    times = [1000 * moment for moment, _ in series.points]
    values = [cell(value) for _, value in series.points]
    return {
        "refId": target["refId"],
        "name": name,
        "fields": [
            {"name": "Time", "type": "time", "config": interval, "values": times},
            {
                "name": "Value",
                "type": "number",
                "labels": series.labels,
                "config": {"displayNameFromDS": name},
                "values": values,
            },
        ],
    }


def _table(ref: str, series: Sequence[Series], value_name: str) -> Frame:
    """One row for each series, one column for each label. Without any series there are no columns of labels."""
    labels: dict[str, None] = {}
    for one in series:
        labels |= dict.fromkeys(sorted(one.labels))
    texts = [
        {"name": label, "type": "string", "config": {}, "values": [one.labels.get(label, "") for one in series]}
        for label in labels
    ]
    times = [1000 * one.points[-1][0] for one in series]
    values = [cell(one.last) for one in series]
    return {
        "refId": ref,
        "fields": [
            {"name": "Time", "type": "time", "config": {}, "values": times},
            *texts,
            {"name": value_name, "type": "number", "config": {}, "values": values},
        ],
    }


def cell(value: float) -> Cell:
    """A value as JSON can hold it; the page reads the words back."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
