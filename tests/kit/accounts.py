"""Accounts and wallets in any state, filled by hand, and what a scrape says of them; no exchange takes part."""

import asyncio
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Final

from exporter.config import Account, Selection, Total
from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import PollError
from exporter.core.model import Balance, Reading, WalletValue
from exporter.exchanges.base import WalletSource
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.exposition.total_lines import TotalLines
from exporter.holdings.account import AccountState
from exporter.holdings.accounts import Accounts
from exporter.holdings.prices import PriceBook
from exporter.holdings.shown import Choice
from exporter.holdings.totals import Totals
from exporter.holdings.wallet import Failure, Wallet
from tests.kit.exposition_checker import problems
from tests.kit.scrape import Samples

NOW: Final = 5_000.0
WALL: Final = 1_767_225_600.0
INTERVAL: Final = 30.0
STALE_AFTER: Final = 600.0
LIMITED: Final = "exchange_balance_limited"
COIN: Final = ("exchange", "account", "wallet", "currency")


def _unread(memory: object) -> Any:
    raise AssertionError("nothing is read here")


def configured(name: str = "desk", exchange: str = "xt", **other: Any) -> Account:
    """An account's configuration with every default."""
    given: dict[str, Any] = {
        "credentials": Credentials(Secret("the-api-key"), Secret("the-secret")),
        "secret_files": {},
        "expires": None,
        "wallets": None,
        "interval": INTERVAL,
        "timeout": 10.0,
        "stale_after": STALE_AFTER,
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
        **other,
    }
    return Account(name=name, exchange=exchange, **given)


def book(prices: Mapping[str, str], pegs: Mapping[str, str] | None = None, *, good_for: float = 600.0) -> PriceBook:
    """A fresh book with a ticker against USDT for each."""
    pegged = {name: Decimal(price) for name, price in (pegs or {"USDT": "1"}).items()}
    made = PriceBook(lambda base, quote: f"{base}/{quote}", pegged, good_for)
    made.replace({f"{name}/USDT": price for name, price in prices.items()}, NOW, WALL)
    return made


def waiting(name: str = "desk", exchange: str = "xt", priced: PriceBook | None = None, **other: Any) -> AccountState:
    """An account before its first poll."""
    account = configured(name, exchange, **other)
    lines = AccountLines(Exposition(RENDERED, lambda *_: b""), exchange, name)
    state = AccountState(account, "spot", lines, priced, shard=0, label_names=())
    state.wallet("spot", WalletSource(_unread, ()))
    return state


def balance(currency: str, available: str, frozen: str = "0", **other: Any) -> Balance:
    """A row whose net is what is free and frozen."""
    free, tied = Decimal(available), Decimal(frozen)
    return Balance(currency, free, tied, Decimal(0), other.pop("net", free + tied), **other)


def read(state: AccountState, *rows: Balance, wallet: str = "spot", at: float = NOW, ratio: str | None = None) -> None:
    """Let one wallet answer."""
    reading = Reading(rows, margin_ratio=None if ratio is None else Decimal(ratio))
    state.accepted(state.wallet(wallet, WalletSource(_unread, ())), reading, at, WALL + at - NOW)


def valued(state: AccountState, *values: WalletValue) -> None:
    """Let the overview answer."""
    overview = state.wallet("overview", WalletSource(_unread, (), overview=True))
    state.accepted(overview, Reading(values=values), NOW, WALL)


def refuse(state: AccountState, error: PollError, wallet: str = "spot", at: float = NOW) -> None:
    """Let one wallet fail."""
    state.refused(state.wallet(wallet, WalletSource(_unread, ())), error, at, WALL + at - NOW)


def polled(state: AccountState, error: PollError | None = None) -> AccountState:
    """End a poll."""
    state.polled(WALL, 0.1, error, up=error is None)
    state.due(WALL + INTERVAL)
    return state


def up(name: str = "desk", exchange: str = "xt", **other: Any) -> AccountState:
    """An account that was read well."""
    state = waiting(name, exchange, other.pop("priced", book({"BTC": "100"})), **other)
    read(state, balance("BTC", "1.50", "0.5"), balance("USDT", "10"))
    return polled(state)


def failing(error: PollError, name: str = "desk", exchange: str = "xt", **other: Any) -> AccountState:
    """An account that was read well and then failed, with its last good balances served."""
    state = up(name, exchange, **other)
    refuse(state, error)
    return polled(state, error)


def broken(error: PollError, name: str = "desk", exchange: str = "xt", **other: Any) -> AccountState:
    """An account that has never been read."""
    state = waiting(name, exchange, **other)
    refuse(state, error)
    return polled(state, error)


DAY = 24 * 3600.0


def wallet(choice: Choice | None = None, **other: Any) -> Wallet:
    settings = {"required": True, "stale_after": 600.0, "strict_seconds": 40.0, **other}
    return Wallet("spot", choice or Choice(), **settings)


def accept(held: Wallet, amounts: Mapping[str, str], at: float = NOW, priced: PriceBook | None = None) -> None:
    held.accept(Reading([balance(name, amount) for name, amount in amounts.items()]), at, at)
    held.revalue(priced, at)


def fail(held: Wallet, at: float = NOW) -> None:
    held.refuse(Failure("network", "refused", "wait", at))


def shown(held: Wallet) -> dict[str, Decimal]:
    return {one.label: one.balance.net for one in held.rows}


def values(held: Wallet) -> dict[str, Decimal | None]:
    return {one.label: one.usd for one in held.rows}


def stands(held: Wallet, answer: dict[str, str], at: float, priced: PriceBook | None = None) -> bool:
    """Whether everything stands after this answer, as if it had not come."""
    before, since = shown(held), held.last_success
    accept(held, answer, at, priced)
    assert held.up is True
    return shown(held) == before and held.last_success == since


LABEL_NAMES: Final = ("team",)


def over(*accounts: str, name: str = "firm", currency: str = "USDT", **amounts: str) -> Total:
    """A total over these accounts; in USD where the currency is empty."""
    limits = {severity: Decimal(amount) for severity, amount in (amounts or {"warning": "100"}).items()}
    return Total(name=name, currency=currency, amounts=limits, over=Selection(), accounts=frozenset(accounts))


def readable(**other: Any) -> WalletSource:
    """A wallet whose answers are given by the test."""
    return WalletSource(_unread, (), **other)


def limited(samples: Samples) -> dict[tuple[str, ...] | str, float]:
    """What has to be told once more of each balance that has a threshold, by coin and `of`."""
    expected: dict[tuple[str, ...] | str, float] = {}
    for own, _ in samples.of("exchange_balance_threshold"):
        coin = {name: own[name] for name in COIN}
        for of in ("net", own["of"]):
            held = samples.one(f"exchange_balance_{of}", **coin)
            if held is not None:
                expected[(*coin.values(), of)] = held
    return expected


class Desk:
    """Serves accounts that tests fill by hand."""

    def __init__(self) -> None:
        self.exposition = Exposition(RENDERED, lambda *_: b"")
        self.accounts = Accounts()
        self.totals = Totals(TotalLines(self.exposition, 0))

    def count(self, *totals: Total, polled: Collection[str] | None = None) -> None:
        """Count totals from now on; `polled` are accounts of which some may not be served yet."""
        names = [state.account.name for state in self.accounts]
        self.totals.configure(totals, names if polled is None else polled, self.accounts)
        for state in self.accounts:
            state.count(self.totals.currencies(state.account.name))

    def account(self, name: str = "desk", prices: PriceBook | None = None, **other: Any) -> AccountState:
        """One more account, with an unread main wallet called spot."""
        account = configured(name, **other)
        lines = AccountLines(self.exposition, account.exchange, name)
        told = self.totals.told
        state = AccountState(account, "spot", lines, prices, shard=0, label_names=LABEL_NAMES, summed=told)
        state.count(self.totals.currencies(name))
        self.accounts.add(state)
        state.wallet("spot", readable())
        return state

    def text(self, now: float = NOW, *, openmetrics: bool = False) -> str:
        """What a scrape at this moment answers, checked."""
        self.accounts.expire(now)
        self.totals.serve()
        scrape = asyncio.run(self.exposition.scrape(openmetrics=openmetrics, gzip=False))
        assert scrape is not None
        text = scrape.body.decode()
        assert problems(text, openmetrics=openmetrics) == []
        if "exchange_balance_threshold" in text:
            samples = Samples(text)
            assert samples.by(LIMITED, *COIN, "of") == limited(samples)
        return text

    def values(self, family: str, *labels: str, now: float = NOW) -> dict[tuple[str, ...] | str, float]:
        """The samples of one family at this moment, by the values of these labels."""
        return Samples(self.text(now)).by(family, *labels)
