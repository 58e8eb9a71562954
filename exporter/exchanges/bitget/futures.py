"""The futures wallets of classic accounts: a margin account for each coin, or one pool of several coins.

Source: Bitget API (www.bitget.com/api-doc), "Get Account List"; live answers quoted in ccxt pull requests 19127, 20558.

Words: net = `accountEquity`, which has unrealized profit in it and can be negative; available = `crossedMaxAvailable`,
the free margin, at least 0; frozen = `locked`, the margin of open orders alone; locked = what of net is neither, the
margin of positions. `available` is the whole balance without profit, margin included, so nothing that is free: it is
not read. `coupon` and `grant` (trial funds) are of unknown relation to the equity and left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any, Final

from exporter.core.errors import BadPayload, NotOpened
from exporter.core.model import ZERO, Balance, Reading, Unreadable
from exporter.core.wording import folded
from exporter.exchanges.base import (
    PAUSE,
    Reader,
    Request,
    RowMemory,
    decimal,
    field,
    listing,
    name_of,
    optional,
    rest,
)
from exporter.exchanges.bitget.classic import worth
from exporter.exchanges.bitget.protocol import FUTURES
from exporter.exchanges.readers import SLICE, rows, unused, without

USDT_AND_USDC: Final = ("USDT-FUTURES", "USDC-FUTURES")
"""Product types of the wallet `futures`. Those that begin with S are demo trading: never asked for."""

COIN: Final = ("COIN-FUTURES",)
"""Product types of the wallet `coin_futures`."""

MULTI_ASSETS: Final = (
    "the account is in multi-assets mode: each coin of its pool is counted once, and the equity of that coin's own "
    "margin account is taken for the same money; nobody has shown that it is, so compare the sum with Bitget's site"
)

_POOL: Final = "assetList"
"""Stands in what is remembered of a pool where else the product type stands."""


def read_futures(products: tuple[str, ...], memory: RowMemory) -> Reader[Reading]:
    """Read the margin accounts of these product types as one wallet, one call for each; all have to answer.

    A product type that was never opened holds nothing. One that held something and says so beside another that
    answers leaves what it held unknown, neither served nor zero.

    In multi-assets mode (`assetMode` is `union`) several coins back all positions together, and `assetList` has them.
    Inferred, since nobody shows how the list relates to `accountEquity`: each coin of a list is a holding (net =
    `balance`, available = `available`, locked = the rest), all lists are of one pool, and the account of a coin that
    stands in it is the same money again. So a coin of the pool is taken once; its account is left out and counted as
    an ignored row, and the log says so. A site that shows the sum of the two would disprove it. Bitget has this mode
    for USDT-M alone; a coin-M account in it would have the pool in both wallets.

    The margin ratio is the highest `crossedRiskRate`. The page calls it "risk ratio in cross margin mode"; inferred:
    maintenance margin over equity, with liquidation at 1. A position that lives on above 1, or ends far below, would
    disprove it. Isolated positions are not in it. Of a pool nothing is told: the vendor's own sample has a maintenance
    margin beside a ratio of 0.

    Args:
        products: asked in this order.
        memory: of the wallet.

    Raises:
        NotOpened: none of them was ever opened.
        BadPayload: an answer of another shape.
    """
    answers: dict[str, Any] = {}
    for product in products:
        answers[product] = yield Request(FUTURES, (("productType", product),))
    own = {mark: RowMemory(one for one in memory.items() if one[0][-1] == mark) for mark in (*products, _POOL)}
    refusals = {product: answer for product, answer in answers.items() if isinstance(answer, NotOpened)}
    if len(refusals) == len(answers):
        raise refusals[products[0]]
    lists = {
        product: listing(unused(answer, own[product]), product)
        for product, answer in answers.items()
        if product not in refusals
    }
    pool = yield from _pool(chain.from_iterable(lists.values()))
    readings = [(yield from rows(list(pool.values()), _asset_fields, _asset, own[_POOL]))]
    ignored = 0
    for product, accounts in lists.items():
        apart = [account for account in accounts if not _is_pooled(account, pool)]
        ignored += len(accounts) - len(apart)
        readings.append((yield from rows(apart, partial(_account_fields, product), _account, own[product])))
    memory.clear()
    memory.update(chain.from_iterable(each.items() for each in own.values()))
    unreadable = [bad for reading in readings for bad in reading.unreadable]
    for product, refusal in refusals.items():
        unreadable += [Unreadable(held.currency, str(refusal)) for held in own[product].values() if not held.is_zero]
    balances = without([balance for reading in readings for balance in reading.balances], unreadable)
    ratio = None if unreadable else _margin_ratio([*chain.from_iterable(lists.values())])
    notice = MULTI_ASSETS if pool else ""
    return Reading(balances, ignored=ignored, unreadable=unreadable, margin_ratio=ratio, notice=notice)


def _pool(accounts: Iterable[Any]) -> Reader[dict[str, Any]]:
    """The assets that back the positions of accounts in multi-assets mode, each once, by name.

    Raises:
        BadPayload: a list of another shape.
    """
    pool: dict[str, Any] = {}
    count = 0
    for account in accounts:
        listed = account.get(_POOL) if _is_in_union(account) else None
        for asset in () if listed is None else listing(listed, _POOL):
            pool.setdefault(folded(name_of(field(asset, "coin"), "coin")), asset)
            count += 1
            if not count % SLICE:
                yield PAUSE
    return pool


def _is_in_union(account: Any) -> bool:
    return isinstance(account, dict) and account.get("assetMode") == "union"


def _is_pooled(account: Any, pool: Mapping[str, Any]) -> bool:
    """Whether the pool has the coin of this account."""
    coin = account.get("marginCoin") if pool and isinstance(account, dict) else None
    return isinstance(coin, str) and folded(coin) in pool


def _account_fields(product: str, row: Any) -> tuple[Any, ...]:
    told = row.get("usdtEquity"), row.get("unrealizedPL")
    return row["marginCoin"], row["accountEquity"], row["crossedMaxAvailable"], row["locked"], *told, product


def _account(coin: Any, equity: Any, free: Any, ordered: Any, value: Any, profit: Any, product: str) -> Balance:
    del product
    net = decimal(equity, "accountEquity", negative=True)
    available = max(decimal(free, "crossedMaxAvailable", negative=True), ZERO)
    frozen = optional(ordered, "locked", negative=True)
    return Balance(
        name_of(coin, "marginCoin"),
        available,
        frozen,
        rest(net, available, frozen),
        net,
        usdt=worth(value, "usdtEquity", net),
        pnl=_stated(profit, "unrealizedPL"),
    )


def _stated(value: Any, where: str) -> Decimal | None:
    """A number that may be left out, as null or as an empty text: then nothing is told, not 0."""
    return None if value is None or value == "" else decimal(value, where, negative=True)


def _asset_fields(row: Any) -> tuple[Any, ...]:
    return row["coin"], row["balance"], row["available"], _POOL


def _asset(coin: Any, balance: Any, available: Any, mark: str) -> Balance:
    del mark
    net = decimal(balance, "balance", negative=True)
    free = max(decimal(available, "available", negative=True), ZERO)
    return Balance(name_of(coin, "coin"), free, ZERO, rest(net, free), net)


def _margin_ratio(accounts: Sequence[Any]) -> Decimal | None:
    """The highest ratio that the accounts state; None where none does, or where one is of a pool or cannot be one."""
    if any(map(_is_in_union, accounts)):
        return None
    try:
        told = [_stated(account.get("crossedRiskRate"), "crossedRiskRate") for account in accounts]
    except BadPayload:
        return None
    ratios = [ratio for ratio in told if ratio is not None]
    return None if any(ratio < 0 for ratio in ratios) else max(ratios, default=None)
