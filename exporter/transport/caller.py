"""One account at one API: where its requests go, what signs them, which limits they count against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from exporter.core.credentials import Credentials
from exporter.exchanges.base import Api, Exchange
from exporter.transport.limits import Scopes


def _unheard(endpoint: str, left: int) -> None:
    del endpoint, left


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Caller:
    """Who asks: one account at one API, or with no credentials the public.

    Attributes:
        exchange: names the metrics and the share of the limits.
        api: whose endpoints, signature and envelope.
        account: the account's name.
        credentials: what signs; None for public requests only.
        base_url: in place of the API's host: a URL, or a map from host name to URL.
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
        """Scheme, host and maybe a path, without a slash at the end."""
        if isinstance(self.base_url, str):
            return self.base_url.rstrip("/")
        if self.base_url is not None:
            return self.base_url.get(urlsplit(self.api.host).hostname or "", self.api.host).rstrip("/")
        return self.api.host

    @property
    def host(self) -> str:
        """The host that is really called, lower case, without port: what a signature over the host signs."""
        return urlsplit(self.base).hostname or ""

    @property
    def scopes(self) -> Scopes:
        """Whose limits its requests count against; no exchange shares a limit with another."""
        name = self.exchange.name
        key = self.credentials.api_key if self.credentials else None
        address = (name, urlsplit(self.base).netloc, self.proxy)
        return Scopes(ip=address, uid=(name, self.rate_group or key), key=(name, key))
