"""How long the tour takes, beside starts of the program, of which it holds three: a ratio of one run, and seconds.

``python -m benchmarks --part tour``: the goal is half a minute on a machine that does nothing else.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

_CAREBOT = (sys.executable, "-c", "from bot.cli import main; main()")
_STARTED = (sys.executable, "-c", "import bot.app")
_PATIENCE_S = 300
_MOST_S, _MOST_STARTS = 30.0, 15.0


def main() -> int:
    """Play the tour some times, each beside a start of the program, and print both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --part tour", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        tours, starts = [], []
        for nth in range(rounds):
            starts.append(_took_s(_STARTED, Path(folder)))
            (place := Path(folder, str(nth))).mkdir()
            tours.append(_took_s((*_CAREBOT, "demo", "--tour"), place))
    _show(median(tours), median(starts))
    return 0


def _took_s(command: tuple[str, ...], folder: Path) -> float:
    root = Path(__file__).resolve().parent.parent
    begun = time.perf_counter()
    env = {"PYTHONPATH": str(root), "PATH": ""}
    subprocess.run(command, cwd=folder, env=env, timeout=_PATIENCE_S, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _show(tour_s: float, start_s: float) -> None:
    table = Table("the tour", "goal", "figure", "")
    for name, bound, figure in (
        ("seconds", _MOST_S, tour_s),
        ("starts of the program", _MOST_STARTS, tour_s / start_s),
    ):
        table.add_row(name, f"≤ {bound:g}", f"{figure:.1f}", "ok" if figure <= bound else "falls short")
    Console().print(table)
