"""The rows of a wallet's last answer are remembered, so that an unchanged row is not parsed again."""

from operator import itemgetter
from typing import Any

from exporter.core.model import Balance
from exporter.exchanges.base import RowMemory
from exporter.exchanges.readers import SLICE, holding, holdings, price_book, rows

from .driver import converse

FIELDS = itemgetter("coin", "free", "locked")


def row(coin: str, free: Any = "1") -> dict[str, Any]:
    return {"coin": coin, "free": free, "locked": "0"}


def read(memory: RowMemory, *answer: dict[str, Any]) -> list[Balance]:
    balances: list[Balance] = converse(rows(list(answer), FIELDS, holding, memory, holdings)).result
    return balances


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


def test_tickers_that_can_be_no_price_are_not_remembered() -> None:
    listed = [["A", "1.5"], ["B", 2], ["C", None], ["D", "9" * 101], ["E", [1]], ["X" * 101, "1"], [7, "1"], ["G"]]
    assert converse(price_book(listed, 0, 1)).result == {"A": "1.5", "B": 2, "C": None}


def test_two_rows_of_one_text_are_two_rows() -> None:
    memory = RowMemory()
    for _ in range(2):
        assert [balance.currency for balance in read(memory, row("BTC"), row("BTC"))] == ["BTC", "BTC"]
