"""One poll of one account: its list of wallets, the wallets side by side, its key; what changed is logged."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from exporter.core.credentials import Credentials
from exporter.core.errors import ExchangeRefused, InternalError, IpRefused, PollError, UnknownAccount, WrongApi
from exporter.core.model import Reading
from exporter.exchanges.base import Reader
from exporter.holdings.account import AccountState
from exporter.holdings.wallet import Failure, Wallet
from exporter.polling.context import Outcome, Surroundings
from exporter.polling.key_info import KeyReader
from exporter.polling.plan import ALWAYS, RARE_SECONDS, UNOPENED, Plan, Planned
from exporter.transport.caller import Caller
from exporter.transport.limits import Skipped

log = logging.getLogger("exporter.poller")

SIDE_BY_SIDE: Final = 4
"""Wallets of one account that are read at once, at most."""

SLOW_CAP_SECONDS: Final = 900.0
"""Between two tries that fail in a way that a repeat makes worse."""

_ABOUT_THE_WALLET: Final = frozenset({"permission", "exchange", "payload"})
"""Refusals that say something of the wallet that was asked for, not of the moment."""

_UNKNOWN: Final = "Correct `wallets`: the names are in the README."

T = TypeVar("T")


class AccountReader:
    """Reads one account, as often as it is asked to.

    Attributes:
        state: what is known of the account.
        caller: how it speaks to its exchange; replaced when the mode or the credentials change.
        plan: what is read, and when.
        key: asks what the key may do.
        error: of the last poll that sent anything, where it slows the account: that of the first required wallet that
            could not be read, but for `permission`, which slows its wallet only.
        address: of ours that the exchange saw when it refused it, where it tells.
    """

    def __init__(self, state: AccountState, caller: Caller, around: Surroundings) -> None:
        self.state = state
        self.caller = caller
        self.plan = Plan(caller.api, state.account)
        self.key = KeyReader(state)
        self.error: PollError | None = None
        self.address: str | None = None
        self._around, self._transport, self._clock = around, around.transport, around.clock
        self._answered = False
        self._know_wallets()

    @property
    def slowed(self) -> bool:
        """Whether the last poll failed in a way that a repeat can only make worse."""
        return self.error is not None and self.error.slow

    def renew(self, credentials: Credentials) -> None:
        """Go on with other credentials."""
        self.state.account = replace(self.state.account, credentials=credentials)
        self.caller = replace(self.caller, credentials=credentials)
        self.plan.forgive()
        self.key.due = ALWAYS

    def next_try(self, slot: float, failures: int, cap: float, wallet: Wallet | None = None) -> float:
        """When to read the account, or one wallet, again after so many failures; see `Surroundings.next_try`."""
        at_stake = self.state.wallets.values() if wallet is None else (wallet,)
        return self._around.next_try(self.state.account, at_stake, slot, failures, cap)

    def named(self, **more: str) -> dict[str, str]:
        """The fields of a log line about this account."""
        return {"exchange": self.state.account.exchange, "account": self.state.account.name, **more}

    async def poll(self, slot: float, give_up_at: float) -> PollError | None:
        """Poll once.

        Args:
            slot: the moment at which the poll was due; what may be read depends on it.
            give_up_at: the moment after which a request is of no use.

        Returns:
            The error of the first required wallet that could not be read, the main one first.
        """
        clock, state = self._clock, self.state
        started, wall = clock.now(), clock.wall()
        outcome = Outcome(slot, give_up_at)
        await self._read_all(outcome)
        if outcome.proven is not None:
            self._become(outcome.proven)
            # One proof for each poll: an exchange that contradicts itself is not followed in circles.
            outcome = Outcome(slot, give_up_at, may_turn=False)
            await self._read_all(outcome)
        for reason in outcome.skipped:
            state.skipped(reason)
        if outcome.read and self.plan.is_current(slot):
            self._absent()
        failed = [name for name in self._required() if name in outcome.errors] if outcome.errors else ()
        error = outcome.errors[failed[0]] if failed else None
        if failed or outcome.read:
            self.error = self._slowing(failed, outcome)
        if outcome.read or outcome.errors:
            up = all(wallet.up for wallet in state.wallets.values() if wallet.required)
            state.polled(wall, clock.now() - started, error, up=up)
        if outcome.read and error is None and clock.now() >= self.key.due:
            await self.key.read(self.caller.api, lambda reader: self._ask(reader, give_up_at), clock.now())
        return error

    async def _read_all(self, outcome: Outcome) -> None:
        """Read what is due: the list of wallets, then the wallets, a few at once and the main one first."""
        if not await self._list(outcome):
            return
        names = self.plan.due(outcome.slot)
        if names and (not self._answered or self.slowed):
            # The main wallet tells first whether the key, the address and the mode are good.
            first, *names = names
            await self._read(first, outcome)
            if outcome.proven is not None or outcome.skipped:
                return
            error = outcome.errors.get(first)
            if error is not None and _is_final(error):
                self._refuse_all(names, error, outcome)
                return
        if len(names) == 1:
            await self._read(names[0], outcome)
        elif names:
            turns = asyncio.Semaphore(SIDE_BY_SIDE)

            async def read(name: str) -> None:
                async with turns:
                    await self._read(name, outcome)

            # A bug in one of them ends none of the others.
            for bug in await asyncio.gather(*map(read, names), return_exceptions=True):
                if bug is not None:
                    raise bug
        if outcome.read or outcome.errors:
            for name in self.plan.unknown:
                unknown = ExchangeRefused(f"the exchange knows no wallet {name} of this account", advice=_UNKNOWN)
                self._refused(self.state.wallet(name, UNOPENED), unknown, outcome)

    async def _list(self, outcome: Outcome) -> bool:
        """Have the exchange's list of wallets read when that is due; returns whether wallets may be read now."""
        plan, api, slot = self.plan, self.caller.api, outcome.slot
        main = self.state.wallets[self.state.main]
        if api.discover is None or not plan.needs_list(slot):
            return True
        try:
            plan.listed(await self._ask(api.discover(), outcome.give_up_at), slot)
        except Skipped as skip:
            outcome.skipped.add(skip.reason)
            return bool(plan.readings)
        except Exception as failure:
            error = self._named_error(failure, main.failure)
            plan.list_failures += 1
            if error.reason == "permission":
                plan.list_not_before = self.next_try(slot, plan.list_failures, SLOW_CAP_SECONDS, main)
            if plan.readings and not _is_final(error):
                log.debug("the list of wallets cannot be read", extra=self.named(error=str(error)))
                return True
            await self._advise(error, outcome)
            self._refused(main, error, outcome)
            self._refuse_all(plan.due(slot), error, outcome)
            return False
        self._know_wallets()
        return True

    def _know_wallets(self) -> None:
        """Know every wallet of the plan from now on, the main one also before its list was read."""
        state = self.state
        for name, planned in self.plan.readings.items():
            readable = planned.wallet or UNOPENED
            wallet = state.wallet(name, readable)
            wallet.lists_zeros, wallet.borrows = readable.lists_zeros, readable.borrows
        if state.main not in state.wallets:
            state.wallet(state.main, self.caller.api.wallets.get(state.main, UNOPENED))

    def _absent(self) -> None:
        """What the exchange's own good list lacks holds nothing: it reads zeros by the zero rule, then goes."""
        state, readings = self.state, self.plan.readings
        now, wall = self._clock.now(), self._clock.wall()
        for name, wallet in tuple(state.wallets.items()):
            planned = readings.get(name)
            if (planned is not None and planned.wallet is not None) or name in self.plan.unknown:
                continue
            if planned is None and not wallet.remembered:
                state.forget(wallet)
            else:
                state.accepted(wallet, Reading(), now, wall, trusted=True)

    async def _read(self, name: str, outcome: Outcome) -> None:
        planned, state, clock = self.plan.readings[name], self.state, self._clock
        if planned.wallet is None:  # not opened yet; see _absent
            return
        wallet = state.wallet(name, planned.wallet)
        was = wallet.failure
        try:
            reading = await self._ask(planned.wallet.read(planned.memory), outcome.give_up_at)
            state.accepted(wallet, reading, clock.now(), clock.wall())
        except Skipped as skip:
            outcome.skipped.add(skip.reason)
            return
        except Exception as failure:
            error = self._named_error(failure, was)
            if isinstance(error, WrongApi) and outcome.may_turn and self._may_be(error.api):
                outcome.proven = error.api
            else:
                await self._failed(wallet, planned, error, outcome)
            return
        outcome.read += 1
        self._answered = planned.answered = True
        planned.failures = 0
        planned.not_before = outcome.slot + planned.wallet.every if planned.wallet.every else ALWAYS
        if was is not None:
            log.info("the wallet is read again", extra=self.named(wallet=name, failed_for=was.reason))

    async def _failed(self, wallet: Wallet, planned: Planned, error: PollError, outcome: Outcome) -> None:
        assert planned.wallet is not None
        await self._advise(error, outcome)
        if isinstance(error, UnknownAccount):
            self.plan.renew_list()
        planned.failures += 1
        slot, failures = outcome.slot, planned.failures
        never_answered = planned.wallet.rare and not planned.answered
        if never_answered and error.reason in _ABOUT_THE_WALLET:
            planned.not_before = slot + RARE_SECONDS
        elif never_answered or error.reason == "permission":
            planned.not_before = self.next_try(slot, failures, SLOW_CAP_SECONDS, wallet)
        elif planned.wallet.every:
            planned.not_before = self.next_try(slot, failures, planned.wallet.every, wallet)
        self._refused(wallet, error, outcome)

    def _refused(self, wallet: Wallet, error: PollError, outcome: Outcome) -> None:
        was = wallet.failure
        outcome.errors[wallet.name] = error
        self.state.refused(wallet, error, self._clock.now(), self._clock.wall())
        if was is None or was.reason != error.reason:
            log.log(
                logging.ERROR if isinstance(error, InternalError) else logging.WARNING,
                "the wallet cannot be read",
                extra=self.named(wallet=wallet.name, reason=error.reason, error=str(error), advice=error.advice),
            )

    def _refuse_all(self, names: Iterable[str], error: PollError, outcome: Outcome) -> None:
        """Take what one wallet was told for the answer to these, too."""
        for name in names:
            if self.plan.readings[name].wallet is not None:
                self._refused(self.state.wallets[name], error, outcome)

    def _named_error(self, failure: Exception, before: Failure | None) -> PollError:
        """Every failure under a name; a bug of ours is logged when it is new."""
        if isinstance(failure, PollError):
            return failure
        if before is None or before.reason != InternalError.reason:
            log.error("a read ended in a bug", extra=self.named(), exc_info=failure)
        return InternalError(f"{type(failure).__name__} after reading")

    def _may_be(self, api: str) -> bool:
        """Whether the account may go over to this API: the configuration pins no other one."""
        exchange, options = self.caller.exchange, self.state.account.options
        pinned = options.get(exchange.option, "auto" if exchange.probes else exchange.first)
        return pinned == "auto" and api in exchange.apis and exchange.apis[api] is not self.caller.api

    def _become(self, name: str) -> None:
        """Go over to the API that the exchange named; nothing of the other one is served any more."""
        api = self.caller.exchange.apis[name]
        log.info("the exchange says of what mode the account is", extra=self.named(mode=name))
        self.caller = replace(self.caller, api=api)
        self.state.become(api.main)
        self.plan = Plan(api, self.state.account)
        self.key.due = ALWAYS
        self._answered = False
        self._know_wallets()

    async def _advise(self, error: PollError, outcome: Outcome) -> None:
        """Add to an IP refusal where the exchange sees us, if it can be asked now."""
        ask = self.caller.api.address
        if not isinstance(error, IpRefused) or ask is None:
            return
        if not outcome.address_asked:
            outcome.address_asked = True
            try:
                self.address = await self._ask(ask(), self._clock.now() + self.state.account.timeout)
            except (PollError, Skipped):
                self.address = None
        if self.address is not None:
            error.advice = f"{error.advice} The exchange sees this exporter at {self.address}."

    async def _ask(self, reader: Reader[T], give_up_at: float) -> T:
        return await self._transport.read(
            self.caller, reader, timeout=self.state.account.timeout, give_up_at=give_up_at
        )

    def _slowing(self, failed: Iterable[str], outcome: Outcome) -> PollError | None:
        """The first error that slows the account: a wallet that may not be read, or is none, slows only itself."""
        for name in failed:
            if outcome.errors[name].reason != "permission" and name not in self.plan.unknown:
                return outcome.errors[name]
        return None

    def _required(self) -> list[str]:
        names = [name for name, wallet in self.state.wallets.items() if wallet.required]
        return sorted(names, key=lambda name: name != self.state.main)


def _is_final(error: PollError) -> bool:
    """Whether what one request was told holds for the whole account."""
    return error.slow and error.reason != "permission"
