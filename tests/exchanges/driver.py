"""Drives readers as the pure generators they are: answers go in, requests and a result come out."""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from exporter.core.credentials import Credentials, Secret
from exporter.exchanges.base import Api, Pause, Reader, Request, RowMemory, Work
from tests.exchanges.facts import FOLDER, fixture

NOW = 1767225600123


class Conversation(NamedTuple):
    result: Any
    requests: list[Request]
    pauses: int


def parse(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def sample(exchange: str, path: str, variant: str = "") -> Any:
    """A whole answer of an exchange's fixtures, by the path of its endpoint."""
    return parse((FOLDER / exchange / "fixtures" / fixture(path, variant)).read_text(encoding="utf-8"))


def respond(reader: Reader[Any], answer: Callable[[Request], Any]) -> Conversation:
    """Talk until the reader returns; each request is answered by the function."""
    requests: list[Request] = []
    pauses = 0
    try:
        wish = next(reader)
        while True:
            if isinstance(wish, Pause):
                pauses += 1
                wish = reader.send(None)
            elif isinstance(wish, Work):
                wish = reader.send(wish.run())
            else:
                requests.append(wish)
                wish = reader.send(answer(wish))
    except StopIteration as end:
        return Conversation(end.value, requests, pauses)


def converse(reader: Reader[Any], *answers: Any) -> Conversation:
    """Talk with these answers, already unwrapped, in this order."""
    waiting = iter(answers)
    return respond(reader, lambda _: next(waiting))


def from_samples(exchange: str, api: Api) -> Callable[[Request], Any]:
    """Answers every request from the fixtures, through the `unwrap` of the endpoint or else of the API."""

    def answer(request: Request) -> Any:
        unwrap = request.endpoint.unwrap or api.unwrap
        return unwrap(200, sample(exchange, request.endpoint.path))

    return answer


def symbol(exchange: str, api: Api, base: str, quote: str) -> str | None:
    """How the API's tickers spell a pair, by its own rule or by the list of markets in the fixtures."""
    if api.symbol is not None:
        return api.symbol(base, quote)
    assert api.markets is not None
    pairs: dict[tuple[str, str], str] = respond(api.markets(), from_samples(exchange, api)).result
    return pairs.get((base, quote))


def read(exchange: str, api: Api, wallet: str, memory: RowMemory | None = None) -> Any:
    """One read of a wallet from the fixtures."""
    memory = RowMemory() if memory is None else memory
    return respond(api.wallets[wallet].read(memory), from_samples(exchange, api)).result


def amounts(balances: Iterable[Any]) -> dict[str, tuple[Any, ...]]:
    """Currency -> available, frozen, locked, net, borrowed: as text, so that every digit counts."""
    return {row.currency: tuple(None if n is None else f"{n:f}" for n in (*row[1:5], row.borrowed)) for row in balances}


def credentials(key: str, secret: str = "", passphrase: str = "") -> Credentials:
    return Credentials(Secret(key), Secret(secret), Secret(passphrase))
