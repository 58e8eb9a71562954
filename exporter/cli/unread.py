"""What an account holds in wallets that nobody reads: each is asked once, for `check --online`."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from exporter.core.errors import InternalError, PollError
from exporter.core.model import Reading
from exporter.core.runtime import Clock
from exporter.exchanges.base import Endpoint, WalletSource
from exporter.holdings.account import AccountState
from exporter.holdings.shown import choice_of
from exporter.holdings.wallet import Wallet
from exporter.polling.context import Reads
from exporter.polling.pauses import kept_by
from exporter.polling.poller import Poller
from exporter.transport.caller import Caller
from exporter.transport.limits import Skipped

log = logging.getLogger("exporter.once")


class Unread(NamedTuple):
    """One wallet that the configuration does not ask for.

    Attributes:
        name: its name under `wallets`, or of one wallet of a group.
        wallet: what it holds; None where it could not be read.
        error: why not; None where it was, and where it was not asked for: by `base_url` its host is the same address as
            another one that answers differently at the same path.
    """

    name: str
    wallet: Wallet | None
    error: PollError | None


async def probe(poller: Poller, transport: Reads, clock: Clock, give_up_at: float) -> list[Unread]:
    """Ask for every wallet of an account that the exchange has and the configuration does not name, one by one.

    The limits are kept to: what gets no token until `give_up_at` is told as that.
    """
    account_poll, found = poller.account_poll, list[Unread]()
    state = account_poll.state
    doubtful = _at_one_address(account_poll.caller)
    for name, source in _not_asked_for(poller).items():
        if not doubtful.isdisjoint(source.endpoints):
            found.append(Unread(name, None, None))
            continue
        try:
            reading = await transport.read(
                account_poll.caller, source.read({}), timeout=state.account.timeout, give_up_at=give_up_at
            )
            parts: Mapping[str, Reading] = reading.parts if source.many else {name: reading}
            new = {shown: part for part in parts if (shown := state.masked(part)) not in state.wallets}
            wallets = [_filled(state, shown, source, parts[part], clock) for shown, part in new.items()]
        except Skipped as skip:
            found.append(Unread(name, None, kept_by(skip, clock.wall() + skip.opens - clock.now())))
        except PollError as error:
            found.append(Unread(name, None, error.bare()))
        except Exception as bug:
            log.exception("a read ended in a bug", extra=account_poll.fields(wallet=name))
            found.append(Unread(name, None, InternalError(type(bug).__name__)))
        else:
            found += [Unread(wallet.name, wallet, None) for wallet in wallets]
            if source.many and name not in state.wallets and not wallets:
                found.append(Unread(name, _filled(state, name, source, Reading(), clock), None))
    return found


def _not_asked_for(poller: Poller) -> dict[str, WalletSource]:
    """The wallets that are not read, and the groups of which only some wallets are."""
    plan, state = poller.account_poll.plan, poller.state
    named = state.account.wallets or ()
    return {
        name: source
        for name, source in plan.known.items()
        if name not in plan.readings or (source.many and not {name, "all"} & {*named})
    }


def _at_one_address(caller: Caller) -> set[Endpoint]:
    """The endpoints that `base_url` puts where another host's endpoint of the same path is."""
    there: dict[tuple[str, str], list[Endpoint]] = {}
    for endpoint in caller.api.endpoints:
        there.setdefault((caller.place(endpoint.host).base, endpoint.path), []).append(endpoint)
    return {each for shared in there.values() if len({one.host for one in shared}) > 1 for each in shared}


def _filled(state: AccountState, name: str, source: WalletSource, reading: Reading, clock: Clock) -> Wallet:
    """A wallet with what one answer says of it, as the account would show it if it were read."""
    wallet = Wallet(
        name,
        choice_of(state.account, name, state.main),
        required=False,
        stale_after=state.account.stale_after,
        strict_seconds=state.account.interval + state.account.timeout,
        borrows=source.borrows,
        overview=source.overview,
        masked=state.masked,
    )
    wallet.accept(reading, clock.now(), clock.wall())
    return wallet
