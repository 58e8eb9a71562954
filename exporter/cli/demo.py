"""The `demo` subcommand: the whole exporter against simulated exchanges; no key, no network, no file needed."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from exporter.app import process
from exporter.core.errors import ExporterError
from exporter.core.settings import Settings, listen_address
from exporter.core.wording import counted
from exporter.sandbox import Sandbox
from exporter.sandbox.demo import Scenario, build_demo

_SEED: Final = 1
_RULE_WAITS_MINUTES: Final = 1  # `for` of the shipped alert BalanceLow


def run(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run until a signal ends it; returns the exit status.

    Raises:
        ExporterError: an address cannot be listened on, or no temporary folder can be written.
    """
    return asyncio.run(_demo(settings, environ))


async def _demo(settings: Settings, environ: Mapping[str, str]) -> int:
    sandbox = Sandbox()
    scenario = build_demo(sandbox, _SEED)
    await sandbox.start()
    try:
        with _folder() as folder:
            path = _written(Path(folder), scenario.config_text(sandbox.base_urls))
            print(greeting(settings, scenario), flush=True)
            return await _both(replace(settings, config_file=path), environ, scenario)
    finally:
        await sandbox.stop()


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for the demo's configuration; in memory where the root is read-only and no /tmp is mounted.

    Raises:
        ExporterError: no folder at all can be written.
    """
    for parent in (None, "/dev/shm"):  # noqa: S108 -- a folder of a random name is made in it
        try:
            return tempfile.TemporaryDirectory(prefix="exchange-balance-exporter-demo-", dir=parent)
        except OSError:
            continue
    raise ExporterError(
        "the demo writes its configuration to a temporary folder, and none can be written: "
        "mount one (docker run --tmpfs /tmp), or set TMPDIR"
    )


def _written(folder: Path, config: str) -> Path:
    path = folder / "config.yaml"
    path.touch(mode=0o600)
    path.write_text(config, encoding="utf-8")
    return path


async def _both(settings: Settings, environ: Mapping[str, str], scenario: Scenario) -> int:
    """Run the exporter and move the balances until the exporter ends, or the scenario breaks."""
    serving = asyncio.create_task(process.run(settings, environ))
    moving = asyncio.create_task(scenario.run())
    try:
        await asyncio.wait((serving, moving), return_when=asyncio.FIRST_COMPLETED)
        if moving.done():
            await moving
        return await serving
    finally:
        for task in (serving, moving):
            task.cancel()
        await asyncio.gather(serving, moving, return_exceptions=True)


def greeting(settings: Settings, scenario: Scenario) -> str:
    """What a person who has started the demo wants to know: where to look, what to scrape, what will happen."""
    address = listen_address(settings.listen_addresses[0])
    host = address.host or "localhost"
    target = f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"
    metrics_path = "" if settings.telemetry_path == "/metrics" else f"    metrics_path: {settings.telemetry_path}\n"
    minutes = counted(scenario.minutes_until_low() + _RULE_WAITS_MINUTES, "minute")
    return (
        f"The demo polls {counted(len(scenario.accounts), 'made-up account')} on simulated exchanges.\n"
        "\n"
        f"  status page  http://{target}/\n"
        f"  metrics      http://{target}{settings.telemetry_path}\n"
        "\n"
        "To see it in Prometheus, add this under scrape_configs:\n"
        "\n"
        "  - job_name: exchange-balance-exporter\n"
        f"{metrics_path}"
        "    static_configs:\n"
        f'      - targets: ["{target}"]\n'
        "\n"
        f"{scenario.draining} drains: its low-balance alert fires in about {minutes}. "
        f"{scenario.failing} fails for a while and recovers.\n"
        "Stop it with Ctrl-C.\n"
    )
