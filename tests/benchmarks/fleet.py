"""Accounts for benchmarks: states that are published without any exchange, through the real store and exposition."""

import random
from decimal import Decimal

from exporter.accounts import AccountState
from exporter.config import Account
from exporter.credentials import Credentials, Secret
from exporter.exchanges import EXCHANGES
from exporter.exposition import Exposition
from exporter.model import Balance, Reading
from exporter.prices import PriceBook
from exporter.store import Wallet

API = EXCHANGES["bitget"].apis["classic"]


def account(name: str, **changes: object) -> Account:
    """An account of Bitget with defaults all over."""
    settings: dict[str, object] = {
        "name": name,
        "exchange": "bitget",
        "credentials": Credentials(Secret("key"), Secret("secret"), Secret("pass")),
        "secret_files": (),
        "expires": None,
        "wallets": ("main",),
        "interval": 30.0,
        "timeout": 10.0,
        "stale_after": 600.0,
        "labels": {},
        "thresholds": (),
        "usd": {},
        "expect": (),
        "include": ("*",),
        "exclude": (),
        "min_usd": Decimal(0),
        "max_currencies": 500,
        "shard_key": "",
        "options": {},
        "base_url": None,
        "proxy": None,
        **changes,
    }
    return Account(**settings)  # type: ignore[arg-type]  # defaults by name


class Fleet:
    """So many accounts of so many currencies each, republished on demand."""

    def __init__(self, exposition: Exposition, accounts: int, currencies: int) -> None:
        self._dice = random.Random(7)
        self._currencies = currencies
        self._now = 0.0
        self.book = PriceBook(API.symbol, {"USDT": Decimal(1)}, 1e9)
        self.book.replace({f"C{number:03}USDT": f"{0.5 + number / 7:.8f}" for number in range(currencies)}, 0.0, 0.0)
        self.states: list[tuple[AccountState, Wallet]] = []
        for number in range(accounts):
            state = AccountState(account(f"acct-{number:04}"), API.main, exposition, self.book, shard=0, label_names=())
            self.states.append((state, state.wallet("spot", API.wallets["spot"])))

    def rows(self) -> list[Balance]:
        """Fresh amounts for one wallet."""
        rows = []
        for number in range(self._currencies):
            free = Decimal(f"{self._dice.random() * 1000:.8f}")
            frozen = Decimal(f"{self._dice.random() * 100:.8f}")
            locked = Decimal(f"{self._dice.random():.8f}")
            rows.append(Balance(f"C{number:03}", free, frozen, locked, free + frozen + locked))
        return rows

    def prepare(self) -> list[Reading]:
        """New answers for everybody, made outside of what is measured."""
        return [Reading(self.rows()) for _ in self.states]

    def publish(self, readings: list[Reading]) -> None:
        """What follows a poll: every wallet replaced, every poll noted."""
        self._now += 30.0
        wall = 1.7e9 + self._now
        for (state, wallet), reading in zip(self.states, readings, strict=True):
            state.accepted(wallet, reading, self._now, wall)
            state.polled(wall, 0.123, None, up=True)
            state.due(wall + 30.0)
