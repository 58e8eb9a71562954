"""The `sandbox` subcommand: simulated exchanges alone, with the demo's accounts, until stopped."""

from collections.abc import Callable
from typing import Final

from exporter.sandbox.demo import build_demo
from exporter.sandbox.server import EXCHANGES, Sandbox

_SEED: Final = 1


async def run(host: str, base_port: int, say: Callable[[str], None]) -> None:
    """Serve until cancelled; the exchanges take consecutive ports from `base_port` on, or any free ones for 0.

    `say` gets each line for the user: addresses, made-up credentials and a configuration.

    Raises:
        OSError: a port is taken.
    """
    sandbox = Sandbox()
    scenario = build_demo(sandbox, _SEED)
    ports = {name: base_port + number if base_port else 0 for number, name in enumerate(EXCHANGES)}
    await sandbox.start(host, ports)
    try:
        say("Simulated exchanges, with made-up accounts, answer on:")
        for name, url in sandbox.urls.items():
            say(f"  {name:<8} {url}")
        say("")
        say("Accounts:")
        for account in scenario.accounts:
            credentials = "  ".join(f"{name}={value}" for name, value in account.credentials.items())
            kind = " ".join(account.options.values())
            say(f"  {f'{account.exchange} {kind}'.strip():<15} {account.name:<13} {credentials}")
        minutes = scenario.minutes_until_low()
        say("")
        say(f"{scenario.draining} runs low in {minutes} min; {scenario.failing} fails for a minute every three.")
        say("")
        say("A configuration for them:")
        say("")
        say(scenario.config_text(sandbox.urls))
        await scenario.run()
    finally:
        await sandbox.stop()
