"""The binaries that the tests of the deployment files need: skipped without them, failing with REQUIRE_SERVERS=1."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

Run = Callable[..., subprocess.CompletedProcess[str]]


def binary(*names: str) -> str:
    """Return the first of these binaries that is installed; skip the test without, or fail where CI wants them."""
    for name in names:
        if found := shutil.which(name):
            return found
    reason = f"{names[0]} is not installed (Debian packages prometheus and prometheus-alertmanager)"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


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
    return runner(binary("promtool"))


@pytest.fixture(scope="session")
def amtool() -> Run:
    return runner(binary("amtool"))


@pytest.fixture(scope="session")
def alertmanager_binary() -> str:
    return binary("prometheus-alertmanager", "alertmanager")
