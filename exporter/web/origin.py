"""Whom the web server answers: the names by which it may be asked, and from which pages it may be told to do something.

A page on the internet can have its own name point at this machine (DNS rebinding) and read what is served on loopback,
and it can send forms anywhere. The name in `Host` and the page in `Origin` give both away.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from exporter.core.settings import ExternalUrl

_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@\[\]]+))(?::[0-9]{0,5})?")


def host_name(host: str) -> str | None:
    """The name or address in a `Host` header, in lower case, without port, brackets and last dot; None if malformed."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower().removesuffix(".") if found is not None else None


def only_loopback(addresses: Iterable[str]) -> bool:
    """Whether nobody but this machine can connect to these addresses, each as the system writes it."""
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)


class Origins:
    """Which requests are answered, by their headers.

    Attributes:
        any_name: whether others than this machine may connect, so that any name is answered.
    """

    def __init__(self, external: Sequence[ExternalUrl]) -> None:
        """Args: `external` are the addresses under which the exporter is reached."""
        self._external = tuple(external)
        self.any_name = False

    def known(self, host: str) -> bool:
        """Whether a request with this `Host` may be answered; where others may connect, any may (`any_name`)."""
        if self.any_name:
            return True
        name = host_name(host)
        if name is None:
            return False
        return name == "localhost" or name.endswith(".localhost") or _is_address(name) or self._named(name) is not None

    def foreign(self, headers: Mapping[str, str]) -> bool:
        """Whether a page of another origin sent this request, as its browser says."""
        if headers.get("Sec-Fetch-Site", "none").lower() not in ("none", "same-origin"):
            return True
        origin = headers.get("Origin")
        if origin is None:
            return False
        where = origin.lower().partition("://")[2]
        same = where != "" and where == headers.get("Host", "").lower()
        return not same and all(origin.lower() != each.origin for each in self._external)

    def links(self, host: str | None) -> str:
        """What stands before the links of a page that is asked for by this name.

        The path of the external URL of that name; nothing, so that links are relative, where there is none: behind a
        proxy that changes the name, or asked for directly.
        """
        named = self._named(host_name(host)) if host is not None else None
        return f"{named.path}/" if named is not None else ""

    def _named(self, name: str | None) -> ExternalUrl | None:
        return next((each for each in self._external if each.host == name), None)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
