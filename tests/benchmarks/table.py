"""The printed table: what was measured, against what, the goal, and whether it was met."""

import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

Bound = Literal["at least", "at most", "under"]


class Row(NamedTuple):
    """One goal.

    Attributes:
        what: was measured.
        against: whom, with their figure.
        measured: our figure.
        value: what the goal is about.
        bound, goal, unit: the goal.
        why: what stands in the way where the goal is missed; README's "Speed" says what was tried.
    """

    what: str
    against: str
    measured: str
    value: float
    bound: Bound
    goal: float
    unit: str
    why: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal was reached."""
        if self.bound == "at least":
            return self.value >= self.goal
        return self.value <= self.goal if self.bound == "at most" else self.value < self.goal

    def cells(self) -> tuple[str, ...]:
        """The row as texts."""
        value = f"{self.value:.0f}" if self.value >= 100 else f"{self.value:.2f}"
        verdict = "met" if self.met else f"missed: {self.why or 'not known'}"
        goal = f"{self.bound} {self.goal:g} {self.unit}"
        return self.what, self.against, self.measured, f"{value} {self.unit}", goal, verdict


def machine() -> str:
    """What all this ran on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    cores = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())
    return f"{cores} cores of {model}, Python {platform.python_version()}, Linux {platform.release().split('-')[0]}"


def printed(rows: Iterable[Row]) -> str:
    """The table in Markdown."""
    lines = ["| what | against | measured | result | goal | |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    return "\n".join(lines)
