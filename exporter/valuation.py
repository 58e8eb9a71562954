"""Rows and prices to USD values: pure."""

from decimal import Decimal

from exporter.model import Balance
from exporter.prices import PriceBook


def value(balance: Balance, label: str, book: PriceBook | None, now: float) -> Decimal | None:
    """USD value of the whole holding, or None where there is no price.

    In the order of DESIGN part 4: the value that the answer gives (USD, or USDT times the USDT price); net times the
    price that the answer implies; net times peg; net times ticker.

    Args:
        balance: the row.
        label: its currency label, under which it is priced.
        book: prices of the exchange that holds it; None when valuation is off.
        now: this moment, on the clock that the book is dated by.
    """
    if book is None:
        return None
    if balance.usd is not None:
        return balance.usd
    if balance.usdt is not None:
        tether = book.price("USDT", now)
        if tether is not None:
            return balance.usdt * tether
    if balance.price is not None:
        return balance.net * balance.price
    price = book.price(label, now)
    return None if price is None else balance.net * price


def leans_on_tickers(balance: Balance, label: str, book: PriceBook) -> bool:
    """Whether the value is (or would be) worked out from tickers, and so ends with their age."""
    if balance.usd is not None:
        return False
    if balance.usdt is not None:
        return "USDT" not in book.pegs
    return balance.price is None and label not in book.pegs
