"""What the tests of the deployment files run: promtool and amtool."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.processes import require

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

Run = Callable[..., subprocess.CompletedProcess[str]]


def runner(command: str) -> Run:
    """Return a function that runs the command in a directory and returns what it said, output and errors together."""

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def promtool() -> Run:
    return runner(require("promtool"))


@pytest.fixture(scope="session")
def amtool() -> Run:
    return runner(require("amtool"))
