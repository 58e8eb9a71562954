"""BingX's futures: perpetual contracts on USDT, USDC and coins, and the standard contracts."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.core.model import ZERO, Balance, Reading
from exporter.exchanges.base import (
    Endpoint,
    Reader,
    Request,
    RowMemory,
    decimal,
    listing,
    name_of,
    rest,
)
from exporter.exchanges.bingx.protocol import COIN_FUTURES, FUTURES, STANDARD_FUTURES
from exporter.exchanges.bingx.wallets import in_earnest
from exporter.exchanges.readers import rows, unused


def read_futures(
    endpoint: Endpoint,
    amounts: tuple[str, ...],
    fields: Callable[[Any], tuple[Any, ...]],
    parse: Callable[..., Balance],
    memory: RowMemory,
) -> Reader[Reading]:
    """Read a futures wallet: a plain list of currencies, play money among them.

    A currency that was never used has the empty text in all of its amounts (seen in December 2025 in a client's
    recorded answer). That tells nothing of it, not even zero: such a row is left out as if it were not listed.

    Args:
        endpoint: where.
        amounts: the fields that such a row leaves empty.
        fields: takes what `parse` needs from a row.
        parse: makes a balance of it.
        memory: of the wallet.
    """
    answer = yield Request(endpoint)
    listed = listing(unused(answer, memory), "data")
    told = [row for row in listed if not (isinstance(row, dict) and all(row.get(name) == "" for name in amounts))]
    return in_earnest((yield from rows(told, fields, parse, memory)))


PERPETUAL: Final = ("equity", "availableMargin", "usedMargin")


def _perpetual_fields(row: Any) -> tuple[Any, ...]:
    frozen = row["freezedMargin"] if "freezedMargin" in row else row["frozenMargin"]
    return *itemgetter("asset", *PERPETUAL)(row), frozen, row.get("unrealizedProfit")


def _perpetual(currency: Any, equity: Any, free: Any, used: Any, frozen: Any, profit: Any) -> Balance:
    """A row of the perpetual futures, USDT-M and USDC-M (`futures`) as well as coin-M (`coin_futures`).

    available = `availableMargin`, at least 0; frozen = `freezedMargin` (also spelled `frozenMargin`): held by orders;
    locked = `usedMargin`: held by positions; net = `equity`, profit included; pnl = `unrealizedProfit`. `balance`
    (without profit) and `realisedProfit` (since when is not told) are not used.

    Source: BingX's reference for `swap/v3/user/balance` and `cswap/v1/user/balance`. That `equity` is `balance` +
    `unrealizedProfit`, and that free margin has the profit in it on coin-M only, is inferred from the samples there:
    so on USDT-M the three parts add up to `balance`, on coin-M to `equity`. An open position whose answer does not add
    up like that would disprove it; what is served is the exchange's own figure all the same.
    """
    return Balance(
        name_of(currency, "asset"),
        max(decimal(free, "availableMargin", negative=True), ZERO),
        decimal(frozen, "freezedMargin", negative=True),
        decimal(used, "usedMargin", negative=True),
        decimal(equity, "equity", negative=True),
        pnl=_profit(profit),
    )


def _profit(profit: Any) -> Decimal | None:
    return None if profit is None or profit == "" else decimal(profit, "unrealizedProfit", negative=True)


STANDARD: Final = ("balance", "availableBalance")


def _standard(currency: Any, balance: Any, free: Any) -> Balance:
    """A row of the standard futures. UNPROVEN: nobody has shown this call's answer since 2023.

    available = `availableBalance`, at least 0; frozen 0; locked = `balance` - available, at least 0; net = `balance`.

    Source: the vendor's page of 2022, its reference of April 2026, and an answer in ccxt's pull request 18776; BingX's
    pages of October 2025 say that standard contracts have no API. The split is inferred from that one answer, in which
    5 USDT of balance have 0 available. Whether `balance` contains the unrealized profit (`crossUnPnl`) is not known, so
    no pnl is told: an answer with an open position, beside the site's own figures, would settle it.
    """
    net = decimal(balance, "balance", negative=True)
    available = max(decimal(free, "availableBalance", negative=True), ZERO)
    return Balance(name_of(currency, "asset"), available, ZERO, rest(net, available), net)


read_usdt_futures: Final = partial(read_futures, FUTURES, PERPETUAL, _perpetual_fields, _perpetual)
read_coin_futures: Final = partial(read_futures, COIN_FUTURES, PERPETUAL, _perpetual_fields, _perpetual)
read_standard_futures: Final = partial(
    read_futures, STANDARD_FUTURES, STANDARD, itemgetter("asset", *STANDARD), _standard
)
