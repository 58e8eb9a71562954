"""What all painters of pictures share: the surface of a panel, colours, and the reading of overrides."""

import re
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

BACKGROUND, FRAME, TEXT, MUTED, GRID = "#111217", "#181b1f", "#d8d9da", "#8e8e9a", "#2c3235"
COLORS = {"green": "#73bf69", "yellow": "#fade2a", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where a panel is painted: its axes are measured in pixels from the top left."""

    figure: Figure
    axes: Axes
    box: tuple[float, float, float, float]
    wide: float
    high: float
    start: float
    end: float
    step: float
    palette: dict[str, str]

    def inner(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes within the panel, by their distances in pixels from its edges."""
        x, y, w, h = self.box
        px, py = w / self.wide, h / self.high
        place = (x + left * px, y + bottom * py, w - (left + right) * px, h - (top + bottom) * py)
        return self.figure.add_axes(place, facecolor="none")

    def write(self, x: float, y: float, words: str, **style: Any) -> None:
        """Write at a place in pixels."""
        self.axes.text(x, y, words, **{"color": TEXT, "size": 7.5, "va": "center", **style})


def overrides(panel: dict[str, Any], name: str, ref: str = "") -> dict[str, Any]:
    """The properties that overrides give to a series or column."""
    found: dict[str, Any] = {}
    for override in panel["fieldConfig"].get("overrides", []):
        matcher = override["matcher"]
        wanted = matcher["options"]
        hit = {
            "byName": wanted == name,
            "byFrameRefID": wanted == ref,
            "byRegexp": bool(re.search(wanted.strip("/"), name)),
        }[matcher["id"]]
        if hit:
            found |= {item["id"]: item["value"] for item in override["properties"]}
    return found


def state(mappings: list[dict[str, Any]], value: float) -> dict[str, Any] | None:
    """The words and colour for a value, where the panel has some."""
    for mapping in mappings:
        result = mapping["options"].get(f"{value:g}")
        if result is not None:
            return dict(result)
    return None


def step_color(steps: list[dict[str, Any]], value: float) -> str:
    """The colour of the highest threshold that the value reaches."""
    color = MUTED
    for step in steps:
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    return COLORS.get(color, color)
