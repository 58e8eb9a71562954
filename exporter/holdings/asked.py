"""What the configuration asks for by names of wallets: which are read, which are required, and what the limits are on.

A group, such as `isolated_margin`, stands for each of its wallets, `isolated_margin/BTCUSDT`.
"""

from collections.abc import Mapping
from decimal import Decimal

from exporter.config import ALL, Account, Threshold
from exporter.holdings.publisher import Limit
from exporter.holdings.shown import wallet_of
from exporter.holdings.wallet import Wallet


def is_required(account: Account, main: str, name: str) -> bool:
    """Whether the account is up only when this wallet was read; one that `all` alone asks for is not required."""
    named = account.wallets or ()
    asked_in_part = any(_family(each) == name and each != name for each in named)
    return name == main or any(each in named for each in (name, _family(name))) or asked_in_part


def asks_for(account: Account, group: str, part: str) -> bool:
    """Whether a wallet of a group that is read is wanted: each is, unless the configuration names some of them."""
    named = account.wallets
    return named is None or group in named or ALL in named or part in named


def limited_parts(account: Account) -> list[str]:
    """Wallets of groups that a threshold names: they exist whatever the exchange lists."""
    return [each.wallet for each in account.thresholds if "/" in each.wallet]


def named_parts(account: Account, group: str) -> list[str]:
    """Wallets of a group that the configuration names: they exist whatever the answer says."""
    named = (*(account.wallets or ()), *limited_parts(account))
    return list(dict.fromkeys(name for name in named if _family(name) == group and name != group))


def limits(account: Account, main: str, wallets: Mapping[str, Wallet]) -> tuple[Limit, ...]:
    """Each limit once, though `main` and the name that the main wallet has now may both be configured.

    One on a group is one on each of its wallets that has the currency; one on such a wallet itself comes first.
    """
    found: dict[tuple[str, str, str, str], Decimal] = {}
    for each in sorted(account.thresholds, key=lambda each: "/" in each.wallet):
        for wallet in _limited(each, main, wallets):
            found |= {(wallet, each.currency, each.of, severity): n for severity, n in each.amounts.items()}
    return tuple(Limit(*which, amount) for which, amount in found.items())


def is_limited_by_group(account: Account, name: str) -> bool:
    """Whether a threshold on its group is about this wallet too."""
    family = _family(name)
    return family != name and any(each.wallet == family for each in account.thresholds)


def _limited(threshold: Threshold, main: str, wallets: Mapping[str, Wallet]) -> list[str]:
    """Names of the wallets that a threshold is about."""
    name, currency = wallet_of(threshold.wallet, main), threshold.currency
    group = wallets.get(name)
    parts = [each for each in wallets.values() if each.name != name and _family(each.name) == name]
    if not parts and (group is None or not group.many):
        return [name]
    return [each.name for each in parts if any(row.label == currency for row in each.rows)]


def _family(name: str) -> str:
    """What stands before the slash: `isolated_margin` of `isolated_margin/BTCUSDT`; the name itself without one."""
    return name.partition("/")[0]
