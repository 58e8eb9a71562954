"""Futures and isolated margin of the simulated BitMart, and what the exporter serves of them."""

from decimal import Decimal
from pathlib import Path

import pytest

from exporter.sandbox import Fault
from tests.kit.whole import Exporter, exporting
from tests.sandbox.filled import FilledSandbox, Reply

FUTURES = "/contract/private/assets-detail"
ISOLATED = "/spot/v1/margin/isolated/account"


async def ask(filled: FilledSandbox, path: str) -> Reply:
    return await filled.client.get(filled.accounts["bitmart"], path)


async def test_futures_list_zeros_too_and_their_figures_add_up(filled: FilledSandbox) -> None:
    filled.accounts["bitmart"].set("futures", "USDT", "812.4", "37.5", "150.1", pnl="-4.75")
    filled.accounts["bitmart"].set("futures", "SOL", "2")
    answer = (await ask(filled, FUTURES)).json()
    assert (answer["code"], answer["message"]) == (1000, "Ok")
    usdt, btc, _, sol = answer["data"]
    assert usdt == {
        "currency": "USDT",
        "available_balance": "812.4",
        "frozen_balance": "37.5",
        "position_deposit": "150.1",
        "equity": "995.25",
        "unrealized": "-4.75",
    }
    assert set(btc.values()) == {"BTC", "0"}
    assert (sol["currency"], sol["equity"]) == ("SOL", "2")


async def test_isolated_margin_lists_every_pair_once_one_was_opened(filled: FilledSandbox) -> None:
    account = filled.accounts["bitmart"]
    refused = await ask(filled, ISOLATED)
    assert (refused.status, refused.json()["code"]) == (400, 51001)
    account.set("isolated_margin/BTCUSDT", "BTC", "0.01", "0.0005", debt="0.002", interest="0.000001")
    account.set("isolated_margin/BTCUSDT", "USDT", "250")
    pairs = {pair["symbol"]: pair for pair in (await ask(filled, ISOLATED)).json()["data"]["symbols"]}
    assert len(pairs) == len(filled.sandbox.exchange("bitmart").prices)
    base, quote = pairs["BTC_USDT"]["base"], pairs["BTC_USDT"]["quote"]
    named = ("available", "frozen", "borrow_unpaid", "interest_unpaid", "net_asset", "total_asset")
    assert [base[name] for name in named] == ["0.01", "0.0005", "0.002", "0.000001", "0.008499", "0.0105"]
    assert [quote[name] for name in named] == ["250", "0", "0", "0", "250", "250"]
    assert pairs["BTC_USDT"]["liquidate_price"] is not None
    assert pairs["ETH_USDT"]["liquidate_price"] is None
    assert not any(Decimal(pairs["ETH_USDT"]["base"][name]) for name in named)


@pytest.mark.parametrize(
    ("path", "situation", "refused"),
    [
        (FUTURES, "key", (401, 30002)),
        (FUTURES, "ip", (403, 40006)),
        (FUTURES, "permission", (403, 30012)),
        (FUTURES, "rate", (429, 30013)),
        (ISOLATED, "ip", (403, 30010)),
        (ISOLATED, "permission", (403, 30012)),
    ],
)
async def test_both_refuse_in_bitmarts_words(
    filled: FilledSandbox, path: str, situation: str, refused: tuple[int, int]
) -> None:
    filled.accounts["bitmart"].set("isolated_margin/BTCUSDT", "USDT", "1")
    filled.sandbox.exchange("bitmart").faults.append(Fault("vendor_error", situation=situation, path=path))
    reply = await ask(filled, path)
    assert (reply.status, reply.json()["code"]) == refused


async def test_the_exporter_serves_every_number_of_futures_as_it_was_sent(tmp_path: Path) -> None:
    def prepare(exporter: Exporter) -> None:
        account = exporter.account("exit-desk")
        account.set("futures", "USDT", "1234567890.123456789", "0.000000001", "7.5", pnl="-2000000000.25")
        account.set("futures", "SOL", "2.5")

    async with exporting(tmp_path, prepare) as exporter:
        samples = await exporter.scrape()
    served = {
        (coin, kind): samples.one(f"exchange_balance_{kind}", account="exit-desk", wallet="futures", currency=coin)
        for coin in ("USDT", "SOL")
        for kind in ("available", "frozen", "locked", "net", "usd")
    }
    usdt = [served["USDT", kind] for kind in ("available", "frozen", "locked", "net")]
    assert usdt == [1234567890.123456789, 0.000000001, 7.5, -765432102.62654321]
    assert [served["SOL", kind] for kind in ("available", "frozen", "locked", "net")] == [2.5, 0, 0, 2.5]
    assert served["SOL", "usd"] == 2.5 * 172.4
    assert served["USDT", "usd"] == -765432102.62654321
    assert 'wallet="futures",currency="USDT"} 1234567890.123456789\n' in samples.text
    assert 'wallet="futures",currency="USDT"} -765432102.626543210\n' in samples.text
