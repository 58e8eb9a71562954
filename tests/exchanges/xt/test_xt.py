"""XT in both generations, and its futures: three signatures, four envelopes, the address that XT sees."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.credentials import Secret
from exporter.core.errors import (
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.exchanges import xt
from exporter.exchanges.base import Endpoint, Request, RowMemory
from exporter.exchanges.signing import hmac_hex
from exporter.exchanges.xt import legacy, v4
from tests.exchanges.driver import NOW, amounts, converse, credentials, read, sample

OURS = credentials("demo-xt-appkey-001", "demo-xt-secret-002")
HEADERS = (
    "validate-algorithms=HmacSHA256&validate-appkey=demo-xt-appkey-001&validate-recvwindow=5000"
    "&validate-timestamp=1767225600123"
)
XT_HEADERS = "&".join(f"xt-{pair}" for pair in HEADERS.split("&"))


@pytest.mark.parametrize(
    ("path", "query", "target", "signature"),
    [
        ("/v4/balances", (), "/v4/balances", "135ffec56ee858933df188de7b86e3d8198c2a32e8775d142ce6bf23f0bf17c5"),
        (
            "/v4/balances",
            (("currencies", "usdt,btc"),),
            "/v4/balances?currencies=usdt%2Cbtc",
            "f043710d9f915c21b0b190f69c5e085913edf46dc761593687efa98a08e5f8cf",
        ),
        (
            "/v4/balance",
            (("currency", "usdt"),),
            "/v4/balance?currency=usdt",
            "8202ee50cba239f2241f1a95f466d49faa14dde73b349928275cf7b3cfb53611",
        ),
    ],
)
def test_v4_signs_headers_method_path_and_raw_query(path: str, query: Any, target: str, signature: str) -> None:
    signed = xt.sign(Request(Endpoint(path, ()), query), OURS, "sapi.xt.com", NOW)
    assert signed.target == target
    assert signed.headers == {
        "validate-algorithms": "HmacSHA256",
        "validate-appkey": "demo-xt-appkey-001",
        "validate-recvwindow": "5000",
        "validate-timestamp": "1767225600123",
        "validate-signature": signature,
    }


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (f"{XT_HEADERS}#GET#/v4/balances", "14321bfd37fc176cfe1f53de894dc8651c29794b52801fbd8822239061e85ee1"),
        (
            f"{XT_HEADERS}#GET#/v4/balances#currencies=usdt,btc",
            "5e2691c41ed21fc3b3dae8ba45fa2391d36ed69a1b577bd5b56cec2f4b4e734f",
        ),
        (
            "validate-appkey=demo-xt-appkey-001&validate-timestamp=1767225600123#/future/user/v1/compat/balance/list",
            "7b2db731719a9a382c015c48d68f6f5378629d026ce039cefb7c8658abf9319a",
        ),
        (
            (
                "xt-validate-appkey=demo-xt-appkey-001&xt-validate-timestamp=1767225600123"
                "#/future/user/v1/compat/balance/list"
            ),
            "63bc560ac3850f55f7299f143ca8b6f07cd7f7f1aeed0ac7a8c4bce54d13cfc1",
        ),
    ],
)
def test_the_other_vectors_hold_for_our_hmac(text: str, signature: str) -> None:
    assert hmac_hex(Secret("demo-xt-secret-002"), text) == signature


@pytest.mark.parametrize(
    ("path", "query", "joined", "signature"),
    [
        (
            "/trade/api/v1/getBalance",
            (),
            "accesskey=demo-xt-appkey-001&nonce=1767225600123",
            "330455fde99a5fb4f4b5cf659432f2e36b2f138ac8c447fe33c1ee9619602cb5",
        ),
        (
            "/trade/api/v1/getFunds",
            (("account", "1"),),
            "accesskey=demo-xt-appkey-001&account=1&nonce=1767225600123",
            "12989dd0838b9fc9635a054f30f610f29f70f6b07d85dd8bd2deadc73a7719fe",
        ),
    ],
)
def test_legacy_signs_its_sorted_query(path: str, query: Any, joined: str, signature: str) -> None:
    signed = legacy.sign(Request(Endpoint(path, ()), query), OURS, "api.xt.com", NOW)
    assert signed.target == f"{path}?{joined}&signature={signature}"
    assert not signed.headers


def test_v4_is_the_default_and_nothing_is_probed() -> None:
    assert (xt.EXCHANGE.option, xt.EXCHANGE.first, xt.EXCHANGE.probes) == ("api", "v4", False)
    assert set(xt.EXCHANGE.apis) == {"v4", "legacy"}
    assert (xt.V4.host, xt.LEGACY.host) == ("https://sapi.xt.com", "https://api.xt.com")


def test_a_lock_lasts_ten_minutes() -> None:
    assert xt.EXCHANGE.ban_seconds == 600


def test_the_list_of_keys_with_its_secrets_can_not_be_asked_for() -> None:
    paths = [endpoint.path for api in xt.EXCHANGE.apis.values() for endpoint in api.endpoints]
    assert not [path for path in paths if "key" in path.lower() or path.startswith("/v4/user/")]
    assert all(api.key_info is None for api in xt.EXCHANGE.apis.values())


def test_v4_amounts_are_read_as_text_and_as_numbers() -> None:
    held = amounts(read("xt", xt.V4, "spot").balances)
    assert held["usdt"] == ("98.50000000", "1.50000000", "0", "100.00000000", None)
    assert held["btc"] == ("0.5", "0.25", "0.25", "1", None)


def test_v4_values_the_whole_holding_where_it_says_so() -> None:
    assert {row.currency: row.usdt for row in read("xt", xt.V4, "spot").balances} == {
        "usdt": 100,
        "btc": Decimal("95000.5"),
        "eth": None,  # absent in the answer
        "dust": None,  # 0 is no value of something held
    }


def test_v4_net_is_the_total_that_xt_states_even_below_its_parts() -> None:
    row = {"currency": "x", "availableAmount": "5", "frozenAmount": "1", "totalAmount": "4"}
    (balance,) = converse(v4.read_spot(RowMemory()), {"assets": [row]}).result.balances
    assert (balance.locked, balance.net) == (0, 4)


def test_legacy_keeps_zero_rows_and_says_that_they_are_listed() -> None:
    held = amounts(read("xt", xt.LEGACY, "spot").balances)
    assert held == {
        "usdt": ("300.25", "12.5", "0", "312.75", None),
        "btc": ("0", "0", "0", "0", None),
        "forth": ("7.00", "0", "0", "7.00", None),
    }
    assert xt.LEGACY.wallets["spot"].lists_zeros
    assert not xt.V4.wallets["spot"].lists_zeros


@pytest.mark.parametrize("answer", [{"usdt": "1"}, {"usdt": {"available": "1"}}, {"usdt": None}])
def test_a_legacy_currency_without_its_amounts_is_not_known(answer: Any) -> None:
    reading = converse(legacy.read_spot(RowMemory()), answer | {"btc": {"available": "1", "freeze": "0"}}).result
    assert amounts(reading.balances) == {"btc": ("1", "0", "0", "1", None)}
    assert [bad.name for bad in reading.unreadable] == ["usdt"]


@pytest.mark.parametrize("answer", [[], "x"])
def test_legacy_balances_of_another_shape_are_no_balances(answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(legacy.read_spot(RowMemory()), answer)


def test_prices_of_both_generations() -> None:
    book = converse(xt.V4.prices(), xt.V4.unwrap(200, sample("xt", v4.TICKERS.path))).result
    assert book[v4.symbol("BTC", "USDT")] == "95000.10"
    assert book["new_usdt"] is None
    old = converse(xt.LEGACY.prices(), xt.LEGACY.unwrap(200, sample("xt", legacy.TICKERS.path))).result
    assert old == {"btc_usdt": Decimal("95000.1"), "eth_usdt": Decimal("3300.5")}


def test_the_address_that_xt_sees_is_read() -> None:
    assert converse(v4.read_address(), {"ip": "203.0.113.7"}).result == "203.0.113.7"
    assert converse(v4.read_address(), {"ip": "2001:db8::7"}).result == "2001:db8::7"


@pytest.mark.parametrize("answer", [{"ip": "<b>"}, {"ip": ""}, {}, None, {"ip": 5}])
def test_something_else_is_no_address(answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(v4.read_address(), answer)


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        *((200, f"AUTH_00{number}", AuthError) for number in range(1, 8)),
        (200, "AUTH_101", AuthError),
        (200, "AUTH_102", AuthError),
        (200, "AUTH_103", AuthError),
        (200, "AUTH_104", IpRefused),
        (200, "AUTH_105", ClockRefused),
        (200, "AUTH_106", PermissionMissing),
        (200, "NO_OPERATION_PERMISSION", PermissionMissing),
        (200, "PERMISSION_LIMIT", PermissionMissing),
        (200, "COMMON_001", ExchangeRefused),
        *((200, f"GATEWAY_000{number}", ExchangeRefused) for number in range(1, 5)),
        (429, "ANYTHING", RateLimited),
        (418, "ANYTHING", Banned),
        (503, "ANYTHING", BadStatus),
        (401, "AUTH_105", ClockRefused),
    ],
)
def test_each_v4_word_has_its_class(status: int, word: str, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        v4.unwrap(status, {"rc": 1, "mc": word, "ma": [], "result": None})
    assert type(caught.value) is kind


@pytest.mark.parametrize("word", ["COMMON_002", "COMMON_003"])
def test_a_busy_v4_may_be_asked_again(word: str) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        v4.unwrap(200, {"rc": 1, "mc": word, "ma": [], "result": None})
    assert caught.value.repeat


@pytest.mark.parametrize(("word", "hint"), [("AUTH_102", "risk control"), ("AUTH_104", "/v4/public/client")])
def test_advice_names_what_only_xt_does(word: str, hint: str) -> None:
    with pytest.raises(PollError) as caught:
        v4.unwrap(200, {"rc": 1, "mc": word, "ma": [], "result": None})
    assert hint in caught.value.advice


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (200, {"code": 307, "info": "access key error"}, AuthError),
        (200, {"code": 308, "info": "signature error"}, AuthError),
        (200, {"code": 404, "info": "请检查accesskey是否有效"}, AuthError),
        (200, {"code": 404, "msgInfo": "Please check accessKey"}, AuthError),
        (200, {"code": 404, "info": "nothing here"}, ExchangeRefused),
        (200, {"code": 400, "info": "bad request"}, ExchangeRefused),
        (429, {"code": 999}, RateLimited),
        (404, {"error": "Not Found"}, BadStatus),
        (200, [], BadPayload),
        (200, {"code": 200, "info": "success"}, BadPayload),
    ],
)
def test_each_legacy_refusal_has_its_class(status: int, payload: Any, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        legacy.unwrap(status, payload)
    assert type(caught.value) is kind


def test_a_dead_legacy_api_tells_of_v4() -> None:
    assert "v4" in xt.LEGACY.page_hint


@pytest.mark.parametrize("payload", [{"code": 307}, {"code": 308}, {"code": 404}, {"code": 404, "info": "accesskey"}])
def test_a_refused_legacy_key_may_belong_to_v4(payload: Any) -> None:
    with pytest.raises(PollError) as caught:
        legacy.unwrap(200, payload)
    assert "api: v4" in caught.value.advice


def test_a_refusal_without_words_is_its_code() -> None:
    with pytest.raises(AuthError, match=r"^AUTH_103$"):
        v4.unwrap(200, {"rc": 1, "mc": "AUTH_103", "ma": [], "result": None})


@pytest.mark.parametrize("payload", [{"result": {}}, {"mc": "SUCCESS", "result": {}}, [], "x", None])
def test_v4_without_its_code_is_no_success(payload: Any) -> None:
    with pytest.raises(BadPayload):
        v4.unwrap(200, payload)
