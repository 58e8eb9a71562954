"""An account of a simulated exchange: its credentials, what its key may do, and what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from exporter.sandbox.prices import EXACT, add

ZERO: Final = Decimal(0)

Amount = str | int | Decimal

_PERMISSIONS: Final = frozenset({"read", "trade", "transfer", "withdraw"})


@dataclass(frozen=True, slots=True)
class Holding:
    """One coin in one wallet; amounts keep the digits they were set with.

    Each exchange states those that it knows. An `equity` or `usd` of None is worked out from the others and from
    the prices. `pnl` is the profit of open positions; it is in the whole and in none of the parts.
    """

    available: Decimal = ZERO
    frozen: Decimal = ZERO
    locked: Decimal = ZERO
    debt: Decimal = ZERO
    interest: Decimal = ZERO
    bank: Decimal = ZERO
    pnl: Decimal = ZERO
    equity: Decimal | None = None
    usd: Decimal | None = None

    @property
    def held(self) -> Decimal:
        """Everything in the wallet, whatever it is tied up by."""
        return add(self.available, self.frozen, self.locked)

    @property
    def tied(self) -> Decimal:
        """What cannot be used: the one figure of exchanges that know a single such state."""
        return EXACT.add(self.frozen, self.locked)

    @property
    def net(self) -> Decimal:
        """The stated equity, or all that is held, with profit, less all that is owed."""
        if self.equity is not None:
            return self.equity
        return EXACT.subtract(add(self.held, self.bank, self.pnl), add(self.debt, self.interest))

    @property
    def is_zero(self) -> bool:
        """Whether no amount of this coin is left."""
        owed = self.debt or self.interest
        return not (self.available or self.frozen or self.locked or self.bank or self.pnl or owed or self.equity)


@dataclass(slots=True)
class SandboxAccount:
    """An account that a simulated exchange knows; everything but the key may change while it runs.

    Attributes:
        key: the API key, also the number that faults and the request log name the account by.
        modes: the modes that an account of this exchange may be in, the usual one first, to their main wallets.
        mode: one of them; the usual one unless another is named.
        ips: addresses the key is bound to; empty binds to none.
        permissions: of `read`, `trade`, `transfer`, `withdraw`.
        expires_days: days until the key expires; None never, 0 or less: it has expired.
        uid: the user number that the exchange states.
        balances: wallet, then coin, to its holding.
        numbers: wallet to its account number, where an exchange numbers them; none is given twice.
    """

    exchange: str
    key: str
    secret: str
    modes: Mapping[str, str]
    passphrase: str = ""
    mode: str = ""
    name: str = ""
    ips: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ("read",)
    expires_days: int | None = None
    uid: int = 0
    balances: dict[str, dict[str, Holding]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no exchange would have.

        Raises:
            ValueError: an unknown mode or permission, or no key.
        """
        if not self.mode or "" in self.modes:
            self.mode = next(iter(self.modes))
        elif self.mode not in self.modes:
            raise ValueError(f"{self.exchange} has no mode {self.mode!r}, it has {', '.join(self.modes)}")
        if not self.key:
            raise ValueError("an account needs a key")
        unknown = set(self.permissions) - _PERMISSIONS
        if unknown:
            raise ValueError(f"unknown permission {', '.join(sorted(unknown))}")

    @property
    def main(self) -> str:
        """The name of the main wallet."""
        return self.modes[self.mode]

    def wallet(self, name: str) -> dict[str, Holding]:
        """Give what one wallet holds; an empty dict where nothing was ever set."""
        return self.balances.get(self._wallet_name(name), {})

    def set(
        self,
        wallet: str,
        coin: str,
        available: Amount = ZERO,
        frozen: Amount = ZERO,
        locked: Amount = ZERO,
        **more: Amount | None,
    ) -> None:
        """Replace the holding of one coin; `more` are the other amounts of `Holding`.

        Raises:
            ValueError: an amount that is no finite decimal number (faults put such things into answers).
            TypeError: an amount that `Holding` does not know.
        """
        amounts: dict[str, Any] = {"available": available, "frozen": frozen, "locked": locked, **more}
        exact = {name: _exact(name, value) for name, value in amounts.items() if value is not None}
        self.balances.setdefault(self._wallet_name(wallet), {})[coin] = Holding(**exact)

    def remove(self, wallet: str, coin: str) -> None:
        """Forget a coin altogether, as if it had never been held.

        Raises:
            KeyError: the wallet holds no such coin.
        """
        del self.balances[self._wallet_name(wallet)][coin]

    def number(self, wallet: str) -> int:
        """Give the number of a wallet's account; it stays with the wallet's name."""
        return self.numbers.setdefault(wallet, self.uid * 100 + len(self.numbers))

    def _wallet_name(self, name: str) -> str:
        return self.main if name in {"main", "spot"} else name


def _exact(name: str, value: Amount) -> Decimal:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{name} is no number") from None
    if not amount.is_finite():
        raise ValueError(f"{name} is not finite")
    return amount
