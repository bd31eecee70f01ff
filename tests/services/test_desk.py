"""The staff side as a view: shown late, lost and rebuilt, never longer than Telegram takes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.cases import CaseKind
from domain.interactions import Content, Kind, MediaRef
from domain.outgoing import TargetKind
from domain.people import Actor, ActorKind
from domain.signing import CAPTION_LIMIT, TEXT_LIMIT, signed, utf16_length
from services.cases import open_case
from services.customers import meet
from services.desk import pass_on
from services.speech import record_heard
from services.views import adopt_cases, opening_of
from services.work import Work
from storage.cases import get_case, lose_topic
from storage.database import Database
from storage.interactions import Origin
from tests.handlers.staff.desk import ANN, BEN, CaseView, Desk, SlowTown


async def rebuilt(case: CaseView) -> list[str]:
    """Lose the topic of a case; returns what the new one begins with, the card first."""
    await case.desk.town.deliver()
    async with case.desk.town.work() as work:
        await lose_topic(work.tx, case_id=case.id)
        found = await get_case(work.tx, case.id)
        assert found is not None
        assert found.staff_group_id is not None
        opening = await opening_of(work, case_id=case.id, group_id=found.staff_group_id)
    assert opening is not None
    return [body["content"]["text"] for body in opening.messages]


async def test_a_lost_topic_is_rebuilt_with_its_history(desk: Desk) -> None:
    """The card first, then that it was rebuilt, then who said what; notes stay marked as notes."""
    case = await desk.case_of(words="The zip is torn")
    await case.writes(BEN, "We mend it today")
    await case.writes(BEN, "//third time")
    card, history = await rebuilt(case)
    assert "The zip is torn" in card
    lines = history.splitlines()
    assert "rebuilt" in lines[0]
    for line, words in zip(lines[1:], ("👤 The zip is torn", "💬 We mend it today", "📝 third time"), strict=True):
        assert line.endswith(words)


async def hears(work: Work, case: CaseView, content: Content, *, nth: int) -> None:
    """Record words of the case's customer."""
    found = await get_case(work.tx, case.id)
    assert found is not None
    await record_heard(
        work,
        author=Actor(ActorKind.CUSTOMER, found.customer_id),
        content=content,
        origin=Origin(ANN, 5000 + nth),
        customer_id=found.customer_id,
        case_id=case.id,
    )


async def test_what_is_on_its_way_is_no_history(desk: Desk) -> None:
    """A case whose words still wait begins with its card alone: each word is read once, in its place."""
    case = await desk.case_of(words="The zip is torn")
    await case.desk.town.deliver()
    async with desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        assert found.staff_group_id is not None
        late = await record_heard(
            work,
            author=Actor(ActorKind.CUSTOMER, found.customer_id),
            content=Content(Kind.TEXT, "And the button"),
            origin=Origin(ANN, 5001),
            customer_id=found.customer_id,
            case_id=case.id,
        )
        await pass_on(work, found, interaction_id=late, content=Content(Kind.TEXT, "And the button"))
        opening = await opening_of(work, case_id=case.id, group_id=found.staff_group_id)
    assert opening is not None
    assert "The zip is torn" in opening.messages[1]["content"]["text"]
    assert "And the button" not in opening.messages[1]["content"]["text"]


async def test_a_long_history_takes_two_messages_and_none_is_too_long(desk: Desk) -> None:
    """Of thirty long messages full of signs that must be escaped the latest are shown, none longer than allowed."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        for nth in range(30):
            await hears(work, case, Content(Kind.TEXT, f"{nth} " + "<&>😀" * 60), nth=nth)
    said = await rebuilt(case)
    assert len(said) == 3
    assert all(utf16_length(text) <= TEXT_LIMIT for text in said)
    assert "👤 29 " in said[-1]


async def test_pictures_are_shown_again_in_a_rebuilt_topic(desk: Desk) -> None:
    """Ann's evidence is not lost with the topic."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        await hears(work, case, Content(Kind.PHOTO, "see", media=MediaRef("P1", "u1", 9)), nth=1)
    await rebuilt(case)
    assert [one.body["content"]["kind"] for one in await desk.town.deliver()] == ["photo"]


async def test_cases_opened_without_a_group_are_shown_once_there_is_one(database: Database) -> None:
    """Customers were served before the staff group was set up; nothing is forgotten, nothing shown twice."""
    town = SlowTown(database)
    desk = Desk(town)
    await open_without_group(desk)
    async with town.work() as work:
        assert await adopt_cases(work, limit=10) == 0
    await desk.opens()
    async with town.work() as work:
        assert await adopt_cases(work, limit=10) == 1
        assert await adopt_cases(work, limit=10) == 0
    said = await town.deliver()
    assert [one.target[0] for one in said] == [TargetKind.CARD, TargetKind.CASE]
    assert said[1].text == "The zip is torn"


async def open_without_group(desk: Desk) -> None:
    """Let Ann complain while there is no staff group."""
    async with desk.town.work() as work:
        ann = await meet(work, chat_id=ANN, name="Ann", username=None, language_code="en")
        said = await record_heard(
            work,
            author=ann.actor,
            content=Content(Kind.TEXT, "The zip is torn"),
            origin=Origin(ANN, 1),
            customer_id=ann.customer.id,
        )
        await open_case(work, ann, kind=CaseKind.COMPLAINT, interaction_ids=[said])
    await desk.town.deliver()


async def test_the_card_escapes_what_people_wrote(desk: Desk) -> None:
    """A name or summary full of markup is read as it is."""
    case = await desk.case_of(name="<i>Ann</i>", words="</b>&lt;{number}")
    card = (await rebuilt(case))[0]
    assert "&lt;i&gt;Ann&lt;/i&gt;" in card
    assert "&lt;/b&gt;&amp;lt;{number}" in card


async def test_a_huge_summary_is_shortened_on_the_card(desk: Desk) -> None:
    """4,096 letters of complaint leave the card readable; the words themselves stand below it."""
    case = await desk.case_of(words="😀" * 2048)
    card = (await rebuilt(case))[0]
    assert utf16_length(card) < TEXT_LIMIT
    assert "…" in card


names = st.text(min_size=1, max_size=64)


@given(names, st.text(min_size=1, max_size=4096), st.booleans())
def test_a_signed_message_is_never_too_long(name: str, words: str, is_caption: bool) -> None:
    """Where the name has no room it is left out; the words are always whole."""
    media = MediaRef("P", "p") if is_caption else None
    content = Content(Kind.PHOTO if is_caption else Kind.TEXT, words, media=media)
    shown = signed(content, name)
    assert shown.text.endswith(words)
    limit = CAPTION_LIMIT if is_caption else TEXT_LIMIT
    assert utf16_length(shown.text) <= max(limit, utf16_length(words))


@given(names, st.text(min_size=1, max_size=50), st.data())
def test_formatting_stands_on_the_same_letters_below_the_name(name: str, words: str, data: st.DataObject) -> None:
    """Offsets are counted in UTF-16, also after a name made of emoji."""
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    entity = {"type": "italic", "offset": utf16_length(words[:start]), "length": utf16_length(words[start:end])}
    shown = signed(Content(Kind.TEXT, words, (entity,)), name)
    units = shown.text.encode("utf-16-le", "surrogatepass")
    moved = shown.entities[-1]
    marked = units[2 * moved["offset"] : 2 * (moved["offset"] + moved["length"])]
    assert marked.decode("utf-16-le", "surrogatepass") == words[start:end]


def test_what_has_no_words_is_not_signed() -> None:
    """A sticker or a voice message carries no name."""
    content = Content(Kind.STICKER, media=MediaRef("S", "s"))
    assert signed(content, "Ben") == replace(content)
