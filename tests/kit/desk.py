"""Accounts in an exposition of their own, and what a scrape of it says."""

import asyncio
from typing import Any, Final

from exporter.exchanges.base import WalletSource
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.holdings.account import Accounts, AccountState
from exporter.holdings.prices import PriceBook
from tests.kit.exposition_checker import problems, values
from tests.kit.states import NOW, configured

LABEL_NAMES: Final = ("team",)


def _unread(memory: object) -> Any:
    raise AssertionError("nothing is read here")


def readable(**other: Any) -> WalletSource:
    """A wallet whose answers are given by the test."""
    return WalletSource(_unread, (), **other)


class Desk:
    """Serves accounts that tests fill by hand."""

    def __init__(self) -> None:
        self.exposition = Exposition(RENDERED, lambda *_: b"")
        self.accounts = Accounts()

    def account(self, name: str = "desk", prices: PriceBook | None = None, **other: Any) -> AccountState:
        """One more account, with an unread main wallet called spot."""
        account = configured(name, **other)
        lines = AccountLines(self.exposition, account.exchange, name)
        state = AccountState(account, "spot", lines, prices, shard=0, label_names=LABEL_NAMES)
        self.accounts.add(state)
        state.wallet("spot", readable())
        return state

    def text(self, now: float = NOW, *, openmetrics: bool = False) -> str:
        """What a scrape at this moment answers, checked."""
        self.accounts.expire(now)
        scrape = asyncio.run(self.exposition.scrape(openmetrics=openmetrics, gzip=False))
        assert scrape is not None
        text = scrape.body.decode()
        assert problems(text, openmetrics=openmetrics) == []
        return text

    def values(self, family: str, *labels: str, now: float = NOW) -> dict[tuple[str, ...] | str, float]:
        """The samples of one family at this moment, by the values of these labels."""
        return values(self.text(now), family, *labels)
