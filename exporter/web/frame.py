"""What all pages have around them: head, style, links, and the foot with its moment."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from exporter import __version__
from exporter.core.wording import moment
from exporter.web.chosen import Chosen
from exporter.web.html import Child, Html, element, html

REFRESH_SECONDS: Final = 15

STYLE: Final = files("exporter.web").joinpath("status.css").read_text("utf-8")

STYLE_HASH: Final = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""The style sheet as a content security policy allows it, and no other."""


@dataclass(frozen=True, slots=True)
class About:
    """What is the same on every page of one exporter.

    Attributes:
        version: of this program.
        telemetry_path: where metrics are served.
        shard_ordinal: zero-based index of this shard.
        shard_total: number of shards.
        masked: takes secrets out of a text that an exchange sent.
    """

    version: str = __version__
    telemetry_path: str = "/metrics"
    shard_ordinal: int = 0
    shard_total: int = 1
    masked: Callable[[str], str] = str

    @property
    def alone(self) -> bool:
        """Whether this instance polls every account."""
        return self.shard_total == 1


def document(
    title: str, heading: Child, content: Child, about: About, wall: float, chosen: Chosen, *, links: str, inner: bool
) -> str:
    """A whole page.

    Args:
        title: what the browser's tab says.
        heading: what stands in the page's first line.
        content: everything between head and foot.
        about: what is the same on every page.
        wall: the moment that it shows, seconds since the epoch.
        chosen: what its address says.
        links: stands before the paths of links.
        inner: whether it is another page than the first, and so has a link to that.
    """
    refresh = str(REFRESH_SECONDS) if chosen.refresh else None
    paths = (about.telemetry_path, "/config", "/-/healthy")
    toggled = chosen._replace(refresh=not chosen.refresh).query() or "?"
    stop = "stop refreshing" if chosen.refresh else f"refresh every {REFRESH_SECONDS} s"
    told = f"refreshes every {REFRESH_SECONDS} s" if chosen.refresh else "does not refresh"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="refresh", content=refresh) if refresh else None,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(STYLE)),
    )
    body = element(
        "body",
        element("a", "Skip to the content", class_="skip", href="#main"),
        element(
            "header",
            heading,
            element(
                "nav",
                element("a", "All accounts", href=links or "./") if inner else None,
                [html(" ", element("a", path, href=f"{links}{path[1:]}")) for path in paths],
                aria_label="Pages",
            ),
        ),
        element("main", content, id="main"),
        element(
            "footer",
            element("time", moment(wall), datetime=moment(wall)),
            f" · {told} · ",
            element("a", stop, href=toggled),
        ),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"
