"""Looks at the exporter from outside, in a process of its own: scrapes, the health of the loop, memory and files.

Arguments: what to do, one of `PROBES`; port and pid of the exporter; for scrapes, a file that says what to look for.
Each line of input asks for what was seen since the last one; `strictly` asks for what a strict reader has against the
page, too. The end of input ends it.

Latencies are net of the time for which the kernel kept the exporter's threads, or ours, waiting for a core: on a busy
machine that time is the machine's fault. What the exporter's own threads take from each other counts.
"""

import gzip
import http.client
import json
import os
import re
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypedDict

from tests.benchmarks.child import tell
from tests.kit.scrape import KINDS, Line, Samples, lines

SCRAPE_SECONDS: Final = 0.1
TICK_SECONDS: Final = 0.01
DOOR_SECONDS: Final = 0.25
PATIENCE: Final = 10.0
"""As long as Prometheus waits for a scrape."""
KNOCK: Final = 1.0
"""As long as Kubernetes waits for a health check."""
STRICT_BYTES: Final = 5 << 20
"""A page beyond this is not read strictly: it takes seconds."""
MEMORY_LIMIT: Final = 4 << 30
"""Bytes after which the exporter is killed, so that the attack does not take the machine with it."""


class Sought(TypedDict):
    """What scrapes look for.

    Attributes:
        since: when the exporter began to serve, in seconds since the epoch.
        victims: accounts that nothing may delay.
        held: amounts by account, currency and kind of amount, which must stand there once the account was read.
        foes: accounts that may fail, but under a name.
    """

    since: float
    victims: list[str]
    held: dict[str, dict[str, dict[str, float]]]
    foes: list[str]


class Scraped(TypedDict):
    """What scrapes have seen since they were last asked; seconds and bytes."""

    p50: float
    p99: float
    scrapes: int
    failed: dict[str, int]
    gap: float
    gap_of: str
    untrue: list[str]
    missing: list[str]
    failures: int
    reasons: dict[str, list[str]]
    up: dict[str, float]
    wallets: list[str]
    lag: float
    page: int
    label: int
    codes: list[str]
    complaint: str
    reload_time: float
    reload_successful: float
    memory: int
    memory_peak: int
    files: int
    files_peak: int
    killed: bool


class Ticked(TypedDict):
    """How long the loop was held at worst, in seconds, and the health checks that were not answered well."""

    held: float
    ticks: int
    bad: dict[str, int]
    knocks: int


class Waiting:
    """How long threads have waited for a core, by the kernel's account."""

    def __init__(self, pid: int) -> None:
        self._folders = (f"/proc/{pid}/task", "/proc/self/task")
        self._before: dict[str, int] = {}

    def since(self) -> float:
        """Seconds for which the thread that waited most has waited since the last call, and the same of ours."""
        now: dict[str, int] = {}
        most = 0.0
        for folder in self._folders:
            worst = 0
            try:
                for thread in os.listdir(folder):  # noqa: PTH208  # a hundred times a second
                    name = f"{folder}/{thread}"
                    with open(f"{name}/schedstat", "rb") as file:  # noqa: PTH123
                        now[name] = int(file.read().split()[1])
                    worst = max(worst, now[name] - self._before.get(name, now[name]))
            except OSError:
                continue  # the thread, or all of them, have ended
            most += worst / 1e9
        self._before = now
        return most


def percentile(values: list[float], part: float) -> float:
    """The value below which this part of the others is; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0


def kept_waiting(seconds: float) -> list[float]:
    """How long a scrape took, and how long those waited that would have been asked for in the meantime."""
    return [seconds - SCRAPE_SECONDS * later for later in range(max(int(seconds / SCRAPE_SECONDS), 1))]


def block(page: bytes, family: str) -> bytes:
    """The sample lines of a family."""
    start = page.find(f"# TYPE {family} ".encode())
    if start < 0:
        return b""
    start = page.find(b"\n", start) + 1
    end = page.find(b"\n#", start - 1)
    return page[start:] if end < 0 else page[start : end + 1]


def samples(page: bytes, family: str, word: bytes) -> Iterator[tuple[dict[str, str], float]]:
    """Labels and values of a family's samples whose line holds a word."""
    chosen = [line for line in block(page, family).splitlines() if word in line]
    for line in lines(b"\n".join(chosen).decode()) if chosen else ():
        assert isinstance(line, Line), line
        yield dict(line.labels), float(line.value)


class Scrapes:
    """Scrapes as Prometheus does, only oftener, and compares what it is served with what is true."""

    def __init__(self, port: int, pid: int, sought: Sought) -> None:
        self.port = port
        self.pid = pid
        self.sought = sought
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], float] = {}
        """Of account and family, the last time that was told."""
        self._polls: dict[str, float] = {}
        self._failures: dict[str, float] = {}
        self._read: set[str] = set()
        self._page = b""
        self._page_at = sought["since"]
        self._killed = False
        self._asked_at = 0.0
        self._begin()

    def _begin(self) -> None:
        self._latencies: list[float] = []
        self._failed: dict[str, int] = {}
        self._gaps: dict[str, float] = {}
        self._untrue: dict[str, None] = {}
        self._missing: dict[str, None] = {}
        self._failed_polls = 0.0
        self._reasons: dict[str, set[str]] = {}
        self._lag = 0.0
        self._largest = 0
        self._memory_peak = self._files_peak = 0

    def run(self) -> None:
        """Scrape for ever."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        waiting = Waiting(self.pid)
        due = time.perf_counter()
        while True:
            due = max(due + SCRAPE_SECONDS, time.perf_counter())
            time.sleep(max(due - time.perf_counter(), 0))
            waiting.since()
            began = self._asked_at = time.perf_counter()
            page, failed = b"", ""
            try:
                connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                page = answer.read()
                if answer.status != 200:
                    failed = str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                failed = type(error).__name__
                connection.close()
            seconds = time.perf_counter() - began
            seconds = max(seconds - waiting.since(), 0.0) if not failed else seconds
            self._asked_at = 0.0
            with self._lock:
                self._weigh()
                self._latencies += kept_waiting(seconds)
                if failed:
                    self._failed[failed] = self._failed.get(failed, 0) + 1
                else:
                    self.look(gzip.decompress(page))

    def _weigh(self) -> None:
        memory, files = weight(self.pid)
        self._memory_peak = max(self._memory_peak, memory)
        self._files_peak = max(self._files_peak, files)
        if memory > MEMORY_LIMIT and not self._killed:
            self._killed = True
            os.kill(self.pid, signal.SIGKILL)

    def look(self, page: bytes) -> None:
        """Compare one page, as it came just now, with what is sought."""
        self._page, self._page_at = page, time.time()
        self._largest = max(self._largest, len(page))
        for _, value in samples(page, "exchange_exporter_scheduler_lag_seconds", b""):
            self._lag = max(self._lag, value)
        for own, _ in samples(page, "exchange_wallet_failing", b'account="foe-'):
            self._reasons.setdefault(own["account"], set()).add(own["reason"])
        self._count(page)
        for family in (
            "exchange_account_last_poll_timestamp_seconds",
            "exchange_wallet_last_success_timestamp_seconds",
        ):
            for own, value in samples(page, family, b'account="victim-'):
                self._heard(own["account"], family, value)
        self._compare(page)

    def _count(self, page: bytes) -> None:
        """How many polls there were between two scrapes: where there were two, neither took all of the time."""
        counts = {own["account"]: value for own, value in samples(page, "exchange_polls_total", b'account="victim-')}
        self._steps = {name: max(count - self._polls.get(name, 0.0), 1.0) for name, count in counts.items()}
        self._polls = counts
        failures: dict[str, float] = {}
        for own, value in samples(page, "exchange_poll_failures_total", b'account="victim-'):
            failures[own["account"]] = failures.get(own["account"], 0.0) + value
        self._failed_polls += sum(failures.values()) - sum(self._failures.values())
        self._failures = failures

    def _heard(self, account: str, family: str, at: float) -> None:
        before = self._last.get((account, family), self.sought["since"])
        if at > before:
            gap = (at - before) / self._steps.get(account, 1.0)
            self._gaps[account] = max(self._gaps.get(account, 0.0), gap)
            self._last[account, family] = at

    def _compare(self, page: bytes) -> None:
        """Every number of an account whose holdings are known is the one that it holds, and none goes missing."""
        seen: dict[str, dict[str, dict[str, float]]] = {}
        for kind in KINDS:
            for own, value in samples(page, f"exchange_balance_{kind}", b'account="'):
                if own["account"] in self.sought["held"]:
                    seen.setdefault(own["account"], {}).setdefault(own["currency"], {})[kind] = value
        for account, held in self.sought["held"].items():
            shown = seen.get(account, {})
            if shown == held:
                self._read.add(account)
            elif shown or account in self._read:
                wrong = {name: shown.get(name) for name in held | shown if shown.get(name) != held.get(name)}
                found = self._missing if not any(wrong.values()) else self._untrue
                found[f"{account}: {wrong}"] = None

    def told(self, *, strictly: bool) -> Scraped:
        """What was seen since the last call; strictly: what a strict reader has against the last page too."""
        with self._lock:
            for account in self.sought["victims"]:  # an account that is not polled any more has a gap without an end
                last = self._last.get((account, "exchange_wallet_last_success_timestamp_seconds"), self.sought["since"])
                self._gaps[account] = max(self._gaps.get(account, 0.0), self._page_at - last)
            if self._asked_at:  # the answer that has not come yet counts with what it took until now
                self._latencies += kept_waiting(time.perf_counter() - self._asked_at)
            worst = max(self._gaps, key=lambda name: self._gaps[name], default="")
            memory, files = weight(self.pid)
            page = self._page
            told = Scraped(
                p50=percentile(self._latencies, 0.5),
                p99=percentile(self._latencies, 0.99),
                scrapes=len(self._latencies),
                failed=self._failed,
                gap=self._gaps.get(worst, 0.0),
                gap_of=worst,
                untrue=list(self._untrue),
                missing=list(self._missing),
                failures=int(self._failed_polls),
                reasons={name: sorted(reasons) for name, reasons in self._reasons.items()},
                up={own["account"]: value for own, value in samples(page, "exchange_account_up", b'account="foe-')},
                wallets=sorted({own["wallet"] for own, _ in samples(page, "exchange_balance_net", b'account="foe-')})[
                    :99
                ],
                lag=self._lag,
                page=self._largest,
                label=max((len(found) for found in re.findall(rb'"((?:[^"\\\n]|\\.)*)"', page)), default=0),
                codes=sorted({own["code"] for own, _ in samples(page, "exchange_api_requests_total", b"code=")}),
                complaint="",
                reload_time=one(page, "exchange_exporter_config_last_reload_success_timestamp_seconds"),
                reload_successful=one(page, "exchange_exporter_config_last_reload_successful"),
                memory=memory,
                memory_peak=max(self._memory_peak, memory),
                files=files,
                files_peak=max(self._files_peak, files),
                killed=self._killed,
            )
            self._begin()
        if strictly and len(page) < STRICT_BYTES:
            told["complaint"] = complaint(page)
        return told


def one(page: bytes, family: str) -> float:
    """The value of a family's only sample; 0 of none."""
    return next((value for _, value in samples(page, family, b"")), 0.0)


def complaint(page: bytes) -> str:
    """What a strict reader has against a page; nothing if it can read it."""
    try:
        Samples(page.decode())
    except (AssertionError, ValueError) as error:
        return str(error)[:200]
    return ""


def weight(pid: int) -> tuple[int, int]:
    """Resident bytes and open files of a process; nothing of one that has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208  # names only
    except (OSError, IndexError):
        return 0, 0


class Ticks:
    """Asks for the health a hundred times a second on one connection; beside that on new ones, as Kubernetes does."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid
        self._asked_at = 0.0
        self._request = f"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._begin()

    def _begin(self) -> None:
        self._worst = 0.0
        self._ticks = self._knocks = 0
        self._bad: dict[str, int] = {}

    def _connect(self, seconds: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def _ask(self, connection: socket.socket) -> str:
        """The status; the answer is one piece."""
        connection.sendall(self._request)
        return connection.recv(65_536)[9:12].decode("latin-1") or "closed"

    def run(self) -> None:
        """Tick for ever."""
        waiting = Waiting(self.pid)
        connection: socket.socket | None = None
        while True:
            time.sleep(TICK_SECONDS)
            try:
                connection = connection or self._connect(PATIENCE)
                waiting.since()
                began = self._asked_at = time.perf_counter()
                status = self._ask(connection)
                seconds = time.perf_counter() - began
                self._asked_at = 0.0
                if seconds > self._worst:
                    self._worst = max(self._worst, seconds - waiting.since())
                self._ticks += 1
            except OSError as error:
                status = type(error).__name__
                self._asked_at = 0.0
            if status != "200":
                if connection is not None:
                    connection.close()
                connection = None
                if status != "closed":  # a kept connection may end
                    self._bad[status] = self._bad.get(status, 0) + 1

    def knock(self) -> None:
        """Connect anew for ever."""
        while True:
            time.sleep(DOOR_SECONDS)
            try:
                with self._connect(KNOCK) as connection:
                    status = self._ask(connection)
            except OSError as error:
                status = type(error).__name__
            self._knocks += 1
            if status != "200":
                name = f"new connection: {status}"
                self._bad[name] = self._bad.get(name, 0) + 1

    def told(self, *, strictly: bool) -> Ticked:
        """What was seen since the last call."""
        del strictly
        if self._asked_at:  # the answer that has not come yet counts with what it took until now
            self._worst = max(self._worst, time.perf_counter() - self._asked_at)
        told = Ticked(held=self._worst, ticks=self._ticks, bad=self._bad, knocks=self._knocks)
        self._begin()
        return told


def _whole(loop: Callable[[], None]) -> None:
    """A probe that has broken ends the process: who sees nothing must not report that all is well."""
    try:
        loop()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def main(what: str, port: int, pid: int, file: str = "") -> None:
    """Look until the parent closes our input."""
    told: Callable[..., Any]
    loops: tuple[Callable[[], None], ...]
    if what == "scrapes":
        scrapes = Scrapes(port, pid, json.loads(Path(file).read_text()))
        told, loops = scrapes.told, (scrapes.run,)
    else:
        ticks = Ticks(port, pid)
        told, loops = ticks.told, (ticks.run, ticks.knock)
    for loop in loops:
        threading.Thread(target=_whole, args=(loop,), daemon=True).start()
    tell(None)
    for line in sys.stdin:
        tell(told(strictly=line.strip() == "strictly"))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
