"""Quick words become one message while they wait, and keep their order among everything else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.cases import Case
from domain.interactions import Content, Kind, MediaRef
from domain.outgoing import Outgoing, Purpose, to_case
from domain.people import Actor, ActorKind
from domain.signing import TEXT_LIMIT, utf16_length
from services.desk import notice_case, pass_on
from services.joining import joined
from services.speech import record_heard
from services.work import Work
from storage.cases import get_case
from storage.interactions import Origin
from tests.handlers.staff.desk import ANN, CaseView, Desk


async def says(work: Work, case: Case, content: Content, nth: int) -> int:
    """Let the case's customer say something and pass it on; returns the interaction."""
    said = await record_heard(
        work,
        author=Actor(ActorKind.CUSTOMER, case.customer_id),
        content=content,
        origin=Origin(ANN, 7000 + nth),
        customer_id=case.customer_id,
        case_id=case.id,
    )
    await pass_on(work, case, interaction_id=said, content=content)
    return said


async def _case(work: Work, view: CaseView) -> Case:
    found = await get_case(work.tx, view.id)
    assert found is not None
    return found


def words(text: str) -> Content:
    """Return plain words."""
    return Content(Kind.TEXT, text)


async def test_waiting_words_join_until_something_else_comes_between(desk: Desk) -> None:
    """A file and a notice keep their places; what comes behind them is a message of its own."""
    view = await desk.case_of(words="The zip is torn")
    await desk.town.deliver()
    async with desk.town.work() as work:
        case = await _case(work, view)
        ids = [await says(work, case, words(text), nth) for nth, text in enumerate(("one", "two"))]
        await says(work, case, Content(Kind.PHOTO, "see", media=MediaRef("P1", "u1", 9)), 2)
        await says(work, case, words("three"), 3)
        await notice_case(work, case, "desk.reopened", name="Ann")
        await says(work, case, words("four"), 4)
    said = [one for one in await desk.town.deliver() if one.body["content"]["kind"] in ("text", "photo")]
    shown = [one.body["content"].get("text", "") for one in said]
    assert shown[:3] == ["one\ntwo", "see", "three"]
    assert shown[-1] == "four"
    assert [item["interaction_id"] for item in said[0].body["extra"]["items"]] == ids


async def test_what_was_sent_is_not_added_to(desk: Desk) -> None:
    """With an idle desk every message goes by itself, at once."""
    view = await desk.case_of(words="The zip is torn")
    await desk.town.deliver()
    shown = []
    for nth, text in enumerate(("one", "two")):
        async with desk.town.work() as work:
            await says(work, await _case(work, view), words(text), nth)
        shown += [one.body["content"]["text"] for one in await desk.town.deliver()]
    assert shown == ["one", "two"]


_TEXTS = st.text(st.sampled_from("a😀中\n"), min_size=1, max_size=TEXT_LIMIT)


@given(_TEXTS, _TEXTS)
def test_entities_move_with_their_words_and_nothing_grows_too_long(first: str, more: str) -> None:
    """A bold word stays bold where it went, counted as Telegram counts; what does not fit is not joined."""
    bold = {"type": "bold", "offset": 0, "length": utf16_length(more)}
    body: dict[str, Any] = {"content": {"kind": "text", "text": first}, "extra": {"items": [{"interaction_id": 1}]}}
    message = Outgoing(
        Purpose.CUSTOMER_WORDS, to_case(1, 1), Content(Kind.TEXT, more, (bold,)), interaction_id=2, case_id=1
    )
    found = joined(body, message)
    fits = utf16_length(first) + 1 + utf16_length(more) <= TEXT_LIMIT
    assert (found is not None) == fits
    if found is None:
        return
    text, (entity,) = found["content"]["text"], found["content"]["entities"]
    units = text.encode("utf-16-le")
    assert units[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le") == more
    assert [item["interaction_id"] for item in found["extra"]["items"]] == [1, 2]
