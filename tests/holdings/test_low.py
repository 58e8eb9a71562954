"""What is under a limit is found with what is missing and who could give; what is not known is neither low nor fine."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.config import Threshold
from exporter.core.errors import AuthError
from exporter.core.model import Reading, Unreadable
from exporter.holdings.account import AccountState
from exporter.holdings.low import GIVERS, Giver, Judged, judged
from exporter.holdings.totals import Part
from tests.kit.accounts import NOW, STALE_AFTER, balance, book, over, polled, read, readable, refuse, waiting


def limit(currency: str = "USDT", wallet: str = "main", **other: str) -> Threshold:
    amounts: dict[str, Any] = {name: value if name == "of" else Decimal(value) for name, value in other.items()}
    return Threshold(currency, wallet, **amounts)


def desk(name: str, *limits: Threshold, exchange: str = "xt", **held: str) -> AccountState:
    """An account whose main wallet holds this."""
    state = waiting(name, exchange, book({"BTC": "100"}), thresholds=limits)
    read(state, *(balance(currency, amount) for currency, amount in held.items()))
    return polled(state)


def names(found: Judged) -> list[tuple[str, str, str]]:
    return [(low.standing.account or low.standing.total, low.standing.currency, low.severity) for low in found.low]


def test_what_is_under_a_limit_is_told_with_limit_and_what_is_missing_to_the_target() -> None:
    [low] = judged([desk("a", limit(warning="500", critical="100.5", target="1000"), USDT="80.25")], NOW).low
    assert (low.standing.exchange, low.standing.account, low.standing.wallet) == ("xt", "a", "spot")
    assert (low.standing.currency, low.standing.of, low.severity) == ("USDT", "net", "critical")
    assert (low.amount, low.limit, low.goal) == (Decimal("80.25"), Decimal("100.5"), ("target", Decimal(1000)))
    assert low.missing == Decimal("919.75")


@pytest.mark.parametrize(
    ("limits", "goal"),
    [
        ({"warning": "500", "critical": "100"}, ("warning", 500)),
        ({"critical": "100"}, ("critical", 100)),
        ({"critical": "100", "target": "900"}, ("target", 900)),
    ],
)
def test_without_a_target_what_is_missing_is_missing_to_the_warning(
    limits: dict[str, str], goal: tuple[str, Any]
) -> None:
    [low] = judged([desk("a", limit(**limits), USDT="80")], NOW).low
    assert low.goal == goal
    assert low.missing == goal[1] - 80


def test_exactly_at_the_limit_is_not_low_and_under_the_target_is_fine() -> None:
    found = judged([desk("a", limit(warning="500", target="1000"), USDT="500")], NOW)
    assert (found.low, found.unknown, found.good) == ([], [], 1)


def test_what_is_available_is_compared_where_the_limit_says_so() -> None:
    state = waiting(thresholds=(limit(of="available", warning="50"), limit(warning="50")))
    read(state, balance("USDT", "40", "20"))
    found = judged([polled(state)], NOW)
    assert [(low.standing.of, str(low.amount)) for low in found.low] == [("available", "40")]
    assert found.good == 1


def test_an_emptied_currency_is_low_at_zero_and_the_worst_comes_first() -> None:
    accounts = [
        desk("half", limit(critical="100"), USDT="50"),
        desk("warned", limit(warning="100"), USDT="1"),
        desk("empty", limit(critical="100"), BTC="1"),
        desk("tenth", limit(critical="100"), USDT="10"),
    ]
    found = judged(accounts, NOW)
    assert names(found) == [
        ("empty", "USDT", "critical"),
        ("tenth", "USDT", "critical"),
        ("half", "USDT", "critical"),
        ("warned", "USDT", "warning"),
    ]
    assert found.low[0].amount == 0


# -- not known


def test_a_stale_wallet_is_neither_low_nor_fine() -> None:
    state = desk("a", limit(warning="500"), USDT="1")
    assert len(judged([state], NOW).low) == 1
    found = judged([state], NOW + STALE_AFTER + 1)
    assert (found.low, len(found.unknown), found.good) == ([], 1, 0)


def test_what_was_never_read_is_not_known() -> None:
    state = waiting(thresholds=(limit(warning="500"), limit(wallet="futures", warning="5")))
    refuse(state, AuthError("no"))
    found = judged([state], NOW)
    assert [each.wallet for each in found.unknown] == ["spot", "futures"]
    assert (found.low, found.good) == ([], 0)


def test_a_currency_whose_row_cannot_be_read_is_not_known() -> None:
    state = waiting(thresholds=(limit(warning="500"),))
    reading = Reading([balance("BTC", "1")], unreadable=[Unreadable("USDT", "--")])
    state.accepted(state.wallet("spot", readable()), reading, NOW, NOW)
    found = judged([polled(state)], NOW)
    assert [each.currency for each in found.unknown] == ["USDT"]
    assert found.low == []


def test_an_account_whose_value_is_not_known_is_not_low_in_usd() -> None:
    usd = {"warning": Decimal(1000)}
    valued = waiting("valued", priced=book({"BTC": "100"}), usd=usd)
    read(valued, balance("BTC", "1"))
    blind = waiting("blind", usd=usd)
    read(blind, balance("BTC", "1"))
    found = judged([polled(valued), polled(blind)], NOW)
    assert names(found) == [("valued", "", "warning")]
    assert found.low[0].missing == 900
    assert [each.account for each in found.unknown] == ["blind"]


def test_a_total_is_low_or_not_known_like_anything_else() -> None:
    low, dark, fine = (over("a", name=name, warning="100") for name in ("low", "dark", "fine"))
    found = judged([], NOW, [Part(low, Decimal(40)), Part(dark, None), Part(fine, Decimal(100))])
    assert names(found) == [("low", "USDT", "warning")]
    assert [each.total for each in found.unknown] == ["dark"]
    assert found.good == 1


# -- who could give


def givers(found: Judged) -> list[tuple[object, ...]]:
    return [(giver.account, giver.wallet, giver.spare) for giver in found.low[0].givers]


def test_who_could_give_is_named_from_the_nearest_to_the_furthest() -> None:
    short = desk("short", limit(warning="100"), USDT="10")
    read(short, balance("USDT", "25"), wallet="funding")
    accounts = [
        desk("far", exchange="bitget", USDT="900"),
        desk("near", USDT="20"),
        short,
        desk("nearer", USDT="30"),
    ]
    assert givers(judged(accounts, NOW)) == [("short", "funding", 25), ("nearer", "spot", 30), ("near", "spot", 20)]
    assert GIVERS == 3


def test_nobody_gives_what_is_under_a_limit_of_his_own_or_owed_or_tied_up() -> None:
    lender = waiting("lender")
    read(lender, balance("USDT", "70", borrowed=Decimal(60), net=Decimal(10)))
    frozen = waiting("frozen")
    read(frozen, balance("USDT", "4", "500"))
    accounts = [
        desk("short", limit(warning="100"), USDT="10"),
        desk("short too", limit(critical="50"), USDT="40"),
        desk("bound", limit(warning="50", target="80"), USDT="100"),
        polled(lender),
        polled(frozen),
    ]
    found = judged(accounts, NOW)
    assert [low.standing.account for low in found.low] == ["short too", "short"]
    expected = [("bound", "20"), ("lender", "10"), ("frozen", "4")]
    assert [(one.account, str(one.spare)) for one in found.low[1].givers] == expected


def test_an_account_gives_no_more_than_its_own_limit_in_usd_allows() -> None:
    short = desk("short", limit("BTC", warning="10"), BTC="1")
    rich = waiting("rich", priced=book({"BTC": "100"}), usd={"warning": Decimal(700)})
    read(rich, balance("BTC", "9"))
    assert givers(judged([short, polled(rich)], NOW)) == [("rich", "spot", 2)]
    rich.account = waiting("rich", usd={"warning": Decimal(900)}).account
    assert givers(judged([short, rich], NOW)) == []


def test_what_is_not_served_is_not_given() -> None:
    short = desk("short", limit(warning="100"), USDT="10")
    read(short, balance("USDT", "10"), at=NOW + STALE_AFTER + 1)
    stale = desk("stale", USDT="1000")
    assert givers(judged([short, stale], NOW + STALE_AFTER + 1)) == []


def test_dust_is_not_worth_a_name() -> None:
    accounts = [desk("short", limit(warning="1000"), USDT="0"), desk("dust", USDT="9.99"), desk("some", USDT="10")]
    assert givers(judged(accounts, NOW)) == [("some", "spot", 10)]


def test_an_account_short_of_usd_is_given_by_other_accounts_as_a_whole() -> None:
    short = waiting("short", priced=book({}), usd={"warning": Decimal(100)})
    read(short, balance("USDT", "10"))
    rich = desk("rich", limit(warning="50"), USDT="60", BTC="2")
    found = judged([polled(short), rich], NOW)
    assert found.low[0].givers == [Giver("xt", "rich", "", Decimal(210))]


def test_accounts_of_a_total_do_not_make_it_more_by_giving_to_each_other() -> None:
    accounts = [desk("inside", USDT="40"), desk("outside", USDT="30", exchange="bitget")]
    found = judged(accounts, NOW, [Part(over("inside", warning="100"), Decimal(40))])
    assert givers(found) == [("outside", "spot", 30)]
