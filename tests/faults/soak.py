"""`make soak`: an hour of simulated time with many accounts and faults by chance; exits with 1 if anything grew.

    python -m tests.faults.soak --accounts 200 --minutes 60 --seed 1

Balances change all the time and every amount is said once only, so that a served number tells when the exchange last
said it: one that it never said, or longer ago than `stale_after`, is false. Memory, tasks, sockets and file descriptors
are counted after a warm-up and at the end, both times while no fault is on and idle connections are closed; of some
looks each, the most of the first ones is held against the least of the last ones.
"""

import argparse
import asyncio
import gc
import logging
import os
import resource
import stat
import sys
from collections import Counter, deque
from dataclasses import astuple, dataclass, field, replace
from decimal import Decimal
from functools import partial, reduce
from pathlib import Path
from random import Random
from typing import Final

from exporter.sandbox import Fault
from tests.faults.stage import Member, Stage, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time
from tests.kit.scrape import KINDS

INTERVAL: Final = 30.0
STALE_AFTER: Final = 150.0
MOVES_EVERY: Final = 20.0
LOOKS_EVERY: Final = 15.0
WARM_UP: Final = 1 / 4
"""Of the whole time; every fault has been met by then, and every cache is full."""

QUIET: Final = 180.0
"""Seconds without new faults after the warm-up, in the second half of which is counted."""

GROWTH: Final = 0.05
CALM: Final = 1_000.0
"""Seconds without faults at the end, so that every account has recovered: the longest patience is 15 minutes."""

_COIN: Final = "USDT"
_READ_SECONDS: Final = 30.0
"""What a poll may take from the exchange's word to the shelf, waiting for its other requests included."""

_FAULTS: Final = (
    *(partial(Fault, kind) for kind in ("hang", "hang_after_headers", "slow_drip", "reset", "truncated_gzip")),
    *(partial(Fault, kind) for kind in ("empty", "html", "deep_nesting")),
    *(partial(Fault, "http_status", status=status) for status in (429, 500, 502, 503)),
    *(
        partial(Fault, "vendor_error", situation=situation)
        for situation in ("key", "clock", "ip", "permission", "rate", "maintenance", "frozen")
    ),
    *(
        partial(Fault, "replace_amounts", value=value)
        for value in (None, "NaN", "1e400", "", "x", " 1 ", Decimal("1E+400"), True)
    ),
)


@dataclass
class Held:
    """What the process holds at one moment."""

    memory: int
    tasks: int
    sockets: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> "Held":
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        kinds: Counter[bool] = Counter()
        for entry in Path("/proc/self/fd").iterdir():
            try:
                kinds[stat.S_ISSOCK(entry.stat().st_mode)] += 1
            except OSError:
                continue
        threads = len(list(Path("/proc/self/task").iterdir()))
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), len(asyncio.all_tasks()), kinds[True], kinds.total(), threads)

    def least(self, other: "Held") -> "Held":
        """The lower of each."""
        return Held(*map(min, astuple(self), astuple(other)))

    def most(self, other: "Held") -> "Held":
        """The higher of each, but the least memory: what is freed late is no more than a coincidence."""
        return replace(Held(*map(max, astuple(self), astuple(other))), memory=min(self.memory, other.memory))


@dataclass
class Report:
    """What came of it."""

    warm: Held
    end: Held
    peak: int
    polls: int = 0
    failures: int = 0
    skipped: int = 0
    faults: int = 0
    looked_at: int = 0
    lost: int = 0
    lost_examples: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    not_recovered: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What is not as it has to be."""
        found = list(self.false[:20])
        found += [f"{name} did not recover" for name in self.not_recovered]
        found += self.lost_examples[:20]
        if self.end.memory > self.warm.memory * (1 + GROWTH):
            found.append(f"memory grew from {_megabytes(self.warm.memory)} to {_megabytes(self.end.memory)}")
        for what in ("tasks", "sockets", "descriptors", "threads"):
            before, after = getattr(self.warm, what), getattr(self.end, what)
            if after > before:
                found.append(f"{what} grew from {before} to {after}")
        if not self.looked_at:
            found.append("nothing was served")
        return found


class Truth:
    """What each exchange said of each account: every amount is held once only, for a known time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._serial = 0
        self._until: dict[str, dict[float, float]] = {name: {} for name in stage.members}
        self._now: dict[str, tuple[float, float]] = {}

    def move(self, name: str) -> None:
        """Have an account hold amounts that nobody ever held."""
        self._serial += 1
        now = self._stage.clock.now()
        past = self._until[name]
        for amount in self._now.get(name, ()):
            past[amount] = now
        for amount in [amount for amount, until in past.items() if now - until > 2 * STALE_AFTER]:
            del past[amount]
        available, frozen = Decimal(2 * self._serial) / 8, Decimal(2 * self._serial + 1) / 8
        self._stage.accounts[name].set("main", _COIN, available, frozen)
        self._now[name] = (float(available), float(frozen))

    def age(self, name: str, amount: float) -> float | None:
        """How long ago the exchange last held this; None: never, or so long ago that it is forgotten."""
        if amount in self._now[name]:
            return 0.0
        until = self._until[name].get(amount)
        return None if until is None else self._stage.clock.now() - until


async def soak(accounts: int, minutes: float, seed: int) -> Report:
    """Run, and report."""
    chance = Random(seed)
    variants = list(VARIANTS.values())
    members = [
        Member(f"account-{number}", variants[number % len(variants)], INTERVAL, STALE_AFTER)
        for number in range(accounts)
    ]
    async with staged(members, seed=seed) as stage:
        for variant in variants:  # what the sandbox remembers is not to grow either
            stage.sandbox.exchange(variant.exchange).requests = deque(maxlen=100)
        stage.heard.records = _Nowhere()
        stage.heard.lines, stage.heard.unmasked = _Nowhere(), _Nowhere()
        for account in stage.accounts.values():
            account.wallet("main").pop("BTC", None)
        truth = Truth(stage)
        for member in members:
            truth.move(member.name)
        stage.engine.start()
        return await _hour(stage, truth, chance, minutes * 60)


class _Nowhere(list):  # type: ignore[type-arg]
    """Forgets what it is given."""

    def append(self, item: object) -> None:
        del item


@dataclass
class _Course:
    """When there are faults, and when is counted."""

    began: float
    seconds: float

    @property
    def warm(self) -> float:
        return self.began + self.seconds * WARM_UP

    @property
    def again(self) -> float:
        """The end of the quiet time after the warm-up."""
        return self.warm + self.quiet

    @property
    def quiet(self) -> float:
        return min(QUIET, self.seconds / 6)

    @property
    def end(self) -> float:
        return self.began + self.seconds

    @property
    def calm(self) -> float:
        return self.end - min(CALM, self.seconds / 3)

    def troubled(self, now: float) -> bool:
        """Never before the first polls are over: with nothing to lose, patience is long."""
        return self.began + INTERVAL <= now < self.warm or self.again <= now < self.calm

    @property
    def longest_fault(self) -> float:
        """Where there is little time to recover, no number may be withdrawn: after that, patience is long."""
        return min(2 * STALE_AFTER, self.seconds / 10)


async def _hour(stage: Stage, truth: Truth, chance: Random, seconds: float) -> Report:
    clock = stage.clock
    course = _Course(clock.now(), seconds)
    names = list(stage.members)
    report = Report(Held.now(), Held.now(), 0)
    faults: dict[str, tuple[Fault, float]] = {}
    warm: list[Held] = []
    ends: list[Held] = []
    turn = looks = 0
    while (now := clock.now()) < course.end:
        for name in [name for name, (_, until) in faults.items() if now >= until or not course.troubled(now)]:
            _faults_of(stage, name).remove(faults.pop(name)[0])
        if course.troubled(now):
            for name in chance.sample(names, max(1, len(names) // 40)):
                if name not in faults:
                    fault = chance.choice(_FAULTS)(account=stage.members[name].secrets["api_key"])
                    _faults_of(stage, name).append(fault)
                    faults[name] = (fault, now + chance.uniform(5.0, course.longest_fault))
                    report.faults += 1
        # Each account moves at its turn within MOVES_EVERY, so that no moment is like another.
        for name in names[turn :: int(MOVES_EVERY)]:
            truth.move(name)
        turn = (turn + 1) % int(MOVES_EVERY)
        await clock.sleep(1.0)
        if now >= course.began + looks * LOOKS_EVERY:
            looks += 1
            await _look(stage, truth, report)
            if course.again - course.quiet / 2 <= now < course.again:
                warm.append(await _counted(stage))
            elif now >= course.end - course.quiet / 2:
                ends.append(await _counted(stage))
    report.warm, report.end = reduce(Held.most, warm), reduce(Held.least, ends)
    report.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    samples = await stage.samples()
    report.polls = int(sum(value for _, value in samples.of("exchange_polls_total")))
    report.failures = int(sum(value for _, value in samples.of("exchange_poll_failures_total")))
    report.skipped = int(sum(value for _, value in samples.of("exchange_polls_skipped_total")))
    report.not_recovered = [own["account"] for own, up in samples.of("exchange_account_up") if up != 1]
    return report


async def _counted(stage: Stage) -> Held:
    """Count while no connection is kept for later: how many are depends on how many polls ever met."""
    for exchange in stage.sandbox.urls:
        await stage.sandbox.exchange(exchange).close_port()
        await stage.sandbox.exchange(exchange).open_port()
    await stage.clock.sleep(0.2)
    return Held.now()


def _faults_of(stage: Stage, name: str) -> list[Fault]:
    return stage.sandbox.exchange(stage.members[name].variant.exchange).faults


async def _look(stage: Stage, truth: Truth, report: Report) -> None:
    """Check every served number, and that every account's next poll is ahead or under way."""
    samples = await stage.samples()
    for kind in KINDS[:2]:
        for own, value in samples.of(f"exchange_balance_{kind}", currency=_COIN):
            member = stage.members[own["account"]]
            if own["wallet"] != member.variant.main:
                continue
            report.looked_at += 1
            age = truth.age(member.name, value)
            if age is None or age > STALE_AFTER + _READ_SECONDS:
                said = "never" if age is None else f"{age:.0f} s ago"
                report.false.append(f"{member.name}: {kind} {value} is served, which the exchange said {said}")
    now = stage.clock.wall()
    for own, due in samples.of("exchange_account_next_poll_timestamp_seconds"):
        if now > due + 2 * INTERVAL and not stage.engine.pollers[own["account"]].polling:
            report.lost += 1
            report.lost_examples.append(f"{own['account']} should have been polled {now - due:.0f} s ago")
    problem = stage.engine.problem()
    if problem is not None:
        report.lost += 1
        report.lost_examples.append(problem)


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    logging.lastResort = None
    report = in_virtual_time(soak(flags.accounts, flags.minutes, flags.seed))
    print(f"accounts {flags.accounts}, simulated minutes {flags.minutes:g}, seed {flags.seed}")
    print(f"polls {report.polls}, failed {report.failures}, left out {report.skipped}, faults {report.faults}")
    print(f"lost polls {report.lost}, false values {len(report.false)} of {report.looked_at} looked at")
    print(f"{'':14}{'warm':>12}{'end':>12}")
    print(f"{'memory':14}{_megabytes(report.warm.memory):>12}{_megabytes(report.end.memory):>12}", end="")
    print(f"   peak {_megabytes(report.peak)}, {report.end.memory / report.warm.memory - 1:+.1%}")
    for what in ("tasks", "sockets", "descriptors", "threads"):
        print(f"{what:14}{getattr(report.warm, what):>12}{getattr(report.end, what):>12}")
    problems = report.problems()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
