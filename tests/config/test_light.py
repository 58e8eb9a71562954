"""The values of the configuration cost nothing: who needs only those does not pay for reading YAML."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("exporter.config", ("yaml", "pydantic", "exporter.exchanges")),
        ("exporter.exchanges", ("aiohttp", "asyncio", "yaml", "pydantic")),
    ],
)
def test_importing_a_description_loads_nothing_heavy(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in sys.modules if name.startswith({heavy!r})])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
