"""One endless task per account: wait until it is due, poll it, count what had to be left out."""

import hashlib
import logging
import math
from typing import Final

from exporter.holdings.account import AccountState
from exporter.polling.account_poll import CAP_SECONDS, SIDE_BY_SIDE, SLOW_CAP_SECONDS, AccountPoll
from exporter.polling.context import Outcome, PollContext
from exporter.transport.caller import Caller

log = logging.getLogger("exporter.poller")

_CURED_BY_SECRETS: Final = frozenset({"auth", "ip"})

_ROUNDING: Final = 1e-6
"""Rounding tolerance, as a fraction of an interval, so that float error does not skip a slot."""


class Poller:
    """Polls one account for ever, one poll at a time.

    Attributes:
        account_poll: polls it once.
        due: moment of the clock at which the next poll starts, or the present one should have.
        tried: whether a poll that tried to read anything is over, whatever it came to.
        polling: whether a poll is running.
        last: set to have the present poll be the last one.
    """

    def __init__(self, state: AccountState, caller: Caller, context: PollContext) -> None:
        self.account_poll = AccountPoll(state, caller, context)
        self.tried = self.polling = self.last = False
        self.due = context.clock.now()
        self._clock, self._lag, self._credentials = context.clock, context.lag, context.credentials
        self._outcome = Outcome()
        self._first = True
        self._left_out = 0
        self._give_up_at = self.due
        digest = hashlib.sha256(f"{state.account.exchange}/{state.account.name}".encode()).digest()
        self._phase = int.from_bytes(digest[:6], "big") / 2**48

    @property
    def state(self) -> AccountState:
        """What is known of the account."""
        return self.account_poll.state

    @property
    def back_by(self) -> float:
        """The moment by which the task has come round again, unless the scheduler has stalled."""
        if not self.polling:
            return self.due
        # Every read may run into its timeout, beside it the list of wallets, the address, the key and the clock.
        rounds = len(self.account_poll.plan.readings) // SIDE_BY_SIDE + 4
        return self._give_up_at + 2 * rounds * self.state.account.timeout

    async def run(self) -> None:
        """Poll until cancelled, or the `last` poll is over. Nothing but cancellation escapes."""
        while not self.last:
            try:
                await self._wait()
                if not self.last:
                    await self._poll()
            except Exception:
                log.exception("a poll ended in a bug", extra=self.account_poll.fields())
                self.due = self._slot_after(self._clock.now())
            finally:
                self.polling = False

    def reschedule(self) -> None:
        """Let a changed interval count from now on; for a task that is started anew afterwards."""
        self._plan(min(self.due, self._slot_after(self._clock.now())))

    async def _wait(self) -> None:
        """Sleep until a poll is due; after `auth` or `ip`, a rewritten secret file ends the wait."""
        clock = self._clock
        while (left := self.due - clock.now()) > 0:
            slowing = self._outcome.slowing
            if slowing is None or slowing.reason not in _CURED_BY_SECRETS:
                await clock.sleep(left)
                continue
            await clock.sleep(min(left, self.state.account.interval))
            if await self._has_new_secrets():
                self.due = clock.now()
                return
        self._lag(clock.now() - self.due)

    async def _has_new_secrets(self) -> bool:
        """Whether the secret files of the account hold others than it had; goes on with those."""
        account_poll = self.account_poll
        try:
            fresh = await self._credentials(self.state.account)
        except Exception:
            log.exception("reading secret files ended in a bug", extra=account_poll.fields())
            return False
        if fresh is None or fresh == account_poll.caller.credentials:
            return False
        log.info("a secret file was rewritten", extra=account_poll.fields())
        account_poll.renew(fresh)
        return True

    async def _poll(self) -> None:
        state, clock = self.state, self._clock
        slot, interval = self.due, state.account.interval
        # After a suspend, or when the loop was blocked: what lies whole intervals back is not made up for.
        missed = max(int((clock.now() - slot) // interval), 0)
        self._late(missed)
        slot += missed * interval
        # The first polls of many accounts share the limits, and the next slot may be close.
        self._give_up_at = slot + interval if self._first else self._slot_after(slot)
        # Who was left out waits longer the next time, or the same accounts would get every token of a scarce limit.
        self._give_up_at += self._left_out * interval
        self.polling = True
        self._outcome = outcome = await self.account_poll.poll(slot, self._give_up_at)
        self._left_out = 0 if outcome.tried else self._left_out + 1
        self._first = False
        self.tried = self.tried or outcome.tried
        due = self._next(slot)
        if outcome.slowing is None and clock.now() < outcome.opens < due:
            due = outcome.opens
        self._plan(due)

    def _next(self, slot: float) -> float:
        """When the next poll is due, after one that was due at `slot` and is over now; pauses left aside."""
        state, outcome, now = self.state, self._outcome, self._clock.now()
        if outcome.slowing is not None:
            cap = SLOW_CAP_SECONDS if outcome.slowed else CAP_SECONDS
            again = self.account_poll.next_try(slot, state.failures, cap)
            if again >= now:
                return again
            self._late(1)
            return self._slot_after(now)
        interval = state.account.interval
        planned = self._slot_after(slot)
        if planned < now:
            missed = int((now - planned) // interval) + 1
            planned += missed * interval
            if now - slot > interval:  # else it was no more than a slot close to the first poll
                self._late(missed)
        wanted = self.account_poll.plan.next_due()
        return planned if wanted <= planned else planned + math.ceil((wanted - planned) / interval) * interval

    def _slot_after(self, moment: float) -> float:
        """The first moment after this one at which the account's stable phase falls."""
        interval = self.state.account.interval
        offset = self._phase * interval
        return (math.floor((moment - offset) / interval + _ROUNDING) + 1) * interval + offset

    def _late(self, polls: int) -> None:
        if polls:
            self.state.skipped("late", polls)

    def _plan(self, due: float) -> None:
        """Wake up then; what is told is when something can be read.

        During a pause every slot is gone through, so that what it leaves out is counted and named.
        """
        self.due = due
        told = max(due, self._outcome.opens)
        self.state.due(self._clock.wall() + max(told - self._clock.now(), 0.0))
