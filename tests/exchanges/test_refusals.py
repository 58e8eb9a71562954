"""When a refusal ends, as the exchange's words or fields tell it."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.errors import Banned, ExchangeRefused, PollError, RateLimited, UserLimited
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Api
from exporter.exchanges.refusals import Until, address_in, told, until
from tests.exchanges.facts import facts_of

END = 1767225640123

TEXTS = {
    "The endpoint trigger frequency limit rule is currently in the disabled period and will be unblocked after "
    "1767225640123": (END, None),
    "rule: 480 times per 10s, unblocked after 1767225640123": (END, None),
    "100410:unblocked after 1767225640123.": (END, None),
    "Way too many requests; IP(10.1.2.3) banned until 1767225640123. Please use the websocket.": (END, None),
    "blocked until 1767225640": (1767225640000, None),
    "Your key is locked (until: 1767225640)": (1767225640000, None),
    "unblockTime=1767225640123": (END, None),
    "banned from 1767225600123 until 1767225640123": (END, None),
    "Too many requests, try again in 30 seconds": (None, 30.0),
    "Please try again after 2 min.": (None, 120.0),
    "retry after 5s": (None, 5.0),
    "Retry-After: 1.5 seconds": (None, 1.5),
    "banned for 1 hour": (None, 3600.0),
    "API is locked for 10 minutes": (None, 600.0),
    "Please wait for 500 ms": (None, 0.5),
    "please wait 1m30s": (None, 90.0),
    "try again in 2 minutes and 30 seconds": (None, 150.0),
    "Try again in a minute": (None, 60.0),
    "blocked, remaining time: 45 sec": (None, 45.0),
    "banned for 3 days": (None, 259200.0),
    # limits, clocks and numbers that are no end
    "more than 20 requests in 10 seconds": (None, None),
    "1000 requests per 1 minute": (None, None),
    "server time 1767225640123": (None, None),
    "order 1767225640123 not found": (None, None),
    "banned account 1876543210": (None, None),
    "blocked until 17672256401234567": (None, None),
    "blocked until 9999999999999": (None, None),
    "unblocked after 0000000000000": (None, None),
    "try again later": (None, None),
    "try again in ٣٠ seconds": (None, None),
    "": (None, None),
}


@pytest.mark.parametrize(("text", "end"), TEXTS.items(), ids=[text[:40] or "nothing" for text in TEXTS])
def test_an_end_is_read_from_words_of_ending_or_waiting_only(text: str, end: tuple[int | None, float | None]) -> None:
    assert until(text) == end


@pytest.mark.parametrize(
    ("payload", "end"),
    [
        ({"retryAfter": 30}, (None, 30.0)),
        ({"data": {"retry_after": "7.5"}}, (None, 7.5)),
        ({"retryAfterMs": 1500}, (None, 1.5)),
        ({"unblockTime": END}, (END, None)),
        ({"data": [{"banUntil": "1767225640"}]}, (1767225640000, None)),
        ({"code": 1, "timestamp": END, "requestTime": END, "bannedCoins": 5}, (None, None)),
        ({"retryAfter": True}, (None, None)),
        ({"retryAfter": None}, (None, None)),
        ({"retryAfter": -3}, (None, None)),
        ({"retryAfter": "soon"}, (None, None)),
        ({"retryAfter": 10**40}, (None, None)),
        ({"ma": ["locked for", "locked for 10 minutes"]}, (None, 600.0)),
    ],
)
def test_an_end_is_read_from_fields_named_for_it(payload: Any, end: tuple[int | None, float | None]) -> None:
    assert told(payload) == end


APIS = {(exchange.name, name): api for exchange in EXCHANGES.values() for name, api in exchange.apis.items()}


def refuse(api: Api, payload: Any, status: int = 200) -> PollError:
    with pytest.raises(PollError) as caught:
        api.unwrap(status, payload)
    return caught.value


@pytest.mark.parametrize("which", APIS, ids="-".join)
def test_every_exchange_s_refusal_tells_its_end(which: tuple[str, str]) -> None:
    def said(words: str) -> Any:
        return {
            name: words if value == "{}" else [words] if value == ["{}"] else value
            for name, value in facts_of(which[0]).apis[which[1]].refusal.items()
        }

    blocked = refuse(APIS[which], said(f"unblocked after {END}"))
    assert (type(blocked), blocked.retry_at, blocked.retry_after) == (UserLimited, END, None)
    banned = refuse(APIS[which], said("banned for 1 hour"))
    assert (type(banned), banned.retry_at, banned.retry_after) == (UserLimited, None, 3600.0)
    in_http = refuse(APIS[which], said("try again in 30 seconds"), 418)
    assert (type(in_http), in_http.retry_after) == (Banned, 30.0)
    bare = refuse(APIS[which], {"error": f"banned until {END}"}, 429)
    assert (bare.reason, bare.retry_at) == ("rate_limited", END)
    silent = refuse(APIS[which], said("no"))
    assert (silent.retry_at, silent.retry_after) == (None, None)


def test_a_wait_without_a_block_shuts_the_refused_call_only() -> None:
    error = refuse(APIS["bingx", ""], {"code": 100410, "msg": "too fast, try again in 30 seconds"})
    assert (type(error), error.retry_after) == (RateLimited, 30.0)


def test_other_refusals_stay_what_they_are() -> None:
    error = refuse(APIS["bingx", ""], {"code": 80014, "msg": "try again in 30 seconds"})
    assert (type(error), error.retry_after) == (ExchangeRefused, None)
    error = refuse(APIS["bingx", ""], {"code": 100412, "msg": f"key blocked until {END}"})
    assert (error.reason, error.retry_at) == ("auth", None)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda some: st.lists(some) | st.dictionaries(st.text(), some)))
def test_no_payload_raises(payload: Any) -> None:
    assert isinstance(told(payload), Until)


@pytest.mark.parametrize("word", ["retry ", "wait for ", "unblocked after ", "until a ", "1m ", "9", "in the next "])
def test_long_texts_cost_nothing(word: str) -> None:
    began = time.process_time()
    until(word * 100_000)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Request IP not in whitelist: 203.0.113.7", "203.0.113.7"),
        ("Your IP 203.0.113.7 is not included", "203.0.113.7"),
        ("Incorrect IP address:203.0.113.7.", "203.0.113.7"),
        ("denied for 2001:db8::7", "2001:db8::7"),
        ("refused at 12:30, code 1.2.3", None),
        ("", None),
    ],
)
def test_the_address_that_a_refusal_names_is_found_and_nothing_else_is_one(text: str, address: str | None) -> None:
    assert address_in(text) == address
