"""The exchanges' limits are kept, as the exchanges count them; what that leaves out is counted."""

from collections.abc import Iterable, Sequence

import pytest

from exporter.sandbox import Fault
from tests.exchanges.facts import everything
from tests.faults.stage import INTERVAL, Member, Stage, staged
from tests.faults.variants import VARIANTS, of_another_exchange
from tests.kit.clock import in_virtual_time

ACCOUNTS = 200


def busiest(times: Iterable[float], window: float) -> int:
    """The most requests in any window of so many seconds, wherever it starts."""
    moments: Sequence[float] = sorted(times)
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def skipped(stage: Stage, reason: str) -> int:
    return sum(state._skipped[reason] for state in stage.engine.accounts)


@pytest.mark.parametrize(("variant", "share"), [*((name, 0.5) for name in VARIANTS), ("xt", 1.0), ("bingx", 1.0)])
def test_200_accounts_on_one_address_never_exceed_a_published_limit(variant: str, share: float) -> None:
    async def scenario() -> None:
        members = [Member(f"account-{number}", VARIANTS[variant]) for number in range(ACCOUNTS)]
        async with staged(members, rate_share=share) as stage:
            exchange = stage.sandbox.exchange(VARIANTS[variant].exchange)
            exchange.limits.enforce_published()
            stage.engine.start()
            await stage.clock.sleep(2.2 * INTERVAL)
            assert stage.engine.tried
            peaks = {entry: (exchange.peak(entry[1], entry[0]), limit) for entry, (limit, _) in exchange.limits.items()}
            assert {entry: counts for entry, counts in peaks.items() if counts[0] > counts[1]} == {}
            assert any(used for used, _ in peaks.values())
            assert not any(stage.failing(member.name, member.variant.main) for member in members)
            assert not any(status == 429 for _, status in exchange.counts)

    in_virtual_time(scenario())


def test_accounts_of_one_user_share_the_users_limit_and_skips_are_counted() -> None:
    """Eight accounts ask for eight polls a second where three are published, of which half is ours."""

    async def scenario() -> None:
        more = {"options": {"api": "legacy", "rate_group": "desk"}, "timeout": "1s"}
        members = [Member(f"bot-{number}", VARIANTS["xt-legacy"], 1.0, 90.0, more=more) for number in range(8)]
        async with staged(members) as stage:
            (warning,) = stage.engine.oversubscribed()
            assert "8 requests/s" in warning
            assert "1.5/s" in warning
            assert [record.msg for record in stage.heard.records if "polls will be skipped" in record.msg] == [warning]
            stage.engine.start()
            await stage.clock.sleep(40)
            times = [moment for member in members for moment in stage.asked(member.name)]
            assert busiest(times, 1.0) <= 3
            assert 1.2 <= len(times) / 40 <= 1.6
            shares = [len(stage.asked(member.name)) for member in members]
            assert max(shares) <= 2 * min(shares), "some accounts get what others lack"
            assert skipped(stage, "rate") > 0
            samples = await stage.samples()
            counted = samples.of("exchange_polls_skipped_total", reason="rate")
            assert sum(value for _, value in counted) == skipped(stage, "rate")
            assert not any(value for _, value in samples.of("exchange_poll_failures_total"))

    in_virtual_time(scenario())


def banned_by(scope: str) -> list[str]:
    """The exchanges that ban an address, or a key; each in the first of its APIs."""
    return [name for name, facts in everything().items() if facts.ban_scope == scope]


@pytest.mark.parametrize("variant", banned_by("ip"))
def test_a_ban_pauses_everything_from_our_address(variant: str) -> None:
    seconds = everything()[variant].ban_seconds

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("banned", "neighbour")]
        members.append(Member("stranger", of_another_exchange(VARIANTS[variant])))
        async with staged(members) as stage:
            exchange = stage.sandbox.exchange(VARIANTS[variant].exchange)
            main = VARIANTS[variant].main
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            key = members[0].secrets["api_key"]
            exchange.faults.append(Fault("http_status", status=418, account=key, times=1))
            await stage.until(lambda: stage.failing("banned", main) == "banned", INTERVAL, "the ban")
            began = exchange.requests[-1].time
            before = len(exchange.requests)
            await stage.clock.sleep(began + seconds - 2 - stage.clock.true())
            assert len(exchange.requests) == before, "something was sent during the ban"
            assert skipped(stage, "paused") > 0
            assert stage.engine.accounts["stranger"]._skipped["paused"] == 0
            samples = await stage.samples()
            assert samples.one("exchange_polls_skipped_total", account="neighbour", reason="paused")
            assert samples.one("exchange_wallet_failing", account="neighbour", wallet=main) is None
            await stage.until(lambda: len(exchange.requests) > before, INTERVAL + 5, "the first request after the ban")

    in_virtual_time(scenario())


@pytest.mark.parametrize("variant", banned_by("key"))
def test_a_ban_of_a_key_leaves_other_keys_alone(variant: str) -> None:
    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("banned", "neighbour")]
        async with staged(members) as stage:
            key, main = members[0].secrets["api_key"], VARIANTS[variant].main
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            faults = stage.sandbox.exchange(VARIANTS[variant].exchange).faults
            faults.append(Fault("http_status", status=418, account=key, times=1))
            await stage.until(lambda: stage.failing("banned", main) == "banned", INTERVAL, "the ban")
            asked = len(stage.asked("neighbour"))
            await stage.clock.sleep(200)
            assert len(stage.asked("neighbour")) >= asked + 6

    in_virtual_time(scenario())


def test_a_short_outage_withdraws_nothing() -> None:
    """A hundred outages of chance lengths: once the exchange is well again before `stale_after`, numbers stay."""

    async def scenario() -> None:
        members = [Member(f"account-{number}", VARIANTS["bitget"], stale_after=300.0) for number in range(100)]
        async with staged(members, valuation={"enabled": False}) as stage:
            faults = stage.sandbox.exchange("bitget").faults
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            outages: dict[str, Fault] = {}
            for member in members:
                key = member.secrets["api_key"]
                fault = outages[member.name] = Fault("http_status", status=500, body="{}", account=key)
                faults.append(fault)
            began = stage.clock.now()
            for number, member in enumerate(members):
                # From 0 to what leaves an interval for the last good read before, and a try before the end.
                ends = began + number / len(members) * (300.0 - INTERVAL - 15.0)
                await stage.clock.sleep(max(ends - stage.clock.now(), 0.0))
                faults.remove(outages[member.name])
            for _ in range(70):
                samples = await stage.samples()
                fresh = samples.of("exchange_wallet_fresh", wallet="spot")
                assert [own["account"] for own, value in fresh if value != 1] == []
                if not any(stage.failing(member.name, "spot") for member in members):
                    break
                await stage.clock.sleep(2.0)
            assert not any(stage.failing(member.name, "spot") for member in members)

    in_virtual_time(scenario())
