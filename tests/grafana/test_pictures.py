"""The pictures are drawn from what a server answers, and say so where it answers nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from grafana.pictures.draw import PICTURES, draw, save
from grafana.pictures.server import Server
from grafana.pictures.units import text
from tests.grafana.queries import dashboards

NOW = 1_800_000_000.0
LABELS = {"exchange": "xt", "account": "desk", "wallet": "spot", "currency": "USDT", "instance": "a", "of": "net"}


class _Answers(BaseHTTPRequestHandler):
    """Every query has one series; `nothing` in the path means that none has."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if query["query"] == "broken(":
            answer: dict[str, object] = {"status": "error", "error": "parse error"}
        elif url.path.startswith("/nothing") and query["query"] != "vector(time())":
            answer = {"status": "success", "data": {"result": []}}
        elif "start" in query:
            points = [[float(query["start"]) + 60 * index, str(100 - index)] for index in range(20)]
            answer = {"status": "success", "data": {"result": [{"metric": LABELS, "values": points}]}}
        else:
            value = [NOW, str(NOW) if query["query"] == "vector(time())" else "0.25"]
            answer = {"status": "success", "data": {"result": [{"metric": LABELS, "value": value}]}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module", name="url")
def _url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _words(url: str, name: str) -> list[str]:
    figure = draw(dashboards()[name], Server(url), 1200, "1m", ".+")
    return [part.get_text() for axes in figure.axes for part in axes.texts]


@pytest.mark.parametrize("name", dashboards())
def test_every_panel_is_drawn_with_its_title(url: str, name: str) -> None:
    titles = {panel["title"] for panel in dashboards()[name]["panels"] if panel["type"] != "row"}
    assert titles <= set(_words(url, name))


def test_a_figure_reads_in_its_unit(url: str) -> None:
    words = _words(url, "treasury.json")
    assert "25.0%" in words
    assert "$0.25" in words


def test_a_panel_without_data_says_what_the_dashboard_says(url: str) -> None:
    wanted = {
        panel["fieldConfig"]["defaults"]["noValue"]
        for panel in dashboards()["account.json"]["panels"]
        if panel["type"] != "row"
    }
    assert wanted <= set(_words(f"{url}/nothing", "account.json"))


def test_a_picture_is_a_small_png(url: str, tmp_path: Path) -> None:
    figure = draw(dashboards()["exporter.json"], Server(url), 1200, "1m", ".+")
    assert save(figure, tmp_path / "exporter.png") < 300_000
    with Image.open(tmp_path / "exporter.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 1500


def test_a_refused_query_is_no_empty_picture(url: str) -> None:
    with pytest.raises(RuntimeError, match="parse error"):
        Server(url).instant("broken(")


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="not the URL"):
        Server("localhost:9090")


@pytest.mark.parametrize("name", dashboards())
def test_each_dashboard_has_its_picture_for_the_readme(name: str) -> None:
    picture = PICTURES / name.replace(".json", ".png")
    assert picture.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "words"),
    [
        (0.0, "short", None, "0"),
        (1_234_567.0, "currencyUSD", 2, "$1.23 M"),
        (-180.4, "currencyUSD", 2, "-$180.40"),
        (0.4567, "percentunit", None, "45.7%"),
        (0.042, "s", None, "42 ms"),
        (90.0, "s", 0, "1.5 min"),
        (172800.0, "s", None, "2.0 d"),
        (2097152.0, "bytes", None, "2.0 MiB"),
        (12.0, "cpm", None, "12 /min"),
        (float("nan"), "short", None, "–"),
    ],
)
def test_numbers_read_as_in_grafana(value: float, unit: str, decimals: int | None, words: str) -> None:
    assert text(value, unit, decimals) == words
