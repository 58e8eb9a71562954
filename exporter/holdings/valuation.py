"""Rows and prices to USD values: pure."""

from decimal import Decimal

from exporter.core.model import Balance, finite
from exporter.holdings.prices import PriceBook


def value(balance: Balance, label: str, book: PriceBook | None, now: float) -> Decimal | None:
    """USD value of the whole holding, or None where there is no price.

    In the README's order: the value that the answer gives (USD, or USDT times the USDT price); net times the price
    that the answer implies; net times peg; net times ticker. A value of 0 for something that is held is an
    exchange's way to say that it has no price. A value beyond what a float holds is none.

    Args:
        balance: the row.
        label: its currency label, under which it is priced.
        book: prices of the exchange that holds it; None when valuation is off.
        now: this moment, on the clock that the book is dated by.
    """
    if book is None:
        return None
    usd = _worth(balance, label, book, now)
    return usd if usd is not None and finite(usd) else None


def leans_on_tickers(balance: Balance, label: str, book: PriceBook) -> bool:
    """Whether the value is (or would be) worked out from tickers, and so ends with their age."""
    if _said(balance.usd, balance):
        return False
    if _said(balance.usdt, balance):
        return "USDT" not in book.pegs
    return not balance.price and label not in book.pegs


def _worth(balance: Balance, label: str, book: PriceBook, now: float) -> Decimal | None:
    if _said(balance.usd, balance):
        return balance.usd
    if balance.usdt is not None and _said(balance.usdt, balance):
        tether = book.price("USDT", now)
        if tether is not None:
            return balance.usdt * tether
    price = balance.price or book.price(label, now)
    return balance.net * price if price else None


def _said(worth: Decimal | None, balance: Balance) -> bool:
    return worth is not None and (bool(worth) or not balance.net)
