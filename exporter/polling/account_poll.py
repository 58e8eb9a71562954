"""One poll of one account: its list of wallets, the wallets side by side, its key; what changed is logged."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    Banned,
    ExchangeRefused,
    InternalError,
    IpRefused,
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
    UnknownAccount,
    WrongApi,
)
from exporter.core.model import Reading
from exporter.exchanges.base import Api, Reader
from exporter.holdings.account import ABOUT_THE_WALLET, AccountState
from exporter.holdings.asked import limited_parts
from exporter.holdings.labels import MaskedNames
from exporter.holdings.slices import Slices
from exporter.holdings.wallet import Failure, Wallet
from exporter.polling.context import Outcome, PollContext
from exporter.polling.key_info import KeyInfoPoll
from exporter.polling.pauses import kept_by
from exporter.polling.plan import ALWAYS, RARE_SECONDS, UNOPENED, Plan, Planned
from exporter.polling.progress import Progress
from exporter.polling.turns import in_turns
from exporter.transport.caller import Caller
from exporter.transport.limits import Skipped

log = logging.getLogger("exporter.poller")

MOST_NAMED: Final = 100
"""Currencies of one wallet that the log names as unreadable, at most: an exchange may make names up."""

SIDE_BY_SIDE: Final = 4
"""Wallets of one account that are read at once, at most."""

CAP_SECONDS: Final = 120.0
"""Longest time between the starts of two tries that fail, unless a repeat makes the failure worse."""

SLOW_CAP_SECONDS: Final = 900.0
"""Longest time between two tries that fail in a way that a repeat makes worse."""

_ABOUT_THE_KEY: Final = frozenset({"auth", "permission", "ip"})
"""Refusals by which an API shows that it has the account: one that has not says that first."""

_SAID_EVERY: Final = 3600.0
"""Seconds between two words in the log that an account lacks tokens: it lacks and gets them by turns."""

_CONTRADICTION: Final = (
    "Nothing is taken from what the exchange says until it agrees with itself; the last good balances stand until "
    "`stale_after`. If it lasts, look up the account's mode at the exchange and set `options: {mode: ...}`."
)

_UNKNOWN: Final = "Correct `wallets`: the names are in the README."

T = TypeVar("T")


class AccountPoll:
    """Polls one account, as often as it is asked to.

    Attributes:
        state: what is known of the account.
        caller: how it speaks to its exchange; replaced when the mode or the credentials change.
        plan: what is read, and when.
        key: asks what the key may do.
    """

    def __init__(self, state: AccountState, caller: Caller, context: PollContext) -> None:
        self.state = state
        self.caller = caller
        self.plan = self._planned(caller.api)
        self.key = KeyInfoPoll(state)
        self._context, self._transport, self._clock = context, context.transport, context.clock
        self._answered = False
        self._lacking: set[str] = set()  # what held something, and the last list does not have
        self._masked = MaskedNames(state.masked)
        self._before = Outcome()
        self._began = context.clock.now()
        self._said: set[str] = set()  # wallets of which the log says that they fail
        self._named: dict[str, set[str]] = {}  # by wallet, what the log says of it that it cannot be read
        self._noticed: dict[str, str] = {}  # by wallet, what the log says of how it was read
        self._said_rate = ALWAYS
        self._know_wallets()

    def _planned(self, api: Api) -> Plan:
        others = frozenset(name for other in self.caller.exchange.apis.values() for name in other.wallets)
        return Plan(api, self.state.account.wallets, others)

    def renew(self, credentials: Credentials) -> None:
        """Go on with other credentials."""
        self.state.account = replace(self.state.account, credentials=credentials)
        self.caller = replace(self.caller, credentials=credentials)
        self.plan.forgive()
        self.key.due = ALWAYS

    def next_try(self, slot: float, failures: int, cap: float, wallet: Wallet | None = None) -> float:
        """When to read the account, or one wallet, again after so many failures; see `PollContext.next_try`."""
        at_stake = self.state.wallets.values() if wallet is None else (wallet,)
        return self._context.next_try(self.state.account, at_stake, slot, failures, cap)

    def fields(self, **more: str) -> dict[str, str]:
        """The fields of a log line about this account."""
        return {"exchange": self.state.account.exchange, "account": self.state.account.name, **more}

    async def poll(self, slot: float, give_up_at: float) -> Outcome:
        """Poll once.

        Args:
            slot: the moment at which the poll was due; what may be read depends on it.
            give_up_at: the moment after which a request is of no use.
        """
        clock, state = self._clock, self.state
        started, wall = clock.now(), clock.wall()
        progress = Progress(slot, give_up_at)
        await self._read_all(progress)
        if progress.elsewhere:
            progress = await self._other_api(progress)
        if progress.good:
            self._tell_elsewhere()
        for reason in progress.skipped:
            state.skipped(reason)
        if progress.good and self.plan.is_current(slot):
            await in_turns(self._absent())
        self._before = outcome = self._outcome(progress)
        up = all(wallet.up for wallet in state.wallets.values() if wallet.required)
        if outcome.tried:
            state.polled(wall, clock.now() - started, outcome.error, up=up)
        elif not up:
            state.down()
        if progress.good and outcome.error is None and clock.now() >= self.key.due:
            await self.key.read(self.caller.api, lambda reader: self._ask(reader, give_up_at), clock.now())
        return outcome

    def _tell_elsewhere(self) -> None:
        """Say which wallets are named that the account's mode, which a good answer has proven, does not have."""
        state, elsewhere = self.state, self.plan.elsewhere
        if elsewhere != state.elsewhere:
            state.elsewhere = elsewhere
            for name in elsewhere:
                log.warning(
                    "the exchange has this wallet in another mode of the account only", extra=self.fields(wallet=name)
                )

    def _outcome(self, progress: Progress) -> Outcome:
        """What the poll came to, once all its reads are over."""
        errors, wallets = progress.errors, self.state.wallets
        failed = [name for name, wallet in wallets.items() if wallet.required and name in errors]
        failed.sort(key=lambda name: name != self.state.main)
        slowing = self._before.slowing
        if failed or progress.good:
            # A wallet that may not be read, does not exist, or is asked elsewhere, slows only itself.
            others = (errors[name] for name in failed if name not in self.plan.unknown and not self._is_apart(name))
            slowing = next((error for error in others if error.reason != "permission"), None)
        return Outcome(
            progress.tried,
            errors[failed[0]] if failed else None,
            slowing,
            progress.address,
            progress.kept,
            progress.nothing_before,
        )

    async def _read_all(self, progress: Progress) -> None:
        """Read what is due: the list of wallets, then the wallets."""
        if not await self._list(progress):
            return
        names = self.plan.due(progress.slot)
        if names and (not self._answered or self._before.slowed):
            first, *names = names
            if not await self._first_alone(first, names, progress):
                return
        await self._side_by_side(names, progress)
        if progress.tried:
            for name in self.plan.unknown:
                unknown = ExchangeRefused(f"the exchange knows no wallet {name} of this account", advice=_UNKNOWN)
                self._refused(self.state.wallet(name, UNOPENED), unknown, progress)

    async def _first_alone(self, first: str, others: Iterable[str], progress: Progress) -> bool:
        """Have the main wallet tell whether key, address and mode are good; returns whether to read the others."""
        await self._read(first, progress)
        if progress.elsewhere or "rate" in progress.skipped:
            return False
        if progress.skipped:  # a pause of one call says nothing of the others
            return not self._before.slowed
        error = progress.errors.get(first)
        if error is not None and _is_final(error):
            self._refuse_all(others, error, progress)
            return False
        return True

    async def _side_by_side(self, names: Sequence[str], progress: Progress) -> None:
        """Read these wallets in this order, a few at once."""
        if len(names) == 1:
            await self._read(names[0], progress)
            return
        turns = asyncio.Semaphore(SIDE_BY_SIDE)

        async def read(name: str) -> None:
            async with turns:
                await self._read(name, progress)

        # A bug in one of them ends none of the others.
        for bug in await asyncio.gather(*map(read, names), return_exceptions=True):
            if bug is not None:
                raise bug

    async def _list(self, progress: Progress) -> bool:
        """Have the exchange's list of wallets read when that is due; returns whether wallets may be read now."""
        plan, api, slot = self.plan, self.caller.api, progress.slot
        main = self.state.wallets[self.state.main]
        if api.discover is None or not plan.needs_list(slot):
            return True
        try:
            listed = await self._ask(api.discover(), progress.give_up_at)
            masked = self._masked.among(listed)
            plan.listed({masked.get(name, name): source for name, source in listed.items()}, slot)
        except Skipped as skip:
            if plan.readings:
                progress.skipped.add(skip.reason)
            else:
                self._kept(main, skip, progress)
            return bool(plan.readings)
        except Exception as failure:
            error = self._as_poll_error(failure, main.failure)
            plan.list_failures += 1
            if error.reason == "permission":
                plan.list_not_before = self.next_try(slot, plan.list_failures, SLOW_CAP_SECONDS, main)
            if plan.readings and not _is_final(error):
                log.debug("the list of wallets cannot be read", extra=self.fields(error=str(error)))
                return True
            await self._advise(error, progress)
            self._refused(main, error, progress)
            self._refuse_all(plan.due(slot), error, progress)
            return False
        self._know_wallets()
        return True

    def _know_wallets(self) -> None:
        """Know every wallet of the plan from now on, the main one also before its list was read."""
        state = self.state
        readings = self.plan.readings
        state.left_out = {name: why for name, why in state.left_out.items() if name in readings}
        for name, planned in readings.items():
            if name in state.left_out:
                continue
            readable = planned.wallet or UNOPENED
            wallet = state.wallet(name, readable)
            wallet.lists_zeros, wallet.borrows = readable.lists_zeros, readable.borrows
        if state.main not in state.wallets:
            state.wallet(state.main, self.caller.api.wallets.get(state.main, UNOPENED))

    def _absent(self) -> Slices[None]:
        """What the exchange's own good list lacks holds nothing: it reads zeros by the zero rule, then goes.

        A wallet that held something is gone when the list, read again by the next poll, lacks it too. A pair that a
        threshold names does not go.
        """
        state, readings = self.state, self.plan.readings
        limited = [name for name in limited_parts(state.account) if self.caller.api.may_be_absent(name)]
        for name in limited:
            state.wallet(name, UNOPENED)
        now, wall = self._clock.now(), self._clock.wall()
        lacking, self._lacking = self._lacking, set()
        for name, wallet in tuple(state.wallets.items()):
            planned = readings.get(name)
            if (planned is not None and planned.wallet is not None) or name in self.plan.unknown or wallet.group:
                continue
            if wallet.holds and name not in lacking:
                self._lacking.add(name)
                self.plan.renew_list()
            elif planned is None and not wallet.remembered and name not in limited:
                state.forget(wallet)
            else:
                yield from state.accepting(wallet, Reading(), now, wall, trusted=True)
            yield
        state.forget_oldest(name for name in state.wallets if name not in readings and name not in self.plan.unknown)

    async def _read(self, name: str, progress: Progress) -> None:
        planned, state, clock = self.plan.readings[name], self.state, self._clock
        if planned.wallet is None:  # not opened yet; see _absent
            return
        reading, progress.probed = progress.probed, None
        if name in state.left_out:
            reading = await self._tried_again(name, planned, progress)
            if reading is None:
                return
        wallet = state.wallet(name, planned.wallet)
        was, trusted = wallet.failure, False
        try:
            if reading is None:
                reading, trusted = await self._answer(wallet, planned, progress)
            await in_turns(state.accepting(wallet, reading, clock.now(), clock.wall(), trusted=trusted))
            for each in state.family(wallet):
                self._name_unreadable(each)
            self._say_notice(wallet, reading.notice)
        except Skipped as skip:
            self._kept(wallet, skip, progress, planned.read_at)
            return
        except Exception as failure:
            error = self._as_poll_error(failure, was)
            if isinstance(error, WrongApi) and progress.may_switch_api and self._may_be(error.api):
                progress.elsewhere[name] = error
            elif _is_left_out(planned, error) and state.wallets[state.main].up:
                self._leave_out(wallet, planned, error, progress.slot)
            else:
                await self._failed(wallet, planned, error, progress)
            return
        progress.good.add(name)
        self._answered = planned.answered = True
        planned.failures = 0
        planned.read_at = clock.now()
        planned.not_before = progress.slot + planned.wallet.every if planned.wallet.every else ALWAYS
        if was is not None and name in self._said:
            self._said.discard(name)
            log.info("the wallet is read again", extra=self.fields(wallet=name, failed_for=was.reason))

    async def _answer(self, wallet: Wallet | None, planned: Planned, progress: Progress) -> tuple[Reading, bool]:
        """Read a wallet; returns what it answered, and whether that is believed however much it takes away.

        One that was never opened holds nothing. As long as something of it is served that cannot be, and is a refusal.
        """
        assert planned.wallet is not None
        try:
            reading = await self._ask(planned.wallet.read(planned.memory), progress.give_up_at)
        except NotOpened as error:
            if wallet is None or _is_left_out(planned, error) or self._cannot_be_unopened(wallet):
                raise
            return Reading(), True
        masked = self._masked.among(reading.parts) if reading.parts else {}
        if masked:
            reading = replace(reading, parts={masked.get(name, name): part for name, part in reading.parts.items()})
        return reading, False

    def _cannot_be_unopened(self, wallet: Wallet) -> bool:
        now = self._clock.now()
        return wallet.name == self.state.main or any(
            each.holds and each.fresh(now) for each in self.state.family(wallet)
        )

    def _leave_out(self, wallet: Wallet, planned: Planned, error: PollError, slot: float) -> None:
        """Read a wallet no longer that nobody named and this key may not read; once a day it is tried again."""
        planned.not_before = slot + RARE_SECONDS
        self.state.leave_out(wallet, error)
        log.info(
            "a wallet is left out; it is tried again once a day",
            extra=self.fields(wallet=wallet.name, reason=error.reason, error=str(error), advice=error.advice),
        )

    async def _tried_again(self, name: str, planned: Planned, progress: Progress) -> Reading | None:
        """What a wallet that was left out answers now; None while it cannot be read."""
        state = self.state
        try:
            reading, _ = await self._answer(None, planned, progress)
        except Skipped:
            return None
        except Exception as failure:
            error = self._as_poll_error(failure, None)
            planned.failures += 1
            rarely = _is_left_out(planned, error)
            planned.not_before = (
                progress.slot + RARE_SECONDS
                if rarely
                else self.next_try(progress.slot, planned.failures, SLOW_CAP_SECONDS)
            )
            return None
        del state.left_out[name]
        log.info("a wallet that was left out is read now", extra=self.fields(wallet=name))
        return reading

    def _say_notice(self, wallet: Wallet, notice: str) -> None:
        """Say in the log what has to be known of how a wallet was read, once while it holds."""
        if notice != self._noticed.get(wallet.name, ""):
            self._noticed[wallet.name] = notice
            if notice:
                log.warning(notice, extra=self.fields(wallet=wallet.name))

    def _name_unreadable(self, wallet: Wallet) -> None:
        """Name in the log, once, each currency whose amounts are no numbers."""
        if not wallet.unreadable_rows:
            return
        named = self._named.setdefault(wallet.name, set())
        new = {label: why for label, why in wallet.unreadable_rows.items() if label not in named}
        for label, why in islice(new.items(), max(MOST_NAMED - len(named), 0)):
            named.add(label)
            log.warning(
                "a row cannot be read: its currency is not served",
                extra=self.fields(wallet=wallet.name, currency=label, error=why),
            )

    async def _failed(self, wallet: Wallet, planned: Planned, error: PollError, progress: Progress) -> None:
        assert planned.wallet is not None
        await self._advise(error, progress)
        if isinstance(error, UnknownAccount):
            self.plan.renew_list()
        planned.failures += 1
        slot, failures = progress.slot, planned.failures
        never_answered = planned.wallet.rare and not planned.answered
        if never_answered and error.reason in ABOUT_THE_WALLET:
            planned.not_before = slot + RARE_SECONDS
        elif never_answered or error.reason == "permission":
            planned.not_before = self.next_try(slot, failures, SLOW_CAP_SECONDS, wallet)
        elif planned.wallet.every:
            planned.not_before = self.next_try(slot, failures, planned.wallet.every, wallet)
        elif self._is_apart(wallet.name):
            planned.not_before = self.next_try(slot, failures, SLOW_CAP_SECONDS if error.slow else CAP_SECONDS, wallet)
        self._refused(wallet, error, progress)

    def _is_apart(self, name: str) -> bool:
        """Whether a wallet is asked at a host of its own: what fails there says nothing of the account's others."""
        planned = self.plan.readings.get(name)
        source = planned.wallet if planned is not None else None
        return source is not None and bool(source.endpoints) and all(endpoint.host for endpoint in source.endpoints)

    def _refused(self, wallet: Wallet, error: PollError, progress: Progress) -> None:
        progress.errors[wallet.name] = error
        if isinstance(error, RateLimited | Banned) and error.retry_after:
            progress.opens[wallet.name] = self._clock.now() + error.retry_after
        self._note(wallet, error)

    def _kept(self, wallet: Wallet, skip: Skipped, progress: Progress, read_at: float = ALWAYS) -> None:
        """Note that a wallet could not be asked for; one poll that is left out for want of a token is no failure.

        Args:
            wallet: which one.
            skip: why not.
            progress: the poll.
            read_at: moment of its last good read.
        """
        now = self._clock.now()
        progress.skipped.add(skip.reason)
        error = progress.kept[wallet.name] = kept_by(skip, self._clock.wall() + skip.opens - now)
        if skip.reason == "paused":
            progress.opens[wallet.name] = skip.opens
            self._note(wallet, error)
        elif wallet.failure is None and now - max(read_at, self._began) > wallet.strict_seconds:
            quiet = now < self._said_rate + _SAID_EVERY
            self._note(wallet, error, quiet=quiet)
            self._said_rate = self._said_rate if quiet else now

    def _note(self, wallet: Wallet, error: PollError, *, quiet: bool = False) -> None:
        """Note why a wallet cannot be read; the log says it when the reason is another one."""
        was = wallet.failure
        self.state.refused(wallet, error, self._clock.now(), self._clock.wall())
        if not quiet and (was is None or was.reason != error.reason):
            self._said.add(wallet.name)
            log.log(
                logging.ERROR if isinstance(error, InternalError) else logging.WARNING,
                "the wallet cannot be read",
                extra=self.fields(wallet=wallet.name, reason=error.reason, error=str(error), advice=error.advice),
            )

    def _refuse_all(self, names: Iterable[str], error: PollError, progress: Progress) -> None:
        """Take what one wallet was told for the answer to these, too."""
        for name in names:
            if self.plan.readings[name].wallet is not None and name in self.state.wallets:
                self._refused(self.state.wallets[name], error, progress)

    def _as_poll_error(self, failure: Exception, before: Failure | None) -> PollError:
        """Every failure as a `PollError` without its frames; a bug of ours is logged when it is new."""
        if isinstance(failure, PollError):
            return failure.bare()
        if before is None or before.reason != InternalError.reason:
            log.error("a read ended in a bug", extra=self.fields(), exc_info=failure)
        return InternalError(f"{type(failure).__name__} after reading")

    def _may_be(self, api: str) -> bool:
        """Whether the account may go over to this API: the configuration pins no other one."""
        exchange = self.caller.exchange
        named = exchange.apis.get(api)
        return named is not self.caller.api and named in exchange.apis_for(self.state.account.options)

    async def _other_api(self, progress: Progress) -> Progress:
        """Follow up what wallets of this poll were told: that the account is of another API.

        A good answer of that API proves it; a refusal of the key does where nothing is served that would be withdrawn.
        An exchange that contradicts itself is not followed.

        Returns:
            The poll as it goes on: of the other API, or this one with what failed in it.
        """
        state = self.state
        told = next(iter(progress.elsewhere.values()))
        error: PollError | None = None
        if state.main in progress.good:
            error = _contradiction(told, f"{state.main} was read all the same")
        else:
            try:
                progress.probed = await self._probe(told.api, progress.give_up_at)
            except Skipped as skip:
                for name in progress.elsewhere:
                    self._kept(state.wallets[name], skip, progress, self.plan.readings[name].read_at)
                return progress
            except Exception as failure:
                error = self._as_poll_error(failure, state.wallets[state.main].failure)
                if isinstance(error, WrongApi):
                    error = _contradiction(told, str(error))
        if error is None or (error.reason in _ABOUT_THE_KEY and not state.serving(self._clock.now())):
            self._switch_api(told.api)
            probed = progress.probed
            progress = Progress(progress.slot, progress.give_up_at, may_switch_api=False)
            progress.probed = probed
            await self._read_all(progress)
            return progress
        for name in progress.elsewhere:
            await self._failed(state.wallets[name], self.plan.readings[name], error, progress)
        return progress

    async def _probe(self, name: str, give_up_at: float) -> Reading:
        """Read the main wallet of another API of the exchange."""
        api, timeout = self.caller.exchange.apis[name], self.state.account.timeout
        caller, reader = replace(self.caller, api=api), api.wallets[api.main].read({})
        return await self._transport.read(caller, reader, timeout=timeout, give_up_at=give_up_at)

    def _switch_api(self, name: str) -> None:
        """Go over to the API that the exchange named; nothing of the other one is served any more."""
        api = self.caller.exchange.apis[name]
        log.info("the exchange says of what mode the account is", extra=self.fields(mode=name))
        self.caller = replace(self.caller, api=api)
        self.state.switch_api(api.main)
        self.plan = self._planned(api)
        self.key.due = ALWAYS
        self._answered = False
        self._said.clear()
        self._know_wallets()

    async def _advise(self, error: PollError, progress: Progress) -> None:
        """Add to an IP refusal where the exchange sees us, if it can be asked now."""
        ask = self.caller.api.address
        if not isinstance(error, IpRefused) or ask is None:
            return
        if not progress.address_asked:
            progress.address_asked = True
            try:
                progress.address = await self._ask(ask(), self._clock.now() + self.state.account.timeout)
            except (PollError, Skipped):
                progress.address = None
        if progress.address is not None:
            error.advice = f"{error.advice} The exchange sees this exporter at {progress.address}."

    async def _ask(self, reader: Reader[T], give_up_at: float) -> T:
        return await self._transport.read(
            self.caller, reader, timeout=self.state.account.timeout, give_up_at=give_up_at
        )


def _contradiction(told: WrongApi, other: str) -> WrongApi:
    """The failure of a wallet whose exchange says both that the account is of another API and that it is not."""
    words = f"the exchange contradicts itself about the account's mode: {told}; {other}"
    return WrongApi(words, api=told.api, advice=_CONTRADICTION)


def _is_left_out(planned: Planned, error: PollError) -> bool:
    """Whether a wallet that nobody named is one that this key may not read, or that was never opened."""
    return planned.extra and not planned.answered and isinstance(error, PermissionMissing | NotOpened)


def _is_final(error: PollError) -> bool:
    """Whether what one request was told holds for the whole account."""
    return error.slow and error.reason != "permission"
