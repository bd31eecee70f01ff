"""Lists of ``name = value`` in ``phrases/``: other names that people use for something the program calls one thing."""

from functools import cache
from pathlib import Path

_PHRASES = Path(__file__).parent / "phrases"


@cache
def read_table(name: str) -> tuple[tuple[str, str], ...]:
    """Return the lines of ``phrases/<name>.txt`` as pairs, in their order."""
    lines = (_PHRASES / f"{name}.txt").read_text("utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return tuple((left.strip(), right.strip()) for left, _, right in pairs)
