"""A currency of a wallet, and what it is worth in USD: pure."""

from decimal import Decimal
from typing import NamedTuple

from exporter.core.model import Balance, finite
from exporter.holdings.prices import PriceBook


class Row(NamedTuple):
    """One currency as it is valued; the same object as long as amounts, prices and configuration stay.

    Attributes:
        label: the `currency` label.
        balance: the amounts.
        usd: value of the whole holding; None where there is no price.
        on_tickers: whether the value is, or would be, worked out from tickers, and so ends with their age.
        wanted: whether `include` and `exclude` let it be shown.
    """

    label: str
    balance: Balance
    usd: Decimal | None
    on_tickers: bool
    wanted: bool


def valued(label: str, balance: Balance, book: PriceBook | None, now: float, *, wanted: bool) -> Row:
    """The row of these amounts with the prices of this moment.

    The value is the first of these, in the README's order: the value that the answer gives (USD, or USDT times the
    USDT price); net times the price that the answer implies; net times peg; net times ticker. A stated value of 0
    for something that is held is an exchange's way to say that it has no price. A value beyond what a float holds is
    none.

    Args:
        label: the `currency` label, under which it is priced.
        balance: the amounts, and what the answer says of their worth.
        book: prices of the exchange that holds it; None when valuation is off.
        now: this moment, on the clock that the book is dated by.
        wanted: whether `include` and `exclude` let it be shown.
    """
    if book is None:
        return Row(label, balance, None, False, wanted)
    _, _, _, _, net, _, usd, usdt, price = balance
    if usd is not None and (usd or not net):
        on_tickers = False
    elif usdt is not None and (usdt or not net) and (tether := book.price("USDT", now)) is not None:
        on_tickers = "USDT" not in book.pegs
        usd = usdt * tether
    else:
        on_tickers = not price and label not in book.pegs
        price = price or book.price(label, now)
        usd = net * price if price else None
    if usd is not None and not finite(usd):
        usd = None
    return Row(label, balance, usd, on_tickers, wanted)
