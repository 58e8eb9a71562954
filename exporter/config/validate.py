"""Pydantic's findings about a piece of the configuration as sentences, and what is left of the piece without them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from exporter.config.mistakes import CREDENTIAL_KEYS, KeyPath, Mistakes, listed, nearest
from exporter.config.schema import (
    BROKEN,
    AccountSettings,
    CredentialKeys,
    Currencies,
    Match,
    ThresholdEntry,
    TotalEntry,
    TotalMatch,
    UsdEntry,
    ValuationKeys,
)
from exporter.config.text import Node, Table, line_of, plain

_NESTED: Final[Mapping[str, type[BaseModel]]] = {
    "match": Match,
    "credentials": CredentialKeys,
    "thresholds": ThresholdEntry,
    "usd": UsdEntry,
    "currencies": Currencies,
    "valuation": ValuationKeys,
}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Piece(Generic[M]):
    """A validated part of a file.

    Attributes:
        value: what is good of it.
        broken: its keys that are not; whatever depends on them is left unchecked, so that one mistake stays one.
    """

    value: M
    broken: frozenset[str]


def validate(
    model: type[M], file: str, root: Node, path: KeyPath, node: Node, mistakes: Mistakes, required: tuple[str, ...] = ()
) -> Piece[M] | None:
    """Validate the mapping at a path of a file, reporting every mistake in it.

    Returns:
        What is left when the keys with mistakes are taken out; None when it is no mapping at all.
    """
    if not isinstance(node, Table):
        mistakes.add(file, node.line, path, "must be a mapping, lines of `key: value`")
        return None
    data = plain(node)
    broken: set[str] = set()
    for key in required:
        if key not in data:
            mistakes.add(file, node.line, path, f"{key} is missing")
    while True:
        try:
            return Piece(model.model_validate(data), frozenset(broken))
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                where = found["loc"][:-1] if found["loc"][-1:] == ("[key]",) else found["loc"]
                where += (below,) if (below := found.get("ctx", {}).get("below")) else ()
                text = _said(model, found["type"], found["msg"], where)
                if found["type"] == "extra_forbidden" and "credentials" in where[:-1]:
                    line, where = line_of(root, (*path, *where)), where[:-1]
                else:
                    line = line_of(root, (*path, *where))
                mistakes.add(file, line, (*path, *where), text)
                broken |= _taken_out(data, where)
        data = {key: value for key, value in data.items() if key not in broken}


def _taken_out(data: dict[str, Any], where: KeyPath) -> set[str]:
    """Take out the threshold, or the key of `valuation`, that has a mistake; else name the whole key as broken."""
    top, rest = str(where[0]), where[1:]
    inner = data.get(top)
    if top == "thresholds" and isinstance(inner, list) and rest and isinstance(rest[0], int):
        data[top] = [BROKEN if place == rest[0] else item for place, item in enumerate(inner)]
        return set()
    if top == "valuation" and isinstance(inner, dict) and rest:
        data[top] = {key: value for key, value in inner.items() if key != rest[0]}
        return set()
    return {top}


def _said(model: type[BaseModel], kind: str, message: str, where: KeyPath) -> str:
    if kind == "extra_forbidden":
        return _unknown(model, where)
    if kind == "missing":
        return "is missing"
    if kind in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return "must be a mapping, lines of `key: value`"
    if kind in ("tuple_type", "list_type"):
        return "must be a list, like [one, two]"
    return message if kind == "mistake" else "is not valid here"


def _unknown(model: type[BaseModel], where: KeyPath) -> str:
    parent = next((step for step in reversed(where[:-1]) if isinstance(step, str)), None)
    nested = _NESTED.get(parent or "", model)
    fields = (TotalMatch if nested is Match and model is TotalEntry else nested).model_fields
    known = [each.alias or name for name, each in fields.items()]
    key = str(where[-1])
    if parent is None and key in CREDENTIAL_KEYS and "credentials" in known:
        return "unknown key; it belongs under `credentials`"
    if parent is None and key in ("name", "exchange") and "credentials" in known:
        return "unknown key; name and exchange stand in the account itself"
    if parent is None and key in AccountSettings.model_fields and "defaults" in known:
        return "unknown key; it belongs under `defaults` or in an account"
    return "unknown key" + (nearest(key, known) or f"; there are {listed(known, 'and')}")
