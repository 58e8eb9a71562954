"""An account goes on under another configuration, in another mode, or not at all."""

from dataclasses import replace
from decimal import Decimal

from exporter.config.model import Threshold
from exporter.core.errors import Unreachable
from exporter.core.model import Reading, WalletValue
from tests.kit.accounts import LABEL_NAMES, NOW, WALL, Desk, balance, book, read, readable, refuse
from tests.kit.scrape import Samples

AVAILABLE = "exchange_balance_available"
TOTAL = "exchange_account_usd"
REPORTED = "exchange_wallet_reported_usd"


def series(desk: Desk) -> set[tuple[str, str]]:
    """Family and wallet of every series that is served now."""
    return {(family, dict(labels).get("wallet", "")) for family, labels in Samples(desk.text())}


def failure() -> Unreachable:
    return Unreachable("connection refused")


def test_a_reload_keeps_data_and_counters_and_takes_the_new_rules() -> None:
    desk = Desk()
    state = desk.account(labels={"team": "grid"}, usd={"warning": Decimal(5)})
    read(state, balance("BTC", "1"), balance("ETH", "1"))
    state.polled(WALL, 0.5, None, up=True)
    changed = replace(
        state.account,
        stale_after=60.0,
        labels={"team": "desk"},
        usd={},
        expect=("XRP",),
        exclude=("ETH",),
        thresholds=(Threshold("XT", of="available", target=Decimal(7)),),
    )
    state.reconfigure(changed, shard=0, label_names=(*LABEL_NAMES, "bot"))
    state.revalue(NOW)
    assert desk.values(AVAILABLE, "currency") == {"BTC": 1, "XRP": 0, "XT": 0}
    assert desk.values("exchange_polls_total", "account") == {"desk": 1}
    assert desk.values("exchange_account_info", "team", "bot", "shard") == {("desk", "", "0"): 1}
    assert desk.values("exchange_account_usd_threshold", "severity") == {}
    assert desk.values("exchange_balance_threshold", "of", "severity") == {("available", "target"): 7}
    assert desk.values("exchange_account_stale_after_seconds", "account") == {"desk": 60}
    assert desk.values(AVAILABLE, "currency", now=NOW + 61) == {}


def test_a_reload_that_lets_values_stand_longer_brings_them_back() -> None:
    desk = Desk()
    state = desk.account()
    read(state, balance("BTC", "1"))
    assert desk.values(AVAILABLE, "currency", now=NOW + 700) == {}
    state.reconfigure(replace(state.account, stale_after=1000.0), shard=0, label_names=LABEL_NAMES)
    state.revalue(NOW + 701)
    assert desk.values(AVAILABLE, "currency", now=NOW + 701) == {"BTC": 1}
    assert desk.values("exchange_wallet_fresh", "wallet", now=NOW + 701) == {"spot": 1}


def test_a_reload_leaves_an_overview_the_time_between_its_reads() -> None:
    desk = Desk()
    state = desk.account(prices=book({}), stale_after=0.0)
    overview = state.wallet("overview", readable(overview=True, every=300.0))
    state.reconfigure(replace(state.account, interval=60.0), shard=0, label_names=LABEL_NAMES)
    state.accepted(overview, Reading(values=[WalletValue("earn", usd=Decimal(1))]), NOW, WALL)
    assert desk.values(REPORTED, "wallet", now=NOW + 310) == {"earn": 1}
    assert desk.values(REPORTED, "wallet", now=NOW + 311) == {}


def test_an_overview_stands_for_two_of_its_reads_at_least() -> None:
    desk = Desk()
    state = desk.account(stale_after=60.0, prices=book({}))
    overview = state.wallet("overview", readable(overview=True, every=300.0))
    state.accepted(overview, Reading(values=[WalletValue("earn", usd=Decimal(1))]), NOW, WALL)
    assert desk.values(REPORTED, "wallet", now=NOW + 600) == {"earn": 1}
    assert desk.values(REPORTED, "wallet", now=NOW + 601) == {}


def test_another_mode_takes_the_old_wallets_along_and_moves_the_thresholds() -> None:
    desk = Desk()
    state = desk.account(thresholds=(Threshold("USDT", critical=Decimal(1)),), expect=("BTC",))
    read(state, balance("USDT", "5"))
    refuse(state, failure(), wallet="funding")
    state.switch_api("unified")
    assert desk.values("exchange_wallet_up", "wallet") == {}
    assert desk.values(AVAILABLE, "wallet") == {}
    assert desk.values("exchange_wallet_failing", "wallet") == {}
    assert desk.values("exchange_balance_threshold", "wallet") == {"unified": 1}
    read(state, balance("ETH", "5"), wallet="unified")
    assert desk.values(AVAILABLE, "wallet", "currency") == {
        ("unified", "ETH"): 5,
        ("unified", "USDT"): 0,
        ("unified", "BTC"): 0,
    }


def test_another_mode_leaves_no_series_of_the_one_before_but_those_of_the_account() -> None:
    desk = Desk()
    state = desk.account(
        prices=book({}), thresholds=(Threshold("USDT", critical=Decimal(1)),), usd={"warning": Decimal(5)}
    )
    before = series(desk)
    read(state, balance("USDT", "5", borrowed=Decimal(1)))
    refuse(state, failure(), wallet="funding")
    overview = state.wallet("overview", readable(overview=True))
    state.accepted(overview, Reading(values=[WalletValue("earn", usd=Decimal(1))]), NOW, WALL)
    state.quota("/classic/assets", 9)
    state.polled(WALL, 0.1, failure(), up=False)
    state.switch_api("unified")
    state.wallet("unified", readable())
    took = {("exchange_account_last_poll_duration_seconds", "")}
    assert series(desk) - took == {(family, wallet and "unified") for family, wallet in before}
    state.quota("/unified/assets", 8)
    assert desk.values("exchange_api_rate_limit_remaining", "endpoint") == {"/unified/assets": 8}


def test_a_removed_account_leaves_nothing_behind_whatever_still_comes() -> None:
    desk = Desk()
    gone, _ = desk.account("gone"), desk.account("kept")
    read(gone, balance("BTC", "1"))
    desk.accounts.remove("gone")
    read(gone, balance("BTC", "2"))
    gone.polled(WALL, 0.1, None, up=True)
    assert "gone" not in desk.text()
    assert [state.account.name for state in desk.accounts] == ["kept"]
    assert desk.accounts.get("gone") is None


def test_a_forgotten_wallet_leaves_nothing_behind() -> None:
    desk = Desk()
    state = desk.account(prices=book({}))
    read(state, balance("USDT", "1"))
    read(state, balance("USDT", "2"), wallet="grid")
    state.forget(state.wallets["grid"])
    assert 'wallet="grid"' not in desk.text()
    assert desk.values(TOTAL, "account") == {"desk": 1}
