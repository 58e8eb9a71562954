"""Wallets of thousands of currencies, and names that change at every read: in slices, within bounds, never halves."""

import asyncio
import gc
import re
import tracemalloc
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import pytest

from exporter.core.errors import Unreachable
from exporter.core.model import Balance, Reading
from exporter.holdings.account import AccountState
from exporter.holdings.prices import PriceBook
from exporter.holdings.slices import SLICE, Slices, finish, parts
from exporter.holdings.zeros import MOST
from tests.kit.accounts import NOW, WALL, Desk, balance, book, readable, refuse
from tests.kit.scrape import Samples

ROWS: Final = 2 * SLICE
NET: Final = "exchange_balance_net"
USD: Final = "exchange_balance_usd"
MIB: Final = 1024 * 1024


def coins(amount: int, tag: str = "C", count: int = ROWS) -> list[Balance]:
    return [balance(f"{tag}{number}", str(amount)) for number in range(count)]


def priced(price: int) -> PriceBook:
    return book({f"C{number}": str(price) for number in range(ROWS)})


def large(prices: PriceBook | None = None) -> tuple[Desk, AccountState]:
    """A desk whose account holds one of each of many coins, all of them shown."""
    desk = Desk()
    state = desk.account(prices=prices, max_currencies=ROWS)
    state.accepted(state.wallets["spot"], Reading(coins(1)), NOW, WALL)
    return desk, state


def read(state: AccountState, rows: Sequence[Balance], at: float = NOW + 30) -> Slices[None]:
    return state.accepting(state.wallets["spot"], Reading(rows), at, WALL + 30)


def advance(work: Slices[None], slices: int) -> None:
    for _ in range(slices):
        next(work)


def numbers(desk: Desk, family: str, now: float = NOW) -> list[str]:
    """What stands behind each line of a family; read in haste, since there are so many."""
    desk.accounts.expire(now)
    scrape = asyncio.run(desk.exposition.scrape(openmetrics=False, gzip=False))
    assert scrape is not None
    return re.findall(rf"^{family}{{.*}} (\S+)$", scrape.body.decode(), re.MULTILINE)


def nets(desk: Desk) -> set[str]:
    """Every amount that is served, which all coins have alike."""
    found = numbers(desk, NET)
    assert len(numbers(desk, "exchange_balance_available")) == len(found)
    return set(found)


def test_work_that_is_finished_gives_its_result_and_parts_are_everything() -> None:
    def work() -> Slices[int]:
        yield
        yield
        return 7

    assert finish(work()) == 7
    assert [len(part) for part in parts(range(2 * SLICE + 1))] == [SLICE, SLICE, 1]
    assert not list(parts(()))


def test_an_ordinary_wallet_is_served_without_a_stop() -> None:
    state = Desk().account(prices=book({"BTC": "100"}))
    assert list(read(state, coins(1, count=SLICE - 1))) == []
    assert list(state.revaluing(NOW)) == []


def test_a_large_answer_gives_others_a_turn_at_every_step() -> None:
    _, state = large(priced(2))
    turns = sum(1 for _ in read(state, coins(2)))
    assert turns >= 3 * ROWS // SLICE  # names, values, lines of each family
    assert state.book is not None
    state.book.replace({f"C{number}/USDT": "3" for number in range(ROWS)}, NOW + 40, WALL)
    assert sum(1 for _ in state.revaluing(NOW + 40)) >= 2 * ROWS // SLICE


def test_a_scrape_between_two_slices_sees_the_old_numbers_or_the_new_ones() -> None:
    desk, state = large(priced(2))
    seen = [nets(desk)]
    for _ in read(state, coins(2)):
        seen.append(nets(desk))
    seen.append(nets(desk))
    assert seen[0] == {"1"}
    assert seen[-1] == {"2"}
    assert all(each in ({"1"}, {"2"}) for each in seen)
    assert state.usd == 4 * ROWS


def test_prices_that_change_between_two_slices_are_the_ones_that_are_served() -> None:
    for slices in (1, 3, 5, 8, 10):
        desk, state = large(priced(2))
        assert state.book is not None
        work = read(state, coins(2))
        advance(work, slices)
        state.book.replace({f"C{number}/USDT": "3" for number in range(ROWS)}, NOW + 30, WALL)
        state.revalue(NOW + 30)
        finish(work)
        assert state.usd == 6 * ROWS
        assert set(numbers(desk, USD)) == {"6"}


def test_two_who_work_on_a_wallet_do_not_overtake_each_other() -> None:
    desk, state = large(priced(2))
    assert state.book is not None
    work = read(state, coins(2))
    advance(work, 4)
    state.book.replace({f"C{number}/USDT": "3" for number in range(ROWS)}, NOW + 30, WALL)
    again = state.revaluing(NOW + 30)
    assert list(again) == []  # whoever is at it already does it
    finish(work)
    assert set(numbers(desk, USD)) == {"6"}


def test_what_was_cut_off_between_two_slices_is_served_by_the_next_read_although_it_is_the_same() -> None:
    for slices in (4, 8):
        desk, state = large()
        answer = coins(2)
        work = read(state, answer)
        advance(work, slices)
        work.close()
        assert nets(desk) == {"1"}
        finish(read(state, answer))
        assert nets(desk) == {"2"}


@pytest.mark.parametrize("event", ["it is forgotten", "the account is dropped", "it is withdrawn"])
def test_what_ends_between_two_slices_does_not_come_back(event: str) -> None:
    for slices in (1, 4, 8):
        desk, state = large()
        wallet = state.wallets["spot"]
        work = read(state, coins(2))
        advance(work, slices)
        if event == "it is forgotten":
            state.forget(wallet)
        elif event == "the account is dropped":
            state.drop()
        else:
            wallet.stale_after = 0.0
            refuse(state, Unreachable("connection refused"), at=NOW + 30)
        finish(work)
        if event == "it is withdrawn" and wallet.fresh(NOW + 30):  # the answer came before it was taken for good
            assert nets(desk) == {"2"}
        else:
            assert not nets(desk)
        state.expire(NOW + 10_000)
        assert not nets(desk)


def test_of_an_answer_that_tells_of_many_wallets_no_scrape_sees_a_part_of_the_sum() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100"}), wallets=("main", "pairs"))
    finish(read(state, []))
    group = state.wallet("pairs", readable(many=True))

    def answer(each: str) -> Reading:
        return Reading(parts={f"pairs/P{number}": Reading([balance("BTC", each)]) for number in range(50)})

    def total() -> float | None:
        state.expire(NOW + 30)
        return desk.values("exchange_account_usd", "account", now=NOW + 30).get("desk")

    assert [total() for _ in state.accepting(group, answer("1"), NOW, WALL)] == [None] * 3
    assert total() == 5_000
    assert [total() for _ in state.accepting(group, answer("2"), NOW + 30, WALL)] == [5_000] * 3
    assert total() == 10_000
    work = state.accepting(group, answer("3"), NOW + 30, WALL)
    advance(work, 2)
    work.close()
    assert total() == 100 * (50 * 2 + 32)
    state.expire(NOW + 5_000)
    assert desk.values("exchange_account_usd", "account", now=NOW + 5_000) == {}


def test_values_that_end_at_a_scrape_are_withdrawn_and_come_back_with_the_next_read() -> None:
    prices = priced(2)
    desk, state = large(prices)
    answer = coins(2)
    finish(read(state, answer, NOW + 590))
    late = prices.good_until + 1
    assert not numbers(desk, USD, late)
    assert len(numbers(desk, NET, late)) == ROWS
    assert state.usd is None
    prices.replace({f"C{number}/USDT": "3" for number in range(ROWS)}, late, WALL)
    finish(read(state, answer, late))
    assert len(numbers(desk, USD, late)) == ROWS


def test_names_that_are_new_at_every_read_stay_within_bounds() -> None:
    desk = Desk()
    state = desk.account(expect=("USDT",))
    sizes = []
    for number in range(40):
        rows = coins(1, f"R{number}X", 500)
        state.accepted(state.wallets["spot"], Reading(rows), NOW + number, WALL)
        sizes.append(len(numbers(desk, NET)))
    wallet = state.wallets["spot"]
    assert max(sizes) == 500 + MOST + 1
    assert sizes[-1] == sizes[-3]
    assert len(wallet._shown.labels) <= 500 + MOST + 1
    assert wallet.hidden == 19 * 500 - MOST
    assert Samples(desk.text()).one("exchange_wallet_hidden_currencies") == wallet.hidden


def left_of_a_storm(reads: int) -> int:
    """Bytes in use once a wallet is as it was before so many reads of thousands of other names each."""
    state = Desk().account(prices=book({"BTC": "100"}))
    wallet = state.wallets["spot"]
    honest = [balance("BTC", "1")]
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(reads):
            state.accepted(wallet, Reading(coins(1, f"R{number + 100}X")), NOW + number, WALL)
        for number in range(2):
            state.accepted(wallet, Reading(honest), NOW + reads + number, WALL)
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_a_longer_storm_of_names_leaves_no_more_behind() -> None:
    short, long = left_of_a_storm(8), left_of_a_storm(32)
    assert short < 2 * MIB  # of 2,000 names each, of which the last thousand that were shown read 0
    assert long < 1.1 * short


def test_what_was_never_shown_does_not_read_zero() -> None:
    desk = Desk()
    state = desk.account(prices=book({"BTC": "100", "DUST": "1"}), min_usd=Decimal(10))
    for rows in ([balance("BTC", "1"), balance("DUST", "1")], [balance("BTC", "1")]):
        state.accepted(state.wallets["spot"], Reading(rows), NOW, WALL)
    assert desk.values(NET, "currency") == {"BTC": 1}


def test_what_was_never_shown_is_not_remembered() -> None:
    state = Desk().account(prices=book({"C0": "1"}), min_usd=Decimal(10))
    wallet = state.wallets["spot"]
    for rows in (coins(1, count=1), [], []):
        state.accepted(wallet, Reading(rows), NOW, WALL)
    assert not wallet.holds
    assert not wallet.remembered


def test_values_of_many_wallets_that_end_at_a_scrape_are_all_withdrawn() -> None:
    desk, prices = Desk(), book({"BTC": "100"})
    state = desk.account(prices=prices, stale_after=10_000.0)
    for number in range(40):
        wallet = state.wallet(f"w{number}", readable())
        state.accepted(wallet, Reading([balance("BTC", "1"), balance("USDT", "1")]), NOW, WALL)
    state.accepted(state.wallets["spot"], Reading(), NOW, WALL)
    assert state.usd == 40 * 101
    late = prices.good_until + 1
    values = desk.values(USD, "wallet", "currency", now=late)
    assert set(values.values()) == {1.0}  # what is pegged
    assert 0 < len(values) < 40
    assert desk.values("exchange_account_usd", "account", now=late) == {}
    for number in range(40):
        answer = Reading([balance("BTC", "1"), balance("USDT", "1")])
        state.accepted(state.wallets[f"w{number}"], answer, late, WALL)
    assert len(desk.values(USD, "wallet", "currency", now=late)) == 40
