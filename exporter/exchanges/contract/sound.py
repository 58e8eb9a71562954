"""What a reader may come to: a result of the promised types, all of it finite, or a failure with a name."""

from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from typing import Any

from exporter.core.errors import REASONS, PollError
from exporter.core.model import Balance, KeyInfo, Reading


def unsound(result: Any) -> Iterator[str]:
    """Why what a reader returned is not of the promised types, or not finite."""
    if isinstance(result, Reading):
        for row in result.balances:
            yield from _unsound_row(row)
        for value in result.values:
            if not value.wallet or (value.usd is None) == (value.usdt is None):
                yield f"{value} is no value of a wallet, in USD or in USDT"
        if result.ignored < 0:
            yield f"{result.ignored} rows are ignored"
        for name, part in result.parts.items():
            yield from (f"{name}: {fault}" for fault in unsound(part))
    elif isinstance(result, KeyInfo):
        if not set(result.permissions) <= {"read", "trade", "transfer", "withdraw"}:
            yield f"there are no such permissions: {', '.join(result.permissions)}"
        if not all(isinstance(value, bool) for value in result.permissions.values()):
            yield "a permission is neither true nor false"
    elif not isinstance(result, int | str | dict):
        yield f"{type(result).__name__} is no result of a reader"


def _unsound_row(row: Balance) -> Iterator[str]:
    if not isinstance(row.currency, str) or not row.currency:
        yield f"{row.currency!r} is no name of a currency"
    for number in row[1:]:
        if number is not None and number is not row.price:
            if type(number) is not Decimal:
                yield f"{row.currency}: {number!r} is no Decimal"
                return
            if not isfinite(float(number)):
                yield f"{row.currency}: {number!r} is not finite"


def unnamed(error: PollError) -> Iterator[str]:
    """Why a failure has no reason of the closed list, no advice, or more words than a page bears."""
    if error.reason not in REASONS or error.reason == "internal":
        yield f"{error.reason!r} is none of the reasons that a reader may give"
    if not error.advice:
        yield f"{type(error).__name__} without advice"
    if len(str(error)) >= 500:
        yield f"{type(error).__name__} with a message of {len(str(error))} letters"
