"""Drives readers as the pure generators they are: answers go in, requests and a result come out."""

from collections.abc import Callable, Iterable
from typing import Any

from exporter.core.credentials import Credentials, Secret
from exporter.exchanges.base import Api, Reader, Request, RowMemory
from exporter.exchanges.contract import Conversation, parse, respond
from exporter.exchanges.description import MOMENT
from tests.exchanges.facts import FOLDER, fixture

NOW = MOMENT


def text(exchange: str, path: str, variant: str = "") -> str:
    """A whole answer of an exchange's fixtures, by the path of its endpoint, as it came."""
    return (FOLDER / exchange / "fixtures" / fixture(path, variant)).read_text(encoding="utf-8")


def sample(exchange: str, path: str, variant: str = "") -> Any:
    """A whole answer of an exchange's fixtures, by the path of its endpoint."""
    return parse(text(exchange, path, variant))


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


def read(exchange: str, api: Api, wallet: str, memory: RowMemory | None = None) -> Any:
    """One read of a wallet from the fixtures."""
    memory = RowMemory() if memory is None else memory
    return respond(api.wallets[wallet].read(memory), from_samples(exchange, api)).result


def amounts(balances: Iterable[Any]) -> dict[str, tuple[Any, ...]]:
    """Currency -> available, frozen, locked, net, borrowed: as text, so that every digit counts."""
    return {row.currency: tuple(None if n is None else f"{n:f}" for n in (*row[1:5], row.borrowed)) for row in balances}


def credentials(key: str, secret: str = "", passphrase: str = "") -> Credentials:
    return Credentials(Secret(key), Secret(secret), Secret(passphrase))


__all__ = [
    "NOW",
    "Conversation",
    "amounts",
    "converse",
    "credentials",
    "from_samples",
    "parse",
    "read",
    "respond",
    "sample",
    "text",
]
