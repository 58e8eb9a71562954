"""Through which proxy requests to a host go: the account's own, or what the usual environment variables say.

The variables mean what they mean to curl: `https_proxy`, else `all_proxy`; hosts, domains and networks in `no_proxy`
are asked directly, and so is this machine itself: keys never pass a proxy in clear.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from exporter.core.addresses import is_loopback
from exporter.core.errors import Unreachable


class Proxy(NamedTuple):
    """Where requests go first, and the header that lets them through."""

    url: URL
    login: Mapping[str, str]


_ADVICE: Final = (
    "Set `proxy`, or the environment's `https_proxy` or `all_proxy`, to an http or https proxy; what stands in "
    "`no_proxy` is asked directly."
)


def proxy_for(base: str, chosen: str | None) -> Proxy | None:
    """The proxy for a host: the chosen one, or what the environment says.

    Raises:
        Unreachable: no address, or a kind of proxy that cannot be used.
    """
    text = chosen if chosen is not None else _of_environment(URL(base))
    if not text:
        return None
    try:
        proxy: URL | None = URL(text if "://" in text else f"http://{text}")
    except ValueError:  # its text may quote a password
        proxy = None
    if proxy is None:
        raise Unreachable("the address of the proxy is no URL", repeat=False, advice=_ADVICE)
    if proxy.scheme not in {"http", "https"}:
        kind = f"a proxy of the kind {proxy.scheme!r} cannot be used"
        raise Unreachable(kind, repeat=False, advice=_ADVICE)
    if proxy.user is None:
        return Proxy(proxy, {})
    login = aiohttp.encode_basic_auth(proxy.user, proxy.password or "")
    return Proxy(proxy.with_user(None), {"Proxy-Authorization": login})


def _of_environment(url: URL) -> str | None:
    host, proxies = url.host or "", getproxies()
    if is_loopback(host) or proxy_bypass(f"{host}:{url.port}") or _in_networks(host, proxies.get("no", "")):
        return None
    return proxies.get(url.scheme) or proxies.get("all")


def _in_networks(host: str, exceptions: str) -> bool:
    """Whether the host is an address in one of the exceptions that are addresses or networks, such as 10.0.0.0/8."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    for each in re.split(r"[,\s]+", exceptions):
        try:
            if address in ip_network(each.strip("[]"), strict=False):
                return True
        except ValueError:
            continue
    return False
