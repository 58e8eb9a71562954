"""The simulated BingX: its answers and refusals in the vendor's own form, and its check of signatures."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.sandbox import Fault
from exporter.sandbox.vendors import bingx
from tests.faults.stage import INTERVAL, STALE_AFTER, Member, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time
from tests.sandbox.filled import MILLIS, FilledSandbox

STAMP = "1767225600123"
FUTURES = "/openApi/swap/v3/user/balance"
COIN_FUTURES = "/openApi/cswap/v1/user/balance"
STANDARD_FUTURES = "/openApi/contract/v1/balance"
LONG = "1234567890123456789012.345678901234567891"


async def test_bingx_spot_and_funding_differ_in_shape_as_the_live_ones_do(filled: FilledSandbox) -> None:
    account = filled.accounts["bingx"]
    account.set("funding", "USDT", available="3")
    spot = (await filled.read("bingx")).json()
    assert spot["code"] == 0
    assert spot["data"]["balances"][0] == {
        "asset": "USDT",
        "free": "100.50",
        "locked": "9.5",
        "disPlayName": "USDT",
    }
    assert [row["asset"] for row in spot["data"]["balances"]] == ["USDT", "BTC", "SOL"]
    funding = (await filled.client.get(account, "/openApi/fund/v1/account/balance")).json()
    assert [(row["asset"], row["free"]) for row in funding["data"]["assets"]] == [("USDT", "3")]


async def test_bingx_overview_is_a_plain_list_with_misspelled_names(filled: FilledSandbox) -> None:
    filled.accounts["bingx"].set("earn", "USDT", available="12.5")
    answer = (await filled.client.get(filled.accounts["bingx"], "/openApi/account/v1/allAccountBalance")).json()
    worth = {row["accountType"]: Decimal(row["usdtBalance"]) for row in answer["data"]}
    assert worth == {
        "sopt": Decimal("6935.05"),
        "stdFutures": 0,
        "coinMPerp": 0,
        "USDTMPerp": 0,
        "copyTrading": 0,
        "grid": 0,
        "eran": Decimal("12.5"),
    }


async def futures_rows(filled: FilledSandbox, path: str) -> dict[str, dict[str, Any]]:
    answer = (await filled.client.get(filled.accounts["bingx"], path)).json()
    assert answer["code"] == 0
    return {row["asset"]: row for row in answer["data"]}


async def test_bingx_futures_state_equity_with_the_profit_and_free_margin_without(filled: FilledSandbox) -> None:
    filled.accounts["bingx"].set("futures", "USDT", "190.5000", "1.0000", "3.3000", pnl="1.9000")
    usdt = (await futures_rows(filled, FUTURES))["USDT"]
    assert usdt["userId"] == str(filled.accounts["bingx"].uid)
    names = ("balance", "equity", "unrealizedProfit", "availableMargin", "usedMargin", "freezedMargin")
    assert [usdt[name] for name in names] == ["194.8000", "196.7000", "1.9000", "190.5000", "3.3000", "1.0000"]


async def test_bingx_futures_write_empty_texts_for_what_was_never_used_and_mix_in_play_money(
    filled: FilledSandbox,
) -> None:
    rows = await futures_rows(filled, FUTURES)
    assert list(rows) == ["USDT", "USDC", "VST"]
    empty = {name for name, value in rows["USDC"].items() if value == ""}
    assert empty == {
        "userId",
        "balance",
        "equity",
        "unrealizedProfit",
        "availableMargin",
        "usedMargin",
        "freezedMargin",
    }
    assert rows["VST"]["equity"] == "100000"


async def test_free_margin_of_bingx_coin_futures_has_the_profit_in_it(filled: FilledSandbox) -> None:
    filled.accounts["bingx"].set("coin_futures", "BTC", "0.14289000", "0", "0.00111000", pnl="0.00028000")
    btc = (await futures_rows(filled, COIN_FUTURES))["BTC"]
    assert (btc["balance"], btc["equity"], btc["availableMargin"]) == ("0.14400000", "0.14428000", "0.14317000")
    assert "userId" not in btc


async def test_bingx_standard_futures_write_twenty_decimals_and_play_money(filled: FilledSandbox) -> None:
    filled.accounts["bingx"].set("standard_futures", "USDT", "2", "0", "3")
    rows = await futures_rows(filled, STANDARD_FUTURES)
    assert {coin: (row["balance"], row["availableBalance"]) for coin, row in rows.items()} == {
        "USDT": ("5.00000000000000000000", "2.00000000000000000000"),
        "BTC": ("0.00000000000000000000", "0.00000000000000000000"),
        "ETH": ("0.00000000000000000000", "0.00000000000000000000"),
        "VST": ("100000.00000000000000000000", "100000.00000000000000000000"),
    }


@pytest.mark.parametrize("path", [FUTURES, COIN_FUTURES, STANDARD_FUTURES])
async def test_bingx_futures_check_the_signature_and_refuse_by_numbers_of_their_own(
    filled: FilledSandbox, path: str
) -> None:
    async def code() -> int:
        return int((await filled.client.get(filled.accounts["bingx"], path)).json()["code"])

    assert await code() == 0
    filled.client.secret = "another"
    assert await code() == 100001
    filled.client.secret, filled.client.now = None, filled.client.now - 60
    assert await code() == 109400
    filled.client.now += 60
    filled.accounts["bingx"].permissions = ("trade",)
    assert await code() == 100004


ALL_FUTURES = ("futures", "coin_futures", "standard_futures")


def test_every_number_of_bingx_futures_is_served_as_it_was_sent_and_closes_with_the_overview() -> None:
    async def scenario() -> None:
        member = Member("perp", VARIANTS["bingx"], more={"wallets": ["main", "overview", *ALL_FUTURES]})
        async with staged([member]) as stage:
            account = stage.accounts["perp"]
            account.set("futures", "USDT", LONG, "0.000001000000000001", "3.3000", pnl="-200.000000000000000003")
            account.set("coin_futures", "BTC", "0.14289000", "0.00200000", "0.00111000", pnl="0.00028000")
            account.set("standard_futures", "USDT", "2.5", "0", "3")
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            samples = await stage.samples()
        assert samples.digits("perp", "futures") == {
            "USDT": (LONG, "0.000001000000000001", "3.3000", "1234567890123456788815.645679901234567889")
        }
        assert samples.digits("perp", "coin_futures") == {
            "BTC": ("0.14317000", "0.00200000", "0.00111000", "0.14628000")
        }
        assert samples.digits("perp", "standard_futures") == {
            "USDT": ("2.50000000000000000000", "0", "3.00000000000000000000", "5.50000000000000000000")
        }
        for wallet in ALL_FUTURES:
            value = sum(each for _, each in samples.of("exchange_balance_usd", account="perp", wallet=wallet))
            reported = samples.one("exchange_wallet_reported_usd", account="perp", wallet=wallet)
            assert value == pytest.approx(reported, rel=1e-12)
            assert value
        assert "VST" not in samples.text

    in_virtual_time(scenario())


def test_futures_that_turn_into_empty_texts_are_no_zeros_but_an_answer_that_is_not_believed() -> None:
    async def scenario() -> None:
        member = Member("perp", VARIANTS["bingx"], more={"wallets": ["main", "futures"]})
        async with staged([member]) as stage:
            stage.accounts["perp"].set("futures", "USDT", "190.5", "1", "3.3", pnl="1.9")
            stage.engine.start()
            await stage.clock.sleep(1.5 * INTERVAL)
            before = (await stage.samples()).digits("perp", "futures")
            assert before == {"USDT": ("190.5", "1", "3.3", "196.7")}
            stage.sandbox.exchange("bingx").faults.append(Fault("replace_amounts", value="", path=FUTURES))
            await stage.clock.sleep(2 * INTERVAL)
            assert stage.failing("perp", "futures") == "payload"
            assert (await stage.samples()).digits("perp", "futures") == before
            await stage.clock.sleep(STALE_AFTER)
            assert (await stage.samples()).digits("perp", "futures") == {}

    in_virtual_time(scenario())


async def test_bingx_prices_are_json_numbers(filled: FilledSandbox) -> None:
    reply = await filled.client.raw("bingx", f"/openApi/spot/v1/ticker/24hr?timestamp={MILLIS}")
    assert b'"lastPrice":68250.5' in reply.body
    symbols = [row["symbol"] for row in reply.json()["data"]]
    assert {"BTC-USDT", "BTC-USDC", "ETH-BTC"} <= set(symbols)


@pytest.mark.parametrize("path", ["/openApi/swap/v2/server/time", "/openApi/spot/v1/server/time"])
async def test_bingx_tells_the_time_twice(filled: FilledSandbox, path: str) -> None:
    assert (await filled.client.raw("bingx", path)).json()["data"]["serverTime"] == MILLIS


async def test_bingx_permissions_come_bare_and_restrictions_in_the_envelope(filled: FilledSandbox) -> None:
    account = filled.accounts["bingx"]
    account.permissions = ("read", "withdraw")
    account.ips = ("127.0.0.1", "10.0.0.1")
    bare = (await filled.client.get(account, "/openApi/v1/account/apiPermissions")).json()
    assert bare["permissions"] == [2, 5]
    assert bare["ipAddresses"] == ["127.0.0.1", "10.0.0.1"]
    assert "code" not in bare
    told = (await filled.client.get(account, "/openApi/v1/account/apiRestrictions")).json()
    assert told["data"]["ipRestrict"] is True
    assert told["data"]["enableWithdrawals"] is True


async def test_bingx_says_success_false_for_an_address(filled: FilledSandbox) -> None:
    filled.accounts["bingx"].ips = ("192.0.2.1",)
    assert (await filled.read("bingx")).json()["success"] is False


@pytest.mark.parametrize(
    ("query", "code"),
    [("", 100412), ("?signature=x", 100421), ("?signature=x&timestamp=soon", 100421)],
)
async def test_bingx_misses_signature_and_timestamp(filled: FilledSandbox, query: str, code: int) -> None:
    target = filled.main_path("bingx") + query
    assert (await filled.client.raw("bingx", target, {"X-BX-APIKEY": "key-of-bingx"})).json()["code"] == code


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (f"timestamp={STAMP}", "4d62ab8b24d45de55c57b56d0822c2212defa35c33cbf170a7f185848aa7a590"),
        (
            f"recvWindow=5000&timestamp={STAMP}",
            "1e5e069b5fc7dd2a155034044fcabb685a9957c1f8f645cb0eb7a8911a57d6f3",
        ),
        (
            f"accountType=sopt&recvWindow=5000&timestamp={STAMP}",
            "43805ee3ed5efa88e562c051bd9503d68c6c3cfdb4c3e8e789a798216f501d4e",
        ),
    ],
)
def test_bingx_signs_the_query_as_it_stands(query: str, signature: str) -> None:
    secret = "demo-bingx-secret-002"
    assert bingx.fits(secret, f"{query}&signature={signature}")
    assert not bingx.fits("another", f"{query}&signature={signature}")
    assert not bingx.fits(secret, f"{query}&signature={signature.upper()}")
    assert not bingx.fits(secret, f"{query}&asset=BTC&signature={signature}")
