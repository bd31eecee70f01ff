"""The task that comes with a campaign's message, or instead of one: somebody rings, or drops by."""

from domain.languages import DEFAULT_LANGUAGE
from domain.surveys import in_language
from domain.workdays import WorkCalendar
from services import cards
from services.campaigns.book import Kept
from services.campaigns.gifts import AUTHOR, source_key
from services.tasks import add_task
from services.work import Person, Work
from storage import staff as staff_rows
from storage.deliveries import Delivery

KIND = "visit"
"""A task of this kind is not done before somebody has said what came of it."""
_NAME = "{{ name }}"


async def make_task(work: Work, kept: Kept, *, delivery: Delivery, person: Person) -> None:
    """Make the task of a campaign for one person, once; its owner is who looks after them, or whoever takes it."""
    plan = kept.campaign.task
    if plan is None:
        return
    group = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    language = cards.desk_language(work, group) if group is not None else DEFAULT_LANGUAGE
    title = in_language(plan.title, language).replace(_NAME, person.customer.called)
    calendar = WorkCalendar(work.rules.desk.hours, work.rules.zone)
    await add_task(
        work,
        kind=KIND,
        owner_id=person.customer.owner_id,
        due_at=calendar.add(work.now, plan.within),
        text=title.strip(),
        by=AUTHOR,
        customer_id=person.customer.id,
        key=source_key(delivery),
        why={"campaign": kept.key, "occasion": delivery.occasion},
    )
