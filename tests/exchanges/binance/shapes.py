"""Reads of Binance as tests want them: rows as they stand in a pair, and positions of one kind of Simple Earn."""

from operator import itemgetter

from exporter.core.model import Reading
from exporter.exchanges import binance
from exporter.exchanges.base import Reader, Request, RowMemory, field
from exporter.exchanges.readers import grouped, rows, unused


def one_pair(memory: RowMemory) -> Reader[Reading]:
    """Rows of margin, all of one pair of isolated margin; how pairs are nested has tests of its own."""
    listed = unused(field((yield Request(binance.ISOLATED)), "assets"), memory)
    of_a_pair = binance.margin_fields, binance.margin_balance, memory
    reading = yield from grouped(listed, binance.pair_wallet, lambda row: ("BTCUSDT", (row,)), *of_a_pair)
    return reading.parts.get("isolated_margin/BTCUSDT", Reading())


def positions(memory: RowMemory) -> Reader[Reading]:
    """Positions that are locked, on one page; pages and the other kind have tests of their own."""
    listed = unused(field((yield Request(binance.STAKED)), "rows"), memory)
    return (yield from rows(listed, itemgetter("asset", "amount"), binance.earn_balance, memory))
