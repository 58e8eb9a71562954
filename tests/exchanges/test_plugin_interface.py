"""What is promised to packages that bring an exchange stays: names, arguments and fields, as `plugin_v1.txt` has them.

A change of that file is a change of the promise. Names, and arguments or fields that may be left out, may be added:
`UPDATE_GOLDEN=1` writes it again. What takes one away, or asks for more, is version 2.
"""

import inspect
import os
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from exporter.core.errors import PollError
from exporter.exchanges import contract, plugin_v1, plugins

GOLDEN = Path(__file__).parent / "plugin_v1.txt"


def promised() -> Iterator[str]:
    for module in (plugin_v1, contract):
        yield f"# {module.__name__}"
        for name in module.__all__:
            yield f"{name}{shape(getattr(module, name))}"


def shape(what: Any) -> str:
    """Arguments or fields, `=` after those that may be left out; of anything else its type."""
    if isinstance(what, type) and issubclass(what, PollError):
        return f"({', '.join(arguments(what.__init__))}) is {what.__mro__[1].__name__}: {getattr(what, 'reason', '')}"
    if is_dataclass(what):
        told = (f"{each.name}{'' if each.default is each.default_factory is MISSING else '='}" for each in fields(what))
        return f"{{{', '.join(told)}}}"
    if hasattr(what, "_fields"):
        return f"{{{', '.join(f'{each}=' if each in what._field_defaults else each for each in what._fields)}}}"
    if inspect.isfunction(what):
        return f"({', '.join(arguments(what))})"
    return ": a type" if isinstance(what, type) else f": {type(what).__name__}"


def arguments(what: Any) -> Iterator[str]:
    keywords = False
    for each in inspect.signature(what).parameters.values():
        if each.kind is inspect.Parameter.KEYWORD_ONLY and not keywords:
            keywords = True
            yield "*"
        yield f"{each.name}{'' if each.default is inspect.Parameter.empty else '='}"


def test_what_is_promised_to_packages_stays() -> None:
    now = "\n".join(promised()) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(now, "utf-8")
    assert GOLDEN.read_text("utf-8") == now


def test_every_promised_name_is_there() -> None:
    assert [name for name in plugin_v1.__all__ if not hasattr(plugin_v1, name)] == []
    public = {name for name in vars(plugin_v1) if not name.startswith("_")}
    assert public == set(plugin_v1.__all__), "what can be imported is promised"


def test_the_version_that_is_looked_at_is_the_newest_there_is() -> None:
    folder = Path(plugin_v1.__file__).parent
    versions = [int(file.stem.removeprefix("plugin_v")) for file in folder.glob("plugin_v*.py")]
    assert max(versions) == plugins.VERSION
