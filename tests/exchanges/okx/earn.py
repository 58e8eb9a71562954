"""Reads of earn as tests want them: flexible savings are answered, on-chain orders are none."""

from exporter.core.model import Reading
from exporter.exchanges.base import Reader, RowMemory
from exporter.exchanges.okx import read_earn


def flexible_alone(memory: RowMemory) -> Reader[Reading]:
    """A reader of earn for an account without on-chain orders."""
    reader = read_earn(memory)
    savings = yield next(reader)
    reader.send(savings)
    try:
        wish = reader.send([])
        while True:
            wish = reader.send((yield wish))
    except StopIteration as end:
        reading: Reading = end.value
        return reading
