"""The backoff after failures: never nearer than the interval, never farther than the cap, spread by chance."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from exporter.polling.context import backoff


@given(st.integers(0, 2000), st.floats(1.0, 3600.0), st.floats(1.0, 900.0), st.integers())
def test_the_next_poll_is_never_nearer_than_the_interval_nor_farther_than_the_cap(
    failures: int, interval: float, cap: float, seed: int
) -> None:
    assert interval <= backoff(Random(seed), failures, interval, cap) <= max(interval, cap)


def test_backoff_spreads_over_the_whole_range() -> None:
    drawn = [backoff(Random(seed), 2, 10.0, 120.0) for seed in range(200)]
    assert min(drawn) < 12 < 38 < max(drawn)
