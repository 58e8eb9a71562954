"""What a poll brings back: balances as the exchange states them, and values of whole wallets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, DefaultContext, DivisionByZero, InvalidOperation, setcontext
from typing import Final, NamedTuple

ZERO: Final = Decimal(0)
_FLOAT_DIGITS: Final = 308
"""Decimal digits before the point from which on a float may be infinite."""


FINE: Final = 500
"""Units of its last digit that a figure has to be worth: half such a unit, its rounding, is one part in a thousand."""


def is_fine(figure: Decimal) -> bool:
    """Whether a figure is written finely enough to give a price to one part in a thousand.

    `0.02` may stand for anything from 0.015 to 0.025 and is not; `0.02000` is.
    """
    exponent = figure.as_tuple().exponent
    return isinstance(exponent, int) and abs(figure.scaleb(-exponent)) >= FINE


def finite(amount: Decimal) -> bool:
    """Whether an amount stays finite as a float: what is beyond must not be served, since it would read `inf`."""
    return amount.is_finite() and amount.adjusted() < _FLOAT_DIGITS


class Balance(NamedTuple):
    """One currency in one wallet, as one good answer stated it.

    Attributes:
        currency: the name as the exchange spells it; its label is made from it later.
        available: free to use.
        frozen: tied up by open orders.
        locked: held for any other reason.
        net: the whole holding: available + frozen + locked - borrowed, or the figure that the exchange states.
        borrowed: owed, positive; None in wallets that cannot borrow.
        usd: value of the whole holding in USD, where the answer gives one.
        usdt: the same in USDT.
        price: USD price of one unit that the answer implies; it serves this answer only.
        pnl: profit (or loss) of open positions that `net` contains; None where the answer does not state it.
    """

    currency: str
    available: Decimal
    frozen: Decimal
    locked: Decimal
    net: Decimal
    borrowed: Decimal | None = None
    usd: Decimal | None = None
    usdt: Decimal | None = None
    price: Decimal | None = None
    pnl: Decimal | None = None

    @property
    def is_zero(self) -> bool:
        """Whether every amount is zero; such a row counts as missing.

        Equity that a loss has just eaten up is none: its position is open.
        """
        return not (self.available or self.frozen or self.locked or self.net or self.borrowed or self.pnl)


class WalletValue(NamedTuple):
    """What the exchange says a whole wallet is worth, in USDT or in USD (the other is None)."""

    wallet: str
    usdt: Decimal | None = None
    usd: Decimal | None = None


class Unreadable(NamedTuple):
    """A row whose name can be read but whose amounts cannot: the raw name, and what stands where a number belongs."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one good read of one wallet brought.

    Attributes:
        balances: the rows, in the order of the answer; empty for an overview.
        values: only for an overview.
        ignored: rows of a kind that we do not know.
        listed: raw names of all currencies of the answer, where `balances` leaves those out that are zero.
        unreadable: rows whose amounts are no numbers; nothing is known of what these currencies hold, in no other row
            of the answer either. For an overview, of wallets.
        margin_ratio: maintenance margin over equity as the answer states it; 1 is liquidation. None where it does not.
        parts: only where one answer tells of several wallets: each one's reading, by its whole name.
        notice: what a person has to know of how this answer was read; said once in the log.
    """

    balances: Sequence[Balance] = ()
    values: Sequence[WalletValue] = ()
    ignored: int = 0
    listed: Collection[str] = ()
    unreadable: Sequence[Unreadable] = ()
    margin_ratio: Decimal | None = None
    parts: Mapping[str, "Reading"] = field(default_factory=dict)
    notice: str = ""

    @property
    def empty(self) -> bool:
        """Whether the answer listed nothing at all, not even zeros."""
        return not (self.balances or self.values or self.unreadable or self.parts)


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What the exchange tells about an API key.

    Attributes:
        permissions: of `read`, `trade`, `transfer`, `withdraw`: those that the exchange tells, true or false.
        ip_restricted: whether the key is bound to addresses; None where the exchange does not say.
        expires: seconds since the epoch; None where the exchange does not say, or never.
    """

    permissions: Mapping[str, bool] = field(default_factory=dict)
    ip_restricted: bool | None = None
    expires: float | None = None

    @property
    def risks(self) -> list[str]:
        """What the key may do beyond reading."""
        return [name for name in ("trade", "transfer", "withdraw") if self.permissions.get(name)]


EXACT: Final = Context(prec=80, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
"""The decimal context of all sums and differences: amounts of up to 40 digits stay exact in it."""


def _compute_exactly() -> None:
    """Have this thread compute in `EXACT`, and every thread that starts later.

    A new thread takes its context from `decimal.DefaultContext`, not from the thread that starts it.
    """
    DefaultContext.prec = EXACT.prec
    DefaultContext.rounding = EXACT.rounding
    DefaultContext.traps = EXACT.traps
    setcontext(EXACT)


_compute_exactly()
