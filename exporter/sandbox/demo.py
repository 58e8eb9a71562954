"""The demo: seven made-up accounts, one draining, one that fails and recovers, and the configuration for them."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Final

from exporter.sandbox import movement
from exporter.sandbox.accounts import SandboxAccount
from exporter.sandbox.faults import Fault
from exporter.sandbox.server import Sandbox

STEP_SECONDS: Final = 1.0

_DRAIN_START: Final = Decimal(12_000)
_DRAIN_FLOOR: Final = Decimal(400)
_DRAIN_PER_SECOND: Final = Decimal(35)
_DRAIN_PERIOD: Final = 1_200.0
_WARNING, _CRITICAL, _TARGET = Decimal(5_000), Decimal(1_000), Decimal(10_000)
_OUTAGE_SECONDS: Final = 60.0
_OUTAGE_EVERY: Final = 180.0

Amounts = tuple[str, str, str]
"""Available, frozen, locked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one demo account is before the sandbox knows it."""

    name: str
    exchange: str
    options: Mapping[str, str]
    wallets: Mapping[str, Mapping[str, Amounts]]
    extra: tuple[str, ...] = ()
    """Lines of its configuration beyond credentials and options."""


_PLANS: Final = (
    Plan(
        "exit-desk",
        "bitmart",
        {},
        {
            "spot": {
                "USDT": ("8125.5", "400", "150"),
                "BTC": ("0.42", "0.01", "0"),
                "DOGE": ("52000", "0", "0"),
            }
        },
        ("labels: {team: treasury}",),
    ),
    Plan(
        "grid-bots",
        "xt",
        {"api": "v4"},
        {
            "spot": {
                "USDT": ("15250.75", "3120", "0"),
                "ETH": ("6.5", "1.25", "0"),
                "SOL": ("140", "22.5", "0"),
                "TRX": ("18000", "0", "0"),
            }
        },
        ("labels: {team: grid}", "thresholds: [{currency: USDT, warning: 4000, critical: 1500}]"),
    ),
    Plan(
        "old-grid",
        "xt",
        {"api": "legacy"},
        {
            "spot": {
                "USDT": ("2210.4", "180", "0"),
                "LTC": ("31.5", "0", "0"),
                "ADA": ("4200", "600", "0"),
                "XRP": ("0", "0", "0"),
            }
        },
        ("labels: {team: grid}",),
    ),
    Plan(
        "perp-desk",
        "bingx",
        {},
        {
            "spot": {
                "USDT": ("6400", "250", "0"),
                "LINK": ("310", "0", "0"),
                "XRP": ("9000", "1200", "0"),
            },
            "funding": {"USDT": ("3000", "0", "0"), "BTC": ("0.05", "0", "0")},
            "futures": {"USDT": ("12500", "0", "0")},
            "grid": {"USDT": ("900", "0", "0")},
        },
        ("labels: {team: derivatives}",),
    ),
    Plan(
        "arbitrage",
        "htx",
        {},
        {
            "spot": {
                "USDT": ("9800", "1500", "0"),
                "BTC": ("0.31", "0.04", "0.02"),
                "XMR": ("12", "0", "0"),
                "EURC": ("2500", "0", "0"),
            },
            "margin": {"USDT": ("1000", "0", "0"), "ETH": ("0.5", "0", "0")},
            "isolated_margin/BTCUSDT": {"BTC": ("0.02", "0", "0"), "USDT": ("350", "0", "0")},
            "points": {"HBPOINT": ("120", "0", "0")},
        },
        ("labels: {team: arbitrage}", "expect: [SOL]"),
    ),
    Plan(
        "market-maker",
        "bitget",
        {"mode": "classic"},
        {
            "spot": {
                "USDT": (str(_DRAIN_START), "0", "0"),
                "BTC": ("0.85", "0.15", "0"),
                "ETH": ("11", "2", "0.5"),
                "PEPE": ("12000000", "0", "0"),
            },
            "futures": {"USDT": ("4000", "0", "0")},
            "earn": {"USDC": ("2500", "0", "0")},
        },
        (
            "labels: {team: market-making}",
            f"thresholds: [{{currency: USDT, warning: {_WARNING}, critical: {_CRITICAL}, target: {_TARGET}}}]",
            "usd: {warning: 60000, critical: 20000}",
        ),
    ),
    Plan(
        "treasury",
        "bitget",
        {"mode": "unified"},
        {
            "unified": {
                "USDT": ("64000", "2500", "0"),
                "USDC": ("18000", "0", "0"),
                "BTC": ("1.6", "0", "0"),
                "BNB": ("22", "3", "0"),
            },
            "funding": {"USDT": ("5000", "0", "0"), "TON": ("800", "0", "0")},
        },
        ("labels: {team: treasury}", "thresholds: [{currency: USDT, warning: 30000, critical: 10000}]"),
    ),
)

_DRAINING: Final = "market-maker"
_FAILING: Final = "arbitrage"
_DEBT: Final = {("arbitrage", "margin", "ETH"): ("0.2", "0.0001")}
"""What margin wallets owe: principal and interest."""


@dataclass(slots=True)
class DemoAccount:
    """One account of the demo: what the exporter must be told, and the account as the exchange knows it."""

    plan: Plan
    account: SandboxAccount

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.plan.name

    @property
    def exchange(self) -> str:
        """The exchange that keeps it."""
        return self.plan.exchange

    @property
    def options(self) -> Mapping[str, str]:
        """What the configuration says about the exchange's generation or mode."""
        return self.plan.options

    @property
    def credentials(self) -> dict[str, str]:
        """The made-up credentials, as the configuration names them; BitMart's reads need the key alone."""
        given = {"api_key": self.account.key}
        if self.exchange != "bitmart":
            given["secret"] = self.account.secret
        if self.account.passphrase:
            given["passphrase"] = self.account.passphrase
        return given


@dataclass(slots=True)
class Scenario:
    """A running demo; `elapsed` is the seconds that it has moved for."""

    sandbox: Sandbox
    accounts: tuple[DemoAccount, ...]
    chance: Random
    elapsed: float = 0.0
    draining: str = _DRAINING
    failing: str = _FAILING
    outage: Fault = field(init=False)

    def __post_init__(self) -> None:
        key = self.account(self.failing).account.key
        self.outage = Fault("vendor_error", situation="maintenance", account=key)

    def account(self, name: str) -> DemoAccount:
        """Give an account of the demo by its name.

        Raises:
            KeyError: there is none of that name.
        """
        for account in self.accounts:
            if account.name == name:
                return account
        raise KeyError(name)

    def minutes_until_low(self) -> int:
        """Say in how many minutes, rounded up, the draining account falls below its first threshold."""
        seconds = movement.seconds_until(_WARNING, _DRAIN_START, _DRAIN_PER_SECOND, _DRAIN_PERIOD, self.elapsed)
        return math.ceil(seconds / 60)

    @property
    def is_out(self) -> bool:
        """Whether the failing account is refused now."""
        return self.outage in self.sandbox.exchange(self.account(self.failing).exchange).faults

    def advance(self, seconds: float) -> None:
        """Move prices and balances on by some seconds, and let the failing account fail or recover."""
        self.elapsed += seconds
        for exchange in dict.fromkeys(account.exchange for account in self.accounts):
            prices = self.sandbox.exchange(exchange).prices
            for pair, price in prices.items():
                volatility = 0.00002 if pair == "USDC/USDT" else 0.0004
                prices[pair] = movement.wander(price, self.chance, seconds, volatility)
        for account in self.accounts:
            for wallet in account.account.balances.values():
                for coin, holding in wallet.items():
                    wallet[coin] = movement.trade(holding, self.chance, seconds)
        self._drain()
        self._fail()

    async def run(self) -> None:
        """Move things on until cancelled."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(STEP_SECONDS)
            now = loop.time()
            self.advance(now - last)
            last = now

    def config_text(self, urls: Mapping[str, str]) -> str:
        """Write the configuration that points the exporter at exchanges on these addresses."""
        lines = [
            "# Made-up accounts on simulated exchanges: nothing here is worth anything.",
            "defaults:",
            "  interval: 5s",
            "  timeout: 4s",
            "valuation:",
            "  interval: 10s",
            "  also: [EUR, BTC]",
            "accounts:",
        ]
        for account in self.accounts:
            lines += [
                f"  - name: {account.name}",
                f"    exchange: {account.exchange}",
                f'    base_url: "{urls[account.exchange]}"',
                "    credentials:",
                *(f'      {name}: "{value}"' for name, value in account.credentials.items()),
            ]
            if account.options:
                options = ", ".join(f"{name}: {value}" for name, value in account.options.items())
                lines.append(f"    options: {{{options}}}")
            lines += [f"    {line}" for line in account.plan.extra]
        return "\n".join(lines) + "\n"

    def _drain(self) -> None:
        wallet = self.account(self.draining).account.wallet("main")
        left = movement.drained((_DRAIN_START, _DRAIN_FLOOR), _DRAIN_PER_SECOND, _DRAIN_PERIOD, self.elapsed)
        wallet["USDT"] = replace(wallet["USDT"], available=left, frozen=Decimal(0))

    def _fail(self) -> None:
        faults = self.sandbox.exchange(self.account(self.failing).exchange).faults
        fails = movement.is_failing(self.elapsed, _OUTAGE_SECONDS, _OUTAGE_EVERY)
        if fails and self.outage not in faults:
            faults.append(self.outage)
        elif not fails and self.outage in faults:
            faults.remove(self.outage)


def build_demo(sandbox: Sandbox, seed: int) -> Scenario:
    """Add the demo's accounts to a sandbox; the same seed moves them the same way."""
    accounts = []
    for plan in _PLANS:
        account = sandbox.add_account(
            plan.exchange,
            key=f"demo-{plan.name}-key",
            secret=f"demo-{plan.name}-secret",
            passphrase="demo-passphrase" if plan.exchange == "bitget" else "",
            mode=next(iter(plan.options.values()), ""),
            name=plan.name,
        )
        for wallet, coins in plan.wallets.items():
            for coin, (available, frozen, locked) in coins.items():
                debt, interest = _DEBT.get((plan.name, wallet, coin), ("0", "0"))
                account.set(wallet, coin, available, frozen, locked, debt=debt, interest=interest)
        accounts.append(DemoAccount(plan, account))
    return Scenario(sandbox, tuple(accounts), Random(seed))
