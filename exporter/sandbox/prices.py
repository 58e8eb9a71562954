"""What the simulated markets ask for a coin, and the worth of a holding by those prices."""

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final

EXACT: Final = Context(prec=120)
"""Sums and products of amounts that people set stay exact in this many digits."""

DEFAULT_PRICES: Final[Mapping[str, Decimal]] = {
    "BTC/USDT": Decimal("68250.5"),
    "ETH/USDT": Decimal("3420.25"),
    "SOL/USDT": Decimal("172.4"),
    "XRP/USDT": Decimal("0.6125"),
    "BNB/USDT": Decimal("595.5"),
    "DOGE/USDT": Decimal("0.1532"),
    "TON/USDT": Decimal("5.85"),
    "LTC/USDT": Decimal("84.75"),
    "ADA/USDT": Decimal("0.4675"),
    "TRX/USDT": Decimal("0.1625"),
    "LINK/USDT": Decimal("14.25"),
    "PEPE/USDT": Decimal("0.00001125"),
    "EUR/USDT": Decimal("1.085"),
    "USDC/USDT": Decimal("0.9998"),
    "BTC/USDC": Decimal(68260),
    "ETH/USDC": Decimal(3421),
    "EURC/USDC": Decimal("1.0845"),
    "ETH/BTC": Decimal("0.050115"),
    "XMR/BTC": Decimal("0.0024"),
}

_ZERO: Final = Decimal(0)


def usdt_price(prices: Mapping[str, Decimal], coin: str) -> Decimal | None:
    """Say how many USDT one coin costs, directly or over one other coin; None where no pair leads there."""
    coin = coin.upper()
    if coin in {"USDT", "USD"}:
        return Decimal(1)
    direct = prices.get(f"{coin}/USDT")
    if direct is not None:
        return direct
    for middle in ("USDC", "USD", "BTC", "ETH"):
        first = prices.get(f"{coin}/{middle}")
        if first is None:
            continue
        second = Decimal(1) if middle == "USD" else prices.get(f"{middle}/USDT")
        if second is not None:
            return EXACT.multiply(first, second)
        if middle == "USDC":
            return first
    return Decimal(1) if coin == "USDC" else None


def usdt_value(prices: Mapping[str, Decimal], coin: str, amount: Decimal) -> Decimal | None:
    """Say what an amount is worth in USDT; None where the coin has no price."""
    price = usdt_price(prices, coin)
    return None if price is None else EXACT.multiply(amount, price)


def coins_of(prices: Mapping[str, Decimal]) -> list[str]:
    """List every coin that some pair trades, in the order of the price list."""
    seen: dict[str, None] = {}
    for pair in prices:
        base, _, quote = pair.partition("/")
        seen[base] = None
        seen[quote] = None
    return list(seen)


def add(*amounts: Decimal) -> Decimal:
    """Add amounts without rounding."""
    total = _ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def plain(amount: Decimal) -> str:
    """Write an amount without exponent, every digit kept."""
    return format(amount, "f")
