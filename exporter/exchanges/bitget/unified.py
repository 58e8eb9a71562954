"""The wallets of unified accounts, through v3: the unified wallet and funding; earn is read as that of classic ones."""

from operator import itemgetter
from typing import Any, Final

from exporter.core.model import Balance, Reading
from exporter.exchanges.base import Reader, Request, RowMemory, decimal, field, name_of, optional, rest, total
from exporter.exchanges.bitget.protocol import UNIFIED_ASSETS, UNIFIED_FUNDING
from exporter.exchanges.readers import holding, rows

_UNIFIED_FIELDS: Final = itemgetter("coin", "equity", "usdValue", "available", "debt", "locked")


def read_unified(memory: RowMemory) -> Reader[Reading]:
    """Read every non-zero asset of the unified wallet, with the exchange's own USD value."""
    answer = yield Request(UNIFIED_ASSETS)
    return (yield from rows(_held(field(answer, "assets")), _UNIFIED_FIELDS, _unified, memory))


def _unified(coin: Any, equity: Any, value: Any, available: Any, debt: Any, locked: Any) -> Balance:
    net = decimal(equity, "equity", negative=True)
    free = decimal(available, "available", negative=True)
    owed = optional(debt, "debt", negative=True)
    tied = optional(locked, "locked", negative=True)
    usd = optional(value, "usdValue", negative=True)
    return Balance(
        name_of(coin, "coin"),
        free,
        tied,
        rest(total(net, owed), free, tied),
        net,
        borrowed=owed,
        usd=usd or None,  # 0 is what Bitget says of a coin that it has no price for
    )


def _held(answer: Any) -> Any:
    """v3 answers null where there is nothing to list; null is no list anywhere else."""
    return [] if answer is None else answer


def read_unified_funding(memory: RowMemory) -> Reader[Reading]:
    """Read the funding wallet of a unified account."""
    answer = yield Request(UNIFIED_FUNDING)
    return (yield from rows(_held(answer), itemgetter("coin", "available", "frozen"), _funding, memory))


def _funding(coin: Any, available: Any, frozen: Any) -> Balance:
    return holding(coin, available, optional(frozen, "frozen", negative=True))  # comes as an empty text too
