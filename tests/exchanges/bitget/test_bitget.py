"""Bitget in both modes: what the raw query signs, which code proves which mode, and equity rather than balance."""

from typing import Any

import pytest

from exporter.core.errors import (
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
    WrongApi,
)
from exporter.exchanges import bitget
from exporter.exchanges.base import Endpoint, Request, RowMemory
from tests.exchanges.driver import amounts, converse, credentials, from_samples, read, respond, sample

CLASSIC, UNIFIED = bitget.CLASSIC, bitget.UNIFIED
OURS = credentials(
    "bg_00112233445566778899aabbccddeeff",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "MadeUpPass1",
)


@pytest.mark.parametrize(
    ("path", "query", "wire", "signature"),
    [
        ("/api/v2/spot/account/assets", (), "", "wQU1l5ZU1Ja4XIFmF6UoM2nckcnAaJNvwIxhJM1rCQI="),
        (
            "/api/v2/spot/account/assets",
            (("assetType", "hold_only"),),
            "?assetType=hold_only",
            "ihS+I2RPF3nphTKWj+oShFkfr7BywCMTBl9b63S3mCE=",
        ),
        (
            "/api/v2/spot/account/assets",
            (("coin", "USDT"),),
            "?coin=USDT",
            "JLrjFFSYjpw91V2KguT48/x5A11SSc9s37X8sJ4YGVk=",
        ),
        (
            "/api/v2/spot/account/assets",
            (("coin", "USDT"), ("assetType", "all")),
            "?assetType=all&coin=USDT",
            "4mIplYjfJjp7ItcL4FHJTBHFm3ruzTS/BZ5+kTBst94=",
        ),
        ("/api/v2/account/all-account-balance", (), "", "yJYpg9jjAQdliGbLl8Z4OD5/1O8AckslP7m2LoxObsA="),
        ("/api/v2/spot/account/info", (), "", "QJRFnpphEhQwBNKKVpcnu+4172uTwjuE3TqWzUwNeLM="),
        (
            "/api/v2/mix/account/accounts",
            (("productType", "USDT-FUTURES"),),
            "?productType=USDT-FUTURES",
            "IshR6JjxqMQ2sgwaUXBnaTUG0y1kxrTDZtii5U5MebY=",
        ),
        (
            "/api/v2/spot/account/assets",
            (("coin", "$ALT"),),
            "?coin=%24ALT",
            "5xRe6fzGGAq+wmnhPpcD8QPUR1k/2vk8ZaEnksgNzEo=",
        ),
        ("/api/v3/account/assets", (), "", "ewp0KRYQ/M6APTWJTKL9axEWwlYKiBtYZ6slOHlcBuE="),
        ("/api/v3/account/funding-assets", (), "", "sEe7lANrrxNjDTU7iDq3Aye+KS+Di7hXaBgPVBRhX6c="),
        ("/api/v3/account/info", (), "", "whqbId8dUbajTlM3gaAX+CMA8x2qOZYmO72LnXtHI5c="),
    ],
)
def test_the_vectors_hold_byte_for_byte(path: str, query: Any, wire: str, signature: str) -> None:
    signed = bitget.sign(Request(Endpoint(path, ()), query), OURS, "api.bitget.com", 1735689600000)
    assert signed.target == path + wire
    assert signed.headers == {
        "ACCESS-KEY": "bg_00112233445566778899aabbccddeeff",
        "ACCESS-SIGN": signature,
        "ACCESS-TIMESTAMP": "1735689600000",
        "ACCESS-PASSPHRASE": "MadeUpPass1",
        "locale": "en-US",
    }


def test_the_mode_is_probed_from_classic() -> None:
    assert (bitget.EXCHANGE.option, bitget.EXCHANGE.first, bitget.EXCHANGE.probes) == ("mode", "classic", True)


@pytest.mark.parametrize(("code", "mode"), [("40085", "unified"), ("40084", "classic")])
def test_two_codes_prove_a_mode(code: str, mode: str) -> None:
    with pytest.raises(WrongApi) as caught:
        bitget.unwrap(400, {"code": code, "msg": "other mode", "requestTime": 1, "data": None})
    assert caught.value.api == mode
    assert mode in bitget.EXCHANGE.apis


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        *((400, code, AuthError) for code in ("40001", "40006", "40037", "40041", "40011", "40012", "40036")),
        *((400, code, AuthError) for code in ("40002", "40003", "40009")),
        *((400, code, ClockRefused) for code in ("40004", "40005", "40008", "40078", "40911")),
        *((400, code, IpRefused) for code in ("40018", "40038", "49003", "22010")),
        *((400, code, PermissionMissing) for code in ("40014", "40025", "40040", "40061", "40068")),
        *((400, code, ExchangeRefused) for code in ("40013", "40022", "40023", "40024", "40026", "40031")),
        *((400, code, ExchangeRefused) for code in ("40000", "40035", "40100", "40111", "40099")),
        *((200, code, RateLimited) for code in ("429", "30007", "25004")),
        *((200, code, Maintenance) for code in ("40200", "45001")),
        (400, "40404", ExchangeRefused),
        (400, "400172", ExchangeRefused),
        (429, "1", RateLimited),
        (418, "1", Banned),
        (502, "1", BadStatus),
        (500, "00000", BadStatus),
        (400, 40009, AuthError),
    ],
)
def test_each_code_has_its_class(status: int, code: Any, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        bitget.unwrap(status, {"code": code, "msg": "words", "data": None})
    assert type(caught.value) is kind


@pytest.mark.parametrize("code", ["40010", "40015", "40725", "40808", "40910", "25000", "25001", "25003"])
def test_what_bitget_calls_temporary_may_be_repeated(code: str) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bitget.unwrap(500, {"code": code, "msg": "words", "data": None})
    assert caught.value.repeat


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (200, {"code": 0, "data": []}, ExchangeRefused),
        (200, {"code": "0", "data": []}, ExchangeRefused),
        (200, {"code": ["00000"], "data": []}, BadPayload),
        (200, {"code": "00000"}, BadPayload),
        (200, {"msg": "success", "data": []}, BadPayload),
        (503, {"message": "failure to get a peer from the ring-balancer"}, BadStatus),
        (200, None, BadPayload),
    ],
)
def test_success_is_exactly_one_text(status: int, payload: Any, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        bitget.unwrap(status, payload)
    assert type(caught.value) is kind


@pytest.mark.parametrize("word", ["msg", "message"])
def test_the_words_of_success_do_not_matter(word: str) -> None:
    assert bitget.unwrap(200, {"code": "00000", word: "whatever", "data": []}) == []


def test_classic_spot_leaves_restricted_funds_out() -> None:
    assert amounts(read("bitget", CLASSIC, "spot").balances) == {
        "USDT": ("120.50000000", "10.00000000", "1.50000000", "132.00000000", None),
        "btc": ("0.25", "0", "0", "0.25", None),
        "$ALT": ("3", "0", "0", "3", None),
    }


def test_unified_counts_equity_and_owes_its_debt() -> None:
    assert amounts(read("bitget", UNIFIED, "unified").balances) == {
        "USDT": ("60", "40", "0", "100", "0"),
        "BTC": ("0.4", "0.1", "0.25", "0.5", "0.25"),
        "ETH": ("0", "0", "0", "-0.1", "0.1"),
        "NEW": ("5", "0", "0", "5", "0"),
    }


def test_unified_values_come_as_delivered_and_zero_is_no_value() -> None:
    values = {row.currency: row.usd and f"{row.usd}" for row in read("bitget", UNIFIED, "unified").balances}
    assert values == {"USDT": "99.98", "BTC": "47500", "ETH": "-330", "NEW": None}


def test_a_unified_list_of_null_is_empty() -> None:
    assert converse(bitget.read_unified(RowMemory()), {"assets": None}).result.balances == []


def test_an_empty_frozen_text_of_the_funding_wallet_is_nothing() -> None:
    assert amounts(read("bitget", UNIFIED, "funding").balances) == {
        "USDT": ("20", "0", "0", "20", None),
        "BTC": ("0", "0.5", "0", "0.5", None),
    }


@pytest.mark.parametrize("amount", ["111,1", "", None, False])
def test_a_comma_or_nothing_is_no_amount(amount: Any) -> None:
    row = {"coin": "USDT", "available": amount, "frozen": "0", "locked": "0"}
    reading = converse(bitget.read_spot(RowMemory()), [row]).result
    assert not reading.balances
    assert [bad.name for bad in reading.unreadable] == ["USDT"]


def test_a_value_that_is_no_number_costs_its_own_wallet_of_the_overview() -> None:
    answer = [{"accountType": kind, "usdtBalance": value} for kind, value in (("spot", "5"), ("earn", ""))]
    values = converse(bitget.read_overview(RowMemory()), answer).result.values
    assert [(value.wallet, f"{value.usdt}") for value in values] == [("spot", "5")]
    told = converse(bitget.read_overview(RowMemory()), [*answer, {"accountType": "bots", "usdtBalance": "x"}]).result
    assert [row.name for row in told.unreadable] == ["bots"]


def test_the_key_of_an_elite_trader_is_sent_to_v3_with_the_option_that_says_so() -> None:
    with pytest.raises(WrongApi) as caught:
        bitget.unwrap(400, {"code": "40731", "msg": "The product does not support copy trading", "data": None})
    assert caught.value.api == "unified"
    assert "options: {mode: unified}" in caught.value.advice


def test_the_overview_is_in_usdt_and_may_be_negative() -> None:
    values = read("bitget", CLASSIC, "overview").values
    assert {value.wallet: f"{value.usdt}" for value in values} == {
        "spot": "131.5",
        "futures": "-2.25",
        "funding": "0",
        "earn": "10",
        "bots": "0",
        "margin": "0",
    }


def test_prices_work_in_both_modes() -> None:
    for api in (CLASSIC, UNIFIED):
        book = respond(api.prices(), from_samples("bitget", api)).result
        assert book == {"BTCUSDT": "95000.1", "$ALTUSDT": ""}
        assert api.markets is not None
        assert respond(api.markets(), from_samples("bitget", api)).result == {
            ("BTC", "USDT"): "BTCUSDT",
            ("BTC", "ZZUSDT"): "BTCZZUSDT",
            ("$ALT", "USDT"): "$ALTUSDT",
        }


def key_info(api: Any, **changes: Any) -> Any:
    assert api.key_info is not None
    reader = api.key_info()
    path = next(reader).endpoint.path
    reader.close()
    return converse(api.key_info(), {**sample("bitget", path)["data"], **changes}).result


def test_a_classic_key_for_reading() -> None:
    info = key_info(CLASSIC)
    assert info.permissions == {"read": True, "trade": False, "transfer": False, "withdraw": False}
    assert info.ip_restricted is True
    assert info.expires is None


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("trade", "trade"),
        ("stow", "trade"),
        ("coow", "trade"),
        ("smow", "trade"),
        ("wtow", "transfer"),
        ("wwow", "withdraw"),
        ("withdraw", "withdraw"),
    ],
)
def test_each_writing_code_of_a_classic_key(code: str, name: str) -> None:
    assert key_info(CLASSIC, authorities=["readonly", "never-heard-of", code]).permissions[name] is True


def test_a_unified_key_writes_only_unless_read_only() -> None:
    writing = key_info(UNIFIED)
    assert (writing.permissions["trade"], writing.permissions["withdraw"]) == (True, True)
    assert writing.ip_restricted is False
    reading = key_info(UNIFIED, permType="read-only")
    assert (reading.permissions["trade"], reading.permissions["withdraw"]) == (False, False)


def test_the_remaining_quota_is_told() -> None:
    assert CLASSIC.remaining({"x-mbx-used-remain-limit": "9"}) == 9
    assert CLASSIC.remaining({"x-mbx-used-remain-limit": "-1"}) is None
    assert CLASSIC.remaining({"x-mbx-used-remain-limit": "9" * 5000}) is None
    assert CLASSIC.remaining({}) is None
