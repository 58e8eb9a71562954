"""The simulated Bitget: its answers and refusals in the vendor's own form, and its check of signatures."""

from decimal import Decimal

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
