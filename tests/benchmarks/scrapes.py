"""What a scrape costs, over HTTP, against prometheus-client and against bytes that are sent as they are."""

import http.client
import statistics
import time
from collections.abc import Iterator

from tests.benchmarks.child import Child
from tests.benchmarks.table import Row

ACCOUNTS, CURRENCIES = 1000, 40
ROUNDS = 9


class Scraper:
    """A client with one kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def scrape(self) -> tuple[float, int]:
        """Seconds from the request to the last byte, and the size of the body."""
        start = time.perf_counter()
        self._connection.request("GET", "/metrics", headers={"Accept": "text/plain", "Accept-Encoding": "gzip"})
        answer = self._connection.getresponse()
        size = len(answer.read())
        seconds = time.perf_counter() - start
        assert answer.status == 200
        assert answer.getheader("Content-Encoding") == "gzip"
        return seconds, size

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def run() -> Iterator[Row]:
    """Measure: all three side by side in every round."""
    shape = (str(ACCOUNTS), str(CURRENCIES))
    module = ("-m", "tests.benchmarks.scrape_server")
    with (
        Child(*module, "ours", *shape) as ours,
        Child(*module, "peer", *shape) as peer,
        Child(*module, "ready", *shape) as ready,
    ):
        first = ours.answer()
        scrapers = [Scraper(child["port"]) for child in (first, peer.answer(), ready.answer())]
        changed, unchanged, theirs, bare, stalls, sizes = [], [], [], [], [], []
        for number in range(ROUNDS + 1):
            ours.ask("republish")
            seconds, size = scrapers[0].scrape()
            stall = ours.ask("stall")["stall"]
            again, _ = scrapers[0].scrape()
            sent, _ = scrapers[2].scrape()
            if number == 0:
                continue  # the first round warms everybody up
            changed.append(seconds)
            unchanged.append(again)
            bare.append(sent)
            stalls.append(stall)
            sizes.append(size)
            if number <= 3:
                peer.ask("set")
                theirs.append(scrapers[1].scrape()[0])
        for scraper in scrapers:
            scraper.close()
    series = ACCOUNTS * CURRENCIES * 5
    mine, same, raw, peers = map(statistics.median, (changed, unchanged, bare, theirs))
    what = f"scrape of {series:,} balance series and all state, gzip over HTTP, all republished"
    body = f"{mine * 1e3:.1f} ms, {statistics.median(sizes) / 1e6:.1f} MB"
    yield Row(what, f"prometheus-client, {peers * 1e3:.0f} ms", body, peers / mine, "at least", 150, "x less time")
    yield Row("the same", f"the same bytes ready-made, {raw * 1e3:.1f} ms", body, mine / raw, "at most", 15, "x")
    told = f"{same * 1e3:.1f} ms"
    yield Row("the same, nothing changed", f"ready-made, {raw * 1e3:.1f} ms", told, same / raw, "at most", 2, "x")
    worst = statistics.median(stalls) * 1e3
    yield Row("event loop held during that scrape", "", f"{worst:.1f} ms", worst, "at most", 5, "ms")
    per_series = first["kib"] * 1024 / series
    yield Row(f"memory per balance series at {series:,}", "", f"{per_series:.0f} B", per_series, "under", 400, "B")
