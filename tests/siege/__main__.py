"""`make siege`: the running program under one attack after the other, as a table; 1 when a goal was missed.

Five to six minutes on a quiet machine. `--only NAME`, which may be repeated, runs single rows.
"""

import argparse
import asyncio
import sys
import time
import traceback

from tests.benchmarks.table import machine
from tests.siege.attacks import ATTACKS
from tests.siege.stage import Attack, run
from tests.siege.table import Goals, Miss, Result, all_met, head, line, told, verdict


def _row(attack: Attack, seconds: float | None) -> Result:
    """A row; one that breaks is missed, and the others are run all the same."""
    try:
        return asyncio.run(run(attack, seconds=seconds))
    except Exception as error:
        traceback.print_exc()
        broken = Miss("the siege itself broke", repr(error))
        return Result(attack.name, attack.what, attack.seconds, at_start=True, misses=[broken])


def main(arguments: list[str] | None = None) -> int:
    """Print the table while it grows."""
    names = [attack.name for attack in ATTACKS]
    flags = argparse.ArgumentParser(prog="make siege", description=__doc__)
    flags.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    flags.add_argument("--seconds", type=float, help="length of each attack, instead of its own")
    chosen = flags.parse_args(arguments)
    print(f"Measured on {machine()}; `make siege` prints this. {told(Goals())}\n\n{head()}", flush=True)
    results: list[Result] = []
    began = time.monotonic()
    for attack in ATTACKS:
        if not chosen.only or attack.name in chosen.only:
            results.append(_row(attack, chosen.seconds))
            print(line(results[-1]), flush=True)
    print(f"\n{verdict(results)} It took {time.monotonic() - began:.0f} s.")
    return 0 if all_met(results) else 1


if __name__ == "__main__":
    sys.exit(main())
