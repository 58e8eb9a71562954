"""What every exchange must keep, run over all of them: a new exchange is held to it by being in the map."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

import pytest

from exporter.errors import BadPayload
from exporter.exchanges import EXCHANGES, bingx, bitget, bitmart, htx, xt
from exporter.exchanges.base import MAX_ROWS, Api, Exchange, Reader, Request, RowMemory
from exporter.model import KeyInfo, Reading

from .driver import FIXTURES, NOW, amounts, converse, credentials, from_samples, respond

APIS = [(exchange, api) for exchange in EXCHANGES.values() for api in exchange.apis.values()]
API_IDS = [f"{exchange.name}-{name}".rstrip("-") for exchange in EXCHANGES.values() for name in exchange.apis]
SCALE = 10**18
OURS = credentials("MARKEDKEY", "MARKEDSECRET", "MARKEDPASSPHRASE")

every_api = pytest.mark.parametrize(("exchange", "api"), APIS, ids=API_IDS)


def readers(exchange: Exchange, api: Api) -> Iterator[tuple[str, Callable[[], Reader[Any]]]]:
    """Every reader of an API by name, those of discovered wallets included."""
    yield "time", api.time
    yield "prices", api.prices
    for name in ("discover", "key_info", "address"):
        if (reader := getattr(api, name)) is not None:
            yield name, reader
    wallets = dict(api.wallets)
    if api.discover is not None:
        wallets |= respond(api.discover(), from_samples(exchange.name, api)).result
    for name, wallet in wallets.items():
        yield f"wallet {name}", partial(wallet.read, RowMemory())


READERS = [
    pytest.param(exchange, api, reader, id=f"{label}-{name}")
    for (exchange, api), label in zip(APIS, API_IDS, strict=True)
    for name, reader in readers(exchange, api)
]


def requests_of(api: Api) -> list[Request]:
    return [Request(endpoint, id="1" if "{id}" in endpoint.path else "") for endpoint in api.endpoints]


def test_the_map_names_each_exchange_as_it_names_itself() -> None:
    assert {name: exchange.name for name, exchange in EXCHANGES.items()} == {name: name for name in EXCHANGES}
    assert set(EXCHANGES) == {"bitmart", "xt", "bingx", "htx", "bitget"}


@every_api
def test_an_api_can_be_chosen_and_has_its_main_wallet(exchange: Exchange, api: Api) -> None:
    assert exchange.first in exchange.apis
    assert bool(exchange.option) == (len(exchange.apis) > 1)
    assert api.main in api.wallets
    assert not api.wallets[api.main].overview
    assert api.host.startswith("https://")
    assert api.host.count("/") == 2


@every_api
def test_signing_twice_at_one_moment_gives_the_same_bytes(exchange: Exchange, api: Api) -> None:
    for request in requests_of(api):
        assert api.sign(request, OURS, "host", NOW) == api.sign(request, OURS, "host", NOW)


@every_api
def test_the_secret_is_never_sent_and_the_key_only_once(exchange: Exchange, api: Api) -> None:
    for request in requests_of(api):
        signed = api.sign(request, OURS, "host", NOW)
        sent = f"{signed.target} {dict(signed.headers)}"
        assert "MARKEDSECRET" not in sent
        assert sent.count("MARKEDKEY") == (2 if request.endpoint is htx.API_KEY else 1)
        assert "MARKEDPASSPHRASE" not in signed.target
        assert ("MARKEDPASSPHRASE" in sent) == ("passphrase" in exchange.credentials)


@every_api
def test_a_signed_request_shows_nothing_when_printed(exchange: Exchange, api: Api) -> None:
    for request in requests_of(api):
        assert repr(api.sign(request, OURS, "host", NOW)) == f"Signed({request.path!r})"


@every_api
def test_the_needed_credentials_begin_with_the_key(exchange: Exchange, api: Api) -> None:
    assert exchange.credentials[0] == "api_key"
    assert set(exchange.credentials) <= {"api_key", "secret", "passphrase"}


@every_api
def test_public_requests_carry_no_credentials(exchange: Exchange, api: Api) -> None:
    for request in requests_of(api):
        if not request.endpoint.signed:
            signed = api.public(request, NOW)
            assert not signed.headers
            assert signed.target.partition("?")[0] == request.path


@every_api
def test_each_endpoint_has_a_published_limit_in_the_right_scope(exchange: Exchange, api: Api) -> None:
    for endpoint in api.endpoints:
        assert endpoint.limits
        assert all(limit.requests > 0 and limit.seconds > 0 for limit in endpoint.limits)
        scopes = {limit.scope for limit in endpoint.limits}
        assert scopes & {"uid", "key"} if endpoint.signed else scopes == {"ip"}


@every_api
def test_limits_of_one_name_and_scope_are_one_limit(exchange: Exchange, api: Api) -> None:
    limits = [limit for endpoint in api.endpoints for limit in endpoint.limits]
    assert len({(limit.scope, limit.name) for limit in limits}) == len(set(limits))


@every_api
def test_endpoints_are_plain_paths_that_can_not_move_money(exchange: Exchange, api: Api) -> None:
    for endpoint in api.endpoints:
        assert endpoint.path.startswith("/")
        assert not set("?#%& ") & set(endpoint.path)
        assert not [word for word in ("withdraw", "transfer", "order", "apply") if word in endpoint.path.lower()]


@every_api
def test_each_declared_endpoint_is_used_and_has_its_sample(exchange: Exchange, api: Api) -> None:
    used = {
        request.endpoint
        for _, reader in readers(exchange, api)
        for request in respond(reader(), from_samples(exchange.name, api)).requests
    }
    assert used == set(api.endpoints)


@pytest.mark.parametrize("name", EXCHANGES)
def test_fixtures_say_where_they_come_from(name: str) -> None:
    assert "invented" in (FIXTURES / name / "SOURCE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("exchange", "api", "reader"), READERS)
def test_each_reader_asks_only_for_declared_endpoints_and_ends(
    exchange: Exchange, api: Api, reader: Callable[[], Reader[Any]]
) -> None:
    talk = respond(reader(), from_samples(exchange.name, api))
    assert 1 <= len(talk.requests) <= 10
    assert {request.endpoint for request in talk.requests} <= set(api.endpoints)
    assert all("{" not in request.path for request in talk.requests)
    assert_sound(talk.result)


def assert_sound(result: Any) -> None:
    """Whatever a reader returns is of the promised types and finite."""
    if isinstance(result, Reading):
        for row in result.balances:
            assert isinstance(row.currency, str)
            assert row.currency
            told = [number for number in row[1:] if number is not None]
            assert all(type(number) is Decimal and isfinite(float(number)) for number in told if number != row.price)
            assert min(row.locked, row.borrowed or row.locked) >= 0
        for value in result.values:
            assert value.wallet
            assert (value.usd is None) != (value.usdt is None)
        assert result.ignored >= 0
    elif isinstance(result, KeyInfo):
        assert set(result.permissions) <= {"read", "trade", "transfer", "withdraw"}
        assert all(isinstance(value, bool) for value in result.permissions.values())
    else:
        assert isinstance(result, int | str | dict)


@every_api
def test_an_overview_is_slow_and_names_each_wallet_once(exchange: Exchange, api: Api) -> None:
    for wallet in api.wallets.values():
        if wallet.overview:
            reading = respond(wallet.read(RowMemory()), from_samples(exchange.name, api)).result
            names = [value.wallet for value in reading.values]
            assert names
            assert len(names) == len(set(names))
            assert not reading.balances
            assert wallet.every >= 300


@every_api
def test_bitcoin_has_its_price_under_the_symbol_of_the_exchange(exchange: Exchange, api: Api) -> None:
    book = respond(api.prices(), from_samples(exchange.name, api)).result
    assert Decimal(book[api.symbol("BTC", "USDT")]) > 90_000


class Shape(NamedTuple):
    """How one wallet's rows look: enough to build answers of any length with any amount in any field."""

    read: Callable[[RowMemory], Reader[Reading]]
    row: dict[str, Any]
    wrap: Callable[[list[Any]], Any]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


def as_is(rows: list[Any]) -> Any:
    return rows


def under(name: str) -> Callable[[list[Any]], Any]:
    return lambda rows: {name: rows}


SHAPES = {
    "bitmart": Shape(
        bitmart.read_spot,
        {"currency": "X", "available": "1", "frozen": "2", "unAvailable": "5"},
        under("wallet"),
        ("available", "frozen"),
        ("unAvailable", "available_usd_valuation"),
    ),
    "xt v4": Shape(
        xt.read_spot,
        {"currency": "X", "availableAmount": "1", "frozenAmount": "2", "totalAmount": "10"},
        under("assets"),
        ("availableAmount", "frozenAmount", "totalAmount"),
        ("convertUsdtAmount",),
    ),
    "xt legacy": Shape(
        xt.read_spot_legacy,
        {"available": "1", "freeze": "2"},
        lambda rows: {f"X{number}" if number else "X": row for number, row in enumerate(rows)},
        ("available", "freeze"),
    ),
    "bingx spot": Shape(
        partial(bingx.read_assets, bingx.SPOT),
        {"asset": "X", "free": "1", "locked": "2"},
        under("balances"),
        ("free", "locked"),
    ),
    "bingx funding": Shape(
        partial(bingx.read_assets, bingx.FUNDING),
        {"asset": "X", "free": "1", "locked": "2"},
        under("assets"),
        ("free", "locked"),
    ),
    "htx": Shape(
        partial(htx.read_accounts, ("1",), False),
        {"currency": "X", "type": "trade", "balance": "1"},
        under("list"),
        ("balance",),
    ),
    "htx margin": Shape(
        partial(htx.read_accounts, ("1",), True),
        {"currency": "X", "type": "trade", "balance": "1"},
        under("list"),
        ("balance",),
        negative=("balance",),
    ),
    "bitget classic": Shape(
        bitget.read_spot,
        {"coin": "X", "available": "1", "frozen": "2", "locked": "4"},
        as_is,
        ("available", "frozen", "locked"),
    ),
    "bitget unified": Shape(
        bitget.read_unified,
        {"coin": "X", "equity": "10", "usdValue": "9", "available": "1", "debt": "5", "locked": "2"},
        under("assets"),
        ("equity", "available"),
        ("debt", "locked", "usdValue"),
        negative=("equity", "available", "locked", "usdValue"),
    ),
    "bitget unified funding": Shape(
        bitget.read_unified_funding,
        {"coin": "X", "available": "1", "frozen": "2"},
        as_is,
        ("available",),
        ("frozen",),
    ),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("bitmart", None, ("1", "2", "3", "6", None)),
        ("xt legacy", None, ("1", "2", "0", "3", None)),
        ("xt v4", None, ("1", "2", "7", "10", None)),
        ("bingx spot", None, ("1", "2", "0", "3", None)),
        ("bingx funding", None, ("1", "2", "0", "3", None)),
        ("htx", {"trade": "1", "frozen": "2", "lock": "4", "bank": "8"}, ("1", "2", "12", "15", None)),
        (
            "htx margin",
            {"trade": "1", "frozen": "2", "lock": "4", "bank": "8", "loan": "-16", "interest": "-32"},
            ("1", "2", "12", "-33", "48"),
        ),
        ("bitget classic", None, ("1", "2", "4", "7", None)),
        ("bitget unified", None, ("1", "2", "12", "10", "5")),
        ("bitget unified funding", None, ("1", "2", "0", "3", None)),
    ],
)
def test_the_mapping_table(name: str, rows: dict[str, str] | None, expected: tuple[str | None, ...]) -> None:
    shape = SHAPES[name]
    listed = [shape.row | {"type": kind, "balance": amount} for kind, amount in rows.items()] if rows else [shape.row]
    assert amounts(read(shape, listed).balances) == {"X": expected}


def read(shape: Shape, rows: list[Any], memory: RowMemory | None = None) -> Reading:
    reading = converse(shape.read(memory or RowMemory()), shape.wrap(rows)).result
    assert isinstance(reading, Reading)
    return reading


NO_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "1e99999999999999999999",
    "1_000",
    " 12 ",
    "12\n",
    "١٢",
    "１２",
    "+1",
    ".5",
    "5.",
    "0x10",
    "1,5",
    "--1",
    True,
    False,
    [],
    {},
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1e400"),
    10**400,
]


@every_shape
@pytest.mark.parametrize("bad", NO_NUMBERS, ids=lambda bad: str(bad)[:12])
def test_what_is_no_finite_number_fails_the_wallet(shape: Shape, bad: Any) -> None:
    for name in shape.required + shape.optional:
        with pytest.raises(BadPayload):
            read(shape, [shape.row, shape.row | {name: bad}])


@every_shape
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_zero_only_where_a_field_may_be_absent(shape: Shape, nothing: Any) -> None:
    for name in shape.required:
        with pytest.raises(BadPayload):
            read(shape, [shape.row | {name: nothing}])
    for name in shape.optional:
        assert read(shape, [shape.row | {name: nothing}]).balances


@pytest.mark.parametrize(
    ("name", "field"),
    [("bitmart", "unAvailable"), ("bitmart", "available_usd_valuation"), ("xt v4", "convertUsdtAmount")],
)
def test_a_field_that_may_be_absent_counts_as_null(name: str, field: str) -> None:
    shape = SHAPES[name]
    absent = {key: value for key, value in shape.row.items() if key != field}
    assert read(shape, [absent]) == read(shape, [shape.row | {field: None}])


@every_shape
@pytest.mark.parametrize("amount", ["-1", -1, Decimal("-0.5")])
def test_a_negative_amount_fails_where_nothing_can_be_owed(shape: Shape, amount: Any) -> None:
    for name in shape.required + shape.optional:
        if name not in shape.negative:
            with pytest.raises(BadPayload):
                read(shape, [shape.row | {name: amount}])
        else:
            assert read(shape, [shape.row | {name: amount}]).balances


@every_shape
def test_forty_digits_are_kept_to_the_last_one(shape: Shape) -> None:
    name, long = shape.required[0], "1234567890123456789012.345678901234567891"
    (balance,) = read(shape, [shape.row | {name: long}]).balances
    assert Decimal(long) in balance
    if "totalAmount" not in shape.row and "equity" not in shape.row:
        parts = (balance.available, balance.frozen, balance.locked)
        assert sum(int(part * SCALE) for part in parts) == int(balance.net * SCALE)


def test_a_missing_list_of_rows_is_no_empty_wallet() -> None:
    for shape in SHAPES.values():
        for answer in ("x", 5, True):
            with pytest.raises(BadPayload):
                converse(shape.read(RowMemory()), answer)


@every_shape
def test_more_rows_than_are_worked_on_fail_the_wallet(shape: Shape) -> None:
    with pytest.raises(BadPayload, match=r"20001 rows"):
        read(shape, [shape.row] * (MAX_ROWS + 1))


@every_shape
def test_a_long_answer_gives_the_loop_its_turn(shape: Shape) -> None:
    assert converse(shape.read(RowMemory()), shape.wrap([shape.row] * 3500)).pauses >= 3


@every_api
def test_a_long_list_of_prices_gives_the_loop_its_turn(exchange: Exchange, api: Api) -> None:
    tickers: Any = [{}] * 2500
    if api is xt.LEGACY:
        tickers = {f"x{number}_usdt": {"price": 1} for number in range(2500)}
    assert converse(api.prices(), tickers).pauses == 2


@every_shape
def test_an_unchanged_row_is_the_same_object_and_a_changed_one_is_not(shape: Shape) -> None:
    memory = RowMemory()
    first = read(shape, [dict(shape.row)], memory).balances[0]
    again = read(shape, [dict(shape.row)], memory).balances[0]
    changed = read(shape, [shape.row | {shape.required[0]: "1.5"}], memory).balances[0]
    assert again is first
    assert changed != first


@every_shape
def test_a_failed_read_forgets_nothing(shape: Shape) -> None:
    memory = RowMemory()
    first = read(shape, [shape.row], memory).balances[0]
    with pytest.raises(BadPayload):
        read(shape, [shape.row | {shape.required[0]: "?"}], memory)
    assert read(shape, [shape.row], memory).balances[0] is first


@every_shape
def test_numbers_are_not_remembered_since_true_equals_one(shape: Shape) -> None:
    memory = RowMemory()
    read(shape, [shape.row | {shape.required[0]: 1}], memory)
    with pytest.raises(BadPayload):
        read(shape, [shape.row | {shape.required[0]: True}], memory)


@every_shape
@pytest.mark.parametrize("name", [None, "", 5, ["X"], True])
def test_a_row_without_a_name_fails_the_wallet(shape: Shape, name: Any) -> None:
    key = next((key for key in ("currency", "asset", "coin") if key in shape.row), None)
    if key is None:
        with pytest.raises(BadPayload):
            converse(shape.read(RowMemory()), {"": shape.row})
    else:
        with pytest.raises(BadPayload):
            read(shape, [shape.row | {key: name}])


@every_shape
@pytest.mark.parametrize("row", [None, "x", 5, [], {}, ["X", "1", "2"]])
def test_a_row_of_another_shape_fails_the_wallet(shape: Shape, row: Any) -> None:
    with pytest.raises(BadPayload):
        read(shape, [shape.row, row])


@every_shape
def test_a_hostile_name_stays_as_it_is(shape: Shape) -> None:
    hostile = 'USDT"} 1\nfake_metric 2'
    key = next((key for key in ("currency", "asset", "coin") if key in shape.row), None)
    answer = {hostile: shape.row} if key is None else shape.wrap([shape.row | {key: hostile}])
    (balance,) = converse(shape.read(RowMemory()), answer).result.balances
    assert balance.currency == hostile
