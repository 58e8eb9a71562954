"""Gate's wallets for contracts, which classic accounts have: perpetuals, delivery and options, one coin in each.

Words: available = `available`, at least 0; frozen = `order_margin`; locked = what of net is neither, the margin of
positions; pnl = `unrealised_pnl`. Perpetuals and delivery: net = `total` + `unrealised_pnl`, since Gate's page says
that `total` leaves floating profit out. Options: net = `equity`, which is the balance with the value of positions.

Inferred: `order_margin` and `unrealised_pnl` are of the whole account also where cross positions have figures of their
own (`cross_...`). An account with a cross position whose net here is not the equity on Gate's site would disprove it.
`available` may hold trial funds (`bonus`), as the page says; `point` is no coin and not read.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from exporter.core.errors import ExchangeRefused
from exporter.core.model import ZERO, Balance, Reading
from exporter.exchanges.base import (
    Endpoint,
    Reader,
    Request,
    RowMemory,
    decimal,
    name_of,
    optional,
    rest,
    text_of,
    total,
)
from exporter.exchanges.readers import rows, unused

_CLASSIC: Final = frozenset({"0", "", "None", "classic"})
"""What `margin_mode` says of a wallet that stands for itself. Others are of unified accounts."""

_UNIFIED: Final = (
    "The account is a unified one, whose wallet `unified` holds this too: set `options: {mode: unified}`, and tick "
    "Unified (read only) for the key."
)


def read_futures(endpoint: Endpoint, memory: RowMemory) -> Reader[Reading]:
    """Read the wallet of perpetuals, or of delivery: the figures of one coin.

    Raises:
        ExchangeRefused: the figures are of a unified account, and would be counted twice.
        BadPayload: an answer of another shape.
    """
    answer = yield Request(endpoint)
    if isinstance(answer, dict) and text_of(answer.get("margin_mode")) not in _CLASSIC:
        mode = text_of(answer.get("margin_mode_name") or answer.get("margin_mode"), 60)
        raise ExchangeRefused(f"margin_mode {mode}: figures of a unified account", advice=_UNIFIED)
    return (yield from futures_of(None if answer is None else [answer], memory))


def read_options(endpoint: Endpoint, memory: RowMemory) -> Reader[Reading]:
    """Read the wallet of options: the figures of one coin.

    Raises:
        BadPayload: an answer of another shape.
    """
    answer = yield Request(endpoint)
    return (yield from options_of(None if answer is None else [answer], memory))


def _accounts(
    fields: Callable[[Any], tuple[Any, ...]], parse: Callable[..., Balance], accounts: Any, memory: RowMemory
) -> Reader[Reading]:
    return (yield from rows(unused(accounts, memory), fields, parse, memory))


def _futures_fields(row: Any) -> tuple[Any, ...]:
    return row["currency"], row["total"], row["available"], row.get("order_margin"), row["unrealised_pnl"]


def _futures(currency: Any, balance: Any, available: Any, ordered: Any, profit: Any) -> Balance:
    pnl = decimal(profit, "unrealised_pnl", negative=True)
    net = total(decimal(balance, "total", negative=True), pnl)
    free = max(decimal(available, "available", negative=True), ZERO)
    tied = optional(ordered, "order_margin", negative=True)
    return Balance(name_of(currency, "currency"), free, tied, rest(net, free, tied), net, pnl=pnl)


def _options_fields(row: Any) -> tuple[Any, ...]:
    return row["currency"], row["equity"], row["available"], row.get("order_margin"), row.get("unrealised_pnl")


def _options(currency: Any, equity: Any, available: Any, ordered: Any, profit: Any) -> Balance:
    net = decimal(equity, "equity", negative=True)
    free = max(decimal(available, "available", negative=True), ZERO)
    tied = optional(ordered, "order_margin", negative=True)
    pnl = None if profit is None or profit == "" else decimal(profit, "unrealised_pnl", negative=True)
    return Balance(name_of(currency, "currency"), free, tied, rest(net, free, tied), net, pnl=pnl)


futures_of: Final = partial(_accounts, _futures_fields, _futures)
"""What accounts of perpetuals or delivery, of which Gate gives one, come to."""

options_of: Final = partial(_accounts, _options_fields, _options)
"""What accounts of options, of which Gate gives one, come to."""
