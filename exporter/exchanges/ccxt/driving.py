"""Drives a coroutine of ccxt as a reader: it is given answers, and asks for nothing but what the table names.

A coroutine of ccxt awaits nothing but requests (`loading`), so no event loop is needed, and nothing that it raises or
swallows decides: whoever drives it stops at the first failure, and never comes back. A helper of ccxt that catches
every exception does not see those of ours.
"""

from collections import Counter
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from exporter.core.errors import BadPayload, InternalError, PollError
from exporter.exchanges.base import Endpoint, Reader, Request, Work
from exporter.exchanges.ccxt.answers import exact, fill, names_in, rows_of, see_names, size_of
from exporter.exchanges.ccxt.known import Row
from exporter.exchanges.ccxt.loading import Wish
from exporter.exchanges.ccxt.refusing import refused

MOST_REQUESTS: Final = 25
"""Of one read: more pages than any wallet has."""


class Call(NamedTuple):
    """A row of the table, and the endpoint that stands for it."""

    row: Row
    endpoint: Endpoint


class Done(NamedTuple):
    """What a coroutine returned, how many rows its answers had, and the coins of which there were two."""

    made: Any
    rows: int
    twice: frozenset[str] = frozenset()


def driven(coroutine: Coroutine[Any, Any, Any], calls: Mapping[str, Call]) -> Reader[Done]:
    """Talk for a coroutine of ccxt until it returns.

    Args:
        coroutine: of a guarded exchange.
        calls: what may be asked, by ccxt's names.

    Raises:
        InternalError: it wants something that is not in the table, or waits for something else than an answer.
        PollError: an answer of another shape, or one that ccxt refuses.
    """
    answer: Any = None
    rows = size = 0
    names: Counter[str] = Counter()
    try:
        for _ in range(MOST_REQUESTS):
            ended, value = yield Work(size, partial(_step, coroutine, answer))
            if ended:
                return Done(value, rows, frozenset(name for name, count in names.items() if count > 1))
            call = _allowed(value, calls)
            answer = yield Request(call.endpoint, tuple(value.params.items()))
            size = size_of(answer)
            rows += rows_of(answer, call.row.holds)
            if call.row.needs:
                see_names(answer, call.row.holds, call.row.needs)
                names.update(names_in(answer, call.row.holds, call.row.needs))
            if call.row.nought:
                fill(answer, call.row.holds, call.row.nought)
        raise BadPayload(f"more than the {MOST_REQUESTS} requests of one read")
    finally:
        coroutine.close()


def _step(coroutine: Coroutine[Any, Any, Any], answer: Any) -> tuple[bool, Any]:
    """Go on with an answer: whether the coroutine has ended, and with what, or what it wants to know next."""
    try:
        return False, coroutine.send(exact(answer) if answer is not None else None)
    except StopIteration as end:
        return True, end.value
    except PollError:
        raise
    except Exception as error:
        failure = refused(error)
    raise failure


def _allowed(wish: Any, calls: Mapping[str, Call]) -> Call:
    """The row of the table that a wish is of.

    Raises:
        InternalError: there is none.
    """
    if not isinstance(wish, Wish):
        raise InternalError("ccxt wanted to wait for something that is no request: it was stopped")
    call = calls.get(f"{wish.api} {wish.path}")
    if call is None or call.row.method != wish.method:
        raise InternalError(
            f"ccxt wanted to send {wish.method} {wish.api} {wish.path}, which is not in the table: nothing was sent"
        )
    if not all(isinstance(value, str | int) for value in wish.params.values()):
        raise InternalError(f"ccxt wanted to send more than plain values to {call.row.path}: nothing was sent")
    return call
