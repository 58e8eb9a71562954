"""Good answers bent out of shape, at every level from the whole down to one amount."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.faults.variants import VARIANTS, Variant

_NUMBER = re.compile(r"-?\d+\.\d+|-?\d+")
_AMOUNTS = frozenset(
    name
    for variant in VARIANTS.values()
    for shape in variant.facts.wallets.values()
    for name in (*shape.required, *shape.optional)
)


def reshaped(variant: Variant, payload: Any, level: str) -> Any:
    """The payload with something else where that level belongs."""
    keys, shape = variant.shape.keys, variant.shape
    rows = variant.found(payload, len(keys))
    match level:
        case "the_whole":
            return [payload]
        case "the_code":
            if isinstance(payload, list):
                return {"was": payload}
            first = next(iter(payload))
            payload[first] = {"was": payload[first]}
        case "the_content":
            return put(payload, keys[:1], "none")
        case "the_rows":
            return put(payload, keys, list(rows.items()) if isinstance(rows, dict) else {"0": rows})
        case "null_rows":
            return put(payload, keys, None)
        case "without_btc":
            if isinstance(rows, dict):
                del rows[next(name for name in rows if name.upper() == "BTC")]
            else:
                rows[:] = [row for row in rows if row[shape.currency].upper() != "BTC"]
        case "a_row":
            rows[next(iter(rows)) if isinstance(rows, dict) else 0] = ["100.5", "7.25"]
        case "a_name":
            if isinstance(rows, dict):
                rows[""] = next(iter(rows.values()))
            else:
                rows[0][shape.currency] = 7
        case "an_amount":
            row = next(iter(rows.values())) if isinstance(rows, dict) else rows[0]
            row[shape.required[0]] = [row[shape.required[0]]]
        case "negative_amounts":
            for name, row in rows.items() if isinstance(rows, dict) else [(row[shape.currency], row) for row in rows]:
                if name.upper() in ("USDT", "BTC"):
                    row.update(dict.fromkeys((*shape.required, *shape.optional), "-1"))
    return payload


def put(payload: Any, keys: Sequence[str | int], value: Any) -> Any:
    """The payload with this where the keys lead; without keys it is the whole, as the text that is sent."""
    if not keys:
        return json.dumps(value) if value is None or isinstance(value, str) else value
    place = payload
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return payload


def as_numbers(value: Any) -> Any:
    """The same answer, with every amount as a JSON number instead of a text."""
    if isinstance(value, dict):
        return {
            name: Decimal(item)
            if name in _AMOUNTS and isinstance(item, str) and _NUMBER.fullmatch(item)
            else as_numbers(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    return value
