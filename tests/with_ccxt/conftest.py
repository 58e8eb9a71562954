"""A transport in virtual time, and an account at a stand-in; where ccxt is not installed, there is nothing here."""

from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.kit.exchange import FakeMeters, transporting

collect_ignore_glob = [] if find_spec("ccxt") else ["test_*.py"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(jumps=True)


@pytest.fixture
async def transport(clock: FakeClock) -> AsyncIterator[Transport]:
    async with transporting(clock, FakeMeters()) as it:
        yield it
