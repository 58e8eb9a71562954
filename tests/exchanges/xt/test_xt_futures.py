"""XT's futures: a signature without a method, two envelopes at two hosts, an equity that is worked out."""

from decimal import Decimal
from functools import partial
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
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
    UserLimited,
)
from exporter.exchanges import xt
from exporter.exchanges.base import Endpoint, Request, RowMemory
from exporter.exchanges.xt import futures, v4
from tests.exchanges.driver import NOW, amounts, converse, credentials, read, respond, sample

OURS = credentials("demo-xt-appkey-001", "demo-xt-secret-002")
PATH = "/future/user/v1/compat/balance/list"
ROW = {"coin": "x", "walletBalance": "10", "openOrderMarginFrozen": "1", "isolatedMargin": "2", "crossedMargin": "3"}


def balance(**changes: Any) -> Any:
    (one,) = converse(futures.read_futures(futures.USDT_M, RowMemory()), [{**ROW, **changes}]).result.balances
    return one


@pytest.mark.parametrize(
    ("path", "query", "target", "signature"),
    [
        (
            "/future/user/v1/balance/list",
            (),
            "/future/user/v1/balance/list",
            "7b2f405122774b0f9666b7efc53565a00a3007b4bb570dc1147626ff063cba0f",
        ),
        (PATH, (), PATH, "7b2db731719a9a382c015c48d68f6f5378629d026ce039cefb7c8658abf9319a"),
        (
            PATH,
            (("queryAccountId", "500000000000"),),
            f"{PATH}?queryAccountId=500000000000",
            "156ee90509b686a265fd676065921ea85668cbf7f7fe8479937bb5c9ab751bd3",
        ),
    ],
)
def test_key_time_path_and_query_are_signed_and_no_method(path: str, query: Any, target: str, signature: str) -> None:
    signed = futures.sign(Request(Endpoint(path, ()), query), OURS, "fapi.xt.com", NOW)
    assert signed.target == target
    assert signed.headers == {
        "validate-appkey": "demo-xt-appkey-001",
        "validate-timestamp": "1767225600123",
        "validate-signature": signature,
    }


@pytest.mark.parametrize("endpoint", [futures.USDT_M, futures.COIN_M])
def test_futures_are_signed_their_own_way_and_spot_as_before(endpoint: Endpoint) -> None:
    assert xt.sign(Request(endpoint), OURS, "host", NOW) == futures.sign(Request(endpoint), OURS, "host", NOW)
    assert xt.sign(Request(v4.BALANCES), OURS, "host", NOW) == v4.sign(Request(v4.BALANCES), OURS, "host", NOW)


def test_the_two_wallets_are_the_same_path_at_two_hosts_and_read_only_where_they_are_named() -> None:
    for wallet, host in (("futures", "https://fapi.xt.com"), ("coin_futures", "https://dapi.xt.com")):
        source = xt.V4.wallets[wallet]
        (endpoint,) = source.endpoints
        assert (endpoint.path, endpoint.host) == (PATH, host)
        assert not source.default
        assert not source.lists_zeros
        talk = respond(source.read(RowMemory()), lambda _: [])
        assert [request.endpoint for request in talk.requests] == [endpoint]
    assert xt.EXCHANGE.hosts == {"sapi.xt.com", "api.xt.com", "fapi.xt.com", "dapi.xt.com"}
    assert set(xt.LEGACY.wallets) == {"spot"}


def test_amounts_are_read_as_text_and_as_numbers() -> None:
    assert amounts(read("xt", xt.V4, "futures").balances) == {
        "usdt": ("409.20000000", "20.00000000", "70.80000000", "496.90000000", None),
        "usdc": ("11.2495", "1.2505", "0", "12.5", None),
    }


def test_the_equity_may_be_negative_and_what_is_free_is_not() -> None:
    answer = futures.unwrap(200, sample("xt", PATH, "~coin"))
    reading = converse(futures.read_futures(futures.COIN_M, RowMemory()), answer).result
    assert amounts(reading.balances) == {
        "btc": ("0", "0.02000000", "0.50000000", "-0.10000000", None),
        "eth": ("2.00000000", "0", "0", "2.00000000", None),
    }


def test_the_profit_is_told_where_the_answer_states_it() -> None:
    assert [row.pnl for row in read("xt", xt.V4, "futures").balances] == [Decimal("-3.10000000"), 0]
    assert balance().pnl is None
    assert balance(notProfit="").pnl is None
    assert balance(notProfit=None).pnl is None
    assert (balance(notProfit="0.5").pnl, balance(notProfit="0.5").net) == (Decimal("0.5"), Decimal("10.5"))


def test_a_fee_that_is_held_for_orders_is_frozen() -> None:
    row = balance(openOrderFeeFrozen="0.25")
    assert (row.available, row.frozen, row.locked, row.net) == (Decimal("3.75"), Decimal("1.25"), 5, 10)


@pytest.mark.parametrize("name", ["amount", "totalAmount", "marginBalance", "convertUsdtAmount", "bonus", "coupon"])
def test_fields_of_unknown_meaning_change_nothing(name: str) -> None:
    assert balance(**{name: "777"}) == balance()
    assert balance().usdt is None


@pytest.mark.parametrize("code", [0, "0"])
def test_both_envelopes_are_taken_off(code: Any) -> None:
    assert futures.unwrap(200, {"returnCode": code, "msgInfo": "success", "error": None, "result": [1]}) == [1]
    said = {"code": "", "msg": ""}
    assert futures.unwrap(200, {"returnCode": code, "msgInfo": "success", "error": said, "result": [1]}) == [1]
    assert futures.unwrap(200, {"rc": code, "mc": "SUCCESS", "ma": [], "result": [1]}) == [1]


REFUSALS = [
    (200, "400", "unauthorized", AuthError),
    (401, "400", "unauthorized", AuthError),
    (200, "401", "please login first", AuthError),
    (200, "403", "invalid signature", AuthError),
    *((200, f"AUTH_00{number}", "", AuthError) for number in range(1, 8)),
    (200, "AUTH_101", "", AuthError),
    (200, "AUTH_104", "", IpRefused),
    (200, "AUTH_105", "", ClockRefused),
    (200, "AUTH_106", "", PermissionMissing),
    (200, "contract_not_open", "", NotOpened),
    (200, "account_error", "", NotOpened),
    (200, "invalid_params", "", ExchangeRefused),
    (200, "gateway_decommission_ip_country", "", IpRefused),
    (200, "gateway_decommission_kyc_country", "", AuthError),
    *((200, f"GATEWAY_000{number}", "", ExchangeRefused) for number in (3, 6, 7)),
    (429, "ANYTHING", "", RateLimited),
    (418, "ANYTHING", "", Banned),
    (503, "ANYTHING", "", BadStatus),
    (401, "AUTH_105", "", ClockRefused),
]


@pytest.mark.parametrize(("status", "word", "text", "kind"), REFUSALS)
def test_each_word_has_its_class_in_both_envelopes(status: int, word: str, text: str, kind: type[PollError]) -> None:
    older = {"returnCode": 1, "msgInfo": "failure", "error": {"code": word, "msg": text}, "result": None}
    newer = {"rc": 1, "mc": word, "ma": [text] if text else [], "result": None}
    for payload in (older, newer):
        with pytest.raises(PollError) as caught:
            futures.unwrap(status, payload)
        assert type(caught.value) is kind
        assert word in str(caught.value)
        assert text in str(caught.value)


@pytest.mark.parametrize("text", ["Connection refused", "Connection refused: fapi/10.0.0.7:8080"])
def test_a_gateway_that_reaches_nothing_is_no_bad_key(text: str) -> None:
    for payload in (
        {"returnCode": 1, "msgInfo": "failure", "error": {"code": 400, "msg": text}, "result": None},
        {"rc": 1, "mc": "400", "ma": [text], "result": None},
    ):
        with pytest.raises(ExchangeRefused) as caught:
            futures.unwrap(200, payload)
        assert caught.value.repeat


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("403", "secret"),
        ("AUTH_104", "/v4/public/client"),
        ("GATEWAY_0006", "risk control"),
        ("GATEWAY_0007", "risk control"),
        ("gateway_decommission_ip_country", "country"),
        ("gateway_decommission_kyc_country", "country"),
    ],
)
def test_advice_names_what_only_xt_does(word: str, hint: str) -> None:
    with pytest.raises(PollError) as caught:
        futures.unwrap(200, {"rc": 1, "mc": word, "ma": [], "result": None})
    assert hint in caught.value.advice


@pytest.mark.parametrize("error", [None, {"code": "", "msg": ""}, {"code": None}, {}, "words", []])
def test_a_refusal_without_a_word_is_its_code(error: Any) -> None:
    with pytest.raises(ExchangeRefused, match=r"^7: failure$"):
        futures.unwrap(200, {"returnCode": 7, "msgInfo": "failure", "error": error, "result": None})


def test_a_refusal_tells_its_end() -> None:
    error = {"code": "GATEWAY_0003", "msg": "locked for 10 minutes"}
    with pytest.raises(UserLimited) as caught:
        futures.unwrap(200, {"returnCode": 1, "msgInfo": "failure", "error": error, "result": None})
    assert caught.value.retry_after == 600


@pytest.mark.parametrize(
    "payload",
    [{"result": []}, {"mc": "SUCCESS", "result": []}, {"msgInfo": "success", "result": []}, [], "x", None, {"rc": 0}],
)
def test_an_answer_without_its_code_or_content_is_no_success(payload: Any) -> None:
    with pytest.raises(BadPayload):
        futures.unwrap(200, payload)


def test_what_was_moved_out_is_no_error() -> None:
    reader = partial(futures.read_futures, futures.USDT_M)
    memory = RowMemory()
    assert len(converse(reader(memory), [ROW]).result.balances) == 1
    assert converse(reader(memory), []).result.empty
