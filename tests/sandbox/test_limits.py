"""Counting requests in windows, and refusing those beyond a limit that was switched on."""

import pytest

from exporter.sandbox.limits import RateLimits
from tests.sandbox.filled import FilledSandbox
from tests.sandbox.known import FACTS

PATH = "/api/v2/spot/account/assets"


async def test_nothing_is_refused_until_a_limit_is_switched_on(filled: FilledSandbox) -> None:
    for _ in range(12):
        assert (await filled.read("bitget")).status == 200
    assert filled.sandbox.exchange("bitget").limits.peak(PATH) == 12


async def test_a_limit_of_the_key_refuses_that_key_alone(filled: FilledSandbox) -> None:
    filled.sandbox.exchange("bitget").limits["key", "/api/"] = (2, 1)
    statuses = [(await filled.read("bitget")).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await filled.read("bitget-unified")).status == 200


async def test_a_limit_of_the_address_is_shared_by_its_keys(filled: FilledSandbox) -> None:
    filled.sandbox.exchange("bitget").limits["ip", "/api/"] = (2, 1)
    assert (await filled.read("bitget")).status == 200
    assert (await filled.read("bitget-unified")).status == 200
    assert (await filled.client.raw("bitget", "/api/v2/public/time")).json()["code"] == "429"


async def test_published_limits_can_be_enforced(filled: FilledSandbox) -> None:
    filled.sandbox.exchange("bitget").limits.enforce_published()
    account = filled.accounts["bitget"]
    path = "/api/v2/account/all-account-balance"
    statuses = [(await filled.client.get(account, path)).status for _ in range(2)]
    assert statuses == [200, 429]


@pytest.mark.parametrize(("exchange", "left"), [(name, facts.left) for name, facts in FACTS.items() if facts.left])
async def test_answers_tell_what_is_left(filled: FilledSandbox, exchange: str, left: tuple[str, str]) -> None:
    header, first = left
    assert (await filled.read(exchange)).headers[header] == first


def test_a_window_slides() -> None:
    limits = RateLimits({})
    limits["key", "/a"] = (2, 10)

    def refused(now: float) -> bool:
        quota = limits.meet("/a/b", "", "127.0.0.1", "k", now)
        assert quota is not None
        return quota.refused

    assert [refused(now) for now in (0, 1, 9.9)] == [False, False, True]
    assert not refused(11)
    assert limits.peak("/a") == 3


def test_a_clock_that_is_turned_back_starts_the_window_anew() -> None:
    limits = RateLimits({("ip", "/"): (5, 10)})
    for now in (100, 101, 40):
        limits.meet("/", "", "127.0.0.1", None, now)
    assert limits.peak("/") == 2


def test_the_peak_is_that_of_the_busiest_caller() -> None:
    limits = RateLimits({("key", "/a"): (5, 10), ("ip", "/a"): (50, 10)})
    for key in ("k", "k", "other"):
        limits.meet("/a", "", "127.0.0.1", key, 0)
    assert (limits.peak("/a", "key"), limits.peak("/a", "ip"), limits.peak("/a")) == (2, 3, 3)
    with pytest.raises(KeyError):
        limits.peak("/b")


def test_hosts_count_by_themselves() -> None:
    limits = RateLimits({("key", "/a"): (5, 10)})
    for host in ("one.example", "other.example", "other.example"):
        limits.meet("/a", host, "127.0.0.1", "k", 0)
    assert limits.peak("/a") == 2
