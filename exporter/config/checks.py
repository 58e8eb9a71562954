"""From the layers of one account to the account: what an exchange knows, and what has to fit together."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from exporter.config.merge import Found, Stack
from exporter.config.mistakes import listed, nearest, quoted
from exporter.config.model import ALL, SEVERITIES, Account, Threshold
from exporter.config.scalars import spelled
from exporter.config.secrets import Resolved
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import AUTO, Api, Exchange

RATE_GROUP: Final = "rate_group"


def account(stack: Stack, exchange: Exchange, resolved: Resolved | None) -> Account | None:
    """Check everything about one account and build it; None when there is anything in the report about it."""
    options = _options(stack, exchange)
    known = Wallets.of(exchange, options)
    interval, timeout, stale_after = _times(stack)
    wallets = _wallets(stack, exchange, known)
    thresholds = _thresholds(stack, known, wallets)
    usd = _usd(stack)
    base_url = _base_url(stack, exchange)
    _no_proxy_over_http(stack, base_url)
    _hosts_apart(stack, base_url, known, wallets)
    if resolved is None:
        return None
    patterns = stack.merged("currencies")
    return Account(
        name=stack.name,
        exchange=exchange.name,
        credentials=resolved.credentials,
        secret_files=resolved.files,
        expires=resolved.expires,
        wallets=wallets,
        interval=interval,
        timeout=timeout,
        stale_after=stale_after,
        labels=MappingProxyType(_values(stack.merged("labels"))),
        thresholds=thresholds,
        usd=MappingProxyType(usd),
        expect=_value(stack.get("expect"), ()),
        include=_value(patterns.get("include"), ("*",)),
        exclude=_value(patterns.get("exclude"), ()),
        min_usd=_value(stack.get("min_usd"), Decimal(0)),
        max_currencies=_value(stack.get("max_currencies"), 500),
        shard_key=_value(stack.get("shard_key"), ""),
        options=MappingProxyType(options),
        base_url=base_url,
        proxy=_value(stack.get("proxy"), None),
    )


def _value(found: Found | None, default: Any) -> Any:
    return default if found is None else found.value


def _values(found: Mapping[str, Found]) -> dict[str, Any]:
    return {name: each.value for name, each in found.items()}


def _options(stack: Stack, exchange: Exchange) -> dict[str, str]:
    """The options that this exchange knows; inherited ones that only others know are left alone."""
    own = [each for each in (exchange.option, RATE_GROUP) if each]
    options: dict[str, str] = {}
    for name, found in stack.merged("options").items():
        if name == RATE_GROUP:
            options[name] = found.value
        elif name and name == exchange.option:
            values = [*exchange.apis, *([AUTO] if exchange.probes else [])]
            if found.value in values:
                options[name] = found.value
            else:
                near = nearest(found.value, values) or f"; there are {listed(values, 'and')}"
                stack.add(found, f"unknown value {quoted(found.value)}{near}")
        elif found.layer.own or all(name != each.option for each in EXCHANGES.known()):
            near = nearest(name, own) or f"; it knows {listed(own, 'and')}"
            stack.add(found, f"{exchange.name} has no such option{near}")
    return options


@dataclass(frozen=True, slots=True)
class Wallets:
    """The wallets of the APIs that may serve an account.

    Attributes:
        apis: one, or with `auto` each that the answers may prove.
        open: whether the exchange lists the wallets itself, so that any name may turn out to exist.
        others: the exchange's other APIs.
        elsewhere: what only those have: no mistake, since an account changes its mode, but not read.
    """

    apis: tuple[Api, ...]
    open: bool
    others: tuple[Api, ...]
    elsewhere: frozenset[str]

    @classmethod
    def of(cls, exchange: Exchange, options: Mapping[str, str]) -> "Wallets":
        """What the exchange can read under these options."""
        apis = exchange.apis_for(options)
        names = {name for api in exchange.apis.values() for name in api.wallets}
        elsewhere = names.difference(*(api.wallets for api in apis))
        others = tuple(api for api in exchange.apis.values() if api not in apis)
        return cls(apis, any(api.discover is not None for api in apis), others, frozenset(elsewhere))

    def main(self, name: str) -> str:
        """`main` for every name of the main wallet, other names as they are."""
        return "main" if any(name == api.main for api in self.apis) else name

    def knows(self, name: str) -> bool:
        """Whether a wallet of this name can be read, be it in another mode of the account."""
        return self.open or name in self.named or name in self.elsewhere or name.partition("/")[0] in self.groups

    def is_elsewhere(self, name: str) -> bool:
        """Whether the wallet, or the group that it is of, is one of another mode only."""
        return name in self.elsewhere or name.partition("/")[0] in self.elsewhere

    @property
    def named(self) -> frozenset[str]:
        """Every wallet that is known before the exchange is asked."""
        return frozenset(("main", *(self.main(name) for api in self.apis for name in api.wallets)))

    @property
    def groups(self) -> frozenset[str]:
        """The names that stand for several wallets of one answer, also in another mode of the account."""
        every = (*self.apis, *self.others)
        return frozenset(name for api in every for name, wallet in api.wallets.items() if wallet.many)

    @property
    def default(self) -> frozenset[str]:
        """The wallets that are read when none is named."""
        names = (self.main(name) for api in self.apis for name, wallet in api.wallets.items() if wallet.default)
        return frozenset(("main", *names))

    def is_overview(self, name: str) -> bool:
        """Whether the wallet is the exchange's own value per wallet, without balances."""
        return any(name in api.wallets and api.wallets[name].overview for api in self.apis)


def _times(stack: Stack) -> tuple[float, float, float]:
    interval: float = _value(stack.get("interval"), 30.0)
    timeout: float = _value(stack.get("timeout"), min(10.0, 0.8 * interval))
    found = stack.get("stale_after")
    stale_after: float = _value(found, max(5 * interval, 600.0))
    if 0 < stale_after < interval + timeout and not stack.broken("interval", "timeout", "stale_after"):
        stated, least = spelled(stale_after) + ("" if found else " by default"), spelled(interval + timeout)
        text = (
            f"stale_after is {stated}, less than interval + timeout ({least}), so good values would go before the "
            "next read; raise stale_after, or write 0 to have them go when a read fails"
        )
        stack.add(found or stack.get("timeout"), text)
    return interval, timeout, stale_after


def _wallets(stack: Stack, exchange: Exchange, known: Wallets) -> tuple[str, ...] | None:
    found = stack.get("wallets")
    if found is None or stack.broken("options"):
        return None
    names: list[str] = []
    for index, each in enumerate(found.value):
        name, place = known.main(each), Found(None, found.layer, ("wallets", index))
        if name != ALL and not known.knows(name):
            near = nearest(each, {*known.named, ALL}) or f"; there are {listed(sorted(known.named), 'and')}"
            stack.add(place, f"{exchange.name} has no wallet {quoted(each)}{near}")
        elif joined := _joined(name):
            stack.add(place, f"{_NO_SIGN} {joined}")
        elif name in names:
            stack.add(place, f"{quoted(each)} is the main wallet, which is listed already; keep one")
        names.append(name)
    return tuple(names)


def _thresholds(stack: Stack, known: Wallets, wallets: tuple[str, ...] | None) -> tuple[Threshold, ...]:
    if stack.broken("thresholds"):
        return ()
    everything = wallets is not None and ALL in wallets
    read = known.default if wallets is None else frozenset(("main", *wallets))
    read = frozenset(name for name in read if not known.is_elsewhere(name))
    if everything:
        read |= known.named
    anything = known.open and (wallets is None or everything)
    thresholds = []
    for (currency, wallet, of), amounts in stack.thresholds(known.main).items():
        first = next(iter(amounts.values()))
        place = Found(None, first.layer, first.path[:2])
        may_be_listed = anything and wallet not in known.named
        if known.is_overview(wallet):
            stack.add(place, f"{wallet} is no wallet but the exchange's own value of each; watch the wallet itself")
        elif wallet == ALL:
            stack.add(place, "all is no wallet; give each wallet that you watch a threshold of its own")
        elif joined := _joined(wallet):
            stack.add(place, f"{_NO_SIGN} {joined}")
        elif not (may_be_listed or _is_read(wallet, read)) and not stack.broken("wallets", "options"):
            text = f"the wallet {quoted(wallet)} is not read, so this would never fire; "
            text += "it is one of another mode" if known.is_elsewhere(wallet) else "add it to `wallets`"
            stack.add(place, text + (nearest(wallet, read) if wallet not in known.named else ""))
        _ordered(stack, amounts)
        thresholds.append(Threshold(currency, wallet, "available" if of == "available" else "net", **_values(amounts)))
    return tuple(thresholds)


_NO_SIGN: Final = "the wallet of a pair is named without a sign between the coins; write"


def _joined(wallet: str) -> str:
    """The name of a pair's wallet as every exchange's pairs are written; empty where it is written so already.

    BitMart writes `BTC_USDT` itself. No wallet of ours has such a name: asked for, it would read as one that holds
    nothing, and a limit on it would speak of that nothing.
    """
    family, slash, pair = wallet.partition("/")
    joined = f"{family}{slash}{re.sub('[-_/]', '', pair)}"
    return "" if joined == wallet else joined


def _is_read(wallet: str, read: Set[str]) -> bool:
    """Whether a wallet, its group, or a wallet of that group is among those that are read."""
    return wallet in read or wallet.partition("/")[0] in read or any(name.startswith(f"{wallet}/") for name in read)


def _usd(stack: Stack) -> dict[str, Decimal]:
    amounts = stack.merged("usd")
    if not stack.broken("usd"):
        _ordered(stack, amounts)
    return {severity: amounts[severity].value for severity in SEVERITIES if severity in amounts}


def _ordered(stack: Stack, amounts: Mapping[str, Found]) -> None:
    for severity, text in out_of_order(_values(amounts)):
        stack.add(amounts[severity], text)


def out_of_order(amounts: Mapping[str, Decimal]) -> Iterator[tuple[str, str]]:
    """What is wrong with which severity: critical is at most warning, and the target at least both."""
    warning, critical, target = (amounts.get(severity) for severity in SEVERITIES)
    if warning is not None and critical is not None and critical > warning:
        yield "critical", f"critical {critical} is above warning {warning}; a balance falls through warning first"
    for name, low in (("warning", warning), ("critical", critical)):
        if target is not None and low is not None and target < low:
            yield "target", f"target {target} is below {name} {low}; filling up to it would leave the alert on"
            break


def _base_url(stack: Stack, exchange: Exchange) -> str | Mapping[str, str] | None:
    found = stack.get("base_url")
    if found is None:
        return None
    if isinstance(found.value, str):
        return found.value
    hosts = exchange.hosts
    for host in found.value:
        inherited = not found.layer.own and any(host in each.hosts for each in EXCHANGES.known())
        if host not in hosts and not inherited:
            text = f"maps a host that {exchange.name} does not have; its hosts are {listed(sorted(hosts), 'and')}"
            stack.add(Found(None, found.layer, (*found.path, host)), text)
    urls = {host: url for host, url in found.value.items() if host in hosts}
    return MappingProxyType(urls) if urls else None


def _no_proxy_over_http(stack: Stack, base_url: str | Mapping[str, str] | None) -> None:
    """Plain http is for this machine; on the way through a proxy anybody could read the key."""
    proxy = stack.get("proxy")
    urls = (base_url,) if isinstance(base_url, str) else (base_url or {}).values()
    if proxy is not None and any(url.startswith("http:") for url in urls):
        way_out = "write no proxy" if proxy.layer.own else "write `proxy: null` there"
        stack.add(proxy, f"cannot be used with a base_url over http: the key would pass the proxy in clear; {way_out}")


def _hosts_apart(
    stack: Stack, base_url: str | Mapping[str, str] | None, known: Wallets, wallets: tuple[str, ...] | None
) -> None:
    """Hosts that share a path must not become one address: one wallet's answer would be served as the other's."""
    found = stack.get("base_url")
    if found is None or base_url is None:
        return
    for api in known.apis:
        names = {api.main if name == "main" else name for name in (known.default if wallets is None else wallets)}
        read = names if names <= api.wallets.keys() else api.wallets  # another name may stand for any of them
        hosts: dict[tuple[str, str], str] = {}
        for endpoint in [each for name in sorted(read) for each in api.wallets[name].endpoints]:
            origin = endpoint.host or api.host
            host = urlsplit(origin).netloc
            url = base_url if isinstance(base_url, str) else base_url.get(host, origin)
            other = hosts.setdefault((url, endpoint.path), host)
            if other != host:
                text = "is one address for {}, which answer differently at the same path; write a map with one for each"
                stack.add(found, text.format(listed(sorted((host, other)), "and")))
                return
