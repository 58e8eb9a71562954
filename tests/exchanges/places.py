"""The places that an exchange touches, as CONTRIBUTING lists them, and what an exchange lacks in them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]

_LINE_IN_A_LIST: Final = {"its line in the list": r'^    "NAME",$'}

_MENTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "exporter/exchanges/__init__.py": _LINE_IN_A_LIST,
    "exporter/sandbox/vendors/__init__.py": _LINE_IN_A_LIST,
    "README.md": {
        "its name in the first sentence": r"\A[^.]*\bNAME\b",
        "its row in the table of permissions": r"^   \| NAME \|",
        "its row in the mapping": r"^### From the exchange's words to ours\n(?:(?!#).*\n)*\| `NAME`",
    },
    "config.example.yaml": {
        "an account of it": r"^    exchange: NAME\b",
        "its name where all are listed": r"^    exchange: \w+ +#(?=.*,).*\bNAME\b",
    },
    "CHANGELOG.md": {"a line about it": r"\bNAME\b"},
}
"""What a file that knows every exchange says of each, as a pattern; upper and lower case are the same."""


class Place(NamedTuple):
    """One place of the list.

    Attributes:
        path: of a file or folder; NAME stands for the exchange.
        lines: what the list adds there to make `toy` known.
    """

    path: str
    lines: tuple[str, ...]


def places(root: Path = ROOT) -> list[Place]:
    """The numbered list of CONTRIBUTING's section, in its order."""
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition("\n## Adding an exchange\n")[2].partition("\n## ")[0]
    found = []
    for item in re.split(r"^(?=\d+\. )", section, flags=re.MULTILINE)[1:]:
        path = re.match(r"\d+\. `([^`]+)`", item)
        assert path is not None, f"an item does not begin with its place: {item[:60]}"
        blocks = re.findall(r"^   ```\w+\n(.*?)^   ```", item, re.MULTILINE | re.DOTALL)
        lines = [line.removeprefix("   ") for block in blocks for line in block.splitlines()]
        found.append(Place(path[1], tuple(lines)))
    return found


def lacking(name: str, root: Path = ROOT) -> list[str]:
    """What an exchange lacks: one sentence for each place; none where it is whole."""
    return [sentence for place in places(root) for sentence in _lacking(place.path, name, root)]


def _lacking(path: str, name: str, root: Path) -> Iterator[str]:
    where = path.replace("NAME", name)
    there = root / where
    if path != where:
        if not (there.exists() or there.with_suffix("").is_dir()):
            yield f"{name} lacks {where}"
        return
    text = there.read_text("utf-8")
    for what, pattern in _MENTIONS[path].items():
        if not re.search(pattern.replace("NAME", re.escape(name)), text, re.MULTILINE | re.IGNORECASE):
            yield (
                f"{name} lacks {what} of {where}" if what.startswith("its line") else f"{name} lacks {what} in {where}"
            )
