"""OKX's wallets: the trading account, funding, flexible and on-chain earn; and OKX's own value of each."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO, Balance, Reading
from exporter.exchanges.base import (
    A_HANDFUL,
    Reader,
    Request,
    RowMemory,
    decimal,
    field,
    listing,
    name_of,
    optional,
    rest,
    total,
)
from exporter.exchanges.okx.protocol import BALANCE, FUNDING, ONCHAIN, SAVINGS, VALUATION, only
from exporter.exchanges.readers import misshapen, rows, unused, usd_values

_UNIFIED_FIELDS: Final = itemgetter("ccy", "eq", "availBal", "availEq", "ordFrozen", "liab", "eqUsd", "upl")


def read_unified(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of the trading account: spot, margin, derivatives and bots of all four account modes.

    A coin whose cash and equity are both zero is left out of the answer. What does not apply in a mode is an empty
    text. `interest` is of unknown relation to `liab` and not added to it. `disEq` (after a haircut) is no valuation.
    """
    account = only((yield Request(BALANCE)))
    listed = field(account, "details")
    reading = yield from rows(unused(listed, memory), _UNIFIED_FIELDS, _unified, memory)
    return replace(reading, margin_ratio=None if reading.unreadable else _margin_ratio(account, listed or ()))


def _unified(
    coin: Any, equity: Any, available: Any, margin: Any, frozen: Any, debt: Any, value: Any, profit: Any
) -> Balance:
    net = decimal(equity, "eq", negative=True)
    free = decimal(margin if available is None or available == "" else available, "availBal", negative=True)
    tied = optional(frozen, "ordFrozen", negative=True)
    owed = optional(debt, "liab", negative=True)
    usd = optional(value, "eqUsd", negative=True)
    return Balance(
        name_of(coin, "ccy"),
        free,
        tied,
        rest(total(net, owed), free, tied),
        net,
        borrowed=owed,
        usd=usd if usd or not net else None,  # 0 is said of a coin without a price
        pnl=None if profit is None or profit == "" else decimal(profit, "upl", negative=True),
    )


def _margin_ratio(account: Any, listed: Iterable[Any]) -> Decimal | None:
    """Maintenance margin over equity, from `mgnRatio`, which is equity over maintenance margin and liquidation.

    One for the account in the multi-currency modes, one for each coin in futures mode, of which the worst counts; an
    empty text where nothing is at risk. Inferred: it is no percentage, as 55415.62 USD over 0.34 is 143682.59 in a
    recorded answer. An account that is liquidated at another value than 1 would disprove it.
    """
    try:
        told = [optional(each.get("mgnRatio"), "mgnRatio", negative=True) for each in (account, *listed)]
    except BadPayload:
        return None
    return max((_inverse(ratio) for ratio in told if ratio), default=None)


def _inverse(ratio: Decimal) -> Decimal:
    return Decimal(1) if ratio <= 1 else round(EXACT.divide(Decimal(1), ratio), 6)


_FUNDING_FIELDS: Final = itemgetter("ccy", "availBal", "frozenBal", "bal")


def read_funding(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of the funding wallet that holds something; deposits land here."""
    answer = yield Request(FUNDING)
    return (yield from rows(unused(answer, memory), _FUNDING_FIELDS, _funding, memory))


def _funding(coin: Any, available: Any, frozen: Any, whole: Any) -> Balance:
    free, tied = decimal(available, "availBal", negative=True), optional(frozen, "frozenBal", negative=True)
    net = decimal(whole, "bal", negative=True)
    return Balance(name_of(coin, "ccy"), free, tied, rest(net, free, tied), net)


def read_earn(memory: RowMemory) -> Reader[Reading]:
    """Read what flexible savings hold, and what on-chain orders hold that are not over.

    Staked ETH and SOL are not here: their tokens, BETH and OKSOL, stand in funding or trading. Whether what
    auto-lending has lent out of the trading account stands here too is not known.
    """
    savings = listing(unused((yield Request(SAVINGS)), memory), "savings")
    orders = listing(unused((yield Request(ONCHAIN)), memory), "orders")
    listed = [*savings, *_invested(orders)]
    return (yield from rows(listed, itemgetter("ccy", "amt"), _earn, memory))


def _invested(orders: Iterable[Any]) -> Iterable[Any]:
    """What was put into each order, by coin; the coin that the order is named by is among them."""
    try:
        return chain.from_iterable([listing(order["investData"], "investData", A_HANDFUL) for order in orders])
    except (KeyError, TypeError) as error:
        raise misshapen(error) from None


def _earn(coin: Any, amount: Any) -> Balance:
    held = decimal(amount, "amt", negative=True)
    return Balance(name_of(coin, "ccy"), ZERO, ZERO, held, held)


_NAMES: Final[Mapping[str, str]] = {"trading": "unified"}


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each kind of wallet in USD, as the exchange reports it.

    Raises:
        BadPayload: values that cannot be read in most of them, or no object of them.
    """
    del memory
    kinds = field(only((yield Request(VALUATION, (("ccy", "USD"),)))), "details")
    if not isinstance(kinds, dict) or len(kinds) > A_HANDFUL:
        raise BadPayload("details: no object of a few values")
    return usd_values((_NAMES.get(kind, kind), value) for kind, value in kinds.items())
