"""What is worked out for many rows at once, or left as it was, is what working it out row by row gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, Reading
from exporter.exchanges import htx
from exporter.exchanges.base import RowMemory
from exporter.exchanges.readers import SLICE, holding, holdings, rows
from exporter.exposition.account_lines import AMOUNTS, AccountLines
from exporter.exposition.escaping import quoted
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.holdings.labels import Labels
from exporter.holdings.rows import Row, valued
from exporter.holdings.slices import finish
from exporter.holdings.wallet import Wallet
from exporter.holdings.zeros import Zeros
from tests.exchanges.driver import converse
from tests.kit.accounts import DAY, NOW, book, wallet

FIELDS = itemgetter("asset", "free", "locked")
SEEDED = settings(deadline=None, derandomize=True, max_examples=100)

plain = st.sampled_from(["0", "0.00", "00.0", f"0.{'0' * 25}", "1", "1.50", "007", "0.1", "9" * 30, f"1.{'3' * 30}"])
odd: st.SearchStrategy[Any] = st.sampled_from(
    ["", ",", "1,2", "1\n", "-1", "1e-7", "1.", ".1", " 1", "٣", "9" * 31, "1e307", None, 1, True, [], Decimal("2.5")]
)


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows as exchanges send them, mostly with no more than one field that is anything else."""
    tame = {"asset": st.sampled_from(["BTC", "eth", "a,b", "%s"]), "free": plain, "locked": plain}
    answer = draw(st.lists(st.fixed_dictionaries(tame), max_size=4))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 1, 3]))) if answer else ():
        row = draw(st.sampled_from(answer))
        row[draw(st.sampled_from(["asset", "free", "locked"]))] = draw(odd)
    return answer


def read(answer: list[Any], memory: RowMemory, **at_once: Any) -> Reading | None:
    """What a wallet's rows come to; None when they are refused."""
    try:
        reading = converse(rows(answer, FIELDS, holding, memory, **at_once)).result
    except BadPayload:
        return None
    assert isinstance(reading, Reading)
    return reading


@SEEDED
@given(st.lists(answers(), min_size=1, max_size=4))
@example([[{"asset": "BTC", "free": 1, "locked": "0"}], [{"asset": "BTC", "free": True, "locked": "0"}]])
def test_rows_that_are_parsed_at_once_or_remembered_are_those_parsed_one_by_one(series: list[list[Any]]) -> None:
    at_once, remembering = RowMemory(), RowMemory()
    for answer in series:
        told = read(answer, RowMemory())
        assert read(answer, at_once, parse_all=holdings) == told
        assert read(answer, remembering) == told


def test_one_odd_number_far_behind_in_a_long_answer_changes_none_of_the_others() -> None:
    answer = [{"asset": f"C{number}", "free": f"{number}.5", "locked": "0"} for number in range(2 * SLICE + 10)]
    answer[SLICE + 7]["free"] = "1E-7"
    told = read(answer, RowMemory())
    assert told is not None
    assert told.balances[SLICE + 7].available == Decimal("0.0000001")
    assert read(answer, RowMemory(), parse_all=holdings) == told


@SEEDED
@given(
    st.lists(st.tuples(st.lists(plain, min_size=2, max_size=2), st.lists(plain, min_size=2, max_size=2)), min_size=1)
)
def test_rows_with_and_without_a_locked_column_are_parsed_alike_at_once(
    pairs: list[tuple[list[str], list[str]]],
) -> None:
    three = [(f"C{number}", *first) for number, (first, _) in enumerate(pairs)]
    four = [(f"C{number}", *first, second[0]) for number, (first, second) in enumerate(pairs)]
    assert holdings(three) == [holding(*row) for row in three]
    assert holdings(four) == [holding(*row) for row in four]


htx_rows = st.fixed_dictionaries(
    {
        "currency": st.sampled_from(["btc", "eth"]),
        "type": st.sampled_from(["trade", "frozen", "lock", "loan-available", "news"]),
        "balance": plain | odd,
    }
)


@SEEDED
@given(st.lists(st.lists(htx_rows, min_size=1, max_size=6), min_size=1, max_size=4))
def test_remembered_htx_rows_are_those_of_a_first_read(series: list[list[Any]]) -> None:
    def once(listed: list[Any], memory: RowMemory) -> Reading | None:
        try:
            reading: Reading = converse(htx.read_accounts(("1",), False, memory), {"list": listed}).result
        except BadPayload:
            return None
        return reading

    memory = RowMemory()
    for listed in series:
        assert once(listed, memory) == once(listed, RowMemory())


@dataclass(frozen=True)
class Step:
    """One answer, and what has become of the prices by then."""

    nets: dict[str, Decimal]
    statement: tuple[str, Decimal] | None
    price: str | None
    peg: str | None
    later: float


step_strategy = st.builds(
    Step,
    nets=st.dictionaries(
        st.sampled_from(["BTC", "ETH", "USDT"]),
        st.sampled_from([Decimal(text) for text in ("1", "-2.5", "1e305", "-1e305")]),
    ),
    statement=st.none()
    | st.tuples(st.sampled_from(["usd", "usdt", "price"]), st.sampled_from([Decimal(0), Decimal(7), Decimal("1e300")])),
    price=st.sampled_from([None, None, "100", "3e4"]),
    peg=st.sampled_from([None, None, None, "1", "0.9"]),
    later=st.sampled_from([0.0, 30.0, 590.0]),
)


def quiet(nets: dict[str, str], statement: tuple[str, Decimal] | None = None) -> Step:
    """An answer while no price changes."""
    return Step({label: Decimal(net) for label, net in nets.items()}, statement, None, None, 30.0)


@SEEDED
@given(st.lists(step_strategy, min_size=2, max_size=6))
@example([quiet({"ETH": "1"}), quiet({"ETH": "1e305"}), quiet({"ETH": "-1e305"})])
@example([quiet({"ETH": "1"}), quiet({"ETH": "2"}, statement=("usd", Decimal(7)))])
@example([quiet({"ETH": "1", "BTC": "1"}), quiet({"ETH": "1", "BTC": "-2.5"})])
@example([quiet({"ETH": "1"}), quiet({"ETH": "1"})])
def test_rows_that_are_kept_are_those_valued_anew(steps: list[Step]) -> None:
    keeping, copying, prices, now = wallet(), wallet(), book({"BTC": "100", "ETH": "1e10"}), NOW
    known: dict[Balance, Balance] = {}
    for step in steps:
        now += step.later
        if step.price is not None:
            prices.replace({"BTC/USDT": step.price, "ETH/USDT": "1e10"}, now, now)
        if step.peg is not None:
            prices.pegs = {"USDT": Decimal(step.peg)}
        stated = dict([step.statement]) if step.statement is not None else {}
        answer = [
            Balance(label, abs(net), Decimal(0), Decimal(0), net, **(stated if label == "ETH" else {}))
            for label, net in step.nets.items()
        ]
        for held, balances in (
            (keeping, [known.setdefault(balance, balance) for balance in answer]),
            (copying, [Balance(*balance) for balance in answer]),
        ):
            held.accept(Reading(balances), now, now, trusted=True)
            held.revalue(prices, now)
            assert [row for row in held.rows if row.balance.net] == [
                valued(balance.currency, balance, prices, now, wanted=True) for balance in balances
            ]
        assert keeping.rows == copying.rows
        assert (keeping.usd, keeping.unpriced, keeping.hidden) == (copying.usd, copying.unpriced, copying.hidden)
        assert keeping.valued_until == copying.valued_until


names_of_an_answer = st.lists(st.sampled_from(["btc", "BTC", "eth", "\ud800", "\\ud800"]), min_size=1, max_size=4)


@SEEDED
@given(st.lists(names_of_an_answer, min_size=2, max_size=6))
@example([["btc", "eth"], ["eth", "btc"], ["btc", "btc"], ["btc"]])
@example([["btc", "BTC"], ["btc"], ["btc"]])
def test_labels_that_are_known_are_those_worked_out_anew(series: list[list[str]]) -> None:
    known, served = Labels(), set[str]()
    before = None
    for names in series:
        balances = [Balance(name, Decimal(1), Decimal(0), Decimal(0), Decimal(1)) for name in names]
        found, anew = finish(known.of(balances, (served,))), Labels()
        if before is not None:  # one more name, so that it is not the same answer
            anew.keep(before._replace(labels={**before.labels, "gone": "GONE"}))
        assert list(found.balances.items()) == list(finish(anew.of(balances, (served,))).balances.items())
        known.keep(found)
        served |= found.balances.keys()
        before = found


@SEEDED
@given(
    st.lists(
        st.tuples(st.sampled_from([30.0, DAY / 2, DAY, DAY + 1]), st.sets(st.sampled_from(["ADA", "BTC", "ETH"]))),
        min_size=1,
        max_size=8,
    )
)
@example([(0.0, {"BTC"}), (30.0, set()), (DAY, set()), (1.0, set())])
def test_zeros_that_are_left_alone_are_those_worked_out_from_every_read(reads: list[tuple[float, set[str]]]) -> None:
    zeros, now = Zeros({"ADA"}), 0.0
    history: list[tuple[float, set[str]]] = []
    for later, held in reads:
        now += later
        history.append((now, held))
        zeros.replace(dict.fromkeys(held), now)
        gone = set()
        for label in {"ADA", "BTC", "ETH"} - held:
            last = max((number for number, (_, labels) in enumerate(history) if label in labels), default=None)
            if last is not None and now - history[last + 1][0] <= DAY:
                gone.add(label)
        assert zeros.gone == gone
        assert list(zeros.balances) == sorted((gone | {"ADA"}) - held)


numbers = st.sampled_from([Decimal(text) for text in ("0", "1", "1.50", "1E+5", "2e-9", "-4")])
labels = st.lists(
    st.sampled_from(["BTC", "a b", "%s", "100%", 'q"}', "back\\", "line\nbreak", "car\rriage", "\u2028", "ü", "{}"]),
    unique=True,
    max_size=5,
)


@st.composite
def histories(draw: st.DrawFn) -> list[Sequence[Row] | None]:
    """Rows as they follow each other, most of them the same objects from step to step; None: they are withdrawn."""
    history: list[Sequence[Row] | None] = []
    known: dict[str, Row] = {}
    current = draw(labels)
    for _ in range(draw(st.integers(2, 6))):
        change = draw(st.sampled_from(["few", "few", "few", "all", "labels", "withdraw"]))
        if change == "withdraw":
            history.append(None)
            continue
        if change == "labels":
            current = draw(labels)
        for label in current:
            before = known.get(label)
            how = (
                "balance"
                if before is None or change == "all"
                else draw(st.sampled_from(["", "", "", "usd", "balance"]))
            )
            if not how and before is not None:
                continue
            if how == "usd" and before is not None:
                balance = before.balance
            else:
                borrowed = draw(st.none() | numbers)
                pnl = draw(st.none() | numbers)
                balance = Balance(label, draw(numbers), draw(numbers), ZERO, draw(numbers), borrowed, pnl=pnl)
            known[label] = Row(label, balance, draw(st.none() | numbers), False, True)
        history.append([known[label] for label in current])
    return history


def written(served: Sequence[Row]) -> dict[str, list[str]]:
    """Every line that belongs to these rows."""
    found: dict[str, list[str]] = {family: [] for family in AMOUNTS}
    for row in served:
        one = row.balance
        told = (one.available, one.frozen, one.locked, one.net, row.usd, one.borrowed, one.pnl)
        for family, number in zip(AMOUNTS, told, strict=True):
            if number is not None:
                head = f'{family}{{exchange="xt",account="desk",wallet="spot",currency="{quoted(row.label)}"}}'
                found[family].append(f"{head} {number!s}")
    return found


def exposed(exposition: Exposition, samples: AccountLines, name: str) -> dict[str, list[str]]:
    """The same, as it is served."""
    found = {}
    for family in AMOUNTS:
        lines = exposition.lines(family, samples.owner, name).decode().split("\n")
        assert lines.pop() == ""
        found[family] = lines
    return found


def one(label: str) -> Row:
    """A row of one unit, its zeros the one object that readers take for zero."""
    return Row(label, Balance(label, Decimal(1), ZERO, ZERO, Decimal(1)), None, False, True)


@SEEDED
@given(histories())
@example([[one("BTC"), kept := one("ETH")], [one("XRP"), kept]])
def test_lines_that_are_spliced_are_those_written_one_by_one(
    history: list[Sequence[Row] | None],
) -> None:
    exposition = Exposition(RENDERED, lambda *_: b"")
    samples = AccountLines(exposition, "xt", "desk")
    held: Wallet = wallet()
    for served in history:
        if served is None:
            samples.withdraw(held)
        else:
            held.rows = served
            finish(samples.balances(held))
        assert exposed(exposition, samples, held.name) == written(served or ())
