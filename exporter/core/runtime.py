"""Threads for what would hold up the loop, apart from each other by whom they may wait for.

Names are resolved by the system in a thread, and a name server that does not answer holds it for half a minute. So
that no scrape and no answer queues behind it, each lookup has a thread to itself, which the process's end does not
wait for either.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_SCRAPES: Final = ThreadPoolExecutor(4, thread_name_prefix="scrape")
_WORK: Final = ThreadPoolExecutor(4, thread_name_prefix="work")


async def scraped(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call this for a scrape; waits for other scrapes at most."""
    return await asyncio.get_running_loop().run_in_executor(_SCRAPES, lambda: call(*args, **kwargs))


async def worked(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call this for an exchange's answer or the configuration: work that ends, since it waits for no network."""
    return await asyncio.get_running_loop().run_in_executor(_WORK, lambda: call(*args, **kwargs))


def let_lookups_alone() -> None:
    """Have the running loop resolve each name in a thread of its own."""
    asyncio.get_running_loop().set_default_executor(_Daemons())


class _Daemons(ThreadPoolExecutor):
    """A new thread for each call, which nobody waits for; asyncio takes no other kind of executor."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        Thread(target=run, name="lookup", daemon=True).start()
        return future
