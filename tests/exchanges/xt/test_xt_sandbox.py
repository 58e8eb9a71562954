"""The simulated XT: its answers and refusals in the vendor's own form, and its check of signatures."""

from decimal import Decimal

import pytest

from exporter.sandbox.vendors import xt
from tests.sandbox.filled import MILLIS, FilledSandbox

XT_KEY, XT_SECRET, STAMP = "demo-xt-appkey-001", "demo-xt-secret-002", "1767225600123"


async def test_xt_v4_states_the_worth_of_the_whole_holding(filled: FilledSandbox) -> None:
    answer = (await filled.read("xt")).json()
    assert (answer["rc"], answer["mc"]) == (0, "SUCCESS")
    usdt, btc, sol = answer["result"]["assets"]
    assert (usdt["currency"], usdt["availableAmount"], usdt["frozenAmount"]) == ("usdt", "100.50", "7.5")
    assert (usdt["totalAmount"], usdt["convertUsdtAmount"]) == ("110.00", "110.00")
    assert Decimal(btc["convertUsdtAmount"]) == Decimal("6825.05")
    assert sol["totalAmount"] == "0"
    assert Decimal(answer["result"]["totalUsdtAmount"]) == Decimal("6935.05")


@pytest.mark.parametrize("prefix", ["validate-", "xt-validate-"])
async def test_xt_v4_takes_both_header_prefixes(filled: FilledSandbox, prefix: str) -> None:
    filled.client.own["prefix"] = prefix
    assert (await filled.read("xt")).json()["rc"] == 0


async def test_xt_v4_filters_by_currency(filled: FilledSandbox) -> None:
    rows = (await filled.read("xt", "currencies=btc,doge")).json()["result"]["assets"]
    assert [row["currency"] for row in rows] == ["btc"]
    one = await filled.client.get(filled.accounts["xt"], "/v4/balance", "currency=usdt")
    assert one.json()["result"]["availableAmount"] == "100.50"


async def test_xt_v4_public_paths(filled: FilledSandbox) -> None:
    prices = (await filled.client.raw("xt", "/v4/public/ticker/price")).json()["result"]
    assert {"s": "eth_btc", "t": MILLIS, "p": "0.050115"} in prices
    one = (await filled.client.raw("xt", "/v4/public/ticker?symbol=btc_usdt")).json()["result"]
    assert [(row["s"], row["c"], row["ap"]) for row in one] == [("btc_usdt", "68250.5", None)]
    assert (await filled.client.raw("xt", "/v4/public/time")).json()["result"] == {"serverTime": MILLIS}
    assert (await filled.client.raw("xt", "/v4/public/client")).json()["result"] == {"ip": "127.0.0.1"}


async def test_xt_legacy_keys_its_rows_by_currency_and_lists_zeros(filled: FilledSandbox) -> None:
    answer = (await filled.read("xt-legacy")).json()
    assert (answer["code"], answer["info"]) == (200, "success")
    assert answer["data"] == {
        "usdt": {"freeze": "9.5", "available": "100.50"},
        "btc": {"freeze": "0", "available": "0.1"},
        "sol": {"freeze": "0", "available": "0"},
    }


async def test_xt_legacy_tickers_have_no_envelope_and_real_numbers(filled: FilledSandbox) -> None:
    reply = await filled.client.raw("xt", "/data/api/v1/getTickers")
    assert reply.json()["pepe_usdt"]["price"] == Decimal("0.00001125")
    assert reply.json()["btc_usdt"]["bid"] == Decimal("68250.5")
    time = (await filled.client.raw("xt", "/trade/api/v1/getServerTime")).json()
    assert time["data"]["serverTime"] == MILLIS


def xt_headers(prefix: str, signature: str) -> dict[str, str]:
    return {
        f"{prefix}algorithms": "HmacSHA256",
        f"{prefix}appkey": XT_KEY,
        f"{prefix}recvwindow": "5000",
        f"{prefix}timestamp": STAMP,
        f"{prefix}signature": signature,
    }


@pytest.mark.parametrize(
    ("prefix", "path", "query", "signature"),
    [
        ("validate-", "/v4/balances", "", "135ffec56ee858933df188de7b86e3d8198c2a32e8775d142ce6bf23f0bf17c5"),
        ("xt-validate-", "/v4/balances", "", "14321bfd37fc176cfe1f53de894dc8651c29794b52801fbd8822239061e85ee1"),
        (
            "validate-",
            "/v4/balances",
            "currencies=usdt,btc",
            "f043710d9f915c21b0b190f69c5e085913edf46dc761593687efa98a08e5f8cf",
        ),
        (
            "xt-validate-",
            "/v4/balances",
            "currencies=usdt%2Cbtc",
            "5e2691c41ed21fc3b3dae8ba45fa2391d36ed69a1b577bd5b56cec2f4b4e734f",
        ),
        (
            "validate-",
            "/v4/balance",
            "currency=usdt",
            "8202ee50cba239f2241f1a95f466d49faa14dde73b349928275cf7b3cfb53611",
        ),
    ],
)
def test_xt_takes_the_known_signature_and_no_other(prefix: str, path: str, query: str, signature: str) -> None:
    headers = xt_headers(prefix, signature)
    assert xt.v4_fits(XT_SECRET, headers, prefix, "GET", path, query)
    assert xt.v4_fits(XT_SECRET, xt_headers(prefix, signature.upper()), prefix, "GET", path, query)
    assert not xt.v4_fits("another", headers, prefix, "GET", path, query)
    assert not xt.v4_fits(XT_SECRET, headers, prefix, "POST", path, query)
    assert not xt.v4_fits(XT_SECRET, headers, prefix, "GET", path, query + "x=1")
    assert not xt.v4_fits(XT_SECRET, {**headers, f"{prefix}timestamp": "1767225600124"}, prefix, "GET", path, query)


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (
            f"accesskey={XT_KEY}&nonce={STAMP}",
            "330455fde99a5fb4f4b5cf659432f2e36b2f138ac8c447fe33c1ee9619602cb5",
        ),
        (
            f"nonce={STAMP}&account=1&accesskey={XT_KEY}",
            "12989dd0838b9fc9635a054f30f610f29f70f6b07d85dd8bd2deadc73a7719fe",
        ),
    ],
)
def test_xt_legacy_sorts_the_parameters_itself(query: str, signature: str) -> None:
    assert xt.legacy_fits(XT_SECRET, f"{query}&signature={signature}")
    assert xt.legacy_fits(XT_SECRET, f"signature={signature.upper()}&{query}")
    assert not xt.legacy_fits("another", f"{query}&signature={signature}")
    assert not xt.legacy_fits(XT_SECRET, f"{query}&more=1&signature={signature}")
    assert not xt.legacy_fits(XT_SECRET, query)
