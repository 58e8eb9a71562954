"""Every query of the committed dashboards, ready for a Prometheus server: panels and variables alike."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana.pictures.queries import PanelQuery, panel_queries, variable_queries

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "grafana" / "dashboards"


def dashboards() -> dict[str, dict[str, Any]]:
    """The committed dashboards by file name."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}


def queries(*, rate_interval: str = "1m") -> Iterator[PanelQuery]:
    """Each query as (dashboard uid, panel title, refId, expression); variables have the refId `variable`.

    A panel has data when at least one of its queries does: some ask for what is only there in trouble.

    Args:
        rate_interval: what `$__rate_interval` becomes: at least two scrape intervals, better four.
    """
    for dashboard in dashboards().values():
        yield from variable_queries(dashboard)
        yield from panel_queries(dashboard, rate_interval=rate_interval)
