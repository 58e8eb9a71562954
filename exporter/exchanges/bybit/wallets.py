"""Bybit's wallets: the unified account, funding and earn; and Bybit's own value of each."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
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
    text_of,
    total,
)
from exporter.exchanges.bybit.protocol import EARN, FUNDING, OVERVIEW, UNIFIED
from exporter.exchanges.readers import Odd, rows, unused, usd_values

_MAY_BE_ABSENT: Final = (
    *("locked", "totalOrderIM", "totalPositionIM", "bonus"),
    *("borrowAmount", "accruedInterest", "usdValue", "unrealisedPnl"),
)


def read_unified(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of the unified account: spot, margin and derivatives of all three margin modes.

    A coin without assets and debts is left out of the answer. What does not apply in a mode is an empty text. An
    account that was never used may be no account in the list. What the account as a whole could pay out is told in USD
    alone, so that margin which coins lend each other is not reflected in what is available of each.

    Raises:
        BadPayload: an answer of another shape, or several accounts.
    """
    answer = yield Request(UNIFIED, (("accountType", "UNIFIED"),))
    accounts = listing(field(answer, "list"), "list", A_HANDFUL)
    if len(accounts) > 1:
        raise BadPayload(f"list: {len(accounts)} accounts where one belongs")
    account = accounts[0] if accounts else {"coin": []}
    reading = yield from rows(unused(field(account, "coin"), memory), _unified_fields, _unified, memory)
    return replace(reading, margin_ratio=None if reading.unreadable else _margin_ratio(account))


def _unified_fields(row: Any) -> tuple[Any, ...]:
    return row["coin"], row["equity"], row["walletBalance"], *map(row.get, _MAY_BE_ABSENT)


def _unified(
    coin: Any,
    equity: Any,
    balance: Any,
    locked: Any,
    orders: Any,
    positions: Any,
    credit: Any,
    debt: Any,
    interest: Any,
    value: Any,
    profit: Any,
) -> Balance:
    net = decimal(equity, "equity", negative=True)
    held = decimal(balance, "walletBalance", negative=True)
    tied = total(optional(locked, "locked", negative=True), optional(orders, "totalOrderIM", negative=True))
    margin = total(optional(positions, "totalPositionIM", negative=True), optional(credit, "bonus", negative=True))
    free = max(EXACT.subtract(EXACT.subtract(held, tied), margin), ZERO)
    owed = total(optional(debt, "borrowAmount", negative=True), optional(interest, "accruedInterest", negative=True))
    usd = optional(value, "usdValue", negative=True)
    return Balance(
        name_of(coin, "coin"),
        free,
        tied,
        rest(total(net, owed), free, tied),
        net,
        borrowed=owed,
        usd=usd if usd or not net else None,  # a coin without a price has 0 or an empty text
        pnl=None if profit is None or profit == "" else decimal(profit, "unrealisedPnl", negative=True),
    )


def _margin_ratio(account: Any) -> Decimal | None:
    """Maintenance margin over margin balance, as Bybit states it; an empty text in isolated margin mode."""
    try:
        ratio = optional(account.get("accountMMRate"), "accountMMRate", negative=True)
    except BadPayload:
        return None
    return ratio if ratio > 0 else None


def read_funding(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of the funding wallet; deposits land here. Whether it lists zeros is not known."""
    answer = yield Request(FUNDING, (("accountType", "FUND"),))
    fields = itemgetter("coin", "walletBalance", "transferBalance")
    return (yield from rows(unused(field(answer, "balance"), memory), fields, _funding, memory))


def _funding(coin: Any, whole: Any, available: Any) -> Balance:
    net, free = decimal(whole, "walletBalance", negative=True), decimal(available, "transferBalance", negative=True)
    return Balance(name_of(coin, "coin"), free, ZERO, rest(net, free), net)


def read_earn(memory: RowMemory) -> Reader[Reading]:
    """Read what flexible savings and on-chain earn hold; a position that was redeemed stays with 0.

    Fixed terms, dual assets and liquidity mining are told elsewhere and left out; the overview has their value.
    """
    listed: list[Any] = []
    for category in ("FlexibleSaving", "OnChain"):
        answer = yield Request(EARN, (("category", category),))
        listed += listing(unused(field(answer, "list"), memory), "list")
    return (yield from rows(listed, itemgetter("coin", "amount"), earn_balance, memory))


def earn_balance(coin: Any, amount: Any) -> Balance:
    """What a position comes to."""
    held = decimal(amount, "amount", negative=True)
    return Balance(name_of(coin, "coin"), ZERO, ZERO, held, held)


_NAMES: Final[Mapping[str, str]] = {
    "UnifiedTradingAccount": "unified",
    "FundingAccount": "funding",
    "Earn": "earn",
    "TradingBot": "bots",
    "CopyTrading": "copy_trading",
}


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each kind of wallet in USD, as Bybit reports it: a snapshot, whose age is not said.

    Bybit's sites of single regions do not have it. Loans are wallets of their own, with a value below zero.

    Raises:
        BadPayload: values that cannot be read in most of them, or no list of them.
    """
    del memory
    answer = yield Request(OVERVIEW, (("valuationCurrency", "USD"),))
    return usd_values(_values(field(answer, "list")))


def _values(kinds: Any) -> Iterator[tuple[str, Any]]:
    for kind in listing(kinds, "list", A_HANDFUL):
        name, unit = name_of(field(kind, "accountType"), "accountType"), kind.get("valuationCurrency")
        value = field(kind, "totalEquity") if unit == "USD" else Odd(f"an amount of {text_of(unit, 20)}, not of USD,")
        yield _NAMES.get(name, name.lower()), value
