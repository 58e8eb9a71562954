"""BitMart's futures and isolated margin: an equity that is taken as it stands, and pairs that are wallets."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import BadPayload
from exporter.exchanges import bitmart
from exporter.exchanges.base import Endpoint, Request, RowMemory
from tests.exchanges.driver import NOW, amounts, converse, credentials, read, sample

API = bitmart.EXCHANGE.apis[""]
ROW = {
    "currency": "X",
    "available_balance": "1",
    "frozen_balance": "2",
    "position_deposit": "4",
    "equity": "7",
    "unrealized": "0",
}


def futures(**changes: Any) -> Any:
    (one,) = converse(bitmart.read_futures(RowMemory()), [{**ROW, **changes}]).result.balances
    return one


@pytest.mark.parametrize("endpoint", [bitmart.FUTURES, bitmart.ISOLATED])
def test_both_are_read_with_the_key_alone_and_no_query(endpoint: Endpoint) -> None:
    signed = API.sign(Request(endpoint), credentials("demo-bitmart-key-001"), "host", NOW)
    assert signed.target == endpoint.path
    assert signed.headers == {"X-BM-KEY": "demo-bitmart-key-001"}


def test_futures_are_at_a_host_of_their_own_and_both_are_read_only_where_they_are_named() -> None:
    assert bitmart.EXCHANGE.hosts == {"api-cloud.bitmart.com", "api-cloud-v2.bitmart.com"}
    assert bitmart.FUTURES.host == "https://api-cloud-v2.bitmart.com"
    assert not bitmart.ISOLATED.host
    for name in ("futures", "isolated_margin"):
        source = API.wallets[name]
        assert not source.default
        assert not source.lists_zeros
        assert source.borrows == source.many == (name == "isolated_margin")
        empty: Any = {"symbols": []} if source.many else []
        talk = converse(source.read(RowMemory()), empty)
        assert tuple(request.endpoint for request in talk.requests) == source.endpoints


def test_the_play_money_of_the_demo_host_can_not_be_asked_for() -> None:
    assert not [host for host in bitmart.EXCHANGE.hosts if "demo" in host]


def test_futures_are_what_bitmart_states() -> None:
    balances = read("bitmart", API, "futures").balances
    assert amounts(balances) == {
        "USDT": ("812.40000000", "37.50000000", "150.10000000", "995.25000000", None),
        "BTC": ("0", "0", "0", "0", None),
        "ETH": ("0", "0.25", "1", "-0.75", None),
    }
    assert [row.pnl for row in balances] == [Decimal("-4.75000000"), 0, None]
    assert all(row.usd is row.usdt is row.price is None for row in balances)


def test_the_equity_is_not_worked_out_again() -> None:
    row = futures(available_balance="10", unrealized="9", equity="16")  # the profit is in what is free already
    assert (row.available, row.net, row.pnl) == (10, 16, 9)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_profit_that_is_not_stated_is_not_zero(nothing: Any) -> None:
    assert futures(unrealized=nothing).pnl is None
    assert futures(unrealized="0").pnl == 0


def test_an_empty_list_of_futures_is_no_error() -> None:
    memory = RowMemory()
    assert len(converse(bitmart.read_futures(memory), [ROW]).result.balances) == 1
    assert converse(bitmart.read_futures(memory), []).result.empty


def test_each_pair_that_holds_something_is_a_wallet_and_what_is_owed_is_what_is_unpaid() -> None:
    reading = read("bitmart", API, "isolated_margin")
    assert not reading.balances
    assert {name: amounts(part.balances) for name, part in reading.parts.items()} == {
        "isolated_margin/BTCUSDT": {
            "BTC": ("0.01000000", "0.00050000", "0", "0.00849900", "0.00200100"),
            "USDT": ("250.00000000", "0", "0", "250.00000000", "0"),
        },
        "isolated_margin/SOLUSDC": {
            "SOL": ("0", "0", "0", "0", "0"),
            "USDC": ("3", "1.5", "0", "-2.75", "7.25"),
        },
    }


def test_pairs_of_zeros_alone_are_an_empty_answer() -> None:
    answer = API.unwrap(200, sample("bitmart", bitmart.ISOLATED.path))
    answer["symbols"] = [pair for pair in answer["symbols"] if pair["symbol"] == "ETH_USDT"]
    assert converse(bitmart.read_isolated(RowMemory()), answer).result.empty


@pytest.mark.parametrize("lacks", ["symbol", "base", "quote"])
def test_a_pair_without_its_name_or_one_of_its_sides_is_no_answer(lacks: str) -> None:
    answer = API.unwrap(200, sample("bitmart", bitmart.ISOLATED.path))
    answer["symbols"][1] = {name: value for name, value in answer["symbols"][1].items() if name != lacks}
    with pytest.raises(BadPayload, match=lacks):
        converse(bitmart.read_isolated(RowMemory()), answer)


@pytest.mark.parametrize("answer", [{}, {"pairs": []}, None, [], {"symbols": {}}])
def test_another_shape_is_no_empty_list_of_pairs(answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(bitmart.read_isolated(RowMemory()), answer)
