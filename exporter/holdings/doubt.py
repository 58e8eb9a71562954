"""Which answers have to be repeated before they are believed: those that take most of a wallet away."""

from collections.abc import Container, Iterable, Mapping
from decimal import Decimal

from exporter.core.model import ZERO


def empties_most(held: Mapping[str, Decimal | None], left: Container[str]) -> bool:
    """Whether more than half of what was held is gone, by count or by worth.

    >>> empties_most({"BTC": Decimal(900), "ETH": Decimal(50), "XRP": Decimal(50)}, {"ETH", "XRP"})
    True
    >>> empties_most({"BTC": Decimal(900), "ETH": Decimal(50), "XRP": Decimal(50)}, {"BTC", "XRP"})
    False

    Args:
        held: what each thing that was held is worth now; None where that is not known. A debt counts as much as a
            holding of its size.
        left: which of them are still there, in whatever amount.
    """
    gone = [name for name in held if name not in left]
    if not gone:
        return False
    return 2 * len(gone) > len(held) or 2 * _worth(held, gone) > _worth(held, held)


def _worth(held: Mapping[str, Decimal | None], names: Iterable[str]) -> Decimal:
    return sum((abs(held[name] or ZERO) for name in names), ZERO)
