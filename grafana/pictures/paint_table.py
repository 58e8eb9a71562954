"""Paints a table: joins the queries' rows by their labels, then orders, names and colours the columns."""

import math
from typing import Any

from grafana.pictures.canvas import COLORS, GRID, MUTED, TEXT, Canvas, overrides, state, step_color
from grafana.pictures.server import Series
from grafana.pictures.units import text

HEADING, ROW = 40, 19
LETTER = 5.1

Cell = str | float


def paint_table(canvas: Canvas, panel: dict[str, Any], answers: list[list[Series]]) -> None:
    """Paint as many rows as there is room for."""
    titles, rows = _rows(panel, answers)
    sort = panel["options"]["sortBy"][0]
    rows.sort(key=lambda row: _order(row.get(sort["displayName"])), reverse=bool(sort.get("desc")))
    rows.sort(key=lambda row: sort["displayName"] not in row)
    room = int((canvas.high - HEADING - 14) / ROW)
    shown = rows if len(rows) <= room else rows[: room - 1]
    cells = [[_cell(panel, title, row.get(title)) for title in titles] for row in shown]
    widths = [max([len(title), *(len(line[index][0]) for line in cells)]) + 2.5 for index, title in enumerate(titles)]
    pitch = min((canvas.wide - 20) / sum(widths), 2.2 * LETTER)
    size = min(7.6, 7.6 * pitch / LETTER)
    numeric = [any(isinstance(row.get(title), float) for row in shown) for title in titles]
    edge = 10.0
    for index, title in enumerate(titles):
        right = numeric[index]
        x = edge + (widths[index] - 1.5) * pitch if right else edge
        style = {"size": size, "ha": "right" if right else "left"}
        canvas.write(x, HEADING, title, color=COLORS["blue"], **style)
        for number, line in enumerate(cells):
            words, color = line[index]
            canvas.write(x, HEADING + ROW * (number + 1), words, color=color, **style)
        edge += widths[index] * pitch
    for number in range(len(shown)):
        y = HEADING + ROW * (number + 0.5)
        canvas.axes.plot([8, canvas.wide - 8], [y, y], color=GRID, linewidth=0.6)
    if len(shown) < len(rows):
        more = f"and {len(rows) - len(shown)} more rows"
        canvas.write(10, HEADING + ROW * (len(shown) + 1), more, color=MUTED, size=size)


def _rows(panel: dict[str, Any], answers: list[list[Series]]) -> tuple[list[str], list[dict[str, Cell]]]:
    """The column titles in order, and the rows by column title."""
    organize = next(item["options"] for item in panel["transformations"] if item["id"] == "organize")
    names, places, hidden = organize["renameByName"], organize["indexByName"], organize["excludeByName"]
    rows: dict[tuple[tuple[str, str], ...], dict[str, Cell]] = {}
    fields: set[str] = set()
    for target, series in zip(panel["targets"], answers, strict=True):
        value = "Value" if len(answers) == 1 else f"Value #{target['refId']}"
        fields.add(value)
        for one in series:
            fields |= one.labels.keys()
            key = tuple(sorted(one.labels.items()))
            row = rows.setdefault(key, {names.get(name, name): label for name, label in key})
            row[names.get(value, value)] = one.last
    ordered = sorted((name for name in fields if not hidden.get(name)), key=lambda name: (places.get(name, 99), name))
    return [names.get(name, name) for name in ordered], list(rows.values())


def _order(cell: Cell | None) -> tuple[bool, float, str]:
    """Numbers by size, words by alphabet, what is missing last."""
    if isinstance(cell, str):
        return False, 0.0, cell
    return (cell is None or math.isnan(cell)), cell or 0.0, ""


def _cell(panel: dict[str, Any], title: str, cell: Cell | None) -> tuple[str, str]:
    """The words and the colour of a cell."""
    extra = overrides(panel, title)
    if isinstance(cell, str):
        return cell, COLORS["blue"] if "links" in extra else TEXT
    if cell is None:
        return extra.get("noValue", ""), MUTED
    found = state(extra.get("mappings", []), cell)
    if found is not None:
        return found["text"], COLORS.get(found["color"], found["color"])
    color = step_color(extra["thresholds"]["steps"], cell) if "thresholds" in extra else TEXT
    return text(cell, extra.get("unit", "short"), extra.get("decimals")), color
