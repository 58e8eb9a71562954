"""What a status and a body mean, and what a large one costs."""

import gc
import gzip
import json
import re
import sys
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from aioresponses import aioresponses
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.errors import (
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ExchangeRefused,
    PollError,
    RateLimited,
    TimedOut,
)
from exporter.core.runtime import SystemClock
from exporter.exchanges.base import A_FEW, MAX_ROWS, Endpoint, Request
from exporter.transport import answers
from exporter.transport.answers import LARGE, MAX_VALUES, inflate, opened, parse, seconds_until
from exporter.transport.conversation import Transport
from tests.kit.exchange import (
    ALL,
    API,
    BALANCE,
    answer,
    answering,
    caller,
    changed,
    good,
    one,
    read,
    read_public,
    script,
    transporting,
)


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
        (401, "<html>", BadStatus, False),
        (401, "{", AuthError, False),
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

    def watched(body: bytes) -> Any:
        threads.append(threading.current_thread())
        return json.loads(body, parse_float=Decimal)

    monkeypatch.setattr("exporter.transport.answers._decoded", watched)
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


@pytest.mark.parametrize(
    "text",
    [
        '{"code": "ok", "data": [[], {}, "\\u00e9\\ud83d", -1.5e-7, 12, true, null, {"a": {"a": 1.10}, "a": 2}]}',
        '{"a": 1, "a": [2]}',
        "[1.5, NaN]",
        "[1 2]",
        '{"a" 1}',
        "[1,]",
        '["\t"]',
        "[" * 5000,
        "",
    ],
)
def test_every_decoder_makes_the_same_of_a_text(text: str) -> None:
    made = []
    for decode in (answers._decode, answers._decode_in_turns):
        try:
            made.append(repr(decode(text)))
        except (ValueError, RecursionError):
            made.append("refused")
    assert len(set(made)) == 1


def many(values: int) -> bytes:
    """A list of so many empty lists, which are counted with the list."""
    return b"[" + b",".join([b"[]"] * ((values + 1) // 2)) + b"]"


def test_an_answer_of_too_many_values_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_decode_in_turns", len)
    assert parse(200, many(MAX_VALUES - 1)) > MAX_VALUES
    with pytest.raises(BadPayload, match=f"more than the {MAX_VALUES} values"):
        parse(200, many(MAX_VALUES + 3))


@pytest.mark.parametrize("value", ["null", '{"deep": {}}'])
def test_an_object_has_no_more_keys_than_a_list_has_rows(value: str) -> None:
    def keys(count: int) -> bytes:
        return ("{" + ",".join(f'"key {number} of many": {value}' for number in range(count)) + "}").encode()

    assert len(parse(200, keys(MAX_ROWS))) == MAX_ROWS
    with pytest.raises(BadPayload, match=f"more than the {MAX_ROWS} keys"):
        parse(200, keys(MAX_ROWS + 1))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8) | st.sampled_from('{}[],:\\"'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@settings(derandomize=True, deadline=None)
@given(json_values, st.integers(0, 200), st.sampled_from([None, 1]))
def test_a_large_answer_is_parsed_like_a_small_one(value: Any, cut: int, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert answers._decode_in_turns(text) == value
    broken = text[:cut] + text[cut + 1 :]
    made = []
    for decode in (answers._decode, answers._decode_in_turns):
        try:
            made.append(repr(decode(broken)))
        except ValueError:
            made.append("refused")
    assert made[0] == made[1]


def test_a_number_without_an_end_in_a_large_answer_is_no_number() -> None:
    body = b'[{"free": %s}, {"free": %s.5}]' % (b"7" * 5000, b"7" * LARGE)
    whole, fraction = parse(200, body)
    assert type(whole["free"]) is type(fraction["free"]) is str


async def test_what_a_packed_answer_holds_decides_where_it_is_unpacked(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[int] = []

    def watched(body: bytes, encoding: str, most: int) -> bytes:
        assert threading.current_thread() is not threading.main_thread()
        unpacked.append(most)
        return inflate(body, encoding, most)

    monkeypatch.setattr(answers, "inflate", watched)
    small, large = (gzip.compress(b'{"code": "ok", "data": "%s"}' % (b"x" * size)) for size in (1000, LARGE))
    for body, calls in ((small, 0), (large, 1)):
        async with answering(script(answer(body, Content_Encoding="gzip"))) as server:
            assert set(await read(transport, caller(server.url), read_public())) == {"x"}
        assert len(unpacked) == calls


SMALL = Endpoint("/small", (ALL,), most=A_FEW)
PAGE = "<html>" + "x" * (2 * A_FEW)
BIG = '{"code": "ok", "data": "' + "x" * (2 * A_FEW) + '"}'


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (BIG, 200, BadPayload),
        (" " * (2 * A_FEW), 200, BadPayload),
        (PAGE, 200, BadStatus),
        (PAGE, 503, BadStatus),
        (PAGE, 429, RateLimited),
        (BIG, 418, Banned),
        (BIG, 401, AuthError),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
async def test_an_endpoint_of_little_takes_no_large_answer_but_its_status_counts(
    transport: Transport, body: str, status: int, kind: type[PollError], announced: bool
) -> None:
    head = {} if announced else {"Content-Length": "", "Transfer-Encoding": "chunked"}
    content = body if announced else f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    async with answering(script(answer(content, status, **head))) as server:
        who = caller(server.url, api=changed(API, endpoints=(*API.endpoints, SMALL)))
        with pytest.raises(PollError) as caught:
            await read(transport, who, one(Request(SMALL)))
    assert type(caught.value) is kind


async def test_parsing_counts_against_the_time_of_the_read(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(*args: Any) -> Any:
        go_on.wait(30)
        return opened(*args)

    monkeypatch.setattr("exporter.transport.conversation.opened", slow)
    async with transporting(SystemClock()) as transport, answering(script(answer(BIG))) as server:
        try:
            with pytest.raises(TimedOut, match="parse"):
                await read(transport, caller(server.url), one(Request(BALANCE)), timeout=0.5)
        finally:
            go_on.set()


@pytest.mark.parametrize(
    ("at", "seconds"),
    [(40_000, 30.0), (10_000, 0.0), (-49_000, -59.0), (-50_000, None), (10**13, (10**13 - 10_000) / 1000)],
)
def test_a_named_moment_counts_unless_it_is_long_gone(at: int, seconds: float | None) -> None:
    assert seconds_until(at, 10_000) == seconds


@pytest.mark.parametrize(("status", "body"), [(403, b"<html>no</html>"), (404, b""), (404, b" \n"), (502, b"<p>")])
def test_a_page_and_an_answer_without_a_body_come_with_what_is_known_of_them_there(status: int, body: bytes) -> None:
    with pytest.raises(BadStatus) as caught:
        parse(status, body, "Perhaps a region is blocked.")
    assert caught.value.advice.endswith(" Perhaps a region is blocked.")
