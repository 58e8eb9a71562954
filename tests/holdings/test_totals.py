"""What several accounts hold together is the sum of all that they hold, to the last digit, or not there."""

import asyncio
import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest

from exporter.core.errors import PermissionMissing, TimedOut
from exporter.core.model import Balance, Reading, Unreadable, WalletValue
from exporter.holdings.account import AccountState
from exporter.holdings.slices import SLICE
from tests.kit.accounts import (
    LABEL_NAMES,
    NOW,
    WALL,
    Desk,
    balance,
    book,
    over,
    read,
    readable,
    refuse,
    valued,
)

NET: Final = "exchange_total_net"
USD: Final = "exchange_total_usd"
LIMIT: Final = "exchange_total_threshold"


def total(desk: Desk, now: float = NOW) -> float | None:
    """What the only total is."""
    return desk.values(NET, "total", now=now).get("firm")


def worth(desk: Desk, now: float = NOW) -> float | None:
    """What the only total is worth."""
    return desk.values(USD, "total", now=now).get("firm")


def pair(**other: object) -> tuple[Desk, AccountState, AccountState]:
    """Two accounts with a total of USDT and one of USD over both; nothing was read yet."""
    desk = Desk()
    prices = book({"BTC": "100"})
    one, two = (desk.account(name, prices, **other) for name in ("one", "two"))
    desk.count(over("one", "two"), over("one", "two", currency=""))
    return desk, one, two


def test_a_total_is_the_sum_over_accounts_and_balance_wallets() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "10", "5"), balance("BTC", "1"))
    read(one, balance("USDT", "-3", net=Decimal(-3)), wallet="margin")
    read(two, balance("USDT", "20"))
    valued(two, WalletValue("earn", usdt=Decimal(1_000_000)))
    assert desk.values(NET, "total", "shard", "currency") == {("firm", "0", "USDT"): 32}
    assert desk.values(USD, "total", "shard") == {("firm", "0"): 132}


def test_a_total_is_exact_to_the_last_digit() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "12345678901234567890.000000000000000001"))
    read(two, balance("USDT", "0.1", "0.2"))
    assert re.findall(rf"^{NET}{{.*}} (.*)$", desk.text(), re.MULTILINE) == ["12345678901234567890.300000000000000001"]


def test_a_number_beyond_all_digits_leaves_no_trace_when_it_is_gone() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "0.1"))
    read(two, balance("USDT", "1" + "0" * 95))
    assert total(desk) == 1e95
    for at in (NOW + 30, NOW + 60):  # so large a loss is believed when it is repeated
        read(two, balance("USDT", "0.2"), at=at)
    assert re.findall(rf"^{NET}{{.*}} (.*)$", desk.text(NOW + 60), re.MULTILINE) == ["0.3"]


def test_a_sum_beyond_what_a_float_holds_is_not_there() -> None:
    desk = Desk()
    names = [f"desk-{number}" for number in range(20)]
    for name in names:
        read(desk.account(name), balance("USDT", "9e306"))
    desk.count(over(*names))
    assert total(desk) is None
    desk.count(over(*names[:2]))
    assert total(desk) == 1.8e307


def test_an_account_that_does_not_hold_the_currency_adds_nothing() -> None:
    desk, one, two = pair()
    read(one, balance("BTC", "1"))
    read(two, balance("USDT", "7"))
    assert total(desk) == 7
    assert desk.values("exchange_balance_net", "account", "currency") == {("one", "BTC"): 1, ("two", "USDT"): 7}


def test_names_that_differ_only_in_case_are_other_currencies_here_too() -> None:
    desk, one, two = pair()
    read(one, balance("usdt", "1"), balance("USDT", "10"))
    read(two, balance("usdt", "100"))
    assert desk.values("exchange_balance_net", "account", "currency") == {
        ("one", "usdt"): 1,
        ("one", "USDT"): 10,
        ("two", "USDT"): 100,
    }
    assert total(desk) == 110


def test_what_is_held_but_not_shown_counts_and_what_is_left_out_does_not() -> None:
    desk, one, two = pair(min_usd=Decimal(50))
    read(one, balance("USDT", "10"))
    read(two, balance("USDT", "100"))
    assert desk.values("exchange_balance_net", "account") == {"two": 100}
    assert (total(desk), worth(desk)) == (110, 110)
    two.reconfigure(replace(two.account, exclude=("US*",)), shard=0, label_names=LABEL_NAMES)
    two.revalue(NOW)
    assert (total(desk), worth(desk)) == (10, 10)


# -- whole or absent


def test_a_total_is_absent_until_each_wallet_of_each_account_was_tried() -> None:
    desk, one, two = pair()
    assert (total(desk), worth(desk)) == (None, None)
    read(one, balance("USDT", "1"))
    assert (total(desk), worth(desk)) == (None, None)
    two.wallet("funding", readable())
    read(two, balance("USDT", "10"))
    assert (total(desk), worth(desk)) == (None, None)
    refuse(two, TimedOut("nothing came"), wallet="funding")
    assert (total(desk), worth(desk)) == (None, None)  # it may hold anything
    refuse(two, PermissionMissing("no"), wallet="funding")
    assert (total(desk), worth(desk)) == (11, 11)  # this key was never able to read it
    read(two, balance("USDT", "100"), wallet="funding")
    assert (total(desk), worth(desk)) == (111, 111)
    two.wallet("earn", readable())
    assert (total(desk), worth(desk)) == (None, None)


def test_a_total_goes_with_the_first_wallet_that_is_too_old_whoever_schedules() -> None:
    desk, one, two = pair(stale_after=300.0)
    read(one, balance("USDT", "1"))
    read(two, balance("USDT", "10"))
    read(two, balance("USDT", "100"), wallet="funding", at=NOW + 30)
    read(one, balance("USDT", "1"), at=NOW + 200)
    read(two, balance("USDT", "10"), at=NOW + 200)
    assert (total(desk, NOW + 330), worth(desk, NOW + 330)) == (111, 111)
    assert (total(desk, NOW + 331), worth(desk, NOW + 331)) == (None, None)
    read(two, balance("USDT", "200"), wallet="funding", at=NOW + 400)
    assert (total(desk, NOW + 400), worth(desk, NOW + 400)) == (211, 211)
    assert (total(desk, NOW + 501), worth(desk, NOW + 501)) == (None, None)  # nothing was told since: the clock did it


def test_a_failed_read_leaves_a_total_alone_unless_it_withdraws() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "1"))
    read(two, balance("USDT", "10"))
    refuse(two, TimedOut("nothing came"))
    assert (total(desk), worth(desk)) == (11, 11)
    two.reconfigure(replace(two.account, stale_after=0.0), shard=0, label_names=LABEL_NAMES)
    two.revalue(NOW)
    assert (total(desk), worth(desk)) == (None, None)


def unreadable(state: AccountState, name: str, *rows: Balance, at: float) -> None:
    reading = Reading(rows, unreadable=[Unreadable(name, "null")])
    state.accepted(state.wallets["spot"], reading, at, WALL)


def test_a_row_of_the_currency_that_cannot_be_read_takes_the_total_away() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "1"))
    read(two, balance("USDT", "10"), balance("BTC", "1"), balance("ETH", "1"))
    assert (total(desk), worth(desk)) == (11, 111)
    unreadable(two, "USDT", balance("BTC", "1"), balance("ETH", "1"), at=NOW + 30)
    assert (total(desk, NOW + 30), worth(desk, NOW + 30)) == (None, None)
    unreadable(two, "BTC", balance("USDT", "20"), balance("ETH", "1"), at=NOW + 60)
    assert (total(desk, NOW + 60), worth(desk, NOW + 60)) == (21, None)  # USDT was read
    read(two, balance("USDT", "30"), balance("BTC", "1"), at=NOW + 90)
    assert (total(desk, NOW + 90), worth(desk, NOW + 90)) == (31, 131)


def test_a_row_that_could_never_be_read_may_hold_anything() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "1"))
    unreadable(two, "usdt", balance("BTC", "1"), at=NOW)
    assert (total(desk), worth(desk)) == (None, 101)  # in USD, what was never held is missed by nobody
    unreadable(two, "OTHER", balance("BTC", "1"), at=NOW)
    assert (total(desk), worth(desk)) == (1, 101)


def test_a_total_in_usd_needs_prices_and_one_of_a_currency_does_not() -> None:
    desk, one, two = pair(stale_after=10_000.0)
    read(one, balance("USDT", "1"), balance("BTC", "1"))
    read(two, balance("USDT", "10"))
    assert (total(desk), worth(desk)) == (11, 111)
    assert one.book is not None
    late = one.book.good_until + 1
    assert (total(desk, late), worth(desk, late)) == (11, None)
    one.book = two.book = None
    for state in (one, two):
        state.revalue(late)
    assert (total(desk, late), worth(desk, late)) == (11, None)


def test_an_emptied_account_counts_as_nothing_once_that_is_believed() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "1"))
    read(two, balance("USDT", "10"))
    read(two, at=NOW + 30)
    assert total(desk, NOW + 30) == 11
    read(two, at=NOW + 60)
    assert total(desk, NOW + 60) == 1
    read(one, balance("USDT", "1"), at=NOW + 90_000)
    read(two, at=NOW + 90_000)
    assert desk.values("exchange_balance_net", "account", now=NOW + 90_000) == {"one": 1}  # the zero's day is over
    assert total(desk, NOW + 90_000) == 1


# -- other accounts, other totals


def test_an_instance_says_nothing_held_where_it_polls_none_of_the_accounts() -> None:
    desk = Desk()
    read(desk.account("here"), balance("USDT", "5"))
    desk.count(over("elsewhere"), over("elsewhere", currency=""), polled=("here",))
    assert (total(desk), worth(desk)) == (0, 0)
    desk.count(over("elsewhere", "here"), polled=("here",))
    assert total(desk) == 5


def test_of_a_total_that_no_account_matches_only_the_limits_are_served() -> None:
    desk = Desk()
    read(desk.account("here"), balance("USDT", "5"))
    desk.count(over(critical="7"), over(currency="", name="worth", warning="8", target="9"))
    assert desk.values(NET, "total") == desk.values(USD, "total") == {}
    assert desk.values(LIMIT, "total", "of", "severity", "currency") == {
        ("firm", "net", "critical", "USDT"): 7,
        ("worth", "usd", "warning", ""): 8,
        ("worth", "usd", "target", ""): 9,
    }


def test_an_account_that_is_to_come_makes_its_totals_unknown_until_it_was_read() -> None:
    desk = Desk()
    read(desk.account("one"), balance("USDT", "1"))
    desk.count(over("one", "new"), over("one", currency="USDT", name="old"), polled=("one", "new"))
    assert desk.values(NET, "total") == {"old": 1}
    new = desk.account("new")
    assert desk.values(NET, "total") == {"old": 1}
    read(new, balance("USDT", "10"))
    assert desk.values(NET, "total") == {"old": 1, "firm": 11}


def test_an_account_that_starts_anew_makes_its_totals_unknown_whatever_its_last_poll_brings() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "1"))
    read(two, balance("USDT", "10"))
    assert total(desk) == 11
    desk.accounts.remove("two")
    desk.totals.left("two")
    assert (total(desk), worth(desk)) == (None, None)
    read(two, balance("USDT", "10"))  # a poll that was still ending
    assert (total(desk), worth(desk)) == (None, None)


def test_other_totals_are_known_at_once_where_everything_was_read() -> None:
    desk, one, two = pair()
    read(one, balance("USDT", "1"), balance("BTC", "1"))
    read(two, balance("USDT", "10"))
    assert (total(desk), worth(desk)) == (11, 111)
    desk.count(over("two"), over("one", "two", name="coins", currency="BTC"))
    assert desk.values(NET, "total", "currency") == {("firm", "USDT"): 10, ("coins", "BTC"): 1}
    assert desk.values(USD, "total") == {}
    desk.count()
    assert desk.values(NET, "total") == desk.values(LIMIT, "total") == {}
    read(one, balance("USDT", "2"), at=NOW + 30)  # nobody counts any more


def test_one_name_may_have_several_limits() -> None:
    desk = Desk()
    read(desk.account("one", book({})), balance("USDT", "1"), balance("BTC", "2"))
    desk.count(over("one"), over("one", currency="BTC"), over("one", currency=""))
    assert desk.values(NET, "total", "currency") == {("firm", "USDT"): 1, ("firm", "BTC"): 2}
    assert desk.values(USD, "total") == {"firm": 1}


def in_haste(desk: Desk) -> tuple[int | None, list[int]]:
    """The total, and the amounts of USDT that are served, where thousands of lines are."""
    desk.totals.serve()
    scrape = asyncio.run(desk.exposition.scrape(openmetrics=False, gzip=False))
    assert scrape is not None
    found = re.findall(r'^exchange_(total|balance)_net{.*"USDT"} (\d+)$', scrape.body.decode(), re.MULTILINE)
    totals = [int(number) for family, number in found if family == "total"]
    return (totals[0] if totals else None), [int(number) for family, number in found if family == "balance"]


def test_a_total_changes_with_what_is_served_not_in_the_middle_of_the_work_on_it() -> None:
    """A wallet of many rows is worked on in slices; others are served in between."""
    desk = Desk()
    state = desk.account("one", max_currencies=3 * SLICE)
    desk.count(over("one"))
    many = [balance(f"C{number}", "1") for number in range(2 * SLICE)]
    read(state, balance("USDT", "1"), *many)
    read(state, balance("USDT", "10"), wallet="funding")
    assert total(desk) == 11
    work = state.accepting(state.wallets["spot"], Reading([balance("USDT", "100"), *many]), NOW + 30, WALL + 30)
    served = []
    for at, _ in enumerate(work):
        read(state, balance("USDT", "10"), balance("X", str(at + 1)), wallet="funding", at=NOW + 30)
        served.append(in_haste(desk))
        assert served[-1] == (11, [1, 10])
    assert len(served) > 3
    assert in_haste(desk) == (110, [100, 10])


@pytest.mark.parametrize("readable_then", [True, False])
@pytest.mark.parametrize("slices", range(8))
def test_an_answer_that_comes_while_the_one_before_is_worked_on_counts_when_it_is_served(
    slices: int, readable_then: bool
) -> None:
    desk = Desk()
    state = desk.account("one", max_currencies=3 * SLICE)
    desk.count(over("one"))
    many = [balance(f"C{number}", "1") for number in range(2 * SLICE)]
    read(state, balance("USDT", "1"), *many)
    work = state.accepting(state.wallets["spot"], Reading([balance("USDT", "100"), *many]), NOW + 30, WALL + 30)
    while not state.wallets["spot"].busy:
        next(work)
    for _ in range(slices):
        next(work)
    if readable_then:
        read(state, balance("USDT", "1000"), *many, at=NOW + 60)
    else:
        unreadable(state, "USDT", *many, at=NOW + 60)
    seen = []
    for _ in work:
        read(state, wallet="funding", at=NOW + 60)  # something else is served
        seen.append(in_haste(desk))
        assert seen[-1] in ((1, [1]), (100, [100]), (1000, [1000]), (None, []))
    assert in_haste(desk) == ((1000, [1000]) if readable_then else (None, []))
    assert (100, [100]) in seen or slices < 2  # before that, the first of the two was not worked on yet


def test_a_wallet_that_is_just_being_worked_on_is_not_counted_before_it_is_served() -> None:
    desk = Desk()
    state = desk.account("one", max_currencies=3 * SLICE)
    many = [balance(f"C{number}", "1") for number in range(2 * SLICE)]
    read(state, balance("USDT", "1"), *many)
    work = state.accepting(state.wallets["spot"], Reading([balance("USDT", "100"), *many]), NOW + 30, WALL + 30)
    while not state.wallets["spot"].busy:
        next(work)
    desk.count(over("one"))
    assert in_haste(desk) == (None, [1])
    for _ in work:
        assert in_haste(desk) == (None, [1])
    assert in_haste(desk) == (100, [100])


def test_only_what_has_changed_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, one, two = pair()
    desk.count(over("one", "two"), over("one", "two", currency=""), over("one", name="coins", currency="BTC"))
    read(one, balance("USDT", "1"))
    read(two, balance("USDT", "10"))
    assert desk.values(NET, "total") == {"firm": 11, "coins": 0}
    sums: list[int] = []
    monkeypatch.setattr("exporter.holdings.totals.sum_of", lambda held: sums.append(len(list(held))))
    for at in range(1, 10):
        read(one, balance("USDT", "1"), at=NOW + at)
        desk.totals.serve()
    assert sums == []
    read(one, balance("USDT", "2"), at=NOW + 10)
    desk.totals.serve()
    assert sums == [2, 2]
