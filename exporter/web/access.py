"""Who is let in, and how: the rules of the web configuration file, for each connection and each request."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from exporter.core.web_config import OPEN, RateLimit, WebConfig
from exporter.web import tls
from exporter.web.answers import text

if TYPE_CHECKING:
    from exporter.web.telling import Rarely
    from exporter.web.users import Users

_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="exchange-balance-exporter", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Rules:
    """A web configuration, ready to be used.

    Attributes:
        config: what the file says.
        tls: what connections are encrypted with; None for plain HTTP.
        users: None where no password is asked for.
    """

    config: WebConfig = OPEN
    tls: ssl.SSLContext | None = None
    users: Users | None = None


def rules(config: WebConfig) -> Rules:
    """Make a web configuration ready to be used: for a thread, since certificates are parsed.

    Raises:
        ConfigError: its certificates cannot be used; carries every mistake.
    """
    users = None
    if config.users:
        from exporter.web.users import Users  # with bcrypt, which nobody needs who has no users

        users = Users(config.users)
    return Rules(config, None if config.tls is None else tls.context(config.tls), users)


class Access:
    """The rules in force; they may be replaced at any time.

    Attributes:
        rules: see `Rules`.
    """

    def __init__(self, first: Rules, rarely: Rarely) -> None:
        """Args:
        first: the rules in the beginning.
        rarely: tells of who is not let in.
        """
        self.rules = first
        self._rarely = rarely
        self._bucket = _bucket(first.config.rate)

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer has besides, or instead of our own."""
        return self.rules.config.headers

    def tls(self) -> ssl.SSLContext | None:
        """What the next connection is encrypted with; None for plain HTTP."""
        return self.rules.tls

    def replace(self, other: Rules) -> bool:
        """Use other rules from now on; whether those of connections changed. Known passwords stay known."""
        before, self.rules = self.rules, other
        if before.config.users == other.config.users:
            self.rules = Rules(other.config, other.tls, before.users)
        if before.config.rate != other.config.rate:
            self._bucket = _bucket(other.config.rate)
        return before.config.tls != other.config.tls

    def limited(self) -> web.Response | None:
        """The answer to a request beyond the rate that is allowed, or None."""
        if self._bucket is None or self._bucket.take(asyncio.get_running_loop().time()):
            return None
        seconds = math.ceil(self._bucket.interval)
        return text(429, "More requests than rate_limit allows.", {"Retry-After": str(seconds)})

    async def refusal(self, request: web.BaseRequest, client: str) -> web.Response | None:
        """The answer to who shows no allowed certificate, or no password of a user; None for who is let in.

        Args:
            request: what is asked.
            client: whom its connection counts for.
        """
        ruled = self.rules
        if ruled.config.tls is not None and (allowed := ruled.config.tls.allowed_sans):
            shown = request.transport.get_extra_info("peercert") if request.transport is not None else None
            if tls.names(shown).isdisjoint(allowed):
                self._rarely.warn("a client whose certificate bears no allowed name is refused", client=client)
                return text(403, "Your certificate bears none of the names in client_allowed_sans.")
        if ruled.users is None:
            return None
        return await self._unknown(ruled.users, ",".join(request.headers.getall("Authorization", ())), client)

    async def _unknown(self, users: Users, authorization: str, client: str) -> web.Response | None:
        from exporter.web.users import login

        said = login(authorization)
        known = said is not None and await users.know(said, client)
        if known:
            return None
        if known is None:
            self._rarely.warn("more passwords than can be checked; some requests get 503", client=client)
            return text(503, "Too many passwords are being checked. Ask again in a moment.", {"Retry-After": "1"})
        if said is not None:
            self._rarely.warn("a request with a wrong user or password is refused", client=client)
        return text(401, "A user and a password are needed here.", _CHALLENGE)


class _Bucket:
    """A token bucket.

    Attributes:
        interval: seconds after which there is one more.
    """

    def __init__(self, limit: RateLimit) -> None:
        self.interval = limit.interval
        self._burst = float(limit.burst)
        self._level = self._burst
        self._at = -math.inf

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        self._level = min(self._burst, self._level + (now - self._at) / self.interval)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


def _bucket(limit: RateLimit | None) -> _Bucket | None:
    return None if limit is None else _Bucket(limit)
