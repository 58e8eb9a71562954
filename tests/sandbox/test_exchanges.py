"""What every simulated exchange tells a client with good credentials; their own forms are tested one by one."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.sandbox import Sandbox
from tests.sandbox.filled import NOW, FilledSandbox
from tests.sandbox.known import ACCOUNTS


@pytest.mark.parametrize("kind", ACCOUNTS)
@pytest.mark.parametrize("amount", ["0.000000000000000001", "12345678901234567890.123456789012345678", "1E-8"])
async def test_amounts_keep_every_digit_on_the_wire(filled: FilledSandbox, amount: str, kind: str) -> None:
    def numbers(value: Any) -> set[Decimal]:
        if isinstance(value, dict):
            return set().union(*(numbers(item) for item in value.values()))
        if isinstance(value, list):
            return set().union(*(numbers(item) for item in value))
        return {Decimal(value)} if isinstance(value, str) and value[:1].isdigit() and value[-1:].isdigit() else set()

    filled.accounts[kind].set("main", "BTC", available=amount)
    assert Decimal(amount) in numbers((await filled.read(kind)).json())


async def test_a_removed_coin_is_gone_and_a_removed_account_unknown(filled: FilledSandbox) -> None:
    filled.accounts["xt-legacy"].remove("spot", "BTC")
    assert "btc" not in (await filled.read("xt-legacy")).json()["data"]
    del filled.sandbox.exchange("bitmart").accounts["key-of-bitmart"]
    assert (await filled.read("bitmart")).json()["code"] == 30002


async def test_prices_of_one_exchange_are_its_own(filled: FilledSandbox) -> None:
    filled.sandbox.exchange("bitget").prices["BTC/USDT"] = Decimal(5)
    here = (await filled.client.raw("bitget", "/api/v2/spot/market/tickers?symbol=BTCUSDT")).json()["data"]
    there = (await filled.client.raw("xt", "/v4/public/ticker/price?symbol=btc_usdt")).json()["result"]
    assert (here[0]["lastPr"], there[0]["p"]) == ("5", "68250.5")


async def test_the_log_holds_the_raw_target_headers_and_key(filled: FilledSandbox) -> None:
    await filled.client.raw("xt", "/v4/public/ticker?symbol=btc%5Fusdt", {"X-Mark": "1"})
    await filled.read("bitget")
    (request,) = filled.sandbox.exchange("xt").requests
    assert request.target == "/v4/public/ticker?symbol=btc%5Fusdt"
    assert (request.method, request.path, request.time, request.key) == ("GET", "/v4/public/ticker", NOW, None)
    assert request.headers["X-Mark"] == "1"
    assert filled.sandbox.exchange("bitget").requests[0].key == "key-of-bitget"
    assert filled.sandbox.exchange("xt").counts == {("/v4/public/ticker", 200): 1}


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


async def test_a_sandbox_can_be_taken_for_a_proxy(filled: FilledSandbox) -> None:
    url = "http://exchange.invalid/v4/public/ticker?symbol=btc_usdt"
    async with filled.client.session.get(url, proxy=filled.sandbox.urls["xt"]) as response:
        assert len((await response.json())["result"]) == 1
    assert filled.sandbox.exchange("xt").requests[0].target == url
