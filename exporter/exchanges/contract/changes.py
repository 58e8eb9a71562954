"""Changes answers: another value in one place, or other rows."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from exporter.exchanges.base import Reader
from exporter.exchanges.contract.case import Case
from exporter.exchanges.values import cut

GONE: Final = object()
"""In place of a value: there is none."""

_MOST_CHANGES: Final = 400
"""Places of an answer that are changed; it is enough that a few rows of each kind are among them."""

Path = tuple[str | int, ...]


def changes(
    case: Case, reader: Callable[[], Reader[Any]], values: tuple[Any, ...]
) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Changes of the answers to a read, each of one place to one of the values, and what each of them does."""
    parts: dict[Path, Any] = {}
    for request in case.read(reader()).requests:
        parts |= dict(_parts(case.answer(request)))
    for path, there in list(parts.items())[:_MOST_CHANGES]:
        for value in values:
            if value in ([], {}) and isinstance(there, dict | list):
                continue  # an empty wallet, and no odd one
            what = "is missing" if value is GONE else f"is {cut(repr(value), 20)}"
            yield f"{_spelled(path)} {what}", partial(changed, path=path, value=value)


def _parts(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What stands where in an answer: the whole of it, then every part of it; of a list the first few."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for step, part in inner:
        yield from _parts(part, (*path, step))


def _spelled(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "the answer"


def changed(content: Any, path: Path, value: Any) -> Any:
    """An answer's content with another value at a place; as it is where it has no such place."""
    if not path:
        return content if value is GONE else value
    step, *inner = path
    if isinstance(content, dict) and step in content:
        if value is GONE and not inner:
            return {name: part for name, part in content.items() if name != step}
        return {**content, step: changed(content[step], tuple(inner), value)}
    if isinstance(content, list) and isinstance(step, int) and step < len(content):
        part = [] if value is GONE and not inner else [changed(content[step], tuple(inner), value)]
        return [*content[:step], *part, *content[step + 1 :]]
    return content


_AS_THEY_ARE: Final = object()


def with_rows(content: Any, *, repeat: int = 1, row: Any = _AS_THEY_ARE, rows: Any = _AS_THEY_ARE) -> Any:
    """An answer's content with other rows: the first one repeated, another one, or something else in their place."""
    path = max(_lists(content), key=lambda path: _rank(_at(content, path), path), default=None)
    if path is None:
        return content
    listed = _at(content, path)
    if rows is not _AS_THEY_ARE:
        return changed(content, path, rows)
    if isinstance(listed, dict):
        name, first = next(iter(listed.items()))
        first = first if row is _AS_THEY_ARE else row
        return changed(content, path, {f"{name}{number or ''}": first for number in range(repeat)})
    first = listed[0] if row is _AS_THEY_ARE else row
    return changed(content, path, [first] * repeat)


def _rank(rows: Any, path: Path) -> tuple[int, bool, int]:
    """The more rows the likelier; of as many, a list before an object, and what lies deeper."""
    members = rows if isinstance(rows, list) else rows.values()
    return sum(isinstance(each, dict | list) for each in members), isinstance(rows, list), len(path)


def _lists(content: Any, path: Path = ()) -> Iterator[Path]:
    """Where rows may stand: lists of objects or lists, and objects of objects that have fields in common."""
    members = list(content.values()) if isinstance(content, dict) else content if isinstance(content, list) else []
    inner = [each for each in members if isinstance(each, dict | list)]
    if isinstance(content, list):
        if inner:
            yield path
        for place, each in enumerate(content[:3]):
            yield from _lists(each, (*path, place))
    elif isinstance(content, dict):
        if len(inner) > 1 and all(isinstance(each, dict) and each.keys() & set(inner[0]) for each in inner):
            yield path
        for name, each in content.items():
            yield from _lists(each, (*path, name))


def _at(content: Any, path: Path) -> Any:
    for step in path:
        content = content[step]
    return content
