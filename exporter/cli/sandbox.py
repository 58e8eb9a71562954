"""The `sandbox` subcommand: only the simulated exchanges, for integration tests and for trying other clients."""

import asyncio
import signal
from functools import partial

from exporter.core.errors import ExporterError
from exporter.sandbox import serve


def run(host: str, base_port: int) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status.

    Args:
        host: where to listen.
        base_port: port of the first exchange, the others follow; 0 takes free ones.

    Raises:
        ExporterError: a port cannot be listened on.
    """
    try:
        asyncio.run(_until_stopped(host, base_port))
    except OSError as error:
        raise ExporterError(
            f"the simulated exchanges cannot listen on {host} from port {base_port} on: {error.strerror or error}"
        ) from None
    return 0


async def _until_stopped(host: str, base_port: int) -> None:
    serving = asyncio.create_task(serve.run(host, base_port, partial(print, flush=True)))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        if not serving.cancelled():
            raise
