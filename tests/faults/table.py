"""Plays the catalogue: one verdict for each exchange and fault.

Faults of one account are played all at once, each on an account of its own beside two healthy ones; faults of a
whole exchange one after the other. What has to hold is the same for all, and written down in `_play`.
"""

import datetime
import functools
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import trustme

from tests.faults.catalogue import TROUBLES, Scene, Trouble
from tests.faults.stage import INTERVAL, STALE_AFTER, TIMEOUT, Heard, Member, Stage, same, staged
from tests.faults.variants import VARIANTS, Variant, of_another_exchange
from tests.kit.clock import in_virtual_time

CAP: Final = 120.0
SLOW_CAP: Final = 900.0
LONGEST_BAN: Final = 600.0
SLOW: Final = frozenset({"auth", "permission", "ip", "banned"})
LATE: Final = 1.0
LONG: Final = 500.0

HEAVY_INTERVAL: Final = 80.0
HEAVY_STALE_AFTER: Final = HEAVY_INTERVAL + TIMEOUT + 1.0

NEIGHBOUR: Final = "neighbour"
STRANGER: Final = "stranger"


@dataclass
class Verdict:
    """What came of one fault on one exchange.

    Attributes:
        problems: what did not hold, one sentence each.
        reason: the reason that was seen; None where nothing failed.
        recovered_after: seconds from the end of the fault to the first good read.
        longest_turn: real seconds for which the loop was kept busy at a stretch, at worst, while the fault was on;
            shared by all faults that were played at once, the simulated exchanges' own work included.
    """

    problems: list[str] = field(default_factory=list)
    reason: str | None = None
    recovered_after: float = 0.0
    longest_turn: float = 0.0


Key = tuple[str, str]


@dataclass
class Results:
    """Verdicts by variant and fault, and all that was heard meanwhile."""

    verdicts: dict[Key, Verdict] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    seconds: float = 0.0


def play(variant: str, faults: Iterable[str]) -> Results:
    """Play some faults on one variant."""
    began = time.perf_counter()
    results = Results()
    chosen = {name: TROUBLES[name] for name in faults}
    whose = VARIANTS[variant]
    together = [name for name, trouble in chosen.items() if not trouble.is_alone(whose)]
    size = at_once(whose)
    for start in range(0, len(together), size):
        names = together[start : start + size]
        in_virtual_time(_together(whose, {name: chosen[name] for name in names}, results))
    for name, trouble in chosen.items():
        if trouble.is_alone(whose):
            in_virtual_time(_alone(whose, name, trouble, results))
    results.seconds = time.perf_counter() - began
    return results


def at_once(variant: Variant) -> int:
    """How many accounts with troubles, each of which asks several times as often, may share one address."""
    return int(min(100, variant.fits * INTERVAL / 6))


@functools.cache
def played(variant: str) -> Results:
    """The whole catalogue on one variant, played once in a process."""
    return play(variant, TROUBLES)


async def _together(variant: Variant, troubles: dict[str, Trouble], results: Results) -> None:
    heard = Heard()
    results.heard.append(heard)
    members = [_member(name, variant, trouble) for name, trouble in troubles.items()]
    members += [Member(NEIGHBOUR, variant), Member(STRANGER, of_another_exchange(variant))]
    async with staged(members, heard=heard) as stage:
        stage.engine.start()
        scenes = {name: Scene(stage, name, whole=False) for name in troubles}
        tasks = [
            stage.loop.create_task(
                _judged(scene, troubles[name], results.verdicts.setdefault((variant.name, name), Verdict()))
            )
            for name, scene in scenes.items()
        ]
        await stage.clock.sleep(3.5 * INTERVAL)
        stage.loop.longest_turn = 0.0
        await stage.look()
        for task in tasks:
            await task
        late = [*_late(stage, NEIGHBOUR), *_late(stage, STRANGER)]
        for name in troubles:
            verdict = results.verdicts[variant.name, name]
            verdict.problems += late
            verdict.longest_turn = stage.loop.longest_turn


async def _alone(variant: Variant, name: str, trouble: Trouble, results: Results) -> None:
    heard = Heard()
    results.heard.append(heard)
    good, bad, trusted = _certificates(name) if trouble.tls else (None, None, None)
    members = [_member(name, variant, trouble), Member(STRANGER, of_another_exchange(variant))]
    async with staged(members, heard=heard, server_tls=good, client_tls=trusted) as stage:
        stage.engine.start()
        verdict = results.verdicts[variant.name, name] = Verdict()
        stage.loop.longest_turn = 0.0
        await _judged(Scene(stage, name, whole=True, good_tls=good, bad_tls=bad), trouble, verdict)
        verdict.problems += _late(stage, STRANGER)
        verdict.longest_turn = stage.loop.longest_turn
        await stage.look()


def _member(name: str, variant: Variant, trouble: Trouble) -> Member:
    if trouble.heavy:
        return Member(name, variant, HEAVY_INTERVAL, HEAVY_STALE_AFTER)
    return Member(name, variant)


@functools.cache
def _certificates(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext, ssl.SSLContext]:
    """What a healthy exchange shows, what a bad one shows, and whom we trust."""
    authority, stranger = trustme.CA(), trustme.CA()
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
    issued = {
        "unknown_authority": stranger.issue_cert("localhost"),
        "expired_certificate": authority.issue_cert(
            "localhost", not_before=past, not_after=past + datetime.timedelta(days=1)
        ),
    }
    contexts = []
    for certificate in (authority.issue_cert("localhost"), issued[name]):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        contexts.append(context)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    return contexts[0], contexts[1], trusted


async def _judged(scene: Scene, trouble: Trouble, verdict: Verdict) -> None:
    try:
        await _play(scene, trouble, verdict)
    except AssertionError as error:
        verdict.problems.append(str(error))
    finally:
        try:
            await scene.end()
        except AssertionError as error:
            verdict.problems.append(str(error))
        poller = scene.stage.engine.pollers[scene.name]
        poller.last = True


async def _play(scene: Scene, trouble: Trouble, verdict: Verdict) -> None:
    """One account through health, trouble and recovery."""
    stage, name, variant = scene.stage, scene.name, scene.variant
    state = stage.engine.accounts[name]
    await stage.until(lambda: state.polls >= 2, 2.5 * stage.members[name].interval, "two polls")
    served = (await stage.samples(name)).amounts(name, variant.main)
    assert same(served, stage.truth(name)), f"before: {served} is served, not {stage.truth(name)}"

    account = stage.accounts[name]
    account.set("main", "USDT", "55.75", "3.5")
    account.set("main", "BTC", "0.0625")
    switched = trouble.on(scene)
    if switched is not None:
        await switched

    reason = trouble.expected(variant)
    wallet, _ = variant.side_wallet(account) if trouble.side else (variant.main, "")
    if reason is None:
        await _goes_on(scene, trouble)
    elif wallet != variant.main:
        await _one_wallet_fails(scene, reason, wallet)
    else:
        await _fails(scene, reason, served)
    verdict.reason = reason

    truth_at_end = stage.truth(name)
    since = stage.clock.now()
    await scene.end()
    patience = _patience(reason, scene, trouble)
    aftermath = trouble.aftermath(variant)
    if trouble.twins:  # they may have been most of what was held, so that the next poll has to repeat their absence
        polls = state.polls
        await stage.until(lambda: state.polls >= polls + 2, 2.5 * INTERVAL, "two polls afterwards")
    if aftermath is not None:
        within = INTERVAL + TIMEOUT
        await stage.until(lambda: stage.failing(name, wallet) == aftermath, within, "a failure afterwards")
        patience = stage.members[name].stale_after + CAP + within
    rarely = {own for own, source in variant.api.wallets.items() if source.every}
    await stage.until(
        lambda: (
            not any(each.failure for own, each in state.wallets.items() if own not in rarely)
            and state.wallets[variant.main].fresh(stage.clock.now())
            and stage.asked(name)[-1:] > [since + stage.clock.true() - stage.clock.now()]
        ),
        patience,
        f"recovery (still {stage.failing(name, wallet) or 'not read'})",
    )
    verdict.recovered_after = stage.clock.now() - since
    longest = max((source.every for source in variant.api.wallets.values()), default=0.0)
    await stage.until(
        lambda: not any(each.failure for each in state.wallets.values()),
        max(patience - verdict.recovered_after, longest + TIMEOUT),
        "recovery of the wallets that are read rarely",
    )
    await stage.until(lambda: not stage.engine.pollers[name].polling, TIMEOUT, "the end of the poll")
    samples = await stage.samples(name)
    served = samples.amounts(name, variant.main)
    if reason is None:
        served = {key: value for key, value in served.items() if value or key in truth_at_end}
    assert same(served, truth_at_end), f"after: {served} is served, not {truth_at_end}"
    assert samples.one("exchange_account_up", account=name) == 1, "after: not up"
    assert not samples.of("exchange_wallet_failing", account=name), "after: a wallet still fails"
    _said_once(stage, name, wallet, reason or aftermath)


def _patience(reason: str | None, scene: Scene, trouble: Trouble) -> float:
    interval = scene.stage.members[scene.name].interval
    slack = interval + 2 * TIMEOUT
    if trouble.side:
        return SLOW_CAP + 300.0 + slack
    if reason is None:
        return slack
    if reason == "banned":
        return LONGEST_BAN + SLOW_CAP + slack
    return (SLOW_CAP if reason in SLOW else CAP) + slack


async def _goes_on(scene: Scene, trouble: Trouble) -> None:
    """Nothing fails, and what is served is what the exchange says."""
    stage, name, main = scene.stage, scene.name, scene.variant.main
    polls, truth = stage.engine.accounts[name].polls, stage.truth(name)
    end = stage.clock.now() + 3.5 * INTERVAL
    while stage.engine.accounts[name].polls < polls + 3:
        assert stage.clock.now() <= end, "no three polls"
        served = (await stage.samples(name)).amounts(name, main)
        zeros = {key for key, value in truth.items() if value and served.get(key) == 0}
        assert trouble.seen is not None or not zeros, f"during: {zeros} read 0"
        await stage.clock.sleep(1.0)
    samples = await stage.samples(name)
    expected = trouble.seen(scene, truth) if trouble.seen is not None else truth
    served = samples.amounts(name, main)
    assert same(served, expected), f"during: {served} is served, not {expected}"
    failures = {own["reason"]: value for own, value in samples.of("exchange_poll_failures_total") if value}
    assert not failures, f"polls failed: {failures}"


async def _fails(scene: Scene, reason: str, before: dict[tuple[str, str], float]) -> None:
    """The right reason; the last good values until `stale_after`; then none."""
    stage, name, main = scene.stage, scene.name, scene.variant.main
    member = stage.members[name]
    samples = await stage.samples(name)
    last_good = samples.one("exchange_wallet_last_success_timestamp_seconds", account=name, wallet=main)
    assert last_good is not None
    end = last_good + member.stale_after

    await stage.until(lambda: stage.failing(name, main) is not None, member.interval + 2 * TIMEOUT, "a failure")
    samples = await stage.samples(name)
    reasons = [own["reason"] for own, _ in samples.of("exchange_wallet_failing", account=name, wallet=main)]
    assert reasons == [reason], f"the reason is {reasons}, not {reason}"
    await stage.clock.sleep(0.1)  # the poll is over, too
    while stage.clock.wall() < end - 1:
        samples = await stage.samples(name)
        served = samples.amounts(name, main)
        assert same(served, before), f"while it fails: {served} is served, not {before}"
        assert samples.one("exchange_wallet_fresh", account=name, wallet=main) == 1, "not fresh before its time"
        assert samples.one("exchange_wallet_up", account=name, wallet=main) == 0, "up although it fails"
        await stage.clock.sleep(min(15.0, max(end - 0.5 - stage.clock.wall(), 0.1)))
    await stage.clock.sleep(end + 1 - stage.clock.wall())

    samples = await stage.samples(name)
    left = [key for key in samples if key[0].startswith("exchange_balance_") and ("wallet", main) in key[1]]
    assert not left, f"past stale_after {left[0]} is served"
    assert samples.one("exchange_wallet_fresh", account=name, wallet=main) == 0, "fresh past stale_after"
    assert samples.one("exchange_account_usd", account=name) is None, "a sum past stale_after"
    assert samples.one("exchange_account_up", account=name) == 0, "the account is up although it fails"
    counted = {own["reason"]: value for own, value in samples.of("exchange_poll_failures_total") if value}
    assert counted.keys() == {reason}, f"polls are counted as {counted}, not as {reason}"
    polls = samples.one("exchange_polls_total", account=name)
    assert polls is not None
    assert counted[reason] <= polls, "more failures than polls"
    if scene.whole:  # long enough for the patience to grow as far as it may
        await stage.clock.sleep(LONG)


async def _one_wallet_fails(scene: Scene, reason: str, wallet: str) -> None:
    """A wallet that the key may not read moves only its own samples."""
    stage, name, main = scene.stage, scene.name, scene.variant.main
    await stage.until(lambda: stage.failing(name, wallet) is not None, 330.0 + INTERVAL, f"a failure of {wallet}")
    samples = await stage.samples(name)
    assert stage.failing(name, wallet) == reason, f"the reason is {stage.failing(name, wallet)}, not {reason}"
    assert samples.one("exchange_wallet_up", account=name, wallet=wallet) == 0
    assert samples.one("exchange_account_up", account=name) == 1, "a default wallet takes its account down"
    assert same(samples.amounts(name, main), stage.truth(name)), "the main wallet suffers"
    asked = len(stage.asked(name))
    await stage.clock.sleep(4 * INTERVAL)
    assert len(stage.asked(name)) >= asked + 4, "the main wallet is read more rarely"


def _said_once(stage: Stage, name: str, wallet: str, reason: str | None) -> None:
    failed = stage.logged(name, wallet, "the wallet cannot be read")
    recovered = stage.logged(name, wallet, "the wallet is read again")
    expected = 0 if reason is None else 1
    reasons = [vars(record)["reason"] for record in failed]
    assert len(failed) == expected, f"the log says {len(failed)} times that it fails: {reasons}"
    assert len(recovered) == expected, f"the log says {len(recovered)} times that it is read again"
    assert all(vars(record)["advice"] for record in failed), "no advice in the log"


def _late(stage: Stage, name: str) -> list[str]:
    """Where a healthy account was not asked for on time."""
    asked = stage.asked(name)[1:]  # the first poll comes at once, off the schedule
    if len(asked) < 3:
        return [f"{name} was read {len(asked)} times only"]
    gaps = [after - before for before, after in pairwise(asked)]
    worst = max(gaps, key=lambda gap: abs(gap - INTERVAL))
    return [f"{name} was {worst - INTERVAL:+.1f} s off its schedule"] if abs(worst - INTERVAL) > LATE else []


__all__ = ["STALE_AFTER", "Results", "Verdict", "play", "played"]
