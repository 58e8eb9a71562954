"""What the shared tests know of every simulated exchange, and what they lack.

They run over the whole map of vendors. An exchange without facts makes a test fail with a sentence that says what is
missing; it is never left out in silence.
"""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from exporter.sandbox import SITUATIONS
from exporter.sandbox.vendors import VENDORS
from exporter.sandbox.vendors.base import Vendor
from tests.sandbox.facts import ModeFacts, SandboxFacts

FOLDER: Final = Path(__file__).parents[1] / "exchanges"


def lacking(name: str, vendors: Mapping[str, type[Vendor]] = VENDORS) -> list[str]:
    """What tests must know of an exchange and do not: sentences, none where all is there."""
    file = f"tests/exchanges/{name}/sandbox_facts.py"
    if not (FOLDER / name / "sandbox_facts.py").is_file():
        return [f"{file} is missing: it says what the tests of every simulated exchange must know of {name}"]
    facts = getattr(importlib.import_module(f"tests.exchanges.{name}.sandbox_facts"), "SANDBOX_FACTS", None)
    if not isinstance(facts, SandboxFacts):
        return [f"{file} has no SANDBOX_FACTS"]
    return [f"{file} {sentence}" for sentence in _lacking(facts, tuple(vendors[name].modes))]


def _lacking(facts: SandboxFacts, modes: tuple[str, ...]) -> Iterator[str]:
    if tuple(facts.modes) != modes:
        yield f"tells of the modes {tuple(facts.modes)}, the vendor has {modes}"
    for mode, each in facts.modes.items():
        absent = {*SITUATIONS, "expired"} - each.refusals.keys()
        if absent:
            yield f"does not say how {mode or 'an account'} is refused for {', '.join(sorted(absent))}"


FACTS: Final[Mapping[str, SandboxFacts]] = {
    name: importlib.import_module(f"tests.exchanges.{name}.sandbox_facts").SANDBOX_FACTS
    for name in VENDORS
    if not lacking(name)
}


class Kind(NamedTuple):
    """One kind of account: an exchange, a mode, and what is known of it."""

    exchange: str
    mode: str
    facts: ModeFacts


ACCOUNTS: Final[Mapping[str, Kind]] = {
    name if number == 0 else f"{name}-{mode}": Kind(name, mode, each)
    for name, facts in FACTS.items()
    for number, (mode, each) in enumerate(facts.modes.items())
}
"""Every kind of account: `xt` is one of the usual mode, `xt-legacy` one of another."""
