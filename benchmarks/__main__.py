"""Entry of ``python -m benchmarks``: messages, points, imports, surveys, campaigns and sending them, the tour."""

import argparse
import sys

from benchmarks import campaign_sending, campaigns, imports, points, run, surveys, tour

_PARTS = {
    "messages": run.main,
    "points": points.main,
    "imports": imports.main,
    "surveys": surveys.main,
    "campaigns": campaigns.main,
    "sending": campaign_sending.main,
    "tour": tour.main,
}


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
