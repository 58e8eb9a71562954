"""Charts and single figures, with the settings that make no data and stale data show as such.

Single figures are instant queries on purpose: over a range, Grafana would go on showing the last value of
a series that ended hours ago.
"""

from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.builders import bargauge, common, piechart, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import piechart as pie_options

from grafana.panels.parts import (
    BLUE,
    DATASOURCE,
    GREY,
    Query,
    State,
    Step,
    color_mode,
    common_settings,
    fixed_color,
    instant,
    mappings,
    ref,
    thresholds,
    tooltip,
)


def stat_panel(
    title: str,
    description: str,
    unit: str,
    queries: Sequence[Query],
    *,
    steps: Sequence[Step] = ((None, BLUE),),
    states: Sequence[State] = (),
    decimals: int | None = None,
    none: str = "no data",
) -> stat.Panel:
    """One figure, or a few side by side."""
    panel = common_settings(stat.Panel(), title, description, unit, none, decimals)
    for number, query in enumerate(queries):
        panel.with_target(instant(query.expr, number).legend_format(query.legend))
    panel.mappings(mappings(states)).thresholds(thresholds(steps)).color_scheme(color_mode("thresholds"))
    text_mode = options.BigValueTextMode.VALUE_AND_NAME if len(queries) > 1 else options.BigValueTextMode.VALUE
    return (
        panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .graph_mode(options.BigValueGraphMode.NONE)
        .color_mode(options.BigValueColorMode.VALUE)
        .text_mode(text_mode)
    )


def lines_panel(
    title: str,
    description: str,
    unit: str,
    queries: Sequence[Query],
    *,
    stacked: bool = False,
    bars: bool = False,
    symlog: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    colors: dict[str, str] | None = None,
    dashed: dict[str, str] | None = None,
    right_axis: tuple[str, str] | None = None,
    decimals: int | None = None,
    narrow: bool = False,
    every: str | None = None,
    none: str = "no data in this time range",
) -> timeseries.Panel:
    """Curves over time, with gaps where there is no data.

    Args:
        title: Of the panel.
        description: Of the panel.
        unit: Of the left axis.
        queries: What is drawn.
        stacked: Draw the series on top of one another.
        bars: Draw bars rather than curves.
        symlog: An axis on which a bitcoin and a million of a stablecoin can both be seen, and zero too.
        minimum: Where the axis begins at the latest.
        maximum: Where it ends at the earliest; of zeros alone, Grafana makes an axis up to 100.
        colors: Fixed colours by a regular expression on the series' name.
        dashed: The same, for lines that are limits or memories.
        right_axis: (refId, unit) of a query that is measured on the right.
        decimals: Digits after the point, where Grafana's own choice shows too few.
        narrow: The panel is a third of the width: the legend goes below, beside it would leave no room for curves.
        every: The least step between two points, where what is shown is recorded no more often.
        none: What is said where there is no data.
    """
    panel = common_settings(timeseries.Panel(), title, description, unit, none, decimals)
    if every is not None:
        panel.interval(every)
    for target in _ranges(queries):
        panel.with_target(target)
    panel.draw_style(options.GraphDrawStyle.BARS if bars else options.GraphDrawStyle.LINE)
    panel.line_width(1).fill_opacity(60 if bars else 35 if stacked else 0).span_nulls(False)
    panel.show_points(options.VisibilityMode.AUTO).point_size(3)
    panel.color_scheme(color_mode("palette-classic"))
    if stacked:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    if symlog:
        scale = common.ScaleDistributionConfig().type(options.ScaleDistribution.SYMLOG)
        panel.scale_distribution(scale.log(10).linear_threshold(1))
    if minimum is not None:
        panel.axis_soft_min(minimum)
    if maximum is not None:
        panel.axis_soft_max(maximum)
    for pattern, color in (colors or {}).items():
        panel.override_by_regexp(pattern, [fixed_color(color)])
    for pattern, color in (dashed or {}).items():
        line = {"fill": "dash", "dash": [6, 6]}
        dash = model.DynamicConfigValue(id_val="custom.lineStyle", value=line)
        empty = model.DynamicConfigValue(id_val="custom.fillOpacity", value=0)
        panel.override_by_regexp(pattern, [fixed_color(color), dash, empty])
    if right_axis is not None:
        placement = model.DynamicConfigValue(id_val="custom.axisPlacement", value="right")
        panel.override_by_query(
            right_axis[0], [placement, model.DynamicConfigValue(id_val="unit", value=right_axis[1])]
        )
    legend = common.VizLegendOptions().show_legend(True).calcs(["lastNotNull"])
    if narrow:
        legend.display_mode(options.LegendDisplayMode.LIST).placement(options.LegendPlacement.BOTTOM)
    else:
        legend.display_mode(options.LegendDisplayMode.TABLE).placement(options.LegendPlacement.RIGHT)
    return panel.legend(legend).tooltip(tooltip(options.TooltipDisplayMode.MULTI))


def pie_panel(
    title: str,
    description: str,
    unit: str,
    queries: Sequence[Query],
    *,
    colors: dict[str, str] | None = None,
    none: str = "no data",
) -> piechart.Panel:
    """Shares of a whole."""
    panel = common_settings(piechart.Panel(), title, description, unit, none, None)
    for number, query in enumerate(queries):
        panel.with_target(instant(query.expr, number).legend_format(query.legend))
    for pattern, color in (colors or {}).items():
        panel.override_by_regexp(pattern, [fixed_color(color)])
    legend = piechart.PieChartLegendOptions().show_legend(True).calcs([])
    legend.display_mode(options.LegendDisplayMode.TABLE).placement(options.LegendPlacement.RIGHT)
    legend.values([pie_options.PieChartLegendValues.VALUE, pie_options.PieChartLegendValues.PERCENT])
    return (
        panel.pie_type(pie_options.PieChartType.DONUT)
        .display_labels([])
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_scheme(color_mode("palette-classic"))
        .tooltip(tooltip(options.TooltipDisplayMode.SINGLE))
        .legend(legend)
    )


def gauge_panel(
    title: str,
    description: str,
    unit: str,
    query: Query,
    *,
    steps: Sequence[Step] = ((None, BLUE),),
    maximum: float | None = None,
    none: str = "no data",
) -> bargauge.Panel:
    """Horizontal bars, one for each series."""
    panel = common_settings(bargauge.Panel(), title, description, unit, none, None)
    panel.with_target(instant(query.expr, 0).legend_format(query.legend))
    panel.thresholds(thresholds(steps)).color_scheme(color_mode("thresholds")).min(0)
    if maximum is not None:
        panel.max(maximum)
    return (
        panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .value_mode(options.BarGaugeValueMode.TEXT)
    )


def timeline_panel(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    states: dict[str, Sequence[State]],
    every: str | None = None,
    none: str = "no data in this time range",
) -> statetimeline.Panel:
    """States over time; `states` by a regular expression on the series' name, `every` is the least step."""
    panel = common_settings(statetimeline.Panel(), title, description, "none", none, None)
    if every is not None:
        panel.interval(every)
    for target in _ranges(queries):
        panel.with_target(target)
    panel.thresholds(thresholds(((None, GREY),))).color_scheme(color_mode("thresholds"))
    for pattern, mapping in states.items():
        panel.override_by_regexp(pattern, [model.DynamicConfigValue(id_val="mappings", value=mappings(mapping))])
    legend = common.VizLegendOptions().show_legend(False).calcs([])
    panel.legend(legend.display_mode(options.LegendDisplayMode.LIST).placement(options.LegendPlacement.BOTTOM))
    panel.tooltip(tooltip(options.TooltipDisplayMode.SINGLE))
    return panel.merge_values(True).show_value(options.VisibilityMode.NEVER).row_height(0.8)


def _ranges(queries: Sequence[Query]) -> Iterator[prometheus.Dataquery]:
    """The queries as a panel over time asks them."""
    for number, query in enumerate(queries):
        yield (
            prometheus.Dataquery()
            .expr(query.expr)
            .legend_format(query.legend)
            .ref_id(ref(number))
            .datasource(DATASOURCE)
            .range()
        )
