"""A currency of a wallet, and what it is worth in USD: pure."""

from decimal import Decimal
from typing import NamedTuple

from exporter.core.model import Balance, finite, is_fine
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
    for something that is held is an exchange's way to say that it has no price. A stated value that is rounded so
    that it tells less than one part in a thousand stands only where nothing else gives a price: 0.02 may be 0.015 or
    0.025. A value beyond what a float holds is none.

    Args:
        label: the `currency` label, under which it is priced.
        balance: the amounts, and what the answer says of their worth.
        book: prices of the exchange that holds it; None when valuation is off.
        now: this moment, on the clock that the book is dated by.
        wanted: whether `include` and `exclude` let it be shown.
    """
    if book is None:
        return Row(label, balance, None, False, wanted)
    _, _, _, _, net, _, usd, usdt, price, _ = balance
    stated, fine, on_tickers = None, False, False
    if usd is not None and (usd or not net):
        stated, fine = usd, is_fine(usd)
    elif usdt is not None and (usdt or not net) and (tether := book.price("USDT", now)) is not None:
        stated, fine, on_tickers = usdt * tether, is_fine(usdt), "USDT" not in book.pegs
    if stated is None or not (fine or not net):
        on_tickers = on_tickers or (not price and label not in book.pegs)
        price = price or book.price(label, now)
        if price:
            stated = net * price
    if stated is not None and not finite(stated):
        stated = None
    return Row(label, balance, stated, on_tickers, wanted)
