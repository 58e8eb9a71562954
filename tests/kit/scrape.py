"""One scrape, read: the only parser of expositions of our own in the tests.

It is strict. A line that is neither a comment nor a sample is an error, and so are a timestamp and a series that
stands there twice.
What else can be wrong with an exposition is told by `exposition_checker`. prometheus-client's two parsers stand
at the end, for tests that want a second opinion.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

_SAMPLE: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)(?:\{((?:[^"]|"(?:[^"\\]|\\.)*")*)\})? ([^ ]+)( .*)?')
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_UNESCAPED: Final = {"\\n": "\n", "\\\\": "\\", '\\"': '"'}

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]
"""A name and its labels, sorted."""

Amounts = dict[tuple[str, str], float]
"""Currency and kind of amount to the number that is served."""

KINDS: Final = ("available", "frozen", "locked")


class Line(NamedTuple):
    """One sample line, read; `more` is what stands after the value, and the series has its labels sorted."""

    name: str
    labels: Labels
    value: str
    more: str
    series: Series


_KEPT: Final = 50_000
_READ: Final[dict[str, Line]] = {}
"""What stands before the value, read: from scrape to scrape hardly any of it changes."""


def lines(text: str) -> Iterator[Line | str]:
    """Every line but the comments: read where it is a sample, as it stands where it is not."""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("#"):
            continue
        head, _, value = line.rpartition(" ")
        if (known := _READ.get(head)) is not None and value:
            yield known._replace(value=value)
            continue
        found = _SAMPLE.fullmatch(line)
        inside = (found and found[2]) or ""
        if found is None or _LABEL.sub("", inside):
            yield line
        else:
            labels = tuple((name, _unescaped(raw)) for name, raw in _LABEL.findall(inside))
            read = Line(found[1], labels, found[3], found[4] or "", (found[1], tuple(sorted(labels))))
            if not read.more:
                if len(_READ) == _KEPT:
                    _READ.clear()
                _READ[head] = read
            yield read


def _unescaped(raw: str) -> str:
    return re.sub(r"\\.", lambda escape: _UNESCAPED[escape[0]], raw) if "\\" in raw else raw


class Samples(dict[Series, float]):
    """Every sample of one scrape.

    Attributes:
        text: the scrape as it came.

    Raises:
        AssertionError: a line is not a sample without a timestamp, or a series stands there twice.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        for line in lines(text):
            assert isinstance(line, Line), f"no sample: {line!r}"
            assert not line.more, f"no sample: {line!r}"
            assert line.series not in self, f"twice: {line.series}"
            self[line.series] = float(line.value)

    def of(self, family: str, /, **labels: str) -> list[tuple[dict[str, str], float]]:
        """The labels and values of a family's samples that carry these labels, in the order of the scrape."""
        return [
            (dict(own), value)
            for (name, own), value in self.items()
            if name == family and labels.items() <= dict(own).items()
        ]

    def one(self, family: str, /, **labels: str) -> float | None:
        """The value of the only sample with these labels, None where there is none."""
        found = self.of(family, **labels)
        assert len(found) <= 1, f"{len(found)} samples of {family} {labels}"
        return found[0][1] if found else None

    def by(self, family: str, /, *names: str, **labels: str) -> dict[tuple[str, ...] | str, float]:
        """The values of a family by these of its labels: by a tuple, or by the text itself where it is one label."""
        found: dict[tuple[str, ...] | str, float] = {}
        for own, value in self.of(family, **labels):
            key = tuple(own[name] for name in names)
            found[key[0] if len(key) == 1 else key] = value
        return found

    def amounts(self, account: str, wallet: str) -> Amounts:
        """The three amounts of every currency of a wallet."""
        return {
            (own["currency"], kind): value
            for kind in KINDS
            for own, value in self.of(f"exchange_balance_{kind}", account=account, wallet=wallet)
        }

    def digits(self, account: str, wallet: str) -> dict[str, tuple[str, ...]]:
        """What every currency of a wallet holds, digit by digit: available, frozen, locked and net."""
        found: dict[str, dict[str, str]] = {}
        for line in lines(self.text):
            assert isinstance(line, Line)
            own, kind = dict(line.labels), line.name.removeprefix("exchange_balance_")
            if (own.get("account"), own.get("wallet")) == (account, wallet) and kind in (*KINDS, "net"):
                found.setdefault(own["currency"], {})[kind] = line.value
        return {currency: tuple(each[kind] for kind in (*KINDS, "net")) for currency, each in found.items()}


Parse = Callable[[str], Iterable[Metric]]

text_families: Parse = text_string_to_metric_families
openmetrics_families: Parse = openmetrics.text_string_to_metric_families
