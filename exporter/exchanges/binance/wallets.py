"""Binance's wallets without contracts: spot, cross and isolated margin and Simple Earn; and its own value of each."""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, Reading
from exporter.exchanges.base import (
    A_HANDFUL,
    Endpoint,
    Reader,
    Request,
    RowMemory,
    decimal,
    field,
    listing,
    name_of,
    optional,
    shown,
    total,
)
from exporter.exchanges.binance.protocol import FLEXIBLE, ISOLATED, MARGIN, OVERVIEW, SPOT, STAKED
from exporter.exchanges.readers import grouped, holding, holdings, rows, unused, usdt_values


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of spot that is not zero.

    A coin that is named `LD...` stands for what Flexible Earn holds of the coin: it is kept under its own name, and is
    worth something only if Binance has a price for it. `LDO` is an ordinary coin.
    """
    answer = yield Request(SPOT, (("omitZeroBalances", "true"),))
    listed = unused(field(answer, "balances"), memory)
    return (yield from rows(listed, itemgetter("asset", "free", "locked"), holding, memory, holdings))


margin_fields: Final = itemgetter("asset", "free", "locked", "borrowed", "interest", "netAsset")
"""Of one coin of margin: its name, what is free and in orders, what is owed and the interest on it, and the net."""


def margin_balance(coin: Any, available: Any, frozen: Any, debt: Any, interest: Any, net: Any) -> Balance:
    """What these fields come to: `free` has what was borrowed in it."""
    free, tied = decimal(available, "free", negative=True), decimal(frozen, "locked", negative=True)
    owed = total(optional(debt, "borrowed", negative=True), optional(interest, "interest", negative=True))
    whole = decimal(net, "netAsset", negative=True)
    return Balance(name_of(coin, "asset"), free, tied, ZERO, whole, borrowed=owed)


def read_margin(memory: RowMemory) -> Reader[Reading]:
    """Read every coin of cross margin; coins that may be borrowed and are not held are listed with zeros.

    `marginLevel` is what is there over what is owed, and no share of equity: it is not the margin ratio.
    """
    answer = yield Request(MARGIN)
    return (yield from rows(unused(field(answer, "userAssets"), memory), margin_fields, margin_balance, memory))


def read_isolated(memory: RowMemory) -> Reader[Reading]:
    """Read every pair of isolated margin that was opened, in one call."""
    answer = yield Request(ISOLATED)
    listed = unused(field(answer, "assets"), memory)
    return (yield from grouped(listed, pair_wallet, _pair, margin_fields, margin_balance, memory))


def pair_wallet(pair: str) -> str:
    """`isolated_margin/BTCUSDT`, of `BTCUSDT`."""
    return f"isolated_margin/{pair.upper()}"


def _pair(entry: Any) -> tuple[Any, Sequence[Any]]:
    return entry["symbol"], (entry["baseAsset"], entry["quoteAsset"])


PAGE: Final = 100
"""Positions of Simple Earn on a page, the most that Binance gives at once."""

_PAGES: Final = 20
"""No more are asked for: no account has two thousand positions."""


def read_earn(memory: RowMemory) -> Reader[Reading]:
    """Read what Simple Earn holds, flexible and locked: all of it is locked here. What is being redeemed is in it.

    Whether `totalAmount` has what is pledged as collateral (`collateralAmount`) in it is inferred from its name. BFUSD,
    RWUSD and staked ETH and SOL are left out: their tokens stand in spot too.

    Raises:
        BadPayload: an answer of another shape; a position on two pages, as when they moved between the calls; more
            pages than are asked for.
    """
    flexible = yield from _positions(FLEXIBLE, "productId")
    locked = yield from _positions(STAKED, "positionId")
    listed = [*_amounts(flexible, "totalAmount"), *_amounts(locked, "amount")]
    return (yield from rows(listed, itemgetter("asset", "amount"), earn_balance, memory))


def _amounts(positions: list[Any], name: str) -> Iterator[Any]:
    """Each position with its amount under one name; one that is no object is left as it is."""
    for position in positions:
        if isinstance(position, dict) and name in position:
            yield {"asset": position.get("asset"), "amount": position[name]}
        else:
            yield position


def earn_balance(coin: Any, amount: Any) -> Balance:
    """What a position comes to."""
    held = decimal(amount, "amount", negative=True)
    return Balance(name_of(coin, "asset"), ZERO, ZERO, held, held)


def _positions(endpoint: Endpoint, key: str) -> Reader[list[Any]]:
    """All positions of one kind, page by page, as long as the total says that there are more."""
    listed: list[Any] = []
    names: set[str] = set()
    for page in range(1, _PAGES + 1):
        answer = yield Request(endpoint, (("current", str(page)), ("size", str(PAGE))))
        told = listing(field(answer, "rows"), "rows")
        count = decimal(field(answer, "total"), "total")
        own = [str(row[key]) for row in told if isinstance(row, dict) and key in row]
        if twice := names.intersection(own):
            raise BadPayload(f"{shown(min(twice))} is on two pages: they changed while they were read")
        names.update(own)
        listed += told
        if not told or page * PAGE >= count:
            return listed
    raise BadPayload(f"more than {_PAGES} pages of {PAGE} positions")


_NAMES: Final[Mapping[str, str]] = {
    "Spot": "spot",
    "Funding": "funding",
    "Cross Margin": "margin",
    "Isolated Margin": "isolated_margin",
    "USDⓈ-M Futures": "futures",
    "USD-M Futures": "futures",
    "COIN-M Futures": "coin_futures",
    "Earn": "earn",
    "Options": "options",
    "Trading Bots": "bots",
    "Copy Trading": "copy_trading",
}
"""The first name of the futures has a letter of its own; the other one was recorded too. Others pass through."""


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each wallet in USDT, as Binance reports it; one that was never opened is left out."""
    del memory
    answer = yield Request(OVERVIEW, (("quoteAsset", "USDT"),))
    return usdt_values(_values(answer))


def _values(answer: Any) -> Iterator[tuple[str, Any]]:
    for row in listing(answer, "wallets", A_HANDFUL):
        name = name_of(field(row, "walletName"), "walletName")
        if row.get("activate") is not False:
            yield _NAMES.get(name, name), field(row, "balance")
