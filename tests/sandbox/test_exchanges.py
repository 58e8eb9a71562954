"""What a client with good credentials is told, exchange by exchange, in the vendor's own form."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.sandbox import Sandbox

from .conftest import MAIN_PATHS, NOW, Desk

MILLIS = int(NOW * 1000)


async def test_bitmart_lists_only_what_is_held_and_values_the_free_part(desk: Desk) -> None:
    reply = await desk.read("bitmart", "needUsdValuation=true")
    answer = reply.json()
    assert (reply.status, answer["code"], answer["message"]) == (200, 1000, "OK")
    usdt, btc = answer["data"]["wallet"]
    assert usdt == {
        "currency": "USDT",
        "name": "Usdt",
        "available": "100.50",
        "available_usd_valuation": "100.50",
        "frozen": "7.5",
        "unAvailable": "9.5",
    }
    assert Decimal(btc["available_usd_valuation"]) == Decimal("6825.05")


async def test_bitmart_leaves_the_valuation_null_unless_asked(desk: Desk) -> None:
    rows = (await desk.read("bitmart", "currency=USDT")).json()["data"]["wallet"]
    assert [(row["currency"], row["available_usd_valuation"]) for row in rows] == [("USDT", None)]


async def test_bitmart_tickers_are_lists_told_apart_by_place(desk: Desk) -> None:
    answer = (await desk.client.raw("bitmart", "/spot/quotation/v3/tickers")).json()
    assert answer["message"] == "success"
    row = next(row for row in answer["data"] if row[0] == "BTC_USDT")
    assert (row[1], row[8], row[10], row[12]) == ("68250.5", "68250.5", "68250.5", str(MILLIS))


async def test_bitmart_tells_time_and_planned_services(desk: Desk) -> None:
    time = (await desk.client.raw("bitmart", "/system/time")).json()
    assert time["data"]["server_time"] == MILLIS
    service = (await desk.client.raw("bitmart", "/system/service")).json()
    assert service["data"]["service"][0]["service_type"] == "spot"


async def test_xt_v4_states_the_worth_of_the_whole_holding(desk: Desk) -> None:
    answer = (await desk.read("xt")).json()
    assert (answer["rc"], answer["mc"]) == (0, "SUCCESS")
    usdt, btc, sol = answer["result"]["assets"]
    assert (usdt["currency"], usdt["availableAmount"], usdt["frozenAmount"]) == ("usdt", "100.50", "7.5")
    assert (usdt["totalAmount"], usdt["convertUsdtAmount"]) == ("110.00", "110.00")
    assert Decimal(btc["convertUsdtAmount"]) == Decimal("6825.05")
    assert sol["totalAmount"] == "0"
    assert Decimal(answer["result"]["totalUsdtAmount"]) == Decimal("6935.05")


@pytest.mark.parametrize("prefix", ["validate-", "xt-validate-"])
async def test_xt_v4_takes_both_header_prefixes(desk: Desk, prefix: str) -> None:
    desk.client.prefix = prefix
    assert (await desk.read("xt")).json()["rc"] == 0


async def test_xt_v4_filters_by_currency(desk: Desk) -> None:
    rows = (await desk.read("xt", "currencies=btc,doge")).json()["result"]["assets"]
    assert [row["currency"] for row in rows] == ["btc"]
    one = await desk.client.get(desk.accounts["xt"], "/v4/balance", "currency=usdt")
    assert one.json()["result"]["availableAmount"] == "100.50"


async def test_xt_v4_public_paths(desk: Desk) -> None:
    prices = (await desk.client.raw("xt", "/v4/public/ticker/price")).json()["result"]
    assert {"s": "eth_btc", "t": MILLIS, "p": "0.050115"} in prices
    one = (await desk.client.raw("xt", "/v4/public/ticker?symbol=btc_usdt")).json()["result"]
    assert [(row["s"], row["c"], row["ap"]) for row in one] == [("btc_usdt", "68250.5", None)]
    assert (await desk.client.raw("xt", "/v4/public/time")).json()["result"] == {"serverTime": MILLIS}
    assert (await desk.client.raw("xt", "/v4/public/client")).json()["result"] == {"ip": "127.0.0.1"}


async def test_xt_legacy_keys_its_rows_by_currency_and_lists_zeros(desk: Desk) -> None:
    answer = (await desk.read("xt-legacy")).json()
    assert (answer["code"], answer["info"]) == (200, "success")
    assert answer["data"] == {
        "usdt": {"freeze": "9.5", "available": "100.50"},
        "btc": {"freeze": "0", "available": "0.1"},
        "sol": {"freeze": "0", "available": "0"},
    }


async def test_xt_legacy_tickers_have_no_envelope_and_real_numbers(desk: Desk) -> None:
    reply = await desk.client.raw("xt", "/data/api/v1/getTickers")
    assert reply.json()["pepe_usdt"]["price"] == Decimal("0.00001125")
    assert reply.json()["btc_usdt"]["bid"] == Decimal("68250.5")
    time = (await desk.client.raw("xt", "/trade/api/v1/getServerTime")).json()
    assert time["data"]["serverTime"] == MILLIS


async def test_bingx_spot_and_funding_differ_in_shape_as_the_live_ones_do(desk: Desk) -> None:
    account = desk.accounts["bingx"]
    account.set("funding", "USDT", available="3")
    spot = (await desk.read("bingx")).json()
    assert spot["code"] == 0
    assert spot["data"]["balances"][0] == {
        "asset": "USDT",
        "free": "100.50",
        "locked": "9.5",
        "disPlayName": "USDT",
    }
    assert [row["asset"] for row in spot["data"]["balances"]] == ["USDT", "BTC", "SOL"]
    funding = (await desk.client.get(account, "/openApi/fund/v1/account/balance")).json()
    assert [(row["asset"], row["free"]) for row in funding["data"]["assets"]] == [("USDT", "3")]


async def test_bingx_overview_is_a_plain_list_with_misspelled_names(desk: Desk) -> None:
    desk.accounts["bingx"].set("earn", "USDT", available="12.5")
    answer = (await desk.client.get(desk.accounts["bingx"], "/openApi/account/v1/allAccountBalance")).json()
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


async def test_bingx_prices_are_json_numbers(desk: Desk) -> None:
    reply = await desk.client.raw("bingx", f"/openApi/spot/v1/ticker/24hr?timestamp={MILLIS}")
    assert b'"lastPrice":68250.5' in reply.body
    symbols = [row["symbol"] for row in reply.json()["data"]]
    assert {"BTC-USDT", "BTC-USDC", "ETH-BTC"} <= set(symbols)


@pytest.mark.parametrize("path", ["/openApi/swap/v2/server/time", "/openApi/spot/v1/server/time"])
async def test_bingx_tells_the_time_twice(desk: Desk, path: str) -> None:
    assert (await desk.client.raw("bingx", path)).json()["data"]["serverTime"] == MILLIS


async def test_bingx_permissions_come_bare_and_restrictions_in_the_envelope(desk: Desk) -> None:
    account = desk.accounts["bingx"]
    account.permissions = ("read", "withdraw")
    account.ips = ("127.0.0.1", "10.0.0.1")
    bare = (await desk.client.get(account, "/openApi/v1/account/apiPermissions")).json()
    assert bare["permissions"] == [2, 5]
    assert bare["ipAddresses"] == ["127.0.0.1", "10.0.0.1"]
    assert "code" not in bare
    told = (await desk.client.get(account, "/openApi/v1/account/apiRestrictions")).json()
    assert told["data"]["ipRestrict"] is True
    assert told["data"]["enableWithdrawals"] is True


async def test_htx_lists_an_account_for_each_wallet_and_otc(desk: Desk) -> None:
    account = desk.accounts["htx"]
    account.set("isolated_margin/BTCUSDT", "BTC", available="1")
    account.set("margin", "ETH", available="1")
    account.set("points", "HBPOINT", available="5")
    answer = (await desk.client.get(account, "/v1/account/accounts")).json()
    assert answer["status"] == "ok"
    assert [(row["type"], row["subtype"]) for row in answer["data"]] == [
        ("spot", ""),
        ("margin", "btcusdt"),
        ("super-margin", ""),
        ("point", ""),
        ("otc", ""),
    ]
    again = (await desk.client.get(account, "/v1/account/accounts")).json()
    assert again == answer


async def test_htx_numbers_stay_with_their_wallet(desk: Desk) -> None:
    account = desk.accounts["htx"]
    account.set("margin", "ETH", available="1")
    first = (await desk.client.get(account, "/v1/account/accounts")).json()["data"]
    del account.balances["margin"]
    account.set("points", "HBPOINT", available="1")
    second = (await desk.client.get(account, "/v1/account/accounts")).json()["data"]
    numbers = {row["type"]: row["id"] for row in first}
    later = {row["type"]: row["id"] for row in second}
    assert later["otc"] == numbers["otc"]
    assert later["point"] not in numbers.values()


async def test_htx_writes_two_rows_for_every_coin_and_text_where_numbers_belong(desk: Desk) -> None:
    data = (await desk.read("htx")).json()["data"]
    assert data["type"] == "spot"
    usdt = [row for row in data["list"] if row["currency"] == "usdt"]
    assert [(row["type"], row["balance"]) for row in usdt] == [
        ("trade", "100.50"),
        ("frozen", "7.5"),
        ("lock", "2"),
    ]
    assert {row["debt"] for row in usdt} == {"invalid"}
    dead = [row for row in data["list"] if row["currency"] == "bkbt"]
    assert [(row["type"], row["balance"]) for row in dead] == [("trade", "0"), ("frozen", "0")]
    assert len({row["currency"] for row in data["list"]}) > 40


async def test_htx_states_debt_below_zero_among_figures_that_are_no_holdings(desk: Desk) -> None:
    account = desk.accounts["htx"]
    account.set("margin", "ETH", available="1", debt="0.25", interest="0.001", bank="3")
    path = f"/v1/account/accounts/{account.number('margin')}/balance"
    rows = (await desk.client.get(account, path)).json()["data"]["list"]
    assert {row["type"]: row["balance"] for row in rows} == {
        "trade": "1",
        "frozen": "0",
        "bank": "3",
        "loan": "-0.25",
        "interest": "-0.001",
        "transfer-out-available": "-1",
        "loan-available": "1000",
    }


@pytest.mark.parametrize("wallet", ["otc", "nonsense"])
async def test_htx_does_not_serve_otc_nor_unknown_accounts(desk: Desk, wallet: str) -> None:
    account = desk.accounts["htx"]
    number = account.number(wallet) if wallet == "otc" else 42
    reply = await desk.client.get(account, f"/v1/account/accounts/{number}/balance")
    assert reply.json()["err-code"] == "account-get-accounts-inexistent-error"


async def test_htx_values_a_kind_of_account_in_the_currency_asked(desk: Desk) -> None:
    account = desk.accounts["htx"]
    query = "accountType=spot&valuationCurrency={}"
    path = "/v2/account/asset-valuation"
    usd = (await desk.client.get(account, path, query.format("USD"))).json()
    assert usd["code"] == 200
    assert Decimal(usd["data"]["balance"]) == Decimal("6935.05")
    btc = (await desk.client.get(account, path, query.format("BTC"))).json()
    assert round(Decimal(btc["data"]["balance"]), 6) == Decimal("0.101612")
    for currency in ("usd", "XXX"):
        assert (await desk.client.get(account, path, query.format(currency))).json()["code"] == 2002


async def test_htx_values_the_platform_in_btc(desk: Desk) -> None:
    answer = (await desk.client.get(desk.accounts["htx"], "/v2/account/valuation")).json()["data"]
    spot = answer["profitAccountBalanceList"][0]
    assert (spot["distributionType"], spot["success"]) == ("1", True)
    assert spot["accountBalance"] == answer["totalBalance"]


async def test_htx_tells_what_the_key_may(desk: Desk) -> None:
    account = desk.accounts["htx"]
    account.permissions, account.expires_days = ("read", "withdraw"), 12
    uid = (await desk.client.get(account, "/v2/user/uid")).json()["data"]
    query = f"uid={uid}&accessKey={account.key}"
    (key,) = (await desk.client.get(account, "/v2/user/api-key", query)).json()["data"]
    assert (key["permission"], key["ipAddresses"], key["validDays"]) == ("readOnly,withdraw", "", 12)


async def test_htx_answers_its_public_paths_without_a_signature(desk: Desk) -> None:
    tickers = (await desk.client.raw("htx", "/market/tickers")).json()
    row = next(row for row in tickers["data"] if row["symbol"] == "pepeusdt")
    assert row["close"] == Decimal("0.00001125")
    symbols = (await desk.client.raw("htx", "/v1/common/symbols")).json()["data"]
    assert ("btcusdc", "btc", "usdc", "online") in [
        (row["symbol"], row["base-currency"], row["quote-currency"], row["state"]) for row in symbols
    ]
    assert (await desk.client.raw("htx", "/v1/common/timestamp")).json() == {"status": "ok", "data": MILLIS}


async def test_bitget_classic_leaves_zeros_out_unless_asked_for_all(desk: Desk) -> None:
    answer = (await desk.read("bitget")).json()
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
    everything = (await desk.read("bitget", "assetType=all")).json()["data"]
    assert {"SOL", "DOGE", "USDT"} <= {row["coin"] for row in everything}
    one = (await desk.read("bitget", "assetType=hold_only&coin=usdt")).json()["data"]
    assert [row["coin"] for row in one] == ["USDT"]


async def test_bitget_classic_overview_funding_and_key(desk: Desk) -> None:
    account = desk.accounts["bitget"]
    account.set("funding", "USDT", available="5")
    account.permissions, account.ips = ("read", "trade"), ("127.0.0.1",)
    overview = (await desk.client.get(account, "/api/v2/account/all-account-balance")).json()["data"]
    worth = {row["accountType"]: Decimal(row["usdtBalance"]) for row in overview}
    assert worth == {
        "spot": Decimal("6935.05"),
        "futures": 0,
        "funding": 5,
        "earn": 0,
        "bots": 0,
        "margin": 0,
    }
    funding = (await desk.client.get(account, "/api/v2/account/funding-assets")).json()["data"]
    assert funding == [{"coin": "USDT", "available": "5", "frozen": "", "usdtValue": "5"}]
    info = (await desk.client.get(account, "/api/v2/spot/account/info")).json()["data"]
    assert info["ips"] == "127.0.0.1"
    assert {"readonly", "trade"} <= set(info["authorities"])


async def test_bitget_unified_states_equity_and_usd(desk: Desk) -> None:
    account = desk.accounts["bitget-unified"]
    account.set("unified", "ETH", available="1", locked="2", debt="0.5", equity="2.5", usd="8550.1")
    account.set("funding", "USDT", available="5", frozen="1")
    data = (await desk.read("bitget-unified")).json()["data"]
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
    funding = (await desk.client.get(account, "/api/v3/account/funding-assets")).json()["data"]
    assert funding == [{"coin": "USDT", "balance": "6", "available": "5", "frozen": "1"}]
    info = (await desk.client.get(account, "/api/v3/account/info")).json()["data"]
    assert (info["permType"], info["permissions"]) == ("read-only", ["uta_mgt"])
    settings = (await desk.client.get(account, "/api/v3/account/settings")).json()["data"]
    assert settings["accountMode"] == "unified"


async def test_bitget_public_paths_need_no_key(desk: Desk) -> None:
    time = (await desk.client.raw("bitget", "/api/v2/public/time")).json()
    assert time["data"]["serverTime"] == str(MILLIS)
    tickers = (await desk.client.raw("bitget", "/api/v2/spot/market/tickers")).json()["data"]
    assert ("ETHBTC", "0.050115") in [(row["symbol"], row["lastPr"]) for row in tickers]
    symbols = (await desk.client.raw("bitget", "/api/v2/spot/public/symbols")).json()["data"]
    assert ("BTCUSDC", "BTC", "USDC") in [(row["symbol"], row["baseCoin"], row["quoteCoin"]) for row in symbols]


@pytest.mark.parametrize("amount", ["0.000000000000000001", "12345678901234567890.123456789012345678", "1E-8"])
async def test_amounts_keep_every_digit_on_the_wire(desk: Desk, amount: str) -> None:
    def numbers(value: Any) -> set[Decimal]:
        if isinstance(value, dict):
            return set().union(*(numbers(item) for item in value.values()))
        if isinstance(value, list):
            return set().union(*(numbers(item) for item in value))
        return {Decimal(value)} if isinstance(value, str) and value[:1].isdigit() and value[-1:].isdigit() else set()

    for kind in MAIN_PATHS:
        desk.accounts[kind].set("main", "BTC", available=amount)
        assert Decimal(amount) in numbers((await desk.read(kind)).json()), kind


async def test_a_removed_coin_is_gone_and_a_removed_account_unknown(desk: Desk) -> None:
    desk.accounts["xt-legacy"].remove("spot", "BTC")
    assert "btc" not in (await desk.read("xt-legacy")).json()["data"]
    del desk.sandbox.exchange("bitmart").accounts["key-of-bitmart"]
    assert (await desk.read("bitmart")).json()["code"] == 30002


async def test_prices_of_one_exchange_are_its_own(desk: Desk) -> None:
    desk.sandbox.exchange("bitget").prices["BTC/USDT"] = Decimal(5)
    here = (await desk.client.raw("bitget", "/api/v2/spot/market/tickers?symbol=BTCUSDT")).json()["data"]
    there = (await desk.client.raw("xt", "/v4/public/ticker/price?symbol=btc_usdt")).json()["result"]
    assert (here[0]["lastPr"], there[0]["p"]) == ("5", "68250.5")


async def test_the_log_holds_the_raw_target_headers_and_key(desk: Desk) -> None:
    await desk.client.raw("xt", "/v4/public/ticker?symbol=btc%5Fusdt", {"X-Mark": "1"})
    await desk.read("bitget")
    (request,) = desk.sandbox.exchange("xt").requests
    assert request.target == "/v4/public/ticker?symbol=btc%5Fusdt"
    assert (request.method, request.path, request.time, request.key) == ("GET", "/v4/public/ticker", NOW, None)
    assert request.headers["X-Mark"] == "1"
    assert desk.sandbox.exchange("bitget").requests[0].key == "key-of-bitget"
    assert desk.sandbox.exchange("xt").counts == {("/v4/public/ticker", 200): 1}


def test_a_mistake_in_an_account_is_refused() -> None:
    sandbox = Sandbox()
    account = sandbox.add_account("bitget", key="k", secret="s", passphrase="p")
    with pytest.raises(ValueError, match="already"):
        sandbox.add_account("bitget", key="k", secret="s")
    with pytest.raises(ValueError, match="no mode"):
        sandbox.add_account("bitget", key="k2", secret="s", mode="legacy")
    with pytest.raises(ValueError, match="permission"):
        sandbox.add_account("bitget", key="k3", secret="s", permissions=("fly",))
    with pytest.raises(ValueError, match="no number"):
        account.set("spot", "BTC", available="1_0x")
    with pytest.raises(ValueError, match="not finite"):
        account.set("spot", "BTC", available="NaN")


async def test_a_sandbox_can_be_taken_for_a_proxy(desk: Desk) -> None:
    url = "http://exchange.invalid/v4/public/ticker?symbol=btc_usdt"
    async with desk.client.session.get(url, proxy=desk.sandbox.urls["xt"]) as response:
        assert len((await response.json())["result"]) == 1
    assert desk.sandbox.exchange("xt").requests[0].target == url
