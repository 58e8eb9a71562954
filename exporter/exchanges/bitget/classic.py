"""The wallets of classic accounts, through v2, but for futures; and the exchange's own value of each wallet.

Source: Bitget API (www.bitget.com/api-doc), "Get Account Assets" and, for the wallets beside spot, "Get Funding
Assets", "Get Cross Account Assets", "Get Isolated Account Assets", "Get Bot Account Assets", "Get Earn Account Assets".
"""

from collections.abc import Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

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
    rest,
    total,
)
from exporter.exchanges.bitget.protocol import ASSETS, BOTS, FUNDING, ISOLATED, MARGIN, OVERVIEW
from exporter.exchanges.readers import grouped, holding, holdings, rows, unused, usdt_values

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


def read_funding(memory: RowMemory) -> Reader[Reading]:
    """Read the funding wallet, which trades between persons use too; each row brings its own value in USDT.

    `frozen` may be an empty text. Live answers list some emptied coins; whether they list all is not known, so a coin
    that is missing counts as emptied. A value of 0 of something that is held is taken for "no price", as v3 has it.
    """
    answer = yield Request(FUNDING)
    return (yield from rows(unused(answer, memory), _funding_fields, _funding, memory))


def _funding_fields(row: Any) -> tuple[Any, ...]:
    return row["coin"], row["available"], row["frozen"], row.get("usdtValue")


def _funding(coin: Any, available: Any, frozen: Any, value: Any) -> Balance:
    row = holding(coin, available, optional(frozen, "frozen", negative=True))
    return row._replace(usdt=worth(value, "usdtValue", row.net))


def worth(value: Any, where: str, net: Decimal) -> Decimal | None:
    """What a row says that it is worth in USDT; None where it says nothing, or 0 of something that is held."""
    told = None if value is None or value == "" else decimal(value, where, negative=True)
    return told if told or not net else None


_MARGIN_FIELDS: Final = itemgetter("coin", "available", "frozen", "borrow", "interest", "net")


def read_margin(memory: RowMemory) -> Reader[Reading]:
    """Read the cross margin wallet: `borrow` and `interest` are owed, `net` is taken as stated and may be negative.

    The vendor's page gives `net` as available + frozen - borrow - interest; `totalAmount` (available + frozen) has
    borrowed coins in it and is not used, nor is `coupon` (trial funds).
    """
    answer = yield Request(MARGIN)
    return (yield from rows(unused(answer, memory), _MARGIN_FIELDS, _margin, memory))


def read_isolated(memory: RowMemory) -> Reader[Reading]:
    """Read every pair of isolated margin in one call, a wallet for each; a row is one of the two coins of its pair.

    Rows are read as those of cross margin. Inferred: without `symbol` the answer tells of all pairs. A pair that is
    seen on the site and not here would disprove it.
    """
    answer = yield Request(ISOLATED)
    return (yield from grouped(unused(answer, memory), _pair_wallet, _pair_member, _MARGIN_FIELDS, _margin, memory))


def _pair_wallet(symbol: str) -> str:
    return f"isolated_margin/{symbol.upper()}"


def _pair_member(row: Any) -> tuple[Any, Sequence[Any]]:
    return row["symbol"], (row,)


def _margin(coin: Any, available: Any, frozen: Any, borrow: Any, interest: Any, net: Any) -> Balance:
    return Balance(
        name_of(coin, "coin"),
        decimal(available, "available", negative=True),
        decimal(frozen, "frozen", negative=True),
        ZERO,
        decimal(net, "net", negative=True),
        borrowed=total(
            optional(borrow, "borrow", negative=True),
            optional(interest, "interest", negative=True),
        ),
    )


def read_bots(memory: RowMemory) -> Reader[Reading]:
    """Read what trading bots hold: `frozen` is in their orders; `equity`, which only futures bots have, is the whole.

    Spot bots hold available + frozen. Inferred: futures and spot bots of one coin are two rows, which are added; one
    row for both would disprove it. `bonus` (trial funds) is of unknown relation to the equity and left out. An empty
    list says that there are no bots.
    """
    answer = yield Request(BOTS)
    return (yield from rows(unused(answer, memory), _bot_fields, _bot, memory))


def _bot_fields(row: Any) -> tuple[Any, ...]:
    return row["coin"], row["available"], row["frozen"], row.get("equity"), row.get("usdtValue")


def _bot(coin: Any, available: Any, frozen: Any, equity: Any, value: Any) -> Balance:
    free = decimal(available, "available", negative=True)
    tied = optional(frozen, "frozen", negative=True)
    spot = equity is None or equity == ""
    net = total(free, tied) if spot else decimal(equity, "equity", negative=True)
    return Balance(name_of(coin, "coin"), free, tied, rest(net, free, tied), net, usdt=worth(value, "usdtValue", net))


_EARN_FIELDS: Final = itemgetter("coin", "amount")


def read_earn(endpoint: Endpoint, memory: RowMemory) -> Reader[Reading]:
    """Read what all earn products hold, by coin; only what is held is listed.

    Inferred: all of it is locked, since no order can use it. An order that the site takes against it, without
    redeeming it first, would disprove that. Whether interest that has accrued and is not paid yet is inside is not
    told.

    Args:
        endpoint: the same path for both modes, with another word for refusals.
        memory: of the wallet.
    """
    answer = yield Request(endpoint)
    return (yield from rows(unused(answer, memory), _EARN_FIELDS, _earn, memory))


def _earn(coin: Any, amount: Any) -> Balance:
    held = decimal(amount, "amount", negative=True)
    return Balance(name_of(coin, "coin"), ZERO, ZERO, held, held)
