"""XT's wallets are read at three hosts: what goes wrong at one of them is nothing that the others say."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from exporter.sandbox import Fault
from tests.faults.catalogue import PAGE
from tests.faults.stage import INTERVAL, Member, Stage, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time

FUTURES: Final = "/future/user/v1/compat/balance/list"
HOSTS: Final = {"spot": "sapi.xt.com", "futures": "fapi.xt.com", "coin_futures": "dapi.xt.com"}
NET: Final = {("spot", "USDT"): 107.75, ("futures", "USDT"): 90.5, ("coin_futures", "USDT"): -2.25}


def at_three_hosts(
    scenario: Callable[[Stage], Awaitable[None]],
    interval: float = INTERVAL,
    wallets: tuple[str, ...] = ("main", "futures", "coin_futures"),
    opened: tuple[str, ...] = ("futures", "coin_futures"),
) -> None:
    """Run what holds for an account with money, or debts, at each of the hosts."""

    async def run() -> None:
        more = {"wallets": list(wallets), "timeout": f"{min(800 * interval, 10_000):.0f}ms"}
        member = Member("desk", VARIANTS["xt"], interval, more=more)
        async with staged([member]) as stage:
            account = stage.accounts["desk"]
            account.set("futures", "USDT", "70", "8", "12", pnl="0.5")
            account.set("coin_futures", "USDT", "1", "0", "2", pnl="-5.25")
            account.balances = {name: each for name, each in account.balances.items() if name in {"spot", *opened}}
            await scenario(stage)

    in_virtual_time(run())


async def net(stage: Stage) -> dict[tuple[str, str], float]:
    """What each wallet holds of USDT, as it is served."""
    samples = await stage.samples("desk")
    found = {wallet: samples.one("exchange_balance_net", wallet=wallet, currency="USDT") for wallet in HOSTS}
    return {(wallet, "USDT"): value for wallet, value in found.items() if value is not None}


async def polled(stage: Stage, intervals: float = 2.5) -> None:
    if not stage.engine.tried:
        stage.engine.start()
    await stage.clock.sleep(intervals * INTERVAL)


def test_each_wallet_is_asked_at_its_own_host_and_nothing_else_is() -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        assert await net(stage) == NET
        asked = {(each.host_name, each.path) for each in stage.sandbox.exchange("xt").requests}
        assert asked == {
            ("sapi.xt.com", "/v4/balances"),
            ("sapi.xt.com", "/v4/public/time"),
            ("sapi.xt.com", "/v4/public/ticker/price"),
            ("fapi.xt.com", FUTURES),
            ("dapi.xt.com", FUTURES),
        }

    at_three_hosts(scenario)


@pytest.mark.parametrize("wallet", HOSTS)
def test_a_host_that_is_down_takes_its_own_wallet_away_and_no_other(wallet: str) -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        fault = Fault("http_status", status=503, body=PAGE, host=HOSTS[wallet])
        stage.sandbox.exchange("xt").faults.append(fault)
        await polled(stage, 5.5)
        samples = await stage.samples("desk")
        assert {name: stage.failing("desk", name) for name in HOSTS} == {
            name: "http" if name == wallet else None for name in HOSTS
        }
        assert await net(stage) == {key: value for key, value in NET.items() if key[0] != wallet}
        assert samples.one("exchange_account_up") == 0
        stage.sandbox.exchange("xt").faults.remove(fault)
        await stage.until(lambda: stage.failing("desk", wallet) is None, 10 * INTERVAL, "recovery")
        assert await net(stage) == NET

    at_three_hosts(scenario)


def test_rows_of_one_host_that_cannot_be_read_are_not_zero_and_cost_the_other_nothing() -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        fault = Fault("replace_amounts", value="NaN", path=FUTURES, host="dapi.xt.com")
        stage.sandbox.exchange("xt").faults.append(fault)
        await polled(stage)
        assert await net(stage) == {key: value for key, value in NET.items() if key[0] != "coin_futures"}
        samples = await stage.samples("desk")
        assert samples.one("exchange_wallet_unreadable_rows", wallet="coin_futures") == 1
        assert samples.one("exchange_wallet_unreadable_rows", wallet="futures") == 0
        assert samples.one("exchange_account_usd") is None

    at_three_hosts(scenario)


@pytest.mark.parametrize("skew", [90.0, -90.0])
def test_the_time_of_the_spot_host_signs_for_the_futures_too(skew: float) -> None:
    async def scenario(stage: Stage) -> None:
        stage.sandbox.exchange("xt").faults.append(Fault("clock_skew", seconds=skew))
        await polled(stage)
        assert await net(stage) == NET
        times = [each for each in stage.sandbox.exchange("xt").requests if each.path == "/v4/public/time"]
        assert {each.host_name for each in times} == {"sapi.xt.com"}

    at_three_hosts(scenario)


def test_a_lock_of_one_host_pauses_what_is_asked_there() -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage)
        fault = Fault("http_status", status=418, body="{}", host="dapi.xt.com", times=1)
        stage.sandbox.exchange("xt").faults.append(fault)
        await stage.until(lambda: stage.failing("desk", "coin_futures") == "banned", 2 * INTERVAL, "the lock")
        before = [each.host_name for each in stage.sandbox.exchange("xt").requests]
        await polled(stage, 4)
        after = [each.host_name for each in stage.sandbox.exchange("xt").requests][len(before) :]
        assert "dapi.xt.com" not in after
        assert after.count("fapi.xt.com") >= 3
        assert after.count("sapi.xt.com") >= 3

    at_three_hosts(scenario)


def test_each_futures_host_is_asked_once_a_second_where_both_together_would_be_too_much_for_one_limit() -> None:
    async def scenario(stage: Stage) -> None:
        exchange = stage.sandbox.exchange("xt")
        exchange.limits.enforce_published()
        assert stage.engine.oversubscribed() == []
        await polled(stage, 1)
        asked = [each.host_name for each in exchange.requests]
        assert all(asked.count(host) >= 28 for host in ("fapi.xt.com", "dapi.xt.com"))
        assert not any(status == 429 for _, status in exchange.counts)
        assert not any((await stage.samples("desk")).of("exchange_wallet_failing"))

    at_three_hosts(scenario, interval=1.0)


@pytest.mark.parametrize("wallets", [("all",), ("main", "futures", "coin_futures")])
def test_futures_that_were_never_opened_fail_nothing(wallets: tuple[str, ...]) -> None:
    async def scenario(stage: Stage) -> None:
        await polled(stage, 4.5)
        samples = await stage.samples("desk")
        assert await net(stage) == {key: value for key, value in NET.items() if key[0] != "coin_futures"}
        assert samples.one("exchange_account_up") == 1
        assert not samples.of("exchange_wallet_failing")
        asked = [each.host_name for each in stage.sandbox.exchange("xt").requests]
        assert (asked.count("dapi.xt.com") == 1) == (wallets == ("all",)), "left out, and tried once a day"
        account = stage.accounts["desk"]
        account.set("coin_futures", "USDT", "1.5")
        await polled(stage, 24 * 3600 / INTERVAL + 3)
        assert (await net(stage))["coin_futures", "USDT"] == 1.5

    at_three_hosts(scenario, wallets=wallets, opened=("futures",))
