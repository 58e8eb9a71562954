"""What the shipped rules and the Treasury dashboard cost a real Prometheus server, at 1,000 accounts x 50 currencies.

`make bench ARGS="--only rules"` runs it: servers that scrape the same exporter, with and without the rules, of the
Prometheus that is on the PATH, one after another. A day of history is written by `promtool tsdb create-blocks-from
openmetrics`: what the rules look back on as densely as it is scraped, everything else every twenty minutes.
"""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from exporter.exchanges import EXCHANGES
from grafana.pictures.queries import fill, panels, variable_queries
from tests.benchmarks.child import ROOT, Child
from tests.benchmarks.history import write_day
from tests.benchmarks.table import Row

ACCOUNTS: Final = 1000
CURRENCIES: Final = 50
SIZES: Final = (125, 250, 500)
"""Smaller installations, each beside the next for what a doubling costs."""

EVALUATION: Final = 30.0
"""Seconds between evaluations, as shipped."""

WARM: Final = 250.0
"""Seconds until a server without history is measured: more than four minutes."""

WINDOW: Final = 250.0
"""Seconds that are measured: every group but those of `_rarely` is evaluated in them."""

SPAN: Final = 6 * 3600
STEP: Final = 30
"""What a dashboard shows and in which steps, in seconds: Grafana's for a panel of 720 points."""

_RULES = ROOT / "deploy" / "prometheus" / "rules"
_CONFIG = """\
global: {{scrape_interval: 30s, evaluation_interval: 30s}}
rule_files: [{rules}]
scrape_configs: [{{job_name: exchange-balance-exporter, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]
"""


class Cost(NamedTuple):
    """What a server does in every 30 seconds.

    Attributes:
        groups: seconds that each group of rules is evaluated.
        cpu: seconds of CPU of the process.
    """

    groups: dict[str, float]
    cpu: float

    @property
    def evaluating(self) -> float:
        """Seconds that the rules are evaluated."""
        return sum(self.groups.values())


class Server:
    """A running Prometheus server."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        self._process = process
        self._url = url

    def get(self, path: str, **parameters: object) -> str:
        """The body of an answer."""
        asked = f"{self._url}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(asked, timeout=300) as answer:
            return str(answer.read().decode())

    def value(self, expr: str) -> float:
        """The value of an expression that has one; 0 where it has none."""
        found = json.loads(self.get("/api/v1/query", query=expr))["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def cpu(self) -> float:
        """Seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def groups(self) -> list[dict[str, Any]]:
        """Each group of rules with its interval, its rules, and when and for how long it was evaluated last."""
        found: list[dict[str, Any]] = json.loads(self.get("/api/v1/rules"))["data"]["groups"]
        return found

    def compactions(self) -> float:
        """How many times blocks were written or made one."""
        found = re.search(r"^prometheus_tsdb_compactions_total (\S+)$", self.get("/metrics"), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def firing(self) -> int:
        """How many alerts fire or are about to. Thousands would cost more than the rules."""
        return len(json.loads(self.get("/api/v1/alerts"))["data"]["alerts"])


@contextmanager
def serving(folder: Path, port: int, *, rules: bool) -> Iterator[Server]:
    """A Prometheus server in a folder, which may hold a history; ended by its pid."""
    folder.mkdir(exist_ok=True)
    config = _CONFIG.format(rules=f"'{_RULES}/*.yml'" if rules else "", port=port)
    (folder / "prometheus.yml").write_text(config)
    program = shutil.which("prometheus")
    assert program is not None, "Prometheus is not installed"
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=10d",
             "--query.max-samples=50000000", "--web.listen-address=127.0.0.1:0"],
            cwd=folder, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while not (found := re.search(r'msg="?Listening on"?(?: component=\S+)? address=(\S+)', log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield Server(process, f"http://{found[1]}")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Load(NamedTuple):
    """What loading a dashboard took.

    Attributes:
        seconds: from the first question to the last answer.
        slowest: the panel of the slowest query, and its seconds.
        samples: the most that one query touched, and whose it was.
        touched: samples in all.
        failed: the panels of queries without a good answer.
    """

    seconds: float
    slowest: tuple[float, str]
    samples: tuple[int, str]
    touched: int
    failed: list[str]


def _step(panel: dict[str, Any]) -> int:
    """Grafana's step, in seconds: no finer than the panel says."""
    least = re.fullmatch(r"(\d+)m", panel.get("interval") or "")
    return max(STEP, 60 * int(least[1])) if least else STEP


def load(server: Server, name: str) -> Load:
    """Ask all that a dashboard asks when it is opened, six questions at a time, as a browser does."""
    dashboard = json.loads((ROOT / "grafana" / "dashboards" / f"{name}.json").read_text())
    now = time.time()
    asked: list[tuple[str, str, int]] = [
        (panel["title"], fill(target["expr"], interval=f"{_step(panel)}s"), _step(panel) if target["range"] else 0)
        for panel in panels(dashboard)
        for target in panel.get("targets", [])
    ]
    asked += [(query.panel, query.expr, 0) for query in variable_queries(dashboard)]

    def ask(question: tuple[str, str, int]) -> tuple[float, int, str, bool]:
        title, expr, step = question
        started = time.perf_counter()
        try:
            if step:
                span = {"start": now - SPAN, "end": now, "step": step}
                answer = server.get("/api/v1/query_range", query=expr, stats="all", **span)
            else:
                answer = server.get("/api/v1/query", query=expr, time=now, stats="all")
        except OSError:
            return time.perf_counter() - started, 0, title, False
        found: dict[str, Any] = json.loads(answer)
        touched = found["data"]["stats"]["samples"]["totalQueryableSamples"]
        return time.perf_counter() - started, touched, title, found["status"] == "success"

    started = time.perf_counter()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, asked))
    return Load(
        time.perf_counter() - started,
        max((seconds, title) for seconds, _, title, _ in answers),
        max((touched, title) for _, touched, title, _ in answers),
        sum(touched for _, touched, _, _ in answers),
        [title for _, _, title, good in answers if not good],
    )


def _measured(server: Server) -> Cost:
    """What a warm server does, from when it writes no block until four minutes later.

    Groups that are evaluated more rarely are asked afterwards. One that was evaluated by itself meanwhile has held up
    the others and would count twice: then all is measured again, and it does not come twice in a row.
    """
    rare = _last(server)
    each, cpu = _window(server)
    if rare != _last(server):
        each, cpu = _window(server)
    for group in server.groups():
        if group["interval"] >= WINDOW:
            each[group["name"]], more = _rarely(server, group)
            cpu += more
    return Cost(each, cpu)


def _last(server: Server) -> list[str]:
    """When the groups that are too rare for the window were evaluated last."""
    return [group["lastEvaluation"] for group in server.groups() if group["interval"] >= WINDOW]


def _window(server: Server) -> Cost:
    """What is done in the window, without the groups that are too rare for it."""
    written = -1.0
    while written != server.compactions():
        written = server.compactions()
        time.sleep(20)
    seen: dict[tuple[str, float], dict[str, float]] = {}
    began, cpu = time.monotonic(), server.cpu()
    while time.monotonic() - began < WINDOW:
        for group in server.groups():
            evaluations = seen.setdefault((group["name"], group["interval"]), {})
            if not group["lastEvaluation"].startswith("0001-"):
                evaluations[group["lastEvaluation"]] = group["evaluationTime"]
        time.sleep(10)
    cpu = (server.cpu() - cpu) * EVALUATION / (time.monotonic() - began)
    assert written == server.compactions(), "blocks were written while the server was measured"
    each = {
        name: sum(evaluations.values()) / len(evaluations) * EVALUATION / interval
        for (name, interval), evaluations in seen.items()
        if interval < WINDOW
    }
    return Cost(each, cpu)


def _rarely(server: Server, group: dict[str, Any]) -> tuple[float, float]:
    """Seconds and CPU in every 30 s of a group that is evaluated too rarely to be waited for: its rules are asked."""
    began, cpu = time.monotonic(), server.cpu()
    for rule in group["rules"]:
        server.get("/api/v1/query", query=rule["query"])
    share = EVALUATION / group["interval"]
    return (time.monotonic() - began) * share, (server.cpu() - cpu) * share


def version() -> str:
    """Which Prometheus is measured."""
    told = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+\.\d+\.\d+)", told.stdout + told.stderr)
    return f"Prometheus {found[1]}" if found else "Prometheus"


def fresh() -> Iterator[Row]:
    """Four minutes of history: every size with rules, and the largest without."""
    each = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for size in (*SIZES, ACCOUNTS):
            with _source(size) as told:
                with serving(folder / str(size), told["port"], rules=True) as server:
                    time.sleep(WARM)
                    cost = _measured(server)
                    each.append(cost.evaluating)
                    recorded = server.value('count({__name__=~".+:.+"}) + (count({__name__=~"ALERTS.*"}) or vector(0))')
                    firing = server.firing()
                if size == ACCOUNTS:
                    with serving(folder / "bare", told["port"], rules=False) as server:
                        time.sleep(WARM)
                        bare = _measured(server)
    yield _row(cost, bare, f"four minutes of history, {firing} alerts", version())
    share = recorded / told["balances"]
    said = f"{recorded:,.0f} of {told['balances']:,}"
    yield Row("recorded series against balance series served", version(), said, share, "under", 0.35, "x")
    growth = [large / small for small, large in itertools.pairwise(each)]
    said = ", ".join(f"{size}: {seconds:.2f} s" for size, seconds in zip((*SIZES, ACCOUNTS), each, strict=True))
    yield Row("rules, a doubling of the accounts", version(), said, max(growth), "at most", 2.2, "x")


@contextmanager
def _source(accounts: int) -> Iterator[dict[str, int]]:
    """An exporter with so many accounts, and what it tells of itself."""
    with Child("-m", "tests.benchmarks.exposition_server", str(accounts), str(CURRENCIES)) as source:
        yield source.answer()


def aged() -> Iterator[Row]:
    """A day of history behind a server with rules and the first load of Treasury; then behind one without rules."""
    with TemporaryDirectory() as name, _source(ACCOUNTS) as told:
        folder, port = Path(name), told["port"]
        blocks = folder / "blocks"
        started = time.monotonic()
        samples = write_day(blocks, ACCOUNTS, CURRENCIES, tuple(EXCHANGES), f"127.0.0.1:{port}")
        backfill = time.monotonic() - started
        for kind in ("rules", "bare"):
            (folder / kind).mkdir()
            shutil.copytree(blocks, folder / kind / "data", copy_function=os.link)
        with serving(folder / "rules", port, rules=True) as server:
            time.sleep(WARM)
            cost = _measured(server)
            firing = server.firing()
            first, again = (load(server, "treasury") for _ in range(2))
        with serving(folder / "bare", port, rules=False) as server:
            time.sleep(WARM)
            bare = _measured(server)
    what = f"a day of history ({samples / 1e6:.0f} million samples, written in {backfill:.0f} s), {firing} alerts"
    yield _row(cost, bare, what, version())
    said = (
        f"{first.seconds:.1f} s, {again.seconds:.1f} s again; slowest {first.slowest[1]}, {first.slowest[0]:.1f} s; "
        f"{first.touched / 1e6:.0f} million samples"
    )
    if first.failed:
        said += f"; no answer: {', '.join(sorted(set(first.failed)))}"
    seconds = first.seconds if not first.failed else float("inf")
    yield Row("first load of Treasury, all panels over 6 h", version(), said, seconds, "under", 5, "s")
    said = f"{first.samples[0] / 1e6:.1f} million, {first.samples[1]}"
    yield Row("samples of its largest query", version(), said, first.samples[0] / 1e6, "at most", 50, "million")


def _row(rules: Cost, bare: Cost, what: str, server: str) -> Row:
    """The row on what the rules cost, with the groups that cost most, and the CPU of both servers.

    The goal is about the time of evaluation. In the CPU of the process the rules have their part of its garbage
    collection, too, which runs beside them.
    """
    dear = sorted(rules.groups.items(), key=lambda each: -each[1])[:3]
    groups = ", ".join(f"{name.removeprefix('exchange-')} {it:.2f}" for name, it in dear)
    said = f"{rules.evaluating:.2f} s; {groups}; CPU of the process {rules.cpu:.2f} s"
    against = f"{server}; CPU without rules {bare.cpu:.2f} s"
    return Row(f"rules in every 30 s, {what}", against, said, rules.evaluating, "under", 1.5, "s")


def run() -> Iterator[Row]:
    """Every row."""
    yield from fresh()
    yield from aged()
