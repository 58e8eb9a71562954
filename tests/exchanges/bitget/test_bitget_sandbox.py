"""The simulated Bitget: its answers and refusals in the vendor's own form, and its check of signatures."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.sandbox.vendors import bitget
from tests.sandbox.filled import MILLIS, FilledSandbox, code_of

BITGET_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"


async def test_bitget_classic_leaves_zeros_out_unless_asked_for_all(filled: FilledSandbox) -> None:
    answer = (await filled.read("bitget")).json()
    assert (answer["code"], answer["msg"], answer["requestTime"]) == ("00000", "success", MILLIS)
    assert answer["data"][0] == {
        "coin": "USDT",
        "available": "100.50",
        "limitAvailable": "0",
        "frozen": "7.5",
        "locked": "2",
        "uTime": str(MILLIS),
    }
    assert [row["coin"] for row in answer["data"]] == ["USDT", "BTC"]
    everything = (await filled.read("bitget", "assetType=all")).json()["data"]
    assert {"SOL", "DOGE", "USDT"} <= {row["coin"] for row in everything}
    one = (await filled.read("bitget", "assetType=hold_only&coin=usdt")).json()["data"]
    assert [row["coin"] for row in one] == ["USDT"]


async def test_bitget_classic_overview_funding_and_key(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.set("funding", "USDT", available="5")
    account.permissions, account.ips = ("read", "trade"), ("127.0.0.1",)
    overview = (await filled.client.get(account, "/api/v2/account/all-account-balance")).json()["data"]
    worth = {row["accountType"]: Decimal(row["usdtBalance"]) for row in overview}
    assert worth == {
        "spot": Decimal("6935.05"),
        "futures": 0,
        "funding": 5,
        "earn": 0,
        "bots": 0,
        "margin": 0,
    }
    funding = (await filled.client.get(account, "/api/v2/account/funding-assets")).json()["data"]
    assert funding == [{"coin": "USDT", "available": "5", "frozen": "", "usdtValue": "5"}]
    info = (await filled.client.get(account, "/api/v2/spot/account/info")).json()["data"]
    assert info["ips"] == "127.0.0.1"
    assert {"readonly", "trade"} <= set(info["authorities"])


async def data(filled: FilledSandbox, path: str, query: str = "", kind: str = "bitget") -> Any:
    """The content of a good answer."""
    answer = (await filled.client.get(filled.accounts[kind], path, query)).json()
    assert answer["code"] == "00000"
    return answer["data"]


FUTURES = "/api/v2/mix/account/accounts"
CROSS, ISOLATED = "/api/v2/margin/crossed/account/assets", "/api/v2/margin/isolated/account/assets"
BOTS, EARN, OVERVIEW = (
    "/api/v2/account/bot-assets",
    "/api/v2/earn/account/assets",
    "/api/v2/account/all-account-balance",
)


async def test_futures_state_the_wallet_balance_as_available_and_free_margin_elsewhere(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.set("futures", "USDT", available="34.59767977", frozen="6.063618", locked="7.3302", pnl="0.0792")
    (row,) = await data(filled, FUTURES, "productType=USDT-FUTURES")
    assert Decimal(row["available"]) == Decimal("47.99149777")  # as the live answer of ccxt's pull request 20558
    assert Decimal(row["maxTransferOut"]) == Decimal("34.59767977")
    assert (row["crossedMaxAvailable"], row["locked"], row["crossedMargin"]) == ("34.67687977", "6.063618", "7.3302")
    assert Decimal(row["accountEquity"]) == Decimal(row["usdtEquity"]) == Decimal("48.07069777")
    assert (row["unrealizedPL"], row["crossedRiskRate"], row["assetMode"]) == ("0.0792", "0.0610", "single")
    (unused,) = await data(filled, FUTURES, "productType=USDC-FUTURES")
    assert (unused["marginCoin"], unused["accountEquity"], unused["unrealizedPL"]) == ("USDC", "0", "")
    listed = await data(filled, FUTURES, "productType=COIN-FUTURES")
    assert [each["marginCoin"] for each in listed] == ["BTC", "ETH", "XRP"]


async def test_a_liquidated_position_has_a_risk_of_one(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.set("futures", "USDT", locked="50", equity="-3", pnl="-53")
    (row,) = await data(filled, FUTURES, "productType=USDT-FUTURES")
    assert (row["accountEquity"], row["crossedRiskRate"]) == ("-3", "1")


@pytest.mark.parametrize("query", ["", "productType=", "productType=UMCBL", "productType=usdt-futures"])
async def test_futures_of_no_product_type_are_refused(filled: FilledSandbox, query: str) -> None:
    reply = await filled.client.get(filled.accounts["bitget"], FUTURES, query)
    assert code_of("bitget", reply) == (400, "40020")


async def test_demo_trading_has_play_money_for_whoever_asks(filled: FilledSandbox) -> None:
    (row,) = await data(filled, FUTURES, "productType=SUSDT-FUTURES")
    assert (row["marginCoin"], row["accountEquity"]) == ("SUSDT", "50000")


def twin_of(filled: FilledSandbox) -> bitget.Bitget:
    twin = filled.sandbox.exchange("bitget").vendor
    assert isinstance(twin, bitget.Bitget)
    return twin


async def test_in_multi_assets_mode_all_coins_are_one_pool(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.set("futures", "USDT", available="940", locked="60")
    account.set("futures", "BTC", available="1.1", locked="0.1")
    (row,) = await data(filled, FUTURES, "productType=USDT-FUTURES")
    assert (row["assetMode"], row["assetList"]) == ("single", [])
    twin_of(filled).in_multi_assets_mode.add(account.key)
    for product in ("USDT-FUTURES", "USDC-FUTURES"):
        (row,) = await data(filled, FUTURES, f"productType={product}")
        assert row["assetMode"] == "union"
        assert row["assetList"] == [
            {"coin": "USDT", "balance": "1000", "available": "940"},
            {"coin": "BTC", "balance": "1.2", "available": "1.1"},
        ]


async def test_margin_states_what_is_owed_and_what_is_left(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.set("margin", "USDT", available="100", frozen="20", debt="50", interest="0.05")
    account.set("isolated_margin/BTCUSDT", "USDT", available="280", frozen="20", debt="100", interest="0.1")
    (row,) = await data(filled, CROSS)
    assert row == {
        "coin": "USDT",
        "totalAmount": "120",
        "available": "100",
        "frozen": "20",
        "borrow": "50",
        "interest": "0.05",
        "net": "69.95",
        "coupon": "0",
        "cTime": str(MILLIS),
        "uTime": str(MILLIS),
    }
    everything = await data(filled, ISOLATED)
    assert [(row["coin"], row["net"]) for row in everything if row["symbol"] == "BTCUSDT"] == [
        ("BTC", "0"),
        ("USDT", "199.9"),
    ]
    assert {row["net"] for row in everything if row["symbol"] != "BTCUSDT"} == {"0"}
    assert await data(filled, ISOLATED, "symbol=ethusdt") == [row for row in everything if row["symbol"] == "ETHUSDT"]


@pytest.mark.parametrize("path", [CROSS, ISOLATED])
async def test_margin_that_was_never_opened_is_refused(filled: FilledSandbox, path: str) -> None:
    reply = await filled.client.get(filled.accounts["bitget"], path)
    assert code_of("bitget", reply) == (400, "50021")


async def test_bots_and_earn_list_what_they_hold(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    assert await data(filled, BOTS) == await data(filled, EARN) == []
    account.set("bots", "USDT", available="40", frozen="10", equity="101.5")
    account.set("bots", "ETH", available="1", frozen="0.5")
    account.set("earn", "USDC", locked="2500.5")
    account.set("earn", "BTC")
    assert await data(filled, BOTS) == [
        {
            "coin": "USDT",
            "available": "40",
            "frozen": "10",
            "equity": "101.5",
            "bonus": "0",
            "usdtValue": "101.5",
        },
        {"coin": "ETH", "available": "1", "frozen": "0.5", "usdtValue": "5130.375"},
    ]
    assert [row["coin"] for row in await data(filled, BOTS, "accountType=spot")] == ["ETH"]
    assert [row["coin"] for row in await data(filled, BOTS, "accountType=futures")] == ["USDT"]
    assert await data(filled, EARN) == [{"coin": "USDC", "amount": "2500.5"}]


async def test_the_overview_counts_all_futures_together_and_all_margin(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.set("futures", "USDT", available="10", locked="5", pnl="-1.5")
    account.set("coin_futures", "BTC", available="0.1")
    account.set("margin", "USDT", available="100", debt="50")
    account.set("isolated_margin/BTCUSDT", "USDT", available="7")
    account.set("isolated_margin/ETHUSDT", "ETH", debt="1")
    account.set("bots", "USDT", available="40", equity="101.5")
    account.set("earn", "USDC", locked="10")
    worth = {row["accountType"]: Decimal(row["usdtBalance"]) for row in await data(filled, OVERVIEW)}
    assert worth == {
        "spot": Decimal("6935.05"),
        "futures": Decimal("6838.55"),
        "funding": 0,
        "earn": Decimal("9.998"),
        "bots": Decimal("101.5"),
        "margin": Decimal("-3363.25"),
    }


async def test_unified_accounts_are_shown_earn_only_where_the_exchange_does_so(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget-unified"]
    account.set("earn", "USDC", locked="10")
    assert code_of("bitget", await filled.client.get(account, EARN)) == (400, "40085")
    twin_of(filled).shows_unified_earn = True
    assert await data(filled, EARN, kind="bitget-unified") == [{"coin": "USDC", "amount": "10"}]
    for path in (CROSS, BOTS, FUTURES):
        assert code_of("bitget", await filled.client.get(account, path)) == (400, "40085")
    assert await data(filled, EARN) == []


@pytest.mark.parametrize("path", [f"{FUTURES}?productType=USDT-FUTURES", CROSS, ISOLATED, BOTS, EARN])
async def test_every_wallet_beside_spot_checks_the_signature(filled: FilledSandbox, path: str) -> None:
    filled.accounts["bitget"].set("margin", "USDT", available="1")
    filled.client.secret = "not the secret"
    target, _, query = path.partition("?")
    reply = await filled.client.get(filled.accounts["bitget"], target, query)
    assert code_of("bitget", reply) == (400, "40009")


async def test_bitget_unified_states_equity_and_usd(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget-unified"]
    account.set("unified", "ETH", available="1", locked="2", debt="0.5", equity="2.5", usd="8550.1")
    account.set("funding", "USDT", available="5", frozen="1")
    data = (await filled.read("bitget-unified")).json()["data"]
    assert [row["coin"] for row in data["assets"]] == ["USDT", "BTC", "ETH"]
    assert data["assets"][2] == {
        "coin": "ETH",
        "equity": "2.5",
        "usdValue": "8550.1",
        "balance": "1.0",
        "available": "1",
        "debt": "0.5",
        "locked": "2",
        "bonus": "0",
    }
    assert Decimal(data["accountEquity"]) == Decimal("15485.15")
    funding = (await filled.client.get(account, "/api/v3/account/funding-assets")).json()["data"]
    assert funding == [{"coin": "USDT", "balance": "6", "available": "5", "frozen": "1"}]
    info = (await filled.client.get(account, "/api/v3/account/info")).json()["data"]
    assert (info["permType"], info["permissions"]) == ("read-only", ["uta_mgt"])
    settings = (await filled.client.get(account, "/api/v3/account/settings")).json()["data"]
    assert settings["accountMode"] == "unified"


async def test_bitget_public_paths_need_no_key(filled: FilledSandbox) -> None:
    time = (await filled.client.raw("bitget", "/api/v2/public/time")).json()
    assert time["data"]["serverTime"] == str(MILLIS)
    tickers = (await filled.client.raw("bitget", "/api/v2/spot/market/tickers")).json()["data"]
    assert ("ETHBTC", "0.050115") in [(row["symbol"], row["lastPr"]) for row in tickers]
    symbols = (await filled.client.raw("bitget", "/api/v2/spot/public/symbols")).json()["data"]
    assert ("BTCUSDC", "BTC", "USDC") in [(row["symbol"], row["baseCoin"], row["quoteCoin"]) for row in symbols]


async def test_a_wrong_passphrase_is_refused(filled: FilledSandbox) -> None:
    filled.client.passphrase = "another"
    assert await filled.refusal("bitget") == (400, "40012")


async def test_the_mode_is_refused_before_the_signature_is_looked_at(filled: FilledSandbox) -> None:
    filled.client.secret = "not the secret"
    unified, classic = filled.accounts["bitget-unified"], filled.accounts["bitget"]
    reply = await filled.client.get(unified, filled.main_path("bitget"))
    assert code_of("bitget", reply) == (400, "40085")
    reply = await filled.client.get(classic, filled.main_path("bitget-unified"))
    assert code_of("bitget", reply) == (400, "40084")


async def test_an_account_may_change_its_mode(filled: FilledSandbox) -> None:
    account = filled.accounts["bitget"]
    account.mode = "unified"
    assert await filled.refusal("bitget") == (400, "40085")
    account.set("main", "USDT", available="5")
    rows = (await filled.client.get(account, filled.main_path("bitget-unified"))).json()["data"]["assets"]
    assert [(row["coin"], row["equity"]) for row in rows] == [("USDT", "5")]


@pytest.mark.parametrize(
    ("path", "query", "signature"),
    [
        ("/api/v2/spot/account/assets", "", "wQU1l5ZU1Ja4XIFmF6UoM2nckcnAaJNvwIxhJM1rCQI="),
        (
            "/api/v2/spot/account/assets",
            "assetType=hold_only",
            "ihS+I2RPF3nphTKWj+oShFkfr7BywCMTBl9b63S3mCE=",
        ),
        ("/api/v2/spot/account/assets", "coin=USDT", "JLrjFFSYjpw91V2KguT48/x5A11SSc9s37X8sJ4YGVk="),
        (
            "/api/v2/spot/account/assets",
            "assetType=all&coin=USDT",
            "4mIplYjfJjp7ItcL4FHJTBHFm3ruzTS/BZ5+kTBst94=",
        ),
        ("/api/v2/account/all-account-balance", "", "yJYpg9jjAQdliGbLl8Z4OD5/1O8AckslP7m2LoxObsA="),
        ("/api/v2/spot/account/info", "", "QJRFnpphEhQwBNKKVpcnu+4172uTwjuE3TqWzUwNeLM="),
        (
            "/api/v2/mix/account/accounts",
            "productType=USDT-FUTURES",
            "IshR6JjxqMQ2sgwaUXBnaTUG0y1kxrTDZtii5U5MebY=",
        ),
        (
            "/api/v2/mix/account/accounts",
            "productType=USDC-FUTURES",
            "jraM2+f04sAeiJ3Hf+ShES/bZjTwpcEGiVFV8iJYRuw=",
        ),
        (
            "/api/v2/mix/account/accounts",
            "productType=COIN-FUTURES",
            "6uMn7IBcPu4wMViBDzJsnSFS7erKWYv//5NRfUXe9c8=",
        ),
        ("/api/v2/account/funding-assets", "", "EuBFv/aXBEsTJBiG2lWvp6umeDQYB3qNAC1zjKh0Wbc="),
        ("/api/v2/account/bot-assets", "", "l37If8M1sa+NToJY+yJdvYOhn5Z63nxd33R/zUBdiKw="),
        ("/api/v2/margin/crossed/account/assets", "", "oN1GJiklB7g+lbz6LHQU/+Brei4iYvEHj1SKmXnLeQo="),
        ("/api/v2/margin/isolated/account/assets", "", "3dLJGS384J6lCuoo1dkAJ8mltuwoHWS1uOZrKPT/nT0="),
        ("/api/v2/earn/account/assets", "", "rbfg5TAJ6estOMxV+LcEHwyBrxRiTvHX5iqNJ2QDlcs="),
        ("/api/v2/spot/account/assets", "coin=%24ALT", "5xRe6fzGGAq+wmnhPpcD8QPUR1k/2vk8ZaEnksgNzEo="),
        ("/api/v3/account/assets", "", "ewp0KRYQ/M6APTWJTKL9axEWwlYKiBtYZ6slOHlcBuE="),
        ("/api/v3/account/funding-assets", "", "sEe7lANrrxNjDTU7iDq3Aye+KS+Di7hXaBgPVBRhX6c="),
        ("/api/v3/account/info", "", "whqbId8dUbajTlM3gaAX+CMA8x2qOZYmO72LnXtHI5c="),
    ],
)
def test_bitget_decodes_the_query_before_it_checks(path: str, query: str, signature: str) -> None:
    moment = "1735689600000"
    assert bitget.fits(BITGET_SECRET, signature, moment, "GET", path, query)
    assert not bitget.fits(BITGET_SECRET, signature, "1735689600001", "GET", path, query)
    assert not bitget.fits(BITGET_SECRET, signature, moment, "GET", path, query, body="{}")
    assert not bitget.fits(BITGET_SECRET, signature, moment, "GET", path, query + "&x=1")
    assert not bitget.fits("another", signature, moment, "GET", path, query)
