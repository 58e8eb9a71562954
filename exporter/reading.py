"""One poll of one account: its list of wallets, the wallets side by side, its key; what changed is logged."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple, Protocol, TypeVar

from exporter.accounts import AccountState
from exporter.caller import Caller
from exporter.credentials import Credentials
from exporter.errors import ExchangeRefused, InternalError, IpRefused, PollError, UnknownAccount, WrongApi
from exporter.exchanges.base import Reader, RowMemory
from exporter.exchanges.base import Wallet as Readable
from exporter.model import Reading
from exporter.pacing import Clock, Skipped
from exporter.plan import RARE_SECONDS, Plan, Planned
from exporter.store import Wallet

log = logging.getLogger("exporter.poller")

SIDE_BY_SIDE: Final = 4
"""Wallets of one account that are read at once, at most."""

SLOW_CAP_SECONDS: Final = 900.0
KEY_SECONDS: Final = 24 * 3600.0

T = TypeVar("T")


def _nothing(memory: RowMemory) -> Reader[Reading]:
    del memory
    yield from ()
    return Reading()


_UNOPENED: Final = Readable(_nothing)
"""Stands for a wallet that the exchange has not opened, or not listed yet."""


class Reads(Protocol):
    """What a poller needs of the transport."""

    async def read(self, caller: Caller, reader: Reader[T], *, timeout: float, give_up_at: float) -> T:
        """Drive a reader; raises `PollError` or `Skipped`."""


class Surroundings(NamedTuple):
    """What every poller shares.

    Attributes:
        transport: does the talking.
        clock: the time.
        backoff: failures, interval, cap -> seconds from one start to the next, by chance.
        lag: told by how many seconds a poller woke up late.
        credentials: reads an account's secret files again; None when they did not change or can not be read.
    """

    transport: Reads
    clock: Clock
    backoff: Callable[[int, float, float], float]
    lag: Callable[[float], None]
    credentials: Callable[[str], Credentials | None]


class _Outcome:
    """What one poll came to."""

    __slots__ = ("errors", "read", "skipped")

    def __init__(self) -> None:
        self.errors: dict[str, PollError] = {}
        self.read = 0
        self.skipped: set[str] = set()


class AccountReader:
    """Reads one account, as often as it is asked to.

    Attributes:
        state: what is known of the account.
        caller: how it speaks to its exchange; replaced when the mode or the credentials change.
        plan: what is read, and when.
        error: of the last poll that sent anything: of the first required wallet that it could not read. `permission`
            does not count here, since it slows its wallet only.
        address: of ours that the exchange saw when it refused it, where it tells.
    """

    def __init__(self, state: AccountState, caller: Caller, around: Surroundings) -> None:
        self.state = state
        self.caller = caller
        self.plan = Plan(caller.api, state.account)
        self.error: PollError | None = None
        self.address: str | None = None
        self._transport, self._clock, self._backoff, *_ = around
        self._answered = False
        self._key_at = float("-inf")
        self._wallets()

    @property
    def slowed(self) -> bool:
        """Whether the last poll failed in a way that a repeat can only make worse."""
        return self.error is not None and self.error.slow

    def renew(self, credentials: Credentials) -> None:
        """Go on with other credentials."""
        self.caller = replace(self.caller, credentials=credentials)
        self._key_at = float("-inf")

    def delay(self, failures: int, cap: float) -> float:
        """Seconds from one start to the next after so many failures, while data is served never too many for it."""
        account = self.state.account
        if account.stale_after and self.state.serving(self._clock.now()):
            cap = min(cap, account.stale_after / 3)
        return self._backoff(failures, account.interval, cap)

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
        outcome = _Outcome()
        due = await self._list(slot, give_up_at, outcome)
        await self._read_all(due, slot, give_up_at, outcome)
        for reason in outcome.skipped:
            state.skipped(reason)
        error = next((outcome.errors[name] for name in self._required() if name in outcome.errors), None)
        if outcome.read or outcome.errors:
            state.polled(wall, clock.now() - started, error, up=self._up())
            # `permission` slows its wallet only, and a poll that was left out changes nothing.
            self.error = error if error is not None and error.reason != "permission" else None
        self._absent()
        if self._answered and error is None:
            await self._read_key(give_up_at)
        return error

    async def _list(self, slot: float, give_up_at: float, outcome: _Outcome) -> list[str]:
        """Have the exchange's list of wallets read when that is due; returns what is to be read."""
        plan, api = self.plan, self.caller.api
        if plan.needs_list(slot) and api.discover is not None:
            try:
                plan.listed(await self._ask(api.discover(), give_up_at), slot)
            except Skipped as skip:
                outcome.skipped.add(skip.reason)
                return []
            except PollError as error:
                if plan.listed_at == float("-inf") and not plan.readings:
                    self._refused(self.state.wallets[self.state.main], error, outcome)
                    return []
                log.debug("the list of wallets could not be read", extra=self.named(error=str(error)))
            else:
                self._wallets()
        for name in plan.unknown:
            unknown = ExchangeRefused(
                f"the exchange lists no wallet {name}", advice="Correct `wallets`: the names are in the README."
            )
            self._refused(self.state.wallet(name, _UNOPENED), unknown, outcome)
        return plan.due(slot)

    def _wallets(self) -> None:
        """Know every wallet of the plan from now on, the main one also before its list was read."""
        for name, planned in self.plan.readings.items():
            self.state.wallet(name, planned.wallet or _UNOPENED)
        if self.state.main not in self.state.wallets:
            self.state.wallet(self.state.main, self.caller.api.wallets.get(self.state.main, _UNOPENED))

    def _absent(self) -> None:
        """What the exchange's own good list lacks holds nothing: it reads zeros by the zero rule, then goes."""
        state, plan = self.state, self.plan
        if self.caller.api.discover is None or plan.listed_at == float("-inf"):
            return
        now, wall = self._clock.now(), self._clock.wall()
        for name, wallet in tuple(state.wallets.items()):
            planned = plan.readings.get(name)
            if (planned is not None and planned.wallet is not None) or name in plan.unknown:
                continue
            if planned is None and not wallet.remembered and name != state.main:
                state.forget(wallet)
            else:
                state.accepted(wallet, Reading(), now, wall, trusted=True)

    async def _read_all(self, names: list[str], slot: float, give_up_at: float, outcome: _Outcome) -> None:
        if not names:
            return
        if not self._answered or self.slowed:
            # The main wallet tells first whether the key, the address and the mode are good.
            first, *names = names
            await self._read(first, slot, give_up_at, outcome)
            error = outcome.errors.get(first)
            if isinstance(error, WrongApi) and self._becomes(error):
                outcome.errors.clear()
                await self._read_all(await self._list(slot, give_up_at, outcome), slot, give_up_at, outcome)
                return
            if error is not None and error.slow and error.reason != "permission":
                for name in names:
                    self._refused(self.state.wallets[name], error, outcome)
                return
            if outcome.skipped:
                return
        if len(names) == 1:
            await self._read(names[0], slot, give_up_at, outcome)
        elif names:
            turns = asyncio.Semaphore(SIDE_BY_SIDE)

            async def read(name: str) -> None:
                async with turns:
                    await self._read(name, slot, give_up_at, outcome)

            await asyncio.gather(*map(read, names))
            wrong = next((error for error in outcome.errors.values() if isinstance(error, WrongApi)), None)
            if wrong is not None and self._becomes(wrong):
                outcome.errors.clear()
                await self._read_all(await self._list(slot, give_up_at, outcome), slot, give_up_at, outcome)

    async def _read(self, name: str, slot: float, give_up_at: float, outcome: _Outcome) -> None:
        planned, state, clock = self.plan.readings[name], self.state, self._clock
        if planned.wallet is None:  # not opened yet; see _absent
            return
        wallet = state.wallet(name, planned.wallet)
        try:
            reading = await self._ask(planned.wallet.read(planned.memory), give_up_at)
            was = wallet.failure
            state.accepted(wallet, reading, clock.now(), clock.wall())
        except Skipped as skip:
            outcome.skipped.add(skip.reason)
            return
        except PollError as error:
            await self._failed(wallet, planned, slot, error, outcome)
            return
        except Exception as error:
            log.exception("a read ended in a bug", extra=self.named(wallet=name))
            await self._failed(wallet, planned, slot, InternalError(type(error).__name__), outcome)
            return
        outcome.read += 1
        self._answered = planned.answered = True
        planned.failures = 0
        planned.not_before = slot + planned.wallet.every if planned.wallet.every else float("-inf")
        if was is not None:
            log.info("the wallet is read again", extra=self.named(wallet=name, failed_for=was.reason))

    async def _failed(self, wallet: Wallet, planned: Planned, slot: float, error: PollError, outcome: _Outcome) -> None:
        if isinstance(error, IpRefused) and self.caller.api.address is not None:
            self.address = await self._seen_at()
            if self.address is not None:
                error.advice = f"{error.advice} The exchange sees this exporter at {self.address}."
        if isinstance(error, UnknownAccount):
            self.plan.renew_list()
        if error.reason == "permission":
            planned.failures += 1
            planned.not_before = slot + self.delay(planned.failures, SLOW_CAP_SECONDS)
        elif planned.wallet is not None and planned.wallet.rare and not planned.answered:
            planned.not_before = slot + RARE_SECONDS
        self._refused(wallet, error, outcome)

    def _refused(self, wallet: Wallet, error: PollError, outcome: _Outcome) -> None:
        was = wallet.failure
        outcome.errors[wallet.name] = error
        self.state.refused(wallet, error, self._clock.now(), self._clock.wall())
        if was is None or was.reason != error.reason:
            log.log(
                logging.ERROR if isinstance(error, InternalError) else logging.WARNING,
                "the wallet can not be read",
                extra=self.named(wallet=wallet.name, reason=error.reason, error=str(error), advice=error.advice),
            )

    def _becomes(self, error: WrongApi) -> bool:
        """Go over to the API that the exchange named, unless the configuration pins another one."""
        exchange, account = self.caller.exchange, self.state.account
        pinned = account.options.get(exchange.option, "auto" if exchange.probes else exchange.first)
        if pinned != "auto" or error.api not in exchange.apis or exchange.apis[error.api] is self.caller.api:
            return False
        api = exchange.apis[error.api]
        log.info("the exchange says of what mode the account is", extra=self.named(mode=error.api))
        self.caller = replace(self.caller, api=api)
        self.state.become(api.main)
        self.plan = Plan(api, account)
        self._answered = False
        self._wallets()
        return True

    async def _seen_at(self) -> str | None:
        """The address that the exchange sees us at, if it can be asked now."""
        api = self.caller.api
        assert api.address is not None
        try:
            return await self._ask(api.address(), self._clock.now() + self.state.account.timeout)
        except (PollError, Skipped):
            return None

    async def _read_key(self, give_up_at: float) -> None:
        """Read once a day what the key may do; a key that may not ask is no failure."""
        api, now = self.caller.api, self._clock.now()
        if api.key_info is None or now < self._key_at:
            return
        self._key_at = now + KEY_SECONDS
        try:
            key = await self._ask(api.key_info(), give_up_at)
        except Skipped:
            self._key_at = float("-inf")
            return
        except PollError as error:
            log.debug("the key may not ask about itself", extra=self.named(reason=error.reason, error=str(error)))
            return
        known = self.state.key
        self.state.key_read(key)
        dangerous = [name for name in ("trade", "transfer", "withdraw") if key.permissions.get(name)]
        if dangerous and (known is None or known.permissions != key.permissions):
            log.warning(
                "the key may do more than read",
                extra=self.named(
                    permissions=" ".join(dangerous), advice="Use a key that may only read: nothing else is needed here."
                ),
            )

    async def _ask(self, reader: Reader[T], give_up_at: float) -> T:
        return await self._transport.read(
            self.caller, reader, timeout=self.state.account.timeout, give_up_at=give_up_at
        )

    def _required(self) -> list[str]:
        wallets = self.state.wallets
        main = self.state.main
        return sorted((name for name, wallet in wallets.items() if wallet.required), key=lambda name: name != main)

    def _up(self) -> bool:
        return all(wallet.up for wallet in self.state.wallets.values() if wallet.required)
