"""What was counted, done to the program: every deed through its service, every tap with what is expected of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert, select

from domain.cases import CaseKind
from domain.outcomes import Refusal
from domain.people import SYSTEM, ConsentClass, Reach
from domain.surveys import SurveyState
from services.cases import open_case, reopen_by_customer
from services.casework import resolve_case
from services.customers import set_consent, set_reach
from services.purchases import Recorded, record_purchase, record_refund
from services.surveys import book
from services.surveys.document import read_toml
from services.surveys.waves import Wave, send_wave
from services.work import Person, Work, person_of_contact
from storage import deliveries as delivery_rows
from storage.cases import get_case
from storage.feedback import insert_feedback
from storage.people import change_contact
from storage.staff import load_staff
from storage.tables import consents, contact_points, customers, survey_responses
from tests.proofs.survey_answering import react
from tests.proofs.survey_ledger import Act, Step
from tests.proofs.survey_papers import PAPERS
from tests.proofs.survey_stage import BEN, CHATS, Stage
from tests.proofs.survey_world import EPOCH, Deed, Guest, World, date_of, instant_of
from tests.services.shop import BOT

_TOGETHER = 12
"""So many deeds are done in one transaction, as when many people write at once."""
_LATE = timedelta(days=1)


class Play:
    """One run of a counted story on a stage; ``faults`` are the answers that were not as expected."""

    def __init__(self, stage: Stage, world: World) -> None:
        self.stage = stage
        self.faults: list[str] = []
        self.taps = 0
        self.names: dict[str, str] = {}
        self._guests = {guest.id: guest for guest in world.guests}
        self._purchases: dict[str, int] = {}
        self._cases: dict[str, int] = {}
        self._hands: dict[int, int] = {}
        self._responses: dict[tuple[str, str, int], int] = {}

    async def run(self, steps: Sequence[Step], *, progress: Any = None) -> None:
        """Do all that was counted, one moment after the other."""
        for nth, step in enumerate(steps):
            if step.acts is None:
                await self.stage.looks(step.minute, partial(self._fate, step))
            else:
                await self._does_all(step.minute, step.acts)
            if progress is not None and nth % 50 == 0:
                progress(nth / len(steps))

    async def _fate(self, step: Step, work: Work, guest: int, campaign: str, occasion: str) -> str:
        if guest in step.blocked:
            return "blocked"
        lost = (guest, campaign, await self.name_of(work, occasion)) in step.lost
        return "lost" if lost else "sent"

    async def name_of(self, work: Work, occasion: str) -> str:
        """Return how the count calls an occasion of the database."""
        kind, _, ref = occasion.partition(":")
        if kind == "p":
            return f"p:{self.names[occasion]}"
        if kind == "case":
            case_id, _, nth = ref.partition(":")
            return f"case:{self.names[f'case:{case_id}']}:{nth}"
        if kind == "r":
            if occasion not in self.names:
                row = await work.tx.execute(
                    select(
                        survey_responses.c.survey, survey_responses.c.occasion, survey_responses.c.customer_id
                    ).where(survey_responses.c.id == int(ref))
                )
                survey, of, guest = row.one()
                self.names[occasion] = f"r:{survey}/{await self.name_of(work, of_all(of, guest))}"
            return self.names[occasion]
        return self.names.get(occasion, occasion)

    async def _does_all(self, minute: int, acts: Sequence[Act]) -> None:
        for chunk in _chunks(acts):
            if chunk[0].what == "double":
                await self._taps_twice(minute, chunk[0])
            else:
                await self.stage.does(partial(self._chunk, minute, chunk))

    async def _chunk(self, minute: int, acts: Sequence[Act]) -> None:
        """Do some deeds in one transaction; cut off, all of them are done again."""
        async with self.stage.working(minute) as work:
            results = [(act, await self._does(work, act)) for act in acts]
        for act, result in results:
            self._expects(act, result, minute)

    def _expects(self, act: Act, result: Any, minute: int) -> None:
        refused = isinstance(result, Refusal)
        if act.reply is not None:
            self.taps += 1
        if refused is act.accepted:
            of = f"{act.reply.paper.key}/{act.reply.occasion} of {act.guest}" if act.reply else f"guest {act.guest}"
            given = f"{act.question}={act.value!r}"
            self.faults.append(f"{instant_of(minute)}: {act.what} {given} {of}: {result}, expected {act.accepted}")

    async def _taps_twice(self, minute: int, act: Act) -> None:
        """Let one tap come from two devices at once: one of them counts."""

        async def tap() -> Any:
            async with self.stage.working(minute) as work:
                return await self._reacts(work, act)

        results = await asyncio.gather(tap(), tap())
        self.taps += 2
        if sum(isinstance(result, Refusal) for result in results) != 1:
            self.faults.append(f"{instant_of(minute)}: two taps at once: {results}")

    async def _does(self, work: Work, act: Act) -> Any:
        if act.reply is not None:
            return await self._reacts(work, act)
        if act.what == "joins":
            return await self._joins(work, self._guests[act.guest])
        assert act.deed is not None
        if act.guest == 0:
            return await self._runs_shop(work, act.deed)
        return await getattr(self, f"_{act.what}")(work, act.guest, act.deed)

    # --- the shop

    async def _runs_shop(self, work: Work, deed: Deed) -> Any:
        mia = await self.stage.mia(work)
        if deed.what == "version":
            document = read_toml(PAPERS[deed.key][1], name="shop.toml")
            return await book.add_survey(work, document, by=mia)
        if deed.what != "wave":
            return await book.switch_survey(work, deed.key, SurveyState(deed.what), by=mia)
        made = await send_wave(
            work,
            deed.key,
            segment='language = "zh_TW"',
            at=(EPOCH + timedelta(hours=9, minutes=15)).time(),
            on=date_of(deed.at),
            late_after=None,
            by=mia,
        )
        if isinstance(made, Wave):
            self._hands.setdefault(deed.at, len(self._hands) + 1)
            self.names[made.occasion] = f"hand{self._hands[deed.at]}"
        return made

    # --- guests

    async def _joins(self, work: Work, guest: Guest) -> None:
        at = work.now
        await work.tx.execute(
            insert(customers).values(
                id=guest.id,
                name=f"Guest {guest.id}",
                language=guest.language,
                zone=guest.zone,
                birth_month=guest.birthday[0] if guest.birthday else None,
                birth_day=guest.birthday[1] if guest.birthday else None,
                code=f"G{guest.id:05}",
                created_at=at,
            )
        )
        await work.tx.execute(
            insert(contact_points).values(
                id=guest.id,
                customer_id=guest.id,
                bot_id=BOT,
                chat_id=CHATS + guest.id,
                reach=Reach.REACHABLE.value,
                reach_since_at=at,
            )
        )
        wishes: list[tuple[ConsentClass, bool, int | None]] = [(ConsentClass.CARE, guest.care, None)]
        if guest.surveys is not None:
            wishes.append((ConsentClass.SURVEYS, guest.surveys, guest.snoozed_until))
        for kind, given, until in wishes:
            await work.tx.execute(
                insert(consents).values(
                    customer_id=guest.id,
                    kind=kind.value,
                    given=given,
                    until_at=instant_of(until) if until is not None else None,
                    notice_version=1,
                    changed_at=at,
                )
            )

    async def _person(self, work: Work, guest: int) -> Person:
        person = await person_of_contact(work, guest)
        assert person is not None
        return person

    async def _buys(self, work: Work, guest: int, deed: Deed) -> Any:
        done = await record_purchase(
            work,
            guest,
            source_key=deed.key,
            bought_at=instant_of(deed.at),
            amount_minor=12_300,
            currency="CNY",
            by=SYSTEM,
        )
        if isinstance(done, Recorded):
            self._purchases[deed.key] = done.purchase.id
            self.names[f"p:{done.purchase.id}"] = deed.key
        return done

    async def _refund(self, work: Work, guest: int, deed: Deed) -> Any:
        purchase_id = self._purchases[deed.key]
        return await record_refund(work, purchase_id=purchase_id, source_key=f"r{deed.key}", by=SYSTEM)

    async def _opens(self, work: Work, guest: int, deed: Deed, kind: CaseKind) -> Any:
        case = await open_case(work, await self._person(work, guest), kind=kind, interaction_ids=[])
        self._learns_case(deed.key, case.id)
        return case

    def _learns_case(self, key: str, case_id: int) -> None:
        self._cases[key] = case_id
        self.names[f"case:{case_id}"] = key

    async def _complains(self, work: Work, guest: int, deed: Deed) -> Any:
        return await self._opens(work, guest, deed, CaseKind.COMPLAINT)

    async def _asks(self, work: Work, guest: int, deed: Deed) -> Any:
        return await self._opens(work, guest, deed, CaseKind.QUESTION)

    async def _solved(self, work: Work, guest: int, deed: Deed) -> Any:
        case_id = await self._case_id(work, guest, deed.key)
        ben = (await load_staff(work.tx, bot_id=BOT)).members[BEN]
        return await resolve_case(work, case_id=case_id, by=ben)

    async def _case_id(self, work: Work, guest: int, key: str) -> int:
        """Return the case the count calls so; one of a low answer is found by its response."""
        if key not in self._cases:
            _, survey, occasion = key.split("/", 2)
            response_id = await self._response_id(work, survey, occasion, guest)
            opened = await work.tx.execute(
                select(survey_responses.c.opened_case_id).where(survey_responses.c.id == response_id)
            )
            self._learns_case(key, int(opened.scalar_one() or 0))
        return self._cases[key]

    async def _reopens(self, work: Work, guest: int, deed: Deed) -> Any:
        case = await get_case(work.tx, self._cases[deed.key])
        assert case is not None
        return await reopen_by_customer(work, await self._person(work, guest), case=case)

    async def _notice(self, work: Work, guest: int, deed: Deed) -> None:
        delivery_id = await delivery_rows.insert_queued(
            work.tx,
            campaign="points",
            occasion=f"n{deed.key}",
            customer_id=guest,
            consent=ConsentClass.POINTS.value,
            on=work.now.date(),
            zone="UTC",
            late_after_at=work.now + _LATE,
            now=work.now,
        )
        delivery_rows.set_delivery_state(work.tx, delivery_id, state="sent", now=work.now)

    async def _stars(self, work: Work, guest: int, deed: Deed) -> None:
        await insert_feedback(work.tx, customer_id=guest, kind="rating", stars=1, now=work.now)

    async def _banned(self, work: Work, guest: int, deed: Deed) -> None:
        change_contact(work.tx, guest, banned_until_at=instant_of(deed.at))

    async def _returns(self, work: Work, guest: int, deed: Deed) -> None:
        person = await self._person(work, guest)
        await set_reach(work, person, Reach.REACHABLE, by=person.actor)

    async def _consent(self, work: Work, guest: int, deed: Deed) -> None:
        until = instant_of(deed.at) if deed.at and not deed.given else None
        await set_consent(work, await self._person(work, guest), ConsentClass.SURVEYS, given=deed.given, until_at=until)

    # --- answers

    async def _response_id(self, work: Work, survey: str, occasion: str, guest: int) -> int:
        key = (survey, occasion, guest)
        if key not in self._responses:
            found = await work.tx.execute(
                select(survey_responses.c.id, survey_responses.c.occasion).where(
                    survey_responses.c.survey == survey, survey_responses.c.customer_id == guest
                )
            )
            for response_id, of in found.all():
                name = await self.name_of(work, of_all(of, guest))
                self._responses[survey, name, guest] = response_id
        return self._responses.get(key, 0)

    async def _reacts(self, work: Work, act: Act) -> Any:
        assert act.reply is not None
        response_id = await self._response_id(work, act.reply.paper.key, act.reply.occasion, act.guest)
        if not response_id:
            return Refusal("nobody asked this")
        return await react(work, await self._person(work, act.guest), act, response_id)


def of_all(occasion: str, guest: int) -> str:
    """Return the occasion of a response as its delivery has it: what many are asked of ends in each one's number.

    A case or a purchase is one person's; its own number may be theirs by chance.
    """
    return occasion if occasion.startswith(("case:", "p:")) else occasion.removesuffix(f":{guest}")


def _chunks(acts: Sequence[Act]) -> list[list[Act]]:
    """Return the acts in their order, some together; two taps at once stand alone."""
    chunks: list[list[Act]] = []
    for act in acts:
        if act.what == "double" or not chunks or len(chunks[-1]) >= _TOGETHER or chunks[-1][0].what == "double":
            chunks.append([])
        chunks[-1].append(act)
    return chunks
