"""What a status and a body mean, and what a large one costs."""

import gc
import re
import sys
import threading
import time
from typing import Any

import pytest
from aioresponses import aioresponses

from exporter.core.errors import AuthError, BadPayload, BadStatus, Banned, ExchangeRefused, PollError, RateLimited
from exporter.transport.answers import LARGE, parse
from exporter.transport.conversation import Transport
from tests.kit.exchange import answer, answering, caller, good, read, read_public, script


@pytest.mark.parametrize(
    ("status", "body", "kind", "repeat"),
    [
        (200, "", BadPayload, True),
        (200, "  \n", BadPayload, True),
        (200, "<html>hello</html>", BadStatus, True),
        (200, "Hello", BadStatus, True),
        (200, '{"code": "ok", "data": ', BadPayload, False),
        (200, '{"code": "ok", "data": NaN}', BadPayload, False),
        (200, '{"code": "ok", "data": Infinity}', BadPayload, False),
        (200, "[" * 100_000, BadPayload, False),
        (200, '{"code": "ok", "data": ' + "9" * 5000 + "}", BadPayload, False),
        (200, b'{"code": "ok", "data": "\xff"}', BadPayload, False),
        (200, '{"code": "strange"}', ExchangeRefused, False),
        (204, "", BadPayload, True),
        (301, "", BadStatus, False),
        (304, "", BadStatus, False),
        (400, "<html>", BadStatus, False),
        (401, "<html>", AuthError, False),
        (403, "<html>", BadStatus, False),
        (404, "", BadStatus, False),
        (418, "<html>", Banned, False),
        (429, "<html>", RateLimited, False),
        (429, "", RateLimited, False),
        (429, "{", RateLimited, False),
        (500, "", BadStatus, True),
        (502, "<html>", BadStatus, True),
        (503, "<html>", BadStatus, True),
        (504, '{"message": "timed out"}', BadStatus, True),
        (403, '{"code": "auth"}', AuthError, False),
    ],
)
async def test_status_and_body_have_one_name(
    transport: Transport, status: int, body: str | bytes, kind: type[PollError], repeat: bool
) -> None:
    with aioresponses() as mocked:
        mocked.get(re.compile(r"^https://api\.tiny\.example/tickers"), status=status, body=body, repeat=True)
        with pytest.raises(PollError) as caught:
            await read(transport, caller(None), read_public())
    assert type(caught.value) is kind
    assert caught.value.repeat is repeat


async def test_numbers_of_an_answer_are_exact(transport: Transport) -> None:
    body = '{"code": "ok", "data": [91.850043797676510303, 12345678901234567890123]}'
    with aioresponses() as mocked:
        mocked.get("https://api.tiny.example/tickers", body=body)
        fraction, whole = await read(transport, caller(None), read_public())
    assert (str(fraction), str(whole)) == ("91.850043797676510303", "12345678901234567890123")


async def test_a_large_answer_is_parsed_beside_the_loop(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ",".join(f'{{"symbol": "S{number}", "last": {number}.{number}}}' for number in range(10_000))
    threads: list[threading.Thread] = []

    def watched(status: int, body: bytes, page_hint: str) -> Any:
        threads.append(threading.current_thread())
        return parse(status, body, page_hint)

    monkeypatch.setattr("exporter.transport.conversation.parse", watched)
    async with answering(script(answer(f'{{"code": "ok", "data": [{rows}]}}'), good())) as server:
        data = await read(transport, caller(server.url), read_public())
        await read(transport, caller(server.url), read_public())
    assert len(data) == 10_000
    assert str(data[9_999]["last"]) == "9999.9999"
    large, small = threads
    assert large is not threading.current_thread()
    assert small is threading.current_thread()


def test_parsing_a_large_answer_lets_other_threads_run() -> None:
    body = b'[{"a": 1, "b": 2.5}' + b', {"a": 1, "b": 2.5}' * (LARGE // 10) + b"]"
    interval, turns, running = sys.getswitchinterval(), 0, True

    def other() -> None:
        nonlocal turns
        while running:
            turns += 1
            time.sleep(0)  # gives the interpreter away: each further turn has to be given back

    thread = threading.Thread(target=other)
    try:
        gc.disable()  # a collection may run callbacks, in which threads change as well
        sys.setswitchinterval(1e-4)
        thread.start()
        before = turns
        parse(200, body)
        during = turns - before
    finally:
        running = False
        sys.setswitchinterval(interval)
        gc.enable()
        thread.join()
    assert during >= 10
