"""What the shipped rules and the Treasury dashboard cost a real Prometheus server, at 1,000 accounts x 50 currencies.

`make bench ARGS="--only rules"` runs it: servers that scrape the same exporter, with and without the rules, of the
Prometheus that is on the PATH. A day of history is written by `promtool tsdb create-blocks-from openmetrics`: what the
rules look back on as densely as it is scraped, everything else every ten minutes.
"""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
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

WINDOW: Final = 120.0
"""Seconds that are measured."""

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
    """What a server has done so far.

    Attributes:
        evaluating: seconds that its rules were evaluated.
        cpu: seconds of CPU of the process.
        at: when that was, in seconds.
    """

    evaluating: float
    cpu: float
    at: float


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

    def cost(self) -> Cost:
        """What it has done so far."""
        total = sum(
            float(line.rpartition(" ")[2])
            for line in self.get("/metrics").splitlines()
            if line.startswith("prometheus_rule_group_duration_seconds_sum ")
        )
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return Cost(total, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), time.monotonic())

    def groups(self) -> dict[str, float]:
        """Seconds of the last evaluation of each group, for one default interval."""
        text = self.get("/metrics")
        found: dict[str, dict[str, float]] = {}
        for kind in ("last_duration", "interval"):
            for name, value in re.findall(rf'rule_group_{kind}_seconds{{rule_group="[^"]*;([^"]*)"}} (\S+)', text):
                found.setdefault(name, {})[kind] = float(value)
        return {name: each["last_duration"] * EVALUATION / each["interval"] for name, each in found.items()}


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


def load(server: Server, name: str) -> Load:
    """Ask all that a dashboard asks when it is opened, six questions at a time, as a browser does."""
    dashboard = json.loads((ROOT / "grafana" / "dashboards" / f"{name}.json").read_text())
    now = time.time()
    asked: list[tuple[str, str, bool]] = [
        (panel["title"], fill(target["expr"], interval=f"{STEP}s"), bool(target["range"]))
        for panel in panels(dashboard)
        for target in panel.get("targets", [])
    ]
    asked += [(query.panel, query.expr, False) for query in variable_queries(dashboard)]

    def ask(question: tuple[str, str, bool]) -> tuple[float, int, str, bool]:
        title, expr, ranged = question
        started = time.perf_counter()
        try:
            if ranged:
                span = {"start": now - SPAN, "end": now, "step": STEP}
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


def _measured(servers: Sequence[Server]) -> list[tuple[float, float]]:
    """Of each server, seconds of evaluation and of CPU in every 30 seconds of the next two minutes."""
    before = [server.cost() for server in servers]
    time.sleep(WINDOW)
    costs = []
    for server, was in zip(servers, before, strict=True):
        now = server.cost()
        share = EVALUATION / (now.at - was.at)
        costs.append(((now.evaluating - was.evaluating) * share, (now.cpu - was.cpu) * share))
    return costs


def version() -> str:
    """Which Prometheus is measured."""
    told = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+\.\d+\.\d+)", told.stdout + told.stderr)
    return f"Prometheus {found[1]}" if found else "Prometheus"


def fresh() -> Iterator[Row]:
    """Four minutes of history: every size with rules, and the largest without."""
    sizes = (*SIZES, ACCOUNTS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sources = [
            stack.enter_context(Child("-m", "tests.benchmarks.exposition_server", str(size), str(CURRENCIES)))
            for size in sizes
        ]
        served = [source.answer() for source in sources]
        servers = [
            stack.enter_context(serving(folder / str(size), told["port"], rules=True))
            for size, told in zip(sizes, served, strict=True)
        ]
        servers.append(stack.enter_context(serving(folder / "bare", served[-1]["port"], rules=False)))
        time.sleep(WARM)
        costs = _measured(servers)
        largest = servers[-2]
        recorded = largest.value('count({__name__=~".+:.+"}) + (count({__name__=~"ALERTS.*"}) or vector(0))')
        groups = largest.groups()
    yield from _rows(costs[-2], costs[-1], "four minutes of history", groups)
    share = recorded / served[-1]["balances"]
    told = f"{recorded:,.0f} of {served[-1]['balances']:,}"
    yield Row("recorded series against balance series served", version(), told, share, "under", 0.35, "x")
    each = [evaluating for evaluating, _ in costs[:-1]]
    growth = [large / small for small, large in itertools.pairwise(each)]
    told = ", ".join(f"{size}: {seconds:.2f} s" for size, seconds in zip(sizes, each, strict=True))
    yield Row("rules, a doubling of the accounts", version(), told, max(growth), "at most", 2.2, "x")


def aged() -> Iterator[Row]:
    """A day of history behind a server with rules and one without; then the first load of Treasury."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = stack.enter_context(Child("-m", "tests.benchmarks.exposition_server", str(ACCOUNTS), str(CURRENCIES)))
        port = source.answer()["port"]
        blocks = folder / "blocks"
        started = time.monotonic()
        samples = write_day(blocks, ACCOUNTS, CURRENCIES, tuple(EXCHANGES), f"127.0.0.1:{port}")
        backfill = time.monotonic() - started
        for name in ("rules", "bare"):
            (folder / name).mkdir()
            shutil.copytree(blocks, folder / name / "data", copy_function=os.link)
        servers = [
            stack.enter_context(serving(folder / name, port, rules=name == "rules")) for name in ("rules", "bare")
        ]
        time.sleep(WARM)
        costs = _measured(servers)
        groups = servers[0].groups()
        loads = [load(servers[0], "treasury") for _ in range(2)]
    what = f"a day of history ({samples / 1e6:.0f} million samples, written in {backfill:.0f} s)"
    yield from _rows(costs[0], costs[1], what, groups)
    first, again = loads
    told = (
        f"{first.seconds:.1f} s, {again.seconds:.1f} s again; slowest {first.slowest[1]}, {first.slowest[0]:.1f} s; "
        f"{first.touched / 1e6:.0f} million samples"
    )
    if first.failed:
        told += f"; no answer: {', '.join(sorted(set(first.failed)))}"
    seconds = first.seconds if not first.failed else float("inf")
    yield Row("first load of Treasury, all panels over 6 h", version(), told, seconds, "under", 5, "s")
    told = f"{first.samples[0] / 1e6:.1f} million, {first.samples[1]}"
    yield Row("samples of its largest query", version(), told, first.samples[0] / 1e6, "at most", 50, "million")


def _rows(rules: tuple[float, float], bare: tuple[float, float], what: str, groups: dict[str, float]) -> Iterator[Row]:
    """The rows on what the rules cost, with the groups that cost most."""
    dear = sorted(groups.items(), key=lambda each: -each[1])[:3]
    told = f"{rules[0]:.2f} s; " + ", ".join(f"{name.removeprefix('exchange-')} {cost:.2f}" for name, cost in dear)
    yield Row(f"rules in every 30 s, {what}", version(), told, rules[0], "under", 1.5, "s")
    against = f"without rules {bare[1]:.2f} s"
    more = rules[1] - bare[1]
    yield Row(f"CPU of the rules in every 30 s, {what}", against, f"{rules[1]:.2f} s", more, "under", 1.5, "s")


def run() -> Iterator[Row]:
    """Every row."""
    yield from fresh()
    yield from aged()
