"""Amounts are summed exactly, whichever thread does it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from exporter.core.model import finite

LARGE, SMALL = Decimal(12345678901234567890), Decimal("0.00000000000000000001")
EXACTLY = "12345678901234567890.00000000000000000001"


def summed() -> str:
    return str(LARGE + SMALL)


def summed_by_a_task() -> str:
    async def task() -> str:
        return summed()

    return asyncio.run(task())


def summed_beside_a_loop() -> str:
    return asyncio.run(asyncio.to_thread(summed))


@pytest.mark.parametrize("way", [summed, summed_by_a_task, summed_beside_a_loop])
def test_a_sum_is_exact_in_the_main_thread_and_in_any_other(way: Callable[[], str]) -> None:
    with ThreadPoolExecutor(1) as other:
        assert (way(), other.submit(way).result()) == (EXACTLY, EXACTLY)


def test_a_product_beyond_every_decimal_is_not_finite_and_fails_in_no_thread() -> None:
    def finite_product() -> bool:
        return finite(Decimal("1e999999") * Decimal("1e999999"))

    with ThreadPoolExecutor(1) as other:
        assert (finite_product(), other.submit(finite_product).result()) == (False, False)
