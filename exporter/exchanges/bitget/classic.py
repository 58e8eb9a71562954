"""The wallets of classic accounts, through v2: spot, and the exchange's own value of each wallet."""

from operator import itemgetter
from typing import Final

from exporter.core.model import Reading
from exporter.exchanges.base import A_HANDFUL, Reader, Request, RowMemory, field, listing, name_of
from exporter.exchanges.bitget.protocol import ASSETS, OVERVIEW
from exporter.exchanges.readers import holding, holdings, rows, unused, usdt_values

_SPOT_FIELDS: Final = itemgetter("coin", "available", "frozen", "locked")


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every held asset of the classic spot wallet in one call; emptied ones are left out of the answer.

    Whether v2 lists a wallet that was never used as null, as v3 does, is not known: null is believed of no other.
    """
    answer = yield Request(ASSETS)
    return (yield from rows(unused(answer, memory), _SPOT_FIELDS, holding, memory, holdings))


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each wallet in USDT, as the exchange reports it."""
    del memory
    answer = yield Request(OVERVIEW)
    return usdt_values(
        (
            name_of(field(row, "accountType"), "accountType").lower(),
            field(row, "usdtBalance"),
        )
        for row in listing(answer, "data", A_HANDFUL)
    )
