"""A transport in virtual time, with what it reports."""

from collections.abc import AsyncIterator

import pytest

from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.kit.exchange import FakeMeters, transporting


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(jumps=True)


@pytest.fixture
def meters() -> FakeMeters:
    return FakeMeters()


@pytest.fixture
async def transport(clock: FakeClock, meters: FakeMeters) -> AsyncIterator[Transport]:
    async with transporting(clock, meters) as it:
        yield it
