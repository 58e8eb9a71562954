"""The exchanges' limits are kept, as the exchanges count them; what that leaves out is counted."""

import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from functools import partial

import pytest

from exporter.cli import check, poll_once
from exporter.cli.poll_once import read_all
from exporter.core import wording
from exporter.sandbox import Fault
from tests.exchanges.facts import everything
from tests.faults.stage import INTERVAL, Member, Stage, staged
from tests.faults.variants import VARIANTS, of_another_exchange
from tests.kit.clock import in_virtual_time

ACCOUNTS = 200

ALONE = [name for name, variant in VARIANTS.items() if not variant.facts.rests]
"""Where being too fast concerns the call that was refused, or its user."""

TOGETHER = [name for name in VARIANTS if name not in ALONE]
"""Where it concerns everybody at our address."""


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
        # A tenth is left for prices, the list of markets and the clock.
        interval = max(INTERVAL, math.ceil(ACCOUNTS / (0.9 * share * VARIANTS[variant].fits)))
        members = [Member(f"account-{number}", VARIANTS[variant], interval, 3 * interval) for number in range(ACCOUNTS)]
        async with staged(members, rate_share=share) as stage:
            exchange = stage.sandbox.exchange(VARIANTS[variant].exchange)
            exchange.limits.enforce_published()
            stage.engine.start()
            await stage.clock.sleep(2.2 * interval)
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
            assert "8/s of the limit" in warning
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


def test_want_of_tokens_has_a_name_once_the_interval_is_over_and_fails_no_poll() -> None:
    """Eight accounts share what would do for three: each is read every third time or so, and says so meanwhile."""

    async def scenario() -> None:
        more = {"options": {"api": "legacy", "rate_group": "desk"}, "timeout": "1s"}
        members = [Member(f"bot-{number}", VARIANTS["xt-legacy"], 1.0, 90.0, more=more) for number in range(8)]
        async with staged(members) as stage:
            stage.engine.start()
            await stage.clock.sleep(20)
            named, up, fresh = set(), set(), set()
            for _ in range(60):
                await stage.clock.sleep(0.5)
                samples = await stage.samples()
                named |= {
                    (own["account"], own["reason"]) for own, _ in samples.of("exchange_wallet_failing", wallet="spot")
                }
                up |= {(own["account"], value) for own, value in samples.of("exchange_account_up")}
                fresh |= {value for _, value in samples.of("exchange_wallet_fresh")}
            assert named == {(member.name, "rate_limited") for member in members}
            assert up == {(member.name, value) for member in members for value in (0.0, 1.0)}
            assert fresh == {1.0}, "a number went"
            assert not any(value for _, value in samples.of("exchange_poll_failures_total"))
            said = [len(stage.logged(member.name, "spot", "the wallet cannot be read")) for member in members]
            assert max(said) == 1, "the log says it at each turn"

    in_virtual_time(scenario())


@pytest.mark.parametrize("variant", ALONE)
def test_too_many_requests_for_tickers_leave_the_wallets_readable(variant: str) -> None:
    """One public call is refused for an hour: prices are absent, and nobody's balances are."""

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("one", "two")]
        async with staged(members, valuation={"interval": "30s"}) as stage:
            exchange = stage.sandbox.exchange(VARIANTS[variant].exchange)
            (tickers, *_) = VARIANTS[variant].api.price_endpoints
            exchange.faults.append(
                Fault("http_status", status=429, headers={"Retry-After": "3600"}, body="{}", path=tickers.path)
            )
            stage.engine.start()
            await stage.clock.sleep(10 * INTERVAL)
            assert len([each for each in exchange.requests if each.path == tickers.path]) == 1, "asked all the same"
            samples = await stage.samples()
            for member in members:
                assert len(stage.asked(member.name)) >= 10, "the wallet is read more rarely"
                assert samples.one("exchange_account_up", account=member.name) == 1
                assert skipped(stage, "paused") == 0
            assert not samples.of("exchange_wallet_failing")
            told = [vars(each) for each in stage.heard.records if each.msg == "prices cannot be read"]
            assert [each["reason"] for each in told] == ["rate_limited"]

    in_virtual_time(scenario())


@pytest.mark.parametrize("variant", ALONE)
def test_too_many_requests_for_one_wallet_have_a_name_until_they_are_over(variant: str) -> None:
    """Half an hour that the exchange asks for: the reason and the moment, and after `stale_after` no number."""

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("hasty", "neighbour")]
        async with staged(members) as stage:
            exchange, main = stage.sandbox.exchange(VARIANTS[variant].exchange), VARIANTS[variant].main
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            exchange.faults.append(
                Fault(
                    "http_status",
                    status=429,
                    headers={"Retry-After": "1800"},
                    body="{}",
                    path=stage.path("hasty"),
                    account=members[0].secrets["api_key"],
                    times=1,
                )
            )
            await stage.until(lambda: stage.failing("hasty", main) == "rate_limited", INTERVAL + 5, "the refusal")
            refused = stage.asked("hasty")[-1]
            for _ in range(5):
                await stage.clock.sleep(5 * INTERVAL)
                assert stage.failing("hasty", main) == "rate_limited"
                samples = await stage.samples("hasty")
                assert samples.one("exchange_account_up") == 0
                assert stage.asked("hasty")[-1] == refused
                if VARIANTS[variant].facts.side is None:  # else the other wallet is read, and the account polled
                    told = samples.one("exchange_account_next_poll_timestamp_seconds")
                    assert told == pytest.approx(stage.clock.wall() + refused + 1800 - stage.clock.true(), abs=2)
                stage.heard.pages.clear()
                await stage.look()
                assert any("rate_limited" in page and "nothing is sent until" in page for page in stage.heard.pages)
            assert samples.one("exchange_wallet_fresh", wallet=main) == 0
            assert stage.failing("neighbour", main) is None
            await stage.until(lambda: stage.failing("hasty", main) is None, 1800 + 150, "recovery")
            assert stage.asked("hasty")[-1] >= refused + 1800
            assert len(stage.logged("hasty", main, "the wallet cannot be read")) == 1
            assert len(stage.logged("hasty", main, "the wallet is read again")) == 1
            counted = (await stage.samples()).of("exchange_poll_failures_total", account="hasty")
            assert {own["reason"]: value for own, value in counted if value} == {"rate_limited": 1.0}

    in_virtual_time(scenario())


@pytest.mark.parametrize("variant", ALONE)
def test_an_end_told_in_words_is_kept_by_every_call_of_that_user(variant: str) -> None:
    """Half an hour that only the words of the refusal tell, by the clock of an exchange that is minutes ahead."""

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("blocked", "neighbour")]
        async with staged(members) as stage:
            exchange, main = stage.sandbox.exchange(VARIANTS[variant].exchange), VARIANTS[variant].main
            exchange.faults.append(Fault("clock_skew", seconds=300.0))
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            key = members[0].secrets["api_key"]
            end = stage.clock.true() + 1800
            words = f"Too many requests, unblocked after {int((stage.clock.wall() + 300 + 1800) * 1000)}"
            exchange.faults.insert(
                0, Fault("http_status", status=429, body=json.dumps({"text": words}), account=key, times=1)
            )
            await stage.until(lambda: stage.failing("blocked", main) == "rate_limited", 2 * INTERVAL, "the refusal")
            refused = stage.clock.true()
            for _ in range(5):
                await stage.clock.sleep(5 * INTERVAL)
                assert stage.failing("blocked", main) == "rate_limited"
                samples = await stage.samples("blocked")
                assert samples.one("exchange_account_up") == 0
                told = samples.one("exchange_account_next_poll_timestamp_seconds")
                assert told == pytest.approx(stage.clock.wall() + end - stage.clock.true(), abs=2)
                stage.heard.pages.clear()
                await stage.look()
                until = wording.moment(math.ceil(stage.clock.wall() + end - stage.clock.true()))[:-6]
                assert any(
                    "rate_limited" in page and f"nothing is sent until {until}" in page for page in stage.heard.pages
                )
            assert stage.failing("neighbour", main) is None
            await stage.until(lambda: stage.failing("blocked", main) is None, 1800 + 150, "recovery")
            sent = [each.time for each in exchange.requests if each.key == key and each.time > refused]
            assert min(sent) >= end - 0.1, "a signed request went out before the end"

    in_virtual_time(scenario())


@pytest.mark.parametrize("what", ["the main wallet", "prices", "in words"])
@pytest.mark.parametrize("variant", TOGETHER)
def test_too_many_requests_from_an_address_rest_all_that_goes_out_from_it_and_have_a_name(
    variant: str, what: str
) -> None:
    """Half an hour, told of one account or of prices: nothing else is asked either, or a ban would follow."""

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("hasty", "neighbour")]
        members.append(Member("stranger", of_another_exchange(VARIANTS[variant])))
        async with staged(members, valuation={"interval": "30s"}) as stage:
            exchange, main = stage.sandbox.exchange(VARIANTS[variant].exchange), VARIANTS[variant].main
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            path = VARIANTS[variant].api.price_endpoints[0].path if what == "prices" else stage.path("hasty")
            end, until = stage.clock.true() + 1800, int((stage.clock.wall() + 1800) * 1000)
            body = json.dumps({"text": f"unblocked after {until}"}) if what == "in words" else "{}"
            headers = {} if what == "in words" else {"Retry-After": "1800"}
            exchange.faults.append(Fault("http_status", status=429, headers=headers, body=body, path=path, times=1))
            refusals = exchange.counts[path, 429]
            await stage.until(lambda: exchange.counts[path, 429] > refusals, INTERVAL + 5, "the refusal")
            refused = [each.time for each in exchange.requests if each.path == path][-1]
            await stage.clock.sleep(3.5 * INTERVAL)
            for name in ("hasty", "neighbour"):
                assert stage.failing(name, main) == "rate_limited"
                assert (await stage.samples(name)).one("exchange_account_up") == 0
            await stage.clock.sleep(end - 5 - stage.clock.true())
            shared = {
                each.path for each in exchange.requests if refused + 1 < each.time and each.path.startswith("/api")
            }
            assert shared == set(), "asked all the same"
            assert stage.failing("stranger", of_another_exchange(VARIANTS[variant]).main) is None
            for name in ("hasty", "neighbour"):
                await stage.until(partial(_is_read, stage, name, main), 150, f"recovery of {name}")

    in_virtual_time(scenario())


def _is_read(stage: Stage, account: str, wallet: str) -> bool:
    return stage.failing(account, wallet) is None


def banned_by(scope: str) -> list[str]:
    """The exchanges that ban an address, or a key; each in the first of its APIs."""
    return [name for name, facts in everything().items() if facts.ban_scope == scope]


@pytest.mark.parametrize("variant", banned_by("ip"))
def test_a_ban_pauses_everything_from_our_address(variant: str) -> None:
    seconds, (status, body) = everything()[variant].ban_seconds, everything()[variant].ban

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("banned", "neighbour")]
        members.append(Member("stranger", of_another_exchange(VARIANTS[variant])))
        async with staged(members) as stage:
            exchange = stage.sandbox.exchange(VARIANTS[variant].exchange)
            main = VARIANTS[variant].main
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            key = members[0].secrets["api_key"]
            exchange.faults.append(Fault("http_status", status=status, body=body, account=key, times=1))
            await stage.until(lambda: stage.failing("banned", main) == "banned", INTERVAL, "the ban")
            began = exchange.requests[-1].time
            before = len(exchange.requests)
            await stage.clock.sleep(began + seconds - 2 - stage.clock.true())
            assert len(exchange.requests) == before, "something was sent during the ban"
            assert skipped(stage, "paused") > 0
            assert stage.engine.accounts["stranger"]._skipped["paused"] == 0
            samples = await stage.samples()
            assert samples.one("exchange_polls_skipped_total", account="neighbour", reason="paused")
            for name in ("banned", "neighbour"):
                (failing,) = samples.of("exchange_wallet_failing", account=name, wallet=main)
                assert failing[0]["reason"] == "banned"
                assert samples.one("exchange_account_up", account=name) == 0
                told = samples.one("exchange_account_next_poll_timestamp_seconds", account=name)
                assert told is not None
                assert told - stage.clock.wall() > 1, "the next poll is told for a moment within the ban"
            assert samples.one("exchange_poll_failures_total", account="neighbour", reason="banned") == 0
            assert len(stage.logged("neighbour", main, "the wallet cannot be read")) == 1
            assert stage.failing("stranger", of_another_exchange(VARIANTS[variant]).main) is None
            await stage.until(lambda: len(exchange.requests) > before, INTERVAL + 5, "the first request after the ban")
            await stage.until(lambda: stage.failing("neighbour", main) is None, 10, "the neighbour's recovery")
            assert (await stage.samples()).one("exchange_account_up", account="neighbour") == 1

    in_virtual_time(scenario())


@pytest.mark.parametrize("variant", banned_by("key"))
def test_a_ban_of_a_key_leaves_other_keys_alone(variant: str) -> None:
    status, body = everything()[variant].ban

    async def scenario() -> None:
        members = [Member(name, VARIANTS[variant]) for name in ("banned", "neighbour")]
        async with staged(members) as stage:
            key, main = members[0].secrets["api_key"], VARIANTS[variant].main
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            faults = stage.sandbox.exchange(VARIANTS[variant].exchange).faults
            faults.append(Fault("http_status", status=status, body=body, account=key, times=1))
            await stage.until(lambda: stage.failing("banned", main) == "banned", INTERVAL, "the ban")
            asked, banned = len(stage.asked("neighbour")), len(stage.asked("banned"))
            await stage.clock.sleep(200)
            assert len(stage.asked("neighbour")) >= asked + 6
            assert stage.failing("neighbour", main) is None
            assert len(stage.asked("banned")) == banned
            assert stage.failing("banned", main) == "banned"

    in_virtual_time(scenario())


DESK = {"options": {"api": "legacy", "rate_group": "desk"}}


def test_a_command_that_polls_once_waits_for_a_pause_that_it_can_outlast() -> None:
    """The first of three accounts of one user is told to wait for 20 s; the two others are read after that."""

    async def scenario() -> None:
        members = [Member(f"bot-{number}", VARIANTS["xt-legacy"], more=DESK) for number in range(3)]
        async with staged(members) as stage:
            stage.sandbox.exchange("xt").faults.append(
                Fault(
                    "http_status",
                    status=429,
                    headers={"Retry-After": "20"},
                    body="{}",
                    path="/trade/api/v1/getBalance",
                    times=1,
                )
            )
            began = stage.clock.now()
            results, *_ = await read_all(stage.engine.config, lambda *_: None, stage.clock)
            failed = [result.error for result in results if result.error is not None]
            assert [error.reason for error in failed] == ["rate_limited"]
            assert 20 <= stage.clock.now() - began <= 40

    in_virtual_time(scenario())


def test_a_command_that_polls_once_names_what_the_limits_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_once, "PATIENCE_SECONDS", 2.0)

    async def scenario() -> None:
        members = [Member(f"bot-{number}", VARIANTS["xt-legacy"], more=DESK) for number in range(8)]
        async with staged(members) as stage:
            results, *_ = await read_all(stage.engine.config, lambda *_: None, stage.clock)
            left_out = [result for result in results if result.error is not None]
            assert 0 < len(left_out) < 8
            for result in left_out:
                failure = result.state.wallets["spot"].failure
                assert result.error is not None
                assert failure is not None
                assert failure.reason == result.error.reason == "rate_limited"
                assert "rate_share" in failure.advice
            out = io.StringIO()
            check.report(results, stage.clock.wall(), out, stage.clock.now())
            refused = re.findall(r"^bot-\d +xt +FAILED: rate_limited", out.getvalue(), re.MULTILINE)
            assert len(refused) == len(left_out)
            assert out.getvalue().count("spot: rate_limited: our share of the exchange's limits") == len(left_out)

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
