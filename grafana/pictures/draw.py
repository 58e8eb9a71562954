"""Draw the dashboards from the answers of a Prometheus server: `python -m grafana.pictures.draw http://127.0.0.1:9090`.

Chromium draws them with Grafana's own components. Needs what `make pictures` installs: the npm packages beside the
page, and Chromium on the PATH.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from grafana.build import DASHBOARDS
from grafana.pictures.browser import built, picture
from grafana.pictures.queries import fill
from grafana.pictures.scene import Ask, scene
from grafana.pictures.server import Series, Server

PICTURES = Path(__file__).parent
LIMIT = 290_000  # bytes of a picture
POINTS = 240
COLORS = (256, 128, 64, 32)


def asking(server: Server, *, start: float, end: float, step: float, rate_interval: str, account: str) -> Ask:
    """Answers the queries of panels from a server, as Grafana asks them: all of a panel at the same moments."""
    spans = {"interval": f"{step:.0f}s", "span": f"{end - start:.0f}s"}

    def ask(target: dict[str, Any]) -> list[Series]:
        expr = fill(target["expr"], rate_interval=rate_interval, account=account, **spans)
        return server.instant(expr, end) if target.get("instant") else server.range(expr, start, end, step)

    return ask


def shrink(source: Path, target: Path) -> int:
    """Write a PNG with no more colours than its size allows, and tell its size in bytes.

    Raises:
        RuntimeError: it is too large with the fewest colours.
    """
    with Image.open(source) as opened:
        full = opened.convert("RGB")
    for colors in COLORS:
        full.quantize(colors=colors, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LIMIT:
            return target.stat().st_size
    raise RuntimeError(f"{target.name} has {target.stat().st_size} bytes with {COLORS[-1]} colours")


def draw_all(page: Path, url: str, output: Path, *, span: float, rate_interval: str, account: str) -> None:
    """Draw every dashboard from a server into a directory.

    Args:
        page: What `built` made.
        url: Of a Prometheus server.
        output: Where the pictures go.
        span: Seconds to look back.
        rate_interval: For `$__rate_interval`.
        account: A regular expression for the accounts of the Account dashboard.
    """
    output.mkdir(parents=True, exist_ok=True)
    server = Server(url)
    step = max(round(span / POINTS), 1)
    end = server.now() // step * step
    times: dict[str, float] = {"start": end - span // step * step, "end": end, "step": step}
    with tempfile.TemporaryDirectory(prefix="exchange-balance-exporter-pictures-") as raw:
        for path in sorted(DASHBOARDS.glob("*.json")):
            dashboard = json.loads(path.read_text(encoding="utf-8"))
            chosen = account if path.stem == "account" else ".*"
            ask = asking(server, **times, rate_interval=rate_interval, account=chosen)
            target = output / f"{path.stem}.png"
            picture(page, scene(dashboard, ask, **times), Path(raw) / target.name)
            print(f"drew {target.name}: {shrink(Path(raw) / target.name, target) / 1000:.0f} kB")


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m grafana.pictures.draw", description="Draw the dashboards.")
    parser.add_argument("server", help="URL of a Prometheus server that scrapes the exporter")
    parser.add_argument("--span", type=float, default=3600, help="seconds to look back (default: %(default)s)")
    parser.add_argument("--rate-interval", default="1m", help="four scrape intervals (default: %(default)s)")
    parser.add_argument("--account", default=".*", help="whose Account dashboard to draw (default: all)")
    parser.add_argument("--output", type=Path, default=PICTURES, help="directory of the pictures")
    arguments = parser.parse_args()
    with built() as page:
        draw_all(
            page,
            arguments.server,
            arguments.output,
            span=arguments.span,
            rate_interval=arguments.rate_interval,
            account=arguments.account,
        )


if __name__ == "__main__":
    main()
