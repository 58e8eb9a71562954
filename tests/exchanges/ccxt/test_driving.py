"""A coroutine of ccxt, driven as a reader: what it may ask, what it is given, and that nobody swallows a failure."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, Final

import pytest

from exporter.core.errors import BadPayload, ExchangeRefused, InternalError, PollError
from exporter.exchanges.base import Endpoint, Request, Work
from exporter.exchanges.ccxt.driving import MOST_REQUESTS, Call, Done, driven
from exporter.exchanges.ccxt.known import Row
from exporter.exchanges.ccxt.loading import Wish, _Asked

ROW: Final = Row("POST", "api.toy.example", "/balance", "private balance", "rows[]", True)
PAGE: Final = Row("GET", "api.toy.example", "/page", "private page", "rows[]", True)
CALLS: Final = {row.call: Call(row, Endpoint(row.path, (), post=row.method == "POST")) for row in (ROW, PAGE)}


async def ask(call: str = "private balance", method: str = "POST", **params: Any) -> Any:
    api, _, path = call.rpartition(" ")
    return await _Asked(Wish(method, api, path, params))


def drive(
    coroutine: Coroutine[Any, Any, Any], answer: Callable[[Request], Any] = lambda _: {"rows": []}
) -> tuple[Done, list[Request]]:
    """What it returns, and what it asked on the way."""
    asked: list[Request] = []
    reader = driven(coroutine, CALLS)
    given: Any = None
    try:
        while True:
            wish = reader.send(given)
            assert isinstance(wish, Request | Work)
            if isinstance(wish, Work):
                given = wish.run()
            else:
                asked.append(wish)
                given = answer(wish)
    except StopIteration as end:
        return end.value, asked
    finally:
        reader.close()


def test_each_wish_is_the_request_of_its_row_and_its_answer_comes_back() -> None:
    async def both() -> list[Any]:
        return [await ask(a="1", b=2), await ask("private page", "GET")]

    done, asked = drive(both(), lambda request: {"rows": [request.path]})
    assert done == Done([{"rows": ["/balance"]}, {"rows": ["/page"]}], 2)
    assert asked == [
        Request(CALLS["private balance"].endpoint, (("a", "1"), ("b", 2))),  # type: ignore[arg-type]  # no text, on purpose
        Request(CALLS["private page"].endpoint),
    ]


@pytest.mark.parametrize(
    "wish",
    [
        ask("private withdraw"),
        ask("public balance"),
        ask("private balance", "GET"),
        ask("private balance", "DELETE"),
        ask(nested={"amount": "1"}),
    ],
    ids=["path", "interface", "get", "delete", "params"],
)
def test_what_is_not_in_the_table_is_not_sent(wish: Coroutine[Any, Any, Any]) -> None:
    asked: list[Request] = []
    with pytest.raises(InternalError, match="nothing was sent"):
        drive(wish, asked.append)
    assert asked == []


def test_a_coroutine_that_swallows_a_refusal_does_not_go_on() -> None:
    after: list[str] = []

    async def swallowing() -> dict[str, Any]:
        try:
            await ask("private approveBuilder")
        except Exception:
            after.append("it went on")
        return {"info": {}}

    with pytest.raises(InternalError, match="approveBuilder"):
        drive(swallowing())
    assert after == []


def test_a_coroutine_that_waits_for_something_else_is_stopped() -> None:
    async def sleeping() -> None:
        await asyncio.sleep(0)

    with pytest.raises(InternalError, match="no request"):
        drive(sleeping())


def test_a_failure_of_the_read_is_no_exception_within_the_coroutine() -> None:
    """As where the transport raises: the reader is closed, and what ccxt would catch never comes."""
    caught: list[BaseException] = []

    async def probing() -> None:
        try:
            await ask()
        except Exception as error:
            caught.append(error)

    reader = driven(probing(), CALLS)
    work = next(reader)
    assert isinstance(work, Work)
    assert isinstance(reader.send(work.run()), Request)
    reader.close()
    assert caught == []


@pytest.mark.parametrize("answer", [{}, {"rows": None}, {"rows": {}}, {"elsewhere": []}, []], ids=repr)
def test_an_answer_without_its_list_is_refused_before_ccxt_sees_it(answer: Any) -> None:
    seen: list[Any] = []

    async def reading() -> None:
        seen.append(await ask())

    with pytest.raises(BadPayload):
        drive(reading(), lambda _: answer)
    assert seen == []


def test_numbers_reach_ccxt_as_the_texts_of_their_digits() -> None:
    exact = Decimal("12345678901234567890.123456789012345678")
    done, _ = drive(ask(), lambda _: {"rows": [{"amount": exact, "whole": 7, "name": "BTC"}, [exact]]})
    assert done.made == {"rows": [{"amount": str(exact), "whole": 7, "name": "BTC"}, [str(exact)]]}


@pytest.mark.parametrize("number", [Decimal("1E+999999999"), "1e99999999", "-2.5E-1000"], ids=str)
def test_a_number_that_would_be_written_out_for_ever_is_refused(number: Any) -> None:
    with pytest.raises(BadPayload, match="where a number belongs"):
        drive(ask(), lambda _: {"rows": [number]})


class BaseError(Exception):
    """As ccxt's own are told: by the name of the root."""


class ExchangeError(BaseError):
    pass


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TypeError("'NoneType' object"), BadPayload),
        (KeyError("data"), BadPayload),
        (ExchangeError("no"), ExchangeRefused),
    ],
)
def test_what_ccxt_raises_is_a_failure_with_a_reason(error: Exception, failure: type[PollError]) -> None:
    async def raising() -> None:
        await ask()
        raise error

    with pytest.raises(failure):
        drive(raising())


def test_pages_without_an_end_are_given_up() -> None:
    async def turning() -> None:
        while True:
            await ask("private page", "GET")

    asked: list[Request] = []

    def answer(request: Request) -> Mapping[str, Any]:
        asked.append(request)
        return {"rows": [1]}

    with pytest.raises(BadPayload, match="requests of one read"):
        drive(turning(), answer)
    assert len(asked) == MOST_REQUESTS


def test_the_work_on_a_large_answer_says_how_large_it_is() -> None:
    reader = driven(ask(), CALLS)
    first = next(reader)
    assert isinstance(first, Work)
    assert first.size == 0
    reader.send(first.run())
    second = reader.send({"rows": [{"a": "1", "b": "2"}] * 1000})
    assert isinstance(second, Work)
    assert second.size == 1 + 1000 + 2000
    reader.close()
