"""Write the dashboards: `python -m grafana.build` regenerates every file in grafana/dashboards/."""

from pathlib import Path

from grafana.boards.account import account
from grafana.boards.exporter_health import exporter
from grafana.boards.treasury import treasury
from grafana.panels.layout import render

DASHBOARDS = Path(__file__).parent / "dashboards"


def build() -> dict[str, str]:
    """The JSON of every dashboard, by file name."""
    return {
        "treasury.json": render(treasury()),
        "account.json": render(account()),
        "exporter.json": render(exporter()),
    }


def main() -> None:
    """Write them all."""
    DASHBOARDS.mkdir(exist_ok=True)
    for name, text in build().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
