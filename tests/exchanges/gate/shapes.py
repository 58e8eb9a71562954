"""Reads of Gate as tests want them: of an answer of any length where Gate answers with one thing, or with pairs."""

from collections.abc import Callable
from typing import Any

from exporter.core.model import Reading
from exporter.exchanges import gate
from exporter.exchanges.base import Endpoint, Reader, Request, RowMemory
from exporter.exchanges.readers import grouped, unused


def several(
    endpoint: Endpoint, of: Callable[[Any, RowMemory], Reader[Reading]]
) -> Callable[[RowMemory], Reader[Reading]]:
    """A reader of contracts whose answer is a list of accounts instead of the one that Gate gives."""

    def read(memory: RowMemory) -> Reader[Reading]:
        answer = yield Request(endpoint)
        return (yield from of(answer, memory))

    return read


def one_pair(memory: RowMemory) -> Reader[Reading]:
    """Rows as they stand in a pair of isolated margin, all of one pair; how pairs are nested has tests of its own."""
    rows = unused((yield Request(gate.ISOLATED)), memory)
    of_a_pair = gate.pair_fields, gate.pair_balance, memory
    reading = yield from grouped(rows, gate.pair_wallet, lambda row: ("BTC_USDT", (row,)), *of_a_pair)
    return reading.parts.get("isolated_margin/BTCUSDT", Reading())
