"""Paints one panel of a picture, by its type, with the colours, units and words that the panel's JSON asks for."""

import math
import re
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes

from grafana.pictures.canvas import COLORS, FRAME, GRID, MUTED, Canvas, overrides, state, step_color
from grafana.pictures.paint_table import paint_table
from grafana.pictures.server import Series
from grafana.pictures.units import text

Named = list[tuple[str, Series, str]]
PALETTE = (
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#b877d9", "#5794f2", "#ff9830", "#37872d", "#fade2a",
    "#e0b400", "#447ebc", "#c15c17", "#ca95e5", "#7eb26d", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1",
)  # fmt: skip


def paint(canvas: Canvas, panel: dict[str, Any], answers: list[list[Series]]) -> None:
    """Paint a panel; `answers` holds the series of each of its targets."""
    if panel["type"] == "table":
        paint_table(canvas, panel, answers)
        return
    named = [
        (_legend(target.get("legendFormat", ""), one.labels), one, target["refId"])
        for target, series in zip(panel["targets"], answers, strict=True)
        for one in series
    ]
    _PAINTERS[panel["type"]](canvas, panel, named)


def _legend(template: str, labels: dict[str, str]) -> str:
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: labels.get(match[1], ""), template)


def _color(canvas: Canvas, panel: dict[str, Any], name: str, ref: str) -> str:
    fixed = overrides(panel, name, ref).get("color")
    if fixed:
        return COLORS.get(fixed["fixedColor"], str(fixed["fixedColor"]))
    return canvas.palette.setdefault(name, PALETTE[len(canvas.palette) % len(PALETTE)])


def _stat(canvas: Canvas, panel: dict[str, Any], named: Named) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    shown = named[:7]
    for index, (name, series, _) in enumerate(shown):
        x = canvas.wide * (index + 0.5) / len(shown)
        known = state(defaults.get("mappings", []), series.last)
        words = known["text"] if known else text(series.last, defaults["unit"], defaults.get("decimals"))
        color = known["color"] if known else step_color(defaults["thresholds"]["steps"], series.last)
        size = min(26, 0.95 * canvas.wide / len(shown) / max(len(words), 4))
        y = canvas.high * 0.58
        canvas.write(x, y, words, size=size, color=COLORS.get(color, color), ha="center", weight="bold")
        if len(shown) > 1:
            small = min(8.0, 1.3 * canvas.wide / len(shown) / max(len(name), 4))
            canvas.write(x, canvas.high - 16, name, size=small, color=MUTED, ha="center")


def _time_axis(canvas: Canvas, axes: Axes) -> None:
    ticks = [canvas.start + (canvas.end - canvas.start) * part / 6 for part in range(1, 6)]
    axes.set_xlim(canvas.start, canvas.end)
    axes.set_xticks(ticks, [f"{datetime.fromtimestamp(tick, UTC):%H:%M}" for tick in ticks])
    axes.tick_params(colors=MUTED, labelsize=6.5, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _curve(canvas: Canvas, series: Series) -> tuple[list[float], list[float]]:
    """The values on the whole grid of steps, with a hole wherever there is none."""
    count = round((canvas.end - canvas.start) / canvas.step)
    values = [math.nan] * (count + 1)
    for moment, value in series.points:
        values[min(count, round((moment - canvas.start) / canvas.step))] = value
    return [canvas.start + index * canvas.step for index in range(count + 1)], values


def _lines(canvas: Canvas, panel: dict[str, Any], named: Named) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults["custom"]
    unit = defaults["unit"]
    values_at_right = {
        (name, ref): _last(series, overrides(panel, name, ref).get("unit"), defaults) for name, series, ref in named
    }
    letters = max(len(name) for name, _, _ in named) + max(len(words) for words in values_at_right.values())
    legend_width = min(0.45 * canvas.wide, 48 + 5.3 * letters)
    axes = canvas.inner(56, 28, legend_width, 24)
    right = None
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    filled = custom.get("drawStyle") == "bars"
    base = [0.0] * (round((canvas.end - canvas.start) / canvas.step) + 1)
    entries = []
    for name, series, ref in named:
        extra = overrides(panel, name, ref)
        color = _color(canvas, panel, name, ref)
        times, values = _curve(canvas, series)
        target = axes
        if extra.get("custom.axisPlacement") == "right":
            right = right or axes.twinx()
            target = right
        if stacked and any(not math.isnan(value) for value in values):
            top = [low + (0 if math.isnan(value) else value) for low, value in zip(base, values, strict=True)]
            target.fill_between(times, base, top, color=color, alpha=0.4, linewidth=0)
            shown = [math.nan if math.isnan(value) else high for high, value in zip(top, values, strict=True)]
            target.plot(times, shown, color=color, linewidth=0.9)
            base = top
        else:
            dashed = "custom.lineStyle" in extra
            target.plot(times, values, color=color, linewidth=1.0, linestyle="--" if dashed else "-")
            if filled:
                target.fill_between(times, 0, values, color=color, alpha=0.4, linewidth=0, step="mid")
        entries.append((name, color, values_at_right[name, ref]))
    _value_axis(axes, custom, unit, defaults.get("decimals"))
    _time_axis(canvas, axes)
    if right is not None:
        right.tick_params(colors=MUTED, labelsize=6.5, length=0)
        right.set_ylim(bottom=0)
        for spine in right.spines.values():
            spine.set_visible(False)
    _legend_table(canvas, entries, legend_width - (30 if right is not None else 8))


def _last(series: Series, other_unit: str | None, defaults: dict[str, Any]) -> str:
    if other_unit is not None:
        return text(series.last, other_unit)
    return text(series.last, defaults["unit"], defaults.get("decimals"))


def _value_axis(axes: Axes, custom: dict[str, Any], unit: str, decimals: int | None) -> None:
    if custom.get("scaleDistribution", {}).get("type") == "symlog":
        axes.set_yscale("symlog", linthresh=1)
    if custom.get("axisSoftMin") is not None:
        axes.set_ylim(bottom=min(custom["axisSoftMin"], axes.get_ylim()[0]))
        if axes.dataLim.y0 >= custom["axisSoftMin"]:
            axes.set_ylim(bottom=custom["axisSoftMin"])
    axes.yaxis.set_major_formatter(lambda value, _: text(value, unit, decimals))
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.minorticks_off()


def _legend_table(canvas: Canvas, entries: list[tuple[str, str, str]], width: float) -> None:
    room = int((canvas.high - 40) / 14)
    left = canvas.wide - width
    shown = entries if len(entries) <= room else entries[: room - 1]
    for index, (name, color, value) in enumerate(shown):
        y = 36 + 14 * index
        canvas.axes.plot([left, left + 10], [y, y], color=color, linewidth=2.5)
        longest = int((width - 22 - 5.4 * len(value)) / 5.0)
        canvas.write(left + 15, y, name if len(name) <= longest else name[: longest - 1] + "…", size=6.8)
        canvas.write(canvas.wide - 8, y, value, size=6.8, color=MUTED, ha="right")
    if len(shown) < len(entries):
        more = f"and {len(entries) - len(shown)} more"
        canvas.write(left + 15, 36 + 14 * len(shown), more, size=6.8, color=MUTED)


def _pie(canvas: Canvas, panel: dict[str, Any], named: Named) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    named = sorted((entry for entry in named if entry[1].last > 0), key=lambda entry: -entry[1].last)
    colors = [_color(canvas, panel, name, ref) for name, _, ref in named]
    side = canvas.high - 50
    axes = canvas.inner(14, 36, canvas.wide - side - 14, 14)
    values = [series.last for _, series, _ in named]
    ring = {"width": 0.42, "edgecolor": FRAME, "linewidth": 1.5}
    axes.pie(values, colors=colors, startangle=90, counterclock=False, wedgeprops=ring)
    whole = sum(values) or 1
    entries = [
        (name, color, f"{text(value, unit)}  {value / whole:.0%}")
        for (name, _, _), color, value in zip(named, colors, values, strict=True)
    ]
    _legend_table(canvas, entries, canvas.wide - side - 30)


def _bars(canvas: Canvas, panel: dict[str, Any], named: Named) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    room = max(1, int((canvas.high - 36) / 16))
    shown = named[:room]
    most = defaults.get("max") or max(series.last for _, series, _ in shown) or 1
    pitch = min(28.0, (canvas.high - 40) / len(shown))
    names = min(0.45 * canvas.wide, 20 + 5.2 * max(len(name) for name, _, _ in shown))
    span = canvas.wide - names - 84
    for index, (name, series, _) in enumerate(shown):
        y = 32 + pitch * (index + 0.5)
        color = step_color(defaults["thresholds"]["steps"], series.last)
        longest = int((names - 14) / 4.9)
        canvas.write(names, y, name if len(name) <= longest else name[: longest - 1] + "…", ha="right", size=7)
        canvas.axes.barh(y, span, left=names + 8, height=pitch * 0.66, color="#22252b")
        width = span * min(1.0, max(0.0, series.last / most))
        canvas.axes.barh(y, width, left=names + 8, height=pitch * 0.66, color=color, alpha=0.85)
        words = text(series.last, defaults["unit"], defaults.get("decimals"))
        canvas.write(canvas.wide - 8, y, words, ha="right", color=color, weight="bold", size=7.5)


def _timeline(canvas: Canvas, panel: dict[str, Any], named: Named) -> None:
    names = min(0.4 * canvas.wide, 16 + 5.2 * max(len(name) for name, _, _ in named))
    axes = canvas.inner(names, 30, 12, 24)
    count = len(named)
    pitch = (canvas.high - 54) / count
    for row, (name, series, _) in enumerate(named):
        known = overrides(panel, name).get("mappings", [])
        for moment, value in series.points:
            found = state(known, value)
            color = found["color"] if found else MUTED
            start = moment - canvas.step
            axes.barh(row, canvas.step * 1.04, left=start, height=0.8, align="center", color=COLORS.get(color, color))
        canvas.write(names - 6, 30 + pitch * (row + 0.5), name, ha="right", size=min(7.0, pitch * 0.55))
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks([])
    _time_axis(canvas, axes)


_PAINTERS = {
    "stat": _stat,
    "timeseries": _lines,
    "piechart": _pie,
    "bargauge": _bars,
    "state-timeline": _timeline,
}
