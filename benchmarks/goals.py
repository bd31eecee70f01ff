"""The goals, as ratios of medians of one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.contestants import (
    CAREBOT,
    FEEDER,
    OURS,
    OURS_256,
    SEND_API,
    SEND_OURS,
    SEND_STOCK,
    STOCK,
    STOCK_256,
)

AT_0, AT_50 = "in/s 0 ms", "in/s 50 ms"
SENT = "out/s 50 ms"
MEMORY = "MiB"

# The median of a figure by contestant and name; what was not measured is missing.
Medians = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a figure: at least ``bound`` when ``is_minimum``, else at most."""

    key: str
    what: str
    figure: Callable[[Medians], float | None]
    bound: float
    is_minimum: bool = True

    def holds(self, value: float) -> bool:
        """Tell whether ``value`` keeps the bound."""
        return value >= self.bound if self.is_minimum else value <= self.bound


def ratio(of: tuple[str, str], to: tuple[str, str]) -> Callable[[Medians], float | None]:
    """Return the figure ``of`` divided by the figure ``to``, ``None`` while one of them is missing."""

    def figure(medians: Medians) -> float | None:
        above, below = medians.get(of), medians.get(to)
        return above / below if above is not None and below else None

    return figure


def _headroom(medians: Medians) -> float | None:
    others = [value for (name, figure), value in medians.items() if figure == AT_0 and name != FEEDER]
    ceiling = medians.get((FEEDER, AT_0))
    return ceiling / max(others) if ceiling and others else None


def _reply_goals() -> list[Goal]:
    return [
        Goal(
            "G3",
            f"reply time, {figure}: carebot / bare echo",
            ratio((CAREBOT, figure), (OURS_256, figure)),
            3.0,
            is_minimum=False,
        )
        for rate in (50, 100)
        for figure in (f"p50 ms {rate}/s", f"p99 ms {rate}/s")
    ]


GOALS: list[Goal] = [
    Goal("G0", "ceiling of the stand-in / fastest program", _headroom, 3.0),
    Goal("G1", "inbound, 0 ms: carebot / bare echo, same transport", ratio((CAREBOT, AT_0), (OURS_256, AT_0)), 0.6),
    Goal("G1", "inbound, 50 ms: carebot / bare echo, same transport", ratio((CAREBOT, AT_50), (OURS_256, AT_50)), 0.9),
    Goal(
        "G1", "inbound, 50 ms: carebot / stock PTB echo, 256 at once", ratio((CAREBOT, AT_50), (STOCK_256, AT_50)), 5.0
    ),
    *_reply_goals(),
    Goal("G4", "outbound, 50 ms: our transport / stock", ratio((SEND_OURS, SENT), (SEND_STOCK, SENT)), 5.0),
    Goal(
        "G4",
        "campaign, 50 ms: carebot / the same loop without a database",
        ratio((CAREBOT, SENT), (SEND_API, SENT)),
        0.85,
    ),
    Goal(
        "G9",
        "memory while running: carebot / bare PTB",
        ratio((CAREBOT, MEMORY), (STOCK, MEMORY)),
        2.0,
        is_minimum=False,
    ),
    Goal("G14", "inbound, 50 ms: carebot / sequential", ratio((CAREBOT, AT_50), (OURS, AT_50)), 30.0),
]
