"""A wallet's rows: replaced whole, emptied by rule, expired by clock."""

from decimal import Decimal

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading, WalletValue
from exporter.holdings.shown import Choice
from tests.kit.accounts import DAY, NOW, accept, book, fail, shown, values, wallet
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
    held, rest = wallet(), [row("ETH", "1")]
    held.accept(Reading([row("BTC", "1"), *rest]), NOW, NOW)
    held.accept(Reading(rest), NOW + 30, NOW)
    assert held.accept(Reading(rest), NOW + 31 + DAY, NOW)
    held.revalue(None, NOW + 31 + DAY)
    assert shown(held) == {"ETH": 1}


def test_a_row_of_zeros_counts_as_missing() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "0"})
    assert shown(held) == {"BTC": 1}
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
