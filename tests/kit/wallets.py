"""Wallets that tests fill by hand."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exporter.core.model import Reading
from exporter.holdings.prices import PriceBook
from exporter.holdings.shown import Choice
from exporter.holdings.wallet import Failure, Wallet
from tests.kit.states import NOW
from tests.kit.states import balance as row

DAY = 24 * 3600.0


def wallet(choice: Choice | None = None, **other: Any) -> Wallet:
    settings = {"required": True, "stale_after": 600.0, "strict_seconds": 40.0, **other}
    return Wallet("spot", choice or Choice(), **settings)


def accept(held: Wallet, amounts: Mapping[str, str], at: float = NOW, priced: PriceBook | None = None) -> None:
    held.accept(Reading([row(name, amount) for name, amount in amounts.items()]), at, at)
    held.revalue(priced, at)


def fail(held: Wallet, at: float = NOW) -> None:
    held.refuse(Failure("network", "refused", "wait", at))


def shown(held: Wallet) -> dict[str, Decimal]:
    return {one.label: one.balance.net for one in held.rows}


def values(held: Wallet) -> dict[str, Decimal | None]:
    return {one.label: one.usd for one in held.rows}
