"""What is known of one account: its wallets, its polls and their outcome; a publisher is told of every change."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from exporter.config import Account
from exporter.core.credentials import Credentials
from exporter.core.errors import BadPayload, PollError, UnknownAccount
from exporter.core.model import ZERO, KeyInfo, Reading, finite
from exporter.exchanges.base import WalletSource
from exporter.holdings.asked import asks_for, is_limited_by_group, is_required, limits, named_parts
from exporter.holdings.doubt import empties_most
from exporter.holdings.past import Past, with_one_more
from exporter.holdings.prices import PriceBook
from exporter.holdings.publisher import AccountPublisher, Limit
from exporter.holdings.shown import choice_of
from exporter.holdings.slices import Slices, finish
from exporter.holdings.wallet import FOREVER, NEVER, Failure, Wallet

ABOUT_THE_WALLET: Final = frozenset({"permission", "exchange", "payload"})
"""Refusals that say something of the wallet that was asked for, not of the moment."""

MOST_GONE: Final = 500
"""Wallets that the exchange has no longer and that still read zeros, at most."""

MOST_PARTS: Final = 500
"""Wallets of which one answer may tell, at most; those that are all zero are not counted."""

_NOT_TRIED: Final = frozenset({"auth", "ip", "clock", "rate_limited", "banned", "network", "tls"})
"""Failures after which a wallet itself was never asked: account, address, clock or way was at fault."""

_NOTHING: Final[Mapping[str, Decimal | None]] = MappingProxyType({})

_WALLETS_AT_ONCE: Final = 16
"""Small wallets that are worked on in one slice."""


def _nobody(state: "AccountState") -> None:
    """Who is told where nobody wants to know."""


class AccountState:
    """One configured account as it is served.

    Attributes:
        account: its configuration.
        main: the name of its main wallet, as far as is known by now.
        wallets: by name; the main one first.
        book: the prices it is valued with; None when valuation is off.
        masked: takes secrets out of a name that the exchange gave.
        elsewhere: wallets that the configuration names and the exchange has in another mode of the account only.
        left_out: of the wallets that only `all` asks for, those that this key may not read or that were never opened:
            by name, the refusal.
        failures: polls that failed since the last good one.
        past: the last failures of its wallets, the latest last.
        last_poll, next_poll: seconds since the epoch; 0 until there is one.
        nets: of each currency that totals count, what the balance wallets hold together; None while that is not known,
            which is while `usd` would not be, were everything priced and this the only currency.
        next_end: the moment (on the poller's clock) at which something served is to be withdrawn, unless it is read
            again.
    """

    def __init__(
        self,
        account: Account,
        main: str,
        publisher: AccountPublisher,
        book: PriceBook | None,
        *,
        shard: int,
        label_names: Sequence[str],
        masked: Callable[[str], str] = str,
        summed: Callable[["AccountState"], None] = _nobody,
    ) -> None:
        """Args: `summed` is told whenever `usd` or `nets` may be another one."""
        self.account = account
        self.masked = masked
        self.main = main
        self.wallets: dict[str, Wallet] = {}
        self.book = book
        self.failures = 0
        self.up = False
        self.last_poll = 0.0
        self.next_poll = 0.0
        self.polls = 0
        self.key: KeyInfo | None = None
        self.elsewhere: tuple[str, ...] = ()
        self.left_out: dict[str, PollError] = {}
        self.past: tuple[Past, ...] = ()
        self.nets = _NOTHING
        self.next_end = FOREVER
        self._counted: frozenset[str] = frozenset()
        self._summed = summed
        self._shard = shard
        self._label_names = label_names
        self._served: set[str] = set()
        self._rare: set[str] = set()
        self._closed: dict[str, Credentials] = {}  # never read: by name, the key that may not or cannot read it
        self._now = NEVER
        self._at_work = 0
        self._limits: tuple[Limit, ...] | None = None
        self._failed: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._publisher = publisher
        self._tell_configuration()

    def reconfigure(self, account: Account, *, shard: int, label_names: Sequence[str]) -> None:
        """Go on with another configuration of the same account; data and counters stay. Call `revalue` afterwards."""
        self.account = account
        self._shard = shard
        self._label_names = label_names
        for wallet in self.wallets.values():
            stale_after, strict_seconds = self._bounds(wallet.every)
            wallet.reconfigure(
                choice_of(account, wallet.name, self.main),
                required=is_required(self.account, self.main, wallet.name),
                stale_after=stale_after,
                strict_seconds=strict_seconds,
            )
        self._tell_configuration()

    def wallet(self, name: str, source: WalletSource) -> Wallet:
        """The wallet of this name, made and served as not yet read when it is new."""
        if source.rare:
            self._rare.add(name)
        wallet = self._wallet(
            name,
            every=source.every,
            lists_zeros=source.lists_zeros,
            borrows=source.borrows,
            overview=source.overview,
            many=source.many,
        )
        if wallet.many:
            for part in named_parts(self.account, name):
                self._part(part, wallet)
            self._tell_thresholds()
        return wallet

    def _part(self, name: str, group: Wallet) -> Wallet:
        """The wallet of this name, of which the group's answer tells."""
        return self._wallet(name, every=group.every, borrows=group.borrows, group=group.name)

    def _wallet(self, name: str, *, every: float, **kind: Any) -> Wallet:
        known = self.wallets.get(name)
        if known is not None:
            return known
        stale_after, strict_seconds = self._bounds(every)
        wallet = self.wallets[name] = Wallet(
            name,
            choice_of(self.account, name, self.main),
            required=is_required(self.account, self.main, name),
            stale_after=stale_after,
            strict_seconds=strict_seconds,
            every=every,
            masked=self.masked,
            **kind,
        )
        self._publisher.state(wallet, fresh=False)
        if self._served and not wallet.overview:
            self._total()  # what it holds is not known yet
        return wallet

    def family(self, wallet: Wallet) -> list[Wallet]:
        """The wallet, and where it stands for an answer that tells of several, those as well."""
        if not wallet.many:
            return [wallet]
        return [wallet, *(each for each in self.wallets.values() if each.group == wallet.name)]

    def switch_api(self, main: str) -> None:
        """Serve nothing of the present wallets any more: the account is of another mode, with another main wallet."""
        for wallet in tuple(self.wallets.values()):
            self.forget(wallet)
        self.main = main
        self._publisher.forget_quotas()
        self.elsewhere = ()
        self.left_out = {}
        self._tell_thresholds()

    def accepted(self, wallet: Wallet, reading: Reading, now: float, wall: float, *, trusted: bool = False) -> None:
        """Do what `accepting` does, all at once."""
        finish(self.accepting(wallet, reading, now, wall, trusted=trusted))

    def accepting(
        self, wallet: Wallet, reading: Reading, now: float, wall: float, *, trusted: bool = False
    ) -> Slices[None]:
        """Take a good answer; one of a wallet that was forgotten meanwhile comes too late and is ignored.

        Raises:
            BadPayload: the answer is no whole one; see `Wallet.accepting`.
        """
        if self.wallets.get(wallet.name) is not wallet:
            return
        if not wallet.many or (yield from self._accepting_parts(wallet, reading.parts, now, wall, trusted=trusted)):
            yield from self._accepting(wallet, reading, now, wall, trusted=trusted)
        self._note_end()

    def _accepting(self, wallet: Wallet, reading: Reading, now: float, wall: float, *, trusted: bool) -> Slices[None]:
        """Do what `accepting` does for a wallet alone; the first moment at which anything ends is noted afterwards."""
        if (yield from wallet.accepting(reading, now, wall, trusted=trusted)):
            wallet.unserved = True
        if self.wallets.get(wallet.name) is not wallet:
            return  # it was forgotten between two slices
        self._closed.pop(wallet.name, None)
        if wallet.fresh(now) and (wallet.unserved or wallet.name not in self._served):
            yield from self._serving(wallet, now)
        if self.wallets.get(wallet.name) is wallet:
            self._publisher.state(wallet, fresh=wallet.fresh(now))

    def _accepting_parts(
        self, group: Wallet, parts: Mapping[str, Reading], now: float, wall: float, *, trusted: bool
    ) -> Slices[bool]:
        """Take what one answer says of several wallets; returns whether it is believed.

        One of which it says nothing holds nothing: like a wallet that is gone from the exchange's own list, it reads
        zeros by the zero rule and then goes, unless the configuration names it. If more than half of what held
        something is missing, by count or by worth, the whole answer has to be repeated.

        Raises:
            BadPayload: it tells of more wallets than anybody has.
        """
        asked = {name: part for name, part in parts.items() if asks_for(self.account, group.name, name)}
        if len(asked) > MOST_PARTS:
            raise BadPayload(f"{len(asked)} wallets that hold something, more than the {MOST_PARTS} that are kept")
        known = [wallet for wallet in self.family(group) if wallet is not group]
        if not trusted and empties_most({each.name: each.usd for each in known if each.holds}, asked):
            trusted = group.doubt()
            if not trusted:
                for wallet in (group, *known):
                    wallet.stands()
                    self._publisher.state(wallet, fresh=wallet.fresh(now))
                return False
        named = named_parts(self.account, group.name)
        self._at_work += 1
        try:
            for number, name in enumerate(dict.fromkeys((*asked, *named, *(each.name for each in known)))):
                if number and not number % _WALLETS_AT_ONCE:
                    yield
                wallet = self._part(name, group)
                if name in asked or name in named or wallet.remembered:
                    yield from self._accepting(wallet, asked.get(name, Reading()), now, wall, trusted=trusted)
                else:
                    self.forget(wallet)
        finally:
            self._at_work -= 1
            self._total()
            self._tell_thresholds()
        self.forget_oldest([each.name for each in known if each.name in self.wallets and each.name not in named])
        return True

    def refused(self, wallet: Wallet, error: PollError, now: float, wall: float) -> None:
        """Note a failed read, also of all that the answer would have told of; one that was forgotten stays so."""
        if self.wallets.get(wallet.name) is not wallet:
            return
        for each in self.family(wallet):
            each.refuse(Failure(error.reason, str(error), error.advice, wall))
            if not each.last_success and self._closes(each, error):
                self._closed[each.name] = self.account.credentials
                self._total()
            self._publisher.state(each, fresh=each.fresh(now))
        failure = wallet.failure
        assert failure is not None
        self.past = with_one_more(self.past, wallet.name, error.reason, failure.message, since=failure.since, at=wall)
        self.expire(now)

    def leave_out(self, wallet: Wallet, error: PollError) -> None:
        """Serve nothing of a wallet that only `all` asks for, and remember why."""
        self.left_out[wallet.name] = error
        for each in self.family(wallet):
            self.forget(each)

    def forget(self, wallet: Wallet) -> None:
        """Serve nothing of a wallet any more."""
        self._served.discard(wallet.name)
        self._rare.discard(wallet.name)
        self._closed.pop(wallet.name, None)
        self.wallets.pop(wallet.name, None)
        self._publisher.forget(wallet)
        self._total()
        if is_limited_by_group(self.account, wallet.name):
            self._tell_thresholds()
        self._note_end()

    def forget_oldest(self, gone: Iterable[str]) -> None:
        """Of these wallets, which the exchange has no longer and which read zeros, keep only those that went last."""
        wallets = [wallet for name in gone if not (wallet := self.wallets[name]).holds]
        for wallet in sorted(wallets, key=lambda wallet: wallet.zeros_end)[:-MOST_GONE]:
            self.forget(wallet)

    def revalue(self, now: float) -> None:
        """Do what `revaluing` does, all at once."""
        finish(self.revaluing(now))

    def revaluing(self, now: float) -> Slices[None]:
        """Serve every wallet with the prices, rules and bounds of this moment."""
        for number, wallet in enumerate(tuple(self.wallets.values())):
            if number and not number % _WALLETS_AT_ONCE:
                yield
            if wallet.fresh(now) and self.wallets.get(wallet.name) is wallet:
                yield from self._serving(wallet, now)
                if self.wallets.get(wallet.name) is wallet:
                    self._publisher.state(wallet, fresh=wallet.fresh(now))
        self.expire(now)

    def expire(self, now: float) -> None:
        """Withdraw what is older than it may be, by the clock alone; a scrape waits for this."""
        changed, valued = False, 0
        for name in tuple(self._served):
            wallet = self.wallets[name]
            if not wallet.fresh(now):
                self._served.discard(name)
                self._publisher.withdraw(wallet)
                self._publisher.state(wallet, fresh=False)
                changed = True
            elif now <= wallet.valued_until:
                continue
            elif wallet.bare or (not wallet.large and valued < _WALLETS_AT_ONCE):
                valued += 1
                finish(self._serving(wallet, now))
            else:
                # What is pegged goes for a moment too: the next read works all of it out again, in slices.
                wallet.forget_values()
                wallet.unserved = changed = True
                self._publisher.unvalued(wallet)
        if changed:
            self._total()
        self._note_end()

    def serving(self, now: float) -> bool:
        """Whether a balance of any wallet is served at this moment."""
        return any(self.wallets[name].fresh(now) for name in self._served)

    def polled(self, started: float, seconds: float, error: PollError | None, *, up: bool) -> None:
        """Note the end of a poll.

        Args:
            started: seconds since the epoch.
            seconds: how long it took.
            error: of the first required wallet that this poll could not read, main first.
            up: whether the last read of every required wallet was good, those that this poll left out included.
        """
        self.polls += 1
        self.last_poll = started
        self.up = up
        if error is not None:
            self.failures += 1
            self._failed[error.reason] += 1
            self._publisher.failed(self._failed)
        elif up:
            self.failures = 0
        self._publisher.polled(self.polls, started, seconds, failures=self.failures, up=up)

    def down(self) -> None:
        """Note that a required wallet was kept from being read for too long; no poll has failed."""
        if self.up:
            self.up = False
            self._publisher.up(up=False)

    def skipped(self, reason: str, count: int = 1) -> None:
        """Count polls that were left out."""
        self._skipped[reason] += count
        self._publisher.skipped(self._skipped)

    def due(self, at: float) -> None:
        """Note when the next poll starts, seconds since the epoch."""
        self.next_poll = at
        self._publisher.due(at)

    def quota(self, endpoint: str, left: int) -> None:
        """Note how many requests the exchange says are left."""
        self._publisher.quota(endpoint, left)

    def key_read(self, key: KeyInfo) -> None:
        """Note what the exchange tells about the key."""
        self.key = key
        self._publisher.key(key, self.key_expires)

    def count(self, currencies: frozenset[str]) -> None:
        """Say of these currencies, and no others, what the account holds together."""
        if currencies == self._counted:
            return
        self._counted = currencies
        for wallet in self.wallets.values():
            wallet.nets = _NOTHING
            if wallet.name in self._served and not wallet.busy:
                self._count(wallet)
        self._total()

    def drop(self) -> None:
        """Serve nothing of this account any more, whatever a poll that is still ending brings."""
        self._summed = _nobody
        self._publisher.drop()

    def still(self) -> "AccountState":
        """The account as it is at this moment, for a thread that reads it while polls go on."""
        still = copy(self)
        still.wallets = {name: copy(wallet) for name, wallet in self.wallets.items()}
        still._served, still._closed = self._served.copy(), self._closed.copy()
        still.left_out = self.left_out.copy()
        return still

    @property
    def limits(self) -> Sequence[Limit]:
        """The limits on its currencies as they were last told: by the names that its wallets have now."""
        return self._limits or ()

    @property
    def key_expires(self) -> float | None:
        """When the key ends, seconds since the epoch: as the exchange tells, else as the configuration does."""
        told = self.key.expires if self.key is not None else None
        return self.account.expires if told is None else told

    @property
    def usd(self) -> Decimal | None:
        """Sum over the balance wallets, whole or None.

        None until each of them was tried once, and while one that was ever read is not served, has no value, or has a
        row that cannot be read of a currency that was held or is expected. A wallet that this key was never able to
        read does not count, unless it is the main one: it was refused for what it is, or is of a rare kind and did not
        answer its first try. One that fails for a reason of the moment may hold anything, so that nothing is known.
        """
        wallets = self._whole()
        if wallets is None or any(wallet.unreadable for wallet in wallets):
            return None
        return sum_of(wallet.usd for wallet in wallets)

    def _whole(self) -> Sequence[Wallet] | None:
        """The wallets that make up the account; None while one of them is not served that may hold anything."""
        if self.main not in self._served:
            return None
        wallets = []
        for name, wallet in self.wallets.items():
            if wallet.overview:
                continue
            if name in self._served and wallet.many:
                continue  # the wallets that it stands for are counted themselves
            if name in self._served:
                wallets.append(wallet)
            elif self._closed.get(name) != self.account.credentials:
                return None
        return wallets

    def _closes(self, wallet: Wallet, error: PollError) -> bool:
        """Whether a wallet that was never read, and fails so, is one that this key cannot read."""
        if isinstance(error, UnknownAccount):
            return False  # the list is read again, and tells
        return error.reason in ABOUT_THE_WALLET or (wallet.name in self._rare and error.reason not in _NOT_TRIED)

    def _serving(self, wallet: Wallet, now: float) -> Slices[None]:
        """Serve a wallet as it is now.

        Where that takes several slices, prices or the configuration may change between them. Then whoever is at it
        already starts again when it is through, so that the last word is served and nobody overtakes anybody.
        """
        self._served.add(wallet.name)
        wallet.unserved = True
        self._now = max(self._now, now)
        if wallet.busy:
            return
        wallet.busy = True
        try:
            while wallet.unserved:
                wallet.unserved = False
                if wallet.bare:
                    self._publisher.reported(wallet, wallet.reported(self.book, self._now))
                    if wallet.many:
                        self._total()
                    continue
                if wallet.large:
                    yield
                yield from wallet.revaluing(self.book, self._now)
                if wallet.large:
                    yield
                if wallet.name not in self._served or self.wallets.get(wallet.name) is not wallet:
                    return  # it was withdrawn or forgotten meanwhile
                yield from self._publisher.balances(wallet)
                self._count(wallet)
                self._total()
                if is_limited_by_group(self.account, wallet.name):
                    self._tell_thresholds()
        except BaseException:
            wallet.unserved = True
            raise
        finally:
            wallet.busy = False

    def _count(self, wallet: Wallet) -> None:
        wallet.nets = {currency: wallet.net(currency) for currency in self._counted}

    def _total(self) -> None:
        if self._at_work:
            return  # it is told when all wallets of an answer are through
        wallets = self._whole() if self._counted else None
        self.nets = {
            currency: None if wallets is None else sum_of(wallet.nets.get(currency) for wallet in wallets)
            for currency in self._counted
        }
        self._publisher.total(self.usd)
        self._summed(self)

    def _note_end(self) -> None:
        if self._at_work:
            return
        served = (self.wallets[name] for name in self._served)
        self.next_end = min((min(wallet.good_until, wallet.valued_until) for wallet in served), default=FOREVER)

    def _bounds(self, every: float) -> tuple[float, float]:
        """`stale_after` and `strict_seconds` of a wallet that is read no more often than every so many seconds."""
        account = self.account
        return (
            account.stale_after and max(account.stale_after, 2 * every),
            max(account.interval, every) + account.timeout,
        )

    def _tell_configuration(self) -> None:
        account = self.account
        own = {name: account.labels.get(name, "") for name in self._label_names}
        self._publisher.configured(
            interval=account.interval,
            stale_after=account.stale_after,
            usd=account.usd,
            labels={"shard": str(self._shard), **own},
        )
        self._tell_thresholds()
        self._publisher.key(self.key, self.key_expires)

    def _tell_thresholds(self) -> None:
        """Have the limits told, where they are other ones."""
        if self._at_work:
            return  # they are told when all wallets of an answer are through
        told = limits(self.account, self.main, self.wallets)
        if told != self._limits:
            self._limits = told
            self._publisher.thresholds(told)


def sum_of(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None where one of them is not known, or it is beyond what can be served."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total if finite(total) else None
