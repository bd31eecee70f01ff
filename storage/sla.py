"""The clocks of cases: which are to be looked at, and how those that ended ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from storage.database import Tx
from storage.tables import cases, counters, sla_results

_SEAL = "sla_rules"


async def list_looks_due(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Return the ids of cases whose clocks are to be looked at, soonest first; nothing is locked."""
    statement = select(cases.c.id).where(cases.c.sla_look_at <= now).order_by(cases.c.sla_look_at).limit(limit)
    return [int(row.id) for row in await tx.execute(statement)]


async def look_at_all(tx: Tx, *, now: datetime) -> None:
    """Let all running clocks be looked at, because the rules they follow are others."""
    await tx.execute(update(cases).where(cases.c.sla_look_at > now).values(sla_look_at=now))


async def swap_seal(tx: Tx, seal: int) -> int | None:
    """Keep the mark of the rules that clocks follow, and return the one kept before, if any."""
    known = (await tx.execute(select(counters.c.last).where(counters.c.name == _SEAL))).scalar()
    if known != seal:
        insert = tx.insert(counters).values(name=_SEAL, last=seal)
        await tx.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"last": seal}))
    return int(known) if known is not None else None


def add_result(
    tx: Tx,
    *,
    case_id: int,
    kind: str,
    started_at: datetime,
    due_at: datetime,
    ended_at: datetime,
    kept: bool,
    worked_s: int,
    priority: str,
    tier: str,
    member_id: int | None,
) -> None:
    """Keep with the next bulk write how a clock ended."""
    tx.add(
        sla_results,
        case_id=case_id,
        kind=kind,
        started_at=started_at,
        due_at=due_at,
        ended_at=ended_at,
        kept=kept,
        worked_s=worked_s,
        priority=priority,
        tier=tier,
        member_id=member_id,
    )


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was kept of a clock that did not end after all."""

    kind: str
    started_at: datetime
    worked_s: int


async def take_back_result(tx: Tx, *, case_id: int, kinds: Sequence[str], at: datetime) -> TakenBack | None:
    """Delete how a clock of one of these kinds ended ``at`` that instant, because it did not: nothing arrived."""
    statement = (
        delete(sla_results)
        .where(sla_results.c.case_id == case_id, sla_results.c.kind.in_(kinds), sla_results.c.ended_at == at)
        .returning(sla_results.c.kind, sla_results.c.started_at, sla_results.c.worked_s)
    )
    row = (await tx.execute(statement)).first()
    return TakenBack(row.kind, row.started_at, row.worked_s) if row else None
