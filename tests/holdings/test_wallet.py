"""A wallet's rows: replaced whole, emptied by rule, expired by clock."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading, Unreadable, WalletValue
from exporter.holdings.prices import PriceBook
from exporter.holdings.shown import Choice
from exporter.holdings.wallet import MAX_VALUES, Wallet
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


# Answers that take most of a wallet away.


def stands(held: Wallet, answer: dict[str, str], at: float, priced: PriceBook | None = None) -> bool:
    """Whether everything stands after this answer, as if it had not come."""
    before, since = shown(held), held.last_success
    accept(held, answer, at, priced)
    assert held.up is True
    return shown(held) == before and held.last_success == since


def test_a_zero_row_does_not_make_an_emptied_wallet_believed_at_once() -> None:
    held = wallet()
    accept(held, {"BTC": "1", "ETH": "1"})
    assert stands(held, {"BTC": "0"}, NOW + 30)
    accept(held, {"BTC": "0"}, NOW + 60)
    assert shown(held) == {"BTC": 0, "ETH": 0}


def test_most_of_the_coins_go_when_the_next_answer_lacks_most_of_them_too() -> None:
    held = wallet()
    accept(held, {"A": "1", "B": "1", "C": "1"})
    assert stands(held, {"A": "1"}, NOW + 30)
    accept(held, {"B": "2"}, NOW + 60)
    assert shown(held) == {"B": 2, "A": 0, "C": 0}


def test_half_of_the_coins_go_at_once() -> None:
    held = wallet()
    accept(held, {"A": "1", "B": "1"})
    accept(held, {"A": "1"}, NOW + 30)
    assert shown(held) == {"A": 1, "B": 0}


def test_most_of_the_worth_goes_when_the_next_answer_repeats_it() -> None:
    held, prices = wallet(), book({"BTC": "100", "ETH": "10", "XRP": "1"})
    coins = {"BTC": "1", "ETH": "1", "XRP": "1"}
    accept(held, coins, priced=prices)
    rest = {"ETH": "1", "XRP": "1"}
    assert stands(held, rest, NOW + 30, prices)
    accept(held, rest, NOW + 60, prices)
    assert shown(held) == {"ETH": 1, "XRP": 1, "BTC": 0}


def test_the_worth_is_that_of_the_moment() -> None:
    held, prices, coins = wallet(), book({"BTC": "100", "ETH": "10"}), {"BTC": "1", "ETH": "1"}
    accept(held, coins, priced=prices)
    prices.replace({"BTC/USDT": "1", "ETH/USDT": "10"}, NOW, NOW)
    held.revalue(prices, NOW)
    accept(held, {"ETH": "1"}, NOW + 30, prices)
    assert shown(held) == {"ETH": 1, "BTC": 0}


def test_amounts_that_shrink_are_shown_at_once() -> None:
    held, prices = wallet(), book({"BTC": "100"})
    accept(held, {"BTC": "1000", "USDT": "5"}, priced=prices)
    accept(held, {"BTC": "0.001", "USDT": "5"}, NOW + 30, prices)
    assert shown(held) == {"BTC": Decimal("0.001"), "USDT": 5}


@pytest.mark.parametrize("between", ["a failure", "another answer"])
def test_what_is_not_repeated_is_not_believed(between: str) -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    assert stands(held, {"BTC": "0"}, NOW + 30)
    if between == "a failure":
        fail(held, NOW + 60)
    else:
        accept(held, {"BTC": "1"}, NOW + 60)
    assert stands(held, {"BTC": "0"}, NOW + 90)


def test_values_that_wait_for_a_repetition_still_end() -> None:
    held = wallet()
    accept(held, {"BTC": "1"})
    accept(held, {"BTC": "0"}, NOW + 30)
    assert held.fresh(NOW + 600)
    assert not held.fresh(NOW + 600.001)


def test_an_overview_that_loses_most_of_its_worth_needs_repetition_too() -> None:
    held = wallet(overview=True)
    full = [WalletValue("spot", usdt=Decimal(90)), WalletValue("earn", usd=Decimal(5)), WalletValue("grid")]
    held.accept(Reading(values=full), NOW, NOW)
    rest = [WalletValue("spot", usdt=Decimal(0)), WalletValue("earn", usd=Decimal(5))]
    held.accept(Reading(values=rest), NOW + 300, NOW + 300)
    assert held.reported(book({}), NOW + 300) == {"spot": 90, "earn": 5}
    held.accept(Reading(values=rest), NOW + 600, NOW + 600)
    assert held.reported(book({}), NOW + 600) == {"spot": 0, "earn": 5}


def test_an_overview_of_far_too_many_wallets_is_refused() -> None:
    held = wallet(overview=True)
    many = [WalletValue(f"w{number}", usd=Decimal(1)) for number in range(MAX_VALUES + 1)]
    held.accept(Reading(values=many[1:]), NOW, NOW)
    with pytest.raises(BadPayload, match="more than"):
        held.accept(Reading(values=many), NOW, NOW)


def test_wallets_of_an_overview_that_would_be_written_alike_are_added() -> None:
    held = wallet(overview=True)
    values = [WalletValue("\ud800", usd=Decimal(1)), WalletValue("\\ud800", usd=Decimal(2))]
    held.accept(Reading(values=values), NOW, NOW)
    assert held.reported(book({}), NOW) == {"\\ud800": 3}


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


# Rows that cannot be read.


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
