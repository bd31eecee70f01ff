"""The customer's answer to “is all still well?”, some time after a case was solved."""

from domain.dialogues import DialogueName
from domain.outcomes import Refusal
from handlers.context import CareContext
from services.check_back import answer_check
from services.dialogues import PATIENCE, begin
from services.drafts import settle


async def on_check_back(context: CareContext) -> None:
    """Take the answer; what is written next about a no goes into the case."""
    tap = context.tapped
    answer = tap.word(1)
    if answer not in ("yes", "no"):
        context.answer("tap.stale")
        return
    done = await answer_check(
        context.work, context.customer, task_id=tap.number(), holds=answer == "yes", replacing=tap.message_id
    )
    if isinstance(done, Refusal):
        await context.refuse(done)
    elif answer == "no" and done.case_id is not None:
        await settle(context.work, context.customer)
        begin(context.work, context.customer, DialogueName.ADD_WORDS, "add", key=done.case_id, waits=PATIENCE)
