"""Leaves logging as it was found; import the fixture into a test file that sets the log up."""

import logging
from collections.abc import Iterator

import pytest

from exporter.app import logs


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """Take away what `logs.setup` and `logs.mask` did."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logs.replace(())
