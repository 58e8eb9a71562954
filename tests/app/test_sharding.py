"""Which instance polls which account."""

import pytest

from exporter.app.sharding import jump, shard_of
from tests.kit.accounts import configured

NAMES = [f"desk-{number}" for number in range(2_000)]


def test_one_instance_polls_everything() -> None:
    assert {shard_of(configured(name), 1) for name in NAMES} == {0}


@pytest.mark.parametrize("total", [2, 3, 7, 16])
def test_instances_have_about_the_same_share(total: int) -> None:
    shares = [0] * total
    for name in NAMES:
        shares[shard_of(configured(name), total)] += 1
    assert min(shares) > 0.7 * len(NAMES) / total
    assert max(shares) < 1.3 * len(NAMES) / total


@pytest.mark.parametrize("total", [1, 2, 3, 8])
def test_one_more_instance_takes_its_share_and_moves_nothing_between_the_others(total: int) -> None:
    moved = [
        after for name in NAMES if (after := shard_of(configured(name), total + 1)) != shard_of(configured(name), total)
    ]
    assert set(moved) == {total}
    assert len(moved) < 1.25 * len(NAMES) / (total + 1)


def test_accounts_of_one_shard_key_stay_together() -> None:
    for total in range(1, 20):
        assert len({shard_of(configured(name, shard_key="desk"), total) for name in NAMES[:20]}) == 1


def test_the_exchange_is_part_of_what_decides() -> None:
    here = [shard_of(configured(name, "xt"), 8) for name in NAMES]
    there = [shard_of(configured(name, "htx"), 8) for name in NAMES]
    assert here != there


def test_the_hash_is_the_published_one() -> None:
    # Of the paper's algorithm, worked out by the C++ code in its appendix.
    assert [jump(1, 1), jump(42, 57), jump(0xDEAD10CC, 1), jump(0xDEAD10CC, 666), jump(256, 1024)] == [
        0,
        43,
        0,
        361,
        520,
    ]
