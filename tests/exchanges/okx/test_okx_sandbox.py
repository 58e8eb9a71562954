"""The simulated OKX: its answers and refusals in the vendor's own form, and its check of signatures."""

from typing import Any

import pytest

from exporter.sandbox.vendors import okx
from tests.sandbox.filled import FilledSandbox


async def data(filled: FilledSandbox, path: str, query: str = "") -> Any:
    answer = (await filled.client.get(filled.accounts["okx"], path, query)).json()
    assert (answer["code"], answer["msg"]) == ("0", "")
    return answer["data"]


async def test_okx_balance_states_debt_profit_and_what_is_tied(filled: FilledSandbox) -> None:
    account = filled.accounts["okx"]
    account.set("main", "USDT", "100", "7", "5", pnl="-2")
    account.set("main", "BTC", "0.5", debt="0.2", interest="0.01")
    (whole,) = await data(filled, "/api/v5/account/balance")
    rows = {row["ccy"]: row for row in whole["details"]}
    names = ("eq", "cashBal", "availBal", "frozenBal", "ordFrozen", "liab", "upl")
    assert [rows["USDT"][name] for name in names] == ["110", "112", "100", "12", "7", "0", "-2"]
    assert [rows["BTC"][name] for name in names] == ["0.29", "0.29", "0.5", "0", "0", "0.21", "0"]
    assert rows["BTC"]["mgnRatio"] == ""
    assert float(whole["mgnRatio"]) > 1


async def test_okx_lists_no_emptied_coin(filled: FilledSandbox) -> None:
    filled.accounts["okx"].set("main", "USDT", "0")
    (whole,) = await data(filled, "/api/v5/account/balance")
    assert "USDT" not in [row["ccy"] for row in whole["details"]]


async def test_okx_values_wallets_in_the_unit_that_is_asked(filled: FilledSandbox) -> None:
    filled.accounts["okx"].set("funding", "USDT", "12.5")
    (whole,) = await data(filled, "/api/v5/asset/asset-valuation", "ccy=USD")
    assert float(whole["details"]["funding"]) == 12.5
    (in_btc,) = await data(filled, "/api/v5/asset/asset-valuation")
    assert float(in_btc["details"]["funding"]) == pytest.approx(12.5 / 68250.5, abs=1e-8)


async def test_okx_earn_is_in_two_lists(filled: FilledSandbox) -> None:
    account = filled.accounts["okx"]
    account.set("earn", "USDT", locked="4")
    account.set("onchain", "DOT", locked="2")
    assert [(row["ccy"], row["amt"]) for row in await data(filled, "/api/v5/finance/savings/balance")] == [
        ("USDT", "4")
    ]
    (order,) = await data(filled, "/api/v5/finance/staking-defi/orders-active")
    assert order["investData"] == [{"ccy": "DOT", "amt": "2"}]


async def test_okx_tells_the_address_that_it_saw(filled: FilledSandbox) -> None:
    filled.accounts["okx"].ips = ("203.0.113.7",)
    answer = await filled.read("okx")
    assert (answer.status, answer.json()["code"]) == (401, "50110")
    assert "127.0.0.1" in answer.json()["msg"]


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        ("2025-01-01T00:00:00.000+00:00", "50112"),
        ("2025-01-01T00:00:00Z", "50112"),
        ("2025-01-01T00:00:00.000000Z", "50112"),
        ("1735689600000", "50112"),
        ("2025-01-01T00:00:00.000Z", "50102"),
    ],
)
async def test_okx_takes_times_of_one_spelling_only(filled: FilledSandbox, stamp: str, code: str) -> None:
    account = filled.accounts["okx"]
    headers = {
        "OK-ACCESS-KEY": account.key,
        "OK-ACCESS-SIGN": "x",
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": account.passphrase,
    }
    answer = await filled.client.raw("okx", "/api/v5/account/balance", headers)
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("target", "signature"),
    [
        ("/api/v5/account/balance", "qwi8lb68F0Apn6q7WPJcQXYV2SKiGDjSH8N6uhhdDoY="),
        ("/api/v5/account/balance?ccy=BTC%2CETH", "9CjI0RBmy3GQxpyZUqjWv0bImUTtU+MQu03Z6zb+NY8="),
        ("/api/v5/account/subaccount/balances?subAcct=desk%20one", "xQq+3Hj+WqIrGFUlvri7mMWLiQwLUHNz10XaT7wTDv4="),
    ],
)
def test_okx_checks_the_target_as_it_came(target: str, signature: str) -> None:
    secret, stamp = "00112233445566778899AABBCCDDEEFF", "2025-01-01T00:00:00.000Z"
    assert okx.fits(secret, signature, stamp, "GET", target)
    assert not okx.fits(secret, signature, stamp, "GET", target + "&x=1")
    assert not okx.fits("another", signature, stamp, "GET", target)
