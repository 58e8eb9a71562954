"""One endless task per account: wait until it is due, poll it, count what had to be left out."""

import asyncio
import hashlib
import logging
from typing import Final

from exporter.accounts import AccountState
from exporter.caller import Caller
from exporter.reading import SIDE_BY_SIDE, SLOW_CAP_SECONDS, AccountReader, Surroundings

log = logging.getLogger(__name__)

CAP_SECONDS: Final = 120.0
"""Between the starts of two polls of a failing account, unless it fails in a way that a repeat makes worse."""


class Poller:
    """Polls one account for ever.

    Attributes:
        reader: polls it once.
        tried: whether the first poll is over, whatever it came to.
        polling: whether a poll is running.
        last: set to have the present poll be the last one.
        back_by: the moment by which the task comes round again, unless the scheduler has stalled.
    """

    def __init__(self, state: AccountState, caller: Caller, around: Surroundings) -> None:
        self.reader = AccountReader(state, caller, around)
        self.tried = self.polling = self.last = False
        self.back_by = around.clock.now()
        self._clock, self._lag, self._credentials = around.clock, around.lag, around.credentials
        digest = hashlib.sha256(f"{state.account.exchange}/{state.account.name}".encode()).digest()
        self._phase = int.from_bytes(digest[:6], "big") / 2**48

    @property
    def state(self) -> AccountState:
        """What is known of the account."""
        return self.reader.state

    async def run(self) -> None:
        """Poll until cancelled, or the `last` poll is over. Nothing but cancellation escapes."""
        clock = self._clock
        due = clock.now()
        while not self.last:
            slot, self.polling = due, True
            try:
                # The first polls of many accounts share the limits, and the next slot may be close.
                next_slot = self._slot_after(slot) if self.tried else slot + self.state.account.interval
                self.back_by = next_slot + self._patience()
                await self.reader.poll(slot, next_slot)
                due = self._next(slot)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("a poll ended in a bug", extra=self.reader.named())
                due = self._slot_after(clock.now())
            self.tried, self.polling = True, False
            self.back_by = due
            self.state.due(clock.wall() + max(due - clock.now(), 0.0))
            if not self.last:
                await self._wait(due)

    def _patience(self) -> float:
        """Seconds that a poll can take after it was given its requests, when every read runs into its timeout."""
        rounds = len(self.reader.plan.readings) // SIDE_BY_SIDE + 3  # the list, the address and the key beside them
        return 2 * rounds * self.state.account.timeout

    def _slot_after(self, moment: float) -> float:
        """The first moment after this one at which the account's stable phase falls."""
        interval = self.state.account.interval
        offset = self._phase * interval
        return ((moment - offset) // interval + 1) * interval + offset

    def _next(self, slot: float) -> float:
        """When the next poll is due, after one that was due at `slot` and is over now."""
        state, now = self.state, self._clock.now()
        interval = state.account.interval
        if self.reader.error is not None:
            cap = SLOW_CAP_SECONDS if self.reader.slowed else CAP_SECONDS
            return max(slot + self.reader.delay(state.failures, cap), now)
        planned = self._slot_after(slot)
        if planned < now:
            missed = int((now - planned) // interval) + 1
            planned += missed * interval
            for _ in range(missed if now - slot > interval else 0):
                state.skipped("late")
        wanted = self.reader.plan.next_due()
        return planned if wanted <= planned else planned + -(-(wanted - planned) // interval) * interval

    async def _wait(self, due: float) -> None:
        """Sleep until a poll is due; after `auth` or `ip`, a rewritten secret file ends the wait."""
        clock = self._clock
        while (left := due - clock.now()) > 0:
            if not self.reader.slowed:
                await clock.sleep(left)
                continue
            await clock.sleep(min(left, self.state.account.interval))
            fresh = self._credentials(self.state.account.name)
            if fresh is not None and fresh != self.reader.caller.credentials:
                log.info("a secret file was rewritten", extra=self.reader.named())
                self.reader.renew(fresh)
                return
        self._lag(clock.now() - due)
