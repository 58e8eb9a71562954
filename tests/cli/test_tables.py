"""Tables and progress for a terminal, and without one."""

import io

from exporter.cli import poll_once, tables
from exporter.core.errors import AuthError
from tests.kit.accounts import up


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_counts_on_a_terminal_and_is_taken_away() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = poll_once.Progress(2, stream)
        progress.one_more(up(), None)
        progress.one_more(up(), AuthError("no"))
        progress.end()
    assert "polling: 2 of 2 accounts, 1 failed" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert file.getvalue() == ""


def test_a_terminal_gets_the_same_cells_in_a_drawn_table() -> None:
    terminal = Terminal()
    tables.write(terminal, ("name", "usd"), [("[red]desk\x1b[2J", "1.5")], ("usd",))
    assert r"[red]desk\u001b[2J" in terminal.getvalue()
    assert "1.5" in terminal.getvalue()


def test_plain_columns_are_aligned_and_never_shortened() -> None:
    long = "x" * 300
    assert tables.plain(("a", "n"), [(long, "1"), ("y", "22")], ("n",)) == (
        f"a{' ' * 299}   n\n{long}   1\ny{' ' * 299}  22\n"
    )


def test_a_terminal_that_is_too_narrow_gets_plain_columns_with_every_digit() -> None:
    terminal = Terminal()
    digits = "1234567890" * 30
    tables.write(terminal, ("name", "usd"), [("desk", digits)], ("usd",))
    assert f"desk  {digits}\n" in terminal.getvalue()
