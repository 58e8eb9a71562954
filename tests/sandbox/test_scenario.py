"""The demo's accounts: how they move, drain, fail and recover, and what the exporter is told of them."""

import asyncio
from decimal import Decimal
from random import Random

import pytest
import yaml

from exporter.sandbox import EXCHANGES, Holding, Sandbox
from exporter.sandbox.demo import Scenario, build_demo
from exporter.sandbox.movement import Drain, Outage, Swing, trade, wander
from exporter.sandbox.vendors import VENDORS
from exporter.sandbox.vendors.base import Call


@pytest.fixture
def scenario() -> Scenario:
    return build_demo(Sandbox(clock=lambda: 0.0), seed=7)


def test_the_demo_has_every_exchange_in_every_mode(scenario: Scenario) -> None:
    kinds = {(account.exchange, account.account.mode) for account in scenario.accounts}
    assert kinds == {(name, mode) for name, vendor in VENDORS.items() for mode in vendor.modes}
    assert all("".join(account.options.values()) == account.account.mode for account in scenario.accounts)
    assert all(len(account.account.wallet("main")) >= 3 for account in scenario.accounts)


def test_the_draining_account_falls_below_its_threshold_when_it_was_said_to(scenario: Scenario) -> None:
    wallet = scenario.account(scenario.draining).account.wallet("main")
    minutes = scenario.minutes_until_low()
    assert 2 <= minutes <= 5
    for _ in range(60 * (minutes - 1)):
        scenario.advance(1)
    assert wallet["USDT"].held > 5000
    for _ in range(60):
        scenario.advance(1)
    assert wallet["USDT"].held < 5000
    assert scenario.minutes_until_low() == 0


def test_the_margin_ratio_of_a_position_climbs_beyond_a_warning_for_minutes_and_falls_again(scenario: Scenario) -> None:
    (swinging,) = (account for account in scenario.accounts if account.plan.swings)
    ratios, holdings = [], []
    for _ in range(1_200):
        scenario.advance(1)
        holdings.append(swinging.account.wallet("futures")["USDT"])
        call = Call("GET", "", "productType=USDT-FUTURES", {}, "", "", 0.0)
        answer = swinging.vendor.private["/api/v2/mix/account/accounts"](call, swinging.account)
        ratios.append(float(answer.payload["data"][0]["crossedRiskRate"]))
    assert ratios[0] < 0.15 > ratios[-1]
    assert 0.7 < max(ratios) < 0.8
    assert sum(ratio > 0.6 for ratio in ratios) > 150
    assert {held.held for held in holdings} == {Decimal(4_000)}
    assert {held.net - held.held for held in holdings} == {held.pnl for held in holdings}


def test_a_swing_falls_and_rises_again() -> None:
    swing = Swing(high=Decimal(30), low=Decimal(10), period=120)
    assert [swing.equity(elapsed) for elapsed in (0, 30, 60, 90, 120)] == [30, 20, 10, 20, 30]


def test_the_failing_account_is_refused_a_minute_of_every_three(scenario: Scenario) -> None:
    out = []
    for _ in range(360):
        scenario.advance(1)
        out.append(scenario.is_out)
    assert sum(out) == 120
    assert (out[10], out[150], out[190], out[330]) == (False, True, False, True)


def test_the_same_seed_moves_the_same_way() -> None:
    ends = []
    for seed in (1, 1, 2):
        scenario = build_demo(Sandbox(), seed)
        for _ in range(20):
            scenario.advance(1)
        ends.append(scenario.account("treasury").account.wallet("main")["BTC"])
    assert ends[0] == ends[1]
    assert ends[0] != ends[2]


def test_balances_and_prices_move_and_stay_possible(scenario: Scenario) -> None:
    before = dict(scenario.sandbox.exchange("xt").prices)
    for _ in range(1_000):
        scenario.advance(1)
    after = scenario.sandbox.exchange("xt").prices
    assert all(price > 0 for price in after.values())
    assert before.keys() == after.keys()
    assert before != after
    for account in scenario.accounts:
        for wallet in account.account.balances.values():
            assert all(min(held.available, held.frozen, held.locked) >= 0 for held in wallet.values())


async def test_run_moves_until_cancelled(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sandbox.demo.STEP_SECONDS", 0.001)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await scenario.run()
    assert 0 < scenario.elapsed < 1


def test_the_configuration_names_every_account_with_its_address(scenario: Scenario) -> None:
    urls = {name: f"http://127.0.0.1:{9000 + number}" for number, name in enumerate(EXCHANGES)}
    config = yaml.safe_load(scenario.config_text(urls))
    assert config["defaults"]["interval"] == "5s"
    assert config["valuation"]["interval"] == "10s"
    for entry, account in zip(config["accounts"], scenario.accounts, strict=True):
        assert entry["name"] == account.name
        assert entry["base_url"] == urls[account.exchange]
        assert entry["credentials"] == account.credentials
        assert entry.get("options", {}) == account.options
    (drain,) = [entry for entry in config["accounts"] if entry["name"] == scenario.draining]
    assert [total["name"] for total in config["totals"]] == ["firm", "trading"]
    assert drain["thresholds"] == [{"currency": "USDT", "warning": 5000, "critical": 1000, "target": 10000}]


def test_trading_keeps_what_is_locked_and_owed() -> None:
    holding = Holding(available=Decimal(100), frozen=Decimal(5), locked=Decimal(3), debt=Decimal(2))
    chance = Random(3)
    for _ in range(200):
        holding = trade(holding, chance, 1)
    assert (holding.locked, holding.debt) == (Decimal(3), Decimal(2))
    assert Decimal(50) < holding.available + holding.frozen < Decimal(200)
    assert trade(Holding(), chance, 1) == Holding()


def test_no_time_moves_no_price() -> None:
    assert wander(Decimal("0.00001125"), Random(1), 0) == Decimal("0.00001125")
    assert wander(Decimal(100), Random(1), 1) != 100


def test_a_drain_stays_at_its_floor_and_fills_up_again() -> None:
    drain = Drain(start=Decimal(100), floor=Decimal(10), per_second=Decimal(1), period=200)
    assert [drain.left(elapsed) for elapsed in (0, 30, 89, 150, 200, 230)] == [100, 70, 11, 10, 100, 70]
    assert drain.seconds_until(Decimal(40), 25) == 35
    assert drain.seconds_until(Decimal(40), 150) == 0


def test_an_outage_is_the_last_part_of_every_period() -> None:
    outage = Outage(lasts=60, every=180)
    assert [outage.is_on(second) for second in (0, 119, 120, 179, 180)] == [False, False, True, True, False]
