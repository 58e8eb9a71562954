"""The web server survives every other request."""

import asyncio
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.web import serving

ANY_BYTES = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
TARGETS = st.one_of(
    st.sampled_from([b"/metrics", b"/", b"/config", b"/-/ready", b"*", b"http://x/metrics", b"//", b"/%", b"/%ff"]),
    st.builds(lambda query: b"/metrics?account=" + quote(query, safe="").encode(), st.text(max_size=20)),
    st.builds(lambda query: b"/metrics?" + query, ANY_BYTES),
    st.builds(lambda path: b"/" + path, ANY_BYTES),
)
REQUESTS = st.builds(
    lambda method, target, headers: (
        b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n"
        % (method, target, b"".join(name + b": " + value + b"\r\n" for name, value in headers))
    ),
    st.sampled_from([b"GET", b"HEAD", b"POST", b"get", b"X"]),
    TARGETS,
    st.lists(
        st.tuples(
            st.sampled_from([b"Accept", b"Accept-Encoding", b"Range", b"Cookie", b"X-Any", b"Expect"]), ANY_BYTES
        ),
        max_size=3,
    ),
)


@settings(max_examples=25, deadline=None)
@given(requests=st.lists(REQUESTS, min_size=1, max_size=12))
def test_any_path_query_and_header_leaves_a_server_that_answers(requests: list[bytes]) -> None:
    async def attack() -> None:
        async with serving() as served:
            for request in requests:
                answer = await served.raw(request)
                status = int(answer.split(b" ", 2)[1])
                assert status < 500, (request, answer)
            assert (await served.ask("/metrics"))[0] == 200

    asyncio.run(attack())


@settings(max_examples=25, deadline=None)
@given(garbage=st.lists(st.binary(max_size=200), min_size=1, max_size=12))
def test_bytes_that_are_no_http_leave_a_server_that_answers(garbage: list[bytes]) -> None:
    async def attack() -> None:
        async with serving() as served:
            for raw in garbage:
                answer = await served.raw(raw, ends=True)
                assert not answer or answer.startswith(b"HTTP/1."), (raw, answer)
            assert (await served.ask("/metrics"))[0] == 200

    asyncio.run(attack())


async def test_headers_without_end_are_refused() -> None:
    async with serving() as served:
        answer = await served.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n")
        assert answer.split(b" ")[1] == b"400"
        assert (await served.ask("/metrics"))[0] == 200
