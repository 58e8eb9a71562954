"""One row of a siege: healthy exchanges, hostile ones, the exporter between them, and who looks at it from outside."""

import asyncio
import json
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from exporter.exchanges import EXCHANGES
from tests.benchmarks.child import Child
from tests.kit.processes import Process, exporter
from tests.siege.hostile import ATTACKS, held
from tests.siege.probe import Scraped, Sought, Ticked
from tests.siege.table import Goals, Miss, Result

VICTIMS: Final = 10
BEFORE_SECONDS: Final = 2.0
SETTLE_SECONDS: Final = 6.0
"""How long after an attack memory and files may take to come back."""
START_SECONDS: Final = 60.0
FILES: Final = 1_024
AUTHORITY: Final = "authority.pem"


@dataclass(frozen=True)
class Foes:
    """Accounts of one hostile exchange.

    Attributes:
        attack: how it answers, one of `hostile.ATTACKS`.
        count: of accounts.
        exchange: the exchange that it plays.
        exact: their numbers must be true and their polls on time all the same; else they may fail.
        kept: their numbers must be true, whatever else happens to them.
        proxy: the hostile one is a proxy on the way to a healthy exchange.
        keys: more keys of the accounts.
    """

    attack: str
    count: int = 3
    exchange: str = "bitmart"
    exact: bool = False
    kept: bool = False
    proxy: bool = False
    keys: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.attack in ATTACKS, self.attack

    @property
    def names(self) -> list[str]:
        """The accounts."""
        return [f"{'victim' if self.exact else 'foe'}-{self.attack}-{number}" for number in range(self.count)]

    def entries(self, url: str, victims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The accounts as the configuration has them."""
        made = []
        for name in self.names:
            own = {
                "name": name,
                "exchange": self.exchange,
                "base_url": url,
                "credentials": {each: f"{name}-{each[-3:]}" for each in EXCHANGES[self.exchange].credentials},
                "stale_after": "30s",
            }
            if self.proxy:
                through = next(victim for victim in victims if victim["exchange"] == self.exchange)
                own |= {"base_url": through["base_url"], "proxy": url, "options": through["options"]}
            made.append(own | dict(self.keys))
        return made


@dataclass(frozen=True)
class Attack:
    """One row.

    Attributes:
        name, what: for the table.
        foes: hostile exchanges; they attack at the same time as the parts.
        parts: what else happens during the attack.
        reasons: those of them under which the foes may fail; each must have been seen failing. None: no foe need fail.
        seconds: how long.
        goals: where they are not those of every row.
        config: more of the configuration.
        flags: more of the exporter's.
        tls: the healthy exchanges speak https.
        at_start: the attack begins before the exporter does.
        stop_under: SIGTERM comes while the attack goes on.
        files: how many files the exporter may open.
        checks: of what scrapes have seen during the attack.
    """

    name: str
    what: str
    foes: tuple[Foes, ...] = ()
    parts: tuple["Part", ...] = ()
    reasons: frozenset[str] | None = None
    seconds: float = 6.0
    goals: Goals = field(default_factory=Goals)
    config: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    tls: bool = False
    at_start: bool = False
    stop_under: bool = False
    files: int = FILES
    checks: tuple[Callable[[Scraped], list[Miss]], ...] = ()


@dataclass
class Stage:
    """Everything that runs during a row; parts of attacks act on it, and add goals that they find missed."""

    attack: Attack
    folder: Path
    victims: Child
    config: dict[str, Any]
    process: Process
    misses: list[Miss]

    @property
    def path(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    @property
    def port(self) -> int:
        """Where the exporter serves."""
        return int(self.process.url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The exporter's."""
        return self.process.process.pid

    def write(self, config: Mapping[str, Any]) -> None:
        """Write the configuration file whole."""
        written(self.path, config)

    def miss(self, what: str, by: str = "") -> None:
        """Say that a goal was missed."""
        self.misses.append(Miss(what, by))


Part = Callable[[Stage], AbstractAsyncContextManager[None]]


def written(path: Path, config: Mapping[str, Any]) -> None:
    """Write a configuration that only its owner can read; JSON is YAML."""
    new = path.with_suffix(".new")
    new.touch(0o600)
    new.write_text(json.dumps(config))
    new.replace(path)


async def asked(child: Child, *words: object) -> Any:
    """Ask a child without keeping the loop, which reads the exporter's log."""
    return await asyncio.to_thread(child.ask, *words)


class _Probes:
    """Scrapes and ticks."""

    def __init__(self, scrapes: Child, ticks: Child) -> None:
        self._scrapes = scrapes
        self._ticks = ticks

    async def told(self, word: str = "") -> tuple[Scraped, Ticked]:
        """What was seen since the last call."""
        return await asked(self._scrapes, word), await asked(self._ticks, word)


def _amounts(coins: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    return {
        coin: {"available": float(available), "frozen": float(frozen), "locked": 0.0}
        for coin, (available, frozen) in coins.items()
    }


async def run(attack: Attack, *, seconds: float | None = None, victims: int = VICTIMS) -> Result:
    """Run one row in a world of its own.

    Args:
        attack: the row.
        seconds: how long it lasts, instead of its own time.
        victims: healthy accounts.
    """
    length = attack.seconds if seconds is None else seconds
    result = Result(
        attack.name, attack.what, length, attack.goals, at_start=attack.at_start, stop_under=attack.stop_under
    )
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = [str(folder / AUTHORITY)] if attack.tls else []
        healthy = stack.enter_context(Child("-m", "tests.siege.victims", str(victims), *authority))
        known = await asyncio.to_thread(healthy.answer)
        hostile = [stack.enter_context(Child("-m", "tests.siege.hostile", foes.attack)) for foes in attack.foes]
        entries: list[dict[str, Any]] = []
        for foes, child in zip(attack.foes, hostile, strict=True):
            entries += foes.entries(await asyncio.to_thread(child.answer), known["entries"])
        entries += known["entries"]
        config = {"defaults": {"interval": "1s", "timeout": "800ms"}, "accounts": entries, **attack.config}
        written(folder / "config.yaml", config)
        if attack.at_start:
            await _switch(hostile, on=True)
        try:
            process = await _started(stack, folder, attack)
        except (AssertionError, TimeoutError) as error:
            result.misses.append(Miss("the exporter did not start", " ".join(str(error).split())[:300]))
            return result
        stage = Stage(attack, folder, healthy, config, process, result.misses)
        await _row(stack, stage, result, hostile, _sought(attack, known), length)
    return result


def _sought(attack: Attack, known: Mapping[str, Any]) -> Sought:
    held_by = {name: _amounts(coins) for name, coins in known["held"].items()}
    for foes in attack.foes:
        if foes.exact or foes.kept:
            held_by |= {name: _amounts(held(number)) for number, name in enumerate(foes.names)}
    return {
        "since": time.time(),
        "victims": [entry["name"] for entry in known["entries"]]
        + [name for foes in attack.foes if foes.exact for name in foes.names],
        "held": held_by,
        "foes": [name for foes in attack.foes if not foes.exact for name in foes.names],
    }


async def _switch(hostile: Sequence[Child], *, on: bool) -> None:
    await asyncio.gather(*(asked(child, "on" if on else "off") for child in hostile))


async def _started(stack: AsyncExitStack, folder: Path, attack: Attack) -> Process:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (attack.files, attack.files))

    async with asyncio.timeout(START_SECONDS):
        env = {"SSL_CERT_FILE": str(folder / AUTHORITY)} if attack.tls else {}
        running = exporter(folder / "config.yaml", *attack.flags, env=env, preexec_fn=limited)
        return await stack.enter_async_context(running)


async def _row(
    stack: AsyncExitStack, stage: Stage, result: Result, hostile: Sequence[Child], sought: Sought, seconds: float
) -> None:
    file = stage.folder / "sought.json"
    file.write_text(json.dumps(sought))
    children = [
        stack.enter_context(Child("-m", "tests.siege.probe", what, str(stage.port), str(stage.pid), *more))
        for what, *more in (("scrapes", str(file)), ("ticks",))
    ]
    for child in children:
        await asyncio.to_thread(child.answer)
    probes = _Probes(*children)
    before: Scraped | None = None
    if not stage.attack.at_start:
        await _ready(stage)
        await probes.told()
        await asyncio.sleep(BEFORE_SECONDS)
        before, _ = await probes.told()
    logged = sum(map(len, stage.process.log))
    async with AsyncExitStack() as parts:
        await _switch(hostile, on=True)
        for part in stage.attack.parts:
            await parts.enter_async_context(part(stage))
        await asyncio.sleep(seconds)
        during, ticked = await probes.told("strictly")
        result.log = (sum(map(len, stage.process.log)) - logged) * 60 / max(seconds, 1)
        if result.stop_under:
            result.stop = await _stopped(stage)
    await _switch(hostile, on=False)
    after = during
    if not result.stop_under:
        after = await _settled(probes, result.goals, before)
        result.stop = await _stopped(stage)
    _filled(result, before or during, during, after, ticked)
    result.misses += _misses(stage, during, ticked)


async def _ready(stage: Stage) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while (await stage.process.get("/-/ready"))[0] != 200:  # noqa: ASYNC110  # another process has no event of ours
                await asyncio.sleep(0.1)


async def _settled(probes: _Probes, goals: Goals, before: Scraped | None) -> Scraped:
    """Wait until memory and files are what they were, but not for ever."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        await asyncio.sleep(0.5)
        after, _ = await probes.told()
        if before is None or time.monotonic() > until:
            return after
        if after["memory"] <= goals.memory(before["memory"]) and after["files"] <= before["files"] + goals.files:
            return after


async def _stopped(stage: Stage) -> float:
    """Seconds from SIGTERM to the end; one that does not end is killed."""
    process = stage.process.process
    began = time.monotonic()
    if process.returncode is not None:
        stage.miss(f"ended by itself, status {process.returncode}")
        return 0.0
    process.send_signal(signal.SIGTERM)
    if (status := await _status(process, 1.5 * stage.attack.goals.stop)) is None:
        process.kill()
        await _status(process, START_SECONDS)
        stage.miss("SIGTERM did not end it")
    elif status:
        stage.miss(f"status {status} after SIGTERM")
    return time.monotonic() - began


async def _status(process: asyncio.subprocess.Process, seconds: float) -> int | None:
    """The exit status, None if it runs on; asyncio's own wait would not return before standard error is read."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while process.returncode is None:  # noqa: ASYNC110  # another process has no event of ours
                await asyncio.sleep(0.02)
    return process.returncode


def _filled(result: Result, before: Scraped, during: Scraped, after: Scraped, ticked: Ticked) -> None:
    result.gap, result.gap_of = during["gap"], during["gap_of"]
    result.p50, result.p99, result.scrapes = during["p50"], during["p99"], during["scrapes"]
    result.held, result.lag = ticked["held"], during["lag"]
    result.memory = before["memory"], max(during["memory_peak"], after["memory_peak"]), after["memory"]
    result.files = before["files"], max(during["files_peak"], after["files_peak"]), after["files"]
    result.label = during["label"]


def _misses(stage: Stage, during: Scraped, ticked: Ticked) -> list[Miss]:
    """Goals that are no bound on a number."""
    found = []
    attack = stage.attack
    if during["killed"]:
        found.append(Miss("memory over 4096 MB: killed"))
    if during["untrue"]:
        found.append(Miss(f"{len(during['untrue'])} false numbers", during["untrue"][0]))
    if during["missing"]:
        found.append(Miss(f"{len(during['missing'])} times numbers went missing", during["missing"][0]))
    if during["failures"]:
        found.append(Miss(f"{during['failures']} polls of healthy accounts failed"))
    if during["failed"]:
        found.append(Miss(f"scrapes not answered: {_counted(during['failed'])}", f"of {during['scrapes']}"))
    if ticked["bad"]:
        found.append(Miss(f"health not answered: {_counted(ticked['bad'])}"))
    if during["complaint"]:
        found.append(Miss("a strict reader refuses the page", during["complaint"]))
    internal = [name for name, reasons in during["reasons"].items() if "internal" in reasons]
    if internal:
        found.append(Miss(f"{len(internal)} accounts failed as `internal`"))
    if attack.reasons is not None:
        foes = [name for foes in attack.foes if not foes.exact for name in foes.names]
        if unnamed := [name for name in foes if not attack.reasons & set(during["reasons"].get(name, ()))]:
            seen = sorted({reason for reasons in during["reasons"].values() for reason in reasons})
            found.append(Miss(f"{len(unnamed)} of {len(foes)} hostile accounts without their reason", f"seen: {seen}"))
    for check in attack.checks:
        found += check(during)
    return found


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
