"""BitMart's isolated margin, from one answer to a wallet for each pair: exact, emptied, refused and never opened."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Final

import pytest

from exporter.sandbox import Fault
from tests.faults.stage import INTERVAL, STALE_AFTER, Member, Stage, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time

PATH: Final = "/spot/v1/margin/isolated/account"
BTC, SOL = "isolated_margin/BTCUSDT", "isolated_margin/SOLUSDT"


def with_margin(scenario: Callable[[Stage], Awaitable[None]], wallets: list[str], *, opened: bool = True) -> None:
    async def run() -> None:
        async with staged([Member("desk", VARIANTS["bitmart"], more={"wallets": wallets})]) as stage:
            if opened:
                account = stage.accounts["desk"]
                account.set(BTC, "BTC", "0.01", "0.0005", debt="0.002", interest="0.000001")
                account.set(BTC, "USDT", "250")
                account.set(SOL, "SOL", "3", debt="5")
            await scenario(stage)

    in_virtual_time(run())


async def polled(stage: Stage, intervals: float = 2.5) -> None:
    if not stage.engine.tried:
        stage.engine.start()
    await stage.clock.sleep(intervals * INTERVAL)


async def served(stage: Stage, kind: str = "net") -> dict[tuple[str, str], str]:
    """What of each pair and coin is served, as it is written."""
    found = {}
    for line in (await stage.samples("desk")).text.splitlines():
        if line.startswith(f"exchange_balance_{kind}{{") and 'wallet="isolated_margin' in line:
            labels, _, value = line.partition("} ")
            own = dict(part.split("=", 1) for part in labels.partition("{")[2].split(","))
            found[own["wallet"].strip('"'), own["currency"].strip('"')] = value
    return found


def test_each_pair_that_holds_something_is_a_wallet_to_the_last_digit() -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        assert await served(stage) == {
            (BTC, "BTC"): "0.008499",
            (BTC, "USDT"): "250",
            (SOL, "SOL"): "-2",
        }
        borrowed = {key: Decimal(value) for key, value in (await served(stage, "borrowed")).items()}
        assert {key: value for key, value in borrowed.items() if value} == {
            (BTC, "BTC"): Decimal("0.002001"),
            (SOL, "SOL"): 5,
        }
        samples = await stage.samples("desk")
        assert samples.one("exchange_account_up") == 1
        assert samples.one("exchange_wallet_up", wallet=BTC) == 1
        paths = [each.path for each in stage.sandbox.exchange("bitmart").requests]
        assert paths.count(PATH) == paths.count("/account/v1/wallet"), "one call a poll serves all pairs"

    with_margin(scenario, ["main", "isolated_margin"])


def test_a_pair_that_is_emptied_reads_zero_and_the_others_stay() -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        account = stage.accounts["desk"]
        account.set(SOL, "SOL", "0")
        await polled(stage, 3)
        net = {key: Decimal(value) for key, value in (await served(stage)).items()}
        assert net == {(BTC, "BTC"): Decimal("0.008499"), (BTC, "USDT"): 250, (SOL, "SOL"): 0}

    with_margin(scenario, ["main", "isolated_margin"])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "vendor_error", "situation": "permission"}, "permission"),
        ({"kind": "http_status", "status": 500, "body": '{"code": 59004, "message": "busy"}'}, "exchange"),
        ({"kind": "mutate", "change": lambda payload: {**payload, "data": {}}}, "payload"),
    ],
)
def test_a_refusal_withdraws_every_pair_after_a_while_and_no_other_wallet(fault: dict[str, Any], reason: str) -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        before = await served(stage)
        stage.sandbox.exchange("bitmart").faults.append(Fault(path=PATH, **fault))
        await polled(stage, 1.5)
        assert stage.failing("desk", "isolated_margin") == reason
        assert await served(stage) == before
        await stage.clock.sleep(STALE_AFTER)
        assert await served(stage) == {}
        samples = await stage.samples("desk")
        assert samples.one("exchange_wallet_fresh", wallet="spot") == 1
        assert samples.one("exchange_account_up") == 0

    with_margin(scenario, ["main", "isolated_margin"])


def test_margin_that_was_never_opened_is_nothing_and_no_failure() -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        samples = await stage.samples("desk")
        assert samples.one("exchange_account_up") == 1
        assert not samples.of("exchange_wallet_failing")
        assert await served(stage) == {}

    with_margin(scenario, ["main", "isolated_margin"], opened=False)


def test_all_that_a_key_may_read_is_futures_and_every_pair() -> None:
    async def scenario(stage: Stage) -> None:
        stage.accounts["desk"].set("futures", "USDT", "10", "1", "2", pnl="-0.5")
        await polled(stage)
        samples = await stage.samples("desk")
        assert samples.one("exchange_balance_net", wallet="futures", currency="USDT") == 12.5
        assert set(await served(stage)) == {(BTC, "BTC"), (BTC, "USDT"), (SOL, "SOL")}
        assert samples.one("exchange_account_up") == 1

    with_margin(scenario, ["all"])
