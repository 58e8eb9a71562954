"""One account at one API: where its requests go, what signs them, which limits they count against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from exporter.core.credentials import Credentials
from exporter.exchanges.base import Api, Exchange
from exporter.transport.limits import Scopes


def _unheard(endpoint: str, left: int) -> None:
    del endpoint, left


class Place(NamedTuple):
    """Where a request goes.

    Attributes:
        base: scheme, host and maybe a path, without a slash at the end.
        host: the host that is really called, lower case, without port: what a signature over the host signs.
        scopes: whose limits the request counts against; no exchange shares a limit with another.
    """

    base: str
    host: str
    scopes: Scopes


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Caller:
    """Who asks: one account at one API, or with no credentials the public.

    Attributes:
        exchange: names the metrics and the share of the limits.
        api: whose endpoints, signature and envelope.
        account: the account's name.
        credentials: what signs; None for public requests only.
        base_url: in place of every host of the exchange: a URL, or a map from host name to URL.
        proxy: URL of a proxy; None leaves it to the environment.
        rate_group: accounts of one group share the limits of one user; empty: the key is its own user.
        quota: told for an endpoint's path how many requests are left, whenever the exchange says so.
    """

    exchange: Exchange
    api: Api
    account: str
    credentials: Credentials | None
    base_url: str | Mapping[str, str] | None
    proxy: str | None
    rate_group: str
    quota: Callable[[str, int], None] = _unheard

    @property
    def base(self) -> str:
        """Where the API is: scheme, host and maybe a path, without a slash at the end."""
        return self.place("").base

    def place(self, host: str) -> Place:
        """Where the endpoints are that name this host; those that name none are at the API's."""
        url = host or self.api.host
        if isinstance(self.base_url, str):
            url = self.base_url
        elif self.base_url is not None:
            url = self.base_url.get(urlsplit(url).netloc, url)
        parts = urlsplit(url)
        name, key = self.exchange.name, self.credentials.api_key if self.credentials else None
        address = (name, parts.netloc, self.proxy)
        scopes = Scopes(ip=address, uid=(name, self.rate_group or key), key=(name, key))
        return Place(url.rstrip("/"), parts.hostname or "", scopes)
