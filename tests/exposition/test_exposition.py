"""Lines are rendered when they change, and come out of a scrape as one ordinary answer, plain or packed."""

import gzip
import threading
import zlib
from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.wording import spelled
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.exposition.filters import Filters
from exporter.exposition.packing import OPENMETRICS, TEXT
from tests.kit.accounts import NOW, Desk, balance, book, read
from tests.kit.exposition_checker import differences, problems
from tests.kit.scrape import Samples, openmetrics_families, text_families

UP = "exchange_account_up"
AVAILABLE = "exchange_balance_available"
TAIL = b"# HELP lag Lag.\n# TYPE lag gauge\nlag 0.5\n"


def served(accounts: int = 1, wallets: Iterable[str] = ("spot",), tail: bytes = TAIL) -> Exposition:
    """An exposition with one line in a small family and one block per wallet in a large one."""
    exposition = Exposition(RENDERED, lambda _, filters: b"" if filters.labels() else tail)
    for number in range(accounts):
        owner = exposition.owner("xt" if number % 2 else "htx", f"a{number}")
        exposition.put(UP, owner, "", line(UP, number))
        for wallet in wallets:
            exposition.put(AVAILABLE, owner, wallet, line(AVAILABLE, number, wallet))
    return exposition


def line(family: str, number: int, wallet: str = "", value: float = 1.0) -> bytes:
    exchange = "xt" if number % 2 else "htx"
    more = f',wallet="{wallet}",currency="BTC"' if wallet else ""
    return f'{family}{{exchange="{exchange}",account="a{number}"{more}}} {value!r}\n'.encode()


async def text(exposition: Exposition, *, openmetrics: bool = False, filters: Filters | None = None) -> str:
    """A plain scrape, which is checked against the packed one."""
    plain = await exposition.scrape(openmetrics=openmetrics, gzip=False, filters=filters)
    packed = await exposition.scrape(openmetrics=openmetrics, gzip=True, filters=filters)
    assert plain is not None
    assert packed is not None
    assert (plain.gzip, packed.gzip) == (False, True)
    assert gzip.decompress(packed.body) == plain.body
    assert plain.content_type == packed.content_type == (OPENMETRICS if openmetrics else TEXT)
    assert problems(plain.body.decode(), openmetrics=openmetrics) == []
    return plain.body.decode()


async def test_both_formats_hold_the_same_samples() -> None:
    exposition = served(40, ("spot", "funding"))
    assert differences(await text(exposition), await text(exposition, openmetrics=True)) == []


async def test_a_packed_answer_is_one_ordinary_gzip_member() -> None:
    scrape = await served(100).scrape(openmetrics=False, gzip=True)
    assert scrape is not None
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    plain = member.decompress(scrape.body)
    assert member.eof
    assert member.unused_data == b""
    assert plain.endswith(TAIL)
    assert len(Samples(plain.decode()).by(UP, "account")) == 100


async def test_an_empty_exposition_is_an_ordinary_answer_too() -> None:
    assert Samples(await text(Exposition(RENDERED, lambda *_: TAIL))) == {("lag", ()): 0.5}


async def test_a_changed_line_is_served_and_its_neighbours_stay() -> None:
    exposition = served(3)
    await text(exposition)
    owner = exposition.owner("htx", "late")
    exposition.put(UP, owner, "", b'exchange_account_up{exchange="htx",account="late"} 1\n')
    assert Samples(await text(exposition)).by(UP, "account") == {"a0": 1, "a1": 1, "a2": 1, "late": 1}
    exposition.put(UP, owner, "", b'exchange_account_up{exchange="htx",account="late"} 0\n')
    assert Samples(await text(exposition)).by(UP, "account") == {"a0": 1, "a1": 1, "a2": 1, "late": 0}
    exposition.remove(UP, owner, "")
    assert Samples(await text(exposition)).by(UP, "account") == {"a0": 1, "a1": 1, "a2": 1}


async def test_a_family_without_lines_has_no_head() -> None:
    exposition = Exposition(RENDERED, lambda *_: b"")
    owner = exposition.owner("xt", "a1")
    exposition.put(UP, owner, "", line(UP, 1))
    exposition.put(AVAILABLE, owner, "spot", line(AVAILABLE, 1, "spot"))
    exposition.put(AVAILABLE, owner, "spot", b"")
    assert AVAILABLE not in await text(exposition)


async def test_removing_what_is_not_there_changes_nothing() -> None:
    exposition = served(2)
    before = await text(exposition)
    exposition.remove(AVAILABLE, exposition.owner("xt", "other"), "spot")
    exposition.put(AVAILABLE, exposition.owner("xt", "other"), "spot", b"")
    assert await text(exposition) == before


async def test_a_dropped_owner_is_gone_and_stays_gone() -> None:
    exposition = served(1)
    owner = exposition.owner("xt", "a1")
    for family in (UP, AVAILABLE):
        exposition.put(family, owner, "spot", line(family, 1, "spot" if family == AVAILABLE else ""))
    assert '"a1"' in await text(exposition)
    exposition.drop(owner)
    exposition.put(UP, owner, "", line(UP, 1))
    assert '"a1"' not in await text(exposition)
    assert exposition.lines(UP, owner, "") == b""


async def test_what_changes_during_a_scrape_is_in_the_next_one() -> None:
    exposition: Exposition

    def tail(openmetrics: bool, filters: Filters) -> bytes:
        assert threading.current_thread() is not threading.main_thread()
        return TAIL

    exposition = Exposition(RENDERED, tail)
    owner = exposition.owner("xt", "a1")
    exposition.put(UP, owner, "", line(UP, 1, value=0.0))
    running = exposition.scrape(openmetrics=False, gzip=True)
    exposition.put(UP, owner, "", line(UP, 1, value=1.0))
    first = await running
    assert first is not None
    assert Samples(await text(exposition)).by(UP, "account") == {"a1": 1}


@pytest.mark.parametrize(
    ("filters", "accounts"),
    [
        (Filters(exchanges=("htx",)), {"a0", "a2"}),
        (Filters(exchanges=("htx", "xt")), {"a0", "a1", "a2", "a3"}),
        (Filters(accounts=("a1", "a2")), {"a1", "a2"}),
        (Filters(exchanges=("htx",), accounts=("a1", "a2")), {"a2"}),
    ],
)
@pytest.mark.parametrize("openmetrics", [False, True])
async def test_filters_choose_accounts(filters: Filters, accounts: set[str], openmetrics: bool) -> None:
    chosen = await text(served(4), openmetrics=openmetrics, filters=filters)
    assert set(Samples(chosen).by(UP, "account")) == accounts
    assert set(Samples(chosen).by(AVAILABLE, "account")) == accounts
    assert "lag" not in chosen


async def test_filters_leave_out_families_without_the_label() -> None:
    exposition = served(2)
    prices = exposition.owner("htx")
    exposition.put("exchange_price_usd", prices, "", b'exchange_price_usd{exchange="htx",currency="BTC"} 1.0\n')
    assert "exchange_price_usd" in await text(exposition, filters=Filters(exchanges=("htx",)))
    assert "exchange_price_usd" not in await text(exposition, filters=Filters(exchanges=("xt",)))
    assert "exchange_price_usd" not in await text(exposition, filters=Filters(accounts=("a0",)))


@pytest.mark.parametrize(
    "filters", [Filters(exchanges=("mtgox",)), Filters(accounts=("a9",)), Filters(("xt",), ("a0",))]
)
async def test_filters_that_match_nothing_answer_nothing(filters: Filters) -> None:
    assert await served(4).scrape(openmetrics=False, gzip=True, filters=filters) is None


async def test_empty_filters_are_no_filters() -> None:
    assert await text(served(2), filters=Filters()) == await text(served(2))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=12), min_size=1, max_size=4, unique=True))
def test_any_currency_name_survives_both_parsers(names: list[str]) -> None:
    desk = Desk()
    read(desk.account(prices=book({})), *[balance(name, "1") for name in names])
    labels = {row.label for row in desk.accounts["desk"].wallets["spot"].rows}
    assert len(labels) == len(names)
    assert set(desk.values(AVAILABLE, "currency")) == labels
    for families in (text_families(desk.text()), openmetrics_families(desk.text(openmetrics=True))):
        found = [sample for family in families for sample in family.samples if sample.name == AVAILABLE]
        assert {sample.labels["currency"] for sample in found} == labels


def test_a_hostile_name_stays_a_label() -> None:
    desk = Desk()
    hostile = 'USDT"} 1\nfake_metric 2'
    read(desk.account(prices=book({})), balance(hostile, "3"), balance("BTC\\", "4"), balance("\ud800", "5"))
    assert desk.values(AVAILABLE, "currency") == {
        'USDT"} 1\nFAKE_METRIC 2': 3,
        "BTC\\": 4,
        spelled("\ud800").upper(): 5,
    }


def test_a_hostile_wallet_name_stays_a_label() -> None:
    desk = Desk()
    read(desk.account(), balance("BTC", "3"), wallet='grid"} 1\n\ud800')
    assert desk.values(AVAILABLE, "wallet") == {'grid"} 1\n\\ud800': 3}


def test_a_number_is_the_nearest_float() -> None:
    desk = Desk()
    exact = Decimal("0.1234567890123456789012345678901234567890")
    read(desk.account(), balance("BTC", str(exact)), balance("ETH", "1e-400"), balance("XRP", "12345678901234567890.5"))
    assert desk.values(AVAILABLE, "currency", now=NOW) == {
        "BTC": 0.12345678901234568,
        "ETH": 0.0,
        "XRP": 1.2345678901234567e19,
    }


# Memory: what is served no longer is not kept.


def remembered(exposition: Exposition) -> int:
    """How many names the exposition keeps."""
    return len(exposition._names)


async def test_names_of_wallets_are_let_go_with_the_last_who_has_them() -> None:
    exposition = served()
    before = remembered(exposition)
    owners = [exposition.owner("htx", f"b{number}") for number in range(3)]
    for number in range(200):
        for owner in owners:
            exposition.put(AVAILABLE, owner, f"w{number}", line(AVAILABLE, 9, f"w{number}"))
    assert remembered(exposition) == before + 200
    for number in range(200):
        exposition.remove(AVAILABLE, owners[0], f"w{number}")
        exposition.remove(AVAILABLE, owners[0], f"w{number}")
    assert len(owners[0].keys) == 0
    assert remembered(exposition) == before + 200
    exposition.drop(owners[1])
    assert len(owners[1].keys) == 0
    assert remembered(exposition) == before + 200
    for number in range(200):
        exposition.put(AVAILABLE, owners[2], f"w{number}", b"")
    assert remembered(exposition) == before


async def test_a_name_is_one_object_however_many_owners_have_it() -> None:
    exposition = served()
    owners = [exposition.owner("htx", f"b{number}") for number in range(2)]
    for value in (1.0, 2.0):
        for owner in owners:
            exposition.put(AVAILABLE, owner, "".join(("sp", "ot")), line(AVAILABLE, 9, "spot", value))
    one, other = (next(iter(owner.lines)) for owner in owners)
    assert one is other
