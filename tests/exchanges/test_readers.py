"""The rows of a wallet's last answer are remembered, so that an unchanged row is not parsed again."""

from decimal import Decimal
from operator import itemgetter
from typing import Any

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Balance
from exporter.exchanges.base import RowMemory
from exporter.exchanges.readers import REMEMBERED, SLICE, holding, holdings, price_book, rows, usdt_values

from .driver import converse

FIELDS = itemgetter("coin", "free", "locked")


def row(coin: str, free: Any = "1") -> dict[str, Any]:
    return {"coin": coin, "free": free, "locked": "0"}


def read(memory: RowMemory, *answer: dict[str, Any]) -> list[Balance]:
    reading = converse(rows(list(answer), FIELDS, holding, memory, holdings)).result
    return list(reading.balances)


def test_rows_are_known_wherever_they_stand_and_the_others_are_made_in_their_places() -> None:
    memory = RowMemory()
    btc, eth = read(memory, row("BTC"), row("ETH"))
    again = read(memory, row("SOL"), row("ETH"), row("XRP", "2"), row("BTC"))
    assert [balance.currency for balance in again] == ["SOL", "ETH", "XRP", "BTC"]
    assert again[1] is eth
    assert again[3] is btc


def test_what_left_the_answer_is_remembered_no_longer() -> None:
    memory = RowMemory()
    read(memory, row("BTC"), row("ETH"))
    read(memory, row("BTC"))
    assert list(memory) == [("BTC", "1", "0")]
    read(memory, row("BTC", "2"))
    assert list(memory) == [("BTC", "2", "0")]


def test_an_answer_with_a_number_anywhere_is_not_remembered() -> None:
    memory = RowMemory()
    read(memory, row("X", 1), *(row(f"C{number}") for number in range(2 * SLICE)), row("Y", "1e5"))
    assert memory == {}


def test_of_a_very_long_answer_one_row_that_is_held_is_remembered() -> None:
    memory = RowMemory()
    many = [row("EMPTY", "0"), *(row(f"C{number}") for number in range(REMEMBERED))]
    for _ in range(2):
        assert len(read(memory, *many)) == REMEMBERED + 1
        assert list(memory) == [("C0", "1", "0")]
    read(memory, *many[1:])
    assert len(memory) == REMEMBERED


def test_tickers_that_can_be_no_price_are_not_remembered() -> None:
    listed = [["A", "1.5"], ["B", 2], ["C", None], ["D", "9" * 101], ["E", [1]], ["X" * 101, "1"], [7, "1"], ["G"]]
    assert converse(price_book(listed, 0, 1)).result == {"A": "1.5", "B": 2, "C": None}


def test_two_rows_of_one_text_are_two_rows() -> None:
    memory = RowMemory()
    for _ in range(2):
        assert [balance.currency for balance in read(memory, row("BTC"), row("BTC"))] == ["BTC", "BTC"]


def test_of_an_overview_the_wallets_with_a_value_stand() -> None:
    told = [("earn", ""), ("grid", None), ("spot", "5"), ("c2c", "-"), ("funding", "7"), ("c2c", "1"), ("spot", "0.5")]
    reading = usdt_values(told)
    assert {value.wallet: value.usdt for value in reading.values} == {"spot": Decimal("5.5"), "funding": 7}
    assert [bad.name for bad in reading.unreadable] == ["c2c"]


def test_an_overview_of_which_most_cannot_be_read_is_none() -> None:
    assert usdt_values([("a", "?"), ("b", "?"), ("c", "?")]).unreadable
    with pytest.raises(BadPayload, match="3 of 4"):
        usdt_values([("a", "?"), ("b", "?"), ("c", "?"), ("d", "1")])


@pytest.mark.parametrize("values", [["", "", "", ""], [None, None, None, "1"]])
def test_wallets_of_which_the_exchange_says_nothing_are_no_fault(values: list[Any]) -> None:
    assert not usdt_values([(f"w{number}", value) for number, value in enumerate(values)]).unreadable
