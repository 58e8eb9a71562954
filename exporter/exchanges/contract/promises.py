"""The promises of the contract, a function each: it yields a sentence for everything that breaks one."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Final

from exporter.core.errors import BadPayload, PollError
from exporter.core.model import Balance, Reading
from exporter.exchanges.base import Endpoint, Reader, RowMemory, decimal
from exporter.exchanges.contract.case import Case, parse
from exporter.exchanges.contract.changes import GONE, changed, changes, with_rows
from exporter.exchanges.contract.sound import unnamed, unsound
from exporter.exchanges.description import MOMENT, made_of_secrets, requests_of, signed
from exporter.exchanges.values import cut

MANY: Final = 3_500
"""Rows of an answer in the middle of which the loop has to get a turn."""

_MONEY: Final = ("withdraw", "transfer", "order", "apply")
"""In the path of what may move money; a path that only lists such things is named as harmless."""

_MOST_REQUESTS: Final = 10
_NO_NUMBERS: Final[tuple[Any, ...]] = ("NaN", "1e400", "1_000", "-", 10**400, [], {}, True)
_ODD: Final[tuple[Any, ...]] = (*_NO_NUMBERS, None, "", "-1", GONE)
_END: Final = 4_102_444_799_000
_FOREIGN: Final[tuple[Any, ...]] = (None, "", "words", 5, [], {}, [[]], {"error": "words"})
_STATUSES: Final = (200, 400, 401, 403, 404, 418, 429, 500, 503)


def chosen_alone(case: Case) -> Iterator[str]:
    """An API that is chosen serves the account alone."""
    exchange = case.exchange
    if exchange.option and exchange.apis_for({exchange.option: case.name}) != (case.api,):
        yield f"chosen by {exchange.option}, it is not the only one that is asked"


def signed_alike(case: Case) -> Iterator[str]:
    """A request that is signed twice at one moment is the same, and shows nothing when it is printed."""
    for request in requests_of(case.api):
        once, again = signed(case.api, request), signed(case.api, request)
        if (once.target, dict(once.headers)) != (again.target, dict(again.headers)):
            yield f"{request.path}: signed twice at one moment it differs"
        if once.target.partition("?")[0] != request.path:
            yield f"{request.path}: signing changes the path to {once.target.partition('?')[0]}"


def secrets_stay(case: Case) -> Iterator[str]:
    """The secret is never sent, the key once, the passphrase in a header; what carries them is named."""
    needs, key, passphrase = case.exchange.credentials, "MARKEDKEY", "MARKEDPASSPHRASE"
    for request in requests_of(case.api):
        sent = signed(case.api, request, key, "MARKEDSECRET", passphrase)
        whole = f"{sent.target} {dict(sent.headers)}"
        times = 2 if request.path in case.names_key_again else 1
        if whole.count(key) != times:
            yield f"{request.path}: the key is sent {whole.count(key)} times, not {times}"
        if passphrase in sent.target or (passphrase in whole) != ("passphrase" in needs):
            yield f"{request.path}: a passphrase is sent in a header where there is one, and only there"
    carrying = made_of_secrets(case.api).keys()
    if idle := set(case.api.secret_names) - carrying:
        yield f"secret_names has {', '.join(sorted(idle))}, which carry nothing secret"
    if not carrying:
        yield "no request carries credentials"


def public_is_public(case: Case) -> Iterator[str]:
    """A public request carries no credentials."""
    for request in requests_of(case.api):
        if not request.endpoint.signed:
            sent = case.api.public(request, MOMENT)
            if sent.headers or sent.target.partition("?")[0] != request.path:
                yield f"{request.path}: a public request has headers, or another path"


def no_money_moves(case: Case) -> Iterator[str]:
    """No path looks as if it could move money."""
    for endpoint in case.api.endpoints:
        words = [word for word in _MONEY if word in endpoint.path.lower()]
        if words and endpoint.path not in case.harmless:
            yield f"{endpoint.path} holds {words[0]!r}: if it only lists such things, name it as harmless"


def everything_is_used(case: Case) -> Iterator[str]:
    """Each endpoint is asked by a reader."""
    used = {request.endpoint for _, reader in case.readers() for request in case.read(reader()).requests}
    for endpoint in case.api.endpoints:
        if endpoint not in used:
            yield f"{endpoint.path} is never asked"


def readers_are_sound(case: Case) -> Iterator[str]:
    """Every reader ends after a few declared requests, with what it promises."""
    for name, reader in case.readers():
        talk = case.read(reader())
        if not 1 <= len(talk.requests) <= _MOST_REQUESTS:
            yield f"{name}: a read makes {len(talk.requests)} requests"
        for request in talk.requests:
            if request.endpoint not in case.api.endpoints or "{" in request.path:
                yield f"{name}: {request.path} is asked, which is no endpoint"
        yield from (f"{name}: {fault}" for fault in unsound(talk.result))


def reads_are_declared(case: Case) -> Iterator[str]:
    """What a read asks is what is said of it, in this order."""
    api = case.api
    declared: list[tuple[str, Callable[[], Reader[Any]], tuple[Endpoint, ...]]] = [
        ("prices", api.prices, api.price_endpoints)
    ]
    if api.discover is not None:
        declared.append(("discover", api.discover, api.list_endpoints))
    if api.markets is not None:
        declared.append(("markets", api.markets, api.market_endpoints))
    for name, wallet in case.wallets():
        declared.append((f"wallet {name}", partial(wallet.read, RowMemory()), wallet.endpoints))
    for name, reader, endpoints in declared:
        asked = tuple(request.endpoint for request in case.read(reader()).requests)
        if asked != endpoints:
            paths = ", ".join(each.path for each in asked)
            yield f"{name}: a read asks {paths}, and {', '.join(each.path for each in endpoints)} is said"


def wallets_hold_what_they_say(case: Case) -> Iterator[str]:
    """A wallet has balances, one of many wallets has parts, an overview has values of wallets."""
    for name, wallet in case.wallets():
        own = name.removesuffix(" of the list")
        reading = case.read(wallet.read(RowMemory())).result
        if not isinstance(reading, Reading) or reading.empty:
            yield f"wallet {name}: nothing is read in the good answer"
            continue
        if bool(reading.parts) != wallet.many:
            yield f"wallet {name}: an answer tells of several wallets where `many` says so, and only there"
        for part, inner in reading.parts.items():
            if not part.startswith(f"{own}/"):
                yield f"wallet {name}: its part {part!r} is not named after it"
            if not inner.unreadable and all(row.is_zero for row in inner.balances):
                yield f"wallet {name}: its part {part!r} holds nothing"
        if wallet.many and (reading.balances or wallet.lists_zeros or wallet.overview):
            yield f"wallet {name}: several wallets in one have no balances of their own"
        if bool(reading.values) != wallet.overview or (wallet.overview and reading.balances):
            yield f"wallet {name}: an overview has values and no balances, any other wallet balances and no values"
        valued = [value.wallet for value in reading.values]
        if len(valued) != len(set(valued)):
            yield f"wallet {name}: an overview names each wallet once"
        if any(min(row.locked, row.borrowed or row.locked) < 0 for row in reading.balances):
            yield f"wallet {name}: what is locked or owed is negative"
        if not wallet.borrows and any(row.borrowed for row in reading.balances):
            yield f"wallet {name}: something is owed in it, and `borrows` does not say so"


def pairs_have_prices(case: Case) -> Iterator[str]:
    """The pair has its price under the exchange's symbol, and no two pairs share one."""
    base, quote = case.pair
    symbol = _symbols(case)
    book = case.read(case.api.prices()).result
    spelled = symbol(base, quote)
    if spelled is None or spelled not in book:
        yield f"{base}/{quote} has no price: its symbol is {spelled!r}"
    elif decimal(book[spelled], "price") <= 0:
        yield f"{base}/{quote} has the price {book[spelled]!r}"
    # Glued, BTC/ZZUSDT turned round would be BTCZZ/USDT in the eyes of who only knows USDT.
    if case.api.symbol is not None and symbol(base, f"ZZ{quote}") == symbol(f"{base}ZZ", quote):
        yield f"{base}/ZZ{quote} and {base}ZZ/{quote} share a symbol: read the exchange's list of markets instead"


def long_lists_give_way(case: Case) -> Iterator[str]:
    """A reader of a long list gives the loop a turn."""
    readers: list[tuple[str, Callable[[], Reader[Any]] | None]]
    readers = [("prices", case.api.prices), ("markets", case.api.markets)]
    readers += [(f"wallet {n}", partial(w.read, RowMemory())) for n, w in case.api.wallets.items() if not w.overview]
    for name, reader in readers:
        if reader is not None and not _gives_way(case, reader):
            yield f"{name}: {MANY} rows are read without a `yield PAUSE`"


def _gives_way(case: Case, reader: Callable[[], Reader[Any]]) -> bool:
    """Whether the loop gets a turn when any one of the answers is long; a list that is short by nature is refused.

    Answers without a list cannot be long.
    """
    listed: list[bool] = []

    def longer(content: Any) -> Any:
        long = with_rows(content, repeat=MANY)
        listed.append(long != content)
        return long

    for place in range(len(case.read(reader()).requests)):
        try:
            if case.read(reader(), _only(place, longer)).pauses:
                return True
        except BadPayload:
            continue
    return not any(listed)


def _only(place: int, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The change for one of the answers to a read, by its place."""
    places = count()
    return lambda content: change(content) if next(places) == place else content


def prices_are_prices(case: Case) -> Iterator[str]:
    """Tickers without a single price are no answer; an empty list of them says that there is no market."""
    rows: tuple[Any, ...] = ({}, {"renamed": "1"}, [])
    for row in rows:
        if (said := _refused(case, case.api.prices, partial(with_rows, row=row))) is not None:
            yield f"prices: tickers that read {row!r} are taken for {said}"
    book = case.read(case.api.prices(), partial(with_rows, repeat=0)).result
    if book:
        yield f"prices: an empty list of tickers is taken for {book!r}"


def markets_are_markets(case: Case) -> Iterator[str]:
    """A list of markets of another shape is no answer."""
    if case.api.markets is None:
        return
    contents: tuple[Any, ...] = ({}, None, "", [[]], [{"renamed": "1"}])
    for content in contents:
        if (said := _refused(case, case.api.markets, partial(changed, path=(), value=content))) is not None:
            yield f"markets: {content!r} is taken for {said}"


def odd_answers_are_named(case: Case) -> Iterator[str]:
    """Whatever stands in an answer, a read gives a sound result or a named failure."""
    for name, reader in case.readers():
        for what, change in changes(case, reader, _ODD):
            try:
                found = list(unsound(case.read(reader(), change).result))
            except PollError as error:
                found = list(unnamed(error))
            except Exception as error:
                found = [f"{type(error).__name__}: {error}"]
            if found:
                yield f"{name}: where {what}: {found[0]}"
                break


def nothing_vanishes(case: Case) -> Iterator[str]:
    """What is no number changes no amount, and takes no currency away in silence."""
    for name, wallet in case.wallets():
        if wallet.overview:
            continue
        good = case.read(wallet.read(RowMemory())).result
        for what, change in changes(case, partial(wallet.read, RowMemory()), _NO_NUMBERS):
            memory = RowMemory()
            case.read(wallet.read(memory))
            try:
                reading = case.read(wallet.read(memory), change).result
            except Exception:  # noqa: S112  a failure says so; of what kind is `odd_answers_are_named`'s
                continue
            if not any(unsound(reading)) and (fault := _vanished(good, reading)):
                yield f"wallet {name}: where {what}: {fault}"
                break


def null_is_no_wallet(case: Case) -> Iterator[str]:
    """A null where rows belong is no empty wallet, if there was something in it."""
    for name, wallet in case.wallets():
        if wallet.overview or name.removesuffix(" of the list") in case.null_is_empty:
            continue
        memory = RowMemory()
        case.read(wallet.read(memory))
        if not memory:
            continue  # rows of numbers are not remembered
        try:
            reading = case.read(wallet.read(memory), partial(with_rows, rows=None)).result
        except PollError:
            continue
        if not _held(reading):
            yield f"wallet {name}: null where its rows belong empties it"


def bodies_are_unwrapped(case: Case) -> Iterator[str]:
    """Any body is unwrapped or refused by name, and an HTTP status that says it all is believed."""
    unwraps = {case.api.unwrap: None, **{each.unwrap: None for each in case.api.endpoints if each.unwrap}}
    bodies = [*_FOREIGN, *(parse(case.answers[each.path]) for each in case.api.endpoints)]
    for unwrap in unwraps:
        for status in _STATUSES:
            for body in bodies:
                refusal = _refusal(unwrap, status, body)
                found = list(unnamed(refusal)) if refusal else ["is taken for an answer"] * (status >= 400)
                if found:
                    yield f"HTTP {status} with {cut(repr(body), 80)}: {found[0]}"
        for status, reason, words in (
            (401, "auth", "no"),
            (418, "banned", f"banned until {_END}"),
            (429, "rate_limited", f"banned until {_END}"),
            (503, "http", "no"),
        ):
            refusal = _refusal(unwrap, status, {"error": words})
            said = refusal.reason if refusal else "no refusal"
            if refusal is None or said != reason:
                yield f"HTTP {status} with words of no code is {said}, not {reason}"
            elif status in {418, 429} and refusal.retry_at != _END:
                yield f"HTTP {status} that says until when is not heard: `unwrap` needs `@ending`"


PROMISES: Final[tuple[Callable[[Case], Iterator[str]], ...]] = (
    chosen_alone,
    signed_alike,
    secrets_stay,
    public_is_public,
    no_money_moves,
    everything_is_used,
    readers_are_sound,
    reads_are_declared,
    wallets_hold_what_they_say,
    pairs_have_prices,
    long_lists_give_way,
    prices_are_prices,
    markets_are_markets,
    odd_answers_are_named,
    nothing_vanishes,
    null_is_no_wallet,
    bodies_are_unwrapped,
)
"""In this order they are looked at; each says by its first line what it is about."""


def _refusal(unwrap: Callable[[int, Any], Any], status: int, body: Any) -> PollError | None:
    try:
        unwrap(status, body)
    except PollError as error:
        return error
    return None


def _refused(case: Case, reader: Callable[[], Reader[Any]], change: Callable[[Any], Any]) -> str | None:
    """What a read of a changed answer comes to; None where it is refused as one of another shape."""
    try:
        return cut(repr(case.read(reader(), change).result), 80)
    except BadPayload:
        return None


def _symbols(case: Case) -> Callable[[str, str], str | None]:
    if case.api.symbol is not None:
        return case.api.symbol
    assert case.api.markets is not None
    pairs: Mapping[tuple[str, str], str] = case.read(case.api.markets()).result
    return lambda base, quote: pairs.get((base, quote))


def _held(reading: Reading) -> dict[tuple[str, str], Balance]:
    """What is in a wallet and its parts, by part and currency."""
    found = {("", row.currency): row for row in reading.balances if not row.is_zero}
    for name, part in reading.parts.items():
        found |= {(name, row.currency): row for row in part.balances if not row.is_zero}
    return found


def _vanished(good: Reading, reading: Reading) -> str:
    """What of a good reading another one has lost or changed without a word; empty where it has not."""
    before, now = _held(good), _held(reading)
    if reading.ignored > good.ignored or now.keys() - before.keys():
        return ""  # a row of another kind, or of another name
    unreadable = {each.name for part in (reading, *reading.parts.values()) for each in part.unreadable}
    for key, row in before.items():
        if key not in now and row.currency not in unreadable:
            return f"{row.currency} vanishes"
        if key in now and now[key][1:6] != row[1:6]:
            return f"{row.currency} is read as {now[key][1:6]}"
    return ""
