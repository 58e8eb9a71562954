"""Through which proxy requests to a host go: the account's own, or what the usual environment variables say."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from exporter.core.errors import Unreachable


class Proxy(NamedTuple):
    """Where requests go first, and the header that lets them through."""

    url: URL
    login: Mapping[str, str]


_PROXY_ADVICE: Final = "Set `proxy`, or the environment's proxy variables, to an http or https proxy."


def proxy_for(base: str, chosen: str | None) -> Proxy | None:
    """The proxy for a host: the chosen one, or what the usual environment variables say.

    Raises:
        Unreachable: no address, or a kind of proxy that cannot be used.
    """
    url = URL(base)
    text = chosen
    if text is None and not proxy_bypass(f"{url.host}:{url.port}"):
        text = getproxies().get(url.scheme)
    if not text:
        return None
    try:
        proxy: URL | None = URL(text if "://" in text else f"http://{text}")
    except ValueError:  # its text may quote a password
        proxy = None
    if proxy is None:
        raise Unreachable("the address of the proxy is no URL", repeat=False, advice=_PROXY_ADVICE)
    if proxy.scheme not in {"http", "https"}:
        kind = f"a proxy of the kind {proxy.scheme!r} cannot be used"
        raise Unreachable(kind, repeat=False, advice=_PROXY_ADVICE)
    if proxy.user is None:
        return Proxy(proxy, {})
    login = aiohttp.encode_basic_auth(proxy.user, proxy.password or "")
    return Proxy(proxy.with_user(None), {"Proxy-Authorization": login})
