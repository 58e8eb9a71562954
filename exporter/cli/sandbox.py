"""The `sandbox` subcommand: the simulated exchanges alone, for integration tests and for trying other clients."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from exporter.core.errors import ExporterError
from exporter.sandbox import Sandbox
from exporter.sandbox.demo import Scenario, build_demo

_SEED: Final = 1


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
    serving = asyncio.create_task(serve(host, base_port, partial(print, flush=True)))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        if not serving.cancelled():
            raise


async def serve(host: str, base_port: int, say: Callable[[str], None]) -> None:
    """Serve the exchanges with the demo's accounts until cancelled.

    Args:
        host: where to listen.
        base_port: port of the first exchange, the others follow; 0 takes free ones.
        say: gets each line for the user: addresses, made-up credentials and a configuration.

    Raises:
        OSError: a port is taken.
    """
    sandbox = Sandbox()
    scenario = build_demo(sandbox, _SEED)
    ports = {name: base_port + number if base_port else 0 for number, name in enumerate(sandbox.port_names)}
    await sandbox.start(host, ports)
    try:
        for line in _greeting(sandbox, scenario):
            say(line)
        await scenario.run()
    finally:
        await sandbox.stop()


def _greeting(sandbox: Sandbox, scenario: Scenario) -> Iterator[str]:
    yield "Simulated exchanges, with made-up accounts, answer on:"
    for exchange in sandbox.exchanges:
        for name in exchange.port_names:
            yield f"  {name:<12} {exchange.url_of(name)}"
    yield ""
    yield "Accounts:"
    for account in scenario.accounts:
        credentials = "  ".join(f"{name}={value}" for name, value in account.credentials.items())
        kind = " ".join(account.options.values())
        yield f"  {f'{account.exchange} {kind}'.strip():<15} {account.name:<13} {credentials}"
    minutes = scenario.minutes_until_low()
    yield ""
    yield f"{scenario.draining} runs low in {minutes} min; {scenario.failing} fails for a minute every three."
    yield ""
    yield "A configuration for them:"
    yield ""
    yield scenario.config_text(sandbox.base_urls)
