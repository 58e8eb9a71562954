"""The simulated Binance: its answers and refusals in the vendor's own form, weights, and check of queries."""

from typing import Any

import pytest

from exporter.sandbox.vendors import binance
from tests.sandbox.filled import NOW, FilledSandbox


async def answer(filled: FilledSandbox, path: str, query: str = "") -> Any:
    return (await filled.client.get(filled.accounts["binance"], path, query)).json()


async def test_binance_lists_zeros_of_spot_unless_asked_not_to(filled: FilledSandbox) -> None:
    filled.accounts["binance"].set("main", "LTC", "0")
    names = [row["asset"] for row in (await answer(filled, "/api/v3/account"))["balances"]]
    held = [row["asset"] for row in (await answer(filled, "/api/v3/account", "omitZeroBalances=true"))["balances"]]
    assert set(names) - set(held) == {"LTC", "SOL"}


async def test_binance_lists_coins_of_margin_that_are_not_held(filled: FilledSandbox) -> None:
    filled.accounts["binance"].set("margin", "USDT", "100", "7", debt="30", interest="0.5")
    rows = {row["asset"]: row for row in (await answer(filled, "/sapi/v1/margin/account"))["userAssets"]}
    names = ("free", "locked", "borrowed", "interest", "netAsset")
    assert [rows["USDT"][name] for name in names] == ["100", "7", "30", "0.5", "76.5"]
    assert [rows["XRP"][name] for name in names] == ["0"] * 5


async def test_binance_lists_pairs_that_were_opened(filled: FilledSandbox) -> None:
    filled.accounts["binance"].set("isolated_margin/BTCUSDT", "BTC", "0.5", debt="0.2")
    (pair,) = (await answer(filled, "/sapi/v1/margin/isolated/account"))["assets"]
    told = pair["symbol"], pair["baseAsset"]["borrowed"], pair["quoteAsset"]["free"]
    assert told == ("BTCUSDT", "0.2", "0")


async def test_binance_has_the_profit_of_futures_in_the_margin_balance_and_lists_what_is_not_held(
    filled: FilledSandbox,
) -> None:
    filled.accounts["binance"].set("futures", "USDT", "70", "5", "20", pnl="-3")
    told = await answer(filled, "/fapi/v3/account")
    rows = {row["asset"]: row for row in told["assets"]}
    names = ("walletBalance", "unrealizedProfit", "marginBalance", "availableBalance", "openOrderInitialMargin")
    assert [rows["USDT"][name] for name in names] == ["95", "-3", "92", "70", "5"]
    assert (rows["BNB"]["marginBalance"], rows["BNB"]["availableBalance"], rows["BNB"]["updateTime"]) == (
        "0",
        "0.17",
        0,
    )
    assert told["totalMarginBalance"] == "92"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/sapi/v1/margin/account", -3003),
        ("/sapi/v1/margin/isolated/account", -11001),
        ("/fapi/v3/account", -4109),
        ("/dapi/v1/account", -4109),
    ],
)
async def test_binance_knows_no_wallet_that_was_never_opened(filled: FilledSandbox, path: str, code: int) -> None:
    reply = await filled.client.get(filled.accounts["binance"], path, "")
    assert (reply.status, reply.json()["code"]) == (400, code)


async def test_binance_tells_flexible_and_locked_positions_page_by_page(filled: FilledSandbox) -> None:
    for number in range(103):
        filled.accounts["binance"].set("earn", f"C{number}", "1", locked="2" if number < 3 else "0")
    path = "/sapi/v1/simple-earn/{}/position"
    pages = [await answer(filled, path.format("flexible"), f"current={page}&size=100") for page in (1, 2, 3)]
    assert [(len(page["rows"]), page["total"]) for page in pages] == [(100, 103), (3, 103), (0, 103)]
    locked = await answer(filled, path.format("locked"), "current=1&size=100")
    assert [row["amount"] for row in locked["rows"]] == ["2"] * 3
    assert (await answer(filled, path.format("locked"), "current=1&size=101"))["code"] == -1100


async def test_binance_values_wallets_in_the_unit_that_is_asked_and_says_which_were_opened(
    filled: FilledSandbox,
) -> None:
    filled.accounts["binance"].set("earn", "USDT", locked="12.5")
    told = await answer(filled, "/sapi/v1/asset/wallet/balance", "quoteAsset=USDT")
    rows = {row["walletName"]: row for row in told}
    assert (float(rows["Earn"]["balance"]), rows["Earn"]["activate"]) == (12.5, True)
    assert rows["USDⓈ-M Futures"]["activate"] is False


async def test_binance_tells_the_weight_that_is_used_by_family(filled: FilledSandbox) -> None:
    account = filled.accounts["binance"]
    await filled.client.get(account, "/api/v3/account", "")
    reply = await filled.client.get(account, "/api/v3/account", "")
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == "40"
    reply = await filled.client.get(account, "/sapi/v1/asset/wallet/balance", "quoteAsset=USDT")
    assert reply.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "60"


async def test_binance_refuses_too_much_weight_with_how_long_to_wait(filled: FilledSandbox) -> None:
    filled.sandbox.exchange("binance").limits["ip", "/api/"] = (39, 60)
    assert (await filled.read("binance")).status == 200
    reply = await filled.read("binance")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "5")


async def test_binance_tells_what_the_key_may_do(filled: FilledSandbox) -> None:
    filled.accounts["binance"].permissions = ("read", "transfer", "withdraw")
    told = await answer(filled, "/sapi/v1/account/apiRestrictions")
    named = ("enableReading", "enableInternalTransfer", "enableWithdrawals", "enableFutures", "ipRestrict")
    assert [told[name] for name in named] == [True, True, True, False, False]


async def test_binance_hides_what_is_not_traded_when_asked_to(filled: FilledSandbox) -> None:
    for path, rows in (("/api/v3/ticker/price", list), ("/api/v3/exchangeInfo", lambda told: told["symbols"])):
        every = rows((await filled.client.raw("binance", path)).json())
        traded = rows((await filled.client.raw("binance", f"{path}?symbolStatus=TRADING")).json())
        assert {row["symbol"] for row in every} - {row["symbol"] for row in traded} == {"LUNAUSDT"}


async def test_binance_takes_a_stamp_of_half_a_second_ahead_and_none_of_two(filled: FilledSandbox) -> None:
    filled.client.now = NOW + 0.5
    assert await filled.succeeds("binance")
    filled.client.now = NOW + 2
    filled.client.own["window"] = "60000"
    assert (await filled.read("binance")).json()["code"] == -1021


@pytest.mark.parametrize(("query", "code"), [("timestamp=soon&signature=x", -1102), ("timestamp=1", -1102)])
async def test_binance_names_what_is_missing(filled: FilledSandbox, query: str, code: int) -> None:
    key = {"X-MBX-APIKEY": filled.accounts["binance"].key}
    reply = await filled.client.raw("binance", f"/api/v3/account?{query}", key)
    assert (reply.status, reply.json()["code"]) == (400, code)


SECRET = "mAdEupBinanceSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI"


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (
            "omitZeroBalances=true&recvWindow=5000&timestamp=1735689600000",
            "32dd4f07a25f6d1305d1434b861d318f6b0328ca3339ccbc1d4503ae8a4ca9e0",
        ),
        (
            "asset=%24ALT&current=1&recvWindow=5000&size=100&timestamp=1735689600000",
            "d83a42251acb99b117e37786227d7e6df1fa550a250c867bef533fc94da128be",
        ),
        (
            "timestamp=1735689600000&omitZeroBalances=true&recvWindow=5000",
            "4e2701aa5cdadcdbd4eae3780cef8327ca3152be1aef61f58687a23ac1961368",
        ),
    ],
)
def test_binance_checks_the_query_as_it_came_in_hex_of_either_case(query: str, signature: str) -> None:
    assert binance.fits(SECRET, f"{query}&signature={signature}")
    assert binance.fits(SECRET, f"{query}&signature={signature.upper()}")
    assert not binance.fits("another", f"{query}&signature={signature}")
    assert not binance.fits(SECRET, f"{query}x&signature={signature}")
    assert not binance.fits(SECRET, f"signature={signature}&{query}")
    assert not binance.fits(SECRET, f"{query}&signature={signature}&size=1")
