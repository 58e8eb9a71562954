"""Large answers are worked on in slices, so that the loop serves others in between."""

from typing import Any

import pytest

from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import MAX_ROWS, Pause, RowMemory
from exporter.exchanges.readers import SLICE
from tests.exchanges.facts import Shape
from tests.faults.stage import Member, staged
from tests.faults.variants import VARIANTS, Variant
from tests.kit.clock import in_virtual_time

ROWS = MAX_ROWS - 100


def answer_of(shape: Shape) -> Any:
    """A content with nearly as many rows as are accepted, of a currency each."""
    rows = [dict(shape.row) for _ in range(ROWS)]
    for number, row in enumerate(rows):
        if shape.currency:
            row[shape.currency] = f"COIN{number}"
    return shape.content(rows)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_others_get_a_turn_after_every_slice_of_rows(variant: Variant) -> None:
    reader = EXCHANGES[variant.exchange].apis[variant.mode].wallets[variant.main].read(RowMemory())
    next(reader)
    for content in variant.facts.opening:
        reader.send(content)
    pauses, read = 0, 0
    answer = answer_of(variant.shape)
    try:
        wish = reader.send(answer)
        while True:
            assert isinstance(wish, Pause)
            pauses += 1
            wish = next(reader)
    except StopIteration as end:
        read = len(end.value.balances)
    assert read == ROWS
    assert pauses >= 2 * (ROWS // SLICE)  # the fields are taken, and the amounts read


def test_a_large_body_is_parsed_beside_the_loop() -> None:
    """Its length alone decides: a thread is at work while the loop turns."""

    async def scenario(coins: int) -> int:
        threads = 0
        async with staged([Member("large", VARIANTS["bitget"])], valuation={"enabled": False}) as stage:
            for number in range(coins):
                stage.accounts["large"].set("main", f"COIN{number}", "1.5", "0.25")
            stage.engine.start()
            while not stage.engine.accounts["large"].polls:
                threads = max(threads, stage.loop.threads)
                await stage.clock.sleep(0)
        return threads

    assert in_virtual_time(scenario(5)) == 0
    assert in_virtual_time(scenario(5_000)) == 1
