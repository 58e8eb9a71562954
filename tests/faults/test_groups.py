"""One answer of a simulated exchange tells of several wallets: what each of them is served, and until when."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import pytest

from exporter.sandbox import Fault
from tests.faults.stage import INTERVAL, STALE_AFTER, Member, Stage, same, staged
from tests.faults.variants import VARIANTS, Variant
from tests.kit.clock import in_virtual_time

GROUPS: Final = [
    (name, wallet) for name, variant in VARIANTS.items() for wallet, each in variant.api.wallets.items() if each.many
]
every_group = pytest.mark.parametrize(("name", "group"), GROUPS)
PAIRS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def play(
    name: str,
    group: str,
    scene: Callable[[Stage, Variant], Coroutine[Any, Any, None]],
    *wallets: str,
    empty: bool = False,
) -> None:
    """Run a scene with an account `desk` that holds three pairs, or was never opened, and was polled once."""
    variant = VARIANTS[name]

    async def scenario() -> None:
        async with staged([Member("desk", variant, more={"wallets": list(wallets) or ["main", group]})]) as stage:
            for number, pair in enumerate(() if empty else PAIRS, 1):
                stage.accounts["desk"].set(f"{group}/{pair}", "USDT", f"{number}00.50", "7.000000000000000001")
            stage.engine.start()
            await stage.clock.sleep(1.5 * INTERVAL)
            await scene(stage, variant)

    in_virtual_time(scenario())


async def held(stage: Stage, group: str) -> Mapping[str, float]:
    """USDT available by pair, as it is served."""
    found = (await stage.samples("desk")).of("exchange_balance_available", currency="USDT")
    return {own["wallet"].removeprefix(f"{group}/"): amount for own, amount in found if "/" in own["wallet"]}


async def polls(stage: Stage, count: int = 1) -> None:
    await stage.clock.sleep(count * INTERVAL)


ALL_THREE: Final = {"BTCUSDT": 100.5, "ETHUSDT": 200.5, "SOLUSDT": 300.5}


@every_group
def test_of_all_pairs_that_the_exchange_lists_those_that_hold_something_are_wallets(name: str, group: str) -> None:
    async def scene(stage: Stage, variant: Variant) -> None:
        assert await held(stage, group) == ALL_THREE
        samples = await stage.samples("desk")
        assert f'{group}/BTCUSDT",currency="USDT"}} 7.000000000000000001\n' in samples.text
        up = samples.by("exchange_wallet_up", "wallet")
        assert {wallet for wallet in up if str(wallet).startswith(group)} == {
            group, *(f"{group}/{pair}" for pair in PAIRS)
        }  # fmt: skip
        assert set(up.values()) == {1}

    play(name, group, scene)


@every_group
@pytest.mark.parametrize(("kind", "reason"), [("500", "http"), ("empty", "http"), ("permission", "permission")])
def test_all_of_them_fail_and_come_back_together_and_nothing_else_does(
    name: str, group: str, kind: str, reason: str
) -> None:
    faults = {
        "500": Fault("http_status", status=500),
        "empty": Fault("body", body="", status=503),
        "permission": Fault("vendor_error", situation="permission"),
    }

    async def scene(stage: Stage, variant: Variant) -> None:
        fault = faults[kind]
        fault.path = variant.api.wallets[group].endpoints[0].path
        exchange = stage.sandbox.exchange(variant.exchange)
        exchange.faults.append(fault)
        await polls(stage, 2)
        assert {stage.failing("desk", wallet) for wallet in (group, *(f"{group}/{pair}" for pair in PAIRS))} == {reason}
        assert await held(stage, group) == ALL_THREE
        await stage.clock.sleep(STALE_AFTER)
        samples = await stage.samples("desk")
        assert await held(stage, group) == {}
        assert samples.one("exchange_account_usd") is None
        assert samples.one("exchange_wallet_up", wallet=variant.main) == 1
        assert same(samples.amounts("desk", variant.main), stage.truth("desk"))
        exchange.faults.remove(fault)
        await stage.until(lambda: stage.failing("desk", f"{group}/BTCUSDT") is None, 1_000, "recovery")
        assert await held(stage, group) == ALL_THREE
        assert (await stage.samples("desk")).one("exchange_account_up") == 1

    play(name, group, scene)


@every_group
def test_a_pair_that_was_emptied_reads_zero_once_two_answers_say_so(name: str, group: str) -> None:
    async def scene(stage: Stage, variant: Variant) -> None:
        stage.accounts["desk"].set(f"{group}/BTCUSDT", "USDT", "0")
        await polls(stage)
        assert await held(stage, group) == ALL_THREE
        await polls(stage)
        assert await held(stage, group) == {**ALL_THREE, "BTCUSDT": 0}

    play(name, group, scene)


@every_group
def test_an_answer_without_most_pairs_changes_nothing_unless_the_next_repeats_it(name: str, group: str) -> None:
    async def scene(stage: Stage, variant: Variant) -> None:
        account = stage.accounts["desk"]
        for pair in ("ETHUSDT", "SOLUSDT"):
            account.set(f"{group}/{pair}", "USDT", "0")
        account.set(f"{group}/BTCUSDT", "USDT", "7")
        await polls(stage)
        assert await held(stage, group) == ALL_THREE
        await polls(stage)
        assert await held(stage, group) == {"BTCUSDT": 7, "ETHUSDT": 0, "SOLUSDT": 0}

    play(name, group, scene)


@every_group
def test_a_named_pair_is_read_alone_and_exists_before_it_holds_anything(name: str, group: str) -> None:
    async def scene(stage: Stage, variant: Variant) -> None:
        samples = await stage.samples("desk")
        assert await held(stage, group) == {"BTCUSDT": 100.5}
        assert samples.one("exchange_wallet_fresh", wallet=f"{group}/XRPUSDT") == 1
        assert samples.one("exchange_account_up") == 1

    play(name, group, scene, "main", f"{group}/BTCUSDT", f"{group}/XRPUSDT")


@every_group
def test_what_was_never_opened_is_left_out_of_all_and_empty_where_it_is_named(name: str, group: str) -> None:
    async def all_of_them(stage: Stage, variant: Variant) -> None:
        state = stage.engine.accounts["desk"]
        is_told = group in variant.facts.empty_unopened
        assert (group in state.left_out) is not is_told
        assert (group in (await stage.samples("desk")).text) is is_told
        assert (await stage.samples("desk")).one("exchange_account_usd") is not None

    async def named(stage: Stage, variant: Variant) -> None:
        samples = await stage.samples("desk")
        assert samples.one("exchange_wallet_up", wallet=group) == samples.one("exchange_account_up") == 1
        assert await held(stage, group) == {}
        stage.accounts["desk"].set(f"{group}/BTCUSDT", "USDT", "7")
        await polls(stage)
        assert await held(stage, group) == {"BTCUSDT": 7}

    play(name, group, all_of_them, "all", empty=True)
    play(name, group, named, empty=True)
