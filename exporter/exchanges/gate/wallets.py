"""Gate's wallets without contracts: spot, unified, isolated margin and lending; and Gate's own value of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import BadPayload, WrongApi
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
    shown,
    text_of,
    total,
)
from exporter.exchanges.gate.protocol import EARN, ISOLATED, MODE, OVERVIEW, SPOT, UNIFIED
from exporter.exchanges.readers import NOTHING, Odd, grouped, holding, holdings, rows, unused, usd_values


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read the spot wallet of a classic account. It may list zeros of coins once held; that it always does is not said.

    A unified account is answered too, with less than it has: without debt, profit and equity. Nothing in the answer
    tells.
    """
    answer = yield Request(SPOT)
    fields = itemgetter("currency", "available", "locked")
    return (yield from rows(unused(answer, memory), fields, holding, memory, holdings))


_MAY_BE_ABSENT: Final = ("freeze", "total_liab", "borrowed", "negative_liab")


def read_unified(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of a unified account, of all three modes.

    Not added, since nobody says whether they are in `equity`: `funding` (what is lent and counts as margin) and
    `iso_balance` (isolated futures). Rows have no value in USD.

    Raises:
        WrongApi: the account is a classic one.
        BadPayload: an answer of another shape.
    """
    answer = yield Request(UNIFIED)
    held = field(answer, "balances")
    mode = answer.get("mode")
    if mode == "classic":
        raise WrongApi("mode: classic, where a unified account was asked for", api="classic", advice=MODE)
    if not isinstance(mode, str | None):
        raise BadPayload(f"mode: {shown(mode)} where a word belongs")
    reading = yield from rows(_items(unused(held, memory, dict)), _unified_fields, _unified, memory)
    return replace(reading, margin_ratio=None if reading.unreadable else _margin_ratio(answer))


def _items(answer: Any) -> list[Any]:
    if not isinstance(answer, dict):
        raise BadPayload(f"balances: {shown(answer)} where an object belongs")
    if answer and not any(isinstance(row, dict) for row in answer.values()):
        raise BadPayload(f"balances: {shown(answer)} where each coin has its own object")
    return list(answer.items())


def _unified_fields(item: Any) -> tuple[Any, ...]:
    currency, row = item
    if not isinstance(row, dict):
        return currency, *(NOTHING,) * (2 + len(_MAY_BE_ABSENT))
    told = row.get("equity", NOTHING), row.get("available", NOTHING)
    return currency, *told, *map(row.get, _MAY_BE_ABSENT)


def _unified(
    currency: Any, equity: Any, available: Any, frozen: Any, debt: Any, borrowed: Any, overdrawn: Any
) -> Balance:
    net = decimal(equity, "equity", negative=True)
    free = decimal(available, "available", negative=True)
    tied = optional(frozen, "freeze", negative=True)
    if debt is None or debt == "":
        owed = total(
            optional(borrowed, "borrowed", negative=True),
            optional(overdrawn, "negative_liab", negative=True),
        )
    else:
        owed = decimal(debt, "total_liab", negative=True)
    return Balance(name_of(currency, "currency"), free, tied, rest(total(net, owed), free, tied), net, borrowed=owed)


def _margin_ratio(account: Mapping[str, Any]) -> Decimal | None:
    """Maintenance margin over margin balance, both in USD and of the whole account; None where nothing is at risk.

    Both are 0 in single-currency mode, where each coin stands for itself. Gate's own rate of the two is not read: no
    page says whether it is a share or a percentage.
    """
    try:
        needed = optional(account.get("total_maintenance_margin"), "total_maintenance_margin", negative=True)
        equity = optional(account.get("total_margin_balance"), "total_margin_balance", negative=True)
    except BadPayload:
        return None
    if needed <= 0:
        return None
    return Decimal(1) if equity <= needed else round(EXACT.divide(needed, equity), 6)


def read_isolated(memory: RowMemory) -> Reader[Reading]:
    """Read every pair of isolated margin in one call; an empty list says that none was opened.

    A pair's own `locked` is a word on the account, no amount.
    """
    answer = yield Request(ISOLATED)
    return (yield from grouped(unused(answer, memory), pair_wallet, _pair, pair_fields, pair_balance, memory))


def pair_wallet(pair: str) -> str:
    """`isolated_margin/BTCUSDT`, of `BTC_USDT`."""
    return f"isolated_margin/{pair.replace('_', '').upper()}"


def _pair(entry: Any) -> tuple[Any, Sequence[Any]]:
    return entry["currency_pair"], (entry["base"], entry["quote"])


pair_fields: Final = itemgetter("currency", "available", "locked", "borrowed", "interest")
"""Of one currency of a pair: its name, what is free and in orders, and what is owed."""


def pair_balance(currency: Any, available: Any, frozen: Any, debt: Any, interest: Any) -> Balance:
    """What these fields come to: `available` has what was borrowed in it, `interest` is owed beside that."""
    free = decimal(available, "available", negative=True)
    tied = decimal(frozen, "locked", negative=True)
    owed = total(optional(debt, "borrowed", negative=True), optional(interest, "interest", negative=True))
    net = EXACT.subtract(total(free, tied), owed)
    return Balance(name_of(currency, "currency"), free, tied, ZERO, net, borrowed=owed)


PAGE: Final = 100
"""Rows of a page of lending, the most that Gate gives at once."""

_PAGES: Final = 20
"""No more are asked for: no account lends two thousand coins."""


def read_earn(memory: RowMemory) -> Reader[Reading]:
    """Read what is lent out in Simple Earn: one row for each coin, a hundred to a page, pages until one is not full.

    `amount` is the whole, what is being redeemed (`frozen_amount`) included: inferred from its name, "total lending
    amount". Staking is left out: a row may name several coins with one amount, and whether `freeze_amount` is in it is
    not said.

    Raises:
        BadPayload: an answer of another shape; a coin on two pages, as when rows moved from one to the next between
            the calls; more pages than are asked for.
    """
    listed: list[Any] = []
    names: set[str] = set()
    for page in range(1, _PAGES + 1):
        answer = yield Request(EARN, (("page", str(page)), ("limit", str(PAGE))))
        told = listing(unused(answer, memory) if page == 1 else answer, "lends")
        own = {row["currency"] for row in told if isinstance(row, dict) and isinstance(row.get("currency"), str)}
        if twice := names & own:
            raise BadPayload(f"{shown(min(twice))} is on two pages: they changed while they were read")
        names |= own
        listed += told
        if len(told) != PAGE:
            return (yield from rows(listed, itemgetter("currency", "amount"), _lent, memory))
    raise BadPayload(f"more than {_PAGES} pages of {PAGE} rows")


def _lent(currency: Any, amount: Any) -> Balance:
    held = decimal(amount, "amount", negative=True)
    return Balance(name_of(currency, "currency"), ZERO, ZERO, held, held)


_NAMES: Final[Mapping[str, str]] = {"finance": "earn", "quant": "bots"}


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each kind of wallet in USD, as Gate reports it; it is up to a minute old.

    Whether an `amount` holds the profit and debt that stand beside it is not said: it is served as it is.

    Raises:
        BadPayload: values that cannot be read in most of them, or no object of them.
    """
    del memory
    kinds = field((yield Request(OVERVIEW, (("currency", "USD"),))), "details")
    if not isinstance(kinds, dict) or len(kinds) > A_HANDFUL:
        raise BadPayload("details: no object of a few values")
    return usd_values((name_of(_NAMES.get(kind, kind), "wallet"), _of_usd(value)) for kind, value in kinds.items())


def _of_usd(value: Any) -> Any:
    """The amount; of another unit, or of none, something that is no number."""
    if not isinstance(value, dict) or value.get("currency") != "USD":
        return Odd(f"{text_of(value, 60)}, no amount of USD,")
    return value.get("amount")
