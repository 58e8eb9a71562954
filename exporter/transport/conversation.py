"""The only outgoing HTTP: drives a reader through its requests, within limits, deadlines and the exchange's time.

What is sent is a GET (or, where the endpoint says so, a POST) of an endpoint that the API lists, and nothing else:
`_target` is the one place that holds it.
"""

import asyncio
import logging
import math
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakValueDictionary

from exporter.core.credentials import Secret
from exporter.core.errors import (
    BadPayload,
    BadStatus,
    Banned,
    ClockRefused,
    ExchangeRefused,
    InternalError,
    PermissionMissing,
    PollError,
    RateLimited,
    TimedOut,
)
from exporter.core.runtime import Clock, Dice
from exporter.core.wording import moment
from exporter.exchanges.base import Endpoint, Pause, Reader, Request, Signed, Work, shown
from exporter.transport.answers import (
    beginning,
    begun,
    bounded_wait,
    is_json,
    opened,
    parse,
    redirect,
    retry_after,
    seconds_until,
)
from exporter.transport.caller import Caller, Place
from exporter.transport.exchange_time import LONG, ExchangeTime, RisingTimestamps
from exporter.transport.limits import Pacer, Skipped
from exporter.transport.proxies import Proxy, proxy_for
from exporter.transport.turns import Turns
from exporter.transport.wire import Response, Wire

log = logging.getLogger("exporter.transport")

RETRIES: Final = 2
RETRY_BASE: Final = 0.25
RETRY_CAP: Final = 2.0

MEASURING: Final = 3.0
"""Most seconds of a read that asking for the exchange's time may take; half of what the read has, if that is less."""

FOR_OTHERS: Final = 1.0
"""Most seconds that a read waits for the exchange's time while another read asks for it."""

SMALL: Final = 2000
"""Values of an answer that a reader's own work may be about without holding up the loop."""

BEGINNING: Final = 1024
"""Bytes of a body that are kept until the read is over, for the debug log."""

T = TypeVar("T")


def full_jitter(dice: Dice, attempt: int, base: float, cap: float) -> float:
    """Seconds to wait before retry number `attempt` (from 0): uniform(0, min(cap, base x 2^attempt))."""
    return dice.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 64)))


class Meters(Protocol):
    """What is counted; the labels are those of the metrics `exchange_api_...`."""

    def requested(self, exchange: str, endpoint: str, code: str, seconds: float) -> None:
        """One request is over; the code is the HTTP status, or `error` where no whole answer came."""

    def retried(self, exchange: str) -> None:
        """A request is about to be repeated."""

    def waited(self, exchange: str, seconds: float) -> None:
        """A request waited for the rate limits."""


class _Route:
    """What of a caller stays the same from read to read."""

    __slots__ = (
        "_caller",
        "_places",
        "api",
        "credentials",
        "exchange",
        "quota",
        "rising",
        "time",
        "whose",
    )

    def __init__(self, caller: Caller, time: ExchangeTime, rising: RisingTimestamps) -> None:
        self.api, self.credentials, self.quota = caller.api, caller.credentials, caller.quota
        self.exchange = caller.exchange
        self.whose = (caller.exchange.name, caller.base, caller.proxy, caller.account)
        self.time, self.rising = time, rising
        self._caller = replace(caller)  # a copy: the caller is the key under which this route is kept
        self._places: dict[str, tuple[Place, Proxy | None]] = {}

    def place(self, endpoint: Endpoint) -> tuple[Place, Proxy | None]:
        """Where an endpoint is, and the proxy on the way there."""
        found = self._places.get(endpoint.host)
        if found is None:
            place = self._caller.place(endpoint.host)
            found = self._places[endpoint.host] = place, proxy_for(place.base, self._caller.proxy)
        return found

    def warned(self, endpoint: Endpoint, error: PollError) -> str:
        """The advice of a refusal that may come from a host that the endpoint is not of; else empty."""
        if not endpoint.host or not isinstance(self._caller.base_url, str):
            return ""
        if error.repeat or not isinstance(error, BadStatus | BadPayload | ExchangeRefused):
            return ""
        return f"{_ONE_FOR_ALL.format(urlsplit(endpoint.host).netloc)} {error.advice}"


_ONE_FOR_ALL: Final = (
    "`base_url` stands for {} too: if what is at that address answers for another host only, write a map with an "
    "address for each host. Else:"
)


class _Read:
    """The state of one read."""

    __slots__ = ("beginning", "clock_refused", "give_up_at", "left", "midway", "retries", "time_version", "took")

    def __init__(self, left: float, give_up_at: float) -> None:
        self.left, self.give_up_at = left, give_up_at
        self.retries = self.time_version = 0
        self.midway = self.took = 0.0
        self.clock_refused = 0
        self.beginning = b""


class Transport:
    """Everything that the process asks of exchanges goes through one of these.

    Args:
        clock: the time.
        pacer: the limits.
        meters: told of every request.
        dice: for the jitter of retries.
        tls: whom to trust; None: the system's certificate authorities.
        masked: takes secrets out of what an exchange said, before an error keeps it.
    """

    def __init__(
        self,
        clock: Clock,
        pacer: Pacer,
        meters: Meters,
        dice: Dice,
        tls: ssl.SSLContext | None = None,
        masked: Callable[[str], str] = str,
    ) -> None:
        self._masked = masked
        self._clock, self._pacer, self._meters, self._dice = clock, pacer, meters, dice
        self._wire = Wire(tls)
        self._routes: WeakKeyDictionary[Caller, _Route] = WeakKeyDictionary()
        self._large = Turns(clock)
        self._times: dict[tuple[str, str, str | None], ExchangeTime] = {}
        # Kept by the routes of its key: a key that nobody uses any more is forgotten.
        self._rising: WeakValueDictionary[Secret | None, RisingTimestamps] = WeakValueDictionary()

    async def close(self) -> None:
        """Close every connection."""
        await self._wire.close()

    def clock_offsets(self) -> Mapping[str, float]:
        """Exchange -> seconds that its clock is ahead of our wall clock now; the worst of its measured hosts."""
        worst: dict[str, float] = {}
        for (exchange, *_), time in self._times.items():
            offset = time.offset()
            if offset is not None and abs(offset) >= abs(worst.get(exchange, 0.0)):
                worst[exchange] = offset
        return worst

    async def read(self, caller: Caller, reader: Reader[T], *, timeout: float, give_up_at: float) -> T:
        """Drive a reader to its result; it is closed in any case.

        A failure leaves here bare: it holds nothing of what was read.

        Args:
            caller: who asks.
            reader: what is asked.
            timeout: seconds for all of its requests with their retries; waiting for the rate limits is not counted.
            give_up_at: moment of `Clock.now` until which the rate limits are waited for.

        Raises:
            PollError: the read failed.
            Skipped: the rate limits, or a pause, allow nothing before `give_up_at`.
        """
        state = _Read(timeout, give_up_at)
        try:
            return await self._converse(caller, reader, state)
        except Skipped:
            raise
        except PollError as error:
            error.args = (self._masked(str(error)),)
            if "advice" in vars(error):  # an error's own: it may quote the exchange
                error.advice = self._masked(error.advice)
            if isinstance(error, BadPayload | BadStatus) and log.isEnabledFor(logging.DEBUG):
                log.debug(
                    "%s, account %s: %s; the body begins %s",
                    caller.exchange.name,
                    caller.account,
                    error,
                    beginning(state.beginning),
                )
            failure = error.bare()
        except RecursionError:
            failure = BadPayload("the answer is nested too deep")
        except Exception as error:
            log.exception("A read of %s, account %s, met a bug", caller.exchange.name, caller.account)
            failure = InternalError(f"{type(error).__name__} while reading")
        try:
            raise failure
        finally:
            del failure  # else this frame and the traceback that holds it would hold each other

    async def _converse(self, caller: Caller, reader: Reader[T], state: _Read) -> T:
        try:
            route = self._routes.get(caller) or self._route(caller)
            answer: Any = None
            while True:
                try:
                    request = reader.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                if isinstance(request, Pause):
                    answer = None
                    await asyncio.sleep(0)
                elif isinstance(request, Work):
                    answer = await self._done(route, request, state)
                else:
                    answer = await self._ask(route, request, state)
        finally:
            reader.close()

    def _route(self, caller: Caller) -> _Route:
        name, base = caller.exchange.name, caller.base
        # By proxy as well: one that is dead must hold back nobody else's first request.
        time = self._times.get((name, base, caller.proxy))
        if time is None:
            time = self._times[name, base, caller.proxy] = ExchangeTime(self._clock)
        rising = self._rising.setdefault(caller.credentials.api_key if caller.credentials else None, RisingTimestamps())
        route = self._routes[caller] = _Route(caller, time, rising)
        return route

    async def _ask(self, route: _Route, request: Request, state: _Read) -> Any:
        """The answer to one request, after retries where they can help."""
        failure: PollError | None = None
        while True:
            try:
                return await self._send(route, request, state)
            except Skipped:
                if failure:
                    raise failure from None  # the first attempt was made: it failed, it was not skipped
                raise
            except ClockRefused as error:
                if not await self._time_corrected(route, state):
                    raise
                failure = error.bare()
            except PollError as error:
                delay = full_jitter(self._dice, state.retries, RETRY_BASE, RETRY_CAP)
                delay = max(delay, error.retry_after or 0.0)
                if not error.repeat or state.retries == RETRIES or delay >= state.left:
                    raise
                failure = error.bare()
                state.retries += 1
                state.left -= delay
                await self._clock.sleep(delay)
            self._meters.retried(route.exchange.name)

    async def _send(self, route: _Route, request: Request, state: _Read) -> Any:
        """The answer to one request, sent once."""
        if request.endpoint.signed:
            await self._know_time(route, state)
        await self._wait_for_limits(route, request, state)
        signed = self._target(route, request, state)
        response = await self._get(route, request, signed, state)
        try:
            unwrap = request.endpoint.unwrap or route.api.unwrap
            return unwrap(response.status, await self._payload(route, request.endpoint, response, state))
        except PollError as error:
            if request.endpoint.forbids and response.status == 403 and isinstance(error, BadStatus):
                raise PermissionMissing(str(error), advice=request.endpoint.forbids) from None
            self._heed(route, request, response, error)
            error.advice = route.warned(request.endpoint, error) or error.advice
            raise

    async def _done(self, route: _Route, work: Work, state: _Read) -> Any:
        """What a reader's own work comes to: beside the loop where that would be held up."""
        if work.size <= SMALL:
            return work.run()
        return await self._beside(route, work.size, work.run, state)

    async def _beside(self, route: _Route, size: int, work: Callable[[], T], state: _Read) -> T:
        """What this work returns, done in a thread when it is its turn; it takes its seconds from the read."""
        before = self._clock.now()
        try:
            async with asyncio.timeout(state.left):
                return await self._large.run(route.whose, size, work)
        except TimeoutError:
            raise TimedOut("an answer came, but there was no time left to parse it") from None
        finally:
            state.left -= self._clock.now() - before

    async def _know_time(self, route: _Route, state: _Read) -> None:
        """Measure the exchange's time when that is due; whoever has a time does not wait for another's measurement."""
        time = route.time
        if route.api.time is None:
            return
        if time.due <= self._clock.now() and not (time.version and time.turn.locked()) and await _taken(time.turn):
            try:
                if time.due <= self._clock.now():
                    await self._measure(route, state)
            finally:
                time.turn.release()

    async def _wait_for_limits(self, route: _Route, request: Request, state: _Read) -> None:
        exchange, (place, _) = route.exchange.name, route.place(request.endpoint)
        if waited := await self._pacer.acquire(exchange, place.scopes, request.endpoint, state.give_up_at):
            self._meters.waited(exchange, waited)

    async def _get(self, route: _Route, request: Request, signed: Signed, state: _Read) -> Response:
        """One request, timed and counted; it takes its seconds from what is left of the read."""
        endpoint = request.endpoint
        if state.left <= 0:
            raise TimedOut("no time is left for another request")
        exchange, (place, proxy) = route.exchange.name, route.place(endpoint)
        sent = self._clock.now()
        code, state.beginning = "error", b""
        try:
            # There is one of `rising` for each key.
            call = route.rising.key if endpoint.signed else None, request.path, request.query
            post = signed.body if endpoint.post else None
            response = await self._wire.get(
                place.base + signed.target, signed.headers, proxy, state.left, call, endpoint.most, post
            )
            code = str(response.status)
        finally:
            seconds = self._clock.now() - sent
            state.left -= seconds
            state.midway, state.took = sent + seconds / 2, seconds
            self._meters.requested(exchange, endpoint.path, code, seconds)
        left = route.api.remaining(response.headers)
        if used := route.api.used(endpoint, response.headers):
            self._pacer.used(exchange, place.scopes, endpoint, used)
            known = [limit for limit in endpoint.limits if limit.name in used]
            left = min((max(limit.requests - used[limit.name], 0) for limit in known), default=left)
        if endpoint.signed and left is not None:
            route.quota(endpoint.path, left)
        return response

    def _target(self, route: _Route, request: Request, state: _Read) -> Signed:
        """Path, query and headers of a request that is allowed; everything else ends here, before it is sent.

        Raises:
            InternalError: no endpoint of this API, a path other than the endpoint's, or no credentials to sign with.
            BadPayload: the value in the path, which an answer gave us, is no plain name.
        """
        api, endpoint = route.api, request.endpoint
        if endpoint not in api.endpoints:
            raise InternalError(f"{endpoint.path} is no endpoint of this API: nothing was sent")
        if request.id and not (request.id.isascii() and request.id.replace("-", "").replace("_", "").isalnum()):
            raise BadPayload(f"{shown(request.id)} is no id")
        state.time_version = route.time.version
        if not endpoint.signed:
            signed = api.public(request, route.time.milliseconds())
        elif route.credentials is None:
            raise InternalError(f"{endpoint.path} needs credentials: nothing was sent")
        else:
            moment = route.rising.next(route.time.milliseconds(), never_falls=api.nonce)
            signed = api.sign(request, route.credentials, route.place(endpoint)[0].host, moment)
        target = signed.target
        # Printable, no space, no fragment: so the bytes on the wire are the bytes that were signed.
        if target.partition("?")[0] != request.path or not target.isascii() or not target.isprintable():
            raise InternalError(f"the request for {endpoint.path} came out wrong: nothing was sent")
        if " " in target or "#" in target:
            raise InternalError(f"the request for {endpoint.path} is not percent-encoded: nothing was sent")
        if signed.body and not endpoint.post:
            raise InternalError(f"the request for {endpoint.path} has a body, and is no POST: nothing was sent")
        return signed

    async def _payload(self, route: _Route, endpoint: Endpoint, response: Response, state: _Read) -> Any:
        status, headers, body = response
        if 300 <= status < 400:
            raise redirect(status, headers.get("Location", ""))
        state.beginning = body[:BEGINNING]
        encoding, hint = headers.get("Content-Encoding", "").strip().lower(), route.api.page_hint
        try:
            small, whole = begun(body, encoding)
        except BadPayload:
            if status < 400:
                raise
            return parse(status, b"", hint)  # the status says it all
        state.beginning = small[:BEGINNING]
        if status >= 400 and (refusal := route.api.no_json(state.beginning.decode(errors="replace").strip())):
            raise refusal
        if whole or status >= 400 or not is_json(small):  # neither a refusal nor a page is read to its end
            return parse(status, small, hint)
        size = endpoint.most if encoding else len(body)
        work = partial(opened, status, body, encoding, endpoint.most, hint)
        return await self._beside(route, size, work, state)

    def _heed(self, route: _Route, request: Request, response: Response, error: PollError) -> None:
        """Ask no more for as long as the exchange wants to be left alone."""
        header = retry_after(response.headers.get("Retry-After"), self._clock.wall())
        at = None if error.retry_at is None else seconds_until(error.retry_at, route.time.milliseconds())
        asked = [seconds for seconds in (header, error.retry_after, at) if seconds is not None]
        error.retry_after = bounded_wait(max(asked)) if asked else None
        if at is not None and error.retry_after:
            error.args = (
                f"{error}; nothing is sent until {moment(math.ceil(self._clock.wall() + error.retry_after))}",
            )
        scopes = route.place(request.endpoint)[0].scopes
        if isinstance(error, RateLimited):
            self._pacer.drain(route.exchange.name, scopes, request.endpoint, error.retry_after or 0.0)
            # Who asks unsigned is known by the address alone.
            if error.retry_after and (error.shuts == "ip" or (error.shuts and request.endpoint.signed)):
                self._pacer.pause(getattr(scopes, error.shuts), error.retry_after, banned=False)
        elif isinstance(error, Banned):
            error.retry_after = error.retry_after or route.exchange.ban_seconds
            key = getattr(scopes, route.exchange.ban_scope)
            self._pacer.pause(key, error.retry_after, banned=True)

    async def _time_corrected(self, route: _Route, state: _Read) -> bool:
        """After a refused timestamp: whether another time is known now than that by which it was signed.

        The exchange's is measured first. Where that is refused as well, our own clock has a try: then the exchange's
        time call is wrong.
        """
        time, signed_at = route.time, state.time_version
        state.clock_refused += 1
        if route.api.time is None:
            return route.api.nonce and state.clock_refused == 1  # another request of this key may have overtaken it
        if state.clock_refused > 2:
            time.go_back()
            return False
        if state.clock_refused == 2:
            return time.go_by_ours()
        if await _taken(time.turn):
            try:
                if time.version == signed_at and time.refused():
                    await self._measure(route, state)
            finally:
                time.turn.release()
        if time.version != signed_at:
            return True
        state.clock_refused += 1
        return time.go_by_ours()

    async def _measure(self, route: _Route, state: _Read) -> None:
        """Ask the exchange for its time; never fails. The caller holds the turn."""
        time = route.time
        question = _Read(min(MEASURING, state.left / 2), state.give_up_at)
        patience = question.left
        try:
            told = await self._tell_time(route, question)
            if question.took > LONG and question.left > 0:
                # Setting up the connection may have taken that long; now it is open.
                time.measured(told, question.midway, question.took)
                told = await self._tell_time(route, question)
            time.measured(told, question.midway, question.took)
        except (PollError, Skipped) as error:
            time.failed()
            log.debug("%s does not tell its time: %s", route.exchange.name, error)
        except Exception:
            time.failed()
            log.exception("Reading the time of %s met a bug", route.exchange.name)
        finally:
            state.left -= patience - question.left

    async def _tell_time(self, route: _Route, question: _Read) -> int:
        """What the exchange says its time is, milliseconds since the epoch."""
        assert route.api.time is not None
        reader = route.api.time()
        answer: Any = None
        try:
            while True:
                request = reader.send(answer)
                if isinstance(request, Pause):
                    answer = None
                elif isinstance(request, Work):
                    answer = await self._done(route, request, question)
                else:
                    answer = await self._send(route, request, question)
        except StopIteration as end:
            told: int = end.value
            return told
        finally:
            reader.close()


async def _taken(turn: asyncio.Lock) -> bool:
    """Take the turn unless others keep it for too long; returns whether it was taken."""
    if not turn.locked():
        await turn.acquire()
        return True
    try:
        async with asyncio.timeout(FOR_OTHERS):
            return await turn.acquire()
    except TimeoutError:
        return False


__all__ = ["Caller", "Meters", "Transport"]
