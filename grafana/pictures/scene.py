"""What the page draws: the panels of a dashboard with their places in pixels, as Grafana lays them, and their data."""

from collections.abc import Callable
from typing import Any

from grafana.pictures.frames import frames
from grafana.pictures.server import Series

WIDTH, TITLE, MARGIN = 1500, 56, 12
COLUMNS, UNIT, GAP = 24, 30, 8
"""Grafana's grid: columns to the width, pixels of a line, pixels between two panels."""

Ask = Callable[[dict[str, Any]], list[Series]]
"""What a query of a panel returns."""


def scene(dashboard: dict[str, Any], ask: Ask, *, start: float, end: float, step: float) -> dict[str, Any]:
    """Everything that the page needs to draw a dashboard.

    Args:
        dashboard: Its JSON.
        ask: Answers a query of a panel.
        start: The beginning of the time range, in seconds since the epoch.
        end: Its end.
        step: Seconds between two points of a curve.
    """
    panels = [_panel(panel, ask, step) for panel in dashboard["panels"]]
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    return {
        "title": dashboard["title"],
        "width": WIDTH,
        "height": TITLE + bottom * (UNIT + GAP) - GAP + MARGIN,
        "from": 1000 * start,
        "to": 1000 * end,
        "panels": panels,
    }


def _panel(panel: dict[str, Any], ask: Ask, step: float) -> dict[str, Any]:
    made = {"id": panel["id"], "type": panel["type"], "title": panel["title"], "box": box(panel["gridPos"])}
    if panel["type"] == "row":
        return made
    answers = [ask(target) for target in panel["targets"]]
    return made | {
        "description": panel.get("description", ""),
        "options": panel.get("options", {}),
        "fieldConfig": panel["fieldConfig"],
        "transformations": panel.get("transformations", []),
        "frames": frames(panel["targets"], answers, step),
    }


def box(place: dict[str, int]) -> dict[str, float]:
    """Where a panel stands, in pixels from the top left."""
    column = (WIDTH - 2 * MARGIN - GAP * (COLUMNS - 1)) / COLUMNS
    return {
        "left": round(MARGIN + place["x"] * (column + GAP)),
        "top": TITLE + place["y"] * (UNIT + GAP),
        "width": round(place["w"] * (column + GAP) - GAP),
        "height": place["h"] * (UNIT + GAP) - GAP,
    }
