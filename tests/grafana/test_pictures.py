"""The pictures show what a server answers, laid and named as Grafana does; the drawing itself is `make pictures`."""

import json
import math
import random
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from grafana.pictures import browser
from grafana.pictures.browser import PAGE, built
from grafana.pictures.draw import PICTURES, asking, shrink
from grafana.pictures.frames import frames, legend
from grafana.pictures.queries import panels
from grafana.pictures.scene import WIDTH, scene
from grafana.pictures.server import Series, Server
from tests.grafana.queries import dashboards

ALL = dashboards()
NOW = 1_800_000_000.0
LABELS = {"exchange": "xt", "account": "desk", "wallet": "spot", "currency": "USDT"}
TIMES = {"start": NOW - 1200, "end": NOW, "step": 5.0}
TABLE = {"refId": "A", "expr": "x", "format": "table", "instant": True}


class _Answers(BaseHTTPRequestHandler):
    """Every query has one series; the queries are noted."""

    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.asked.append(query)
        if query["query"] == "broken(":
            answer: dict[str, object] = {"status": "error", "error": "parse error"}
        elif "start" in query:
            points = [[float(query["start"]) + 60 * index, str(100 - index)] for index in range(20)]
            answer = {"status": "success", "data": {"result": [{"metric": LABELS, "values": points}]}}
        else:
            answer = {"status": "success", "data": {"result": [{"metric": LABELS, "value": [NOW, "0.25"]}]}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="asked")
def _asked() -> list[dict[str, str]]:
    return []


@pytest.fixture(name="server")
def _server(asked: list[dict[str, str]]) -> Iterator[Server]:
    handler = type("_Noting", (_Answers,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Server(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def _drawn(name: str, series: list[Series]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = scene(ALL[name], lambda _: series, **TIMES)["panels"]
    return made


@pytest.mark.parametrize("name", ALL)
def test_every_panel_is_drawn_with_the_settings_of_the_dashboard(name: str) -> None:
    drawn = {panel["id"]: panel for panel in _drawn(name, [])}
    assert drawn.keys() == {panel["id"] for panel in ALL[name]["panels"]}
    for panel in panels(ALL[name]):
        for key in ("title", "type", "options", "fieldConfig"):
            assert drawn[panel["id"]][key] == panel[key]
        assert drawn[panel["id"]]["transformations"] == panel.get("transformations", [])


@pytest.mark.parametrize("name", ALL)
def test_panels_stand_beside_one_another_within_the_picture(name: str) -> None:
    picture = scene(ALL[name], lambda _: [], **TIMES)
    boxes = [panel["box"] for panel in picture["panels"]]
    for box in boxes:
        assert 0 < box["left"] < box["left"] + box["width"] < picture["width"]
        assert 0 < box["top"] < box["top"] + box["height"] < picture["height"]
    for one, two in combinations(boxes, 2):
        beside = one["left"] + one["width"] < two["left"] or two["left"] + two["width"] < one["left"]
        apart = one["top"] + one["height"] < two["top"] or two["top"] + two["height"] < one["top"]
        assert beside or apart


def test_a_curve_is_named_by_its_legend_and_knows_its_step() -> None:
    series = Series(LABELS, [(NOW - 5, 1.0), (NOW, math.nan)])
    (frame,) = frames([{"refId": "A", "legendFormat": "{{account}} of {{ exchange }}"}], [[series]], 5.0)
    time, value = frame["fields"]
    assert time["values"] == [1000 * (NOW - 5), 1000 * NOW]
    assert time["config"] == {"interval": 5000.0}
    assert value["values"] == [1.0, "NaN"]
    assert value["labels"] == LABELS
    assert value["config"] == {"displayNameFromDS": "desk of xt"}


def test_a_label_that_is_missing_leaves_its_place_empty() -> None:
    assert legend("{{shard}}/{{account}}", LABELS) == "/desk"


def test_numbers_without_an_end_survive_json() -> None:
    points = [Series({}, [(NOW, value)]) for value in (math.inf, -math.inf, math.nan, 0.5)]
    (frame,) = json.loads(json.dumps(frames([TABLE], [points], 5.0), allow_nan=False))
    assert frame["fields"][-1]["values"] == ["Infinity", "-Infinity", "NaN", 0.5]


def test_a_table_has_a_column_for_each_label_and_the_value_last() -> None:
    rows = [Series({"currency": "BTC"}, [(NOW, 1.0)]), Series({"currency": "ETH", "account": "desk"}, [(NOW, 2.0)])]
    (frame,) = frames([TABLE], [rows], 5.0)
    columns = {field["name"]: field["values"] for field in frame["fields"]}
    assert columns == {
        "Time": [1000 * NOW, 1000 * NOW],
        "currency": ["BTC", "ETH"],
        "account": ["", "desk"],
        "Value": [1.0, 2.0],
    }
    assert list(columns)[-1] == "Value"


def test_a_value_is_named_by_its_query_where_there_are_several_even_if_only_one_has_rows() -> None:
    targets = [TABLE, {**TABLE, "refId": "B"}]
    one, two = frames(targets, [[Series(LABELS, [(NOW, 1.0)])], []], 5.0)
    assert one["fields"][-1]["name"] == "Value #A"
    assert [field["name"] for field in two["fields"]] == ["Time", "Value #B"]


@pytest.mark.parametrize("name", ALL)
def test_the_columns_that_a_table_renames_are_the_ones_that_it_gets(name: str) -> None:
    series = [Series(dict.fromkeys(("exchange", "account", "wallet", "currency"), "x"), [(NOW, 1.0)])]
    for panel in _drawn(name, series):
        if panel["type"] == "table":
            organize = next(item["options"] for item in panel["transformations"] if item["id"] == "organize")
            values = {field["name"] for frame in panel["frames"] for field in frame["fields"][-1:]}
            assert values == {column for column in organize["renameByName"] if column.startswith("Value")}


def test_a_panel_asks_all_at_one_moment_so_that_rows_join(server: Server, asked: list[dict[str, str]]) -> None:
    ask = asking(server, **TIMES, rate_interval="20s", account="desk")
    for expr in ("one", "two"):
        assert ask({"expr": expr, "instant": True})[0].last == 0.25
    assert [query["time"] for query in asked] == [str(NOW)] * 2


def test_a_curve_is_asked_over_the_whole_time_range(server: Server, asked: list[dict[str, str]]) -> None:
    ask = asking(server, **TIMES, rate_interval="20s", account="desk")
    series = ask({"expr": 'rate(x{account=~"$account"}[$__rate_interval])'})
    assert len(series[0].points) == 20
    assert asked == [
        {"query": 'rate(x{account=~"desk"}[20s])', "start": str(NOW - 1200), "end": str(NOW), "step": "5.0"}
    ]


def test_a_refused_query_is_no_empty_picture(server: Server) -> None:
    with pytest.raises(RuntimeError, match="parse error"):
        server.instant("broken(")


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="not the URL"):
        Server("localhost:9090")


def _noise(path: Path, side: int) -> None:
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side)).save(path)


def test_a_picture_becomes_a_small_png(tmp_path: Path) -> None:
    _noise(tmp_path / "large.png", 520)
    assert (tmp_path / "large.png").stat().st_size > 600_000
    assert shrink(tmp_path / "large.png", tmp_path / "small.png") < 290_000
    with Image.open(tmp_path / "small.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (520, 520))


def test_a_picture_that_stays_too_large_is_no_picture_for_the_readme(tmp_path: Path) -> None:
    _noise(tmp_path / "large.png", 1000)
    with pytest.raises(RuntimeError, match=r"small\.png has \d+ bytes"):
        shrink(tmp_path / "large.png", tmp_path / "small.png")


@pytest.mark.parametrize("name", ALL)
def test_each_dashboard_has_its_picture_for_the_readme(name: str) -> None:
    path = PICTURES / name.replace(".json", ".png")
    assert path.stat().st_size < 300_000
    with Image.open(path) as picture:
        assert picture.width == WIDTH


def test_the_page_can_draw_every_type_of_panel_that_is_used() -> None:
    index = (PAGE / "panels" / "index.js").read_text(encoding="utf-8")
    known = set(re.findall(r"^  '?([a-z-]+)'?: \w+Panel,$", index, re.MULTILINE))
    assert known == {panel["type"] for board in ALL.values() for panel in panels(board)}


def test_the_packages_that_draw_are_pinned_by_version_and_by_nothing_else() -> None:
    packages = json.loads((PAGE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert [name for name, version in packages.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert not (PAGE / "package-lock.json").exists()


def test_without_its_packages_the_page_says_what_installs_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "ICONS", tmp_path / "nothing")
    monkeypatch.setattr(browser, "_found", str)
    with pytest.raises(RuntimeError, match="make pictures"), built():
        pass


def test_without_a_browser_nothing_is_recorded_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="no node on the PATH"), built():
        pass
