"""Which survey is asked about a case once it is solved."""

from domain.cases import Case
from domain.surveys.definition import AfterCase
from services.surveys.book import Kept, survey_after_case
from services.work import Work
from storage.survey_loop import came_of_low_answer


async def survey_for_case(work: Work, case: Case) -> Kept | None:
    """Return the survey that is asked about a case; ``None`` when there is none, or only some may know of the case.

    A case that came of a low answer is asked about by the survey of recovery, when that is on.
    """
    if case.confidential:
        return None
    if await came_of_low_answer(work.tx, case.id):
        recovery = await survey_after_case(work, AfterCase.RECOVERY)
        if recovery is not None:
            return recovery
    return await survey_after_case(work, AfterCase.ANY)
