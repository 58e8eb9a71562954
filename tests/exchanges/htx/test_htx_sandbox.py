"""The simulated HTX: its answers and refusals in the vendor's own form, and its check of signatures."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.sandbox.vendors import htx
from tests.exchanges.driver import sample
from tests.faults.stage import INTERVAL, Member, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time
from tests.sandbox.filled import MILLIS, FilledSandbox

HTX_KEY = "a1b2c3d4-e5f60718-29304152-6a7b8"
HTX_SECRET = "5e6f7a8b-9c0d1e2f-3a4b5c6d-7e8f9"
HTX_AUTH = f"AccessKeyId={HTX_KEY}&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2025-01-01T00%3A00%3A00"
HTX_HOST = "api.huobi.pro"
FUTURES = "/v5/account/balance"


async def test_htx_lists_an_account_for_each_wallet_and_otc(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("isolated_margin/BTCUSDT", "BTC", available="1")
    account.set("margin", "ETH", available="1")
    account.set("points", "HBPOINT", available="5")
    answer = (await filled.client.get(account, "/v1/account/accounts")).json()
    assert answer["status"] == "ok"
    assert [(row["type"], row["subtype"]) for row in answer["data"]] == [
        ("spot", ""),
        ("margin", "btcusdt"),
        ("super-margin", ""),
        ("point", ""),
        ("otc", ""),
    ]
    again = (await filled.client.get(account, "/v1/account/accounts")).json()
    assert again == answer


async def test_htx_numbers_stay_with_their_wallet(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("margin", "ETH", available="1")
    first = (await filled.client.get(account, "/v1/account/accounts")).json()["data"]
    del account.balances["margin"]
    account.set("points", "HBPOINT", available="1")
    second = (await filled.client.get(account, "/v1/account/accounts")).json()["data"]
    numbers = {row["type"]: row["id"] for row in first}
    later = {row["type"]: row["id"] for row in second}
    assert later["otc"] == numbers["otc"]
    assert later["point"] not in numbers.values()


async def test_htx_writes_two_rows_for_every_coin_and_text_where_numbers_belong(filled: FilledSandbox) -> None:
    data = (await filled.read("htx")).json()["data"]
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


async def test_htx_states_debt_below_zero_among_figures_that_are_no_holdings(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("margin", "ETH", available="1", debt="0.25", interest="0.001", bank="3")
    path = f"/v1/account/accounts/{account.number('margin')}/balance"
    rows = (await filled.client.get(account, path)).json()["data"]["list"]
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
async def test_htx_does_not_serve_otc_nor_unknown_accounts(filled: FilledSandbox, wallet: str) -> None:
    account = filled.accounts["htx"]
    number = account.number(wallet) if wallet == "otc" else 42
    reply = await filled.client.get(account, f"/v1/account/accounts/{number}/balance")
    assert reply.json()["err-code"] == "account-get-accounts-inexistent-error"


async def test_htx_values_a_kind_of_account_in_the_currency_asked(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    query = "accountType=spot&valuationCurrency={}"
    path = "/v2/account/asset-valuation"
    usd = (await filled.client.get(account, path, query.format("USD"))).json()
    assert usd["code"] == 200
    assert Decimal(usd["data"]["balance"]) == Decimal("6935.05")
    btc = (await filled.client.get(account, path, query.format("BTC"))).json()
    assert round(Decimal(btc["data"]["balance"]), 6) == Decimal("0.101612")
    for currency in ("usd", "XXX"):
        assert (await filled.client.get(account, path, query.format(currency))).json()["code"] == 2002


async def test_htx_values_the_platform_in_btc(filled: FilledSandbox) -> None:
    answer = (await filled.client.get(filled.accounts["htx"], "/v2/account/valuation")).json()["data"]
    spot = answer["profitAccountBalanceList"][0]
    assert (spot["distributionType"], spot["success"]) == ("1", True)
    assert spot["accountBalance"] == answer["totalBalance"]


async def futures(filled: FilledSandbox) -> Any:
    return (await filled.client.get(filled.accounts["htx"], FUTURES)).json()


async def test_htx_futures_state_the_figures_of_the_researched_answer(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("futures", "USDT", "995", "15", "40", pnl="-6.8")
    account.set("futures/isolated", "USDT", locked="30", pnl="0.4")
    data = (await futures(filled))["data"]
    expected = sample("htx", FUTURES)["data"]
    own = {"maintenance_margin": "8.0", "maintenance_margin_rate": "0.0077", "withdraw_available": "995"}
    moments = {name: data[name] for name in ("created_time", "updated_time")}
    (row,), (expected_row,) = data.pop("details"), expected.pop("details")
    for told, known in ((row, expected_row), (data, expected)):
        assert {name: told[name] for name in known} == {**known, **moments, **{n: own[n] for n in own if n in known}}


async def test_htx_futures_value_their_own_figures_in_usd_and_leave_isolated_positions_out(
    filled: FilledSandbox,
) -> None:
    account = filled.accounts["htx"]
    account.set("futures", "USDT", "1000", "0", "100", pnl="-20")
    account.set("futures", "BTC", "0.01")
    account.set("futures/isolated", "ETH", locked="3")
    answer = await futures(filled)
    assert [row["currency"] for row in answer["data"]["details"]] == ["USDT", "BTC", "ETH"]
    assert Decimal(answer["data"]["equity"]) == Decimal(1080) + Decimal("0.01") * Decimal("68250.5")
    assert Decimal(answer["data"]["maintenance_margin"]) == 20


async def test_htx_futures_are_no_numbered_account(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("futures", "USDT", "1")
    account.set("futures/isolated", "USDT", locked="1")
    answer = (await filled.client.get(account, "/v1/account/accounts")).json()
    assert [row["type"] for row in answer["data"]] == ["spot", "otc"]


async def test_htx_values_futures_with_their_isolated_positions_on_its_platform_only(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("futures", "BTC", "1", pnl="0.5")
    account.set("futures/isolated", "BTC", locked="0.25")
    answer = (await filled.client.get(account, "/v2/account/valuation")).json()["data"]
    worth = {row["distributionType"]: Decimal(row["accountBalance"]) for row in answer["profitAccountBalanceList"]}
    assert worth["11"] == Decimal("1.75")


async def test_an_htx_account_that_never_opened_futures_is_told_so_and_an_emptied_one_lists_nothing(
    filled: FilledSandbox,
) -> None:
    assert (await futures(filled))["code"] == 1220
    account = filled.accounts["htx"]
    account.set("futures", "USDT", "1")
    account.remove("futures", "USDT")
    answer = await futures(filled)
    assert answer["code"] == 200
    assert answer["data"]["details"] == []
    assert answer["data"]["maintenance_margin_rate"] == ""


async def test_htx_futures_check_the_signature_and_refuse_by_numbers(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.set("futures", "USDT", "1")

    async def code() -> int:
        return int((await futures(filled))["code"])

    assert await code() == 200
    filled.client.secret = "another"
    assert await code() == 12008
    filled.client.secret, filled.client.now = None, filled.client.now - 120
    assert await code() == 12001
    filled.client.now += 120
    account.permissions = ("trade",)
    assert await code() == 1003
    account.permissions, account.ips = ("read",), ("192.0.2.1",)
    assert (await futures(filled))["message"].endswith(":127.0.0.1")
    account.expires_days = 0
    assert await code() == 12004
    del filled.sandbox.exchange("htx").accounts[account.key]
    assert await code() == 12007


LONG = "1234567890123456789012.345678901234567891"


def test_every_number_of_htx_futures_is_served_as_it_was_sent() -> None:
    async def scenario() -> None:
        member = Member("arb", VARIANTS["htx"], more={"wallets": ["main", "futures"]})
        async with staged([member]) as stage:
            account = stage.accounts["arb"]
            account.set("futures", "USDT", LONG, "15.000000000000000002", "40", pnl="-6.800000000000000001")
            account.set("futures/isolated", "USDT", "0", "2", "30", pnl="0.4")
            account.set("futures", "BTC", "0.5", pnl="-0.75")
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            samples = await stage.samples()
            reading = stage.engine.accounts["arb"].wallets["futures"]
        assert reading.failure is None
        assert samples.digits("arb", "futures") == {
            "USDT": (
                "1234567890123456789005.545678901234567890",
                "17.000000000000000002",
                "70.400000000000000000",
                "1234567890123456789092.945678901234567892",
            ),
            "BTC": ("0", "0", "0", "-0.25"),
        }

    in_virtual_time(scenario())


async def test_htx_tells_what_the_key_may(filled: FilledSandbox) -> None:
    account = filled.accounts["htx"]
    account.permissions, account.expires_days = ("read", "withdraw"), 12
    uid = (await filled.client.get(account, "/v2/user/uid")).json()["data"]
    query = f"uid={uid}&accessKey={account.key}"
    (key,) = (await filled.client.get(account, "/v2/user/api-key", query)).json()["data"]
    assert (key["permission"], key["ipAddresses"], key["validDays"]) == ("readOnly,withdraw", "", 12)


async def test_htx_answers_its_public_paths_without_a_signature(filled: FilledSandbox) -> None:
    tickers = (await filled.client.raw("htx", "/market/tickers")).json()
    row = next(row for row in tickers["data"] if row["symbol"] == "pepeusdt")
    assert row["close"] == Decimal("0.00001125")
    symbols = (await filled.client.raw("htx", "/v1/common/symbols")).json()["data"]
    assert ("btcusdc", "btc", "usdc", "online") in [
        (row["symbol"], row["base-currency"], row["quote-currency"], row["state"]) for row in symbols
    ]
    assert (await filled.client.raw("htx", "/v1/common/timestamp")).json() == {"status": "ok", "data": MILLIS}


async def test_htx_tells_the_address_that_it_saw(filled: FilledSandbox) -> None:
    filled.accounts["htx"].ips = ("192.0.2.1",)
    assert (await filled.read("htx")).json()["err-msg"].endswith(":127.0.0.1")


async def test_htx_takes_its_host_with_and_without_the_port_and_no_other(filled: FilledSandbox) -> None:
    assert (await filled.read("htx")).json()["status"] == "ok"
    filled.client.own["host"] = filled.sandbox.urls["htx"].removeprefix("http://")
    assert (await filled.read("htx")).json()["status"] == "ok"
    filled.client.own["host"] = "api.huobi.pro"
    assert await filled.refusal("htx") == (200, "Verification failure")


async def test_htx_turns_a_get_with_a_body_away_at_the_edge(filled: FilledSandbox) -> None:
    target, headers = filled.client.signed(filled.accounts["htx"], "/v1/account/accounts")
    reply = await filled.client.raw("htx", target, headers, data=b"{}")
    assert (reply.status, reply.headers["Content-Type"]) == (403, "text/html")


@pytest.mark.parametrize(
    ("path", "code"),
    [("/v2/user/uid", 1003), ("/v2/account/valuation", 1003)],
)
async def test_htx_has_another_envelope_on_v2(filled: FilledSandbox, path: str, code: int) -> None:
    filled.client.secret = "not the secret"
    assert (await filled.client.get(filled.accounts["htx"], path)).json()["code"] == code


@pytest.mark.parametrize(
    ("host", "path", "more", "signature"),
    [
        (HTX_HOST, "/v1/account/accounts", "", "reMVey/yIsQtEzpvme+iUDRIO+ButMmtbfhpRsvb3yo="),
        (HTX_HOST, "/v1/account/accounts/100009/balance", "", "Qso5gM6LwQzQ6OIOYdmDxbXFxWkPA+U3lUpI+RUqWEo="),
        (
            HTX_HOST,
            "/v2/account/asset-valuation",
            "&accountType=spot&valuationCurrency=USD",
            "hB8EP0rBsC/MnXmStwbiHL9CWPbH2yLOTzL9Ksf1cXo=",
        ),
        (
            HTX_HOST,
            "/v2/account/valuation",
            "&valuationCurrency=BTC",
            "iPrpuUOuAtQzbjswPHE1Su5v+LSm6537N6vlNc4yJR0=",
        ),
        (
            HTX_HOST,
            "/v2/user/api-key",
            f"&uid=123456&accessKey={HTX_KEY}",
            "5tPvLmQMZwvPmlaFThvclej3RwEpR5w/y5TroHToFOk=",
        ),
        ("api.hbdm.com", FUTURES, "", "TWRtkKzzWD1Owz4rF9CEh5qaECiaBnyzsZS/SVTC9JY="),
        ("api.hbdm.vn", FUTURES, "", "YA7nilHnHyykxuJmDX/kVjhv8+DB/ZMR+9JB7H8J540="),
        ("api-aws.huobi.pro", "/v1/account/accounts", "", "/kIgQ4MYuxC3/Ckahal+H+KTqYEh0s6kCAYtwXo9Pf0="),
    ],
)
def test_htx_signs_method_host_path_and_sorted_parameters(host: str, path: str, more: str, signature: str) -> None:
    encoded = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    query = f"{HTX_AUTH}{more}&Signature={encoded}"
    assert htx.fits(HTX_SECRET, "GET", host, path, query)
    assert not htx.fits(HTX_SECRET, "POST", host, path, query)
    assert not htx.fits(HTX_SECRET, "GET", "127.0.0.1", path, query)
    assert not htx.fits(HTX_SECRET, "GET", host, path + "/", query)
    assert not htx.fits("another", "GET", host, path, query)


def test_htx_refuses_a_query_that_was_spelled_anew_on_its_way() -> None:
    query = f"{HTX_AUTH}&Signature=reMVey%2FyIsQtEzpvme%2BiUDRIO%2BButMmtbfhpRsvb3yo%3D"
    assert not htx.fits(HTX_SECRET, "GET", HTX_HOST, "/v1/account/accounts", query.replace("%3A", ":"))
