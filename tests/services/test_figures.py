"""The desk's figures, counted by hand beside the program."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from domain.cases import CaseKind, EndedAs
from domain.languages import LANGUAGES
from domain.outcomes import Refusal
from domain.people import SYSTEM, Role
from services.cases import open_case
from services.casework import resolve_case
from services.figures import desk_figures, kept_share, median_s, satisfied_share
from services.seeding import seed
from services.surveys.book import add_survey
from services.surveys.document import read_toml
from services.work import Work
from storage.staff import load_staff
from storage.tables import cases, escalations, sla_results, survey_responses
from tests.services.shop import ANN_CHAT, BOT, MORNING, Working, arrive

HOUR = timedelta(hours=1)


async def _clock(work: Work, case_id: int, kind: str, *, kept: bool, worked_s: int, member_id: int) -> None:
    at = {"started_at": work.now, "due_at": work.now, "ended_at": work.now}
    of = {"case_id": case_id, "member_id": member_id, "priority": "normal", "tier": "new"}
    await work.tx.execute(insert(sla_results).values(**at, **of, kind=kind, kept=kept, worked_s=worked_s))


async def _put_on(work: Work, key: str, kind: str) -> None:
    title, question = ("\n".join(f'{part}.{one} = "How?"' for one in LANGUAGES) for part in ("title", "text"))
    document = f'key = "{key}"\n{title}\n[[questions]]\nkey = "q"\nkind = "{kind}"\n{question}\n'
    assert not isinstance(await add_survey(work, read_toml(document, name="s.toml"), by=SYSTEM), Refusal)


async def test_the_figures_are_those_counted_by_hand(working: Working) -> None:
    """Three clocks of Ben, one missed; two solutions; scores 5, 4 and 2, but no 3 of ten; nothing outside the span."""
    async with working() as work:
        await seed(work, members=[(7, "Ben", Role.AGENT, None), (8, "Sue", Role.SUPERVISOR, None)])
        staff = await load_staff(work.tx, bot_id=BOT)
        ben, sue = staff.member(7), staff.member(8)
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        opened = [await open_case(work, ann, kind=CaseKind.COMPLAINT, interaction_ids=[]) for _ in range(3)]
        for case, member in zip(opened, (ben, ben, sue), strict=True):
            await resolve_case(work, case_id=case.id, by=member)
        await work.tx.flush()
        await work.tx.execute(sla_results.delete())
        for kept, worked_s in ((True, 600), (True, 1200), (False, 7200)):
            await _clock(work, opened[0].id, "first_response", kept=kept, worked_s=worked_s, member_id=ben.id)
        closed: dict[str, Any] = {"state": "closed", "closed_at": work.now, "ended_as": EndedAs.SOLVED.value}
        await work.tx.execute(cases.update().where(cases.c.id == opened[0].id).values(**closed))
        rung: dict[str, Any] = {
            "case_id": opened[1].id,
            "cause": "breach",
            "by_kind": "system",
            "told": [sue.id],
            "ended_at": work.now,
        }
        await work.tx.execute(insert(escalations).values(**rung, level=2, at=work.now))
        await work.tx.execute(insert(escalations).values(**rung, level=2, at=work.now - 9 * HOUR))
        await _put_on(work, "after_case", "csat")
        await _put_on(work, "friends", "nps")
        given = ((ben, "after_case", 5), (ben, "after_case", 4), (sue, "after_case", 2), (sue, "friends", 3))
        for nth, (member, survey, score) in enumerate(given):
            asked: dict[str, Any] = {"survey": survey, "version": 1, "occasion": f"o{nth}", "asked_at": work.now}
            of = {"customer_id": ann.customer.id, "case_id": opened[nth % 3].id, "member_id": member.id}
            await work.tx.execute(insert(survey_responses).values(**asked, **of, score=score, answered_at=work.now))
    async with working() as work:
        found = await desk_figures(work, since_at=MORNING - HOUR, until_at=MORNING + HOUR)
        before = await desk_figures(work, since_at=MORNING - 3 * HOUR, until_at=MORNING - HOUR)
    assert (found.opened, found.resolved, found.reopened, found.ended) == (3, 3, 0, {"solved": 1})
    clock = found.clocks["first_response"]
    assert (clock.kept, clock.missed, median_s(clock)) == (2, 1, 1200)
    assert kept_share(clock) == 2 / 3
    assert found.escalations == {(2, "breach"): 1}
    told = {name: (member.resolved, member.kept, member.missed, member.scores) for name, member in found.members}
    assert told == {"Ben": (2, 2, 1, (5, 4)), "Sue": (1, 0, 0, (2,))}
    assert satisfied_share(found.scores) == 2 / 3
    assert (before.opened, before.members, satisfied_share(before.scores)) == (0, [], None)
