"""Makes an exchange of an entry of the table: its endpoints, what signs, what sees a refusal, and its readers."""

import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from exporter.core.errors import AuthError, BadPayload, PollError
from exporter.core.model import Reading
from exporter.exchanges.base import Api, Endpoint, Exchange, Pair, Reader, RowMemory, WalletSource, Work, refusal, shown
from exporter.exchanges.ccxt import PREFIX
from exporter.exchanges.ccxt.answers import markets, milliseconds, prices, wallet, words_of
from exporter.exchanges.ccxt.driving import Call, driven
from exporter.exchanges.ccxt.known import Known, Row, Wallet
from exporter.exchanges.ccxt.loading import TESTED, copied, installed
from exporter.exchanges.ccxt.refusing import refused
from exporter.exchanges.ccxt.signing import signer, unsigner
from exporter.exchanges.ccxt.table import TABLE
from exporter.exchanges.refusals import ending


@cache
def exchange(name: str) -> Exchange:
    """The exchange of this name, such as `ccxt/kraken`; ccxt itself is loaded at its first use.

    Raises:
        KeyError: it is not in the table.
    """
    ccxt_id = name.removeprefix(PREFIX)
    known = TABLE[ccxt_id]
    return Exchange(
        name=name,
        credentials=("api_key", "secret", "passphrase") if known.passphrase else ("api_key", "secret"),
        apis={"": _api(ccxt_id, known)},
        ban_seconds=known.ban_seconds,
        notice=_another_version(),
    )


def _another_version() -> str:
    """What is to be said where ccxt is of another version than the table; empty where it is not."""
    found = installed()
    if found in {None, TESTED}:
        return ""
    return f"ccxt {found} is installed, and the table of its requests is of {TESTED}: what it asks beyond is not sent"


def _endpoint(row: Row, host: str) -> Endpoint:
    """The endpoint of a row; the first row's host is the API's."""
    elsewhere = f"https://{row.host}" if row.host != host else ""
    return Endpoint(row.path, row.limits, row.signed, row.most, host=elsewhere, post=row.method == "POST")


def _api(name: str, known: Known) -> Api:
    first = known.rows[0].host
    calls = {row.call: Call(row, _endpoint(row, first)) for row in known.rows}
    by_endpoint = {call.endpoint: call for call in calls.values()}

    def asked_for(use: str) -> tuple[Endpoint, ...]:
        return tuple(calls[call].endpoint for call in known.calls_for(use))

    priced = bool(asked_for("prices"))
    return Api(
        host=f"https://{first}",
        endpoints=tuple(by_endpoint),
        sign=signer(name, known, by_endpoint),
        unwrap=_unwrap(name),
        time=partial(_read_time, name, known, calls) if asked_for("time") else None,
        main=next(iter(known.wallets)),
        wallets={our: _source(name, known, each, calls) for our, each in known.wallets.items()},
        prices=partial(_read_prices, name, known, calls) if priced else _no_prices,
        price_endpoints=asked_for("prices"),
        symbol=None if priced else _no_symbol,
        markets=partial(_read_markets, name, known, calls) if priced else None,
        market_endpoints=asked_for("markets"),
        public=unsigner(name, known, by_endpoint),
        secret_names=known.secret_names,
        nonce=known.nonce,
        no_json=partial(_no_json, known),
    )


def _no_json(known: Known, body: str) -> PollError | None:
    """The refusal that a body means which is no JSON; it may be one of the moment."""
    advice = known.words.get(body)
    return None if advice is None else AuthError(body, repeat=True, advice=advice)


def _source(name: str, known: Known, each: Wallet, calls: Mapping[str, Call]) -> WalletSource:
    return WalletSource(
        read=partial(_read_wallet, name, known, each, calls),
        endpoints=tuple(calls[call].endpoint for call in each.calls),
        default=each.default,
        borrows=known.borrows,
    )


def _read_wallet(
    name: str, known: Known, each: Wallet, calls: Mapping[str, Call], memory: RowMemory
) -> Reader[Reading]:
    """Read one wallet by ccxt's `fetch_balance`."""
    del memory
    done = yield from driven(copied(name, known.options).fetch_balance(dict(each.params)), calls)
    whole = not (each.part or each.adds)
    made = partial(wallet, done.made, known, 0 if each.part else done.rows, done.twice if whole else (), each=whole)
    reading: Reading = yield Work(done.rows, made)
    return reading


def _read_prices(name: str, known: Known, calls: Mapping[str, Call]) -> Reader[Mapping[str, Any]]:
    """Read the last price of every market by ccxt's `fetch_tickers`."""
    done = yield from driven(copied(name, known.options).fetch_tickers(None, dict(known.tickers)), calls)
    found: Mapping[str, Any] = yield Work(done.rows, partial(prices, done.made))
    return found


def _no_prices() -> Reader[Mapping[str, Any]]:
    """No prices: of this exchange ccxt cannot tell those of all coins at once."""
    yield from ()
    return {}


def _no_symbol(base: str, quote: str) -> str:
    return f"{base}/{quote}"


def _read_markets(name: str, known: Known, calls: Mapping[str, Call]) -> Reader[Mapping[Pair, str]]:
    """Read the exchange's own list of markets."""
    made = copied(name, known.options)
    done = yield from driven(getattr(made, known.markets)(), calls)
    found: Mapping[Pair, str] = yield Work(done.rows, partial(markets, done.made, known))
    return found


def _read_time(name: str, known: Known, calls: Mapping[str, Call]) -> Reader[int]:
    """Read the exchange's clock by ccxt's `fetch_time`."""
    done = yield from driven(copied(name, known.options).fetch_time(), calls)
    return milliseconds(done.made)


def _unwrap(name: str) -> Callable[[int, Any], Any]:
    """What sees a refusal in an answer: ccxt's own look for it, then the status."""

    def unwrap(status: int, payload: Any) -> Any:
        failure: PollError | None
        if not isinstance(payload, dict | list):
            failure = refusal(status, shown(payload)) if status >= 400 else None
            raise failure or BadPayload(f"{shown(payload)} where an answer belongs")
        words, failure = words_of(payload), None
        text = json.dumps(words, ensure_ascii=False)
        try:
            copied(name).handle_errors(status, "", "", "GET", {}, text, words, {}, "")
        except Exception as error:
            failure = refused(error, status)
        if failure is None and status >= 400:
            failure = refusal(status, text[:200])
        if failure is not None:
            raise failure
        return payload

    return ending(unwrap)
