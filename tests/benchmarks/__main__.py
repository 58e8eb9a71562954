"""`make bench`: every row of the table, with the machine; `--scale` adds the run with 2,000 accounts.

ccxt is the peer for polls; it pins much and is installed into an environment of its own.
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

from tests.benchmarks import polls, processes, scrapes
from tests.benchmarks.child import ROOT
from tests.benchmarks.table import Row, machine, printed

CCXT = "ccxt==4.5.90"


def ccxt_python(folder: Path) -> str:
    """The Python of an environment that has ccxt."""
    python = folder / "bin" / "python"
    if not (folder / ".made").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", CCXT], check=True)
        (folder / ".made").touch()
    return str(python)


def main() -> int:
    """Print the table; 1 when a goal was missed."""
    flags = argparse.ArgumentParser(prog="make bench", description=__doc__)
    flags.add_argument("--no-scale", action="store_true", help="leave out the three minutes with 2,000 accounts")
    chosen = flags.parse_args()
    python = ccxt_python(ROOT / ".venv-bench")
    rows: list[Row] = [*scrapes.run(), *polls.run(python), *processes.start_and_memory(python)]
    print(f"Measured on {machine()}; `make bench` prints this.\n")
    print(printed(rows))
    if not chosen.no_scale:
        print()
        print(processes.scale())
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
