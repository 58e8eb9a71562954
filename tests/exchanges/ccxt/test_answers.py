"""What an answer must hold before ccxt sees it, and what is made of what ccxt has read."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Balance
from exporter.exchanges.ccxt.answers import markets, milliseconds, prices, rows_of, wallet, words_of
from exporter.exchanges.ccxt.table import TABLE

MEXC, KRAKEN, DERIBIT, KUCOIN = (TABLE[name] for name in ("mexc", "kraken", "deribit", "kucoin"))


def amounts(free: Any, used: Any, total: Any = None, **more: Any) -> dict[str, Any]:
    return {"free": free, "used": used, "total": total, **more}


@pytest.mark.parametrize(
    ("answer", "holds", "rows"),
    [
        ([1, 2], "[]", 2),
        ([], "[]", 0),
        ({"result": {"a": {}}}, "result{}", 1),
        ({"data": {"accounts": [{"rows": [1, 2, 3]}]}}, "data.accounts.0.rows[]", 3),
        ({"a": {}, "b": {}}, "{{}}", 2),
        ({"a": []}, "{[]}", 1),
        ([[1], [2]], "[[]]", 2),
        ({"data": {"mode": "ONE"}}, "data.mode=ONE|OTHER", 0),
        ({"serverTime": 1}, "{}", 0),
    ],
)
def test_rows_stand_where_they_belong(answer: Any, holds: str, rows: int) -> None:
    assert rows_of(answer, holds) == rows


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        ({}, "[]"),
        ({"error": "no"}, "data[]"),
        ({"data": None}, "data[]"),
        ({"data": "none"}, "data[]"),
        ({"data": {}}, "data[]"),
        ([], "result{}"),
        ({"result": []}, "result{}"),
        ({}, "{{}}"),
        ({"error": "no", "code": 1}, "{{}}"),
        ({"a": {}}, "{[]}"),
        ([[]], "[[]]"),
        ([{}], "[[]]"),
        ({"data": {"accounts": []}}, "data.accounts.0.rows[]"),
        ({"data": {"accounts": {}}}, "data.accounts.0.rows[]"),
        ({"data": {"mode": None}}, "data.mode=ONE|OTHER"),
        ({"data": {"mode": "THIRD"}}, "data.mode=ONE|OTHER"),
        ([{}] * 20_001, "[]"),
    ],
)
def test_anything_else_is_no_answer(answer: Any, holds: str) -> None:
    with pytest.raises(BadPayload):
        rows_of(answer, holds)


def test_free_is_available_used_is_frozen_and_net_is_their_sum() -> None:
    made = {"info": {}, "free": {}, "used": {}, "total": {}, "timestamp": 1, "BTC": amounts("1.5", "0.25", "9")}
    (row,) = wallet(made, MEXC, 1).balances
    assert row == Balance("BTC", Decimal("1.5"), Decimal("0.25"), Decimal(0), Decimal("1.75"))


def test_debt_is_borrowed_and_not_held() -> None:
    made = {"BTC": amounts("1.5", "0.5", debt="0.75"), "USDT": amounts("1", "0", debt=None)}
    one, other = wallet(made, KUCOIN, 2).balances
    assert (one.borrowed, one.net) == (Decimal("0.75"), Decimal("1.25"))
    assert (other.borrowed, other.net) == (Decimal(0), Decimal(1))


def test_where_the_exchange_states_an_equity_it_is_what_is_held() -> None:
    (row,) = wallet({"BTC": amounts("301.3", "0.8", "302.6")}, DERIBIT, 1).balances
    assert (row.available, row.frozen, row.net) == (Decimal("301.3"), Decimal("0.8"), Decimal("302.6"))


@pytest.mark.parametrize(
    "row",
    [
        amounts(None, None),
        amounts(None, "1"),
        amounts("1", None, "1"),
        amounts("", "0"),
        amounts("much", "0"),
        amounts("NaN", "0"),
        "1",
        None,
    ],
)
def test_a_row_whose_amounts_cannot_be_read_costs_its_own_currency(row: Any) -> None:
    reading = wallet({"BTC": row, "ETH": amounts("1", "0")}, MEXC, 2)
    assert [each.currency for each in reading.balances] == ["ETH"]
    assert [each.name for each in reading.unreadable] == ["BTC"]


def test_rows_that_cannot_be_read_in_most_of_a_list_are_no_answer() -> None:
    made = {name: amounts(None, None) for name in ("A", "B", "C")} | {"D": amounts("1", "0")}
    with pytest.raises(BadPayload, match="3 of 4 rows"):
        wallet(made, MEXC, 4)


def test_rows_without_a_name_are_dropped_and_counted() -> None:
    made = {None: amounts("1", "0"), "": amounts("1", "0"), "ETH": amounts("1", "0")}
    reading = wallet(made, MEXC, 3)
    assert ([each.currency for each in reading.balances], reading.ignored) == (["ETH"], 2)


def test_a_list_of_which_ccxt_reads_nothing_is_no_empty_wallet() -> None:
    with pytest.raises(BadPayload, match="read no currency in an answer of 2 rows"):
        wallet({"info": {}}, MEXC, 2)
    assert wallet({"info": {}}, MEXC, 0).balances == []


@pytest.mark.parametrize("made", [None, [], "x"])
def test_what_is_no_wallet_at_all_is_no_answer(made: Any) -> None:
    with pytest.raises(BadPayload):
        wallet(made, MEXC, 0)


def test_kraken_rewards_are_added_to_their_coin_and_names_are_no_encoding() -> None:
    """The coins lie in XBT.F, while what orders hold is taken from XXBT."""
    made = {"XXBT": amounts("-0.01", "0.01"), "XBT.F": amounts("0.5", "0"), "ZETA": amounts("1", "0")}
    reading = wallet(made, KRAKEN, 3)
    assert [(each.currency, each.available) for each in reading.balances] == [
        ("BTC", Decimal("-0.01")),
        ("BTC", Decimal("0.5")),
        ("ZETA", Decimal(1)),
    ]


def market(symbol: Any, base: Any, quote: Any, **more: Any) -> dict[str, Any]:
    return {"id": symbol, "base": base, "quote": quote, "spot": True, "active": True, **more}


def test_markets_are_spot_ones_that_are_traded_now() -> None:
    made = [
        market("btcusdt", "btc", "usdt"),
        market("OLD", "OLD", "USDT", active=False),
        market("BTC-PERP", "BTC", "USDT", spot=False),
        market("odd", None, "USDT"),
        market("UNSAID", "NEW", "USDT", active=None),
    ]
    assert markets(made, MEXC) == {("BTC", "USDT"): "btcusdt", ("NEW", "USDT"): "UNSAID"}


def test_a_pair_of_two_markets_has_no_price() -> None:
    assert markets([market("a", "BTC", "USD"), market("b", "btc", "USD"), market("c", "ETH", "USD")], MEXC) == {
        ("ETH", "USD"): "c"
    }


@pytest.mark.parametrize("made", [None, [], {}, [market(None, None, None)]])
def test_a_list_without_a_market_is_no_answer(made: Any) -> None:
    with pytest.raises(BadPayload):
        markets(made, MEXC)


def test_prices_are_the_last_ones_by_the_exchanges_own_symbols() -> None:
    made = {
        "x": {"symbol": "BTC-USDT", "last": "93500.1"},
        "y": {"symbol": "NEW-USDT", "last": None},
        "z": {"symbol": None},
    }
    assert prices(made) == {"BTC-USDT": "93500.1", "NEW-USDT": None}
    for nothing in ({}, None, {"z": {"symbol": None}}):
        with pytest.raises(BadPayload):
            prices(nothing)


@pytest.mark.parametrize("made", [None, "1795000000000", 1.5, True])
def test_a_time_that_is_none_is_no_answer(made: Any) -> None:
    with pytest.raises(BadPayload):
        milliseconds(made)


def test_the_words_of_an_answer_are_no_longer_than_a_refusal() -> None:
    words = words_of({"code": 1, "price": Decimal("1.5"), "rows": [{"a": {"b": {"c": 1}}}] * 50})
    assert words == {"code": 1, "price": "1.5", "rows": [{"a": {}}] * 20}
