"""``python -m simulator``: serve a fresh world over HTTP."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from simulator.http import run


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="simulator", description="A Telegram Bot API stand-in.")
    parser.add_argument("--port", type=int, default=8081, help="0 takes any free port")
    parser.add_argument("--token", help="make one bot with this token")
    parser.add_argument("--limits", action="store_true", help="enforce Telegram's flood limits")
    parser.add_argument("--start", type=datetime.fromisoformat, help="the first instant, ISO form")
    options = parser.parse_args()
    start = options.start
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    run(options.port, token=options.token, limits=options.limits, start=start)


if __name__ == "__main__":
    main()
