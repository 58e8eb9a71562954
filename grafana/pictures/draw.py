"""Draw the dashboards from the answers of a Prometheus server: `python -m grafana.pictures.draw http://127.0.0.1:9090`.

The pictures show what the queries return, placed and coloured as the dashboards say. They are drawn by
matplotlib, not by Grafana: letters and curves look a little different there.
"""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from grafana.build import DASHBOARDS
from grafana.pictures.canvas import BACKGROUND, FRAME, MUTED, TEXT, Canvas
from grafana.pictures.paint import paint
from grafana.pictures.queries import fill
from grafana.pictures.server import Series, Server

PICTURES = Path(__file__).parent
WIDTH, UNIT, TITLE, DPI = 1500, 29, 60, 100
GAP = 6
LIMIT = 290_000  # bytes of a picture
POINTS = 240


def draw(dashboard: dict[str, Any], server: Server, span: float, rate_interval: str, account: str) -> Figure:
    """One dashboard over the last `span` seconds, of the accounts that match a pattern."""
    end = server.now()
    step = max(span / POINTS, 1.0)
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    height = TITLE + bottom * UNIT + GAP
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=BACKGROUND)
    figure.text(14 / WIDTH, 1 - 30 / height, dashboard["title"], color=TEXT, size=14, weight="bold", va="center")
    palette: dict[str, str] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        left, top = GAP + place["x"] * (WIDTH - GAP) / 24, TITLE + place["y"] * UNIT
        wide, high = place["w"] * (WIDTH - GAP) / 24 - GAP, place["h"] * UNIT - GAP
        if panel["type"] == "row":
            y = 1 - (top + high / 2 + 2) / height
            figure.text((left + 4) / WIDTH, y, "▾ " + panel["title"], color=TEXT, size=11, weight="bold", va="center")
            continue
        box = (left / WIDTH, 1 - (top + high) / height, wide / WIDTH, high / height)
        axes = figure.add_axes(box, facecolor=FRAME)
        axes.set(xlim=(0, wide), ylim=(high, 0), xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_color("#2c3235")
        axes.text(9, 14, panel["title"], color=TEXT, size=8.5, weight="bold", va="center")
        answers = [_ask(server, target, end - span, end, step, rate_interval, account) for target in panel["targets"]]
        canvas = Canvas(figure, axes, box, wide, high, end - span, end, step, palette)
        if any(answers):
            paint(canvas, panel, answers)
        else:
            text = panel["fieldConfig"]["defaults"]["noValue"]
            axes.text(wide / 2, high / 2, text, color=MUTED, size=10, ha="center", va="center")
    return figure


def _ask(
    server: Server,
    target: dict[str, Any],
    start: float,
    end: float,
    step: float,
    rate_interval: str,
    account: str,
) -> list[Series]:
    spans = {"interval": f"{step:.0f}s", "span": f"{end - start:.0f}s"}
    expr = fill(target["expr"], rate_interval=rate_interval, account=account, **spans)
    return server.instant(expr) if target.get("instant") else server.range(expr, start, end, step)


def save(figure: Figure, path: Path) -> int:
    """Write a PNG below the limit (flat colours need no more than a palette) and tell its size in bytes."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=DPI, facecolor=BACKGROUND)
    raw.seek(0)
    picture = Image.open(raw).convert("RGB")
    for colors in (200, 64, 24):
        picture.quantize(colors=colors, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < LIMIT:
            break
    return path.stat().st_size


def draw_all(url: str, output: Path, *, span: float, rate_interval: str, account: str) -> None:
    """Draw every dashboard from a server into a directory, over `span` seconds; Account of the accounts that match."""
    mpl.rcParams["font.family"] = "DejaVu Sans"
    output.mkdir(parents=True, exist_ok=True)
    server = Server(url)
    for path in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        figure = draw(dashboard, server, span, rate_interval, account if path.stem == "account" else ".+")
        target = output / f"{path.stem}.png"
        print(f"drew {target.name}: {save(figure, target) / 1000:.0f} kB")


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m grafana.pictures.draw", description="Draw the dashboards.")
    parser.add_argument("server", help="URL of a Prometheus server that scrapes the exporter")
    parser.add_argument("--span", type=float, default=3600, help="seconds to look back (default: %(default)s)")
    parser.add_argument("--rate-interval", default="1m", help="four scrape intervals (default: %(default)s)")
    parser.add_argument("--account", default=".+", help="whose Account dashboard to draw (default: all)")
    parser.add_argument("--output", type=Path, default=PICTURES, help="directory of the pictures")
    arguments = parser.parse_args()
    draw_all(
        arguments.server,
        arguments.output,
        span=arguments.span,
        rate_interval=arguments.rate_interval,
        account=arguments.account,
    )


if __name__ == "__main__":
    main()
