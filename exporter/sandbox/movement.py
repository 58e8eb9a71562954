"""How the demo moves: prices and holdings walk, one drains, one swings, an exchange fails; chance and time come in."""

import math
from dataclasses import replace
from decimal import Context, Decimal
from random import Random
from typing import Final, NamedTuple

from exporter.sandbox.accounts import Holding
from exporter.sandbox.prices import EXACT

_PRICE_DIGITS: Final = Context(prec=8)
_SMALLEST: Final = Decimal("0.00000001")
_CENT: Final = Decimal("0.01")
_WIDEST: Final = 0.05
_ORDER_SHARE: Final = Decimal("0.4")


def wander(price: Decimal, chance: Random, seconds: float, volatility: float = 0.0004) -> Decimal:
    """Move a price for some seconds; `volatility` is the deviation of one second, as a share of the price."""
    change = chance.gauss(0, volatility * math.sqrt(max(seconds, 0)))
    factor = Decimal(repr(1 + min(max(change, -_WIDEST), _WIDEST)))
    return _PRICE_DIGITS.multiply(price, factor)


def trade(holding: Holding, chance: Random, seconds: float, volatility: float = 0.0008) -> Holding:
    """Move a holding for some seconds: orders come and go, and fills change the sum a little.

    What is locked, owed or stored away does not move, and no amount falls below zero.
    """
    if not holding.available and not holding.frozen:
        return holding
    total = EXACT.add(holding.available, holding.frozen)
    change = chance.gauss(0, volatility * math.sqrt(max(seconds, 0)))
    total = EXACT.multiply(total, Decimal(repr(1 + min(max(change, -_WIDEST), _WIDEST))))
    total = max(total, Decimal(0)).quantize(_SMALLEST, context=EXACT)
    frozen = holding.frozen
    if chance.random() < min(seconds, 1) * 0.3:  # an order is placed, filled or taken back
        share = EXACT.multiply(Decimal(repr(chance.random())), _ORDER_SHARE)
        frozen = EXACT.multiply(total, share).quantize(_SMALLEST, context=EXACT)
    frozen = min(frozen, total)
    return replace(holding, available=EXACT.subtract(total, frozen), frozen=frozen)


class Drain(NamedTuple):
    """An amount that flows out steadily from `start` to `floor`, and is filled up again every `period` seconds."""

    start: Decimal
    floor: Decimal
    per_second: Decimal
    period: float

    def left(self, elapsed: float) -> Decimal:
        """Say what is left after some seconds."""
        spent = EXACT.multiply(self.per_second, Decimal(repr(round(elapsed % self.period, 3))))
        return max(EXACT.subtract(self.start, spent), self.floor)

    def seconds_until(self, level: Decimal, elapsed: float) -> float:
        """Say in how many seconds it falls below a level; 0 if it is below."""
        crossing = float(EXACT.divide(EXACT.subtract(self.start, level), self.per_second))
        return max(crossing - elapsed % self.period, 0.0)


class Swing(NamedTuple):
    """The equity behind a position, which falls from `high` to `low` and rises again every `period` seconds."""

    high: Decimal
    low: Decimal
    period: float

    def equity(self, elapsed: float) -> Decimal:
        """Say how much it is after some seconds, in whole cents."""
        share = Decimal(repr((1 + math.cos(2 * math.pi * elapsed / self.period)) / 2))
        risen = EXACT.multiply(EXACT.subtract(self.high, self.low), share)
        return EXACT.add(self.low, risen).quantize(_CENT, context=EXACT)


class Outage(NamedTuple):
    """A failure that comes back: the last `lasts` seconds of every `every`."""

    lasts: float
    every: float

    def is_on(self, elapsed: float) -> bool:
        """Say whether it fails after some seconds."""
        return elapsed % self.every >= self.every - self.lasts
