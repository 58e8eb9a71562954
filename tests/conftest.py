"""What every test may rely on."""

import inspect
from collections.abc import Generator
from typing import Any
from unittest.mock import Mock

import aioresponses.core
import hypothesis
import pytest
from aiohttp import ClientResponse

# How long one example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

if "stream_writer" in inspect.signature(ClientResponse.__init__).parameters:
    # aioresponses 0.7.9 does not know this argument of aiohttp 3.14 (its issue 289).
    class _ClientResponse(ClientResponse):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.setdefault("stream_writer", Mock(output_size=0))
            super().__init__(*args, **kwargs)

    aioresponses.core.ClientResponse = _ClientResponse  # type: ignore[attr-defined]


FIRST = ("tests/faults/", "tests/end_to_end/", "tests/transport/test_kept_failures.py")
"""What takes longest: begun at the end, it would be waited for by one process alone."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests of a file run in one process, but the fault table of each API in one: it is played there once."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        group = params.get("variant", file) if file.startswith("tests/faults/") else file
        item.add_marker(pytest.mark.xdist_group(str(group)))
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no lone surrogate that a test logged into its report: pytest-xdist cannot send one and gives up."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
