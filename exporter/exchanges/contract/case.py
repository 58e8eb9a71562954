"""Drives an exchange's readers by good answers, as the pure generators they are."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from exporter.exchanges.base import Api, Exchange, Pause, Reader, Request, RowMemory, WalletSource, Work


class Conversation(NamedTuple):
    """What came of a read: its result, what it asked, and how often it gave the loop a turn."""

    result: Any
    requests: list[Request]
    pauses: int


def respond(reader: Reader[Any], answer: Callable[[Request], Any]) -> Conversation:
    """Drive a reader to its end; each request is answered by the function, with what `unwrap` leaves of an answer.

    Raises:
        PollError: the reader's, or the function's.
    """
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


def parse(text: str) -> Any:
    """JSON as an exchange's answer is read: every digit of a number counts."""
    return json.loads(text, parse_float=Decimal)


@dataclass(frozen=True)
class Case:
    """One API, and what is told of it; see `broken_promises`."""

    exchange: Exchange
    name: str
    api: Api
    answers: Mapping[str, str]
    pair: tuple[str, str] = ("BTC", "USDT")
    names_key_again: Collection[str] = ()
    null_is_empty: Collection[str] = ()
    harmless: Collection[str] = ()

    def answer(self, request: Request) -> Any:
        """What `unwrap` leaves of the good answer to a request."""
        path = request.endpoint.path
        return (request.endpoint.unwrap or self.api.unwrap)(200, parse(self.answers[path]))

    def read(self, reader: Reader[Any], change: Callable[[Any], Any] = lambda content: content) -> Conversation:
        """Drive a reader by the good answers, each changed by the function."""
        return respond(reader, lambda request: change(self.answer(request)))

    def wallets(self) -> Iterator[tuple[str, WalletSource]]:
        """Every wallet: first as the description has it, then as the exchange's own list has it."""
        yield from self.api.wallets.items()
        if self.api.discover is not None:
            for name, wallet in self.read(self.api.discover()).result.items():
                yield f"{name} of the list", wallet

    def readers(self) -> Iterator[tuple[str, Callable[[], Reader[Any]]]]:
        """Every reader by what it reads."""
        for name in ("time", "prices", "markets", "discover", "key_info", "address"):
            if (reader := getattr(self.api, name)) is not None:
                yield name, reader
        for name, wallet in self.wallets():
            yield f"wallet {name}", partial(wallet.read, RowMemory())
