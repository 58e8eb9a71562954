"""What the files of exchanges cost a process: one exchange's, as a configuration with it loads, against all of them.

Run as a module it is the process that loads them; `time` or `memory` says what it measures.
"""

import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator

from exporter.exchanges import EXCHANGES
from tests.benchmarks.child import Child, tell
from tests.benchmarks.table import Row

ONE = "bitget"
"""The largest."""


def run() -> Iterator[Row]:
    """Seconds of CPU and bytes."""
    for what, unit, scale, count in (("time", "ms", 1e3, 9), ("memory", "KiB", 1 / 1024, 1)):
        told = [_asked(what) for _ in range(count)]
        one, whole = (statistics.median(each[part] for each in told) * scale for part in (0, 1))
        yield Row(
            f"{what} to load one exchange's files, {ONE}'s",
            f"those of all {len(EXCHANGES)}, {whole:.0f} {unit}",
            f"{one:.0f} {unit}",
            one / whole,
            "at most",
            0.5,
            "x",
        )


def _asked(what: str) -> tuple[float, float]:
    with Child("-m", "tests.benchmarks.exchange_files", what) as child:
        one, whole = child.answer()
        return one, whole


def _main(what: str) -> None:
    if what == "memory":
        tracemalloc.start()
    measured = (lambda: tracemalloc.get_traced_memory()[0]) if what == "memory" else time.process_time
    before = measured()
    one = EXCHANGES[ONE]
    middle = measured()
    for exchange in EXCHANGES.values():
        assert exchange.apis
    assert one.name == ONE
    tell((middle - before, measured() - before))


if __name__ == "__main__":
    _main(sys.argv[1])
