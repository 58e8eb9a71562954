"""The simulated BingX: its answers and refusals in the vendor's own form, and its check of signatures."""

from decimal import Decimal

import pytest

from exporter.sandbox.vendors import bingx
from tests.sandbox.filled import MILLIS, FilledSandbox

STAMP = "1767225600123"


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
