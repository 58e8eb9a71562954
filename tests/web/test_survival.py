"""The web server survives every other request."""

import asyncio
import http.client
import resource
import sys
from asyncio.subprocess import PIPE
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
        b"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n"
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


async def drip(host: str, port: int) -> None:
    """Connect, and send a header that does not end; again a second after the server has had enough of it."""
    while True:
        writer = None
        try:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: ")
            while not reader.at_eof():
                writer.write(b"x")
                try:
                    async with asyncio.timeout(1):
                        await reader.read(1)
                except TimeoutError:
                    continue
        except OSError:
            pass
        finally:
            if writer is not None:
                writer.close()
        await asyncio.sleep(1)


def ask(host: str, port: int, path: str) -> int:
    """The status of one answer, by a connection of its own."""
    client = http.client.HTTPConnection(host, port, timeout=10)
    try:
        client.request("GET", path)
        return client.getresponse().status
    finally:
        client.close()


async def test_a_flood_that_drips_at_1024_files_stops_neither_scrapes_nor_health_and_fills_no_log() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    few = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.web.few_files", "1024", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert few.stdin is not None
    assert few.stdout is not None
    host, port = (await few.stdout.readline()).decode().strip().split(":")
    flood = [asyncio.create_task(drip(host, int(port))) for _ in range(1100)]
    try:
        await asyncio.sleep(1)
        for _ in range(10):
            for path in ("/metrics", "/-/healthy"):
                assert await asyncio.to_thread(ask, host, int(port), path) == 200
    finally:
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        few.stdin.close()
        _, log = await few.communicate()
    assert few.returncode == 0
    assert len(log.splitlines()) <= 3, log[:2000]
    assert b"too many connections" in log
    assert b"open files" not in log
