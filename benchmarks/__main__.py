"""Entry of ``python -m benchmarks``: the messages, the points ledger and the imports, one after the other."""

import argparse
import sys

from benchmarks import imports, points, run

_PARTS = {"messages": run.main, "points": points.main, "imports": imports.main}


def main() -> int:
    """Measure every part, or the one that ``--part`` names; options of one part alone go with it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, add_help=False)
    parser.add_argument("--part", choices=_PARTS)
    parser.add_argument("--rounds", type=int, default=5)
    given, others = parser.parse_known_args()
    wanted = given.part or ("messages" if others else None)
    failed = 0
    for name, measure in _PARTS.items():
        if wanted in (None, name):
            sys.argv[1:] = ["--rounds", str(given.rounds), *others]
            failed |= measure()
    return failed


sys.exit(main())
