"""The pages for people, written for accounts that a test has filled, and read strictly."""

import re
from collections.abc import Callable, Collection, Sequence
from html.parser import HTMLParser

from exporter import __version__
from exporter.holdings.account import AccountState
from exporter.holdings.totals import Part
from exporter.web import account_page, status
from exporter.web.chosen import Chosen
from exporter.web.frame import About
from exporter.web.view import view_of

VOID = {"meta", "br", "input"}


def page(
    accounts: Collection[AccountState],
    now: float,
    wall: float,
    *,
    of: str | None = None,
    totals: Sequence[Part] = (),
    version: str = __version__,
    telemetry_path: str = "/metrics",
    links: str | None = None,
    shard_ordinal: int = 0,
    shard_total: int = 1,
    problem: str | None = None,
    masked: Callable[[str], str] = str,
    chosen: Chosen | None = None,
) -> str:
    """The status page, or the page of the account `of`."""
    about = About(version, telemetry_path, shard_ordinal, shard_total, masked)
    view = view_of(accounts, now, wall, totals=totals, alone=about.alone, problem=problem)
    if of is None:
        return status.page(view, about, chosen or Chosen(), links=links or "")
    entry = view.entry(of)
    assert entry is not None
    return account_page.account_page(entry, view, about, chosen or Chosen(), links="../" if links is None else links)


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))

    @property
    def names(self) -> set[str]:
        return {tag for tag, _ in self.seen}

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of this name."""
        return [attributes for name, attributes in self.seen if name == tag]
