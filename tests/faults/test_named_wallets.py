"""Faults of a wallet that is read because it is named: it fails alone, keeps its numbers a while, and comes back."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import pytest

from exporter.sandbox import Fault
from tests.faults.catalogue import TROUBLES, Scene
from tests.faults.stage import INTERVAL, STALE_AFTER, TIMEOUT, Member, Stage, same, staged
from tests.faults.table import SLOW_CAP
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time

FAULTS: Final = (
    *("hang", "hang_after_headers", "slow_drip", "reset_in_mid_body", "truncated_gzip", "empty_200", "html_200"),
    *("html_403", "html_503", "429", "500", "502", "nesting", "refusal_with_secrets", "echo_of_secrets"),
    *("vendor_key", "vendor_signature", "vendor_clock", "vendor_ip", "vendor_permission", "vendor_rate"),
    *("vendor_maintenance", "vendor_frozen"),
)
NAMED: Final = [(name, wallet) for name, variant in VARIANTS.items() for wallet in variant.facts.named]


class OfOneWallet(Scene):
    """A scene whose faults hit one path only."""

    def __init__(self, stage: Stage, name: str, path: str) -> None:
        super().__init__(stage, name, whole=False)
        self._of_wallet = path

    @property
    def path(self) -> str:
        return self._of_wallet

    def add(self, fault: Fault) -> None:
        fault.path = self._of_wallet
        super().add(fault)


@pytest.mark.parametrize(("name", "wallet"), NAMED)
def test_a_named_wallet_fails_alone_and_comes_back(name: str, wallet: str) -> None:
    variant = VARIANTS[name]

    faults = [fault for fault in FAULTS if not TROUBLES[fault].is_alone(variant)]

    async def scenario() -> None:
        members = [Member(fault, variant, more={"wallets": ["main", wallet]}) for fault in faults]
        async with staged(members) as stage:
            for fault in faults:
                hold(stage, fault, wallet, "100.5", "7.25")
            stage.engine.start()
            await asyncio.gather(*(judged(stage, fault, wallet) for fault in faults))
            await stage.look()

    in_virtual_time(scenario())


def holder(stage: Stage, account: str, wallet: str) -> str:
    """The wallet in which something is held: one of its parts, where its answer tells of several."""
    source = stage.members[account].variant.api.wallets[wallet]
    return f"{wallet}/BTCUSDT" if source.many else wallet


def hold(stage: Stage, account: str, wallet: str, available: str, frozen: str) -> None:
    for coin in ("USDT", "BTC"):
        stage.accounts[account].set(holder(stage, account, wallet), coin, available, frozen)


async def served(stage: Stage, account: str, wallet: str) -> Mapping[str, float]:
    """What of each coin the wallet holds, as it is served."""
    samples = await stage.samples(account)
    held_in = holder(stage, account, wallet)
    found = samples.by("exchange_balance_net", "currency", account=account, wallet=held_in)
    return {str(coin): net for coin, net in found.items() if net}


async def judged(stage: Stage, fault: str, wallet: str) -> None:
    state, variant = stage.engine.accounts[fault], stage.members[fault].variant
    reason = variant.facts.named_reasons.get(fault, TROUBLES[fault].expected(variant))
    await stage.until(lambda: state.polls >= 2, 2.5 * INTERVAL, f"two polls before {fault}")
    before = await served(stage, fault, wallet)
    assert before
    assert set(before.values()) == {float(Decimal("107.75"))}, f"before {fault}: {before}"

    hold(stage, fault, wallet, "55.75", "3.5")
    scene = OfOneWallet(stage, fault, variant.facts.named[wallet])
    switched = TROUBLES[fault].on(scene)
    assert switched is None
    await stage.until(lambda: stage.failing(fault, wallet) is not None, INTERVAL + 2 * TIMEOUT, f"a failure by {fault}")
    assert stage.failing(fault, wallet) == reason
    samples = await stage.samples(fault)
    last_good = samples.one("exchange_wallet_last_success_timestamp_seconds", account=fault, wallet=wallet)
    assert last_good is not None
    assert await served(stage, fault, wallet) == before, f"while {fault} lasts"
    await stage.clock.sleep(last_good + STALE_AFTER + 1 - stage.clock.wall())
    assert await served(stage, fault, wallet) == {}, f"{fault}: past stale_after"
    samples = await stage.samples(fault)
    assert samples.one("exchange_account_up", account=fault) == 0
    assert samples.one("exchange_wallet_up", account=fault, wallet=variant.main) == 1
    assert samples.one("exchange_wallet_fresh", account=fault, wallet=variant.main) == 1
    assert same(samples.amounts(fault, variant.main), stage.truth(fault)), f"{fault}: the main wallet suffers"
    assert samples.one("exchange_account_usd", account=fault) is None

    await scene.end()
    await stage.until(
        lambda: stage.failing(fault, wallet) is None, SLOW_CAP + INTERVAL + 2 * TIMEOUT, f"the end of {fault}"
    )
    assert set((await served(stage, fault, wallet)).values()) == {float(Decimal("59.25"))}, f"after {fault}"
    failed = stage.logged(fault, wallet, "the wallet cannot be read")
    assert [vars(record)["reason"] for record in failed] == [reason]
    assert all(vars(record)["advice"] for record in failed)
    assert len(stage.logged(fault, wallet, "the wallet is read again")) == 1
