"""A strict reader of expositions: says what a parser would let pass, and what a user would trip over."""

import re
from typing import Final

from tests.kit.scrape import Samples, Series, lines

_FINITE: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
_RESERVED: Final = ("job", "instance")


def problems(text: str, *, openmetrics: bool = False) -> list[str]:
    """Everything that is wrong with an exposition, in words."""
    found: list[str] = []
    helps: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for line in re.findall(r"^# .*$", text, re.MULTILINE):
        what, name, rest = (*line[2:].split(" ", 2), "", "")[:3]
        known = {"HELP": helps, "TYPE": kinds}.get(what)
        if known is None:
            found += [] if openmetrics and line == "# EOF" else [f"unknown comment: {line}"]
        elif name in known:
            found.append(f"second {what} of {name}")
        else:
            known[name] = rest
    found += [f"double quotes in the help of {name}" for name, told in helps.items() if '"' in told]
    found += [f"HELP or TYPE is missing for {name}" for name in helps.keys() ^ kinds.keys()]
    if not text.endswith("\n") or (openmetrics and not text.endswith("\n# EOF\n")) or text.count("# EOF") > openmetrics:
        found.append("wrong end")
    return found + _in_order(text, kinds, openmetrics) + _samples(text, kinds, openmetrics)


def differences(text: str, openmetrics: str) -> list[str]:
    """Samples that one of the two formats of the same exposition has, and the other has not."""
    one, other = Samples(text).items(), Samples(openmetrics).items()
    return [f"only in one format: {sample}" for sample in (*(one - other), *(other - one))]


def _in_order(text: str, kinds: dict[str, str], openmetrics: bool) -> list[str]:
    found: list[str] = []
    done: set[str] = set()
    current = ""
    for line in text.removesuffix("\n").split("\n"):
        if line == "# EOF":
            continue
        name = line.split(" ")[2] if line.startswith("# ") else _family(re.split("[{ ]", line)[0], kinds, openmetrics)
        if name != current:
            if name in done:
                found.append(f"{name} does not stand together")
            if not line.startswith("# "):
                found.append(f"samples of {name} before its HELP and TYPE")
            done.add(current)
            current = name
    return found


def _samples(text: str, kinds: dict[str, str], openmetrics: bool) -> list[str]:
    found: list[str] = []
    seen: set[Series] = set()
    label_names: dict[str, frozenset[str]] = {}
    for one in lines(text):
        if isinstance(one, str):
            found.append(f"no sample: {one!r}")
            continue
        family = _family(one.name, kinds, openmetrics)
        names = [name for name, _ in one.labels]
        series = one.series
        if series in seen:
            found.append(f"duplicate: {series}")
        seen.add(series)
        if label_names.setdefault(one.name, frozenset(names)) != frozenset(names) or len(set(names)) != len(names):
            found.append(f"uneven labels: {series}")
        if any(name.startswith("__") or name in _RESERVED for name in names) or (
            "le" in names and kinds.get(family) != "histogram"
        ):
            found.append(f"reserved label name: {series}")
        if not _FINITE.fullmatch(one.value):
            found.append(f"not a finite number: {series} {one.value}")
        if one.more:
            found.append(f"timestamp: {series}")
        if one.name.endswith("_created"):
            found.append(f"creation time: {series}")
    return found


def _family(name: str, kinds: dict[str, str], openmetrics: bool) -> str:
    """The declared family that a sample belongs to; text 0.0.4 declares counters with their suffix."""
    for kind, suffixes in _SUFFIXES.items():
        for suffix in suffixes:
            family = name.removesuffix(suffix)
            if family != name and kinds.get(family) == kind and (openmetrics or kind != "counter"):
                return family
    return name
