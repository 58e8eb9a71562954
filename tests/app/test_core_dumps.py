"""A crash leaves nothing of the memory behind."""

import subprocess
import sys

SCRIPT = """
import resource
from pathlib import Path
from exporter.cli.main import main
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
Path("/proc/self/coredump_filter").write_text("33")
main({argv})
print("limit", resource.getrlimit(resource.RLIMIT_CORE)[0])
print("filter", int(Path("/proc/self/coredump_filter").read_text(), 16))
"""


def test_every_command_that_reads_secrets_turns_core_dumps_off() -> None:
    for argv in ([], ["check"], ["balances"]):
        argv = [*argv, "--config.file", "/nowhere/config.yaml"]
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(argv=argv)], capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.splitlines()[-2:] == ["limit 0", "filter 0"], argv
