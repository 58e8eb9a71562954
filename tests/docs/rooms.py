"""The rooms of the house, the rooms that each may import, and how the package's imports keep to it.

CONTRIBUTING draws its picture from this table, and a test holds the imports against it.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = Path(__file__).parents[2] / "exporter"

ROOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "core": (),
    "config": ("core", "exchanges"),
    "exchanges": ("core",),
    "transport": ("core", "exchanges"),
    "polling": ("core", "config", "exchanges", "transport", "holdings"),
    "holdings": ("core", "config", "exchanges"),
    "exposition": ("core", "holdings"),
    "web": ("core", "holdings", "exposition"),
    "app": ("core", "config", "exchanges", "transport", "polling", "holdings", "exposition", "web"),
    "cli": (
        *("core", "config", "exchanges", "transport", "polling", "holdings", "exposition", "web", "app"),
        "sandbox",
    ),
    "sandbox": ("core",),
}
"""Room -> the rooms that it may import beside itself, in the order in which they are read."""

PATH: Final = ("config", "exchanges", "transport", "polling", "holdings", "exposition", "web")
"""The rooms in the order in which a newcomer reads them: the path of a balance."""

PURE: Final = ("config", "exchanges", "holdings")
"""Rooms below `transport`: what they say is worked out from arguments alone."""

OUTSIDE: Final = (
    *("aiohttp", "asyncio", "datetime.datetime.now", "random", "socket", "ssl", "time", "yarl"),
    "exporter.core.runtime",
)
"""What no pure room imports: the network, the event loop, clocks and dice; our own are in `core.runtime`."""


class Import(NamedTuple):
    """One import of the package."""

    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports(package: Path = PACKAGE) -> Iterator[Import]:
    """Every import of every file, those within functions included; a name that is a module counts as one."""
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (Import(name, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield Import(name, node.lineno, f"{node.module or ''}.{alias.name}")


def against_the_table(package: Path = PACKAGE) -> list[str]:
    """Imports from one room into another that the table does not allow."""
    return [
        f"{each}: {room} may import {', '.join(ROOMS[room]) or 'no other room'}"
        for each in imports(package)
        if (room := each.file.partition("/")[0]) in ROOMS
        and each.module.startswith("exporter.")
        and (other := each.module.split(".")[1]) in (*ROOMS, "__main__")
        and other not in (room, *ROOMS[room])
    ]


def out_of_the_house(package: Path = PACKAGE) -> list[str]:
    """Imports of network, loop, clock or dice in a room that has to be pure."""
    return [
        f"{each}: {room} works from its arguments alone"
        for each in imports(package)
        if (room := each.file.partition("/")[0]) in PURE
        and any(f"{each.module}.".startswith(f"{outside}.") for outside in OUTSIDE)
    ]
