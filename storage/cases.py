"""Cases and the topics that show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select, update

from domain.cases import FIRST_CASE_NUMBER, LIVE, Aspect, Case, CaseKind, CaseState, EndedAs, Priority
from storage.database import Tx
from storage.tables import cases, counters, staff_groups, topics

COLUMNS = tuple(cases.c[name] for name in Case.__slots__)
"""What a query of cases selects."""
_LIVE = tuple(state.value for state in LIVE)


def _case(tx: Tx, row: Any) -> Case:
    """Return the one value of this case in this transaction, so that all who ask see each other's changes."""
    key = ("case", row.id)
    if key not in tx.identity:
        tx.identity[key] = Case(
            **{
                **row._mapping,
                "kind": CaseKind(row.kind),
                "state": CaseState(row.state),
                "aspect": Aspect(row.aspect) if row.aspect else None,
                "priority": Priority(row.priority),
                "priority_why": tuple(row.priority_why or ()),
                "sla_told": tuple(row.sla_told or ()),
                "sla_clocks": row.sla_clocks or {},
                "ended_as": EndedAs(row.ended_as) if row.ended_as else None,
            }
        )
    case: Case = tx.identity[key]
    return case


async def load_cases(tx: Tx, statement: Select[Any], parameters: dict[str, Any] | None = None) -> list[Case]:
    """Return the cases a query over :data:`COLUMNS` finds; in a writing transaction they stay locked."""
    rows = await tx.execute(statement.with_for_update() if tx.for_update else statement, parameters)
    return [_case(tx, row) for row in rows]


async def get_case(tx: Tx, case_id: int) -> Case | None:
    """Return one case; in a writing transaction it stays locked until the end."""
    known: Case | None = tx.identity.get(("case", case_id))
    if known:
        return known
    found = await load_cases(tx, select(*COLUMNS).where(cases.c.id == case_id))
    return found[0] if found else None


async def is_case(tx: Tx, case_id: int) -> bool:
    """Return whether there is such a case; nothing is locked."""
    return (await tx.execute(select(cases.c.id).where(cases.c.id == case_id))).first() is not None


async def get_case_by_number(tx: Tx, number: int) -> Case | None:
    """Return the case with this public number."""
    found = await load_cases(tx, select(*COLUMNS).where(cases.c.number == number))
    return found[0] if found else None


_OWED = (
    select(*COLUMNS)
    .where(
        cases.c.customer_id.in_(bindparam("customers", expanding=True)),
        or_(cases.c.state.in_(_LIVE), cases.c.state == CaseState.RESOLVED.value),
    )
    .order_by(cases.c.id)
)


async def load_owed(tx: Tx, customer_ids: Sequence[int]) -> list[Case]:
    """Return the live and the resolved (not yet closed) cases of these customers, oldest first."""
    return await load_cases(tx, _OWED, {"customers": list(customer_ids)}) if customer_ids else []


async def list_of_customer(tx: Tx, customer_id: int, *, limit: int) -> list[Case]:
    """Return a customer's newest cases, newest first."""
    return await load_cases(
        tx,
        select(*COLUMNS).where(cases.c.customer_id == customer_id).order_by(cases.c.id.desc()).limit(limit),
    )


async def find_earlier_complaint(tx: Tx, case: Case, *, since: datetime) -> int | None:
    """Return the number of the customer's newest complaint before ``case``, opened since then; nothing is locked."""
    statement = (
        select(cases.c.number)
        .where(
            cases.c.customer_id == case.customer_id,
            cases.c.id < case.id,
            cases.c.kind == CaseKind.COMPLAINT.value,
            cases.c.confidential.is_(False),
            cases.c.opened_at >= since,
            or_(cases.c.ended_as.is_(None), cases.c.ended_as.in_((EndedAs.SOLVED.value, EndedAs.SILENCE.value))),
        )
        .order_by(cases.c.id.desc())
        .limit(1)
    )
    found: int | None = (await tx.execute(statement)).scalar()
    return found


async def next_case_number(tx: Tx) -> int:
    """Hand out the next public number; two transactions never get the same one."""
    insert = tx.insert(counters).values(name="case", last=FIRST_CASE_NUMBER)
    statement = insert.on_conflict_do_update(index_elements=["name"], set_={"last": counters.c.last + 1}).returning(
        counters.c.last
    )
    return int((await tx.execute(statement)).scalar_one())


async def insert_case(tx: Tx, **values: Any) -> Case:
    """Insert a case and return it."""
    row = (await tx.execute(cases.insert().values(**values).returning(*COLUMNS))).one()
    return _case(tx, row)


def save_case(tx: Tx, case: Case, **changed: Any) -> None:
    """Keep a changed case, with the next bulk write; ``changed`` are the columns that differ."""
    tx.identity[("case", case.id)] = case
    tx.change(cases, case.id, **changed)


async def list_promises_due(
    tx: Tx, *, warn_before: datetime, renew_before: datetime, unnamed: bool, limit: int
) -> list[int]:
    """Return the ids of live, unanswered cases with a promise about to pass, soonest first; nothing is locked.

    Those promised before ``renew_before``; those promised a second time or later before ``warn_before``, of which
    staff were not reminded; with ``unnamed`` those to whom no time could be named.
    """
    again = and_(cases.c.promised_at <= warn_before, cases.c.promise_warned.is_(False), cases.c.promise_renewals > 0)
    nameless = (cases.c.promised_at.is_(None), cases.c.sla_clocks.is_not(None))
    statement = (
        select(cases.c.id)
        .where(
            cases.c.first_response_at.is_(None),
            cases.c.closed_at.is_(None),
            cases.c.state.in_(_LIVE),
            or_(again, cases.c.promised_at <= renew_before, *([and_(*nameless)] if unnamed else [])),
        )
        .order_by(cases.c.promised_at, cases.c.id)
        .limit(limit)
    )
    return [int(row.id) for row in await tx.execute(statement)]


async def list_resolved_before(tx: Tx, *, before: datetime, limit: int) -> list[Case]:
    """Return resolved cases that nobody has reopened since ``before``, in the order of ids in which all lock them."""
    statement = (
        select(*COLUMNS)
        .where(cases.c.state == CaseState.RESOLVED.value, cases.c.resolved_at <= before)
        .order_by(cases.c.id)
        .limit(limit)
    )
    return await load_cases(tx, statement)


async def list_shown_in(tx: Tx, *, staff_group_id: int, limit: int) -> list[Case]:
    """Return the live cases of a staff group, oldest first."""
    statement = (
        select(*COLUMNS)
        .where(cases.c.staff_group_id == staff_group_id, cases.c.state.in_(_LIVE))
        .order_by(cases.c.id)
        .limit(limit)
    )
    return await load_cases(tx, statement)


async def count_shown_in(tx: Tx, *, staff_group_id: int) -> int:
    """Return how many live cases a staff group shows."""
    statement = select(func.count()).where(cases.c.staff_group_id == staff_group_id, cases.c.state.in_(_LIVE))
    return int((await tx.execute(statement)).scalar_one())


async def list_without_view(tx: Tx, *, limit: int) -> list[Case]:
    """Return live cases that no staff group shows, or one that was removed, oldest first."""
    removed = select(staff_groups.c.id).where(staff_groups.c.active.is_(False))
    nowhere = or_(cases.c.staff_group_id.is_(None), cases.c.staff_group_id.in_(removed))
    statement = (
        select(*COLUMNS)
        .where(nowhere, cases.c.state.in_(_LIVE), cases.c.confidential.is_(False))
        .order_by(cases.c.id)
        .limit(limit)
    )
    return await load_cases(tx, statement)


@dataclass(frozen=True, slots=True)
class Topic:
    """Where a case is shown: a forum topic, or in a plain group just its card. A view that may be lost."""

    case_id: int
    staff_group_id: int
    thread_id: int | None
    card_message_id: int | None


async def get_topic(tx: Tx, case_id: int) -> Topic | None:
    """Return where a case is shown."""
    row = (await tx.execute(select(topics).where(topics.c.case_id == case_id))).first()
    return Topic(**row._mapping) if row else None


async def find_case_of_thread(tx: Tx, *, staff_group_id: int, thread_id: int) -> int | None:
    """Return the case that this forum topic shows."""
    statement = select(topics.c.case_id).where(
        topics.c.staff_group_id == staff_group_id, topics.c.thread_id == thread_id
    )
    value: int | None = (await tx.execute(statement)).scalar()
    return value


async def set_topic(
    tx: Tx, *, case_id: int, staff_group_id: int, thread_id: int | None, card_message_id: int | None
) -> None:
    """Keep where a case is shown from now on."""
    values = {"staff_group_id": staff_group_id, "thread_id": thread_id, "card_message_id": card_message_id}
    insert = tx.insert(topics).values(case_id=case_id, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=["case_id"], set_=values))


async def set_card(tx: Tx, *, case_id: int, card_message_id: int | None) -> None:
    """Keep which message is the card of a case, or that none is."""
    await tx.execute(update(topics).where(topics.c.case_id == case_id).values(card_message_id=card_message_id))


async def lose_topic(tx: Tx, *, case_id: int) -> None:
    """Forget a topic that is gone, so that the next message builds a new one."""
    await tx.execute(update(topics).where(topics.c.case_id == case_id).values(thread_id=None, card_message_id=None))
