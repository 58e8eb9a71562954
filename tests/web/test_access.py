"""Who is let in: every path asks for a password, and what is wrong is answered without a scrape's place."""

import asyncio
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import bcrypt
import pytest

from exporter.core.credentials import Secret
from exporter.core.web_config import RateLimit, WebConfig
from exporter.web import users
from exporter.web.access import Rules, rules
from tests.kit.certificates import PASSWORD, hashed
from tests.kit.web import Held, serving

PATHS = ("/", "/metrics", "/config", "/-/healthy", "/-/ready", "/-/reload", "/nowhere")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Frame-Options": "sameorigin",
    "Strict-Transport-Security": "max-age=60",
}


def asking(*names: str, **others: Any) -> Rules:
    """Rules that ask for the password of one of these users."""
    hashes = MappingProxyType({name: Secret(hashed()) for name in names})
    return rules(WebConfig(users=hashes, **others))


def basic(name: str = "prometheus", password: str = PASSWORD) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
async def test_nothing_is_told_without_a_password_not_even_what_there_is(path: str, method: str) -> None:
    async with serving(rules=asking("prometheus")) as served:
        for sent in ({}, {"Authorization": basic(password="wrong")}, {"Authorization": "Bearer x"}):
            status, headers, body = await served.ask(path, method, **sent)
            assert status == 401
            assert headers["WWW-Authenticate"] == 'Basic realm="exchange-balance-exporter", charset="UTF-8"'
            assert body in (b"", b"A user and a password are needed here.\n")


@pytest.mark.parametrize("path", ["/", "/metrics", "/config", "/-/healthy", "/-/ready"])
async def test_a_user_gets_everything(path: str) -> None:
    async with serving(rules=asking("someone", "prometheus")) as served:
        assert (await served.ask(path, Authorization=basic()))[0] == 200
        assert (await served.ask(path, Authorization=basic("someone")))[0] == 200
        assert (await served.ask("/nowhere", Authorization=basic()))[0] == 404


def test_bcrypt_is_imported_where_there_are_users_and_nowhere_else() -> None:
    program = (
        "import sys\n"
        "import exporter.app.process, exporter.cli.check\n"
        "from exporter.core.web_config import OPEN, WebConfig\n"
        "from exporter.core.credentials import Secret\n"
        "from exporter.web.access import rules\n"
        "rules(OPEN)\n"
        "before = 'bcrypt' in sys.modules\n"
        f"rules(WebConfig(users={{'a': Secret({hashed()!r})}}))\n"
        "print(before, 'bcrypt' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


async def test_a_reload_needs_the_password_and_the_right_origin() -> None:
    async with serving(rules=asking("prometheus")) as served:
        assert (await served.ask("/-/reload", "POST", Authorization=basic()))[0] == 200
        foreign = {"Authorization": basic(), "Origin": "https://evil.example"}
        assert (await served.ask("/-/reload", "POST", **foreign))[0] == 403


async def test_two_headers_are_no_password() -> None:
    async with serving(rules=asking("prometheus")) as served:
        one = f"Authorization: {basic()}\r\n".encode()
        head = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        assert (await served.raw(head + one + b"\r\n")).startswith(b"HTTP/1.1 200")
        assert not (await served.raw(head + one + one + b"\r\n")).startswith(b"HTTP/1.1 200")


async def test_loopback_names_are_asked_for_before_a_password_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", None)
    async with serving(rules=asking("prometheus")) as served:
        assert (await served.ask("/metrics", Host="evil.example", Authorization=basic()))[0] == 403


async def test_changed_users_count_from_the_next_request_and_known_passwords_stay_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []
    real: Callable[[bytes, bytes], bool] = bcrypt.checkpw

    def check(password: bytes, hashed_password: bytes) -> bool:
        asked.append(password)
        return real(password, hashed_password)

    monkeypatch.setattr(bcrypt, "checkpw", check)
    first = asking("prometheus")
    async with serving(rules=first) as served:
        assert (await served.ask("/metrics", Authorization=basic()))[0] == 200
        same = rules(WebConfig(users=first.config.users, headers=HEADERS))
        served.web.replace(same)
        assert (await served.ask("/metrics", Authorization=basic()))[0] == 200
        assert len(asked) == 1
        served.web.replace(asking("someone"))
        assert (await served.ask("/metrics", Authorization=basic()))[0] == 401
        assert (await served.ask("/metrics", Authorization=basic("someone")))[0] == 200


async def test_guesses_hold_no_scrape_s_place_and_not_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    real: Callable[[bytes, bytes], bool] = bcrypt.checkpw

    def check(password: bytes, hashed_password: bytes) -> bool:
        assert go.wait(10)
        return real(password, hashed_password)

    async with serving(rules=asking("prometheus"), max_requests=4) as served:
        assert (await served.ask("/metrics", Authorization=basic()))[0] == 200
        monkeypatch.setattr(bcrypt, "checkpw", check)
        guesses = [
            asyncio.create_task(served.ask("/metrics", Authorization=basic(password=str(number))))
            for number in range(50)
        ]
        done: set[asyncio.Task[tuple[int, dict[str, str], bytes]]] = set()
        async with asyncio.timeout(10):
            while len(done) < 50 - 1 - users.WAITING_OF_ONE:
                done, _ = await asyncio.wait(guesses, timeout=0.01)
                assert (await served.ask("/metrics", Authorization=basic()))[0] == 200  # known already
        assert {each.result()[0] for each in done} == {503}
        assert {each.result()[1]["Retry-After"] for each in done} == {"1"}
        go.set()
        assert {(await each)[0] for each in guesses} == {401, 503}


async def test_who_is_refused_is_told_rarely_and_by_address_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(rules=asking("prometheus")) as served:
        for number in range(5):
            await served.ask("/metrics", Authorization=basic("hunter22", f"password-{number}"))
        await served.ask("/metrics")
    (told,) = [each for each in caplog.records if each.name == "exporter.web"]
    assert vars(told)["client"] == "127.0.0.1"
    assert "hunter22" not in str(vars(told))
    assert "password-" not in str(vars(told))


async def test_the_headers_of_the_file_are_on_every_answer_instead_of_ours() -> None:
    async with serving(rules=asking("prometheus", headers=HEADERS)) as served:
        for path, sent in (("/", basic()), ("/metrics", basic()), ("/nowhere", basic()), ("/", "")):
            _, headers, _ = await served.ask(path, Authorization=sent)
            assert HEADERS.items() <= headers.items()
            assert headers["X-Content-Type-Options"] == "nosniff"


async def test_more_requests_than_the_rate_get_429_before_anything_else() -> None:
    limit = RateLimit(interval=3600.0, burst=3)
    async with serving(rules=asking("prometheus", rate=limit)) as served:
        statuses = [(await served.ask("/-/healthy", Authorization=basic()))[0] for _ in range(3)]
        assert statuses == [200, 200, 200]
        status, headers, body = await served.ask("/-/healthy")
        assert (status, headers["Retry-After"], b"rate_limit" in body) == (429, "3600", True)
        served.web.replace(asking("prometheus", rate=limit, headers=HEADERS))
        assert (await served.ask("/-/healthy", Authorization=basic()))[0] == 429  # nothing about it changed
        served.web.replace(asking("prometheus"))
        assert (await served.ask("/-/healthy", Authorization=basic()))[0] == 200


async def test_the_rate_gives_one_more_after_each_interval() -> None:
    async with serving(rules=Rules(WebConfig(rate=RateLimit(interval=0.05, burst=1)))) as served:
        statuses: list[int] = []
        async with asyncio.timeout(10):
            while statuses.count(200) < 3:
                statuses.append((await served.ask("/-/healthy"))[0])
        assert statuses[0] == 200
        assert set(statuses) <= {200, 429}


async def test_a_scrape_that_is_let_in_still_has_a_place_of_its_own() -> None:
    held = Held()
    async with serving(held, rules=asking("prometheus"), max_requests=1) as served:
        scrape = asyncio.create_task(served.ask("/metrics", Authorization=basic()))
        await held.reached(1)
        assert (await served.ask("/metrics", Authorization=basic()))[0] == 503
        assert (await served.ask("/metrics"))[0] == 401
        held.go.set()
        assert (await scrape)[0] == 200
