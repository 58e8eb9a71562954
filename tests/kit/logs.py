"""Leaves logging as it was found; import the fixture into a test file that sets the log up."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from exporter.app import logs


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """Take away what `logs.setup`, `logs.mask` and `logs.log_what_python_prints` did."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    hooks = threading.excepthook, sys.unraisablehook
    yield
    threading.excepthook, sys.unraisablehook = hooks
    for handler in root.handlers:
        if isinstance(handler, logs.QueuedLines):
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logs.replace(())
