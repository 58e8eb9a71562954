"""`make faults`: prints the table, exchange by fault; exits with 1 if anything in it does not hold."""

import argparse
import logging
import sys
from collections.abc import Sequence

from tests.faults.catalogue import TROUBLES
from tests.faults.table import Verdict, play
from tests.faults.variants import VARIANTS

_FIRST = 32
_COLUMN = 15
SLOW_TURN = 0.1
"""Seconds that the loop may be away, beyond which its neighbours notice."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--exchange", action="append", choices=VARIANTS, help="repeatable; all unless said")
    parser.add_argument(
        "--fault", action="append", choices=TROUBLES, metavar="FAULT", help="repeatable; all unless said"
    )
    flags = parser.parse_args(argv)
    logging.lastResort = None
    variants, faults = flags.exchange or list(VARIANTS), flags.fault or list(TROUBLES)
    verdicts: dict[tuple[str, str], Verdict] = {}
    for variant in variants:
        if sys.stderr.isatty():
            print(f"playing {len(faults)} faults on {variant} ...", file=sys.stderr)
        verdicts |= play(variant, faults).verdicts
    print("fault".ljust(_FIRST) + "".join(variant.ljust(_COLUMN) for variant in variants))
    for fault in faults:
        print(fault.ljust(_FIRST) + "".join(_cell(verdicts.get((variant, fault))) for variant in variants))
    print()
    bad = [(key, verdict) for key, verdict in verdicts.items() if verdict.problems]
    holes = len(variants) * len(faults) - len(verdicts)
    for (variant, fault), verdict in bad:
        for problem in verdict.problems:
            print(f"{variant}, {fault}: {problem}")
    print(f"{len(verdicts) - len(bad)} hold, {len(bad)} fail, {holes} were not played.")
    _, worst = max(verdicts.items(), key=lambda item: item[1].longest_turn)
    slow = sorted({key for key, each in verdicts.items() if each.longest_turn > SLOW_TURN})
    print(f"Longest turn of the loop, simulated exchanges included: {worst.longest_turn * 1000:.0f} ms.", end=" ")
    print(f"Above {SLOW_TURN * 1000:.0f} ms: {', '.join(sorted({each[0] for each in slow}))}." if slow else "")
    return 1 if bad or holes else 0


def _cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return "HOLE".ljust(_COLUMN)
    if verdict.problems:
        return "FAILS".ljust(_COLUMN)
    return (verdict.reason or "good").ljust(_COLUMN)


if __name__ == "__main__":
    sys.exit(main())
