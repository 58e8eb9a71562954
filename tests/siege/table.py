"""The table of a siege: what each attack cost, the goals, and by how much one was missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True)
class Goals:
    """What an attack may cost at most.

    Attributes:
        gap: seconds between two reads of a healthy account: its interval and a second.
        p99: seconds of a scrape.
        held: seconds for which the event loop answers nobody.
        growth, slack: memory after the attack, as a multiple of that before, and bytes beside: so much the allocator
            keeps of a first storm, whether it lasts for 8 s or for 24.
        files: open files after the attack beyond those before.
        label: letters of the longest label value; Prometheus can be told to refuse longer ones.
        log: bytes of log a minute.
        stop: seconds from SIGTERM to the end.
    """

    gap: float = 2.0
    p99: float = 0.25
    held: float = 0.05
    growth: float = 1.1
    slack: int = 8 * MEBIBYTE
    files: int = 20
    label: int = 200
    log: int = MEBIBYTE
    stop: float = 10.0

    def memory(self, before: int) -> float:
        """Bytes that may be in use after the attack."""
        return before * self.growth + self.slack


class Miss(NamedTuple):
    """A goal that was missed: what was measured, and how far that is from the goal."""

    what: str
    by: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.by})" if self.by else self.what


@dataclass
class Result:
    """What an attack cost. Seconds and bytes; memory and files are those before, at most during, and after it.

    Attributes:
        at_start: it began with the exporter, so that there is no before.
        stop_under: the exporter ended under it, so that there is no after.
        misses: goals of this attack alone that were missed.
    """

    name: str
    what: str
    seconds: float
    goals: Goals = field(default_factory=Goals)
    gap: float = 0.0
    gap_of: str = ""
    p50: float = 0.0
    p99: float = 0.0
    scrapes: int = 0
    held: float = 0.0
    lag: float = 0.0
    memory: tuple[int, int, int] = (0, 0, 0)
    files: tuple[int, int, int] = (0, 0, 0)
    label: int = 0
    log: float = 0.0
    stop: float = 0.0
    at_start: bool = False
    stop_under: bool = False
    misses: list[Miss] = field(default_factory=list)

    def missed(self) -> list[Miss]:
        """Every goal that was missed."""
        goals = self.goals
        found = [
            *_over("worst gap", self.gap, goals.gap, "s", f" of {self.gap_of}" if self.gap_of else ""),
            *_over("scrape p99", self.p99 * 1e3, goals.p99 * 1e3, "ms"),
            *_over("loop held", self.held * 1e3, goals.held * 1e3, "ms"),
            *_over("longest label", self.label, goals.label, "letters"),
            *_over("log a minute", self.log / MEBIBYTE, goals.log / MEBIBYTE, "MB"),
            *_over("stop", self.stop, goals.stop, "s"),
        ]
        if not (self.at_start or self.stop_under):
            before, _, after = self.memory
            found += _over("memory after", after / MEBIBYTE, goals.memory(before) / MEBIBYTE, "MB")
            found += _over("files after", self.files[2], self.files[0] + goals.files, "")
        return found + self.misses

    def cells(self) -> tuple[str, ...]:
        """The row as texts."""
        missed = self.missed()
        first, most, last = (f"{each / MEBIBYTE:.0f}" for each in self.memory)
        files = [str(each) for each in self.files]
        if self.at_start:
            first = files[0] = "–"
        if self.stop_under:
            last = files[2] = "–"
        return (
            f"`{self.name}`",
            self.what,
            f"{self.seconds:g} s",
            f"{self.gap:.2f} s",
            f"{self.p50 * 1e3:.0f} / {self.p99 * 1e3:.0f} ms",
            f"{self.held * 1e3:.0f} ms",
            f"{self.lag * 1e3:.0f} ms",
            f"{first} / {most} / {last} MB",
            " / ".join(files),
            f"{self.stop:.1f} s",
            "met" if not missed else "**missed**: " + "; ".join(map(str, missed)),
        )


def _over(what: str, value: float, goal: float, unit: str, of: str = "") -> list[Miss]:
    if value <= goal:
        return []
    return [Miss(f"{what} {_short(value)} {unit}".rstrip() + of, f"{_short(value - goal)} over {_short(goal)}")]


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or abs(value - round(value)) < 1e-6 else f"{value:.2f}"


HEAD: Final = (
    "attack",
    "what it does",
    "for",
    "worst gap",
    "scrape p50 / p99",
    "loop held",
    "lag",
    "memory before / during / after",
    "files",
    "stop",
    "goals",
)


def head() -> str:
    """The table's first two lines."""
    return f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}"


def line(result: Result) -> str:
    """One row in Markdown."""
    return f"| {' | '.join(cell.replace('|', '/') for cell in result.cells())} |"


def told(goals: Goals) -> str:
    """The goals that hold for every row that does not say otherwise, in a sentence."""
    return (
        f"Goals: no healthy account is read later than {goals.gap:g} s after its last read (interval 1 s), none of its "
        f"polls fails, each of its numbers is what it holds; scrape p99 at most {goals.p99 * 1e3:g} ms, none refused; "
        f"the loop never held over {goals.held * 1e3:g} ms; each health check answered within a second; memory after "
        f"at most {goals.growth - 1:.0%} and {goals.slack >> 20} MB above before, files {goals.files}; log at most "
        f"{goals.log / MEBIBYTE:g} MB a minute; no label over {goals.label} letters; every failing account has a "
        f"reason, never `internal`; SIGTERM ends it within {goals.stop:g} s with status 0. "
        "Lag: the worst that the exporter has told, which its start is part of."
    )


def verdict(results: Sequence[Result]) -> str:
    """How many rows met their goals."""
    missed = [result.name for result in results if result.missed()]
    if not missed:
        return f"All {len(results)} rows met their goals."
    return f"{len(missed)} of {len(results)} rows missed a goal: {', '.join(missed)}."


def all_met(results: Iterable[Result]) -> bool:
    """Whether no row missed a goal."""
    return not any(result.missed() for result in results)
