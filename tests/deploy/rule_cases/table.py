"""The form of a rule test: series over time, and which alerts fire when, with which labels and text.

Values are promtool's notation: `6x4` is a sample and four more like it, `1+2x3` rises by 2 three times, `stale` is
what a failed scrape or a withdrawn series leaves, `_` is no sample at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

DAY = 86400


class Alert(NamedTuple):
    """One alert as it must fire: all labels but its name, and the whole description."""

    labels: dict[str, str]
    description: str


@dataclass(frozen=True, slots=True)
class Case:
    """One test group: `silent` and `firing` go by the alert's name and promtool's eval_time."""

    says: str
    series: dict[str, str]
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    firing: dict[str, dict[str, list[Alert]]] = field(default_factory=dict)
    values: tuple[tuple[str, str, dict[str, float]], ...] = ()
    interval: str | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """One file of tests: the rule files that it loads, and how often they are evaluated."""

    name: str
    about: str
    rules: tuple[str, ...]
    cases: tuple[Case, ...]
    interval: str = "1m"


def series(name: str, **labels: str) -> str:
    """Return a series as promtool writes it, scraped from the usual target unless `instance` says otherwise."""
    labels.setdefault("job", "exchange-balance-exporter")
    labels.setdefault("instance", "a:10118")
    text = ",".join(f'{key}="{escape(value)}"' for key, value in labels.items() if value)
    return f"{name}{{{text}}}"


def escape(value: str) -> str:
    """Return a label value as it stands between double quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def wallet_state(
    minutes: int,
    of: dict[str, str],
    fresh: str = "",
    last_success: str = "",
    interval: int = 60,
    stale_after: int = 600,
    instance: str = "a:10118",
) -> dict[str, str]:
    """Return what every wallet has: by default it is read each minute and well for the given time."""
    account = {"exchange": of["exchange"], "account": of["account"], "instance": instance}
    return {
        series("exchange_wallet_fresh", **of, instance=instance): fresh or f"1x{minutes}",
        series("exchange_wallet_last_success_timestamp_seconds", **of, instance=instance): (
            last_success or f"0+60x{minutes}"
        ),
        series("exchange_account_poll_interval_seconds", **account): f"{interval}x{minutes}",
        series("exchange_account_stale_after_seconds", **account): f"{stale_after}x{minutes}",
    }
