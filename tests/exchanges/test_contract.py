"""What every exchange must keep, run over all of them: a new exchange is held to it by being in the map."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import KeyInfo, Reading
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import AUTO, Api, Endpoint, Exchange, Reader, Request, RowMemory, WalletSource
from tests.exchanges.driver import NOW, converse, credentials, from_samples, respond, symbol
from tests.exchanges.facts import FOLDER, ApiFacts, everything

APIS = [(exchange, api) for exchange in EXCHANGES.values() for api in exchange.apis.values()]
API_IDS = [f"{exchange.name}-{name}".rstrip("-") for exchange in EXCHANGES.values() for name in exchange.apis]
OURS = credentials("MARKEDKEY", "MARKEDSECRET", "MARKEDPASSPHRASE")

every_api = pytest.mark.parametrize(("exchange", "api"), APIS, ids=API_IDS)


def readers(exchange: Exchange, api: Api) -> Iterator[tuple[str, Callable[[], Reader[Any]]]]:
    """Every reader of an API by name, those of discovered wallets included."""
    yield "prices", api.prices
    for name in ("time", "markets", "discover", "key_info", "address"):
        if (reader := getattr(api, name)) is not None:
            yield name, reader
    for name, wallet in wallets(exchange, api):
        yield f"wallet {name}", partial(wallet.read, RowMemory())


def wallets(exchange: Exchange, api: Api) -> Iterator[tuple[str, WalletSource]]:
    """Every wallet of an API by name, first as the file has it, then as the exchange's list has it."""
    yield from api.wallets.items()
    if api.discover is not None:
        listed = respond(api.discover(), from_samples(exchange.name, api)).result
        yield from ((f"{name} of the list", wallet) for name, wallet in listed.items())


READERS = [
    pytest.param(exchange, api, reader, id=f"{label}-{name}")
    for (exchange, api), label in zip(APIS, API_IDS, strict=True)
    for name, reader in readers(exchange, api)
]


def known(exchange: Exchange, api: Api) -> ApiFacts:
    return everything()[exchange.name].apis[next(name for name, each in exchange.apis.items() if each is api)]


def requests_of(api: Api) -> list[Request]:
    return [Request(endpoint, id="1" if "{id}" in endpoint.path else "") for endpoint in api.endpoints]


def test_the_map_names_each_exchange_as_it_names_itself() -> None:
    assert {name: exchange.name for name, exchange in EXCHANGES.items()} == {name: name for name in EXCHANGES}
    assert set(EXCHANGES) == {file.parent.name for file in FOLDER.glob("*/facts.py")}


@every_api
def test_an_api_can_be_chosen_and_has_its_main_wallet(exchange: Exchange, api: Api) -> None:
    assert exchange.first in exchange.apis
    assert bool(exchange.option) == (len(exchange.apis) > 1)
    assert api.main in api.wallets
    assert not api.wallets[api.main].overview
    assert api.host.startswith("https://")
    assert api.host.count("/") == 2


@every_api
def test_an_api_that_is_chosen_serves_the_account_alone(exchange: Exchange, api: Api) -> None:
    (name,) = [name for name, each in exchange.apis.items() if each is api]
    assert exchange.apis_for({exchange.option: name}) == (api,)


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_without_a_choice_the_first_api_is_asked_and_others_only_where_the_answers_decide(exchange: Exchange) -> None:
    first, *others = exchange.apis_for({})
    assert first is exchange.api_for({}) is exchange.apis[exchange.first]
    assert len(others) == (len(exchange.apis) - 1 if exchange.probes else 0)
    if exchange.probes:
        assert exchange.apis_for({exchange.option: AUTO}) == (first, *others)


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
        assert sent.count("MARKEDKEY") == (2 if request.path in known(exchange, api).names_key_again else 1)
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
        path = endpoint.path.lower().replace("/orders-active", "")  # a list of what on-chain earn of OKX holds
        assert not [word for word in ("withdraw", "transfer", "order", "apply") if word in path]


@every_api
def test_each_declared_endpoint_is_used_and_has_its_sample(exchange: Exchange, api: Api) -> None:
    used = {
        request.endpoint
        for _, reader in readers(exchange, api)
        for request in respond(reader(), from_samples(exchange.name, api)).requests
    }
    assert used == set(api.endpoints)


def asked(exchange: Exchange, api: Api, reader: Reader[Any]) -> tuple[Endpoint, ...]:
    return tuple(request.endpoint for request in respond(reader, from_samples(exchange.name, api)).requests)


@pytest.mark.parametrize(
    ("exchange", "api", "wallet"),
    [
        pytest.param(exchange, api, wallet, id=f"{label}-{name}")
        for (exchange, api), label in zip(APIS, API_IDS, strict=True)
        for name, wallet in wallets(exchange, api)
    ],
)
def test_a_wallet_declares_exactly_what_a_read_of_it_asks(exchange: Exchange, api: Api, wallet: WalletSource) -> None:
    assert asked(exchange, api, wallet.read(RowMemory())) == wallet.endpoints


@every_api
def test_prices_and_the_list_of_wallets_declare_exactly_what_they_ask(exchange: Exchange, api: Api) -> None:
    assert asked(exchange, api, api.prices()) == api.price_endpoints
    assert (asked(exchange, api, api.discover()) if api.discover else ()) == api.list_endpoints
    assert (asked(exchange, api, api.markets()) if api.markets else ()) == api.market_endpoints


@pytest.mark.parametrize("name", EXCHANGES)
def test_fixtures_say_where_they_come_from(name: str) -> None:
    assert "invented" in (FOLDER / name / "fixtures" / "SOURCE.md").read_text(encoding="utf-8")


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
        for part in result.parts.values():
            assert_sound(part)
    elif isinstance(result, KeyInfo):
        assert set(result.permissions) <= {"read", "trade", "transfer", "withdraw"}
        assert all(isinstance(value, bool) for value in result.permissions.values())
    else:
        assert isinstance(result, int | str | dict)


@every_api
def test_an_answer_tells_of_several_wallets_where_that_is_declared_and_nowhere_else(
    exchange: Exchange, api: Api
) -> None:
    for name, wallet in wallets(exchange, api):
        reading = respond(wallet.read(RowMemory()), from_samples(exchange.name, api)).result
        assert bool(reading.parts) == wallet.many, name
        assert all(part.startswith(f"{name}/") for part in reading.parts), name
        for part in reading.parts.values():
            assert part.unreadable or not all(row.is_zero for row in part.balances), name
        assert not wallet.many or not (reading.balances or wallet.lists_zeros or wallet.overview), name


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
    pair = symbol(exchange.name, api, "BTC", "USDT")
    assert pair is not None
    assert Decimal(book[pair]) > 90_000


@every_api
def test_a_pair_is_spelled_by_a_rule_or_told_by_the_list_of_markets_and_not_by_both(
    exchange: Exchange, api: Api
) -> None:
    assert (api.symbol is None) == (api.markets is not None)
    # Glued, BTC/ZZUSDT turned round would be ZZ/USDT in the eyes of who only knows USDT.
    glued = api.symbol is not None and api.symbol("BTC", "ZZUSDT") == api.symbol("BTCZZ", "USDT")
    assert not glued
    assert symbol(exchange.name, api, "BTCZZ", "USDT") != symbol(exchange.name, api, "BTC", "ZZUSDT")


@every_api
def test_a_long_list_of_prices_gives_the_loop_its_turn(exchange: Exchange, api: Api) -> None:
    tickers: Any = [defaultdict(str)] * 2500  # whatever the fields are called
    told = known(exchange, api)
    if told.tickers_by_symbol:
        tickers = {f"x{number}_usdt": {told.price: 1} for number in range(2500)}
    assert converse(api.prices(), tickers).pauses == 2


@every_api
@pytest.mark.parametrize("tickers", [[{}], [{"renamed": "1"}], [[]]])
def test_tickers_without_a_single_price_are_no_answer(exchange: Exchange, api: Api, tickers: list[Any]) -> None:
    answer = dict(enumerate(tickers)) if known(exchange, api).tickers_by_symbol else tickers
    with pytest.raises(BadPayload):
        converse(api.prices(), answer)


@every_api
def test_an_empty_list_of_tickers_says_that_there_is_no_market(exchange: Exchange, api: Api) -> None:
    answer: Any = {} if known(exchange, api).tickers_by_symbol else []
    assert converse(api.prices(), answer).result == {}


@pytest.mark.parametrize("answer", [{}, None, "", [[]], [{"renamed": "1"}]])
@pytest.mark.parametrize("markets", [api.markets for _, api in APIS if api.markets is not None])
def test_a_list_of_markets_of_another_shape_is_no_answer(markets: Callable[[], Reader[Any]], answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(markets(), answer)


@pytest.mark.parametrize("markets", [api.markets for _, api in APIS if api.markets is not None])
def test_a_long_list_of_markets_gives_the_loop_its_turn(markets: Callable[[], Reader[Any]]) -> None:
    rows = [
        defaultdict(str, symbol=f"x{number}", **{"base-currency": f"x{number}", "baseCoin": f"x{number}"})
        for number in range(2500)
    ]
    assert converse(markets(), rows).pauses == 2
