"""Accounts for benchmarks: states that are published without any exchange, through the real store and exposition."""

import random
from collections.abc import Iterable
from decimal import Decimal

from exporter.config import Account
from exporter.core.credentials import Credentials, Secret
from exporter.core.model import Reading
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import RowMemory
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.exposition import Exposition
from exporter.holdings.account import AccountState
from exporter.holdings.prices import PriceBook
from exporter.holdings.wallet import Wallet
from tests.kit.accounts import configured

API = EXCHANGES["bitget"].apis["classic"]


def account(name: str, **changes: object) -> Account:
    """An account of Bitget with defaults all over."""
    credentials = Credentials(Secret("key"), Secret("secret"), Secret("pass"))
    return configured(name, "bitget", **{"credentials": credentials, "wallets": ("main",), **changes})


def read(memory: RowMemory, rows: list[dict[str, str]]) -> Reading:
    """What Bitget's reader makes of these rows."""
    reader = API.wallets["spot"].read(memory)
    next(reader)
    try:
        reader.send(rows)
    except StopIteration as end:
        reading: Reading = end.value
        return reading
    raise AssertionError("a small answer is read at once")


class Fleet:
    """So many accounts of so many currencies each, republished on demand.

    As accounts are: every amount that is free moves, one coin in five has something in orders, nothing is locked.
    Each wallet keeps the rows of its last answer, as the reader of a running exporter does.
    """

    def __init__(self, exposition: Exposition, accounts: int, currencies: int) -> None:
        self._dice = random.Random(7)
        self._currencies = currencies
        self._now = 0.0
        self.book = PriceBook(lambda base, quote: base + quote, {"USDT": Decimal(1)}, 1e9)
        self.book.replace({f"C{number:03}USDT": f"{0.5 + number / 7:.8f}" for number in range(currencies)}, 0.0, 0.0)
        self._memories = [RowMemory() for _ in range(accounts)]
        self.states: list[tuple[AccountState, Wallet]] = []
        for number in range(accounts):
            name = f"acct-{number:04}"
            lines = AccountLines(exposition, "bitget", name)
            state = AccountState(account(name), API.main, lines, self.book, shard=0, label_names=())
            self.states.append((state, state.wallet("spot", API.wallets["spot"])))

    def rows(self) -> list[dict[str, str]]:
        """Fresh amounts for one wallet."""
        rows = []
        for number in range(self._currencies):
            frozen = f"{self._dice.random() * 100:.8f}" if number % 5 == 0 else "0.00000000"
            coin = {"coin": f"C{number:03}", "available": f"{self._dice.random() * 1000:.8f}", "frozen": frozen}
            rows.append({**coin, "locked": "0.00000000"})
        return rows

    def prepare(self) -> list[Reading]:
        """New answers for everybody, read outside of what is measured."""
        return [read(memory, self.rows()) for memory in self._memories]

    def publish(self, readings: Iterable[Reading]) -> None:
        """What follows a poll: every wallet replaced, every poll noted."""
        self._now += 30.0
        wall = 1.7e9 + self._now
        for (state, wallet), reading in zip(self.states, readings, strict=True):
            state.accepted(wallet, reading, self._now, wall)
            state.polled(wall, 0.123, None, up=True)
            state.due(wall + 30.0)

    def poll(self) -> None:
        """Read and publish one account after the other, as polls do."""
        self.publish(read(memory, self.rows()) for memory in self._memories)
