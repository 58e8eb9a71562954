"""What all panels share: the data source, queries, colours, thresholds and value mappings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    piechart,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

DATASOURCE = options.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREY, GREEN, YELLOW, ORANGE, RED, BLUE = "#8e8e8e", "green", "yellow", "orange", "red", "blue"
NOTHING = "–"
EXCHANGE_COLORS = {
    "/^bingx$/": "blue",
    "/^bitget$/": "#00b8d9",
    "/^bitmart$/": "purple",
    "/^htx$/": "orange",
    "/^xt$/": "green",
}
"""So that an exchange has the same colour in panels that stand side by side; others take Grafana's next one."""

Step = tuple[float | None, str]
"""From this value on (None: from the beginning), this colour."""

PanelBuilder = bargauge.Panel | piechart.Panel | stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel
_P = TypeVar("_P", bargauge.Panel, piechart.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and the name of its series."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Column:
    """A value column of a table: one query, whose rows join those of the other columns by their labels."""

    title: str
    expr: str
    unit: str = "short"
    steps: Sequence[Step] = ()
    states: "Sequence[State]" = ()
    decimals: int | None = None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How a single value reads: 0 as `no`, in red, say."""

    value: str
    text: str
    color: str


YES_NO = (State("1", "yes", GREEN), State("0", "no", RED))
NO_YES_BAD = (State("0", "no", GREEN), State("1", "yes", ORANGE))
FRESH = (State("1", "fresh", GREEN), State("0", "stale", GREY))
UP = (State("1", "up", GREEN), State("0", "down", RED))


def common_settings(panel: _P, title: str, description: str, unit: str, none: str, decimals: int | None) -> _P:
    """What every panel has."""
    panel.title(title).description(description).unit(unit).datasource(DATASOURCE).no_value(none)
    if decimals is not None:
        panel.decimals(decimals)
    return panel


def instant(expr: str, number: int) -> prometheus.Dataquery:
    """The panel's query of that number, asked for the present moment only."""
    return prometheus.Dataquery().expr(expr).ref_id(ref(number)).datasource(DATASOURCE).instant()


def ref(number: int) -> str:
    """A for the first query, B for the second."""
    return chr(ord("A") + number)


def thresholds(steps: Sequence[Step]) -> dashboard.ThresholdsConfig:
    """Colours by value."""
    thresholds = [model.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds)


def mappings(states: Sequence[State]) -> list[model.ValueMapping]:
    """Words and colours for single values."""
    if not states:
        return []
    results = {
        state.value: model.ValueMappingResult(text=state.text, color=state.color, index=index)
        for index, state in enumerate(states)
    }
    return [model.ValueMap(options=results)]


def color_mode(mode: str) -> dashboard.FieldColor:
    """Where a panel takes its colours from."""
    return dashboard.FieldColor().mode(model.FieldColorModeId(mode))


def fixed_color(color: str) -> model.DynamicConfigValue:
    """An override that gives a series its colour."""
    return model.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})


def tooltip(mode: options.TooltipDisplayMode) -> common.VizTooltipOptions:
    """What a pointer over the panel shows."""
    return common.VizTooltipOptions().mode(mode).sort(options.SortOrder.DESCENDING)
