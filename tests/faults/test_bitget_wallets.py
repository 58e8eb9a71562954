"""Bitget's wallets beside spot, from the exchange to the scrape: exact numbers, the overview beside them, modes."""

import re
from decimal import Decimal
from typing import Final

import pytest

from exporter.exchanges.bitget.futures import MULTI_ASSETS
from exporter.sandbox import Fault, SandboxAccount
from exporter.sandbox.vendors.bitget import Bitget
from tests.faults.stage import INTERVAL, Member, Stage, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time

EARN: Final = "/api/v2/earn/account/assets"
FUTURES: Final = "/api/v2/mix/account/accounts"
ALL: Final = ["main", "overview", "funding", "futures", "coin_futures", "margin", "isolated_margin", "bots", "earn"]

HELD: Final = {
    ("funding", "USDT"): {"available": "210.50", "frozen": "0.000000000000000001"},
    ("funding", "BTC"): {"available": "0.00012345678901234567"},
    ("futures", "USDT"): {
        "available": "34.59767977",
        "frozen": "6.063618",
        "locked": "7.3302",
        "pnl": "0.0792000000000000001",
    },
    ("futures", "USDC"): {"equity": "-12.5", "locked": "0", "pnl": "-112.50"},
    ("coin_futures", "ETH"): {"available": "1.25", "frozen": "0.5", "locked": "0.125", "pnl": "-0.0000000007"},
    ("margin", "USDT"): {"available": "100", "frozen": "20", "debt": "50", "interest": "0.050000000000000009"},
    ("margin", "ETH"): {"available": "0.5", "debt": "2", "interest": "0.001"},
    ("isolated_margin/BTCUSDT", "USDT"): {"available": "280", "frozen": "20", "debt": "100", "interest": "0.1"},
    ("isolated_margin/BTCUSDT", "BTC"): {"available": "0.010000000000000001"},
    ("isolated_margin/ETHUSDT", "ETH"): {"available": "0.5", "debt": "2"},
    ("bots", "USDT"): {"available": "40", "frozen": "10", "equity": "101.500000000000000001"},
    ("bots", "SOL"): {"available": "3.25", "frozen": "1.75"},
    ("earn", "USDC"): {"locked": "2500.12345678"},
    ("earn", "TON"): {"locked": "12.0"},
}
SERVED: Final = {
    ("funding", "USDT"): ("210.50", "0.000000000000000001", "0", "210.500000000000000001"),
    ("funding", "BTC"): ("0.00012345678901234567", "0", "0", "0.00012345678901234567"),
    ("futures", "USDT"): ("34.6768797700000000001", "6.063618", "7.3302", "48.0706977700000000001"),
    ("futures", "USDC"): ("0", "0", "0", "-12.5"),
    ("coin_futures", "ETH"): ("1.2499999993", "0.5", "0.125", "1.8749999993"),
    ("margin", "USDT"): ("100", "20", "0", "69.949999999999999991"),
    ("margin", "ETH"): ("0.5", "0", "0", "-1.501"),
    ("isolated_margin/BTCUSDT", "USDT"): ("280", "20", "0", "199.9"),
    ("isolated_margin/BTCUSDT", "BTC"): ("0.010000000000000001", "0", "0", "0.010000000000000001"),
    ("isolated_margin/ETHUSDT", "ETH"): ("0.5", "0", "0", "-1.5"),
    ("bots", "USDT"): ("40", "10", "51.500000000000000001", "101.500000000000000001"),
    ("bots", "SOL"): ("3.25", "1.75", "0", "5.00"),
    ("earn", "USDC"): ("0", "0", "2500.12345678", "2500.12345678"),
    ("earn", "TON"): ("0", "0", "12.0", "12.0"),
}
"""Available, frozen, locked and net."""


def fill(account: SandboxAccount) -> None:
    for (wallet, coin), amounts in HELD.items():
        account.set(wallet, coin, **amounts)


def exact(text: str, family: str) -> dict[tuple[str, str], Decimal]:
    """Every figure of a family by wallet and currency, as it is written."""
    line = re.compile(rf'^{family}{{[^}}]*currency="(\w+)"[^}}]*}} (\S+)', re.MULTILINE)
    wallet = re.compile(r'wallet="([^"]+)"')
    return {
        (name[1], found[1]): Decimal(found[2])
        for found in line.finditer(text)
        if (name := wallet.search(found[0])) is not None
    }


async def run(stage: Stage, intervals: float = 2.5) -> None:
    if not stage.engine.tried:
        stage.engine.start()
    await stage.clock.sleep(intervals * INTERVAL)


def test_every_number_of_every_wallet_is_what_the_exchange_said_to_the_last_digit() -> None:
    async def scenario() -> None:
        async with staged([Member("desk", VARIANTS["bitget"], more={"wallets": ALL})]) as stage:
            fill(stage.accounts["desk"])
            await run(stage)
            samples = await stage.samples("desk")
            assert samples.one("exchange_account_up", account="desk") == 1
            for place, kind in enumerate(("available", "frozen", "locked", "net")):
                served = exact(samples.text, f"exchange_balance_{kind}")
                expected = {key: Decimal(amounts[place]) for key, amounts in SERVED.items()}
                assert {key: served.get(key) for key in SERVED} == expected, kind
            assert {key: each for key, each in exact(samples.text, "exchange_balance_borrowed").items() if each} == {
                ("margin", "USDT"): Decimal("50.050000000000000009"),
                ("margin", "ETH"): Decimal("2.001"),
                ("isolated_margin/BTCUSDT", "USDT"): Decimal("100.1"),
                ("isolated_margin/ETHUSDT", "ETH"): Decimal(2),
            }
            pairs = {wallet for wallet, _ in exact(samples.text, "exchange_balance_net") if "/" in wallet}
            assert pairs == {"isolated_margin/BTCUSDT", "isolated_margin/ETHUSDT"}  # of all that the exchange lists

    in_virtual_time(scenario())


def test_the_overview_and_our_own_sums_close() -> None:
    async def scenario() -> None:
        async with staged([Member("desk", VARIANTS["bitget"], more={"wallets": ALL})]) as stage:
            fill(stage.accounts["desk"])
            await run(stage)
            samples = await stage.samples("desk")
            ours: dict[str, float] = {}
            for own, usd in samples.of("exchange_balance_usd", account="desk"):
                # The overview has one figure for all product types of futures, and one for all of margin.
                group = own["wallet"].partition("/")[0]
                counted = {"coin_futures": "futures", "isolated_margin": "margin"}.get(group, group)
                ours[counted] = ours.get(counted, 0.0) + usd
            reported = samples.by("exchange_wallet_reported_usd", "wallet", account="desk")
            assert reported.keys() == ours.keys() == {"spot", "funding", "futures", "margin", "bots", "earn"}
            # USDC is worth 1 to us by its peg, and 0.9998 to the exchange where it states the value in USDT.
            own_peg = {"earn": 2500.12345678 * 0.0002}
            for wallet, usd in reported.items():
                assert usd == pytest.approx(ours[str(wallet)] - own_peg.get(str(wallet), 0.0), rel=1e-12), wallet

    in_virtual_time(scenario())


@pytest.mark.parametrize("options", [{}, {"mode": "unified"}])
def test_a_wallet_that_unified_accounts_do_not_have_is_said_once_and_fails_nothing(options: dict[str, str]) -> None:
    async def scenario() -> None:
        more = {"wallets": ["main", "futures"], "options": options}
        async with staged([Member("desk", VARIANTS["bitget-unified"], more=more)]) as stage:
            await run(stage, 4.5)
            samples = await stage.samples("desk")
            assert samples.one("exchange_account_up", account="desk") == 1
            assert samples.one("exchange_wallet_fresh", account="desk", wallet="unified") == 1
            assert not samples.of("exchange_wallet_up", wallet="futures")
            assert not samples.of("exchange_wallet_failing")
            said = "the exchange has this wallet in another mode of the account only"
            assert len(stage.logged("desk", "futures", said)) == 1

    in_virtual_time(scenario())


def asked(stage: Stage, path: str) -> int:
    return sum(request.path.startswith(path) for request in stage.sandbox.exchange("bitget").requests)


def test_earn_that_a_unified_account_is_not_shown_is_its_own_failure_and_no_news_of_the_mode() -> None:
    async def scenario() -> None:
        async with staged([Member("desk", VARIANTS["bitget-unified"], more={"wallets": ["main", "earn"]})]) as stage:
            await run(stage, 20.5)
            samples = await stage.samples("desk")
            assert samples.one("exchange_wallet_failing", account="desk", wallet="earn", reason="permission") == 1
            assert samples.one("exchange_wallet_fresh", account="desk", wallet="unified") == 1
            assert asked(stage, "/api/v2/spot/account/assets") == 1  # `auto` begins with classic, and learns once
            assert asked(stage, "/api/v3/account/assets") >= 20
            assert 1 <= asked(stage, EARN) <= 6  # ever more rarely
            (said,) = stage.logged("desk", "earn", "the wallet cannot be read")
            assert "leave `earn` out of `wallets`" in vars(said)["advice"]

    in_virtual_time(scenario())


def test_earn_that_a_unified_account_is_shown_is_served_and_follows_the_account_into_the_other_mode() -> None:
    async def scenario() -> None:
        async with staged([Member("desk", VARIANTS["bitget-unified"], more={"wallets": ["main", "earn"]})]) as stage:
            twin, account = stage.sandbox.exchange("bitget").vendor, stage.accounts["desk"]
            assert isinstance(twin, Bitget)
            twin.shows_unified_earn = True
            account.set("earn", "USDC", locked="2500.5")
            await run(stage)
            for mode, main in (("classic", "spot"), ("unified", "unified")):
                account.mode = mode
                account.set("main", "USDT", "9")
                await run(stage, 4.5)
                samples = await stage.samples("desk")
                assert samples.one("exchange_balance_locked", wallet="earn", currency="USDC") == 2500.5
                assert samples.one("exchange_balance_available", wallet=main, currency="USDT") == 9
                assert not samples.of("exchange_wallet_failing")

    in_virtual_time(scenario())


def test_a_copy_traders_futures_fail_alone_and_send_nobody_to_the_other_mode() -> None:
    async def scenario() -> None:
        async with staged([Member("desk", VARIANTS["bitget"], more={"wallets": ["main", "futures"]})]) as stage:
            body = '{"code": "40731", "msg": "This product does not support copy trading", "data": null}'
            fault = Fault("http_status", status=400, body=body, path=FUTURES)
            stage.sandbox.exchange("bitget").faults.append(fault)
            await run(stage)
            samples = await stage.samples("desk")
            assert samples.one("exchange_wallet_failing", account="desk", wallet="futures", reason="permission") == 1
            assert samples.one("exchange_wallet_fresh", account="desk", wallet="spot") == 1
            assert asked(stage, "/api/v3/") == 0

    in_virtual_time(scenario())


def test_play_money_is_never_asked_for() -> None:
    async def scenario() -> None:
        async with staged([Member("desk", VARIANTS["bitget"], more={"wallets": ALL})]) as stage:
            await run(stage)
            requests = stage.sandbox.exchange("bitget").requests
            queries = {request.target.partition("?")[2] for request in requests if request.path == FUTURES}
            assert queries == {f"productType={product}-FUTURES" for product in ("USDT", "USDC", "COIN")}

    in_virtual_time(scenario())


def test_in_multi_assets_mode_the_sum_closes_too_and_no_coin_is_counted_twice() -> None:
    async def scenario() -> None:
        async with staged(
            [Member("desk", VARIANTS["bitget"], more={"wallets": ["main", "overview", "futures"]})]
        ) as stage:
            twin, account = stage.sandbox.exchange("bitget").vendor, stage.accounts["desk"]
            assert isinstance(twin, Bitget)
            twin.in_multi_assets_mode.add(account.key)
            account.set("futures", "USDT", available="940", locked="60")
            account.set("futures", "BTC", available="1.1", locked="0.1")
            await run(stage)
            samples = await stage.samples("desk")
            net = samples.by("exchange_balance_net", "currency", account="desk", wallet="futures")
            assert {coin: each for coin, each in net.items() if each} == {"USDT": 1000, "BTC": 1.2}
            usd = sum(value for _, value in samples.of("exchange_balance_usd", account="desk", wallet="futures"))
            assert usd == pytest.approx(samples.one("exchange_wallet_reported_usd", wallet="futures"), rel=1e-12)
            assert samples.one("exchange_wallet_ignored_rows", account="desk", wallet="futures") == 1
            await run(stage)
            assert len(stage.logged("desk", "futures", MULTI_ASSETS)) == 1
            twin.in_multi_assets_mode.clear()
            await run(stage)
            twin.in_multi_assets_mode.add(account.key)
            await run(stage)
            assert len(stage.logged("desk", "futures", MULTI_ASSETS)) == 2

    in_virtual_time(scenario())


def test_margin_that_was_never_opened_is_empty_and_fails_nothing() -> None:
    async def scenario() -> None:
        more = {"wallets": ["main", "margin", "isolated_margin"]}
        async with staged([Member("desk", VARIANTS["bitget"], more=more)]) as stage:
            await run(stage)
            samples = await stage.samples("desk")
            assert samples.one("exchange_account_up", account="desk") == 1
            assert not samples.of("exchange_wallet_failing")
            assert not samples.of("exchange_balance_net", wallet="margin")
            assert samples.one("exchange_account_usd", account="desk") is not None
            fill(stage.accounts["desk"])
            await run(stage)
            samples = await stage.samples("desk")
            assert samples.one("exchange_balance_net", wallet="isolated_margin/BTCUSDT", currency="USDT") == 199.9

    in_virtual_time(scenario())


def test_every_wallet_that_the_key_may_read_is_read_where_all_are_asked_for() -> None:
    async def scenario() -> None:
        members = [
            Member("desk", VARIANTS["bitget"], more={"wallets": ["all"]}),
            Member("one", VARIANTS["bitget-unified"], more={"wallets": ["all"]}),
        ]
        async with staged(members) as stage:
            account = stage.accounts["desk"]
            fill(account)
            for name in [name for name in account.balances if "margin" in name]:
                del account.balances[name]
            await run(stage)
            samples = await stage.samples()
            assert samples.by("exchange_account_up", "account") == {"desk": 1, "one": 1}
            assert not samples.of("exchange_wallet_failing")
            served = {wallet for wallet, _ in exact(samples.text, "exchange_balance_net")}
            assert served == {"spot", "funding", "futures", "coin_futures", "bots", "earn", "unified"}
            left_out = {name: set(stage.engine.accounts[name].left_out) for name in ("desk", "one")}
            assert left_out == {"desk": {"margin", "isolated_margin"}, "one": {"earn"}}

    in_virtual_time(scenario())
