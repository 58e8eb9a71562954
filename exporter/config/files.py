"""Reads a file of YAML as text; what keeps it from being read goes into the report."""

from pathlib import Path
from typing import Final, NamedTuple

from exporter.config.mistakes import Mistakes
from exporter.core.plain_files import PlainFiles

MAX_BYTES: Final = 16 * 1024 * 1024


class Text(NamedTuple):
    """What stands in a file.

    Attributes:
        text: all of it.
        mode: its permissions.
        fixed: whether nobody here can change them.
    """

    text: str
    mode: int
    fixed: bool


def read_text(path: Path, flag: str, plain_files: PlainFiles, mistakes: Mistakes) -> Text | None:
    """Read a file.

    Args:
        path: its name, as sentences have it.
        flag: the one that names this file; for the sentence that there is none.
        plain_files: reads it.
        mistakes: the report.
    """
    file = str(path)
    try:
        content, mode, fixed = plain_files.read(path, MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistakes.add(file, line, (), "not UTF-8; save the file as plain UTF-8 text")
        return None
    except FileNotFoundError:
        mistakes.add(file, 0, (), f"there is no such file; name the configuration with {flag}")
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is no name of a file"
        mistakes.add(file, 0, (), f"cannot be read: {why}")
        return None
    if len(content) > MAX_BYTES:
        mistakes.add(file, 0, (), "is too large to be a configuration")
        return None
    return Text(text, mode, fixed)
