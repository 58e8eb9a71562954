"""The running exporter against simulated exchanges: what it serves is what they hold."""

import asyncio
import logging
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.exchanges import EXCHANGES
from exporter.sandbox import Fault, Holding
from exporter.sandbox.vendors import VENDORS
from tests.kit.scrape import Samples
from tests.kit.whole import Exporter, exporting

AVAILABLE = "exchange_balance_available"
ACCOUNTS = {
    plan.name: vendor.modes[plan.mode or next(iter(vendor.modes))]
    for vendor in VENDORS.values()
    for plan in vendor.demo
}
"""The demo's accounts, of every exchange and mode, and their main wallets."""

ZEROS_LISTED = {
    plan.name
    for name, vendor in VENDORS.items()
    for plan in vendor.demo
    if (api := EXCHANGES[name].apis.get(plan.mode, EXCHANGES[name].api_for({}))).wallets[api.main].lists_zeros
}
"""Accounts whose exchange goes on listing what was emptied."""

DERIVATIVES = {"futures", "coin_futures", "standard_futures"}
"""Wallets whose free margin has the profit of open positions in it on some exchanges: their own tests compare them."""


def set_long_digits(exporter: Exporter) -> None:
    """Amounts with more digits than a float holds, in every wallet."""
    for number, name in enumerate(ACCOUNTS):
        account = exporter.account(name)
        for wallet in tuple(account.balances):
            account.set(wallet, "BTC", f"{number + 1}234567.12345678901234567", f"0.{number}00000000000000017")
            account.set(wallet, "SHIB", "0.00000000000000123456789", "98765432109876543210.5")


async def test_every_account_is_complete_after_the_first_poll(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        samples = await it.scrape()
        assert samples.by("exchange_account_up", "account") == dict.fromkeys(ACCOUNTS, 1.0)
        assert samples.of("exchange_wallet_failing") == []
        samples = await it.until(lambda samples: len(samples.of("exchange_account_usd")) == len(ACCOUNTS))
        assert min(usd for _, usd in samples.of("exchange_account_usd")) > 1_000
        assert (await it.get("/-/ready"))[0] == (await it.get("/-/healthy"))[0] == 200


async def test_the_numbers_are_the_exchange_s_to_the_last_digit_of_a_float(tmp_path: Path) -> None:
    async with exporting(tmp_path, set_long_digits) as it:
        samples = await it.scrape()
        compared = set()
        for where, available in samples.of(AVAILABLE):
            if where["wallet"] in DERIVATIVES:
                continue
            holding = it.account(where["account"]).wallet(where["wallet"]).get(where["currency"], Holding())
            served = {name: samples.one(f"exchange_balance_{name}", **where) for name in ("frozen", "locked", "net")}
            assert available == float(holding.available), where
            assert served["frozen"] == float(holding.frozen), where
            assert served["locked"] == float(holding.locked + holding.bank), where
            assert served["net"] == float(holding.net), where
            compared.add((where["account"], where["wallet"], where["currency"]))
        for name, main in ACCOUNTS.items():
            held = {coin for coin, holding in it.account(name).wallet(main).items() if not holding.is_zero}
            assert {(name, main, coin) for coin in held} <= compared
        assert len(compared) > 40


async def test_a_wrong_secret_is_that_account_s_trouble_alone(tmp_path: Path) -> None:
    def wrong(it: Exporter) -> str:
        return it.config().replace("demo-market-maker-secret", "not-the-secret-at-all")

    async with exporting(tmp_path, config=wrong) as it:
        samples = await it.scrape()
        ups = samples.by("exchange_account_up", "account")
        assert ups == {**dict.fromkeys(ACCOUNTS, 1.0), "market-maker": 0.0}
        assert samples.one("exchange_wallet_failing", account="market-maker", wallet="spot", reason="auth") == 1
        assert samples.one(AVAILABLE, account="market-maker", currency="USDT") is None


async def test_past_stale_after_the_balances_of_a_refused_account_are_gone(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        account = it.account("market-maker")
        account.secret = "changed on the exchange"
        samples = await it.until(lambda samples: samples.one("exchange_account_up", account="market-maker") == 0)
        assert samples.one(AVAILABLE, account="market-maker", currency="BTC") == 0.85
        assert samples.one("exchange_wallet_fresh", account="market-maker", wallet="spot") == 1
        it.clock.ahead += 601
        samples = await it.scrape()
        assert samples.one(AVAILABLE, account="market-maker", currency="BTC") is None
        assert samples.one("exchange_wallet_fresh", account="market-maker", wallet="spot") == 0
        samples = await it.until(
            lambda samples: samples.one("exchange_wallet_fresh", account="treasury", wallet="unified")
        )
        assert samples.one(AVAILABLE, account="market-maker", currency="BTC") is None


async def test_an_emptied_currency_reads_zero_on_every_exchange(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        emptied = {}
        for name, main in ACCOUNTS.items():
            coin = next(coin for coin in it.account(name).wallet(main) if coin not in {"USDT", "XRP"})
            emptied[name] = {"account": name, "wallet": main, "currency": coin}
            if name in ZEROS_LISTED:
                it.account(name).set(main, coin)
            else:
                del it.account(name).wallet(main)[coin]
        for where in emptied.values():
            seen: list[float | None] = []

            def is_zero(samples: Samples, where: dict[str, str] = where, seen: list[float | None] = seen) -> bool:
                seen.append(samples.one(AVAILABLE, **where))
                return (seen[-1], samples.one("exchange_balance_net", **where)) == (0, 0)

            await it.until(is_zero)
            assert None not in seen


@pytest.mark.parametrize("first", [0, 1])
async def test_an_answer_of_a_foreign_shape_is_that_wallet_s_payload_failure(tmp_path: Path, first: int) -> None:
    names = list(ACCOUNTS)[first::2]

    def odd(payload: Any) -> Any:
        if isinstance(payload, list):
            return {"odd": [1]}
        return {key: ({"odd": [1]} if isinstance(value, dict | list) else value) for key, value in payload.items()}

    async with exporting(tmp_path) as it:
        held = await it.scrape()
        for name in names:
            account = it.account(name)
            it.sandbox.exchange(account.exchange).faults.append(Fault("mutate", change=odd, account=account.key))
        ups = {name: float(name not in names) for name in ACCOUNTS}
        failing = {(name, ACCOUNTS[name]) for name in names}

        def told(samples: Samples) -> bool:
            found = samples.of("exchange_wallet_failing", reason="payload")
            seen = {(own["account"], own["wallet"]) for own, _ in found}
            return failing <= seen and samples.by("exchange_account_up", "account") == ups

        samples = await it.until(told)
        for name in names:
            assert samples.of(AVAILABLE, account=name) == held.of(AVAILABLE, account=name)


async def test_a_hostile_currency_name_stays_a_label(tmp_path: Path) -> None:
    def hostile(it: Exporter) -> None:
        for name in ACCOUNTS:
            account = it.account(name)
            it.sandbox.exchange(account.exchange).faults.append(Fault("hostile_name", account=account.key))

    async with exporting(tmp_path, hostile) as it:
        samples = await it.scrape()
        families = {name for name, _ in samples}
        assert all(name.startswith(("exchange_", "process_", "python_")) for name in families)
        assert not any("fake" in name for name in families)
        assert sum("\n" in labels["currency"] for labels, _ in samples.of(AVAILABLE)) >= 6


# -- reload


async def test_a_bad_file_keeps_the_old_configuration_and_says_so(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        it.write(it.config().replace("exchange: htx", "exchange: nowhere"))
        problem = await it.app.reloading.reload()
        assert problem is not None
        assert "nowhere" in problem
        samples = await it.polled("arbitrage")
        assert samples.one("exchange_exporter_config_last_reload_successful") == 0
        assert samples.one("exchange_account_up", account="arbitrage") == 1
        it.write(it.config())
        assert await it.app.reloading.reload() is None
        assert (await it.scrape()).one("exchange_exporter_config_last_reload_successful") == 1


async def test_a_signal_reloads(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        head, _, treasury = it.config().rpartition("  - name: treasury")
        it.write(head)
        before = await it.scrape()
        os.kill(os.getpid(), signal.SIGHUP)
        await it.until(lambda samples: samples.one("exchange_exporter_accounts") == 6)
        samples = await it.scrape()
        assert 'account="treasury"' not in samples.text
        assert samples.one(AVAILABLE, account="market-maker", currency="BTC") == 0.85
        assert samples.one("exchange_exporter_config_hash") != before.one("exchange_exporter_config_hash")
        it.write(f"{head}  - name: treasury{treasury}")
        os.kill(os.getpid(), signal.SIGHUP)
        await it.until(lambda samples: samples.one("exchange_account_up", account="treasury") == 1)


async def test_http_reloads_where_that_is_allowed(tmp_path: Path) -> None:
    async with exporting(tmp_path, enable_lifecycle=True) as it:
        it.write("accounts: [1]\n")
        async with it.client.post(f"http://{it.app.web.addresses[0]}/-/reload") as answer:
            assert answer.status == 500
        it.write(it.config())
        async with it.client.post(f"http://{it.app.web.addresses[0]}/-/reload") as answer:
            assert answer.status == 200


async def test_a_rewritten_secret_file_is_polled_at_once_without_a_reload(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("an-old-one\n")

    def from_file(it: Exporter) -> str:
        return it.config().replace('secret: "demo-treasury-secret"', f"secret_file: {secret}")

    async with exporting(tmp_path, config=from_file) as it:
        assert (await it.scrape()).one("exchange_account_up", account="treasury") == 0
        secret.write_text("demo-treasury-secret\n")
        samples = await it.until(lambda samples: samples.one("exchange_account_up", account="treasury") == 1)
        assert samples.one(AVAILABLE, account="treasury", wallet="unified", currency="BTC") == 1.6
        polls = samples.one("exchange_polls_total", account="treasury")
        assert await it.app.reloading.reload() is None
        assert ((await it.scrape()).one("exchange_polls_total", account="treasury") or 0) >= (polls or 0)


# -- modes


async def test_the_mode_of_a_bitget_account_is_found_out_and_followed(tmp_path: Path) -> None:
    def unsaid(it: Exporter) -> str:
        return it.config().replace("    options: {mode: unified}\n", "").replace("    options: {mode: classic}\n", "")

    async with exporting(tmp_path, config=unsaid) as it:
        samples = await it.scrape()
        assert samples.one(AVAILABLE, account="treasury", wallet="unified", currency="BTC") == 1.6
        assert samples.one(AVAILABLE, account="market-maker", wallet="spot", currency="BTC") == 0.85
        assert samples.of("exchange_wallet_up", account="treasury", wallet="spot") == []
        account = it.account("market-maker")
        account.balances["unified"] = {"BTC": Holding(available=Decimal("0.5"))}
        account.mode = "unified"
        samples = await it.until(
            lambda samples: samples.one(AVAILABLE, account="market-maker", wallet="unified", currency="BTC")
        )
        assert samples.of(AVAILABLE, account="market-maker", wallet="spot") == []
        assert samples.of("exchange_wallet_reported_usd", account="market-maker") == []
        threshold = samples.by("exchange_balance_threshold", "wallet", account="market-maker", severity="warning")
        assert threshold.keys() == {"unified"}


# -- health


async def test_a_loop_that_was_blocked_is_reported_for_a_while_after_it_runs_again(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        assert it.app.problem() is None
        it.clock.ahead += 15
        assert "blocked" in (it.app.problem() or "")
        beat = it.app._beat
        while it.app._beat == beat:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)
        status, body = await it.get("/-/healthy")
        assert (status, "was blocked" in body) == (503, True)
        it.clock.ahead += 6
        async with asyncio.timeout(10):
            while (await it.get("/-/healthy"))[0] != 200:  # noqa: ASYNC110 - each round is a request
                await asyncio.sleep(0.05)


async def test_a_dead_task_makes_the_process_unhealthy(tmp_path: Path) -> None:
    async with exporting(tmp_path) as it:
        it.app.engine._tasks["treasury"].cancel()
        await asyncio.sleep(0)
        status, body = await it.get("/-/healthy")
        assert (status, "account treasury" in body) == (503, True)
        assert (await it.get("/-/ready"))[0] == 200


async def test_it_is_ready_once_every_account_was_tried_or_a_minute_has_passed(tmp_path: Path) -> None:
    def mute(it: Exporter) -> None:
        it.sandbox.exchange("bitget").faults.append(Fault("hang"))

    async with exporting(tmp_path, mute, lambda it: it.config(interval="30s", timeout="20s"), wait=False) as it:
        status, body = await it.get("/-/ready")
        assert (status, "first poll" in body) == (503, True)
        assert (await it.get("/-/healthy"))[0] == (await it.get())[0] == 200
        it.clock.ahead += 61
        assert (await it.get("/-/ready"))[0] == 200
        it.app.engine._tasks["treasury"].cancel()
        it.app.engine._tasks["market-maker"].cancel()


# -- stop


async def some_poll_runs(it: Exporter, *names: str) -> None:
    """Wait until a poll is under way, of any account or of those named."""
    pollers = [it.app.engine.pollers[name] for name in names or ACCOUNTS]
    async with asyncio.timeout(10):
        while not any(poller.polling for poller in pollers):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)


def code_of(task: asyncio.Task[Any]) -> str:
    """The file that a task's coroutine stands in."""
    return str(getattr(task.get_coro(), "cr_code", None))


async def test_a_stop_in_the_middle_of_polls_leaves_no_task_and_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with exporting(tmp_path, config=lambda it: it.config(timeout="30s", interval="30s", stale_after="60s")) as it:
        for name in ("bitget", "xt"):
            it.sandbox.exchange(name).faults.append(Fault("slow_drip", seconds=0.0005))
        it.clock.ahead += 30
        for poller in it.app.engine.pollers.values():
            poller.due = it.clock.now()
            it.app.engine._start(poller.state.account.name, poller.run)
        await some_poll_runs(it)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await it.app._stop.wait()
            assert it.app._not_ready() == "stopping"
            assert it.app.problem() is None
            await it.task
        ours = [
            task for task in asyncio.all_tasks() if "/exporter/" in code_of(task) and "sandbox" not in code_of(task)
        ]
        assert ours == []
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]


async def test_reads_that_hang_are_cut_off_after_the_grace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.app.process.STOP_SECONDS", 0.05)
    async with exporting(tmp_path) as it:
        it.sandbox.exchange("bitget").faults.append(Fault("hang"))
        await some_poll_runs(it, "treasury")
        it.app.stop()
        await it.task
        assert it.app.engine._tasks == {}
