"""What the accounts of the rules' benchmark hold: the same in the history of a day and in what is served after it.

Amounts that did not continue would make thousands of alerts fire, and their texts would cost more than the rules.
"""

from collections.abc import Iterator, Sequence
from functools import cache

TIED = 10
"""One part in so many of a coin is frozen, where any is."""


def coins(currencies: int) -> list[str]:
    """The names of so many currencies; a coin's place is its place in this list."""
    return ["USDT", *(f"C{number:03}" for number in range(1, currencies))]


def price(place: int) -> float:
    """The price of a coin in USD, the same all day."""
    return 1.0 if place == 0 else round(0.5 + place / 7, 6)


def net(account: int, place: int, hour: int) -> int:
    """What an account holds of a coin, in hundredths: 100 or more, and a few hundredths up or down by the hour."""
    return 10_000 + (account * 7919 + place * 104_729) % 990_000 + hour * ((account * 31 + place * 17) % 7 - 3)


def frozen(account: int, place: int, hour: int) -> int:
    """What of that open orders tie up, in hundredths: of one coin in five."""
    return net(account, place, hour) // TIED if (account + place) % 5 == 0 else 0


def amount(family: str, account: int, place: int, hour: int) -> float:
    """The value of a balance family."""
    whole = net(account, place, hour) / 100
    if family == "usd":
        return whole * price(place)
    tied = frozen(account, place, hour) / 100
    return {"net": whole, "available": whole - tied, "frozen": tied, "locked": 0.0}[family]


@cache
def total(family: str, accounts: Sequence[int], places: Sequence[int], hour: int) -> float:
    """The sum over accounts and coins."""
    return sum(amount(family, account, place, hour) for account, place in _pairs(accounts, places))


def _pairs(accounts: Sequence[int], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((account, place) for account in accounts for place in places)
