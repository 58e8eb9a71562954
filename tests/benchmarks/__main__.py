"""`make bench`: every row of the table, with the machine.

ccxt is the peer for polls; it pins much and is installed into an environment of its own. What the rules cost a
Prometheus server takes an hour and a half, most of it to write a day of history and to let one server after another
warm up.
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

from tests.benchmarks import exchange_files, polls, processes, rules, scrapes
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
    flags.add_argument("--no-rules", action="store_true", help="leave out what the rules cost a Prometheus server")
    flags.add_argument("--only", choices=("rules",), help="only what the rules cost a Prometheus server")
    chosen = flags.parse_args()
    rows: list[Row] = []
    if chosen.only is None:
        python = ccxt_python(ROOT / ".venv-bench")
        rows += [*scrapes.run(), *polls.run(python), *processes.start_and_memory(python), *exchange_files.run()]
    if not chosen.no_rules:
        rows += rules.run()
    print(f"Measured on {machine()}; `make bench` prints this.\n")
    print(printed(rows))
    if not chosen.no_scale and chosen.only is None:
        print()
        print(processes.scale())
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
