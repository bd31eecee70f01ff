"""Surveys in the hands of staff: what they say in words and in a picture, switched, and sent to many."""

from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows, Target, to_member, to_staff_group
from domain.people import Permission
from domain.segments import SegmentError
from domain.surveys import SurveyState
from handlers.staff.verbs import Ask, Done, Verb
from services import segments
from services.case_door import actor_of
from services.surveys import book, staff_view, waves
from services.surveys.book import Kept
from services.surveys.question_words import words_in
from texts.catalogue import safe

_UNKNOWN = Refusal("survey_staff.refused.unknown")
_EVERYBODY = "0"
_GO = "go"
_MOST_SEGMENTS = 12
_CASES_A_ROW = 4
_MOST_JUDGED = 500
"""So many people a preview in the chat looks at one by one; the rest is scaled up."""


async def on_surveys(ask: Ask) -> Done | Refusal:
    """List the surveys with their figures; each can be looked at."""
    listed = await staff_view.list_lines(ask.work, by=ask.member, language=ask.language)
    if isinstance(listed, Refusal):
        return listed
    if not listed:
        return Done("survey_staff.none", shown=True, deed=False)
    rows = tuple((Button(_title(ask, kept), data=f"k:survey:0:{kept.id}"),) for kept, _ in listed)
    lines = safe("\n\n".join(line for _, line in listed))
    return Done("survey_staff.list", {"lines": lines}, buttons=rows, shown=True, deed=False)


def _title(ask: Ask, kept: Kept) -> str:
    return words_in(ask.work, kept.survey.title, ask.language)


async def on_survey(ask: Ask) -> Done | Refusal:
    """Say what one survey's answers come to; its picture follows."""
    kept = await staff_view.find_by_id(ask.work, ask.number())
    if kept is None:
        return _UNKNOWN
    said = await staff_view.results_in_words(ask.work, kept, by=ask.member, language=ask.language)
    if isinstance(said, Refusal):
        return said
    found, html = said
    await staff_view.order_picture(ask.work, kept, found, by=ask.member, target=_here(ask), language=ask.language)
    values: dict[str, object] = {"results": safe(html)}
    return Done("survey_staff.results", values, buttons=_ways(ask, kept), shown=True, deed=False)


def _here(ask: Ask) -> Target:
    group = ask.context.group
    return to_staff_group(group.id) if group is not None else to_member(ask.member.id)


def _ways(ask: Ask, kept: Kept) -> Rows:
    def way(name: str, verb: str, *more: str) -> Button:
        data = ":".join([f"k:{verb}:0:{kept.id}", *more])
        return Button(ask.context.label(f"survey_staff.button.{name}"), data=data)

    rows: list[tuple[Button, ...]] = [(way("words", "surveywords"),)]
    if not ask.member.may(Permission.RUN_CAMPAIGNS):
        return tuple(rows)
    if kept.state is SurveyState.ON:
        rows += [(way("send", "surveysend"),), (way("off", "surveyset", "off"), way("closed", "surveyset", "closed"))]
    else:
        rows.append((way("on", "surveyset", "on"),))
    return tuple(rows)


async def on_words(ask: Ask) -> Done | Refusal:
    """Say what people wrote last in answer to a survey; each case beside it can be opened."""
    kept = await staff_view.find_by_id(ask.work, ask.number())
    if kept is None:
        return _UNKNOWN
    written = await staff_view.newest_words(ask.work, kept, by=ask.member, language=ask.language)
    if isinstance(written, Refusal):
        return written
    html, cases = written
    ways = [Button(number, data=f"k:work:{case_id}") for case_id, number in cases.items()]
    rows = tuple(tuple(ways[at : at + _CASES_A_ROW]) for at in range(0, len(ways), _CASES_A_ROW))
    return Done("survey_staff.results", {"results": safe(html)}, buttons=rows, shown=True, deed=False)


async def on_set(ask: Ask) -> Done | Refusal:
    """Switch a survey on or off, or close it."""
    if (refusal := why_not(Deed.RUN_SURVEYS, ask.member)) is not None:
        return refusal
    kept = await staff_view.find_by_id(ask.work, ask.number())
    state = ask.argument(1)
    if kept is None or state not in list(SurveyState):
        return _UNKNOWN
    done = await book.switch_survey(ask.work, kept.key, SurveyState(state), by=actor_of(ask.member))
    if isinstance(done, Refusal):
        return done
    values: dict[str, object] = {"title": _title(ask, done), "state": ask.context.label(f"survey_staff.state.{state}")}
    return Done("survey_staff.switched", values, shown=True)


async def on_send(ask: Ask) -> Done | Refusal:
    """Send a survey: choose whom, see how many may be asked, and say yes."""
    if (refusal := why_not(Deed.RUN_SURVEYS, ask.member)) is not None:
        return refusal
    kept = await staff_view.find_by_id(ask.work, ask.number())
    if kept is None:
        return _UNKNOWN
    if not ask.argument(1):
        return await _ask_whom(ask, kept)
    saved = await _segment(ask, ask.number(1))
    if isinstance(saved, Refusal):
        return saved
    try:
        return await (_send(ask, kept, saved) if ask.argument(2) == _GO else _preview(ask, kept, saved))
    except SegmentError as error:
        return Refusal(
            "survey_staff.refused.segment", {"problem": segments.explain_error(ask.work, error, ask.language)}
        )


async def _ask_whom(ask: Ask, kept: Kept) -> Done:
    everybody = Button(
        ask.context.label("survey_staff.button.everybody"), data=f"k:surveysend:0:{kept.id}:{_EVERYBODY}"
    )
    saved = (await segments.list_all(ask.work))[:_MOST_SEGMENTS]
    rows = [(Button(one.name, data=f"k:surveysend:0:{kept.id}:{one.id}"),) for one in saved]
    values: dict[str, object] = {"title": _title(ask, kept)}
    return Done("survey_staff.whom", values, buttons=((everybody,), *rows), shown=True, deed=False)


async def _segment(ask: Ask, segment_id: int) -> str | Refusal | None:
    """Return the expression of a chosen segment, ``None`` for everybody."""
    if str(segment_id) == _EVERYBODY:
        return None
    found = next((one for one in await segments.list_all(ask.work) if one.id == segment_id), None)
    return found.expression if found else Refusal("tap.stale")


async def _preview(ask: Ask, kept: Kept, segment: str | None) -> Done | Refusal:
    found = await waves.preview_wave(ask.work, kept.key, segment=segment, by=actor_of(ask.member), most=_MOST_JUDGED)
    if isinstance(found, Refusal):
        return found
    held = "".join(
        ask.context.text("survey_staff.held", count=count, why=ask.context.label(waves.why_key(why)))
        for why, count in found.held.items()
    )
    go = Button(ask.context.label("survey_staff.button.go"), data=f"k:surveysend:0:{kept.id}:{ask.argument(1)}:{_GO}")
    values: dict[str, object] = {
        "title": _title(ask, kept),
        "meant": found.meant,
        "askable": found.askable,
        "held": safe(held),
    }
    return Done("survey_staff.preview", values, buttons=((go,),), shown=True, deed=False)


async def _send(ask: Ask, kept: Kept, segment: str | None) -> Done | Refusal:
    sent = await waves.send_wave(
        ask.work, kept.key, segment=segment, at=None, on=None, late_after=None, by=actor_of(ask.member)
    )
    if isinstance(sent, Refusal):
        return sent
    return Done("survey_staff.sent", {"title": _title(ask, kept), "wave": sent.id}, shown=True)


VERBS = (
    Verb("surveys", on_surveys, needs_case=False, menu=False),
    Verb("survey", on_survey, needs_case=False, menu=False, command=False),
    Verb("surveywords", on_words, needs_case=False, menu=False, command=False),
    Verb("surveyset", on_set, needs_case=False, menu=False, command=False),
    Verb("surveysend", on_send, needs_case=False, menu=False, command=False),
)
