"""Large answers are worked on in slices, so that the loop serves others in between."""

from collections.abc import Callable
from typing import Any

import pytest

from exporter.exchanges import EXCHANGES, base, htx
from exporter.exchanges.base import MAX_ROWS, SLICE, Pause, RowMemory
from exporter.model import Balance
from tests.faults.stage import Member, staged
from tests.faults.variants import VARIANTS, Variant
from tests.virtual_time import run

ROWS = MAX_ROWS - 100
AMOUNTS = (
    *("available", "frozen", "locked", "free", "freeze", "balance"),
    *("availableAmount", "frozenAmount", "totalAmount", "equity", "usdValue", "debt"),
)


def row_of(variant: Variant, number: int) -> dict[str, Any]:
    return {**dict.fromkeys(AMOUNTS, f"{number}.5"), "type": "trade", variant.currency: f"COIN{number}"}


def answer_of(variant: Variant) -> Any:
    """A content with nearly as many rows as are accepted."""
    if not variant.currency:
        return {f"coin{number}": row_of(variant, number) for number in range(ROWS)}
    rows = [row_of(variant, number) for number in range(ROWS)]
    return {variant.rows[-1]: rows} if len(variant.rows) > 1 else rows


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_no_more_than_a_slice_of_rows_is_parsed_at_a_stretch(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed_now = 0
    parsed = base.parsed

    def counting(parse: Callable[..., Balance], raw: tuple[Any, ...]) -> Balance:
        nonlocal parsed_now
        parsed_now += 1
        return parsed(parse, raw)

    monkeypatch.setattr(base, "parsed", counting)
    monkeypatch.setattr(htx, "parsed", counting)
    reader = EXCHANGES[variant.exchange].apis[variant.mode].wallets[variant.main].read(RowMemory())
    next(reader)
    if variant.numbered:
        reader.send([{"id": 1, "type": "spot"}])
    stretches = []
    answer = answer_of(variant)
    try:
        wish = reader.send(answer)
        while True:
            assert isinstance(wish, Pause)
            stretches.append(parsed_now)
            parsed_now = 0
            wish = next(reader)
    except StopIteration as end:
        stretches.append(parsed_now)
        assert len(end.value.balances) == ROWS
    assert sum(stretches) == ROWS
    assert max(stretches) <= SLICE


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

    assert run(scenario(5)) == 0
    assert run(scenario(5_000)) == 1
