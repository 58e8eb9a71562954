"""The dashboards are what the code makes, are of Grafana's form, and ask for metrics that exist."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from exporter.exposition.families import FAMILIES
from grafana.build import build
from grafana.panels.parts import GREY
from grafana.pictures.queries import panel_queries, panels, variable_queries
from grafana.pictures.scene import box
from tests.grafana.promql import family, selectors
from tests.grafana.queries import DASHBOARDS, ROOT, dashboards, queries

ALL = dashboards()
HERE = Path(__file__).parent
RULES = ROOT / "deploy" / "prometheus"
RECORDED = {
    rule["record"]
    for path in (RULES / "rules").glob("*.yml")
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if "record" in rule
}
EVERY_PROCESS = {"up", "scrape_samples_scraped", "scrape_duration_seconds", "python_info"}


@pytest.fixture(scope="module", name="built")
def _built() -> dict[str, str]:
    return build()


def test_the_committed_files_are_what_the_code_makes(built: dict[str, str]) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS.glob("*.json")}
    assert committed == built


def test_building_twice_gives_the_same_bytes(built: dict[str, str]) -> None:
    assert build() == built


def _columns(panel: dict[str, Any]) -> dict[str, float]:
    """The columns of a table and the least pixels that each takes."""
    organize = next(item["options"] for item in panel["transformations"] if item["id"] == "organize")
    fields = panel["fieldConfig"]
    widths = {
        rule["matcher"]["options"]: item["value"]
        for rule in fields["overrides"]
        for item in rule["properties"]
        if item["id"] == "custom.width"
    }
    shown = [name for name in organize["indexByName"] if not organize["excludeByName"].get(name)]
    titles = [organize["renameByName"].get(name, name) for name in shown]
    return {title: widths.get(title, fields["defaults"]["custom"]["minWidth"]) for title in titles}


@pytest.mark.parametrize("name", ALL)
def test_no_table_hides_a_column_on_a_screen_of_1500_pixels(name: str) -> None:
    wide = {
        panel["title"]: sum(_columns(panel).values()) - box(panel["gridPos"])["width"]
        for panel in panels(ALL[name])
        if panel["type"] == "table"
    }
    assert {title: pixels for title, pixels in wide.items() if pixels > 0} == {}


@pytest.mark.parametrize("name", ALL)
def test_a_label_that_is_missing_does_not_say_that_the_table_is_empty(name: str) -> None:
    for panel in panels(ALL[name]):
        if panel["type"] == "table":
            rules = [rule for rule in panel["fieldConfig"]["overrides"] if rule["matcher"]["id"] == "byType"]
            assert [(rule["matcher"]["options"], rule["properties"]) for rule in rules] == [
                ("string", [{"id": "noValue", "value": "–"}])
            ]


@pytest.mark.parametrize("name", ALL)
def test_an_empty_cell_has_no_colour_of_a_threshold(name: str) -> None:
    for panel in panels(ALL[name]):
        if panel["type"] == "table":
            for rule in panel["fieldConfig"]["overrides"]:
                found = {item["id"]: item["value"] for item in rule["properties"]}
                if "custom.cellOptions" in found:
                    (empty,) = [item["options"] for item in found["mappings"] if item["type"] == "special"]
                    assert empty == {"match": "null+nan", "result": {"text": "–", "color": GREY}}


def test_uids_are_the_ones_that_alerts_link_to() -> None:
    assert {name: board["uid"] for name, board in ALL.items()} == {
        "treasury.json": "exchange-balance-treasury",
        "account.json": "exchange-balance-account",
        "exporter.json": "exchange-balance-exporter",
    }


def _errors(schema: Path, value: object) -> list[str]:
    validator = jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    return [error.json_path for error in validator.iter_errors(value)]


@pytest.mark.parametrize("name", ALL)
def test_dashboards_have_the_form_of_grafana(name: str) -> None:
    assert _errors(HERE / "dashboard.schema.json", ALL[name]) == []


def test_the_schema_catches_a_wrong_type() -> None:
    broken = json.loads((DASHBOARDS / "treasury.json").read_text(encoding="utf-8"))
    broken["panels"][1]["gridPos"]["w"] = "6"
    assert _errors(HERE / "dashboard.schema.json", broken)


def _panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, board in ALL.items():
        for panel in panels(board):
            yield f"{name} {panel['title']}", panel


@pytest.mark.parametrize(("where", "panel"), list(_panels()))
def test_panel_options_are_those_of_the_panels_plugin(where: str, panel: dict[str, Any]) -> None:
    plugin = panel["type"].replace("-", "")
    assert _errors(HERE / "schema" / f"{plugin}.options.json", panel["options"]) == []
    if (HERE / "schema" / f"{plugin}.field.json").exists():
        custom = panel["fieldConfig"]["defaults"]["custom"]
        assert _errors(HERE / "schema" / f"{plugin}.field.json", custom) == []


@pytest.mark.parametrize("name", ALL)
def test_ids_are_unique_and_panels_do_not_overlap(name: str) -> None:
    placed = ALL[name]["panels"]
    assert len({panel["id"] for panel in placed}) == len(placed)
    taken: set[tuple[int, int]] = set()
    for panel in placed:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = set(
            itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"]))
        )
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", ALL)
def test_titles_are_unique_within_a_dashboard(name: str) -> None:
    titles = [panel["title"] for panel in panels(ALL[name])]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", ALL)
def test_variables_cover_everything_that_can_be_chosen(name: str) -> None:
    variables = {item["name"]: item for item in ALL[name]["templating"]["list"]}
    chosen = ["datasource", "job", "instance", "exchange", "account", "currency"]
    assert list(variables) == [*chosen, *(["rows"] if name == "treasury.json" else [])]
    for variable in [variables[each] for each in chosen[1:]]:
        assert variable["multi"]
        assert variable["includeAll"]
    used = " ".join(target["expr"] for panel in panels(ALL[name]) for target in panel["targets"])
    for variable in list(variables)[1:]:
        assert f"${variable}" in used


@pytest.mark.parametrize(("where", "panel"), list(_panels()))
def test_panels_say_something_when_there_is_no_data(where: str, panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["noValue"]


@pytest.mark.parametrize(("where", "panel"), list(_panels()))
def test_single_figures_are_never_older_than_the_present(where: str, panel: dict[str, Any]) -> None:
    over_time = panel["type"] in ("timeseries", "state-timeline")
    assert all(bool(target["range"]) == over_time for target in panel["targets"])
    assert all(target.get("instant", False) != over_time for target in panel["targets"])


@pytest.mark.parametrize(("where", "panel"), list(_panels()))
def test_curves_stop_where_data_stops(where: str, panel: dict[str, Any]) -> None:
    if panel["type"] in ("timeseries", "state-timeline"):
        assert not panel["fieldConfig"]["defaults"]["custom"].get("spanNulls")


@pytest.mark.parametrize(("where", "panel"), [pair for pair in _panels() if pair[1]["type"] == "table"])
def test_a_tables_sort_and_overrides_name_columns_that_it_has(where: str, panel: dict[str, Any]) -> None:
    organize = panel["transformations"][1]["options"]
    columns = set(organize["renameByName"].values())
    assert {item["displayName"] for item in panel["options"]["sortBy"]} <= columns
    matchers = [override["matcher"] for override in panel["fieldConfig"]["overrides"]]
    assert {matcher["options"] for matcher in matchers if matcher["id"] == "byName"} <= columns
    assert len(columns) == len(organize["renameByName"])


def _used(board: dict[str, Any]) -> set[str]:
    asked = [*panel_queries(board), *variable_queries(board)]
    return {family(selector.name) for query in asked for selector, _ in selectors(query.expr)}


def test_every_metric_of_a_dashboard_exists() -> None:
    for board in ALL.values():
        unknown = _used(board) - FAMILIES.keys() - EVERY_PROCESS - RECORDED
        assert not {name for name in unknown if not name.startswith("process_")}


def test_every_selector_matches_labels_that_its_family_has() -> None:
    for query in queries():
        for selector, _ in selectors(query.expr):
            known = FAMILIES.get(family(selector.name))
            if known is not None:
                names = {matcher.name for matcher in selector.matchers.matchers}
                assert names <= {"job", "instance", *known.labels}, query


def test_every_metric_is_used_in_a_dashboard_or_a_rule() -> None:
    used = set().union(*(_used(board) for board in ALL.values()))
    for path in RULES.rglob("*.yml"):
        rules = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for group in rules.get("groups", []):
            for rule in group["rules"]:
                used |= {family(selector.name) for selector, _ in selectors(rule["expr"]) if selector.name}
    assert FAMILIES.keys() - used == set()


def test_balances_are_not_filtered_by_their_value() -> None:
    compared = re.compile(r"exchange_balance_(net|usd|available|frozen|locked)\{[^}]*\}\[3m\]\)\)* *(!=|>) *0")
    assert [query for query in queries() if compared.search(query.expr)] == []


def test_balances_are_looked_up_without_job_and_instance() -> None:
    for query in queries():
        if query.ref == "variable":
            continue
        for selector, above in selectors(query.expr):
            known = FAMILIES.get(family(selector.name))
            if known is None or "exchange" not in known.labels:
                continue
            assert any(_drops_job(node) for node in above), query


def _drops_job(node: Any) -> bool:
    modifier = getattr(node, "modifier", None)
    if type(node).__name__ != "AggregateExpr":
        return False
    if modifier is None:
        return True
    labels, kept = set(modifier.labels), str(modifier.type).endswith("By")
    return not labels & {"job", "instance"} if kept else {"job", "instance"} <= labels
