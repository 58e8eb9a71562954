"""The simulated Bybit: its answers and refusals in the vendor's own form, and its check of signatures."""

from typing import Any

import pytest

from exporter.sandbox.vendors import bybit
from tests.sandbox.filled import NOW, FilledSandbox


async def answer(filled: FilledSandbox, path: str, query: str = "") -> Any:
    return (await filled.client.get(filled.accounts["bybit"], path, query)).json()["result"]


async def test_bybit_has_debt_in_the_balance_and_profit_in_the_equity(filled: FilledSandbox) -> None:
    account = filled.accounts["bybit"]
    account.set("main", "USDT", "100", "7", "5", pnl="-2")
    account.set("main", "BTC", "0.5", debt="0.2", interest="0.01")
    rows = dict(await filled.rows("bybit"))
    names = ("walletBalance", "locked", "totalPositionIM", "equity", "borrowAmount", "accruedInterest")
    assert [rows["USDT"][name] for name in names] == ["112", "7", "5", "110", "0", "0"]
    assert [rows["BTC"][name] for name in names] == ["0.5", "0", "0", "0.29", "0.2", "0.01"]


async def test_bybit_leaves_out_coins_without_assets_and_debts(filled: FilledSandbox) -> None:
    assert sorted(dict(await filled.rows("bybit"))) == ["BTC", "USDT"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v5/account/wallet-balance", "accountType=SPOT"),
        ("/v5/asset/transfer/query-account-coins-balance", "accountType=UNIFIED"),
        ("/v5/earn/position", "category=Other"),
        ("/v5/asset/asset-overview", "valuationCurrency=NONE"),
    ],
)
async def test_bybit_refuses_words_that_it_does_not_know(filled: FilledSandbox, path: str, query: str) -> None:
    reply = await filled.client.get(filled.accounts["bybit"], path, query)
    assert reply.json()["retCode"] == 10001


async def test_bybit_says_what_of_funding_can_be_transferred(filled: FilledSandbox) -> None:
    filled.accounts["bybit"].set("funding", "USDC", "10", locked="2.5")
    path = "/v5/asset/transfer/query-account-coins-balance"
    (row,) = (await answer(filled, path, "accountType=FUND"))["balance"]
    assert (row["transferBalance"], row["walletBalance"]) == ("10", "12.5")


async def test_bybit_keeps_flexible_and_on_chain_positions_apart(filled: FilledSandbox) -> None:
    filled.accounts["bybit"].set("earn", "USDT", locked="5")
    filled.accounts["bybit"].set("onchain", "ETH", locked="1")
    for category, coin in (("FlexibleSaving", "USDT"), ("OnChain", "ETH")):
        (row,) = (await answer(filled, "/v5/earn/position", f"category={category}"))["list"]
        assert row["coin"] == coin


async def test_bybit_values_wallets_in_the_unit_that_is_asked(filled: FilledSandbox) -> None:
    filled.accounts["bybit"].set("earn", "USDT", locked="12.5")
    kinds = (await answer(filled, "/v5/asset/asset-overview", "valuationCurrency=USD"))["list"]
    values = {kind["accountType"]: (float(kind["totalEquity"]), kind["valuationCurrency"]) for kind in kinds}
    assert values["Earn"] == (12.5, "USD")


async def test_bybit_lists_rights_of_a_read_only_key_too(filled: FilledSandbox) -> None:
    told = await answer(filled, "/v5/user/query-api")
    assert (told["readOnly"], told["permissions"]["Spot"], told["ips"]) == (1, ["SpotTrade"], ["*"])
    assert told["expiredAt"] == "1970-01-01T00:00:00Z"
    filled.accounts["bybit"].permissions = ("read", "withdraw")
    filled.accounts["bybit"].expires_days = 9
    told = await answer(filled, "/v5/user/query-api")
    assert (told["readOnly"], told["permissions"]["Spot"], told["permissions"]["Wallet"]) == (0, [], ["Withdraw"])
    assert told["expiredAt"] == "2026-01-10T00:00:00Z"


async def test_bybit_takes_a_stamp_of_half_a_second_ahead_and_none_of_two(filled: FilledSandbox) -> None:
    filled.client.now = NOW + 0.5
    assert await filled.succeeds("bybit")
    filled.client.now = NOW + 2
    filled.client.own["window"] = "60000"
    assert (await filled.read("bybit")).json()["retCode"] == 10002


async def test_bybit_refuses_a_body_even_an_empty_one(filled: FilledSandbox) -> None:
    target, headers = filled.client.signed(filled.accounts["bybit"], "/v5/account/wallet-balance")
    reply = await filled.client.raw("bybit", target, headers, json={})
    assert reply.json()["retCode"] == 10001


KEY, SECRET, STAMP = "MadeUpBybitKey0001", "MadeUpBybitSecret000000000000000000001", "1735689600000"


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("accountType=UNIFIED", "f92d51989e10723c27e81e3ae8e51cf81adb4fb83826932b3089afe829a37e14"),
        ("", "0f3b522716385322ef4eee8b9ded331982a72295ea50e7b5648a97f12e747e8e"),
        ("accountType=UNIFIED&coin=USDT,USDC", "198434d0c3ce64bf08d0ca7f4b316b47ba54e64166337080a0e449505b261ca4"),
    ],
)
def test_bybit_checks_the_query_as_it_came(query: str, signature: str) -> None:
    assert bybit.fits(SECRET, signature, STAMP, KEY, "5000", query)
    assert not bybit.fits(SECRET, signature, STAMP, KEY, "5000", f"{query}x")
    assert not bybit.fits(SECRET, signature, STAMP, KEY, "6000", query)
    assert not bybit.fits(SECRET, signature.upper(), STAMP, KEY, "5000", query)
    assert not bybit.fits("another", signature, STAMP, KEY, "5000", query)
