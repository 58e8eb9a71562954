"""The open files of a process are divided so that clients and exchanges never take each other's."""

import resource
import subprocess
import sys

import pytest

from exporter.core import files


@pytest.mark.parametrize("limit", [4, 16, 64, 100, 256, 1024, 4096, 20_000, 1 << 20])
def test_everybody_has_a_part_and_the_parts_are_the_whole(limit: int) -> None:
    parts = files.budget(limit)
    assert min(parts) >= 1
    assert sum(parts) == limit
    assert parts.exchanges >= parts.clients


def test_the_usual_limit_leaves_clients_a_quarter_and_a_large_one_what_they_need() -> None:
    assert files.budget(1024) == (64, 240, 720)
    assert files.budget(1 << 20).clients == 512


def test_the_limit_is_the_one_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert files.limit() > 100_000


FEW = """
import resource
import subprocess
import sys
from exporter.core import files

_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, min(hard, 400)))
print(files.limit(), files.raise_limit(), files.limit())
"""


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes() -> None:
    over = subprocess.run([sys.executable, "-c", FEW], capture_output=True, text=True, timeout=60)
    assert (over.stdout, over.stderr) == ("100 400 400\n", "")
