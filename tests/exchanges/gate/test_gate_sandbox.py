"""The simulated Gate: its answers and refusals in the vendor's own form, its modes, and its check of signatures."""

from typing import Any

import pytest

from exporter.sandbox.vendors import gate
from tests.sandbox.filled import FilledSandbox


async def answer(filled: FilledSandbox, kind: str, path: str, query: str = "") -> Any:
    return (await filled.client.get(filled.accounts[kind], path, query)).json()


async def test_gate_states_debt_and_profit_of_a_unified_account(filled: FilledSandbox) -> None:
    account = filled.accounts["gate"]
    account.set("main", "USDT", "100", "7", "5", pnl="-2")
    account.set("main", "BTC", "0.5", debt="0.2", interest="0.01")
    rows = dict(await filled.rows("gate"))
    names = ("available", "freeze", "equity", "borrowed", "total_liab")
    assert [rows["USDT"][name] for name in names] == ["100", "7", "110", "0", "0"]
    assert [rows["BTC"][name] for name in names] == ["0.5", "0", "0.29", "0.2", "0.21"]


async def test_gate_refuses_the_unified_wallet_to_a_classic_account_by_a_label(filled: FilledSandbox) -> None:
    reply = await filled.client.get(filled.accounts["gate-classic"], "/api/v4/unified/accounts")
    assert (reply.status, reply.json()["label"]) == (400, "INVALID_UNIFIED_ACCOUNT")


async def test_gate_answers_spot_of_a_unified_account_with_less_than_it_has(filled: FilledSandbox) -> None:
    rows = await answer(filled, "gate", "/api/v4/spot/accounts", "currency=USDT")
    assert [(row["available"], row["locked"]) for row in rows] == [("100.50", "0")]


@pytest.mark.parametrize(
    "path", ["futures/usdt/accounts", "futures/btc/accounts", "delivery/usdt/accounts", "options/accounts"]
)
async def test_gate_knows_no_user_of_a_product_before_the_first_transfer(filled: FilledSandbox, path: str) -> None:
    assert (await answer(filled, "gate-classic", f"/api/v4/{path}"))["label"] == "USER_NOT_FOUND"


async def test_gate_leaves_the_profit_out_of_the_total(filled: FilledSandbox) -> None:
    filled.accounts["gate-classic"].set("futures", "USDT", "70", "5", "20", pnl="-3")
    told = await answer(filled, "gate-classic", "/api/v4/futures/usdt/accounts")
    names = ("total", "unrealised_pnl", "available", "order_margin", "margin_mode")
    assert [told[name] for name in names] == ["95", "-3", "70", "5", 0]


async def test_gate_lists_pairs_that_were_opened(filled: FilledSandbox) -> None:
    assert await answer(filled, "gate-classic", "/api/v4/margin/accounts") == []
    filled.accounts["gate-classic"].set("isolated_margin/BTCUSDT", "BTC", "0.5", debt="0.2")
    (pair,) = await answer(filled, "gate-classic", "/api/v4/margin/accounts")
    assert (pair["currency_pair"], pair["base"]["borrowed"], pair["quote"]["available"]) == ("BTC_USDT", "0.2", "0")


async def test_gate_gives_a_hundred_lends_to_a_page(filled: FilledSandbox) -> None:
    for number in range(103):
        filled.accounts["gate"].set("earn", f"C{number}", locked="1")
    pages = [await answer(filled, "gate", "/api/v4/earn/uni/lends", f"page={page}&limit=100") for page in (1, 2, 3)]
    assert list(map(len, pages)) == [100, 3, 0]
    assert (await answer(filled, "gate", "/api/v4/earn/uni/lends", "page=1&limit=101"))[
        "label"
    ] == "INVALID_PARAM_VALUE"


async def test_gate_values_wallets_in_the_unit_that_is_asked(filled: FilledSandbox) -> None:
    filled.accounts["gate"].set("earn", "USDT", locked="12.5")
    told = await answer(filled, "gate", "/api/v4/wallet/total_balance", "currency=USD")
    assert (float(told["details"]["finance"]["amount"]), told["total"]["currency"]) == (12.5, "USD")


async def test_gate_shows_the_beginning_of_a_key_and_its_rights(filled: FilledSandbox) -> None:
    filled.accounts["gate"].permissions = ("read", "transfer")
    (key,) = await answer(filled, "gate", "/api/v4/account/main_keys")
    assert key["key"] == "key-of-gate*****"
    assert [perm["name"] for perm in key["perms"] if not perm["read_only"]] == ["wallet"]


async def test_gate_tells_the_address_that_it_saw_under_the_label_of_a_missing_right(filled: FilledSandbox) -> None:
    filled.accounts["gate"].ips = ("203.0.113.7",)
    reply = await filled.read("gate")
    assert (reply.status, reply.json()["label"]) == (403, "FORBIDDEN")
    assert "127.0.0.1" in reply.json()["message"]


@pytest.mark.parametrize(
    ("stamp", "label"),
    [("soon", "INVALID_PARAM_VALUE"), ("NaN", "INVALID_PARAM_VALUE"), ("1735689600", "REQUEST_EXPIRED")],
)
async def test_gate_checks_the_time_before_the_key(filled: FilledSandbox, stamp: str, label: str) -> None:
    headers = {"KEY": "nobody", "SIGN": "x", "Timestamp": stamp}
    reply = await filled.client.raw("gate", "/api/v4/spot/accounts", headers)
    assert reply.json()["label"] == label


@pytest.mark.parametrize(
    ("path", "query", "signature"),
    [
        (
            "/api/v4/spot/accounts",
            "",
            (
                "f83cb7f60cde65d012bbd035fbca959bb1ae60fa20f62504f85389cc7fe5cbba"
                "fbfe7176344590dafa2cb21a126f8be0d93bcea4dc624e4e93cb118f94f8aa25"
            ),
        ),
        (
            "/api/v4/spot/accounts",
            "currency=%24ALT",
            (
                "9b2a08ce870fdd871c4e054fa6ffe0daef0922f102008543ddcfe568c43ebb8b"
                "1c5676c932e892467c69e9137dcb60820789b02301ac92816c1219783d67a369"
            ),
        ),
    ],
)
def test_gate_checks_the_query_as_it_is_before_it_is_encoded(path: str, query: str, signature: str) -> None:
    secret, stamp = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "1735689600"
    assert gate.fits(secret, signature, stamp, "GET", path, query)
    assert not gate.fits(secret, signature, stamp, "GET", path, query + "x")
    assert not gate.fits("another", signature, stamp, "GET", path, query)
