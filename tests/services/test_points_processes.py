"""Several processes at one account at the same time."""

from storage.database import Database
from tests.proofs.points_hammer import PROCESSES, Plan, hammer, list_faults, open_accounts
from texts import Texts


async def test_eight_processes_lose_and_double_no_point(database: Database, texts: Texts) -> None:
    """Each entry a process heard of is there once, a key is booked once, nothing is spent or returned twice."""
    ann_id, bob_id = await open_accounts(database, texts)
    plan = Plan(database.url, ann_id, bob_id, wishes=25, seed=7)
    reports = hammer(plan)
    assert await list_faults(database, plan, reports, texts) == []
    heard = [each for report in reports for each in report.heard]
    assert len(heard) > 100
    assert len({entry_id for _, entry_id, _, _ in heard}) < len(heard), "no wish came twice"
    assert len(reports) == PROCESSES
