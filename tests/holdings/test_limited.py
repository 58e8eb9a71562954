"""What has a threshold is told once more, so that rules on limits need not look through everything that is held."""

from decimal import Decimal

import pytest

from exporter.config import Threshold
from exporter.core.model import Reading
from tests.kit.accounts import LIMITED, NOW, STALE_AFTER, WALL, Desk, balance, book, configured, read, readable

USDT = Threshold("USDT", warning=Decimal(5))
FREE_BTC = Threshold("BTC", of="available", critical=Decimal(1))


def shown(desk: Desk, now: float = NOW) -> dict[tuple[str, ...] | str, float]:
    return desk.values(LIMITED, "wallet", "currency", "of", now=now)


def test_the_whole_holding_is_told_and_what_is_free_where_a_threshold_is_on_that() -> None:
    desk = Desk()
    state = desk.account(thresholds=(USDT, FREE_BTC))
    assert shown(desk) == {}
    read(state, balance("USDT", "7", "2"), balance("BTC", "0.5", "0.25"), balance("ETH", "9"))
    assert shown(desk) == {
        ("spot", "USDT", "net"): 9,
        ("spot", "BTC", "net"): 0.75,
        ("spot", "BTC", "available"): 0.5,
    }


def test_it_carries_the_text_of_the_exchange() -> None:
    desk = Desk()
    read(desk.account(thresholds=(USDT,)), balance("USDT", "4321.123456789012345678"))
    assert 'currency="USDT",of="net"} 4321.123456789012345678\n' in desk.text()


def test_it_moves_and_goes_with_the_balance() -> None:
    desk = Desk()
    state = desk.account(thresholds=(USDT,))
    read(state, balance("USDT", "7"), balance("BTC", "1"))
    read(state, balance("USDT", "6"), balance("BTC", "1"))
    assert shown(desk) == {("spot", "USDT", "net"): 6}
    assert shown(desk, NOW + STALE_AFTER + 1) == {}


def test_a_coin_that_is_gone_reads_zero() -> None:
    desk = Desk()
    state = desk.account(thresholds=(USDT,))
    read(state, balance("BTC", "1"))
    assert shown(desk) == {("spot", "USDT", "net"): 0}


@pytest.mark.parametrize("thresholds", [(), (FREE_BTC,), (USDT, FREE_BTC)])
def test_another_configuration_is_followed_without_a_read(thresholds: tuple[Threshold, ...]) -> None:
    desk = Desk()
    state = desk.account(thresholds=(USDT,))
    read(state, balance("USDT", "7"), balance("BTC", "1"))
    state.reconfigure(configured(thresholds=thresholds), shard=0, label_names=())
    state.revalue(NOW)
    asked = {(each.currency, of) for each in thresholds for of in ("net", each.of)}
    assert set(shown(desk)) == {("spot", *each) for each in asked}


def test_it_stays_when_prices_are_too_old() -> None:
    desk, names = Desk(), ("spot", *(f"more-{number}" for number in range(50)))
    thresholds = tuple(Threshold("BTC", name, warning=Decimal(5)) for name in names)
    state = desk.account(prices=book({"BTC": "100"}, good_for=100.0), thresholds=thresholds)
    for name in names:
        state.accepted(state.wallet(name, readable()), Reading([balance("BTC", "2")]), NOW, WALL)
    assert desk.values("exchange_balance_usd", "wallet", now=NOW + 101) == {}
    assert shown(desk, NOW + 101) == {(name, "BTC", "net"): 2 for name in names}
