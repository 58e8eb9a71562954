"""Tables for a terminal (drawn by rich) and for a file or pipe (plain columns, never shortened)."""

from collections.abc import Collection, Sequence
from typing import TextIO

from exporter.core.wording import visible


def write(stream: TextIO, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> None:
    """Write one table.

    Args:
        stream: where to; a terminal that is wide enough gets lines and colours.
        heads: names of the columns.
        rows: their texts, which may come from anywhere: what a terminal would obey is escaped.
        numbers: the columns that are aligned to the right.
    """
    shown = [[visible(cell) for cell in row] for row in rows]
    if not (stream.isatty() and _drawn(stream, heads, shown, numbers)):
        stream.write(plain(heads, shown, numbers))


def plain(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> str:
    """The table as aligned columns with two spaces between."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = []
    for row in (heads, *rows):
        cells = (
            cell.rjust(width) if head in numbers else cell.ljust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        )
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def _drawn(stream: TextIO, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str]) -> bool:
    """Draw the table if the terminal is wide enough: a number or name is never broken or cut."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in numbers else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=stream)
    if sum(max(map(len, column)) for column in zip(heads, *rows, strict=True)) + 3 * len(heads) > console.width:
        return False
    console.print(table)
    return True
