"""A machine whose clock is wrong: every exchange answers all the same, and the offset is there to see."""

import pytest

from tests.faults.stage import INTERVAL, Member, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time


@pytest.mark.parametrize("wrong", [300.0, -300.0])
def test_all_exchanges_answer_a_machine_that_is_five_minutes_off(wrong: float) -> None:
    async def scenario() -> None:
        members = [Member(name, variant) for name, variant in VARIANTS.items()]
        async with staged(members, wall_step=wrong) as stage:
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            samples = await stage.samples()
            for name, variant in VARIANTS.items():
                assert samples.amounts(name, variant.main) == stage.truth(name)
                assert samples.one("exchange_account_up", account=name) == 1
            assert not any(value for _, value in samples.of("exchange_poll_failures_total"))
            offsets = {own["exchange"]: value for own, value in samples.of("exchange_api_clock_offset_seconds")}
            assert offsets.keys() == {variant.exchange for variant in VARIANTS.values()}
            assert all(offset == pytest.approx(-wrong, abs=1.0) for offset in offsets.values())
            assert not any("clock" in line and "level=warn" in line for line in stage.heard.lines)

    in_virtual_time(scenario())


def test_a_clock_that_is_set_right_meanwhile_is_followed() -> None:
    async def scenario() -> None:
        members = [Member(name, variant) for name, variant in VARIANTS.items()]
        async with staged(members, wall_step=300.0) as stage:
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            stage.clock.step = 0.0
            await stage.clock.sleep(2.5 * INTERVAL)
            samples = await stage.samples()
            assert not any(value for _, value in samples.of("exchange_poll_failures_total"))
            offsets = samples.of("exchange_api_clock_offset_seconds")
            assert all(value == pytest.approx(0.0, abs=1.0) for _, value in offsets)

    in_virtual_time(scenario())
