"""The effective configuration as YAML, secrets masked: for `check --print`, and the fingerprint of what is running."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import yaml

from exporter.config.mistakes import SECRET_NAMES
from exporter.config.model import Account, Config, Threshold, Total, Valuation
from exporter.config.scalars import DAY, spelled
from exporter.core.credentials import MASK


class _Bare(str):
    """A text that YAML writes without quotes, though it looks like a number or a date."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes lists of words on one line and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def _bare(dumper: yaml.SafeDumper, text: _Bare) -> yaml.Node:
    tag: str = dumper.resolve(yaml.ScalarNode, str(text), (True, False))
    return dumper.represent_scalar(tag, str(text))


def _words(dumper: yaml.SafeDumper, words: Sequence[Any]) -> yaml.Node:
    flow = all(isinstance(word, str) for word in words)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", words, flow_style=flow)


_Dumper.add_representer(_Bare, _bare)
_Dumper.add_representer(list, _words)


def show(config: Config) -> str:
    """The configuration as YAML: each account as it results from defaults and rules, secrets masked.

    It is written account by account: YAML makes a node of every key and value, and those of thousands of accounts at
    once are tens of megabytes, which the garbage collector stops the whole process to look through.
    """
    parts = [_dumped(_tree(config.accounts[:1], config.rate_share, config.valuation, config.totals))]
    for account in config.accounts[1:]:
        parts.append(_dumped({"accounts": [_account(account)]}).removeprefix("accounts:\n"))
    return "".join(parts)


def _dumped(tree: Mapping[str, Any]) -> str:
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def fingerprint(
    accounts: Sequence[Account], rate_share: Mapping[str, float], valuation: Valuation, totals: Sequence[Total]
) -> int:
    """A number below 2**53 (so that a float holds it) that changes with the configuration, but not with secrets."""
    text = json.dumps(_tree(accounts, rate_share, valuation, totals), sort_keys=True)
    return int.from_bytes(sha256(text.encode()).digest()[:8]) >> 11


def _tree(
    accounts: Sequence[Account], rate_share: Mapping[str, float], valuation: Valuation, totals: Sequence[Total]
) -> dict[str, Any]:
    return {
        "rate_share": {name: _Bare(share) for name, share in sorted(rate_share.items())},
        "valuation": {
            "enabled": valuation.enabled,
            "interval": spelled(valuation.interval),
            "pegs": {
                currency: _number(valuation.pegs[currency]) if currency in valuation.pegs else None
                for currency in dict.fromkeys(("USD", "USDT", "USDC", *sorted(valuation.pegs)))
            },
            "also": list(valuation.also),
        },
        "totals": [_total(total) for total in totals],
        "accounts": [_account(account) for account in accounts],
    }


def _account(account: Account) -> dict[str, Any]:
    credentials: dict[str, Any] = {name: MASK for name in SECRET_NAMES if getattr(account.credentials, name)}
    if account.expires is not None:
        day = datetime.fromtimestamp(account.expires - DAY, UTC).strftime("%Y-%m-%d")
        credentials["expires"] = _Bare(day)
    tree: dict[str, Any] = {
        "name": account.name,
        "exchange": account.exchange,
        "credentials": credentials,
        "wallets": None if account.wallets is None else list(account.wallets),
        "interval": spelled(account.interval),
        "timeout": spelled(account.timeout),
        "stale_after": spelled(account.stale_after),
        "labels": dict(account.labels),
        "thresholds": [_threshold(each) for each in account.thresholds],
        "usd": {severity: _number(amount) for severity, amount in account.usd.items()},
        "expect": list(account.expect),
        "currencies": {"include": list(account.include), "exclude": list(account.exclude)},
        "min_usd": _number(account.min_usd),
        "max_currencies": account.max_currencies,
        "shard_key": account.shard_key or None,
        "options": dict(account.options),
        "base_url": dict(account.base_url) if isinstance(account.base_url, Mapping) else account.base_url,
        "proxy": None if account.proxy is None else _masked(account.proxy),
    }
    return {key: value for key, value in tree.items() if value not in (None, {}) or key == "credentials"}


def _threshold(threshold: Threshold) -> dict[str, Any]:
    return {
        "currency": threshold.currency,
        "wallet": threshold.wallet,
        "of": threshold.of,
        **{severity: _number(amount) for severity, amount in threshold.amounts.items()},
    }


def _total(total: Total) -> dict[str, Any]:
    over = total.over
    match = {
        "account": list(over.account),
        "exchange": list(over.exchange),
        "label": {name: list(patterns) for name, patterns in over.label.items()},
    }
    amounts = {severity: _number(amount) for severity, amount in total.amounts.items()}
    tree = {"name": total.name, "match": {key: patterns for key, patterns in match.items() if patterns}}
    tree |= {"currency": total.currency, **amounts} if total.currency else {"usd": amounts}
    return {key: value for key, value in tree.items() if value}


def _number(number: Decimal) -> _Bare:
    return _Bare(f"{number:f}" if abs(number.adjusted()) < 30 else str(number))


def _masked(url: str) -> str:
    """The URL of a proxy without the user and password that it may hold."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=f"{MASK}@{parts.netloc.rpartition('@')[2]}").geturl()
