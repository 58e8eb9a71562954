"""Binance's futures: contracts settled in USDT, USDC and other coins of the dollar, and contracts settled in coins.

Words: net = `marginBalance`, which is `walletBalance` + `unrealizedProfit`; available = `availableBalance`, at least 0
and at most net; frozen = `openOrderInitialMargin`; locked = what of net is neither; pnl = `unrealizedProfit`.

With several assets as margin, `availableBalance` of a coin says how much of it the whole account could pay out, also of
a coin that is not held. So it never counts for more than the coin's own net.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO, Balance, Reading
from exporter.exchanges.base import Reader, Request, RowMemory, decimal, field, name_of, optional, rest
from exporter.exchanges.binance.protocol import COIN_FUTURES, FUTURES
from exporter.exchanges.readers import rows, unused

_FIELDS: Final = itemgetter("asset", "marginBalance", "availableBalance", "openOrderInitialMargin", "unrealizedProfit")


def read_futures(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of USD-M futures; all that may serve as margin are listed, with zeros too.

    Margin ratio: `totalMaintMargin` over `totalMarginBalance`: of USDT alone while each asset stands for itself, of the
    whole account with several assets as margin.
    """
    answer = yield Request(FUTURES)
    reading = yield from _wallet(answer, memory)
    return replace(reading, margin_ratio=_ratio((answer,), "totalMaintMargin", "totalMarginBalance", reading))


def read_coin_futures(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of COIN-M futures; each stands for itself, and the one nearest to liquidation is the ratio."""
    answer = yield Request(COIN_FUTURES)
    reading = yield from _wallet(answer, memory)
    listed = answer["assets"] or ()
    return replace(reading, margin_ratio=_ratio(listed, "maintMargin", "marginBalance", reading))


def _wallet(answer: Any, memory: RowMemory) -> Reader[Reading]:
    return (yield from rows(unused(field(answer, "assets"), memory), _FIELDS, _balance, memory))


def _balance(coin: Any, equity: Any, available: Any, ordered: Any, profit: Any) -> Balance:
    net = decimal(equity, "marginBalance", negative=True)
    free = max(min(decimal(available, "availableBalance", negative=True), net), ZERO)
    tied = decimal(ordered, "openOrderInitialMargin", negative=True)
    pnl = decimal(profit, "unrealizedProfit", negative=True)
    return Balance(name_of(coin, "asset"), free, tied, rest(net, free, tied), net, pnl=pnl)


def _ratio(figures: Iterable[Any], needed: str, equity: str, reading: Reading) -> Decimal | None:
    """The worst of maintenance margin over equity; None where nothing is at risk, or a figure cannot be read."""
    if reading.unreadable:
        return None
    try:
        told = [
            (optional(each.get(needed), needed, negative=True), optional(each.get(equity), equity, negative=True))
            for each in figures
        ]
    except BadPayload:
        return None
    return max((_share(maintenance, whole) for maintenance, whole in told if maintenance > 0), default=None)


def _share(needed: Decimal, whole: Decimal) -> Decimal:
    return Decimal(1) if whole <= needed else round(EXACT.divide(needed, whole), 6)
