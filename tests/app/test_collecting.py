"""The garbage collector while thousands of rows come in: it stops everybody, so it must never look at many at once."""

import gc
from typing import Any

from exporter.app.process import COLLECT
from tests.kit.accounts import balance


def looked_at(rows: int) -> dict[int, int]:
    """How many objects the largest pass of each generation looks at while so many rows are made and kept."""
    found: dict[int, int] = {}

    def began(phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            generation = info["generation"]
            # To list them makes objects, too, but one for each generation.
            count = sum(len(gc.get_objects(each)) for each in range(generation + 1))
            found[generation] = max(found.get(generation, 0), count)

    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*COLLECT)
    gc.callbacks.append(began)
    try:
        kept = [balance("BTC", "1") for _ in range(rows)]
        assert len(kept) == rows
    finally:
        gc.callbacks.remove(began)
        gc.set_threshold(*before)
    return found


def test_no_pass_over_new_objects_looks_at_more_than_some_twenty_thousand() -> None:
    found = looked_at(500_000)
    assert 2 not in found
    assert found[0] <= 2_500
    assert 15_000 < found[1] <= 25_000
