"""Whatever breaks a promise of the contract is told: a good exchange with one thing wrong, and the words for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any, Final, NamedTuple

import pytest

from exporter.core.errors import BadPayload, ExchangeRefused
from exporter.core.model import ZERO, Balance, KeyInfo, Reading, WalletValue
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import A_MARKET, Exchange, Limit, Reader, Request, RowMemory, Signed
from exporter.exchanges.contract import broken_promises
from exporter.exchanges.contract.promises import PROMISES
from exporter.exchanges.description import faults
from tests.exchanges.facts import everything
from tests.exchanges.test_contract import answers

OKX, HTX, BITGET, XT = (EXCHANGES[name] for name in ("okx", "htx", "bitget", "xt"))
HARMLESS = everything()["okx"].apis[""].harmless
API = OKX.apis[""]
BALANCE = API.wallets["unified"].endpoints[0]
WITHDRAW = "/api/v5/asset/withdraw"
TIME = next(each for each in API.endpoints if each.path.endswith("/time"))


def with_api(exchange: Exchange = OKX, **other: Any) -> Exchange:
    """The exchange with something else in its only API."""
    return replace(exchange, apis={"": replace(exchange.apis[""], **other)})


def with_wallet(name: str, exchange: Exchange = OKX, **other: Any) -> Exchange:
    """The exchange with something else in one wallet."""
    api = exchange.apis[""]
    return with_api(exchange, wallets={**api.wallets, name: replace(api.wallets[name], **other)})


def with_endpoint(**other: Any) -> Exchange:
    """OKX with something else in the endpoint of its main wallet."""
    changed = BALANCE._replace(**other)
    endpoints = tuple(changed if each == BALANCE else each for each in API.endpoints)
    wallets = {**API.wallets, "unified": replace(API.wallets["unified"], endpoints=(changed,))}
    return with_api(endpoints=endpoints, wallets=wallets)


def signing(change: Callable[[Signed, Any], Signed]) -> Exchange:
    """OKX, with what it signs changed."""
    return with_api(sign=lambda request, keys, host, now: change(API.sign(request, keys, host, now), keys))


def header(name: str, text: Callable[[Any], str]) -> Exchange:
    """OKX with another header."""
    return signing(lambda sent, keys: Signed(sent.target, {**sent.headers, name: text(keys)}))


def bursting(sent: Signed, keys: Any) -> Signed:
    raise RuntimeError("x")


class Broken(NamedTuple):
    """An exchange that breaks a promise, and words that say which."""

    words: str
    exchange: Exchange


DESCRIBED = [
    Broken("its name 'O K'", replace(OKX, name="O K")),
    Broken("its name 'a/b'", replace(OKX, name="a/b")),
    Broken("api_key first", replace(OKX, credentials=("secret", "api_key"))),
    Broken("api_key first", replace(OKX, credentials=("api_key", "pin"))),
    Broken("no API 'v9'", replace(OKX, first="v9")),
    Broken("an option chooses", replace(OKX, option="mode")),
    Broken("an option chooses", replace(BITGET, option="")),
    Broken("how long a ban lasts", replace(OKX, ban_seconds=0.0)),
    Broken("how long a ban lasts", replace(OKX, ban_seconds=float("inf"))),
    *(
        Broken("the host", with_api(host=host))
        for host in (
            "http://www.okx.com",
            "https://www.okx.com/",
            "https://me:pw@www.okx.com",
            "https://www.okx.com?x=y",
            "https://WWW.okx.com",
            "www.okx.com",
        )
    ),
    Broken("the host", with_endpoint(host="http://elsewhere.example")),
    *(
        Broken("no plain path", with_endpoint(path=path))
        for path in ("api", "//evil.example/x", "/a?b=c", "/a/../b", "/a b", "/%61", "/{uid}", "/{id}/{id}", "")
    ),
    Broken("at most 8388608", with_endpoint(most=A_MARKET + 1)),
    Broken("asked by POST", with_endpoint(post=True)),
    Broken("not among the endpoints", with_api(endpoints=tuple(each for each in API.endpoints if each != BALANCE))),
    Broken("a signed path is limited by uid, key or ip", with_endpoint(limits=())),
    Broken("a request weighs 0", with_endpoint(weight=0)),
    Broken("0 requests in 1 s", with_endpoint(limits=(Limit("uid", "x", 0, 1),))),
    Broken("has other numbers", with_endpoint(limits=(Limit("uid", "/api/v5/asset/balances", 1, 99),))),
    Broken(
        "a public path is limited by ip alone",
        with_api(
            endpoints=tuple(
                each._replace(limits=(Limit("uid", "x", 1, 1),)) if each == TIME else each for each in API.endpoints
            )
        ),
    ),
    Broken("the main wallet 'spot'", with_api(main="spot")),
    Broken("the main wallet 'overview'", with_api(main="overview")),
    Broken("the wallet name 'main'", with_api(wallets={**API.wallets, "main": API.wallets["funding"]})),
    Broken("the wallet name 'Spot'", with_api(wallets={**API.wallets, "Spot": API.wallets["funding"]})),
    Broken("does not say what a read", with_wallet("funding", endpoints=())),
    Broken("at most every 300 s", with_wallet("overview", every=60.0)),
    Broken("price_endpoints", with_api(price_endpoints=())),
    Broken("`symbol` or told by `markets`", with_api(symbol=None)),
    Broken("`symbol` or told by `markets`", with_api(HTX, symbol=lambda base, quote: base + quote)),
    Broken("market_endpoints", with_api(market_endpoints=(TIME,))),
    Broken("list_endpoints", with_api(HTX, list_endpoints=())),
    Broken("the secret itself is sent", header("X-Secret", lambda keys: keys.secret.reveal())),
    Broken("none of its credentials", replace(OKX, credentials=("api_key", "secret"))),
    Broken("secret_names lacks OK-ACCESS-SIGN", with_api(secret_names=("OK-ACCESS-KEY", "OK-ACCESS-PASSPHRASE"))),
    Broken("looking at it ends in AttributeError", replace(OKX, apis={"": None})),  # type: ignore[dict-item]  # broken on purpose
    Broken("looking at it ends in RuntimeError", signing(bursting)),
]
"""What is seen without an answer of the exchange."""


@pytest.mark.parametrize("broken", DESCRIBED, ids=[f"{place}-{each.words}" for place, each in enumerate(DESCRIBED)])
def test_a_description_that_cannot_be_used_is_told_before_anything_is_asked(broken: Broken) -> None:
    found = faults(broken.exchange)
    assert any(broken.words in each for each in found), found
    assert broken_promises(broken.exchange, {}) == found


def rows_of(*balances: Balance, **other: Any) -> Callable[[RowMemory], Reader[Reading]]:
    """Reads a wallet by asking, and tells these balances whatever is answered."""

    def read(memory: RowMemory) -> Reader[Reading]:
        yield Request(BALANCE)
        return Reading(balances, **other)

    return read


def balance(currency: Any = "BTC", **other: Any) -> Balance:
    return Balance(currency, Decimal(1), ZERO, ZERO, Decimal(1))._replace(**other)


def reading(found: Any) -> Callable[[], Reader[Any]]:
    def read() -> Reader[Any]:
        yield Request(next(each for each in API.endpoints if each.path.endswith("/config")))
        return found

    return read


def in_one_go() -> Reader[Mapping[str, Any]]:
    answer = yield Request(API.price_endpoints[0], (("instType", "SPOT"),))
    return {row["instId"]: row["last"] for row in answer}


def forgiving(*, gaps: bool) -> Callable[[RowMemory], Reader[Reading]]:
    """Reads funding, and leaves out what cannot be read, or takes it for nothing."""

    def read(_: RowMemory) -> Reader[Reading]:
        found = []
        for row in (yield Request(API.wallets["funding"].endpoints[0])) or ():
            try:
                found.append(balance(row["ccy"], available=Decimal(row["availBal"]), net=Decimal(row["bal"])))
            except Exception:
                found += [] if gaps else [balance(row["ccy"], available=ZERO)]
        return Reading(found)

    return read


def guessing(memory: RowMemory) -> Reader[Reading]:
    (account,) = yield Request(BALANCE)
    return Reading([balance(row["ccy"], net=Decimal(row["eq"])) for row in account["details"]])


def remembering(memory: RowMemory) -> Reader[Reading]:
    """Reads funding, null as nothing."""
    answer = yield Request(API.wallets["funding"].endpoints[0])
    reading = Reading([balance(row["ccy"]) for row in answer or ()])
    memory[("x",)] = balance()
    return reading


def unwrapping(change: Callable[[int, Any], Any]) -> Exchange:
    """OKX, which first gives any answer to this."""

    def unwrap(status: int, payload: Any) -> Any:
        change(status, payload)
        return API.unwrap(status, payload)

    return with_api(unwrap=unwrap)


def refuses(status: int, error: Exception) -> Callable[[int, Any], Any]:
    def change(got: int, payload: Any) -> None:
        if got == status:
            raise error

    return change


class Unadvised(ExchangeRefused):
    advice = ""


COUNTS: Final = count()


def eleven(memory: RowMemory) -> Reader[Reading]:
    for _ in range(11):
        yield Request(BALANCE)
    return Reading([balance()])


def foreign() -> Reader[KeyInfo]:
    yield Request(BALANCE._replace(path="/api/v5/account/config"))
    return KeyInfo()


def trusting() -> Reader[Mapping[str, Any]]:
    answer = yield Request(API.price_endpoints[0], (("instType", "SPOT"),))
    return {str(row.get("instId")): row.get("last") for row in answer if isinstance(row, dict)}


def inventing() -> Reader[Mapping[str, Any]]:
    book = yield from API.prices()
    return {"BTC-USDT": "1", **book}


def any_markets() -> Reader[Mapping[tuple[str, str], str]]:
    api = HTX.apis[""]
    try:
        return (yield from api.markets())  # type: ignore[misc]  # this API has some
    except BadPayload:
        return {}


READ = [
    Broken("signed twice", header("OK-ACCESS-SIGN", lambda _: str(next(COUNTS)))),
    Broken("signing changes the path", signing(lambda sent, _: Signed("/other", sent.headers))),
    Broken(
        "the key is sent 2 times",
        with_api(
            secret_names=(*API.secret_names, "X-Again"),
            sign=header("X-Again", lambda keys: keys.api_key.reveal()).apis[""].sign,
        ),
    ),
    Broken("a passphrase is sent in a header", replace(XT, credentials=("api_key", "secret", "passphrase"))),
    Broken("carry nothing secret", with_api(secret_names=(*API.secret_names, "X-Idle"))),
    Broken("has headers", with_api(public=lambda request, _: Signed(request.path, {"X": "y"}))),
    Broken("is never asked", with_api(key_info=None)),
    Broken("holds 'withdraw'", with_endpoint(path=WITHDRAW)),
    Broken("a read makes 11 requests", with_wallet("unified", read=eleven)),
    Broken("is asked, which is no endpoint", with_api(key_info=foreign)),
    Broken("there are no such permissions", with_api(key_info=reading(KeyInfo({"fly": True})))),
    Broken("neither true nor false", with_api(key_info=reading(KeyInfo({"read": 1})))),  # type: ignore[dict-item]  # on purpose
    Broken("is no result of a reader", with_api(key_info=reading(1.5))),
    Broken("is no name of a currency", with_wallet("unified", read=rows_of(balance("")))),
    Broken("is no Decimal", with_wallet("unified", read=rows_of(balance(available=1.5)))),
    Broken("is not finite", with_wallet("unified", read=rows_of(balance(net=Decimal("1e400"))))),
    Broken("a read asks /api/v5/account/balance", with_wallet("unified", endpoints=(BALANCE, BALANCE))),
    Broken("nothing is read", with_wallet("unified", read=rows_of())),
    Broken("where `many` says so", with_wallet("unified", many=True)),
    Broken(
        "is not named after it", with_wallet("unified", many=True, read=rows_of(parts={"x/Y": Reading([balance()])}))
    ),
    Broken("holds nothing", with_wallet("unified", many=True, read=rows_of(parts={"unified/Y": Reading()}))),
    Broken(
        "no balances of their own",
        with_wallet("unified", many=True, read=rows_of(balance(), parts={"unified/Y": Reading([balance()])})),
    ),
    Broken("an overview has values and no balances", with_wallet("overview", overview=False)),
    Broken("names each wallet once", with_wallet("overview", read=rows_of(values=[WalletValue("a", usd=ZERO)] * 2))),
    Broken("no value of a wallet", with_wallet("overview", read=rows_of(values=[WalletValue("a")]))),
    Broken("locked or owed is negative", with_wallet("unified", read=rows_of(balance(locked=Decimal(-1))))),
    Broken("something is owed in it", with_wallet("unified", borrows=False)),
    Broken("has no price", with_api(symbol=lambda base, quote: f"{base}/{quote}")),
    Broken("share a symbol", with_api(symbol=lambda base, quote: f"{base}-{quote}".replace("ZZ", ""))),
    Broken("prices: 3500 rows", with_api(prices=in_one_go)),
    Broken("wallet unified: 3500 rows", with_wallet("unified", read=guessing)),
    Broken("are taken for", with_api(prices=trusting)),
    Broken("an empty list of tickers is taken", with_api(prices=inventing)),
    Broken("markets: {} is taken for", with_api(HTX, markets=any_markets)),
    Broken("wallet unified: where", with_wallet("unified", read=guessing)),
    Broken("ETH vanishes", with_wallet("funding", read=forgiving(gaps=True))),
    Broken("ETH is read as", with_wallet("funding", read=forgiving(gaps=False))),
    Broken("null where its rows belong", with_wallet("funding", read=remembering)),
    Broken("KeyError", unwrapping(lambda _, payload: payload["code"] if isinstance(payload, dict) else None)),
    Broken("is taken for an answer", with_api(unwrap=lambda _, payload: payload)),
    Broken("without advice", unwrapping(refuses(404, Unadvised("x")))),
    Broken("a message of 900 letters", unwrapping(refuses(404, ExchangeRefused("x" * 900)))),
    Broken("not rate_limited", unwrapping(refuses(429, ExchangeRefused("x")))),
    Broken("needs `@ending`", with_api(unwrap=API.unwrap.__wrapped__)),  # type: ignore[attr-defined]  # by `wraps`
]
"""What only shows when its readers are driven."""


@pytest.mark.parametrize("broken", READ, ids=[f"{place}-{each.words}" for place, each in enumerate(READ)])
def test_a_promise_that_is_broken_is_told(broken: Broken) -> None:
    good = answers(EXCHANGES[broken.exchange.name])
    found = broken_promises(broken.exchange, {**good, WITHDRAW: good.get(BALANCE.path, "")}, harmless=HARMLESS)
    assert any(broken.words in each for each in found), found


def test_an_endpoint_without_an_answer_is_told() -> None:
    good = answers(OKX)
    del good[BALANCE.path]
    assert broken_promises(OKX, good) == [f"there is no answer for {BALANCE.path}"]


def test_a_path_that_may_move_money_is_harmless_only_if_somebody_says_so() -> None:
    (told,) = broken_promises(OKX, answers(OKX))
    assert told.startswith(f"{HARMLESS[0]} holds 'order'")


def test_an_api_among_several_is_named() -> None:
    changed = replace(BITGET.apis["classic"], key_info=None)
    found = broken_promises(replace(BITGET, apis={**BITGET.apis, "classic": changed}), answers(BITGET))
    assert "API classic: /api/v2/spot/account/info is never asked" in found


def test_every_promise_says_what_it_is_about() -> None:
    assert all(promise.__doc__ for promise in PROMISES)
