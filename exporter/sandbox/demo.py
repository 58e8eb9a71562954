"""The demo: made-up accounts on every exchange, one that drains, one that fails, and the configuration for them.

What each account holds stands in its exchange's file, how it moves in `movement`.
"""

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Final

from exporter.sandbox.accounts import SandboxAccount
from exporter.sandbox.faults import Fault
from exporter.sandbox.movement import Drain, Outage, Swing, trade, wander
from exporter.sandbox.prices import EXACT
from exporter.sandbox.server import Sandbox
from exporter.sandbox.vendors.base import DemoPlan, Vendor

STEP_SECONDS: Final = 1.0

_DRAIN: Final = Drain(start=Decimal(12_000), floor=Decimal(400), per_second=Decimal(35), period=1_200)
_WARNING, _CRITICAL, _TARGET = Decimal(5_000), Decimal(1_000), Decimal(10_000)
_OUTAGE: Final = Outage(lasts=60, every=180)
_SWING: Final = Swing(high=Decimal(4_310), low=Decimal(665), period=1_200)
_PAID_IN: Final = Decimal(4_000)
"""What was paid in for a swinging position; equity beyond it, or short of it, is unrealized profit."""


@dataclass(slots=True)
class DemoAccount:
    """One account of the demo: what the exporter must be told, and the account as the exchange knows it."""

    plan: DemoPlan
    vendor: Vendor
    account: SandboxAccount

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.plan.name

    @property
    def exchange(self) -> str:
        """The exchange that keeps it."""
        return self.vendor.name

    @property
    def options(self) -> Mapping[str, str]:
        """What the configuration says about the account's mode."""
        return {self.vendor.mode_option: self.plan.mode} if self.vendor.mode_option else {}

    @property
    def credentials(self) -> dict[str, str]:
        """The made-up credentials that the exchange needs, as the configuration names them."""
        known = {"api_key": self.account.key, "secret": self.account.secret, "passphrase": self.account.passphrase}
        return {name: known[name] for name in self.vendor.needs}

    @property
    def config_lines(self) -> list[str]:
        """Its lines of the configuration beyond exchange, credentials and options."""
        lines = [f"labels: {{team: {self.plan.team}}}"]
        if self.plan.drains:
            levels = f"warning: {_WARNING}, critical: {_CRITICAL}, target: {_TARGET}"
            lines.append(f"thresholds: [{{currency: USDT, {levels}}}]")
        return [*lines, *self.plan.extra]


@dataclass(slots=True)
class Scenario:
    """A running demo; `elapsed` is the seconds that it has moved for."""

    sandbox: Sandbox
    accounts: tuple[DemoAccount, ...]
    chance: Random
    elapsed: float = 0.0
    draining: str = field(init=False)
    failing: str = field(init=False)
    outage: Fault = field(init=False)

    def __post_init__(self) -> None:
        (self.draining,) = (account.name for account in self.accounts if account.plan.drains)
        (self.failing,) = (account.name for account in self.accounts if account.plan.fails)
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
        return math.ceil(_DRAIN.seconds_until(_WARNING, self.elapsed) / 60)

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
                prices[pair] = wander(price, self.chance, seconds, volatility)
        for account in self.accounts:
            for wallet in account.account.balances.values():
                for coin, holding in wallet.items():
                    wallet[coin] = trade(holding, self.chance, seconds)
        self._drain()
        self._swing()
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

    def config_text(self, base_urls: Mapping[str, str | Mapping[str, str]]) -> str:
        """Write the configuration that points the exporter at exchanges on these addresses."""
        lines = [
            "# Made-up accounts on simulated exchanges: nothing here is worth anything.",
            "defaults:",
            "  interval: 5s",
            "  timeout: 4s",
            "valuation:",
            "  interval: 10s",
            "  also: [EUR, BTC]",
            "totals:",
            "  - {name: firm, currency: USDT, warning: 60000, critical: 30000, target: 100000}",
            "  - {name: trading, match: {label: {team: [arbitrage, grid, market-making]}}, usd: {warning: 50000}}",
            "accounts:",
        ]
        for account in self.accounts:
            lines += [
                f"  - name: {account.name}",
                f"    exchange: {account.exchange}",
                f"    base_url: {json.dumps(base_urls[account.exchange])}",  # which is YAML, too
                "    credentials:",
                *(f'      {name}: "{value}"' for name, value in account.credentials.items()),
            ]
            if account.options:
                options = ", ".join(f"{name}: {value}" for name, value in account.options.items())
                lines.append(f"    options: {{{options}}}")
            lines += [f"    {line}" for line in account.config_lines]
        return "\n".join(lines) + "\n"

    def _drain(self) -> None:
        wallet = self.account(self.draining).account.wallet("main")
        wallet["USDT"] = replace(wallet["USDT"], available=_DRAIN.left(self.elapsed), frozen=Decimal(0))

    def _swing(self) -> None:
        """Move the profit of the swinging positions; what was paid in for them stays."""
        profit = EXACT.subtract(_SWING.equity(self.elapsed), _PAID_IN)
        for wallet in (each.account.wallet("futures") for each in self.accounts if each.plan.swings):
            held = wallet["USDT"]
            wallet["USDT"] = replace(held, available=EXACT.subtract(_PAID_IN, held.tied), pnl=profit)

    def _fail(self) -> None:
        faults = self.sandbox.exchange(self.account(self.failing).exchange).faults
        fails = _OUTAGE.is_on(self.elapsed)
        if fails and self.outage not in faults:
            faults.append(self.outage)
        elif not fails and self.outage in faults:
            faults.remove(self.outage)


def build_demo(sandbox: Sandbox, seed: int) -> Scenario:
    """Add the demo's accounts to a sandbox; the same seed moves them the same way."""
    accounts = [
        DemoAccount(plan, exchange.vendor, _added(sandbox, exchange.vendor, plan))
        for exchange in sandbox.exchanges
        for plan in exchange.vendor.demo
    ]
    return Scenario(sandbox, tuple(accounts), Random(seed))


def _added(sandbox: Sandbox, vendor: Vendor, plan: DemoPlan) -> SandboxAccount:
    account = sandbox.add_account(
        vendor.name,
        key=f"demo-{plan.name}-key",
        secret=f"demo-{plan.name}-secret",
        passphrase="demo-passphrase" if "passphrase" in vendor.needs else "",
        mode=plan.mode,
        name=plan.name,
    )
    if plan.drains:
        account.set("main", "USDT", _DRAIN.start)
    for wallet, coins in plan.wallets.items():
        for coin, held in coins.items():
            account.set(wallet, coin, **held._asdict())
    return account
