"""The hosts of the simulated XT's futures: their check of signatures, their two envelopes, and what they refuse."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporter.sandbox import Fault
from exporter.sandbox.vendors.xt import futures
from tests.kit.whole import Exporter, exporting
from tests.sandbox.facts import mac
from tests.sandbox.filled import MILLIS, FilledSandbox, Reply

KEY, SECRET, STAMP = "demo-xt-appkey-001", "demo-xt-secret-002", "1767225600123"
USDT_M, COIN_M = "fapi.xt.com", "dapi.xt.com"

VECTORS = [
    (futures.BALANCES, "", "validate-", "7b2f405122774b0f9666b7efc53565a00a3007b4bb570dc1147626ff063cba0f"),
    (futures.BALANCES, "", "xt-validate-", "5cbe6c56860d54d1ede8e6107a6d1f7f163c8493d2fd8b608a5d874b0b49473a"),
    (futures.COMPAT, "", "validate-", "7b2db731719a9a382c015c48d68f6f5378629d026ce039cefb7c8658abf9319a"),
    (futures.COMPAT, "", "xt-validate-", "63bc560ac3850f55f7299f143ca8b6f07cd7f7f1aeed0ac7a8c4bce54d13cfc1"),
    (
        futures.COMPAT,
        "queryAccountId=500000000000",
        "validate-",
        "156ee90509b686a265fd676065921ea85668cbf7f7fe8479937bb5c9ab751bd3",
    ),
    (
        futures.COMPAT,
        "queryAccountId=500000000000",
        "xt-validate-",
        "11c48db647d0d5370a520153d42f604ba7a351c2bbf285e1178e9b3ba5fc6fea",
    ),
]


@pytest.mark.parametrize(("path", "query", "prefix", "signature"), VECTORS)
def test_the_known_signature_is_taken_and_no_other(path: str, query: str, prefix: str, signature: str) -> None:
    sent = {f"{prefix}appkey": KEY, f"{prefix}timestamp": STAMP, f"{prefix}signature": signature}
    assert futures.fits(SECRET, sent, prefix, path, query)
    assert futures.fits(SECRET, {**sent, f"{prefix}signature": signature.upper()}, prefix, path, query)
    assert futures.fits(SECRET, {**sent, f"{prefix}recvwindow": "9"}, prefix, path, query), (
        "signed or not, it is let be"
    )
    assert not futures.fits("another", sent, prefix, path, query)
    assert not futures.fits(SECRET, sent, prefix, path, f"{query}&more=1")
    assert not futures.fits(SECRET, sent, prefix, path[:-1], query)
    for name in ("appkey", "timestamp"):
        assert not futures.fits(SECRET, {**sent, f"{prefix}{name}": "1"}, prefix, path, query)


def hold(filled: FilledSandbox) -> None:
    account = filled.accounts["xt"]
    account.set("futures", "USDT", "409.2", "20", "70.8", pnl="-3.1")
    account.set("futures", "USDC")
    account.set("coin_futures", "BTC", "0.25", "0", "0.125", pnl="0.5")


async def ask(filled: FilledSandbox, host: str, path: str = futures.COMPAT, query: str = "", **changes: str) -> Reply:
    """A read that is signed by hand."""
    account = filled.accounts["xt"]
    sent = {"validate-appkey": account.key, "validate-timestamp": str(MILLIS)}
    sent |= {f"validate-{name}": value for name, value in changes.items() if name != "secret"}
    text = f"validate-appkey={sent['validate-appkey']}&validate-timestamp={sent['validate-timestamp']}#{path}"
    text += f"#{query}" if query else ""
    sent = {"validate-signature": mac(changes.get("secret", account.secret), text).hex(), **sent}
    url = filled.sandbox.exchange("xt").url_of(host) + path + (f"?{query}" if query else "")
    async with filled.client.session.get(url, headers={name: value for name, value in sent.items() if value}) as reply:
        return Reply(reply.status, dict(reply.headers), await reply.read())


async def test_each_host_has_its_own_wallet_and_envelope(filled: FilledSandbox) -> None:
    hold(filled)
    answer = (await ask(filled, USDT_M)).json()
    usdt, usdc = answer.pop("result")
    assert answer == {"rc": 0, "mc": "SUCCESS", "ma": []}
    assert (usdt["coin"], usdt["underlyingType"], usdc["coin"]) == ("usdt", 2, "usdc")
    parts = ("walletBalance", "openOrderMarginFrozen", "isolatedMargin", "crossedMargin", "amount", "notProfit")
    assert [usdt[name] for name in parts] == ["500.0", "20", "17.700", "53.100", "409.2", "-3.1"]
    assert (usdt["totalAmount"], usdt["convertUsdtAmount"]) == ("496.9", "500.0")
    answer = (await ask(filled, COIN_M)).json()
    (btc,) = answer.pop("result")
    assert answer == {"returnCode": 0, "msgInfo": "success", "error": {"code": "", "msg": ""}}
    assert (btc["coin"], btc["underlyingType"], btc["walletBalance"], btc["notProfit"]) == ("btc", 1, "0.375", "0.500")


async def test_the_older_call_states_what_is_free(filled: FilledSandbox) -> None:
    hold(filled)
    (usdt, _) = (await ask(filled, USDT_M, futures.BALANCES)).json()["result"]
    assert (usdt["walletBalance"], usdt["availableBalance"]) == ("500.0", "409.2")
    assert "notProfit" not in usdt


def word(answer: Any) -> Any:
    return answer["mc"] if "mc" in answer else answer["error"]["code"]


@pytest.mark.parametrize("host", [USDT_M, COIN_M])
@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"secret": "another"}, (200, "403")),
        ({"appkey": "nobody"}, (401, "400")),
        ({"appkey": ""}, (401, "401")),
        ({"timestamp": ""}, (200, "AUTH_002")),
        ({"signature": ""}, (200, "AUTH_007")),
        ({"timestamp": str(MILLIS - 5_000)}, (200, "AUTH_105")),
        ({"timestamp": str(MILLIS + 1_001)}, (200, "AUTH_105")),
        ({"timestamp": "now"}, (200, "AUTH_105")),
        ({"timestamp": str(MILLIS - 30_000), "recvwindow": "20000"}, (200, "AUTH_105")),
        ({"recvwindow": "60001"}, (200, "AUTH_004")),
    ],
)
async def test_what_is_wrong_is_refused_in_the_words_of_futures(
    filled: FilledSandbox, host: str, changes: dict[str, str], refused: tuple[int, str]
) -> None:
    hold(filled)
    reply = await ask(filled, host, **changes)
    assert (reply.status, word(reply.json())) == refused


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": str(MILLIS - 4_999)},
        {"timestamp": str(MILLIS + 1_000)},
        {"timestamp": str(MILLIS - 30_000), "recvwindow": "60000"},
    ],
)
async def test_a_stamp_within_the_window_is_good(filled: FilledSandbox, changes: dict[str, str]) -> None:
    hold(filled)
    assert (await ask(filled, USDT_M, **changes)).json()["rc"] == 0


async def test_futures_that_were_never_opened_are_told_by_name(filled: FilledSandbox) -> None:
    for host in (USDT_M, COIN_M):
        assert word((await ask(filled, host)).json()) == "contract_not_open"
    filled.accounts["xt"].set("futures", "USDT")
    assert (await ask(filled, USDT_M)).json()["rc"] == 0
    assert word((await ask(filled, COIN_M)).json()) == "contract_not_open"
    assert word((await ask(filled, USDT_M, query="queryAccountId=1")).json()) == "account_error"


async def test_no_host_has_the_paths_of_another(filled: FilledSandbox) -> None:
    hold(filled)
    assert (await ask(filled, "xt")).status == 404
    for host in (USDT_M, COIN_M):
        assert (await ask(filled, host, "/v4/balances")).status == 404
        assert (await ask(filled, host, "/v4/public/time")).status == 404


@pytest.mark.parametrize(("situation", "refused"), [("permission", "AUTH_106"), ("frozen", "AUTH_102")])
async def test_faults_are_told_in_the_envelope_of_the_host(filled: FilledSandbox, situation: str, refused: str) -> None:
    hold(filled)
    filled.sandbox.exchange("xt").faults.append(Fault("vendor_error", situation=situation, host=COIN_M))
    assert (await ask(filled, USDT_M)).json()["rc"] == 0
    assert (await ask(filled, COIN_M)).json()["error"]["code"] == refused


async def test_the_exporter_serves_every_number_as_the_two_hosts_sent_it(tmp_path: Path) -> None:
    def prepare(exporter: Exporter) -> None:
        account = exporter.account("grid-bots")
        account.set("futures", "USDT", "1234567890.123456789", "0.000000001", "7.5", pnl="-2000000000.25")
        account.set("coin_futures", "BTC", "0", "0.02", "0.5", pnl="0.00000001")

    async with exporting(tmp_path, prepare) as exporter:
        samples = await exporter.scrape()
        prices = {name: samples.one("exchange_price_usd", exchange="xt", currency=name) for name in ("USDT", "BTC")}
    served = {
        (wallet, kind): samples.one(f"exchange_balance_{kind}", account="grid-bots", wallet=wallet, currency=coin)
        for wallet, coin in (("futures", "USDT"), ("coin_futures", "BTC"))
        for kind in ("available", "frozen", "locked", "net", "usd")
    }
    assert served["futures", "available"] == 1234567890.123456789
    assert served["futures", "frozen"] == 0.000000001
    assert served["futures", "locked"] == 7.5
    net = Decimal("1234567890.123456789") + Decimal("0.000000001") + Decimal("7.5") - Decimal("2000000000.25")
    assert served["futures", "net"] == float(net) < 0
    assert served["coin_futures", "available"] == 0
    assert served["coin_futures", "frozen"] == 0.02
    assert served["coin_futures", "locked"] == 0.5
    assert served["coin_futures", "net"] == 0.52000001
    assert prices["BTC"] is not None
    assert served["coin_futures", "usd"] == pytest.approx(0.52000001 * prices["BTC"])
    assert served["futures", "usd"] == pytest.approx(float(net), rel=1e-3)
