"""The last failures of an account are kept in little memory."""

from exporter.core.errors import AuthError, BadPayload, Unreachable
from exporter.holdings.past import MOST
from tests.kit.accounts import NOW, WALL, balance, read, refuse, up


def test_the_last_twenty_failures_are_kept_the_latest_last() -> None:
    account = up()
    for number in range(MOST + 5):
        refuse(account, BadPayload(f"row {number}"), at=NOW + number)
    assert len(account.past) == MOST == 20
    assert [one.message for one in account.past] == [f"row {number}" for number in range(5, 25)]
    assert account.past[-1].last == WALL + 24


def test_a_failure_that_repeats_itself_is_one_with_a_count() -> None:
    account = up()
    for number in range(5):
        refuse(account, Unreachable("refused"), at=NOW + number)
    refuse(account, Unreachable("refused"), wallet="futures", at=NOW + 5)
    refuse(account, AuthError("bad key"), at=NOW + 6)
    refuse(account, Unreachable("refused"), at=NOW + 7)
    assert [(one.wallet, one.reason, one.times) for one in account.past] == [
        ("futures", "network", 1),
        ("spot", "auth", 1),
        ("spot", "network", 6),
    ]
    assert (account.past[-1].first, account.past[-1].last) == (WALL, WALL + 7)


def test_after_a_good_read_the_same_failure_is_another_one() -> None:
    account = up()
    refuse(account, Unreachable("refused"), at=NOW + 1)
    read(account, balance("BTC", "1"), at=NOW + 2)
    refuse(account, Unreachable("refused"), at=NOW + 3)
    assert [one.times for one in account.past] == [1, 1]


def test_a_long_message_is_cut_and_equal_ones_are_one_object() -> None:
    one, other = up("a"), up("b")
    for account in (one, other):
        refuse(account, BadPayload("".join(["x"] * 5000)))
    assert one.past[0].message == "x" * 200 + "..."
    assert one.past[0].message is other.past[0].message


def test_an_account_that_stands_still_keeps_its_own_past() -> None:
    account = up()
    still = account.still()
    refuse(account, Unreachable("refused"))
    assert (len(still.past), len(account.past)) == (0, 1)
