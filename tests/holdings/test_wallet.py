"""A wallet's rows: replaced whole, emptied by rule, expired by clock."""

from decimal import Decimal

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading, WalletValue
from exporter.holdings.shown import Choice
from tests.kit.accounts import DAY, NOW, accept, book, fail, shown, stands, values, wallet
from tests.kit.accounts import balance as row


def test_a_good_answer_replaces_the_wallet_whole() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "2"})
    accept(held, {"XRP": "3", "BTC": "4"}, NOW + 30)
    assert shown(held) == {"XRP": 3, "BTC": 4, "ETH": 0}


def test_rows_stand_in_the_order_of_the_answer_with_zeros_last() -> None:
    held = wallet(Choice(expected=frozenset({"AAA"})))
    accept(held, {"XRP": "3", "BTC": "4"})
    assert list(shown(held)) == ["XRP", "BTC", "AAA"]


def test_an_answer_of_the_same_rows_changes_nothing() -> None:
    held, rows = wallet(), [row("BTC", "1")]
    assert held.accept(Reading(rows), NOW, NOW)
    assert not held.accept(Reading(list(rows)), NOW + 30, NOW + 30)
    assert held.last_success == NOW + 30
    assert held.fresh(NOW + 630)


def test_another_count_of_unknown_rows_is_a_change() -> None:
    held, rows = wallet(), [row("BTC", "1")]
    held.accept(Reading(rows), NOW, NOW)
    assert held.accept(Reading(rows, ignored=2), NOW + 30, NOW + 30)
    assert held.ignored == 2


def test_an_unchanged_row_stays_the_same_object() -> None:
    held, kept = wallet(), row("BTC", "1")
    prices = book({"BTC": "100"})
    held.accept(Reading([kept, row("ETH", "1")]), NOW, NOW)
    held.revalue(prices, NOW)
    before = held.rows[0]
    held.accept(Reading([kept, row("ETH", "2")]), NOW, NOW)
    held.revalue(prices, NOW)
    assert held.rows[0] is before


# Failure: the last good values stand, for a bound.


def test_a_failed_read_changes_no_amount() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    fail(held, NOW + 30)
    held.revalue(None, NOW + 30)
    assert shown(held) == {"BTC": 1}
    assert held.up is False


def test_values_stand_until_stale_after_and_no_longer() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    fail(held, NOW + 30)
    assert held.fresh(NOW + 600)
    assert not held.fresh(NOW + 600.001)


def test_without_any_good_read_nothing_is_fresh() -> None:
    assert not wallet().fresh(NOW)


def test_the_time_of_the_first_failure_stands_while_reads_fail() -> None:
    held = wallet()
    fail(held, NOW)
    fail(held, NOW + 30)
    assert held.failure is not None
    assert held.failure.since == NOW
    accept(held, {"BTC": "1"}, NOW + 60)
    assert held.failure is None


def test_with_stale_after_0_the_first_failure_withdraws() -> None:
    held = wallet(stale_after=0.0)
    accept(held, {"BTC": "1"})
    assert held.fresh(NOW + 40)
    fail(held, NOW + 30)
    assert not held.fresh(NOW + 30)
    accept(held, {"BTC": "1"}, NOW + 60)
    assert held.fresh(NOW + 60)


def test_with_stale_after_0_values_end_after_one_interval_and_timeout() -> None:
    held = wallet(stale_after=0.0)
    accept(held, {"BTC": "1"})
    assert not held.fresh(NOW + 40.001)


def test_another_bound_counts_from_the_last_good_read() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    held.reconfigure(Choice(), required=True, stale_after=60.0, strict_seconds=40.0)
    assert held.fresh(NOW + 60)
    assert not held.fresh(NOW + 61)


# Zero: what is missing from a good answer.


def test_what_was_held_reads_zero_for_24_hours() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "1"})
    accept(held, {"ETH": "1"}, NOW + 30)
    accept(held, {"ETH": "1"}, NOW + 30 + DAY)
    assert shown(held) == {"ETH": 1, "BTC": 0}
    accept(held, {"ETH": "1"}, NOW + 31 + DAY)
    assert shown(held) == {"ETH": 1}


def test_the_24_hours_end_while_the_answers_stay_the_same() -> None:
    held, rest = wallet(), [row("ETH", "1"), row("XRP", "1")]
    held.accept(Reading([row("BTC", "1"), *rest]), NOW, NOW)
    held.revalue(None, NOW)
    held.accept(Reading(rest), NOW + 30, NOW)
    assert held.accept(Reading(rest), NOW + 31 + DAY, NOW)
    held.revalue(None, NOW + 31 + DAY)
    assert shown(held) == {"ETH": 1, "XRP": 1}


def test_a_row_of_zeros_counts_as_missing() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "0"})
    assert shown(held) == {"BTC": 1}
    for _ in range(2):
        accept(held, {"BTC": "0", "ETH": "1"})
    assert shown(held) == {"ETH": 1, "BTC": 0}


def test_a_debt_alone_is_held() -> None:
    held = wallet(borrows=True)
    held.accept(Reading([row("BTC", "0", net=Decimal(-1), borrowed=Decimal(1))]), NOW, NOW)
    held.revalue(None, NOW)
    assert shown(held) == {"BTC": -1}


def test_a_debt_as_large_as_what_is_free_is_held() -> None:
    held = wallet(borrows=True)
    held.accept(Reading([row("BTC", "1", net=Decimal(0), borrowed=Decimal(1))]), NOW, NOW)
    held.revalue(None, NOW)
    assert [(one.label, one.balance.borrowed) for one in held.rows] == [("BTC", Decimal(1))]
    assert held.holds


def test_what_comes_back_starts_its_24_hours_anew() -> None:
    held = wallet()
    for at, amount in ((0.0, "1"), (30.0, "0"), (DAY, "1"), (DAY + 30, "0"), (2 * DAY, "0")):
        accept(held, {"BTC": amount, "ETH": "1"}, NOW + at)
    assert shown(held) == {"ETH": 1, "BTC": 0}


def test_an_expected_currency_reads_zero_without_end() -> None:
    held = wallet(Choice(expected=frozenset({"BTC"})))
    accept(held, {"ETH": "1"})
    accept(held, {"ETH": "1"}, NOW + 3 * DAY)
    assert shown(held) == {"ETH": 1, "BTC": 0}


@pytest.mark.parametrize(("borrows", "borrowed"), [(True, Decimal(0)), (False, None)])
def test_a_zero_row_owes_nothing_where_amounts_can_be_owed(borrows: bool, borrowed: Decimal | None) -> None:
    held = wallet(Choice(expected=frozenset({"BTC"})), borrows=borrows)
    accept(held, {"ETH": "1"})
    assert held.rows[-1].balance.borrowed == borrowed


def test_a_zero_row_is_worth_nothing_only_where_there_is_a_price() -> None:
    held = wallet(Choice(expected=frozenset({"BTC", "ODD"})))
    accept(held, {"USDT": "1"}, priced=book({"BTC": "100"}))
    assert values(held) == {"USDT": 1, "BTC": 0, "ODD": None}
    assert held.valued_until < float("inf")


def test_a_newly_expected_currency_reads_zero_at_once() -> None:
    held, rows = wallet(), [row("ETH", "1")]
    held.accept(Reading(rows), NOW, NOW)
    held.reconfigure(Choice(expected=frozenset({"BTC"})), required=True, stale_after=600.0, strict_seconds=40.0)
    held.revalue(None, NOW)
    assert shown(held) == {"ETH": 1, "BTC": 0}
    held.accept(Reading(rows), NOW + 30, NOW + 30)
    held.revalue(None, NOW + 30)
    assert shown(held) == {"ETH": 1, "BTC": 0}


def test_a_zero_that_is_no_longer_expected_goes() -> None:
    held = wallet(Choice(expected=frozenset({"BTC"})))
    accept(held, {"ETH": "1"})
    held.reconfigure(Choice(), required=True, stale_after=600.0, strict_seconds=40.0)
    held.revalue(None, NOW)
    assert shown(held) == {"ETH": 1}


# Empty answers.


def test_an_empty_list_is_refused_where_zeros_are_listed() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"BTC": "1"})
    with pytest.raises(BadPayload):
        held.accept(Reading(), NOW + 30, NOW + 30)
    assert held.last_success == NOW


def test_an_empty_answer_is_believed_when_the_next_poll_repeats_it() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    accept(held, {}, NOW + 30)
    assert shown(held) == {"BTC": 1}
    assert held.last_success == NOW
    assert held.up is True
    accept(held, {}, NOW + 60)
    assert shown(held) == {"BTC": 0}
    assert held.last_success == NOW + 60


@pytest.mark.parametrize("between", ["a failure", "another answer"])
def test_an_empty_answer_that_is_not_repeated_is_not_believed(between: str) -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    accept(held, {}, NOW + 30)
    if between == "a failure":
        fail(held, NOW + 60)
    else:
        accept(held, {"BTC": "1"}, NOW + 60)
    accept(held, {}, NOW + 90)
    assert shown(held) == {"BTC": 1}


def test_an_empty_first_answer_is_believed_at_once() -> None:
    held = wallet(Choice(expected=frozenset({"BTC"})))
    accept(held, {})
    assert shown(held) == {"BTC": 0}
    assert held.fresh(NOW)


def test_an_empty_overview_needs_repetition_too() -> None:
    held = wallet(overview=True)
    held.accept(Reading(values=[WalletValue("earn", usd=Decimal(5))]), NOW, NOW)
    held.accept(Reading(), NOW + 300, NOW + 300)
    assert held.reported(book({}), NOW + 300) == {"earn": 5}
    held.accept(Reading(), NOW + 600, NOW + 600)
    assert held.reported(book({}), NOW + 600) == {}


def test_a_trusted_empty_answer_is_believed_at_once_even_where_zeros_are_listed() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"BTC": "1"})
    held.accept(Reading(), NOW + 30, NOW + 30, trusted=True)
    held.revalue(None, NOW + 30)
    assert shown(held) == {"BTC": 0}
    assert held.remembered


# Rows that are missing where zeros are listed.


def test_a_row_that_is_missing_where_zeros_are_listed_is_no_answer() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"BTC": "1", "ETH": "1", "XRP": "1"})
    for later in (30, 60, 600):
        with pytest.raises(BadPayload, match="'XRP' was held and has no row"):
            held.accept(Reading([row("BTC", "1"), row("ETH", "1")]), NOW + later, NOW)
        fail(held, NOW + later)
    assert shown(held) == {"BTC": 1, "ETH": 1, "XRP": 1}


def test_a_zero_row_is_an_answer_where_zeros_are_listed() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"BTC": "1", "ETH": "1", "XRP": "1"})
    accept(held, {"BTC": "1", "ETH": "1", "XRP": "0"}, NOW + 30)
    assert shown(held) == {"BTC": 1, "ETH": 1, "XRP": 0}
    accept(held, {"BTC": "1", "ETH": "2"}, NOW + 60)  # nobody holds XRP any more
    assert shown(held) == {"BTC": 1, "ETH": 2, "XRP": 0}


def test_an_answer_may_tell_beside_its_rows_what_it_listed() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"btc": "1", "eth": "1"})
    with pytest.raises(BadPayload):
        held.accept(Reading([row("btc", "1")], listed={"btc", "xrp"}), NOW + 30, NOW)
    assert held.accept(Reading([row("btc", "1")], listed={"btc", "eth"}), NOW + 60, NOW)


def test_a_currency_that_the_exchange_renamed_is_let_go_once_it_is_withdrawn() -> None:
    held = wallet(lists_zeros=True)
    accept(held, {"BTC": "1", "MATIC": "1"})
    with pytest.raises(BadPayload) as caught:
        held.accept(Reading([row("BTC", "1"), row("POL", "1")]), NOW + 600, NOW)
    assert "renamed" in caught.value.advice
    fail(held, NOW + 600)
    accept(held, {"BTC": "1", "POL": "1"}, NOW + 601)
    assert shown(held) == {"BTC": 1, "POL": 1, "MATIC": 0}


# Two spellings of one coin.


def test_a_coin_that_was_seen_in_two_spellings_once_leaves_no_trace() -> None:
    held = wallet(Choice(expected=frozenset({"USDT"})))
    accept(held, {"usdt": "100", "btc": "1"})
    assert stands(held, {"usdt": "100", "USDT": "7", "btc": "1"}, NOW + 30)
    accept(held, {"usdt": "99", "btc": "1"}, NOW + 60)
    assert shown(held) == {"USDT": 99, "BTC": 1}


@pytest.mark.parametrize(("raw", "other"), [("usdt", "USDT"), ("USDT", "usdt")])
def test_a_coin_whose_two_spellings_stay_for_a_while_has_its_label_back_at_once(raw: str, other: str) -> None:
    held = wallet(Choice(expected=frozenset({"USDT"})))
    accept(held, {raw: "100", "btc": "1"})
    for at in (NOW + 30, NOW + 60):
        accept(held, {raw: "100", other: "7", "btc": "1"}, at)
    assert shown(held) == {raw: 100, other: 7, "BTC": 1}
    accept(held, {raw: "99", "btc": "1"}, NOW + 90)
    assert shown(held) == {"USDT": 99, "BTC": 1, "usdt": 0}


def test_a_namesake_does_not_take_the_label_of_a_coin_that_was_emptied() -> None:
    held = wallet()
    accept(held, {"USDT": "100", "BTC": "1"})
    for at in (NOW + 30, NOW + 60):
        accept(held, {"USDT": "100", "Usdt": "7", "BTC": "1"}, at)
    accept(held, {"Usdt": "7", "BTC": "1"}, NOW + 90)
    assert shown(held) == {"Usdt": 7, "BTC": 1, "USDT": 0}


# A wallet that never held anything.


@pytest.mark.parametrize("zeros", [True, False])
def test_a_wallet_that_was_never_funded_is_empty(zeros: bool) -> None:
    held = wallet(Choice(expected=frozenset({"BTC"})), lists_zeros=True)
    if zeros:
        accept(held, {"ETH": "0"})
    for later in (30, 60, 90):
        accept(held, {}, NOW + later)
        assert shown(held) == {"BTC": 0}
        assert held.up is True
    accept(held, {"ETH": "1"}, NOW + 120)
    accept(held, {"ETH": "0"}, NOW + 150)
    accept(held, {"ETH": "0"}, NOW + 180)
    assert shown(held) == {"BTC": 0, "ETH": 0}
    with pytest.raises(BadPayload, match="an empty list"):
        held.accept(Reading(), NOW + 210 + 2 * DAY, NOW)
