"""Drives work that comes in slices, so that other tasks get their turn in between."""

import asyncio
from typing import TypeVar

from exporter.holdings.slices import Slices

T = TypeVar("T")


async def in_turns(work: Slices[T]) -> T:
    """Do all of it, with a turn for others after every slice."""
    try:
        while True:
            try:
                next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            await asyncio.sleep(0)
    finally:
        work.close()
