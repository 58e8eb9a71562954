"""Token buckets that keep us within the exchanges' limits.

A request takes a token from one bucket for each published limit that it counts against; where the exchange counts
weights, as many as it weighs. A bucket belongs to a limit and to whom the limit's scope names: our address, the user or
the key. It refills at our share of the limit. It is never so large that a window sees more than the limit, wherever the
window starts: what a full bucket gives at once, plus what flows in during the window, stays within it. Up to a share of
one half the capacity is the share itself; above, it is what the share leaves over. Every bucket holds at least one
token, else nothing could ever be sent: where a limit is smaller than the number of shards, shards that start together
can exceed it once.

Tokens are taken at the moment of sending, from all buckets together. A request that must wait queues at one bucket at a
time, in order of arrival, private buckets before shared ones: so a user's exhausted limit holds back nobody else on our
address.

What an exchange refuses is asked no more for as long as it says: a ban, or a refusal that speaks of all calls, shuts a
whole scope; any other one shuts the call that was refused, for the user or, where nobody signs it, for our address.
"""

import asyncio
from collections.abc import Hashable, Iterable, Mapping
from contextlib import AsyncExitStack
from itertools import islice
from typing import Final, Literal, NamedTuple
from weakref import WeakValueDictionary

from exporter.core.runtime import Clock
from exporter.exchanges.base import Endpoint, Limit, Scope

SHARE: Final = 0.5
"""Of the published limits, where the configuration says nothing."""

SHORT_PAUSE: Final = 10.0
"""Longest pause, in seconds, that a request waits out; the end of a longer one is told at once."""

NEVER: Final = float("-inf")

_NEARLY: Final = 1e-4
"""Missing of a token by rounding alone: seconds since boot as a float, times a fast refill. A whole one is taken."""

FORGOTTEN_SECONDS: Final = 3600.0
"""How long nobody has used a lane that may be forgotten: its buckets are full again by then, and no pause is longer."""

_ORDER: Final = {"key": 0, "uid": 1, "ip": 2}


class Skipped(Exception):
    """No request may be sent before the given moment: no token, or the exchange asked for a pause.

    Attributes:
        reason: which of the two.
        opens: moment of the pacer's clock at which the pause ends; `NEVER` for want of a token.
        banned: whether the pause is a ban.
    """

    def __init__(self, reason: Literal["rate", "paused"], opens: float = NEVER, *, banned: bool = False) -> None:
        super().__init__(reason)
        self.reason: Literal["rate", "paused"] = reason
        self.opens, self.banned = opens, banned


class Scopes(NamedTuple):
    """Who a request counts against, for each scope that a limit can have; any hashable values."""

    ip: Hashable
    uid: Hashable
    key: Hashable


class Demand(NamedTuple):
    """What an account asks of a limit: a scope's key, and requests a second, or weight."""

    exchange: str
    key: Hashable
    limit: Limit
    per_second: float


class Oversubscribed(NamedTuple):
    """A limit of which the accounts together ask more than their share gives, in requests (or weight) a second."""

    exchange: str
    key: Hashable
    limit: Limit
    wanted: float
    given: float


class _Gate:
    """A scope, or one call of it: shut until a moment."""

    __slots__ = ("__weakref__", "banned", "opens")

    def __init__(self) -> None:
        self.opens = NEVER
        self.banned = False

    def shut(self, until: float, *, banned: bool) -> None:
        if until > self.opens:
            self.opens, self.banned = until, banned


class _Bucket:
    __slots__ = ("__weakref__", "_capacity", "_rate", "_since", "_tokens", "limit", "queued", "turn")

    def __init__(self, limit: Limit, capacity: float, rate: float, now: float) -> None:
        self.limit = limit
        self._capacity, self._rate = capacity, rate
        self._tokens, self._since = capacity, now
        self.turn = asyncio.Lock()  # wakes its waiters in the order in which they came
        self.queued = 0

    def resize(self, capacity: float, rate: float, now: float) -> None:
        self._tokens = min(self.level(now), capacity)
        self._capacity, self._rate = capacity, rate

    def level(self, now: float) -> float:
        tokens = self._tokens + (now - self._since) * self._rate
        self._tokens = tokens = min(self._capacity, tokens)
        self._since = now
        return tokens

    def take(self, weight: int) -> None:
        self._tokens -= weight

    def leave(self, weight: int) -> None:
        self.queued -= weight

    def lower(self, most: float, now: float) -> None:
        self._tokens, self._since = min(self.level(now), most), now

    def wait(self, now: float, weight: int, ahead: int = 0) -> float:
        """Seconds until so many tokens are there, with so many wanted by others first."""
        missing = ahead + min(weight, self._capacity) - self.level(now)
        return missing / self._rate if missing > _NEARLY else 0.0


class _Lane:
    """All that stands between one kind of request and the wire; keeps its gates and buckets alive.

    Attributes:
        gates: of every scope that it counts against, and its own.
        call: its own.
        buckets: in the order in which they are queued at.
        own: those of them that no other call, and nobody else, takes from.
        weight: tokens that one request takes.
        used: when it was last asked for a token.
    """

    __slots__ = ("buckets", "call", "gates", "own", "used", "weight")

    def __init__(
        self,
        gates: tuple[_Gate, ...],
        call: _Gate,
        buckets: tuple[_Bucket, ...],
        own: tuple[_Bucket, ...],
        weight: int,
        now: float,
    ) -> None:
        self.gates, self.call, self.buckets, self.own = gates, call, buckets, own
        self.weight, self.used = weight, now


def _opens(gate: _Gate) -> float:
    return gate.opens


class Pacer:
    """Every token bucket of the process.

    Args:
        clock: the time.
        shares: exchange -> share of its published limits, above 0 and up to 1; `SHARE` where it is not named.
        shards: processes that divide the limits of one address among them.
    """

    def __init__(self, clock: Clock, shares: Mapping[str, float], shards: int = 1) -> None:
        self._clock = clock
        self._shares = dict(shares)
        self._shards = shards
        # What no lane holds is forgotten, so that rotated keys leave nothing behind.
        self._scopes: WeakValueDictionary[Hashable, _Gate] = WeakValueDictionary()
        self._calls: WeakValueDictionary[tuple[str, Hashable, str], _Gate] = WeakValueDictionary()
        self._buckets: WeakValueDictionary[tuple[str, Hashable, Limit], _Bucket] = WeakValueDictionary()
        self._lanes: dict[tuple[str, Scopes, Endpoint], _Lane] = {}
        self._shut: dict[Hashable, _Gate] = {}

    async def acquire(self, exchange: str, keys: Scopes, endpoint: Endpoint, give_up_at: float) -> float:
        """Take a token of every limit; returns the seconds waited for them.

        Args:
            exchange: whose share counts.
            keys: who asks.
            endpoint: what is asked; names the limits.
            give_up_at: moment of `Clock.now` after which a token is of no use.

        Raises:
            Skipped: nothing may be sent before that moment, or a pause is longer than `SHORT_PAUSE`; no token was
                taken.
        """
        lane = self._lane(exchange, keys, endpoint)
        lane.used = start = self._clock.now()
        if self._take(lane, start):
            return 0.0
        await self._queue(lane, start, give_up_at)
        return self._clock.now() - start

    def pause(self, key: Hashable, seconds: float, *, banned: bool) -> None:
        """Shut a whole scope, such as `scopes.ip`; never shortens a pause."""
        now = self._clock.now()
        self._shut = {each: shut for each, shut in self._shut.items() if shut.opens > now}
        gate = self._shut[key] = self._gate(key)
        gate.shut(now + seconds, banned=banned)

    def drain(self, exchange: str, keys: Scopes, endpoint: Endpoint, pause: float = 0.0) -> None:
        """Empty the buckets of a call that the exchange found one too many, and shut that call for the pause.

        What it shares with other calls or users goes on: which of the limits was meant is not told, and one call must
        not stop everybody on our address. Whoever is over a shared limit is refused for it by the next call, too.
        """
        now = self._clock.now()
        lane = self._lane(exchange, keys, endpoint)
        for bucket in lane.own:
            bucket.lower(0.0, now)
        if pause:
            lane.call.shut(now + pause, banned=False)

    def used(self, exchange: str, keys: Scopes, endpoint: Endpoint, used: Mapping[str, int]) -> None:
        """Go by what the exchange has counted, where that leaves less than we know of.

        Args:
            exchange: whose limits.
            keys: who asked.
            endpoint: what was asked; names the limits.
            used: by the name of a limit, what is used of it in the exchange's present window, by us and by others.
        """
        for bucket in self._lane(exchange, keys, endpoint).buckets:
            if bucket.limit.name in used:
                left = max(bucket.limit.requests - used[bucket.limit.name], 0)
                bucket.lower(left / (self._shards if bucket.limit.scope == "ip" else 1), self._clock.now())

    def share(self, shares: Mapping[str, float]) -> None:
        """Go on with other shares; what is in the buckets stays, so that nothing is spent twice."""
        self._shares = dict(shares)
        for (exchange, *_), bucket in tuple(self._buckets.items()):
            bucket.resize(*self._budget(exchange, bucket.limit), self._clock.now())

    def demand(self, wanted: Iterable[Demand]) -> list[Oversubscribed]:
        """The limits that are asked for more than they give, for a warning at start."""
        sums: dict[tuple[str, Hashable, Limit], float] = {}
        for exchange, key, limit, per_second in wanted:
            sums[exchange, key, limit] = sums.get((exchange, key, limit), 0.0) + per_second
        return [
            Oversubscribed(*asked, wanted=total, given=given)
            for asked, total in sums.items()
            if total > (given := self._budget(asked[0], asked[2])[1]) * (1 + 1e-9)
        ]

    def _budget(self, exchange: str, limit: Limit) -> tuple[float, float]:
        """Capacity, and refill in tokens a second."""
        share = self._shares.get(exchange, SHARE)
        requests = limit.requests / (self._shards if limit.scope == "ip" else 1)
        return max(1.0, min(share, 1.0 - share) * requests), share * requests / limit.seconds

    def _gate(self, key: Hashable) -> _Gate:
        gate = self._scopes.get(key)
        if gate is None:
            gate = self._scopes[key] = _Gate()
        return gate

    def _bucket(self, exchange: str, key: Hashable, limit: Limit) -> _Bucket:
        bucket = self._buckets.get((exchange, key, limit))
        if bucket is None:
            bucket = self._buckets[exchange, key, limit] = _Bucket(
                limit, *self._budget(exchange, limit), self._clock.now()
            )
        return bucket

    def _lane(self, exchange: str, keys: Scopes, endpoint: Endpoint) -> _Lane:
        lane = self._lanes.get((exchange, keys, endpoint))
        if lane is None:
            # One order for all, or two requests could wait for each other's turn: own before shared, slow before fast.
            ordered = sorted(
                set(endpoint.limits), key=lambda limit: (_ORDER[limit.scope], limit.requests / limit.seconds, limit)
            )
            buckets = tuple(self._bucket(exchange, getattr(keys, limit.scope), limit) for limit in ordered)
            scope: Scope = "ip"
            if endpoint.signed:
                scope = "key" if any(limit.scope == "key" for limit in ordered) else "uid"
            own = [bucket for bucket in buckets if bucket.limit.scope == scope and bucket.limit.name == endpoint.path]
            call = self._calls.setdefault((exchange, getattr(keys, scope), endpoint.path), _Gate())
            gates = (*map(self._gate, set(keys)), call)
            lane = _Lane(gates, call, buckets, tuple(own), endpoint.weight, self._clock.now())
            self._forget(lane.used)
            self._lanes[exchange, keys, endpoint] = lane
        return lane

    def _forget(self, now: float) -> None:
        """For each new lane look at two others: what nobody has used for long goes, what is in use moves back."""
        for key in tuple(islice(self._lanes, 2)):
            lane = self._lanes.pop(key)
            if now - lane.used < FORGOTTEN_SECONDS or any(bucket.queued for bucket in lane.buckets):
                self._lanes[key] = lane

    def _take(self, lane: _Lane, now: float) -> bool:
        """Take from every bucket if that is allowed now and pushes in front of nobody."""
        for gate in lane.gates:
            if gate.opens > now:
                return False
        for bucket in lane.buckets:
            if bucket.queued or bucket.wait(now, lane.weight):
                return False
        for bucket in lane.buckets:
            bucket.take(lane.weight)
        return True

    async def _queue(self, lane: _Lane, now: float, give_up_at: float) -> None:
        while True:
            last = max(lane.gates, key=_opens)
            if last.opens > min(give_up_at, now + SHORT_PAUSE):
                raise Skipped("paused", last.opens, banned=last.banned)
            if last.opens > now:
                await self._clock.sleep(last.opens - now)
            elif any(now + bucket.wait(now, lane.weight, bucket.queued) > give_up_at for bucket in lane.buckets):
                raise Skipped("rate")
            elif await self._advance(lane, give_up_at):
                return
            now = self._clock.now()

    async def _advance(self, lane: _Lane, give_up_at: float) -> bool:
        """Queue at one bucket after the other, then take a token of each; False if a pause came instead.

        The turn at a bucket is kept until the end, so that nobody takes the token that was waited for there.
        """
        async with AsyncExitStack() as turns:
            for bucket in lane.buckets:
                bucket.queued += lane.weight
                turns.callback(bucket.leave, lane.weight)
                await turns.enter_async_context(bucket.turn)
                now = self._clock.now()
                while (wait := bucket.wait(now, lane.weight)) and not self._paused(lane, now):
                    if now + wait > give_up_at:
                        raise Skipped("rate")
                    await self._clock.sleep(wait)
                    now = self._clock.now()
                if self._paused(lane, now):
                    return False
            for bucket in lane.buckets:
                bucket.take(lane.weight)
        return True

    def _paused(self, lane: _Lane, now: float) -> bool:
        return any(gate.opens > now for gate in lane.gates)
