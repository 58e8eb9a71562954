"""Polls every account of a configuration once, for `check --online` and `balances`."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from exporter.app.engine import Engine
from exporter.config import Config
from exporter.core import runtime
from exporter.core.errors import InternalError, PollError, RateLimited
from exporter.holdings.account import AccountState
from exporter.polling.poller import Poller
from exporter.transport.limits import Clock, Dice, SystemClock

log = logging.getLogger("exporter.once")

PATIENCE_SECONDS: Final = 120.0
"""How long an account waits for the exchange's limits, since nobody polls again."""


class Result(NamedTuple):
    """What one account came to.

    Attributes:
        state: what was read, valued.
        error: of the first required wallet that could not be read; None when all were.
        clock_offset: seconds that the exchange's clock is ahead of ours, where it was measured.
        address: of ours that the exchange saw, where it refused it and tells.
    """

    state: AccountState
    error: PollError | None
    clock_offset: float | None
    address: str | None


async def read_all(
    config: Config, on_progress: Callable[[AccountState, PollError | None], None], clock: Clock | None = None
) -> list[Result]:
    """Poll every account once, side by side, and value it with the prices of the same moment.

    Args:
        config: which accounts.
        on_progress: told of each account as soon as its poll is over (values may still be missing).
        clock: the time; the machine's unless given.
    """
    runtime.let_lookups_alone()
    clock = clock or SystemClock()
    engine = Engine(config, clock, Dice())
    give_up_at = clock.now() + PATIENCE_SECONDS

    async def read(poller: Poller) -> PollError | None:
        try:
            error = await poller.reader.poll(clock.now(), give_up_at)
        except Exception as bug:
            log.exception("a poll ended in a bug", extra=poller.reader.named())
            error = InternalError(type(bug).__name__)
        if not poller.state.polls and error is None:
            error = RateLimited("the exchange's limits, at this share of them, allowed no request in time")
        on_progress(poller.state, error)
        return error

    pollers = list(engine.pollers.values())
    try:
        errors, _ = await asyncio.gather(
            asyncio.gather(*map(read, pollers)),
            asyncio.gather(*(reader.read(give_up_at) for reader in engine.price_readers.values())),
        )
        for state in engine.accounts:
            state.revalue(clock.now())
        offsets = engine.transport.clock_offsets()
    finally:
        await engine.stop(0)
    return [
        Result(poller.state, error, offsets.get(poller.state.account.exchange), poller.reader.address)
        for poller, error in zip(pollers, errors, strict=True)
    ]
