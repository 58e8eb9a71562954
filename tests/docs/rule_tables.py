"""The table of deploy/prometheus/README.md: each recording rule, what it reads, and who reads it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from grafana.pictures.queries import panels
from tests.grafana.promql import selectors

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
DASHBOARDS: Final = ROOT / "grafana" / "dashboards"
_RECORD: Final = re.compile(r"\b[a-z_]+:exchange_\w+:\w+")
_EVERY_COIN: Final = {f"exchange_balance_{amount}" for amount in ("available", "frozen", "locked", "net", "usd")}


def groups() -> Iterator[dict[str, Any]]:
    """Every group of rules, in the order of files."""
    for path in sorted(RULES.glob("*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]


def readers() -> dict[str, set[str]]:
    """Who reads each recorded series: alerts and dashboards by name, other recording rules by what they record."""
    found: dict[str, set[str]] = {}
    for group in groups():
        for rule in group["rules"]:
            name = rule.get("alert") or rule["record"]
            for record in set(_RECORD.findall(str({**rule, "record": ""}))):
                found.setdefault(record, set()).add(name)
    for path in DASHBOARDS.glob("*.json"):
        for panel in panels(json.loads(path.read_text(encoding="utf-8"))):
            for target in panel.get("targets", []):
                for record in set(_RECORD.findall(target["expr"])):
                    found.setdefault(record, set()).add(f"{path.stem.capitalize()} dashboard")
    return found


def passes(expr: str) -> int:
    """How often an expression reads a family that has a series for every coin of every wallet."""
    return sum(str(selector.name) in _EVERY_COIN for selector, _ in selectors(expr))


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Each recorded series: its name, how often, by which group, its passes over every coin, and its readers."""
    known = readers()
    for group in groups():
        recorded: dict[str, int] = {}
        for rule in group["rules"]:
            if "record" in rule:
                recorded[rule["record"]] = recorded.get(rule["record"], 0) + passes(rule["expr"])
        for record, count in recorded.items():
            read = sorted(known.get(record, set()) - {record}, key=lambda name: (":" in name, name))
            every = group.get("interval", "default")
            told = ", ".join(f"`{name}`" if ":" in name else name for name in read) or "nobody here; for you"
            yield f"`{record}`", group["name"].removeprefix("exchange-"), every, str(count or "–"), told
