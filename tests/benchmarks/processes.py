"""The whole program in its own process: its start, its memory, and a thousand accounts and more."""

import gzip
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from exporter.exchanges import EXCHANGES
from tests.benchmarks.child import ROOT, Child, resident_kib
from tests.benchmarks.table import Row

SCALE_EACH = 2000 // len(EXCHANGES)
SCALE_ACCOUNTS = SCALE_EACH * len(EXCHANGES)
SCALE_SECONDS = 120
_HALF = (len(EXCHANGES) + 1) // 2
KINDS = (tuple(EXCHANGES)[:_HALF], tuple(EXCHANGES)[_HALF:])
"""Kinds of accounts by sandbox process."""


class Exporter:
    """A running exporter process."""

    def __init__(self, process: subprocess.Popen[str], port: int, started: float) -> None:
        self.process = process
        self.started = started
        self._port = port

    def get(self, path: str = "/metrics") -> str:
        """The body of an answer; empty while nothing answers."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            return (gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body).decode()
        except OSError:
            return ""

    def values(self, family: str) -> list[float]:
        """The values of a family's samples."""
        return values(self.get(), family)

    def cpu(self) -> float:
        """Seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def values(exposition: str, family: str) -> list[float]:
    """The values of a family's samples."""
    lines = (line for line in exposition.splitlines() if line.startswith(family))
    return [float(line.rpartition(" ")[2]) for line in lines if line[len(family)] in "{ "]


def skips(exposition: str) -> dict[tuple[str, str], float]:
    """Polls left out, by exchange and reason."""
    found: Counter[tuple[str, str]] = Counter()
    for line in exposition.splitlines():
        if line.startswith("exchange_polls_skipped_total{"):
            labels, _, value = line.rpartition(" ")
            found[labels.split('"')[1], labels.split('"')[-2]] += int(float(value))
    return dict(found)


@contextmanager
def running(files: list[str], folder: Path, interval: str) -> Iterator[Exporter]:
    """An exporter that polls the accounts of these files."""
    config = folder / "config.yaml"
    config.write_text(json.dumps({"defaults": {"interval": interval}, "account_files": files}))
    port = _free_port()
    started = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "exporter",
            f"--config.file={config}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        cwd=ROOT,
        text=True,
    )
    try:
        yield Exporter(process, port, started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def sandboxes(count: int, currencies: int, *groups: tuple[str, ...]) -> Iterator[tuple[list[str], Path]]:
    """Sandbox processes, one for each group of kinds; the files of their accounts, and their folder."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        children = [
            stack.enter_context(
                Child("-m", "tests.benchmarks.sandbox_server", name, str(count), str(currencies), *group)
            )
            for group in groups
        ]
        yield [child.answer() for child in children], folder


def start_and_memory(ccxt_python: str | None) -> Iterator[Row]:
    """Time to the first complete data of 50 accounts, and resident memory against ccxt with one exchange."""
    times = []
    kib = 0
    for _ in range(3):
        with sandboxes(50, 50, ("bitget",)) as (files, folder), running(files, folder, "5s") as exporter:
            while exporter.values("exchange_account_up").count(1.0) < 50:
                time.sleep(0.01)
            assert len(exporter.values("exchange_balance_available")) >= 50 * 50
            times.append(time.perf_counter() - exporter.started)
            time.sleep(12)  # two more polls of everybody
            kib = resident_kib(exporter.process.pid)
    seconds = statistics.median(times)
    yield Row("start to first complete data, 50 accounts", "", f"{seconds:.2f} s", seconds, "at most", 1, "s")
    mib = kib / 1024
    yield Row("resident memory, 50 accounts x 50 currencies", "", f"{mib:.1f} MB", mib, "at most", 62, "MB")
    if ccxt_python is not None:
        with (
            Child("-m", "tests.benchmarks.answer_server") as server,
            Child("tests/benchmarks/ccxt_client.py", str(server.answer()), python=ccxt_python) as client,
        ):
            client.answer()
            theirs = client.ask("memory")["kib"] / 1024
        told = f"ccxt with one exchange, {theirs:.0f} MB"
        yield Row("the same", told, f"{mib:.1f} MB", mib / theirs, "at most", 0.6, "x")


def scale() -> str:
    """2,000 accounts of 50 currencies in one process; what it cost, in a sentence."""
    with (
        sandboxes(SCALE_EACH, 50, *KINDS) as (files, folder),
        running(files, folder, "30s") as exporter,
    ):
        while sum(exporter.values("exchange_account_up")) < SCALE_ACCOUNTS:
            assert time.perf_counter() - exporter.started < 120
            time.sleep(1)
        first = time.perf_counter() - exporter.started
        time.sleep(30)  # the burst of the first polls is over
        first_scrape, cpu, since = exporter.get(), exporter.cpu(), time.perf_counter()
        lags = []
        while time.perf_counter() - since < SCALE_SECONDS:
            time.sleep(15)
            scrape = exporter.get()
            lags += values(scrape, "exchange_exporter_scheduler_lag_seconds")
        span = time.perf_counter() - since
        share = (exporter.cpu() - cpu) / span
        polls, skipped = (
            sum(values(scrape, family)) - sum(values(first_scrape, family))
            for family in ("exchange_polls_total", "exchange_polls_skipped_total")
        )
        kib = resident_kib(exporter.process.pid)
        up = sum(values(scrape, "exchange_account_up"))
        why = Counter(skips(scrape)) - Counter(skips(first_scrape))
        told = "".join(f" ({exchange}: {reason} {count:.0f})" for (exchange, reason), count in why.items())
    lags.sort()
    middle, late = lags[len(lags) // 2] * 1e3, lags[int(len(lags) * 0.99)] * 1e3
    return f"""{SCALE_ACCOUNTS} accounts of 50 currencies over {len(EXCHANGES)} exchanges, polled every 30 s \
from two sandbox processes on the same machine, scraped every 15 s with gzip: \
all data after {first:.1f} s; {polls / span:.1f} polls/s; \
{share:.0%} of one core; {kib / 1024:.0f} MB; {up:.0f} accounts up; {skipped:.0f} polls skipped{told}; \
scheduler lag, worst within a minute: p50 {middle:.0f} ms, p99 {late:.0f} ms."""
