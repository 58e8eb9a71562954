"""Passwords are checked beside the loop, in turn, once each, and an unknown user costs what a known one costs."""

import asyncio
import base64
import threading
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from exporter.core.credentials import Secret
from exporter.web import users
from exporter.web.users import Login, Users, login
from tests.kit.certificates import PASSWORD, hashed

GOOD = Login(b"prometheus", PASSWORD.encode())


class Checks:
    """What bcrypt was asked, in its thread; it waits there while it is held."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[bytes, bytes]] = []
        self.threads: set[str] = set()
        self.most = self._now = 0
        self.go = threading.Event()
        self.go.set()
        self._real: Callable[[bytes, bytes], bool] = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", self._check)

    def _check(self, password: bytes, hashed_password: bytes) -> bool:
        self.asked.append((password, hashed_password))
        self.threads.add(threading.current_thread().name)
        self._now += 1
        self.most = max(self.most, self._now)
        assert self.go.wait(10)
        self._now -= 1
        return self._real(password, hashed_password)

    @property
    def costs(self) -> list[int]:
        return [int(each[4:6]) for _, each in self.asked]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    return Checks(monkeypatch)


def known(**others: int) -> Users:
    """Users of this password: prometheus, and others with the cost of their hashes."""
    costs = {"prometheus": 4, **others}
    return Users({name: Secret(hashed(cost=cost)) for name, cost in costs.items()})


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 -- a thread tells nobody
            await asyncio.sleep(0.005)


def header(text: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(text).decode()}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (header(b"a:b"), (b"a", b"b")),
        (header(b"a:b", "basic"), (b"a", b"b")),
        (header(b"a:b:c"), (b"a", b"b:c")),
        (header(b":"), (b"", b"")),
        (header("ü:ß".encode()), ("ü".encode(), "ß".encode())),
        (header(b"ab"), None),
        (header(b"a:b", "Bearer"), None),
        ("Basic", None),
        ("Basic !", None),
        ("Basic YTpi,Basic YTpi", None),
        ("Basic \udc80", None),
        ("", None),
    ],
)
def test_a_login_is_read_as_the_standard_has_it(text: str, found: Any) -> None:
    assert login(text) == found


async def test_a_user_with_its_password_is_known_and_nobody_else(checks: Checks) -> None:
    them = known(other=4)
    assert await them.know(GOOD, "a") is True
    assert await them.know(GOOD._replace(password=b"wrong"), "a") is False
    assert await them.know(GOOD._replace(name=b"nobody"), "a") is False
    assert await them.know(Login(b"", b""), "a") is False
    assert checks.threads == {"password_0"}


@pytest.mark.parametrize("kind", "abxy")
async def test_every_kind_of_bcrypt_hash_is_checked(kind: str) -> None:
    them = Users({"prometheus": Secret(hashed().replace("$2b$", f"$2{kind}$"))})
    assert await them.know(GOOD, "a") is True
    assert await them.know(GOOD._replace(password=b"wrong"), "a") is False


async def test_each_name_and_password_is_checked_once(checks: Checks) -> None:
    them = known()
    for said in (GOOD, GOOD._replace(password=b"wrong"), GOOD._replace(name=b"nobody")):
        before = len(checks.asked)
        verdicts = {await them.know(said, client) for client in "abc"}
        assert len(verdicts) == 1
        assert len(checks.asked) == before + 1


async def test_a_hundred_who_ask_the_same_at_once_share_one_check(checks: Checks) -> None:
    them = known()
    verdicts = await asyncio.gather(*(them.know(GOOD, str(number)) for number in range(100)))
    assert set(verdicts) == {True}
    assert len(checks.asked) == 1


async def test_a_name_and_password_are_not_mixed_up_with_others_that_read_the_same(checks: Checks) -> None:
    them = Users({"ab": Secret(hashed("c"))})
    assert await them.know(Login(b"ab", b"c"), "x") is True
    assert await them.know(Login(b"a", b"bc"), "x") is False
    assert await them.know(Login(b"abc", b""), "x") is False


async def test_an_unknown_user_costs_one_check_of_a_hash_that_a_user_has(checks: Checks) -> None:
    them = known(slow=5)
    names = [f"nobody-{number}".encode() for number in range(30)]
    for name in names:
        assert await them.know(Login(name, PASSWORD.encode()), "a") is False
    assert len(checks.asked) == len(names)
    assert set(checks.costs) == {4, 5}
    first = dict(zip(names, checks.costs, strict=True))
    checks.asked.clear()
    for name in names:
        await them.know(Login(name, b"another"), "a")
    assert dict(zip(names, checks.costs, strict=True)) == first  # a name is as slow at each try, as a user is


async def test_a_password_longer_than_bcrypt_reads_is_wrong_without_a_check(checks: Checks) -> None:
    them = Users({"prometheus": Secret(hashed("x" * 72))})
    assert await them.know(Login(b"prometheus", b"x" * 72), "a") is True
    checks.asked.clear()
    assert await them.know(Login(b"prometheus", b"x" * 73), "a") is False
    assert await them.know(Login(b"nobody", b"x" * 73), "a") is False
    assert checks.asked == []


async def test_a_password_that_bcrypt_takes_for_the_right_one_is_wrong_all_the_same(checks: Checks) -> None:
    them = Users({"prometheus": Secret(hashed("abc"))})
    assert bcrypt.checkpw(b"abc\0abc", hashed("abc").encode())
    assert await them.know(Login(b"prometheus", b"abc\0abc"), "a") is False


async def test_one_check_runs_at_a_time_and_the_loop_runs_on(checks: Checks) -> None:
    them = known()
    checks.go.clear()
    asked = [asyncio.create_task(them.know(Login(b"x", bytes([number])), str(number))) for number in range(8)]
    await until(lambda: checks.asked)
    for _ in range(10):
        await asyncio.sleep(0)  # the loop turns while bcrypt is at work
    assert len(checks.asked) == 1
    checks.go.set()
    assert set(await asyncio.gather(*asked)) == {False}
    assert checks.most == 1


async def test_who_guesses_has_a_few_places_and_the_next_client_is_served_after_one_of_them(checks: Checks) -> None:
    them = known()
    checks.go.clear()
    guesses = [
        asyncio.create_task(them.know(Login(b"prometheus", str(number).encode()), "attacker")) for number in range(200)
    ]
    await until(lambda: checks.asked)
    done, waiting = await asyncio.wait(guesses, timeout=0.01)
    assert len(waiting) == users.WAITING_OF_ONE
    assert {each.result() for each in done} == {None}
    scrape = asyncio.create_task(them.know(GOOD, "prometheus"))
    await asyncio.sleep(0)
    checks.go.set()
    assert await scrape is True
    assert [password for password, _ in checks.asked].index(GOOD.password) <= 2
    await asyncio.gather(*guesses)


async def test_when_everything_is_full_who_has_most_waiting_makes_room_for_who_has_none(checks: Checks) -> None:
    them = known()
    checks.go.clear()
    attackers = [f"attacker-{number}" for number in range(users.WAITING // users.WAITING_OF_ONE)]
    guesses = [
        asyncio.create_task(them.know(Login(b"x", f"{client}{number}".encode()), client))
        for number in range(users.WAITING_OF_ONE)
        for client in attackers
    ]
    await asyncio.sleep(0)  # one of them is being checked
    guesses.append(asyncio.create_task(them.know(Login(b"x", b"y"), "the last place")))
    scrape = asyncio.create_task(them.know(GOOD, "prometheus"))
    await asyncio.sleep(0)
    assert await them.know(Login(b"x", b"one more"), attackers[0]) is None
    checks.go.set()
    assert await scrape is True
    verdicts = await asyncio.gather(*guesses)
    assert verdicts.count(None) == 1
    assert len(checks.asked) == 1 + users.WAITING


async def test_wrong_passwords_do_not_drive_out_the_right_one_and_take_no_more_memory_than_so_much(
    checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "REMEMBERED", 5)
    them = known()
    assert await them.know(GOOD, "a") is True
    for number in range(20):
        await them.know(Login(b"x", str(number).encode()), "a")
    checks.asked.clear()
    assert await them.know(GOOD, "a") is True
    assert await them.know(Login(b"x", b"19"), "a") is False
    assert checks.asked == []
    assert await them.know(Login(b"x", b"0"), "a") is False
    assert len(checks.asked) == 1
    assert len(them._wrong) == 5


async def test_no_password_stays_in_memory(checks: Checks) -> None:
    them = known()
    await them.know(GOOD, "a")
    await them.know(Login(b"prometheus", b"hunter22"), "a")
    kept = repr([getattr(them, name) for name in ("_right", "_wrong", "_under_way", "_waiting")])
    assert PASSWORD not in kept
    assert "hunter22" not in kept
    assert (them._under_way, them._waiting) == ({}, {})


async def test_a_check_that_ends_in_a_bug_lets_nobody_in_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    them = known()

    def broken(password: bytes, hashed_password: bytes) -> bool:
        raise ValueError("no")

    with monkeypatch.context() as broke:
        broke.setattr(bcrypt, "checkpw", broken)
        both = await asyncio.gather(them.know(GOOD, "a"), them.know(Login(b"x", b"y"), "a"))
        assert list(both) == [False, False]
    assert await them.know(GOOD, "a") is True
    assert "ended in a bug" in caplog.text
    assert PASSWORD not in caplog.text
