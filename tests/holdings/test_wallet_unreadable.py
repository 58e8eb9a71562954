"""Rows that cannot be read cost their own currency: it is neither served nor taken for emptied."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading, Unreadable, WalletValue
from exporter.holdings.shown import Choice
from exporter.holdings.wallet import Wallet
from tests.kit.accounts import DAY, NOW, accept, book, shown, wallet
from tests.kit.accounts import balance as row


def accept_with(held: Wallet, amounts: dict[str, str], unreadable: Sequence[str], now: float = NOW) -> None:
    rows = [row(name, amount) for name, amount in amounts.items()]
    held.accept(Reading(rows, unreadable=[Unreadable(name, "null") for name in unreadable]), now, now)
    held.revalue(book({}), now)


def test_an_unreadable_currency_is_not_served_and_not_emptied() -> None:
    held = wallet(Choice(expected=frozenset({"USDT"})))
    accept(held, {"BTC": "1", "ETH": "2", "XRP": "3"})
    accept_with(held, {"ETH": "2", "XRP": "3"}, ["btc", "usdt", "NEW"], NOW + 30)
    assert shown(held) == {"ETH": 2, "XRP": 3}
    assert held.unreadable_count == 3
    assert held.unreadable_rows == {"BTC": "null", "USDT": "null", "NEW": "null"}
    assert held.unreadable == {"BTC", "USDT"}  # NEW was never held, and nobody expects it
    assert held.up is True
    assert held.last_success == NOW + 30


def test_an_unreadable_currency_is_back_with_the_first_amount() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "2"})
    accept_with(held, {"ETH": "2"}, ["BTC"], NOW + 30)
    accept(held, {"BTC": "5", "ETH": "2"}, NOW + 60)
    assert shown(held) == {"BTC": 5, "ETH": 2}
    assert held.unreadable == frozenset()
    assert held.unreadable_count == 0


def test_an_unreadable_currency_that_is_gone_afterwards_reads_0_for_24_hours() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "2", "XRP": "3"})
    accept_with(held, {"ETH": "2", "XRP": "3"}, ["BTC"], NOW + 30)
    accept(held, {"ETH": "2", "XRP": "3"}, NOW + 60)
    assert shown(held) == {"ETH": 2, "XRP": 3, "BTC": 0}
    accept(held, {"ETH": "2", "XRP": "3"}, NOW + 61 + DAY)
    assert shown(held) == {"ETH": 2, "XRP": 3}


def test_a_zero_that_becomes_unreadable_reads_nothing() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "2", "XRP": "3"})
    accept(held, {"ETH": "2", "XRP": "3"}, NOW + 30)
    accept_with(held, {"ETH": "2", "XRP": "3"}, ["BTC"], NOW + 60)
    assert shown(held) == {"ETH": 2, "XRP": 3}
    assert held.unreadable == {"BTC"}
    accept(held, {"ETH": "2", "XRP": "3"}, NOW + 90)
    assert shown(held) == {"ETH": 2, "XRP": 3, "BTC": 0}


def test_a_wallet_that_becomes_unreadable_and_empty_next_has_to_say_so_twice() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    accept_with(held, {}, ["BTC"], NOW + 30)
    assert shown(held) == {}
    assert held.holds
    accept(held, {}, NOW + 60)
    assert shown(held) == {}
    accept(held, {}, NOW + 90)
    assert shown(held) == {"BTC": 0}


def test_an_unreadable_row_counts_as_a_row_where_zeros_are_listed() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"BTC": "1", "ETH": "2"})
    accept_with(held, {"ETH": "2"}, ["BTC"], NOW + 30)
    with pytest.raises(BadPayload, match="BTC"):
        held.accept(Reading([row("ETH", "2")]), NOW + 60, NOW)


def test_a_namesake_never_gets_the_label_of_what_cannot_be_read() -> None:
    held = wallet()
    accept(held, {"USDT": "100", "BTC": "1", "ETH": "1"})
    accept_with(held, {"usdt": "5", "BTC": "1", "ETH": "1"}, ["USDT"], NOW + 30)
    assert shown(held) == {"USDT": 100, "BTC": 1, "ETH": 1}  # two spellings have to be repeated
    accept_with(held, {"usdt": "5", "BTC": "1", "ETH": "1"}, ["USDT"], NOW + 60)
    assert shown(held) == {"usdt": 5, "BTC": 1, "ETH": 1}


def test_the_same_unreadable_rows_change_nothing() -> None:
    held, kept = wallet(), row("ETH", "1")
    for later, changed in ((0, True), (30, False), (60, False)):
        answer = Reading([kept], unreadable=[Unreadable("BTC", "null")])
        assert held.accept(answer, NOW + later, NOW) is changed


def test_an_unreadable_value_of_an_overview_is_not_gone() -> None:
    held = wallet(overview=True)
    held.accept(Reading(values=[WalletValue("earn", usd=Decimal(5)), WalletValue("spot", usd=Decimal(1))]), NOW, NOW)
    told = Reading(values=[WalletValue("spot", usd=Decimal(2))], unreadable=[Unreadable("earn", "?")])
    assert held.accept(told, NOW + 300, NOW + 300)
    assert held.reported(book({}), NOW + 300) == {"spot": 2}
