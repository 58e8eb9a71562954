"""The zero rule alone: what a good read lacks reads 0, for 24 hours or without end."""

import weakref
from collections.abc import Mapping
from decimal import Decimal

import pytest

from exporter.holdings.zeros import MOST, Zeros
from tests.kit.accounts import DAY

HOUR = 3600.0
NOBODY: frozenset[str] = frozenset()


class Amounts(dict[str, object]):
    """A mapping that can be watched: what is freed is not kept by anybody."""


def held(*labels: str) -> Mapping[str, object]:
    return dict.fromkeys(labels, "something")


def test_before_any_read_only_expected_currencies_read_zero() -> None:
    assert not Zeros(NOBODY).balances
    assert list(Zeros({"BTC"}).balances) == ["BTC"]


def test_what_is_held_does_not_read_zero() -> None:
    zeros = Zeros({"BTC"})
    zeros.replace(held("BTC", "ETH"), 0.0)
    assert not zeros.balances


def test_what_was_never_held_does_not_read_zero() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("ETH"), 0.0)
    zeros.replace(held("ETH", "XRP"), HOUR)
    assert not zeros.balances


def test_what_a_good_read_lacks_reads_zero() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC", "ETH"), 0.0)
    zeros.replace(held("ETH"), HOUR)
    assert list(zeros.balances) == ["BTC"]
    assert zeros.gone == {"BTC"}


def test_the_24_hours_count_from_the_first_good_read_that_lacked_it() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC", "ETH"), 0.0)
    zeros.replace(held("ETH"), HOUR)
    zeros.replace(held("ETH", "XRP"), 20 * HOUR)
    assert zeros.end == HOUR + DAY
    zeros.replace(held("ETH", "XRP"), HOUR + DAY)
    assert list(zeros.balances) == ["BTC"]
    zeros.replace(held("ETH", "XRP"), HOUR + DAY + 0.001)
    assert not zeros.balances
    assert zeros.end == float("inf")


def test_a_read_tells_whose_24_hours_are_over() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("ADA", "BTC", "ETH"), 0.0)
    assert not zeros.replace(held("ADA", "ETH"), HOUR)
    assert not zeros.replace(held("ETH"), 2 * HOUR)
    assert set(zeros.replace(held("ETH"), HOUR + DAY + 1)) == {"BTC"}
    assert zeros.end == 2 * HOUR + DAY
    assert list(zeros.balances) == ["ADA"]


def test_the_24_hours_do_not_end_without_a_good_read() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC"), 0.0)
    zeros.replace(held(), HOUR)
    zeros.expect({"ETH"})
    assert list(zeros.balances) == ["BTC", "ETH"]
    assert zeros.gone == {"BTC"}


def test_a_return_ends_it() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC"), 0.0)
    zeros.replace(held(), HOUR)
    assert not zeros.replace(held("BTC"), 2 * HOUR)
    assert not zeros.balances
    assert not zeros.gone


def test_a_return_after_the_24_hours_is_nobodys_end() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC"), 0.0)
    zeros.replace(held(), HOUR)
    assert not zeros.replace(held("BTC"), 3 * DAY)


def test_what_goes_again_gets_its_24_hours_anew() -> None:
    zeros = Zeros(NOBODY)
    for at, labels in ((0.0, held("BTC")), (HOUR, held()), (DAY, held("BTC")), (DAY + HOUR, held())):
        zeros.replace(labels, at)
    assert zeros.end == 2 * DAY + HOUR


def test_what_is_held_for_days_gets_its_24_hours_from_the_read_that_lacked_it() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC"), 0.0)
    zeros.replace(held(), 9 * DAY)
    assert list(zeros.balances) == ["BTC"]


def test_an_expected_currency_reads_zero_without_end() -> None:
    zeros = Zeros({"BTC"})
    zeros.replace(held("BTC"), 0.0)
    zeros.replace(held(), HOUR)
    zeros.replace(held(), 9 * DAY)
    assert list(zeros.balances) == ["BTC"]
    assert not zeros.gone


def test_other_expected_currencies_count_at_once() -> None:
    zeros = Zeros({"BTC"})
    zeros.replace(held("ETH"), 0.0)
    zeros.expect({"XRP", "ETH"})
    assert list(zeros.balances) == ["XRP"]


def test_zeros_stand_in_alphabetical_order() -> None:
    zeros = Zeros({"XRP"})
    zeros.replace(held("BTC", "ADA"), 0.0)
    zeros.replace(held(), HOUR)
    assert list(zeros.balances) == ["ADA", "BTC", "XRP"]


def test_a_zero_stays_the_same_object() -> None:
    zeros = Zeros({"BTC"})
    before = zeros.balances["BTC"]
    zeros.replace(held("ETH"), 0.0)
    assert zeros.balances["BTC"] is before


@pytest.mark.parametrize(("borrows", "borrowed"), [(True, Decimal(0)), (False, None)])
def test_every_amount_is_zero_and_a_debt_where_there_can_be_one(borrows: bool, borrowed: Decimal | None) -> None:
    (zero,) = Zeros({"BTC"}, borrows=borrows).balances.values()
    assert zero.is_zero
    assert zero.borrowed == borrowed


def test_the_amounts_of_an_earlier_read_are_let_go_of() -> None:
    zeros = Zeros(NOBODY)
    first, second = Amounts(BTC=1), Amounts(BTC=2)
    gone = weakref.ref(first)
    zeros.replace(first, 1.0)
    del first
    zeros.replace(second, 2.0)
    assert gone() is None


# Bounds: an exchange that invents names must not fill the memory.


def test_what_was_not_shown_does_not_read_zero() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held("BTC", "DUST", "ETH"), 0.0)
    zeros.replace(held("ETH"), HOUR, {"BTC", "ETH"})
    assert list(zeros.balances) == ["BTC"]
    assert zeros.let_go == 0


def test_what_went_longest_ago_is_let_go_when_too_many_read_zero() -> None:
    zeros = Zeros({"USDT"})
    zeros.replace(held("OLD", "USDT"), 0.0)
    names = [f"C{number}" for number in range(MOST)]
    zeros.replace(held(*names), HOUR)
    assert list(zeros.balances) == ["OLD", "USDT"]
    assert set(zeros.replace(held(), 2 * HOUR)) == {"OLD"}
    assert zeros.balances.keys() == {"USDT", *names}
    assert zeros.let_go == 1
    zeros.expect(NOBODY)
    assert "USDT" in zeros.balances


def test_zeros_stay_bounded_while_every_read_brings_other_names() -> None:
    zeros = Zeros(NOBODY)
    for read in range(200):
        zeros.replace(held(*(f"R{read}C{number}" for number in range(100))), 60.0 * read)
    assert len(zeros.balances) == MOST
    assert "R198C0" in zeros.balances
    assert zeros.let_go == 199 * 100 - MOST


def test_what_was_let_go_is_counted_until_its_24_hours_are_over() -> None:
    zeros = Zeros(NOBODY)
    zeros.replace(held(*(f"C{number}" for number in range(MOST + 5))), 0.0)
    zeros.replace(held(), HOUR)
    assert zeros.let_go == 5
    zeros.replace(held("BTC"), HOUR + DAY)
    assert zeros.let_go == 5
    assert zeros.end == HOUR + DAY
    zeros.replace(held("BTC"), HOUR + DAY + 1)
    assert zeros.let_go == 0
    assert zeros.end == float("inf")
