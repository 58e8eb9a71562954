"""Tables: one query for each column, joined into rows by their labels."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from grafana.panels.parts import GREY, NOTHING, Column, color_mode, common_settings, instant, mappings, ref, thresholds

NARROWEST = 60
"""Pixels of a column at least. Grafana's own 150 push most columns of a half-wide panel out of sight."""
LABEL_WIDTHS = {
    "job": 200,
    "exchange": 80,
    "account": 125,
    "wallet": 140,
    "currency": 80,
    "of": 75,
    "shard": 75,
}
"""Pixels of the columns of labels; the columns of values share what is left."""


def table_panel(
    title: str,
    description: str,
    labels: dict[str, str],
    columns: Sequence[Column],
    *,
    sort: str,
    descending: bool = False,
    none: str = "no rows",
) -> table.Panel:
    """A table whose rows are label sets and whose value columns are queries.

    Args:
        title: Of the panel.
        description: Of the panel.
        labels: Label name to column title, in order; they come first.
        columns: The value columns. Every query must yield exactly these labels, or rows fall apart.
        sort: Title of the column that rows are sorted by.
        descending: The largest first.
        none: What is said where there is no row.
    """
    panel = common_settings(table.Panel(), title, description, "short", none, None)
    panel.thresholds(thresholds(((None, GREY),))).color_scheme(color_mode("thresholds")).min_width(NARROWEST)
    names = {"Time": "Time", **labels}
    for number, column in enumerate(columns):
        field = "Value" if len(columns) == 1 else f"Value #{ref(number)}"
        names[field] = column.title
        panel.with_target(instant(column.expr, number).format(prometheus_model.PromQueryFormat.TABLE))
        panel.override_by_name(column.title, _column_properties(column))
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        model.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": {old: new for old, new in names.items() if old != new},
            },
        )
    )
    # Or Grafana would write what is said of an empty table into each cell whose label is missing.
    panel.override_by_field_type("string", [model.DynamicConfigValue(id_val="noValue", value=NOTHING)])
    for label, column_title in labels.items():
        properties = _label_properties(label)
        if properties:
            panel.override_by_name(column_title, properties)
    panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    return panel.cell_height(options.TableCellHeight.SM).show_header(True)


def _label_properties(label: str) -> list[model.DynamicConfigValue]:
    """Width and link of a column of labels."""
    properties = []
    if label in LABEL_WIDTHS:
        properties.append(model.DynamicConfigValue(id_val="custom.width", value=LABEL_WIDTHS[label]))
    if label == "account":
        properties.append(model.DynamicConfigValue(id_val="links", value=[_account_link()]))
    return properties


def _column_properties(column: Column) -> list[model.DynamicConfigValue]:
    """Unit, colours and the look of an empty cell."""
    properties = [
        model.DynamicConfigValue(id_val="unit", value=column.unit),
        model.DynamicConfigValue(id_val="noValue", value=NOTHING),
    ]
    if column.decimals is not None:
        properties.append(model.DynamicConfigValue(id_val="decimals", value=column.decimals))
    if column.width is not None:
        properties.append(model.DynamicConfigValue(id_val="custom.width", value=column.width))
    if column.steps or column.states:
        words = [*mappings(column.states), _missing()]
        properties.append(model.DynamicConfigValue(id_val="mappings", value=words))
    if column.steps:
        properties.append(model.DynamicConfigValue(id_val="thresholds", value=thresholds(column.steps).build()))
    if column.steps or column.states:
        cell = {"type": "color-text"}
        properties.append(model.DynamicConfigValue(id_val="custom.cellOptions", value=cell))
    return properties


def _missing() -> model.SpecialValueMap:
    """Grafana colours an empty cell as the lowest threshold does: a failure that there is none of would be red."""
    result = model.ValueMappingResult(text=NOTHING, color=GREY)
    options = model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NULL_AND_NAN, result=result)
    return model.SpecialValueMap(options=options)


def _account_link() -> dict[str, Any]:
    """From an account's name to its dashboard."""
    variables = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
    return {
        "title": "Open account ${__value.text}",
        "url": f"/d/exchange-balance-account?{variables}&var-account=${{__value.text}}&${{__url_time_range}}",
    }
