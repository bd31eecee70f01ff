"""What is measured: each row is one kind of load on a program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One load: ``customers`` in the stand-in, its ``latency_ms``, and which figures are read from the results.

    ``rate`` is updates a second, ``None`` for as fast as they are answered. A row with ``messages`` is outbound:
    the program itself sends so many. A run ends when all is answered or sent, at the latest after ``seconds``.
    """

    key: str
    figures: Mapping[str, Callable[[Results], float | None]]
    seconds: float
    latency_ms: float = 0.0
    customers: int = 1
    at_once: int = 1000
    rate: float | None = None
    warmup: int = 0
    messages: int = 0


def _wait(name: str) -> Callable[[Results], float | None]:
    return lambda results: results["wait_ms"].get(name)


def _rate(results: Results) -> float | None:
    return results["updates_per_s"] or None


def _sent_rate(results: Results) -> float | None:
    return results["sent_per_s"] or None


def _paced(rate: int, seconds: int) -> Row:
    return Row(
        f"reply {rate}/s",
        {f"p50 ms {rate}/s": _wait("p50"), f"p99 ms {rate}/s": _wait("p99")},
        seconds=seconds + 3,
        customers=rate * seconds // 3,
        at_once=rate,
        rate=rate,
        warmup=rate // 2,
    )


INBOUND_0 = Row("inbound 0 ms", {"in/s 0 ms": _rate}, seconds=10, customers=1000)
INBOUND_50 = Row("inbound 50 ms", {"in/s 50 ms": _rate}, seconds=10, customers=1000, latency_ms=50)
# The feeder would be done with the others' customers before it is warm.
CEILING = Row("ceiling", {"in/s 0 ms": _rate}, seconds=6, customers=10_000)
REPLY_50 = _paced(50, 6)
REPLY_100 = _paced(100, 6)
OUTBOUND = Row("outbound 50 ms", {"out/s 50 ms": _sent_rate}, seconds=6, latency_ms=50, messages=5000)

ROWS = (CEILING, INBOUND_0, INBOUND_50, REPLY_50, REPLY_100, OUTBOUND)
