"""The rows of a wallet's last answer are remembered, so that an unchanged row is not parsed again."""

from decimal import Decimal
from operator import itemgetter
from typing import Any

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Balance, Reading
from exporter.exchanges.base import RowMemory
from exporter.exchanges.readers import REMEMBERED, SLICE, grouped, holding, holdings, price_book, rows, usdt_values

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


def pair(symbol: Any, coin: Any, free: Any = "0") -> dict[str, Any]:
    return {"symbol": symbol, **row(coin, free)}


def read_pairs(memory: RowMemory, *answer: Any) -> Reading:
    reader = grouped(
        list(answer),
        lambda symbol: f"isolated_margin/{symbol.replace('_', '')}",
        lambda entry: (entry["symbol"], (entry,)),
        FIELDS,
        holding,
        memory,
    )
    reading: Reading = converse(reader).result
    return reading


def held(reading: Reading) -> dict[str, dict[str, str]]:
    return {wallet: {one.currency: str(one.net) for one in part.balances} for wallet, part in reading.parts.items()}


def test_one_list_is_the_wallets_that_it_names_and_pairs_of_zeros_are_none() -> None:
    listed = [pair("BTC_USDT", "BTC", "1"), pair("ETH_USDT", "ETH"), pair("BTC_USDT", "USDT"), pair("ETH_USDT", "USDT")]
    reading = read_pairs(RowMemory(), *listed)
    assert held(reading) == {"isolated_margin/BTCUSDT": {"BTC": "1", "USDT": "0"}}
    assert not reading.balances
    assert not reading.empty


def test_an_entry_may_hold_the_rows_of_its_wallet() -> None:
    listed = [{"symbol": "BTC_USDT", "base": row("BTC", "0"), "quote": row("USDT", "250.5")}]

    def members(entry: Any) -> tuple[Any, tuple[Any, Any]]:
        return entry["symbol"], (entry["base"], entry["quote"])

    reading = converse(grouped(listed, str, members, FIELDS, holding, RowMemory())).result
    assert held(reading) == {"BTC_USDT": {"BTC": "0", "USDT": "250.5"}}
    with pytest.raises(BadPayload, match="another shape"):
        converse(grouped([{**listed[0], "quote": None}], str, members, FIELDS, holding, RowMemory()))


def test_a_row_of_a_pair_that_did_not_change_stays_the_same_object() -> None:
    memory = RowMemory()
    before = read_pairs(memory, pair("A", "BTC", "1"), pair("B", "BTC", "2"), pair("C", "BTC")).parts
    after = read_pairs(memory, pair("A", "BTC", "1"), pair("B", "BTC", "3"), pair("C", "BTC")).parts
    assert after["isolated_margin/A"].balances[0] is before["isolated_margin/A"].balances[0]
    assert after["isolated_margin/B"].balances[0] is not before["isolated_margin/B"].balances[0]
    assert len(memory) == 3
    alike = [pair(name, "USDT", "5") for name in "ABC"]
    first, then = ([part.balances[0] for part in read_pairs(memory, *alike).parts.values()] for _ in range(2))
    assert [new is old for old, new in zip(first, then, strict=True)] == [True] * 3
    read_pairs(memory, pair("A", "BTC", 1))
    assert memory == {}


def test_a_row_that_cannot_be_read_costs_its_currency_in_its_own_pair_only() -> None:
    listed = [pair("A", "USDT", None), pair("A", "BTC"), pair("B", "USDT", "7"), pair("B", "BTC", "1")]
    reading = read_pairs(RowMemory(), *listed)
    assert held(reading) == {"isolated_margin/A": {"BTC": "0"}, "isolated_margin/B": {"USDT": "7", "BTC": "1"}}
    assert [bad.name for bad in reading.parts["isolated_margin/A"].unreadable] == ["USDT"]
    assert not reading.parts["isolated_margin/B"].unreadable
    with pytest.raises(BadPayload, match="3 of 4"):
        read_pairs(RowMemory(), *(pair(name, "USDT", "?") for name in "ABC"), pair("D", "USDT", "1"))


@pytest.mark.parametrize(
    "entry", [None, 7, [], {}, pair(None, "BTC"), pair("", "BTC"), pair(["A"], "BTC"), pair("A", None), pair("A", [1])]
)
def test_an_entry_without_a_name_of_its_wallet_or_currency_is_no_answer(entry: Any) -> None:
    with pytest.raises(BadPayload):
        read_pairs(RowMemory(), pair("A", "BTC", "1"), entry)


def test_a_large_list_of_pairs_gives_others_their_turn() -> None:
    memory = RowMemory()
    listed = [pair(f"P{number // 2}", coin, "1") for number in range(0, 6 * SLICE, 2) for coin in ("A", "B")]
    talk = converse(grouped(listed, str, lambda entry: (entry["symbol"], (entry,)), FIELDS, holding, memory))
    assert talk.pauses >= 12
    assert len(talk.result.parts) == 3 * SLICE
    one_wallet = [pair("P", f"C{number}", "1") for number in range(6 * SLICE)]
    talk = converse(grouped(one_wallet, str, lambda entry: (entry["symbol"], (entry,)), FIELDS, holding, memory))
    assert talk.pauses >= 10


def test_more_rows_than_are_worked_on_are_no_answer_in_however_many_entries_they_stand() -> None:
    entries = [("A", [row("BTC")] * 10_001), ("B", [row("BTC")] * 10_000)]
    with pytest.raises(BadPayload, match="20001 rows"):
        converse(grouped(entries, str, lambda entry: entry, FIELDS, holding, RowMemory()))
