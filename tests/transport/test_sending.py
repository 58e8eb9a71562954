"""What goes on the wire: listed GETs, byte for byte as signed, and nothing else."""

import gc
from typing import Any, Final

import pytest

from exporter import __version__
from exporter.app.masking import Masking
from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import BadPayload, BadStatus, InternalError, PermissionMissing, PollError
from exporter.exchanges.base import Endpoint, Limit, Reader, Request, Signed, shown
from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.kit.exchange import (
    ACCOUNT,
    API,
    BALANCE,
    WITHDRAW,
    answer,
    answering,
    caller,
    changed,
    good,
    one,
    read,
    read_balance,
    read_public,
    script,
    sign,
    transporting,
)


def read_shown() -> Reader[Any]:
    """Read something that is never what it should be, and quote it."""
    answer = yield Request(BALANCE)
    raise BadPayload(f"{shown(answer)} where a list belongs", advice=f"See {shown(answer)}.")


async def test_the_bytes_on_the_wire_are_the_bytes_that_were_signed(transport: Transport, clock: FakeClock) -> None:
    query = (("b", "2"), ("a", "x/y:z é+%"))
    async with answering(script(good(), time=clock.wall)) as server:
        await read(transport, caller(server.url), read_balance(*query))
    (seen,) = server.signed()
    credentials = Credentials(Secret("key-a"), Secret("hush-hush"))
    expected = sign(Request(BALANCE, query), credentials, "127.0.0.1", int(seen.query["ts"]))
    assert seen.line == f"GET {expected.target} HTTP/1.1"
    assert "%2Fy%3Az%20%C3%A9%2B%25" in seen.line
    assert seen.headers["X-KEY"] == "key-a"


async def test_a_request_is_a_bare_get_with_our_name_and_nothing_else(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(Set_Cookie="tracker=1"), time=clock.wall)) as server:
        for _ in range(2):
            await read(transport, caller(server.url.replace("127.0.0.1", "localhost")))
    for seen in server.signed():
        assert seen.headers["User-Agent"] == f"exchange-balance-exporter/{__version__}"
        assert set(seen.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "X-KEY"}


async def test_public_requests_carry_no_credentials(transport: Transport) -> None:
    async with answering(script(good([]))) as server:
        assert await read(transport, caller(server.url), read_public()) == []
    (seen,) = server.seen
    assert seen.target == "/tickers"
    assert "X-KEY" not in seen.headers


async def test_base_url_may_map_a_host_and_keep_a_path(transport: Transport) -> None:
    async with answering(script(good([]))) as server:
        await read(transport, caller({"api.tiny.example": f"{server.url}/tiny/"}), read_public())
    assert server.seen[0].target == "/tiny/tickers"
    assert caller({"other.example": "http://127.0.0.1"}).base == "https://api.tiny.example"


FAR: Final = Endpoint("/balance", (Limit("ip", "/far", 10, 1.0),), host="https://far.tiny.example")
FAR_API: Final = changed(endpoints=(*API.endpoints, FAR))


async def test_an_endpoint_of_another_host_is_asked_there_and_signs_that_host_by_the_time_of_the_first(
    transport: Transport, clock: FakeClock
) -> None:
    respond = script(good(), time=clock.wall)
    async with answering(respond) as near, answering(respond) as far:
        urls = {"api.tiny.example": near.url, "far.tiny.example": far.url.replace("127.0.0.1", "localhost")}
        await read(transport, caller(urls, api=FAR_API), one(Request(FAR)))
    assert near.paths == ["/time"]
    (seen,) = far.seen
    assert seen.query["host"] == "localhost"


async def test_one_base_url_stands_for_every_host(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        await read(transport, caller(server.url, api=FAR_API), one(Request(FAR)))
    assert server.paths == ["/time", "/balance"]


@pytest.mark.parametrize("refusal", [answer('{"ok": false, "code": "no such path"}', 404), answer("<html>", 404)])
async def test_a_refusal_at_the_one_address_for_every_host_says_that_it_may_be_another_hosts(
    transport: Transport, clock: FakeClock, refusal: Any
) -> None:
    async with answering(script(refusal, refusal, refusal, refusal, time=clock.wall)) as server:
        mapped = {"api.tiny.example": server.url, "far.tiny.example": server.url}
        advice = []
        for base_url, endpoint in ((server.url, FAR), (mapped, FAR), (server.url, BALANCE)):
            with pytest.raises(PollError) as caught:
                await read(transport, caller(base_url, api=FAR_API), one(Request(endpoint)))
            advice.append(caught.value.advice)
    told, *others = advice
    assert told.startswith("`base_url` stands for far.tiny.example too: ")
    assert told.endswith(f"write a map with an address for each host. Else: {others[0]}")
    assert others[0] == others[1]


async def test_the_address_has_limits_of_its_own_at_each_host_and_the_key_has_one_for_all(clock: FakeClock) -> None:
    asked = caller(None, api=FAR_API)
    near, far = asked.place(""), asked.place(FAR.host)
    assert far.base == "https://far.tiny.example"
    assert near.scopes.ip != far.scopes.ip
    assert (near.scopes.uid, near.scopes.key) == (far.scopes.uid, far.scopes.key)


async def test_an_endpoint_may_have_an_envelope_of_its_own(transport: Transport, clock: FakeClock) -> None:
    bare = Endpoint("/bare", (), unwrap=lambda status, payload: (status, payload))
    api = changed(endpoints=(*API.endpoints, bare))
    async with answering(script(answer("[1]", 201), time=clock.wall)) as server:
        assert await read(transport, caller(server.url, api=api), one(Request(bare))) == (201, [1])


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (Request(WITHDRAW), InternalError),
        (Request(Endpoint("/balance", ())), InternalError),
        (Request(ACCOUNT, id="1/../../withdraw"), BadPayload),
        (Request(ACCOUNT, id="1?a=b"), BadPayload),
        (Request(ACCOUNT, id="1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /withdraw"), BadPayload),
    ],
    ids=["unlisted", "same path, other limits", "path", "query", "injection"],
)
async def test_nothing_but_listed_paths_is_ever_sent(
    transport: Transport, clock: FakeClock, request_: Request, kind: type[PollError]
) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        with pytest.raises(kind):
            await read(transport, caller(server.url), one(request_))
    assert server.signed() == []


@pytest.mark.parametrize(
    "target", ["/withdraw", "/balance/../withdraw", "/balance?a=b c", "/balance?a\r\nb", "/balance#a"]
)
async def test_a_signature_that_changes_the_path_is_not_sent(
    transport: Transport, clock: FakeClock, target: str
) -> None:
    api = changed(sign=lambda *_: Signed(target, {}))
    async with answering(script(good(), time=clock.wall)) as server:
        with pytest.raises(InternalError):
            await read(transport, caller(server.url, api=api))
    assert set(server.paths) <= {"/time"}


async def test_a_signed_request_without_credentials_is_not_sent(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        with pytest.raises(InternalError):
            await read(transport, caller(server.url, credentials=None))
    assert server.signed() == []


async def test_ids_of_accounts_go_into_the_path(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        await read(transport, caller(server.url), one(Request(ACCOUNT, id="10000-1_a")))
    assert server.signed()[0].path == "/accounts/10000-1_a/balance"


async def test_an_error_keeps_no_secret_that_the_exchange_repeats(clock: FakeClock) -> None:
    masking = Masking()
    masking.add(["key-a and its many words"])
    secret = Credentials(Secret("key-a and its many words"), Secret("hush-hush"))
    told = "x" * 10 + " key-a and its many words is unknown"
    async with transporting(clock, masked=masking) as transport, answering(script(good(told))) as server:
        with pytest.raises(BadPayload) as caught:
            await read(transport, caller(server.url, credentials=secret), read_shown())
    assert "<secret>" in str(caught.value)
    assert "key-a" not in f"{caught.value!r} {caught.value.advice}"


async def test_what_a_rotated_key_left_behind_is_forgotten(transport: Transport, clock: FakeClock) -> None:
    async with answering(script(good(), time=clock.wall)) as server:
        for number in range(20):
            rotated = caller(server.url, credentials=Credentials(Secret(f"key-{number}"), Secret("hush-hush")))
            await read(transport, rotated)
            again = caller(server.url, credentials=rotated.credentials)
            await read(transport, again)
            assert len({seen.query["ts"] for seen in server.signed()[-2:]}) == 2
        del rotated, again
        gc.collect()
    assert len(transport._routes) == len(transport._rising) == 0


async def test_a_forbidden_page_is_a_missing_permission_where_the_exchange_says_no_like_that(
    transport: Transport,
) -> None:
    forbids = BALANCE._replace(forbids="Use a main user's key.")
    api = changed(API, endpoints=(*API.endpoints, forbids))
    async with answering(script(answer("<html>403 Forbidden</html>", 403))) as server:
        with pytest.raises(PermissionMissing) as caught:
            await read(transport, caller(server.url, api=api), one(Request(forbids)))
        assert caught.value.advice == "Use a main user's key."
        with pytest.raises(BadStatus):
            await read(transport, caller(server.url), one(Request(BALANCE)))
