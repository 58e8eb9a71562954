"""Bybit: four texts in a row that are signed, one account with debt, and a status that means two things."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exporter.core.credentials import Secret
from exporter.core.errors import (
    AddressLimited,
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
from exporter.core.model import KeyInfo, Reading
from exporter.exchanges import bybit
from exporter.exchanges.base import Endpoint, Request, RowMemory
from exporter.transport.answers import parse
from tests.exchanges.bybit.facts import OURS, signed
from tests.exchanges.driver import amounts, converse, read, respond, sample

API = bybit.EXCHANGE.apis[""]


@pytest.mark.parametrize(
    ("endpoint", "query", "signature"),
    [
        (
            bybit.FUNDING,
            (("accountType", "FUND"),),
            "bfcdf5bcc8ca3eb4bd6f5577a69c916ed7d1fd461293e28a624f854fdcdbd086",
        ),
        (
            bybit.OVERVIEW,
            (("valuationCurrency", "USD"),),
            "f702502a745606db4bf68bd6ec59a5ff02456484e1b39fb49c03581d4ca14f6f",
        ),
    ],
)
def test_time_key_window_and_query_are_signed_and_no_path(endpoint: Endpoint, query: Any, signature: str) -> None:
    assert signed(Request(endpoint, query)).headers["X-BAPI-SIGN"] == signature
    assert signed(Request(bybit.UNIFIED, query)).headers["X-BAPI-SIGN"] == signature


def test_a_private_key_in_place_of_a_secret_is_refused_with_a_way_out() -> None:
    key = replace(OURS, secret=Secret("-----BEGIN PRIVATE KEY-----\nMIIEvg\n-----END PRIVATE KEY-----"))
    with pytest.raises(AuthError, match="HMAC") as caught:
        bybit.sign(Request(bybit.KEY), key, "api.bybit.com", 1735689600000)
    assert "system-generated" in caught.value.advice
    assert "MIIEvg" not in str(caught.value)


def test_equity_is_the_net_orders_are_frozen_and_margin_and_credit_are_not_available() -> None:
    held = amounts(read("bybit", API, "unified").balances)
    assert held["USDT"] == ("750", "120", "135", "1005", "0")
    assert held["BTC"] == ("0.5", "0", "0.001", "0.3", "0.201")


def test_the_value_is_the_exchanges_own_and_a_coin_without_one_has_none() -> None:
    values = {row.currency: (row.usd, row.pnl) for row in read("bybit", API, "unified").balances}
    assert values["USDT"] == (Decimal("1004.80"), Decimal(5))
    assert values["BTC"] == (Decimal("20475.15"), None)
    assert values["TSLAx"][0] is None


def unified(*accounts: Any) -> Reading:
    reading = converse(bybit.read_unified(RowMemory()), {"list": list(accounts)}).result
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize(
    ("told", "ratio"), [("0.005", "0.005"), ("1.2", "1.2"), ("0", None), ("", None), (None, None), ("?", None)]
)
def test_the_margin_ratio_is_the_exchanges_own_and_none_where_nothing_is_at_risk(told: Any, ratio: str | None) -> None:
    found = unified({"coin": [], "accountMMRate": told}).margin_ratio
    assert found == (None if ratio is None else Decimal(ratio))


def test_no_account_in_the_list_is_one_that_was_never_used_and_two_are_no_answer() -> None:
    assert unified().balances == []
    with pytest.raises(BadPayload, match="2 accounts"):
        unified({"coin": []}, {"coin": []})


def test_what_was_held_is_not_gone_because_the_account_is_missing() -> None:
    memory = RowMemory()
    row = {"coin": "USDT", "equity": "1", "walletBalance": "1"}
    converse(bybit.read_unified(memory), {"list": [{"coin": [row]}]})
    assert not converse(bybit.read_unified(memory), {"list": []}).result.balances, (
        "the zero rule decides, by repetition"
    )
    with pytest.raises(BadPayload):
        converse(bybit.read_unified(memory), {"list": None})


def test_what_cannot_be_transferred_out_of_funding_is_locked() -> None:
    held = amounts(read("bybit", API, "funding").balances)
    assert held["USDC"] == ("10", "0", "2.5", "12.5", None)


def test_earn_is_what_flexible_savings_and_on_chain_positions_hold() -> None:
    flexible, onchain = ({"list": [{"coin": coin, "amount": "2"}]} for coin in ("USDT", "ETH"))
    talk = converse(bybit.read_earn(RowMemory()), flexible, onchain)
    assert amounts(talk.result.balances)["ETH"] == ("0", "0", "2", "2", None)
    assert [dict(request.query)["category"] for request in talk.requests] == ["FlexibleSaving", "OnChain"]


def test_the_overview_is_in_usd_by_our_names_and_loans_are_below_zero() -> None:
    values = {value.wallet: value.usd for value in read("bybit", API, "overview").values}
    assert values == {
        "cryptoloans": Decimal("-54.29"),
        "unified": Decimal("20423.27"),
        "funding": Decimal("100.00"),
        "earn": Decimal("20888.10"),
        "bots": Decimal("20.53"),
    }


@pytest.mark.parametrize("unit", ["USDT", None])
def test_a_value_in_another_unit_is_no_value(unit: Any) -> None:
    kinds = [
        {"accountType": "FundingAccount", "totalEquity": "1", "valuationCurrency": unit},
        {"accountType": "Earn", "totalEquity": "2", "valuationCurrency": "USD"},
    ]
    reading = converse(API.wallets["overview"].read(RowMemory()), {"list": kinds}).result
    assert [value.wallet for value in reading.values] == ["earn"]
    assert [value.name for value in reading.unreadable] == ["funding"]


def test_a_market_that_has_ended_is_none() -> None:
    assert API.markets is not None
    answer = bybit.unwrap(200, sample("bybit", "/v5/market/instruments-info"))
    markets = respond(API.markets(), lambda _: answer).result
    assert markets == {("BTC", "USDT"): "BTCUSDT", ("TSLAX", "USDT"): "TSLAXUSDT"}


def test_the_clock_is_told_in_nanoseconds() -> None:
    assert API.time is not None
    assert respond(API.time(), lambda _: {"timeNano": "1688639403423213947"}).result == 1688639403423


def key_info(**told: Any) -> KeyInfo:
    assert API.key_info is not None
    permissions = {"ContractTrade": [], "Spot": [], "Wallet": [], **told.pop("permissions", {})}
    info = converse(API.key_info(), {"readOnly": 1, "permissions": permissions, "ips": ["*"], **told}).result
    assert isinstance(info, KeyInfo)
    return info


@pytest.mark.parametrize(
    ("rights", "risks"),
    [
        ({"ContractTrade": ["Order"]}, ["trade"]),
        ({"Spot": ["SpotTrade"]}, ["trade"]),
        ({"BlockTrade": ["BlockTrade"]}, ["trade"]),
        ({"CopyTrading": ["CopyTrading"]}, ["trade"]),
        ({"Wallet": ["AccountTransfer"]}, ["transfer"]),
        ({"Wallet": ["SubMemberTransfer", "Withdraw"]}, ["transfer", "withdraw"]),
        ({"Earn": ["Earn"]}, []),
    ],
)
def test_a_right_counts_unless_the_key_is_read_only(rights: dict[str, list[str]], risks: list[str]) -> None:
    assert key_info(readOnly=0, permissions=rights).risks == risks
    assert key_info(readOnly=1, permissions=rights).risks == []


@pytest.mark.parametrize(("ips", "bound"), [(["*"], False), ([], False), (None, False), (["203.0.113.7"], True)])
def test_a_star_is_no_address(ips: Any, bound: bool) -> None:
    assert key_info(ips=ips).ip_restricted is bound


@pytest.mark.parametrize(
    ("told", "end"),
    [("2026-12-22T07:20:25Z", 1797924025.0), ("1970-01-01T00:00:00Z", None), ("", None), (None, None)],
)
def test_the_end_of_a_key_is_a_moment_and_that_of_1970_is_none(told: Any, end: float | None) -> None:
    assert key_info(expiredAt=told).expires == end


@pytest.mark.parametrize("told", ["soon", 7, ["2026-12-22T07:20:25Z"], "2026-12-22T07:20:25", "2026-12-22"])
def test_an_end_that_is_no_moment_or_has_no_zone_is_no_answer(told: Any) -> None:
    with pytest.raises(BadPayload, match="expiredAt"):
        key_info(expiredAt=told)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        *((status, code, AuthError) for code in (10003, 10004, 10007, 33004, -2015) for status in (200, 401)),
        *((200, code, ClockRefused) for code in (10002, -1)),
        (200, 10010, IpRefused),
        (200, 10005, PermissionMissing),
        (200, 10006, RateLimited),
        (429, 429, RateLimited),
        (200, 10018, AddressLimited),
        *((200, code, ExchangeRefused) for code in (10000, 10016, 10008, 10009, 10028, 10001)),
        (403, 10009, ExchangeRefused),
        (500, 99, BadStatus),
    ],
)
def test_codes_have_our_reasons(status: int, code: int, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        bybit.unwrap(status, {"retCode": code, "retMsg": "words", "result": {}})
    assert type(caught.value) is kind
    assert str(code) in str(caught.value)


@pytest.mark.parametrize("code", [False, "0", None, 0.0])
def test_success_is_exactly_the_number_0(code: Any) -> None:
    with pytest.raises(PollError):
        bybit.unwrap(200, {"retCode": code, "retMsg": "OK", "result": {}})


COUNTRY = "The Amazon CloudFront distribution is configured to block access from your country"


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"error": COUNTRY}, ExchangeRefused),
        ({"retMsg": "access too frequent"}, Banned),
        ({"retCode": 10018, "retMsg": "Access too frequent."}, Banned),
    ],
)
def test_403_is_a_ban_by_its_words_and_else_a_country_that_is_shut_out(
    payload: dict[str, Any], kind: type[PollError]
) -> None:
    with pytest.raises(PollError) as caught:
        bybit.unwrap(403, payload)
    assert type(caught.value) is kind
    assert kind is Banned or "base_url" in caught.value.advice


def test_a_ban_is_known_on_a_page_too_and_other_pages_are_left_to_their_status() -> None:
    assert type(bybit.no_json("<html>403 Forbidden: access too frequent</html>")) is Banned
    assert type(bybit.no_json('{"ret_code": 403, "ret_msg": "access too frequent"}')) is Banned
    assert bybit.no_json(f"<html>{COUNTRY}</html>") is None
    assert bybit.no_json("") is None


def test_a_classic_account_is_told_what_to_do() -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bybit.unwrap(200, {"retCode": 10028, "retMsg": "unified only", "result": {}})
    assert "Upgrade the account" in caught.value.advice


def test_an_account_that_is_unified_is_not_told_to_become_one() -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bybit.unwrap(200, {"retCode": 100028, "retMsg": "cannot be accessed by unified account users", "result": {}})
    assert "pgrade" not in caught.value.advice


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>404</html>"])
def test_404_without_a_code_is_a_classic_account_or_a_site_without_an_overview(body: bytes) -> None:
    with pytest.raises(BadStatus) as caught:
        bybit.unwrap(404, parse(404, body, API.page_hint))
    assert "For `unified` with status 404 the account is a classic one" in caught.value.advice
    assert "`wallets: [main]`" in caught.value.advice


def test_a_path_that_a_site_does_not_have_is_told_with_a_way_out() -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bybit.unwrap(404, {"retCode": 10017, "retMsg": "Route not found."})
    assert "`wallets: [main]`" in caught.value.advice


def test_what_is_left_is_told_by_a_header() -> None:
    assert API.remaining({"X-Bapi-Limit-Status": "17"}) == 17
    assert API.remaining({}) is None
