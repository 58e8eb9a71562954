"""HTX's USDT-M futures by currency, which answer at a host of their own and refuse in numbers of their own.

Source: HTX's V5 pages of 2025 and 2026. Since July 2026 V5 is the only such call; nothing of the older ones is asked.
Coin-M futures can be asked by POST only, and so are not read.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import (
    AuthError,
    BadPayload,
    ClockRefused,
    IpRefused,
    Maintenance,
    NotOpened,
    PollError,
    RateLimited,
)
from exporter.core.model import EXACT, ZERO, Balance, Reading
from exporter.exchanges.base import (
    A_WALLET,
    Endpoint,
    Limit,
    Reader,
    Request,
    RowMemory,
    decimal,
    ending,
    field,
    name_of,
    optional,
    refused,
    rest,
    text_of,
    total,
)
from exporter.exchanges.htx import protocol
from exporter.exchanges.htx.protocol import BAD_SIGNATURE, EXPIRED, UNKNOWN_KEY, bind, code_and_words
from exporter.exchanges.readers import rows, unused

HOST: Final = "https://api.hbdm.com"

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("12001", "12006"), ClockRefused),
    **dict.fromkeys(("12002", "12003", "12004", "12007", "12008", "12009", "403"), AuthError),
    "12005": IpRefused,
    **dict.fromkeys(("1010", "1220"), NotOpened),
    "1032": RateLimited,
    "1431": Maintenance,
}
"""Codes of one meaning. V5 has no list of its own: these are the older futures pages' and ccxt's.

Some of them mean something else elsewhere at HTX, such as 403.
"""

TEMPORARY: Final = frozenset({"1000", "1001", "1002", "1004", "1030", "1046", "1077", "1078", "1108"})
"""System busy or not ready; 1077 and 1078: no assets are told while contracts are settled."""

ADVICE: Final = {
    "12004": EXPIRED,
    "12007": UNKNOWN_KEY,
    "12008": BAD_SIGNATURE,
    "12009": "HTX calls this user locked or unknown: look for a notice in the account, then ask HTX's support.",
}


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off the envelope, which is one of HTX's three; only the numbers of refusals are the futures' own.

    Raises:
        BadPayload: none of these envelopes.
        PollError: what a refusal means.
    """
    code, words = code_and_words(payload)
    if text_of(code, 60) in ERRORS or text_of(code, 60) in TEMPORARY:
        advice = {**ADVICE, "12005": bind(text_of(words)) or IpRefused.advice}
        raise refused(status, code, words, errors=ERRORS, temporary=TEMPORARY, advice=advice)
    return protocol.unwrap(status, payload)


FUTURES: Final = Endpoint(
    "/v5/account/balance", (Limit("uid", "reads of futures", 72, 3.0),), most=A_WALLET, host=HOST, unwrap=unwrap
)


def read_futures(memory: RowMemory) -> Reader[Reading]:
    """Read every currency of the futures account; those that were never used are not listed."""
    answer = yield Request(FUTURES)
    read = yield from rows(unused(field(answer, "details"), memory), _fields, _balance, memory)
    return replace(read, margin_ratio=_margin_ratio(answer))


_ALWAYS: Final = itemgetter("currency", "equity")
_MAYBE: Final = (
    *("available_margin", "initial_margin"),
    *("isolated_equity", "cross_order_frozen", "isolated_order_frozen"),
    *("profit_unreal", "isolated_profit_unreal"),
)


def _fields(row: Any) -> tuple[Any, ...]:
    return *_ALWAYS(row), *map(row.get, _MAYBE)


def _balance(
    currency: Any,
    equity: Any,
    free: Any,
    margin: Any,
    isolated: Any,
    cross_orders: Any,
    isolated_orders: Any,
    cross_profit: Any,
    isolated_profit: Any,
) -> Balance:
    """One currency of `details`.

    available = `available_margin`, at least 0 (where it is not told: `equity` - `initial_margin`); frozen =
    `cross_order_frozen` + `isolated_order_frozen`; locked = what of net is neither, at least 0; net = `equity` +
    `isolated_equity`, below 0 where other currencies stand in for this one; pnl = `profit_unreal` +
    `isolated_profit_unreal`. All but `equity` may be absent or empty. `available` is the wallet balance and nothing
    that is free, `isolated_available` margin that isolated positions hold, and `isolated_available_margin` the same
    money as `available_margin`: none of them is used, nor are `voucher` and `voucher_value` (trial funds).

    Inferred, and not shown with an isolated position by anybody: that `equity` has nothing of `isolated_equity` in it
    (clients disagree), and that `profit_unreal` is of cross positions only. Both are disproved by an account with an
    isolated position whose net here is not the equity on HTX's page.
    """
    name, whole = name_of(currency, "currency"), decimal(equity, "equity", negative=True)
    if free is None or free == "":
        available = rest(whole, decimal(margin, "initial_margin", negative=True))
    else:
        available = max(decimal(free, "available_margin", negative=True), ZERO)
    frozen = total(
        optional(cross_orders, "cross_order_frozen", negative=True),
        optional(isolated_orders, "isolated_order_frozen", negative=True),
    )
    net = total(whole, optional(isolated, "isolated_equity", negative=True))
    pnl = total(
        optional(cross_profit, "profit_unreal", negative=True),
        optional(isolated_profit, "isolated_profit_unreal", negative=True),
    )
    untold = {cross_profit, isolated_profit} <= {None, ""}
    return Balance(name, available, frozen, rest(net, available, frozen), net, pnl=None if untold else pnl)


CLOSE: Final = Decimal("0.005")
"""How far the stated ratio may be from what it is taken for; HTX rounds it."""


def _margin_ratio(answer: Mapping[str, Any]) -> Decimal | None:
    """The account's `maintenance_margin_rate`, which is taken for `maintenance_margin` / `equity` of cross margin.

    That is inferred from the figures of one answer (11 / 1043.2 was told as 0.0105). So each answer has to bear it out:
    a rate that is not what the two figures beside it give means something else, and is not told at all. Neither is one
    of an account without equity, where no such ratio is between 0 and 1.
    """
    try:
        rate, margin, equity = (
            decimal(answer.get(name), name) for name in ("maintenance_margin_rate", "maintenance_margin", "equity")
        )
    except BadPayload:
        return None
    apart = EXACT.subtract(EXACT.multiply(rate, equity), margin)
    return rate if equity and abs(apart) <= EXACT.multiply(CLOSE, equity) else None
