"""The table of faults, one test for each exchange and fault; `make faults` prints the same table."""

from pathlib import Path

import pytest

from exporter.errors import REASONS
from exporter.exchanges import EXCHANGES
from exporter.sandbox import KINDS, SITUATIONS
from tests.faults.catalogue import TROUBLES
from tests.faults.table import played
from tests.faults.variants import VARIANTS


@pytest.mark.parametrize(("variant", "fault"), [(variant, fault) for variant in VARIANTS for fault in TROUBLES])
def test_every_fault(variant: str, fault: str) -> None:
    assert played(variant).verdicts[variant, fault].problems == []


def test_every_exchange_and_api_is_in_the_table() -> None:
    apis = {(name, api) for name, exchange in EXCHANGES.items() for api in exchange.apis}
    assert {(variant.exchange, variant.mode) for variant in VARIANTS.values()} == apis


def test_every_reason_but_a_bug_of_ours_is_met() -> None:
    met = {trouble.expected(variant) for trouble in TROUBLES.values() for variant in VARIANTS.values()} - {None}
    assert met == set(REASONS) - {"internal"}


def test_every_fault_and_every_refusal_that_the_sandbox_knows_is_played() -> None:
    text = (Path(__file__).parent / "catalogue.py").read_text("utf-8")
    assert [each for each in (*KINDS, *SITUATIONS) if f'"{each}"' not in text] == []
