"""HTML that escapes by itself: a text is only ever text, unless it is an element that was made here."""

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

from exporter.core.wording import visible

_VOID: Final = frozenset({"br", "input", "meta", "rect"})
"""Elements without content (of SVG's too), which are not closed."""


class Html(str):
    """Finished HTML, made by `element` or joined of such; every other text is escaped where it comes in."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child] | None"
"""What may stand in an element: elements, texts, nothing, and any number of these."""


def html(*children: Child) -> Html:
    """The children as HTML, one after the other."""
    pieces: list[str] = []
    _add(pieces, children)
    return Html("".join(pieces))


def element(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """One element.

    Args:
        name: its tag.
        children: what stands in it.
        attributes: by name, with underscores for dashes, and one at the end where Python has the word for itself
            (`class_`); True stands for one without a value, False and None for none.
    """
    pieces = ["<", name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        pieces += (" ", key.rstrip("_").replace("_", "-"))
        if value is not True:
            pieces += ('="', escape(visible(value)), '"')
    if name in _VOID:
        pieces.append(">" if name != "rect" else "/>")
        return Html("".join(pieces))
    pieces.append(">")
    _add(pieces, children)
    pieces += ("</", name, ">")
    return Html("".join(pieces))


def _add(pieces: list[str], children: Iterable[Child]) -> None:
    for child in children:
        if isinstance(child, Html):
            pieces.append(child)
        elif isinstance(child, str):
            pieces.append(escape(visible(child), quote=False))
        elif child is not None:
            _add(pieces, child)
