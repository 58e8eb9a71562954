"""Which wallets of an account are read, and when."""

from dataclasses import replace
from typing import Any, Final

import pytest

from exporter.exchanges.base import Api, Endpoint, WalletSource
from exporter.polling.plan import LIST_SECONDS, Plan
from tests.kit.exchange import API, changed
from tests.kit.scripted import listing, wallet

FIXED = {"spot": wallet("spot"), "overview": wallet("overview", default=True), "futures": wallet("futures")}


def api(**other: Any) -> Api:
    return changed(API, wallets=FIXED, **other)


def asks(plan: Plan, interval: float = 30.0) -> list[tuple[str, str, float]]:
    return [(ask.wallet, ask.endpoint.path, ask.every) for ask in plan.asks(interval)]


def with_list(**other: Any) -> Api:
    absent = other.pop("may_be_absent", lambda name: name.startswith(("margin", "isolated_margin")))
    return changed(API, wallets={"spot": wallet("spot")}, discover=listing, may_be_absent=absent, **other)


def test_the_main_wallet_and_the_defaults_are_read_unless_wallets_are_named() -> None:
    assert Plan(api(), None).due(0) == ["spot", "overview"]


@pytest.mark.parametrize("named", [(), ("main",), ("spot",)])
def test_the_main_wallet_is_read_whatever_is_named(named: tuple[str, ...]) -> None:
    assert Plan(api(), named).due(0) == ["spot"]


def test_named_wallets_take_the_place_of_the_defaults_and_come_after_the_main_one() -> None:
    assert Plan(api(), ("futures", "main")).due(0) == ["spot", "futures"]


def test_a_name_that_no_wallet_has_is_unknown() -> None:
    plan = Plan(api(), ("main", "futurez"))
    assert (plan.unknown, plan.due(0)) == (("futurez",), ["spot"])


def test_a_name_of_another_mode_is_not_unknown_and_not_read() -> None:
    plan = Plan(api(), ("main", "unified", "futurez"), frozenset({"unified"}))
    assert (plan.elsewhere, plan.unknown, plan.due(0)) == (("unified",), ("futurez",), ["spot"])


def test_nothing_is_due_before_the_list_is_known() -> None:
    plan = Plan(with_list(), None)
    assert plan.needs_list(0)
    assert plan.due(0) == []


def test_a_list_is_good_for_an_hour() -> None:
    plan = Plan(with_list(), None)
    plan.listed({"spot": wallet("spot", default=True)}, 100.0)
    assert not plan.needs_list(100.0 + LIST_SECONDS - 30)
    assert plan.needs_list(100.0 + LIST_SECONDS)
    assert plan.is_current(100.0 + LIST_SECONDS - 30)
    assert not plan.is_current(100.0 + LIST_SECONDS)


def test_a_name_stands_for_its_whole_family() -> None:
    plan = Plan(with_list(), ("isolated_margin",))
    names = ["spot", "isolated_margin/BTCUSDT", "isolated_margin/ETHUSDT", "margin"]
    plan.listed({name: wallet(name, default=True) for name in names}, 0)
    assert plan.due(0) == ["spot", "isolated_margin/BTCUSDT", "isolated_margin/ETHUSDT"]


def test_a_named_wallet_that_is_opened_on_first_use_is_planned_before_it_is() -> None:
    plan = Plan(with_list(), ("main", "margin"))
    plan.listed({"spot": wallet("spot")}, 0)
    assert plan.readings["margin"].wallet is None
    assert plan.unknown == ()
    opened = wallet("margin")
    plan.listed({"spot": wallet("spot"), "margin": opened}, LIST_SECONDS)
    assert plan.readings["margin"].wallet is opened


def test_a_wallet_that_stays_on_the_list_keeps_its_rows_and_its_delay() -> None:
    plan = Plan(with_list(), None)
    plan.listed({"spot": wallet("spot"), "earn": wallet("earn", default=True)}, 0)
    before = plan.readings["earn"]
    before.not_before = 500.0
    plan.listed({"spot": wallet("spot"), "earn": wallet("earn", default=True)}, LIST_SECONDS)
    assert plan.readings["earn"].memory is before.memory
    assert plan.due(LIST_SECONDS - 3200) == ["spot"]


def test_a_wallet_that_left_the_list_is_read_no_longer() -> None:
    plan = Plan(with_list(), None)
    plan.listed({"spot": wallet("spot"), "earn": wallet("earn", default=True)}, 0)
    plan.listed({"spot": wallet("spot")}, LIST_SECONDS)
    assert plan.due(LIST_SECONDS) == ["spot"]


def test_whole_intervals_are_compared_in_spite_of_rounding() -> None:
    plan = Plan(api(), None)
    plan.readings["overview"].not_before = 0.1 + 0.2
    assert plan.due(0.3) == ["spot", "overview"]


def test_the_next_read_is_that_of_the_first_wallet_that_may() -> None:
    plan = Plan(api(), None)
    plan.readings["spot"].not_before, plan.readings["overview"].not_before = 900.0, 300.0
    assert plan.next_due() == 300.0
    plan.forgive()
    assert plan.due(0) == ["spot", "overview"]


# -- what is asked


def source(*paths: str, **more: Any) -> WalletSource:
    return replace(wallet("spot"), endpoints=tuple(Endpoint(path, ()) for path in paths), **more)


LISTING: Final = (Endpoint("/list", ()),)
LISTED: Final = {"spot": source("/list", "/rows"), "overview": source("/worth", "/worth", every=300.0)}


def test_each_request_of_a_read_is_asked_at_each_interval() -> None:
    plan = Plan(changed(API, wallets={"spot": source("/one", "/two")}), None)
    assert asks(plan) == [("spot", "/one", 30.0), ("spot", "/two", 30.0)]


def test_a_wallet_with_a_rhythm_of_its_own_is_asked_at_that_or_at_a_longer_interval() -> None:
    plan = Plan(changed(API, wallets={"spot": source("/rows", every=300.0)}), None)
    assert asks(plan) == [("spot", "/rows", 300.0)]
    assert asks(plan, 3_600.0) == [("spot", "/rows", 3_600.0)]


def test_before_the_list_is_known_it_is_asked_hourly_and_the_chosen_wallets_as_far_as_they_are_known() -> None:
    api = changed(API, wallets=LISTED, discover=listing, list_endpoints=LISTING, may_be_absent=lambda _: True)
    assert asks(Plan(api, None)) == [("", "/list", LIST_SECONDS), ("spot", "/rows", 30.0)]
    assert asks(Plan(api, ("main", "main", "overview", "margin"))) == [
        ("", "/list", LIST_SECONDS),
        ("spot", "/rows", 30.0),
        ("overview", "/worth", 300.0),
        ("overview", "/worth", 300.0),
    ]


def test_once_the_list_is_known_its_wallets_are_asked() -> None:
    api = changed(API, wallets=LISTED, discover=listing, list_endpoints=LISTING, may_be_absent=lambda _: True)
    plan = Plan(api, ("main", "earn", "margin"))
    plan.listed({"spot": source("/rows"), "earn": source("/rows", "/rows")}, 0)
    assert asks(plan) == [
        ("", "/list", LIST_SECONDS),
        ("spot", "/rows", 30.0),
        ("earn", "/rows", 30.0),
        ("earn", "/rows", 30.0),
    ]
