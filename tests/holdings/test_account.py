"""What is known of an account reaches its samples, and leaves them when its time is over."""

from decimal import Decimal

import pytest

from exporter.config.model import Threshold
from exporter.core.errors import REASONS, BadPayload, Unreachable
from exporter.core.model import KeyInfo, Reading
from tests.kit.accounts import NOW, WALL, Desk, balance, book, read, readable, refuse

AVAILABLE = "exchange_balance_available"
USD = "exchange_balance_usd"
TOTAL = "exchange_account_usd"


def failure() -> Unreachable:
    return Unreachable("connection refused")


def test_an_account_is_complete_from_the_first_second() -> None:
    desk = Desk()
    desk.account(thresholds=(Threshold("USDT", warning=Decimal(5)),))
    assert desk.values("exchange_wallet_up", "wallet") == {"spot": 0}
    assert desk.values("exchange_wallet_fresh", "wallet") == {"spot": 0}
    assert desk.values("exchange_wallet_last_success_timestamp_seconds", "wallet") == {"spot": 0}
    assert desk.values("exchange_balance_threshold", "wallet", "currency", "of", "severity") == {
        ("spot", "USDT", "net", "warning"): 5
    }
    assert desk.values("exchange_account_up", "account") == {"desk": 0}
    assert set(desk.values("exchange_poll_failures_total", "reason")) == set(REASONS)
    assert desk.values("exchange_polls_skipped_total", "reason") == {"late": 0, "rate": 0, "paused": 0}
    assert desk.values(AVAILABLE, "currency") == {}


def test_a_failed_read_never_shows_zero() -> None:
    desk = Desk()
    state = desk.account(expect=("BTC",))
    refuse(state, failure())
    assert desk.values(AVAILABLE, "currency") == {}
    assert desk.values("exchange_wallet_failing", "wallet", "reason") == {("spot", "network"): 1}
    assert desk.values("exchange_wallet_failing_since_timestamp_seconds", "wallet") == {"spot": WALL}


def test_a_good_read_ends_the_failure() -> None:
    desk = Desk()
    state = desk.account()
    refuse(state, failure())
    read(state, balance("BTC", "1"))
    assert desk.values("exchange_wallet_failing", "wallet") == {}
    assert desk.values("exchange_wallet_failing_since_timestamp_seconds", "wallet") == {}
    assert desk.values("exchange_wallet_up", "wallet") == {"spot": 1}


def test_a_scrape_withdraws_by_the_clock_although_nobody_polls() -> None:
    desk = Desk()
    read(desk.account(prices=book({"BTC": "100"})), balance("BTC", "1"))
    assert desk.values(AVAILABLE, "currency", now=NOW + 600) == {"BTC": 1}
    late = NOW + 600.001
    for family in (AVAILABLE, USD, TOTAL, "exchange_wallet_hidden_currencies"):
        assert desk.values(family, "account", now=late) == {}
    assert desk.values("exchange_wallet_fresh", "wallet", now=late) == {"spot": 0}
    assert desk.values("exchange_wallet_up", "wallet", now=late) == {"spot": 1}


def test_an_unchanged_answer_brings_a_withdrawn_wallet_back() -> None:
    desk = Desk()
    state, row = desk.account(prices=book({"BTC": "100"})), balance("BTC", "1")
    read(state, row)
    assert desk.values(AVAILABLE, "currency", now=NOW + 700) == {}
    read(state, row, at=NOW + 701)
    assert desk.values(AVAILABLE, "currency", now=NOW + 701) == {"BTC": 1}
    assert desk.values("exchange_wallet_fresh", "wallet", now=NOW + 701) == {"spot": 1}
    assert desk.values("exchange_wallet_ignored_rows", "wallet", now=NOW + 701) == {"spot": 0}


def test_with_stale_after_0_a_failure_withdraws_at_once() -> None:
    desk = Desk()
    state = desk.account(stale_after=0.0)
    read(state, balance("BTC", "1"))
    refuse(state, failure())
    assert desk.values(AVAILABLE, "currency") == {}
    assert desk.values("exchange_wallet_fresh", "wallet") == {"spot": 0}


def test_one_wallet_expires_without_the_others() -> None:
    desk = Desk()
    state = desk.account()
    read(state, balance("BTC", "1"))
    read(state, balance("ETH", "1"), wallet="funding", at=NOW + 300)
    assert desk.values(AVAILABLE, "wallet", now=NOW + 601) == {"funding": 1}


# Numbers reach their lines, whichever of them changed.


def test_changed_numbers_reach_their_lines() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100", "ETH": "5", "XRP": "1"}))
    names = ("BTC", "ODD", "ETH", "XRP")  # there is no price for ODD
    kept = [balance(name, "1") for name in names]
    read(state, *kept)
    for position, name in enumerate(names):
        answer = list(kept)
        answer[position] = balance(name, "2", "3")
        read(state, *answer)
        assert desk.values(AVAILABLE, "currency") == {"BTC": 1, "ETH": 1, "XRP": 1, "ODD": 1, name: 2}
        assert desk.values("exchange_balance_frozen", "currency")[name] == 3
        assert desk.values("exchange_balance_net", "currency")[name] == 5
        usd = {"BTC": 100.0, "ETH": 5.0, "XRP": 1.0}
        assert desk.values(USD, "currency") == usd | ({name: 5 * usd[name]} if name in usd else {})


def test_a_currency_in_the_place_of_another_takes_all_its_lines() -> None:
    desk = Desk()
    state = desk.account()
    kept = [balance(name, "1") for name in ("A", "B", "C")]
    read(state, *kept, balance("D", "1"))
    read(state, *kept, at=NOW + 30)
    late = NOW + 24 * 3600 + 31
    read(state, *kept, balance("E", "1"), at=late)
    for family in (AVAILABLE, "exchange_balance_frozen", "exchange_balance_net"):
        assert set(desk.values(family, "currency", now=late)) == {"A", "B", "C", "E"}


def test_a_price_that_comes_adds_a_line() -> None:
    desk, prices = Desk(), book({"BTC": "100"})
    state = desk.account(prices=prices)
    read(state, balance("ODD", "1"), balance("BTC", "1"))
    prices.replace({"BTC/USDT": "100", "ODD/USDT": "3"}, NOW, WALL)
    state.revalue(NOW)
    assert desk.values(USD, "currency") == {"ODD": 3, "BTC": 100}


def test_an_answer_for_a_wallet_of_the_old_mode_comes_too_late() -> None:
    desk = Desk()
    state = desk.account()
    old = state.wallets["spot"]
    state.switch_api("unified")
    state.accepted(old, Reading([balance("BTC", "1")]), NOW, WALL)
    state.refused(old, failure(), NOW, WALL)
    assert 'wallet="spot"' not in desk.text()


def test_what_can_be_owed_is_shown_only_where_it_can_be_owed() -> None:
    desk = Desk()
    state = desk.account(expect=("BTC",))
    margin = state.wallet("margin", readable(borrows=True))
    state.accepted(margin, Reading([balance("BTC", "3", net=Decimal(1), borrowed=Decimal(2))]), NOW, WALL)
    read(state, balance("ETH", "1"))
    assert desk.values("exchange_balance_borrowed", "wallet", "currency") == {("margin", "BTC"): 2}
    for _ in range(2):
        state.accepted(margin, Reading([balance("ETH", "1", borrowed=Decimal(0))]), NOW, WALL)
    assert desk.values("exchange_balance_borrowed", "currency") == {"BTC": 0, "ETH": 0}


def test_an_answer_that_is_refused_leaves_everything_standing() -> None:
    desk = Desk()
    state = desk.account()
    strict = state.wallet("strict", readable(lists_zeros=True))
    state.accepted(strict, Reading([balance("BTC", "1")]), NOW, WALL)
    with pytest.raises(BadPayload):
        state.accepted(strict, Reading(), NOW + 30, WALL + 30)
    assert desk.values(AVAILABLE, "wallet") == {"strict": 1}


# Polls and keys.


def test_polls_are_counted_with_their_outcome() -> None:
    desk = Desk()
    state = desk.account()
    state.polled(WALL, 0.5, failure(), up=False)
    state.polled(WALL + 30, 0.25, failure(), up=False)
    state.skipped("rate")
    state.due(WALL + 60)
    assert desk.values("exchange_polls_total", "account") == {"desk": 2}
    assert desk.values("exchange_poll_failures_total", "reason")["network"] == 2
    assert desk.values("exchange_polls_skipped_total", "reason")["rate"] == 1
    assert desk.values("exchange_account_consecutive_failures", "account") == {"desk": 2}
    assert desk.values("exchange_account_last_poll_timestamp_seconds", "account") == {"desk": WALL + 30}
    assert desk.values("exchange_account_last_poll_duration_seconds", "account") == {"desk": 0.25}
    assert desk.values("exchange_account_next_poll_timestamp_seconds", "account") == {"desk": WALL + 60}
    state.polled(WALL + 60, 0.25, None, up=True)
    assert desk.values("exchange_account_consecutive_failures", "account") == {"desk": 0}
    assert desk.values("exchange_account_up", "account") == {"desk": 1}


def test_what_the_exchange_tells_of_a_key_is_shown() -> None:
    desk = Desk()
    state = desk.account(expires=WALL)
    assert desk.values("exchange_api_key_expiry_timestamp_seconds", "account") == {"desk": WALL}
    state.key_read(KeyInfo({"read": True, "trade": False}, ip_restricted=True, expires=WALL + 5))
    assert desk.values("exchange_api_key_permission", "permission") == {"read": 1, "trade": 0}
    assert desk.values("exchange_api_key_ip_restricted", "account") == {"desk": 1}
    assert desk.values("exchange_api_key_expiry_timestamp_seconds", "account") == {"desk": WALL + 5}
    state.key_read(KeyInfo())
    assert desk.values("exchange_api_key_permission", "permission") == {}
    assert desk.values("exchange_api_key_ip_restricted", "account") == {}
    assert desk.values("exchange_api_key_expiry_timestamp_seconds", "account") == {"desk": WALL}


def test_quotas_are_shown_by_endpoint() -> None:
    desk = Desk()
    state = desk.account()
    state.quota("/a", 5)
    state.quota("/b", 7)
    state.quota("/a", 4)
    assert desk.values("exchange_api_rate_limit_remaining", "endpoint") == {"/a": 4, "/b": 7}
