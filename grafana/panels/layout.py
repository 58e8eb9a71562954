"""From sections of panels to a dashboard: positions, ids, variables and links, in Grafana's classic JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from grafana.panels.parts import DATASOURCE, PanelBuilder
from grafana.panels.promql import selector

TAG = "exchange-balance"
WIDTH = 24


@dataclass(frozen=True, slots=True)
class Tile:
    """A panel and its size in grid units: 24 to the width, 30 pixels high."""

    width: int
    height: int
    panel: PanelBuilder


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the dashboard: a heading and panels, laid from left to right and line by line."""

    title: str
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    time_from: str
    sections: Sequence[Section]
    variables: Sequence[Builder[model.VariableModel]] = ()


def render(board: Board) -> str:
    """The dashboard's JSON: the same bytes for the same board."""
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .timezone("browser")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(board.time_from, "now")
        .refresh("1m")
        .variables([*_variables(), *board.variables])
        .link(
            dashboard.DashboardLink("Exchange balances")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(False)
            .include_vars(True)
            .keep_time(True)
        )
    )
    built = builder.build()
    built.panels = _place(board.sections)
    return json.dumps(_plain(built), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _plain(built: model.Dashboard) -> dict[str, Any]:
    """Plain JSON, set right where the SDK's options are behind those of Grafana's panels."""
    tree: dict[str, Any] = json.loads(JSONEncoder().encode(built))
    for panel in tree["panels"]:
        panel.pop("repeatDirection", None)
        if panel["type"] == "table":
            del panel["options"]["footer"]
        if panel["type"] == "piechart":
            panel["options"]["sort"] = "desc"
    for variable in tree["templating"]["list"]:
        for name in ("auto", "auto_count", "auto_min"):
            variable.pop(name, None)
    return tree


def _place(sections: Sequence[Section]) -> list[model.Panel | model.RowPanel]:
    """Give every panel its place and its number, from the top left to the bottom right."""
    placed: list[model.Panel | model.RowPanel] = []
    top = 0
    for section in sections:
        row = dashboard.Row(section.title).id(len(placed) + 1)
        placed.append(row.grid_pos(model.GridPos(h=1, w=WIDTH, x=0, y=top)).build())
        top += 1
        left = line = 0
        for tile in section.tiles:
            if left + tile.width > WIDTH:
                top, left, line = top + line, 0, 0
            panel = tile.panel.id(len(placed) + 1).build()
            panel.grid_pos = model.GridPos(h=tile.height, w=tile.width, x=left, y=top)
            placed.append(panel)
            left, line = left + tile.width, max(line, tile.height)
        top += line
    return placed


def _variables() -> list[Builder[model.VariableModel]]:
    """The same on every dashboard, each narrowed by those before it."""
    source = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    source.description("The Prometheus server that scrapes the exporter.")
    exchanges = selector("exchange_account_up")
    accounts = selector("exchange_account_up", ("exchange",))
    currencies = selector("exchange_balance_net", ("exchange", "account"))
    return [
        source,
        _query("job", "Job", "label_values(exchange_account_up, job)", "Scrape job of the exporter."),
        _query(
            "instance",
            "Instance",
            'label_values(exchange_account_up{job=~"$job"}, instance)',
            "Exporter process; an account that two of them export counts once.",
        ),
        _query("exchange", "Exchange", f"label_values({exchanges}, exchange)", "Exchanges to show.", every=".*"),
        _query("account", "Account", f"label_values({accounts}, account)", "Accounts to show.", every=".*"),
        _query("currency", "Currency", f"label_values({currencies}, currency)", "Currencies to show.", every=".*"),
    ]


def _query(name: str, label: str, query: str, description: str, *, every: str = ".+") -> dashboard.QueryVariable:
    """A variable; `every` is what All stands for: `.*` is no choice to Prometheus, `.+` a union over all values."""
    variable = dashboard.QueryVariable(name).label(label).description(description)
    variable.query(query).definition(query).datasource(DATASOURCE)
    variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.sort(model.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    return variable.multi(True).include_all(True).all_value(every)
