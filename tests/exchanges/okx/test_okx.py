"""OKX: a signature over an ISO time, empty texts where a figure does not apply, and keys of another region."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import (
    AuthError,
    BadPayload,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.core.model import ZERO, Reading
from exporter.exchanges import okx
from exporter.exchanges.base import Endpoint, Request, RowMemory
from tests.exchanges.driver import amounts, converse, read, respond, sample
from tests.exchanges.okx.facts import signed

API = okx.EXCHANGE.apis[""]


@pytest.mark.parametrize(
    ("endpoint", "query", "signature"),
    [
        (okx.BALANCE, (), "qwi8lb68F0Apn6q7WPJcQXYV2SKiGDjSH8N6uhhdDoY="),
        (okx.BALANCE, (("ccy", "BTC,ETH"),), "9CjI0RBmy3GQxpyZUqjWv0bImUTtU+MQu03Z6zb+NY8="),
        (okx.FUNDING, (), "BXVwYM0t6sPV2zFgkxMIhE9jJb20FmWAfuKrSd20AbY="),
        (okx.VALUATION, (("ccy", "USD"),), "LzhBAToNlzchdg4j+/NpqRxEmEE8gUSEwE3Za0GQ+js="),
        (okx.SAVINGS, (), "QbIE+6iIKZulNsmfzQPI+xg9RtnskSu6LYy0oW8Rhxg="),
        (okx.CONFIG, (), "WrrVFtB8jICEVTkkq+og9zGg7PBZquxfH3X+6xjGTOQ="),
    ],
)
def test_time_method_and_target_are_signed_as_they_are_sent(endpoint: Endpoint, query: Any, signature: str) -> None:
    assert signed(Request(endpoint, query)).headers["OK-ACCESS-SIGN"] == signature


def test_the_time_has_three_decimals_and_a_zone() -> None:
    stamps = [
        signed(Request(okx.BALANCE), now_ms=1735689600000 + more).headers["OK-ACCESS-TIMESTAMP"] for more in (7, 1000)
    ]
    assert stamps == ["2025-01-01T00:00:00.007Z", "2025-01-01T00:00:01.000Z"]


def test_equity_is_the_net_and_what_is_neither_free_nor_in_orders_is_locked() -> None:
    held = amounts(read("okx", API, "unified").balances)
    assert held["USDT"] == ("4834.317093622894", "0", "158.573000000000", "4992.890093622894", "0")


def test_debt_is_borrowed_and_the_equity_under_water_is_served_as_it_is() -> None:
    held = amounts(read("okx", API, "unified").balances)
    assert held["BTC"] == ("0", "0", "0", "-0.25", "0.25")


def test_where_no_balance_is_available_the_equity_that_is_counts() -> None:
    held = amounts(read("okx", API, "unified").balances)
    assert held["ETH"] == ("10", "0.5", "0", "10.5", "0")


def test_what_is_available_is_never_guessed() -> None:
    (row,) = sample("okx", okx.BALANCE.path)["data"][0]["details"][:1]
    reading = unified([row | {"availBal": "", "availEq": ""}, row | {"ccy": "BTC"}])
    assert [bad.name for bad in reading.unreadable] == ["USDT"]


def test_a_coin_without_a_value_has_none_rather_than_zero() -> None:
    usd = {row.currency: row.usd for row in read("okx", API, "unified").balances}
    assert usd["NEWCOIN"] is None
    assert usd["BTC"] == Decimal("-23375.025")


def test_profit_is_told_only_where_it_is_stated() -> None:
    profit = {row.currency: row.pnl for row in read("okx", API, "unified").balances}
    assert profit == {"USDT": Decimal("-7.5456"), "BTC": None, "ETH": None, "NEWCOIN": ZERO}


def unified(rows: list[Any], **whole: Any) -> Reading:
    reading = converse(okx.read_unified(RowMemory()), [{"details": rows, **whole}]).result
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize(
    ("whole", "by_coin", "ratio"),
    [
        ("143682.59", "", "0.000007"),
        ("4", "", "0.25"),
        ("", "2.5", "0.4"),
        ("4", "2", "0.5"),
        ("1", "", "1"),
        ("0.7", "", "1"),
        ("", "", None),
        ("?", "2", None),
    ],
)
def test_the_margin_ratio_is_maintenance_over_equity_and_the_worst_one(whole: str, by_coin: str, ratio: str) -> None:
    (row,) = sample("okx", okx.BALANCE.path)["data"][0]["details"][:1]
    told = unified([row | {"mgnRatio": by_coin}], mgnRatio=whole).margin_ratio
    assert told == (None if ratio is None else Decimal(ratio))


@pytest.mark.parametrize("data", [[], [{}, {}], {}, None])
def test_another_number_of_accounts_than_one_is_no_empty_wallet(data: Any) -> None:
    with pytest.raises(BadPayload):
        converse(okx.read_unified(RowMemory()), data)


def test_funding_takes_json_numbers_too_and_keeps_every_digit() -> None:
    assert amounts(read("okx", API, "funding").balances) == {
        "ETH": ("37.11827078", "0", "0", "37.11827078", None),
        "USDC": ("10.25", "2", "0.25", "12.5", None),
    }


def test_earn_adds_flexible_savings_and_each_coin_of_each_order() -> None:
    rows = read("okx", API, "earn").balances
    assert [(row.currency, f"{row.locked}", f"{row.net}") for row in rows] == [
        ("USDT", "11.0010737453457821", "11.0010737453457821"),
        ("DOT", "2", "2"),
        ("USDT", "100", "100"),
        ("USDC", "50.5", "50.5"),
    ]


@pytest.mark.parametrize("orders", [[{}], [[]], [{"investData": None}], [{"investData": [{"ccy": "X"}]}], None, {}])
def test_orders_of_another_shape_are_no_empty_wallet(orders: Any) -> None:
    memory = RowMemory()
    converse(okx.read_earn(memory), [{"ccy": "DOT", "amt": "1"}], [])
    try:
        reading = converse(okx.read_earn(memory), [], orders).result
    except BadPayload:
        return
    assert [row.name for row in reading.unreadable] == ["X"]


def test_the_overview_is_in_usd_and_the_trading_account_is_called_unified() -> None:
    values = read("okx", API, "overview").values
    assert {value.wallet: f"{value.usd}" for value in values} == {
        "classic": "0",
        "earn": "1122.73",
        "funding": "0.09",
        "unified": "2544.28",
    }


@pytest.mark.parametrize("details", [None, [], "x", {"trading": "?"} | {str(n): "?" for n in range(5)}])
def test_an_overview_of_another_shape_is_no_value(details: Any) -> None:
    with pytest.raises(BadPayload):
        converse(API.wallets["overview"].read(RowMemory()), [{"details": details}])


def test_a_pair_without_a_price_has_none() -> None:
    book = respond(API.prices(), lambda _: sample("okx", "/api/v5/market/tickers")["data"]).result
    assert book["BTC-USDT"] == "93500.1"
    assert book["NEWCOIN-USDT"] == ""


@pytest.mark.parametrize(
    ("perm", "rights"),
    [
        ("read_only", {"read": True, "trade": False, "transfer": False, "withdraw": False}),
        ("read_only,trade", {"read": True, "trade": True, "transfer": True, "withdraw": False}),
        ("withdraw, read_only", {"read": True, "trade": False, "transfer": False, "withdraw": True}),
    ],
)
def test_the_right_to_trade_includes_transfers(perm: str, rights: dict[str, bool]) -> None:
    assert API.key_info is not None
    info = converse(API.key_info(), [{"perm": perm, "ip": ""}]).result
    assert (info.permissions, info.ip_restricted) == (rights, False)
    assert converse(API.key_info(), [{"perm": perm, "ip": "203.0.113.7"}]).result.ip_restricted


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        *((401, code, AuthError) for code in ("50103", "50105", "50111", "50113", "50119", "50101")),
        *((401, code, ClockRefused) for code in ("50102", "50112")),
        (401, "50110", IpRefused),
        *((200, code, PermissionMissing) for code in ("50120", "50030", "50035")),
        *((status, "50011", RateLimited) for status in (200, 429)),
        (429, "50013", RateLimited),
        (503, "50001", Maintenance),
        *((200, code, ExchangeRefused) for code in ("50007", "51000", "1")),
    ],
)
def test_codes_have_our_reasons_whatever_the_status(status: int, code: str, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        okx.unwrap(status, {"msg": "words", "code": code})
    assert type(caught.value) is kind
    assert code in str(caught.value)


def test_a_key_of_another_region_is_told_where_it_may_belong() -> None:
    with pytest.raises(AuthError) as caught:
        okx.unwrap(401, {"msg": "API key doesn't exist", "code": "50119"})
    assert "https://eea.okx.com" in caught.value.advice
    assert "https://us.okx.com" in caught.value.advice


@pytest.mark.parametrize("payload", [{"data": []}, [], None, {"code": 0, "data": []}, {"code": "0"}])
def test_only_the_text_0_is_success(payload: Any) -> None:
    with pytest.raises(PollError):
        okx.unwrap(200, payload)
