"""`make systemd-test`: the shipped units on a Debian that boots, as a list of what holds; 1 when something does not.

Debian is put together by mmdebstrap in a temporary folder, the wheel is installed there as deploy/systemd/README.md
says, systemd-nspawn boots it without a network, and `probe.py` asks from inside. About a minute; root is needed, and
nothing is left but the packages mmdebstrap and systemd-container.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.systemd.machine import Broken, boot, machine_with_the_wheel

PACKAGES = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container"}


def _install() -> None:
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if not missing:
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None:
        raise Broken(f"{' and '.join(missing)} are not installed, and there is no apt-get to install them")
    subprocess.run(["apt-get", "update", "-qq"], env=environ, check=False)
    if subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=False).returncode:
        raise Broken(f"apt-get could not install {' and '.join(missing)}")


def main(arguments: list[str] | None = None) -> int:
    """Print each sentence with its verdict; returns the exit status."""
    flags = argparse.ArgumentParser(prog="make systemd-test", description=__doc__)
    flags.add_argument("--suite", default="bookworm", help="Debian's release (default: %(default)s)")
    suite = flags.parse_args(arguments).suite
    began = time.monotonic()
    try:
        if os.geteuid() != 0:
            raise Broken("only root can boot a machine by systemd-nspawn")
        _install()
        with tempfile.TemporaryDirectory(prefix="exchange-balance-exporter-systemd-") as folder:
            root = machine_with_the_wheel(Path(folder), suite)
            verdicts = boot(root, Path(folder) / "console")
    except Broken as error:
        print(f"make systemd-test: {error}", file=sys.stderr)
        return 1
    for sentence, problem in verdicts:
        print(f"{'FAILED' if problem else 'ok    '}  {sentence}")
        if problem:
            print("\n".join(f"        {line}" for line in problem.splitlines()))
    failed = sum(problem is not None for _, problem in verdicts)
    print(f"{suite}: {len(verdicts) - failed} of {len(verdicts)} hold, after {time.monotonic() - began:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
