"""Price books: what one exchange's tickers say a currency is worth in USD, by routes, with an age."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.exchanges.base import decimal

QUOTES: Final = ("USDT", "USDC", "USD", "BTC", "ETH")
"""A currency is priced in the first of these that it is traded against, times that one's own price."""

_KEPT: Final = 1_000
"""Lookups that are kept: beyond these only those that found a price. Any name may be asked for, and each that is kept
of a storm of names keeps the memory around it, too."""


class PriceBook:
    """The prices of one exchange, looked up by currency label.

    A pegged currency is worth its peg. Every other price comes from the exchange's own tickers, since venues share
    names for different coins. A book that is older than `max_age` knows only the pegs.

    Attributes:
        max_age: seconds for which a read of the tickers is good.
        version: another number whenever a price may be another one.
        last_success: when the tickers were last read, seconds since the epoch; 0 until the first time.
    """

    def __init__(self, symbol: Callable[[str, str], str | None], pegs: Mapping[str, Decimal], max_age: float) -> None:
        """Args:
        symbol: spells the pair of a base and a quote currency as the exchange's tickers do; None: no such market.
        pegs: fixed USD prices by currency.
        max_age: seconds for which a read of the tickers is good.
        """
        self.max_age = max_age
        self.version = 0
        self.last_success = 0.0
        self._symbol = symbol
        self._pegs = dict(pegs)
        self._tickers: Mapping[str, Any] = {}
        self._prices: dict[str, Decimal | None] = {}
        self._read_at = float("-inf")

    @property
    def pegs(self) -> Mapping[str, Decimal]:
        """Fixed USD prices by currency."""
        return self._pegs

    @pegs.setter
    def pegs(self, pegs: Mapping[str, Decimal]) -> None:
        if pegs != self._pegs:
            self._pegs = dict(pegs)
            self._forget()

    @property
    def good_until(self) -> float:
        """The moment at which the tickers are too old, on the clock that `replace` was told."""
        return self._read_at + self.max_age

    def replace(self, tickers: Mapping[str, Any], now: float, wall: float) -> None:
        """Take the tickers of a good read; all earlier prices are forgotten."""
        self._tickers = tickers
        self._read_at = now
        self.last_success = wall
        self._forget()

    @property
    def has_tickers(self) -> bool:
        """Whether the last good read brought any ticker."""
        return bool(self._tickers)

    def alive(self, now: float) -> bool:
        """Whether tickers may be used at this moment."""
        return now <= self.good_until

    def price(self, currency: str, now: float) -> Decimal | None:
        """USD price of one unit, or None: unknown, zero, or the book is too old."""
        peg = self._pegs.get(currency)
        if peg is not None:
            return peg
        if not self.alive(now):
            return None
        try:
            return self._prices[currency]
        except KeyError:
            price = self._routed(currency, (currency,))
            if price is not None or len(self._prices) < _KEPT:
                self._prices[currency] = price
            return price

    def market_price(self, currency: str, now: float) -> Decimal | None:
        """What the market says of a pegged currency: its price without its own peg."""
        return self._routed(currency, (currency,)) if self.alive(now) else None

    def known(self, now: float) -> dict[str, Decimal]:
        """Every price that was asked for since the last refresh, and the pegs."""
        prices = dict(self._pegs)
        if self.alive(now):
            prices |= {currency: price for currency, price in self._prices.items() if price is not None}
        return prices

    def _forget(self) -> None:
        self._prices = {}
        self.version += 1

    def _routed(self, currency: str, on_the_way: tuple[str, ...]) -> Decimal | None:
        for quote in QUOTES:
            if quote in on_the_way:
                continue
            rate = self._rate(currency, quote)
            if rate is None:
                continue
            worth = self._pegs.get(quote) or self._routed(quote, (*on_the_way, quote))
            # Beyond a float's range there is no price that could be served.
            if worth is not None and 0 < float(rate * worth) < float("inf"):
                return rate * worth
        return None

    def _rate(self, base: str, quote: str) -> Decimal | None:
        direct = self._ticker(base, quote)
        if direct is not None:
            return direct
        inverse = self._ticker(quote, base)
        return None if inverse is None else 1 / inverse

    def _ticker(self, base: str, quote: str) -> Decimal | None:
        symbol = self._symbol(base, quote)
        raw = self._tickers.get(symbol) if symbol is not None else None
        if raw is None or raw == "":
            return None
        try:
            return decimal(raw, "price") or None
        except BadPayload:
            return None
