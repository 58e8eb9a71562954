"""The table of faults, one test for each exchange and fault; `make faults` prints the same table."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.core.errors import REASONS
from exporter.exchanges import EXCHANGES
from exporter.sandbox import KINDS, SITUATIONS
from tests.faults.__main__ import main
from tests.faults.catalogue import TROUBLES, Scene
from tests.faults.stage import INTERVAL, Member, staged
from tests.faults.table import played
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time


@pytest.mark.parametrize(("variant", "fault"), [(variant, fault) for variant in VARIANTS for fault in TROUBLES])
def test_every_fault_is_met_as_it_should_be(variant: str, fault: str) -> None:
    assert played(variant).verdicts[variant, fault].problems == []


@pytest.mark.parametrize("name", VARIANTS)
def test_a_first_read_that_fails_shows_no_number_at_all(name: str) -> None:
    variant = VARIANTS[name]
    troubles = {
        fault: trouble
        for fault, trouble in TROUBLES.items()
        if trouble.expected(variant)
        and not (trouble.is_alone(variant) or trouble.heavy or trouble.side or trouble.later)
    }

    async def scenario() -> None:
        members = [Member(fault, variant, more={"expect": ["ETH", "USDT"]}) for fault in troubles]
        async with staged(members) as stage:
            scenes = [Scene(stage, fault, whole=False) for fault in troubles]
            for scene in scenes:
                if (switched := troubles[scene.name].on(scene)) is not None:
                    await switched
            stage.engine.start()
            await stage.clock.sleep(1.5 * INTERVAL)
            samples = await stage.samples()
            for scene in scenes:
                await scene.end()
            numbers = [dict(labels) for family, labels in samples if is_a_number(family)]
            assert [own for own in numbers if own["wallet"] == stage.engine.accounts[own["account"]].main] == []
            assert samples.of("exchange_account_usd") == []
            for fault, trouble in troubles.items():
                main = stage.engine.accounts[fault].main  # Bitget's mode may not be proven yet
                (failing,) = samples.of("exchange_wallet_failing", account=fault, wallet=main)
                assert failing[0]["reason"] == trouble.expected(variant), fault
                assert samples.one("exchange_account_up", account=fault) == 0
                last = samples.one("exchange_wallet_last_success_timestamp_seconds", account=fault, wallet=main)
                assert last == 0

    in_virtual_time(scenario())


def is_a_number(family: str) -> bool:
    """Whether it says what a wallet holds."""
    return family.startswith("exchange_balance_")


def test_the_printed_table_names_what_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)  # the command silences it
    chosen = ["--exchange", "bitget", "--fault", "500", "--fault", "numbers_as_numbers"]
    assert main(chosen) == 0
    assert "2 hold, 0 fail, 0 were not played" in capsys.readouterr().out
    monkeypatch.setitem(TROUBLES, "500", replace(TROUBLES["500"], reason="auth"))
    assert main(chosen) == 1
    assert "bitget, 500: the reason is ['http'], not auth" in capsys.readouterr().out


def test_every_exchange_and_api_is_in_the_table() -> None:
    apis = {(name, api) for name, exchange in EXCHANGES.items() for api in exchange.apis}
    assert {(variant.exchange, variant.mode) for variant in VARIANTS.values()} == apis


def test_only_faults_of_the_table_have_reasons_of_their_own() -> None:
    assert {fault for variant in VARIANTS.values() for fault in variant.facts.reasons} <= set(TROUBLES)


def test_every_reason_but_a_bug_of_ours_is_met() -> None:
    met = {trouble.expected(variant) for trouble in TROUBLES.values() for variant in VARIANTS.values()} - {None}
    assert met == set(REASONS) - {"internal"}


def test_every_fault_and_every_refusal_that_the_sandbox_knows_is_played() -> None:
    text = (Path(__file__).parent / "catalogue.py").read_text("utf-8")
    assert [each for each in (*KINDS, *SITUATIONS) if f'"{each}"' not in text] == []
