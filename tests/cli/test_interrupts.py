"""Ctrl-C while accounts are polled once."""

import asyncio
import signal

import pytest

from exporter.cli.poll_once import interruptible


def test_an_interrupt_waits_until_the_callback_that_runs_is_over() -> None:
    cancelled: list[int] = []

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None

        def callback() -> None:
            signal.raise_signal(signal.SIGINT)
            cancelled.append(task.cancelling())

        asyncio.get_running_loop().call_soon(callback)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        interruptible(work())
    assert cancelled == [0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_ends_also_what_does_not_end_by_itself() -> None:
    async def stubborn() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it goes on")

    with pytest.raises(KeyboardInterrupt):
        interruptible(stubborn())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_interrupts_are_ignored_they_stay_so() -> None:
    async def work() -> str:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        return "done"

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert interruptible(work()) == "done"
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_not_interrupted_returns_or_raises_as_ever() -> None:
    async def failing() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interruptible(failing())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
