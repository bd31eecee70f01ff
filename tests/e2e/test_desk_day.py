"""Three weeks of a shop, by the real program; see ``tests/proofs/desk_day.py``."""

from pathlib import Path

from tests.e2e.conftest import on_sqlite
from tests.proofs.desk_day import BY_HAND, run


@on_sqlite
async def test_what_the_program_counts_is_what_was_counted_by_hand(database_url: str, tmp_path: Path) -> None:
    """Claims, a transfer, breaches over a weekend and a holiday, the top of the ladder, a hand-over, scores."""
    assert await run(database_url, tmp_path, print) == BY_HAND
