"""Reads of Bybit's earn as tests want them: of one answer."""

from operator import itemgetter

from exporter.core.model import Reading
from exporter.exchanges import bybit
from exporter.exchanges.base import Reader, Request, RowMemory, field
from exporter.exchanges.readers import rows, unused


def flexible_alone(memory: RowMemory) -> Reader[Reading]:
    """Rows of flexible savings; the on-chain positions beside them have tests of their own."""
    listed = unused(field((yield Request(bybit.EARN)), "list"), memory)
    return (yield from rows(listed, itemgetter("coin", "amount"), bybit.earn_balance, memory))
